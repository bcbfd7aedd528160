//! The operator's wire at the seller: what whoever keeps the shop asks of it and has it do. How to add a
//! request stands at the head of `shared/src/operator.rs`.

mod acts;
mod service;
mod views;

pub use service::Service;

use kessai_shared::operator::client::Daemon;
use kessai_shared::operator::seller::ALPN;

/// The seller as its operators reach it.
pub const SELLER: Daemon =
    Daemon { word: "seller", program: "kessai-server", folder: crate::settings::FOLDER, alpn: ALPN };
