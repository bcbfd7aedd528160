//! Requests and replies over a connection that lasts.
//!
//! A client opens one stream and writes frames without waiting; the server answers each when it is
//! ready, in any order, and the request id tells which answer is which. A peer that breaks the
//! rules loses its own connection and disturbs no other.

mod client;
mod desk;
mod error;
mod frame;
mod link;
mod outbox;
mod pending;
mod registry;
mod server;
mod session;
mod stream;
mod trunk;

pub use client::{CONNECT_DEADLINE, Client};
pub use error::{CallError, LinkError};
pub use frame::{Decoder, Frame, HEADER_BYTES, MAX_FRAME_BYTES};
pub use link::Link;
pub use registry::{Connected, Roster};
pub use server::{ENDED, Limits, Service, serve};
pub use trunk::{Following, Health, MAX_ADDRESSES, State, Trunk};

/// Why a connection was closed, as the code the other side sees.
pub mod close {
    use quinn::VarInt;

    /// The client needs the connection no more.
    pub const DONE: VarInt = VarInt::from_u32(0);
    /// The peer broke the rules of the exchange.
    pub const FAULT: VarInt = VarInt::from_u32(1);
    /// The key of the peer was taken off the list.
    pub const REVOKED: VarInt = VarInt::from_u32(2);
    /// The peer has as many connections as one key may have.
    pub const TOO_MANY: VarInt = VarInt::from_u32(3);
    /// The peer connected and then asked nothing.
    pub const IDLE: VarInt = VarInt::from_u32(4);
    /// The server is going down.
    pub const SHUTDOWN: VarInt = VarInt::from_u32(5);
}
