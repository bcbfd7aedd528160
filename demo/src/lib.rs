//! One machine, all rooms: a whole shop, started and stopped together.

pub mod bench;
pub mod cast;
pub mod chart;
pub mod cli;
pub mod figures;
pub mod house;
pub mod lan;
pub mod ports;
pub mod probe;
pub mod role;
pub mod sample;
pub mod script;
pub mod search;
pub mod stranger;
pub mod voice;
