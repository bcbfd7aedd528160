//! What a capture holds, drawn: frames from a tap become messages, messages become counts and pictures.

pub mod command;
pub mod comparison;
pub mod count;
pub mod cursor;
pub mod draw;
pub mod frame;
pub mod message;
pub mod network;
pub mod packet;
pub mod parties;
pub mod pcap;
pub mod quic;
pub mod sequence;

pub use frame::{Frame, Mark};
