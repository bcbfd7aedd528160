//! The operator's wire at the seller: what whoever keeps the shop asks of it and has it do. How to add a
//! request stands at the head of `shared/src/operator.rs`.

mod acts;
mod find;
mod lists;
mod live;
mod promote;
mod records;
mod service;
mod trail;
mod views;

pub use lists::Recording;
pub use service::Service;
pub use views::kind;

/// The seller as its operators reach it.
pub use kessai_shared::operator::seller::DAEMON as SELLER;
