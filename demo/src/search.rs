//! The search for card numbers, in every form in which one may lie in memory, on a disk or on a wire.

pub mod encodings;
pub mod scanner;
