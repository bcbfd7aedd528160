//! What a capture holds, drawn: frames from a tap become messages, messages become counts and pictures.

pub mod frame;

pub use frame::{Frame, Mark};
