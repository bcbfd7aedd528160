//! What a server takes on at once, and what that comes to in memory.

use std::time::Duration;

use super::frame::MAX_FRAME_BYTES;

/// What one connection is taken to cost the server besides the messages on it, in bytes: the states of QUIC
/// and TLS, two tasks, and its rows in the tables. A flood of slow connections and stalled handshakes in the
/// demo's tests has cost less than that for each.
pub const CONNECTION_BYTES: usize = 64 * 1024;

/// A request of so many bytes takes one place among the calls in progress, and a longer one takes one for
/// each, so that the places of a connection also bound what its requests hold.
pub(super) const PLACE_BYTES: usize = 4 * 1024;

/// What of an unfinished frame a connection of an endpoint for strangers may hold without drawing on the
/// endpoint's common room, in bytes.
pub(super) const FRAME_ALLOWANCE: usize = 16 * 1024;

/// What of replies that wait to be written a narrow connection may hold without drawing on the common
/// room, in bytes.
pub(super) const NARROW_REPLIES: usize = 64 * 1024;

/// As [`NARROW_REPLIES`], of a wide connection.
pub(super) const WIDE_REPLIES: usize = 1024 * 1024;

/// Replies that a connection must have taken before it can be wide: one that only asks has no use for it.
pub(super) const READ_BEFORE_WIDE: usize = 64;

/// Handshakes that were given up still have a state for a moment, so that late packets of theirs are
/// recognised; so many of these are borne for each that may be in progress.
const DRAINING_PER_HANDSHAKE: usize = 3;

/// What a server takes on at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections whose handshake is done. With all places taken, the one that has been idle for longest
    /// makes room; if none has for [`Limits::spare_after`], others are refused.
    pub max_connections: usize,
    /// Connections of one key. The newest is closed, so that a live one is never lost to a
    /// second process that was started by mistake.
    pub max_connections_per_peer: usize,
    /// Handshakes in progress. With one more, one of the oldest is given up, of the address that has most: a
    /// good one takes a few round trips, and one that stalls must not keep it out.
    pub max_handshakes: usize,
    /// Calls in progress on one connection. The server stops reading a connection that has more,
    /// and the transport makes its client wait.
    pub max_in_flight_per_connection: u32,
    /// The longest request, in bytes with its id; a longer one is the peer's fault.
    pub max_request_bytes: usize,
    /// How long a handshake may take.
    pub handshake_deadline: Duration,
    /// How long after the handshake the first request must have arrived.
    pub first_frame_deadline: Duration,
    /// How long the rest of a frame may take once it has begun.
    pub frame_deadline: Duration,
    /// How long the peer may read nothing while replies wait for it.
    pub reply_deadline: Duration,
    /// How long a connection must have been idle before it may have to make room for another. A peer that
    /// finds its connection closed connects anew with its next request.
    pub spare_after: Duration,
    /// With so many handshakes in progress, a client must first show that it receives at the
    /// address it claims. `None` never asks for that; `Some(0)` always does.
    pub retry_above: Option<usize>,
    /// What else holds at an endpoint that anybody may reach; `None` where a list says who may connect.
    pub strangers: Option<Strangers>,
}

/// What holds at an endpoint that anybody may reach.
///
/// An address is an IPv4 address or an IPv6 /64, because that is what one host can have all of.
#[derive(Clone, Copy, Debug)]
pub struct Strangers {
    /// Connections of one address, with its handshakes. Others are refused.
    pub connections_per_address: usize,
    /// Handshakes in progress from one address. With one more its oldest is given up.
    pub handshakes_per_address: usize,
    /// New connections a second from one address, in the long run. What comes faster is passed over, and
    /// is let in when its client sends the same packet again a second later.
    pub new_per_second: u32,
    /// New connections at once from an address that has had none for a while.
    pub new_at_once: u32,
    /// New connections a second from all addresses together that no request has come from lately, as far as
    /// none comes after the handshake either. Whoever asks something takes nothing from those behind: a crowd
    /// of shoppers, as after a restart, is held back by the share of a processor alone that their handshakes
    /// may take.
    pub newcomers_per_second: u32,
    /// As many of them as may come at once after a while without any.
    pub newcomers_at_once: u32,
    /// Calls in progress on a connection that is narrow, as every one is in the beginning.
    pub narrow_in_flight: u32,
    /// What a narrow connection may have on its way in either direction, in bytes.
    pub narrow_window_bytes: u32,
    /// Connections that may be wide at once: one that has read its share of replies, and has more calls in
    /// progress than a narrow one may, becomes so if there is room, and is limited as at any other endpoint
    /// from then on.
    pub wide_connections: usize,
    /// What unfinished frames and unread replies may hold together beyond each connection's allowance, in
    /// bytes. A connection for which there is no more room is closed.
    pub common_bytes: usize,
}

impl Limits {
    /// The limits of an endpoint that only keys on a list may use.
    pub const USUAL: Self = Self {
        max_connections: 4_096,
        max_connections_per_peer: 4,
        max_handshakes: 512,
        max_in_flight_per_connection: 256,
        max_request_bytes: MAX_FRAME_BYTES,
        handshake_deadline: Duration::from_secs(5),
        first_frame_deadline: Duration::from_secs(10),
        frame_deadline: Duration::from_secs(15),
        reply_deadline: Duration::from_secs(30),
        spare_after: Duration::from_secs(30),
        retry_above: Some(64),
        strangers: None,
    };

    /// The limits of an endpoint that anybody may reach.
    pub const OPEN: Self = Self {
        max_connections: 2_048,
        // The longest request of a terminal has two thousand lines of at most 55 bytes.
        max_request_bytes: 128 * 1024,
        retry_above: Some(0),
        strangers: Some(Strangers::USUAL),
        ..Self::USUAL
    };

    /// The most connections that QUIC may know, with those that are being forgotten.
    pub(super) fn max_known(&self) -> usize {
        self.max_connections + (1 + DRAINING_PER_HANDSHAKE) * self.max_handshakes
    }

    /// The most memory, in bytes, that peers can make the endpoint hold, whoever they are and whatever they
    /// send: all handshakes and connections with everything they may have on their way, begun, in progress
    /// and waiting. `None` when no such bound is kept, as for peers on a list.
    #[must_use]
    pub fn memory_cap(&self) -> Option<usize> {
        let Strangers { narrow_in_flight, narrow_window_bytes, wide_connections, common_bytes, .. } =
            self.strangers?;
        let states = self.max_known() * CONNECTION_BYTES;
        let narrow = 2 * narrow_window_bytes as usize
            + FRAME_ALLOWANCE
            // A request longer than all places of a narrow connection has them all, and is whole.
            + (narrow_in_flight as usize * PLACE_BYTES).max(self.max_request_bytes)
            + NARROW_REPLIES;
        let wide = 2 * crate::tls::WINDOW_BYTES as usize
            + FRAME_ALLOWANCE
            + self.max_in_flight_per_connection as usize * PLACE_BYTES
            + WIDE_REPLIES;
        Some(
            states
                + self.max_connections * narrow
                + wide_connections * wide
                + common_bytes
                + crate::tls::WAITING_BYTES,
        )
    }
}

impl Strangers {
    /// Numbers for a shop of some size, with many terminals behind one address.
    pub const USUAL: Self = Self {
        connections_per_address: 512,
        handshakes_per_address: 64,
        new_per_second: 64,
        new_at_once: 512,
        newcomers_per_second: 64,
        newcomers_at_once: 256,
        narrow_in_flight: 8,
        narrow_window_bytes: 32 * 1024,
        wide_connections: 64,
        common_bytes: 64 * 1024 * 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_can_make_an_endpoint_hold_is_bounded() {
        let cap = Limits::OPEN.memory_cap().map(|bytes| bytes >> 20);
        assert!(cap.is_some_and(|mebibytes| mebibytes < 1_280), "{cap:?} MiB");
        assert_eq!(Limits::USUAL.memory_cap(), None);
    }
}
