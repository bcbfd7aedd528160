//! The operator wire at the settlement: what whoever keeps it asks of it and has it do, from this machine
//! or another on the closed network. How to add a request stands at the head of `shared/src/operator.rs`.
//!
//! It is another thing than the operator's socket (`settlement/src/operator/`), where accounts are taken
//! in, keys changed and cards issued: those carry key material, which never leaves the machine.

mod accounts;
mod disputes;
mod entries;
mod lists;
mod live;
mod records;
mod sellers;
mod service;
mod shops;
mod trail;
mod views;

pub use lists::Recording;
pub use service::{Hand, Promoted, Promotion, Service, TellNodes};
pub use views::policy_row;

/// The settlement as its operators reach it.
pub use kessai_shared::operator::settlement::DAEMON as SETTLEMENT;
