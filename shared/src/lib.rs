//! What both ends of a wire agree on, and the ground both daemons stand on.

pub mod address;
pub mod alarm;
pub mod aside;
pub mod backup;
pub mod card;
pub mod card_file;
pub mod checkpoint;
pub mod clearing;
pub mod codec;
pub mod columns;
pub mod config;
pub mod console;
pub mod credentials;
pub mod daemon;
pub mod digest;
pub mod exchange;
pub mod folder;
pub mod hardening;
pub mod hex;
pub mod identity;
pub mod ids;
pub mod journal;
pub mod manual;
pub mod measure;
pub mod merkle;
pub mod money;
pub mod net;
pub mod node_file;
pub mod notify;
pub mod operator;
pub mod outcome;
pub mod picture;
pub mod pin;
pub mod pin_set;
pub mod private_file;
pub mod receipt;
pub mod record;
pub mod replica;
pub mod seal;
pub mod sealed_file;
pub mod settlement;
pub mod shelf;
mod short_text;
pub mod store;
pub mod storefront;
pub mod table;
pub mod time;
pub mod tls;
pub mod trace;
pub mod trail;
pub mod writer;

/// The allocator of every program of the house. A purchase is many short-lived pieces that one thread
/// makes and another drops, which the C library's allocator is slow at.
pub use mimalloc::MiMalloc as Allocator;
