//! The four systems of the design side by side, each in networks of its own, with a tap on every wire and a
//! stranger on every network.

pub mod cards;
pub mod conventional;
pub mod memory;
pub mod packet;
pub mod part;
pub mod process;
pub mod shopper;
pub mod system;
pub mod tap;
