//! The wire as a whole: who gets in, what survives, and what does not hurt anyone else.

mod datagrams;
mod exchange;
mod faults;
#[path = "../support/lasting.rs"]
mod lasting;
mod limits;
mod link;
mod open;
mod push;
mod raw;
mod service;
mod silence;
#[path = "../support/sim_net.rs"]
mod sim_net;
mod simulated;
mod tls;
mod trunk;
