//! Requests and replies over a connection that lasts.
//!
//! A client opens one stream and writes frames without waiting; the server answers each when it is
//! ready, in any order, and the request id tells which answer is which. A peer that breaks the
//! rules loses its own connection and disturbs no other.

mod admission;
mod begun;
mod client;
mod common;
mod counts;
mod desk;
mod error;
mod frame;
mod lane;
mod limits;
mod link;
mod outbox;
mod pending;
mod pulse;
mod push;
mod registry;
mod server;
mod session;
mod stream;
mod trunk;
mod turns;

pub use client::{CONNECT_DEADLINE, Client};
pub use counts::{Came, TurnedAway};
pub use error::{CallError, LinkError};
pub use frame::{Decoder, Frame, HEADER_BYTES, MAX_FRAME_BYTES};
pub use limits::{CONNECTION_BYTES, Limits, Strangers};
pub use link::Link;
pub(crate) use push::listen;
pub use push::{Broadcast, Pushed, TooMany, WATCHERS, WATCHERS_PER_KEY, Watcher};
pub use registry::{Connected, Roster};
pub use server::{ENDED, Service, serve};
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
    /// The peer did not go on with a frame, or did not read its replies, in time.
    pub const SLOW: VarInt = VarInt::from_u32(6);
}
