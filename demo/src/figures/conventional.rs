//! The two conventional systems that the design set out to beat, put together of the same rooms: the
//! settlement's ledger and vault, the exchange's frames, the same cards. They live here and nowhere else;
//! no product can be configured into one.

pub mod message;
pub mod seller;
pub mod settlement;
pub mod wire;

use std::net::SocketAddr;

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;

/// A new order's id; `None` when the machine has no randomness.
pub(super) fn mint(now: Timestamp) -> Option<OrderId> {
    let mut random = [0; 10];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    Some(OrderId::mint(now, random))
}

/// The one line that says where somebody listens and which key it has.
fn say_ready(address: SocketAddr, pin: &Pin) {
    println!("ready {address} {pin}");
}
