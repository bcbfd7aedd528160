//! First ids: what a client calls a connection by before the server has named it. Here it is a knock:
//! the time, a nonce, and a keyed MAC over both.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::Moment;

/// Length of a first id, in bytes: the most that QUIC allows (RFC 9000, 17.2).
pub(super) const FIRST_ID_BYTES: usize = 20;
/// The time in milliseconds since the epoch goes first, then the nonce, then the MAC.
const TIME_BYTES: usize = 6;
pub(super) const NONCE_BYTES: usize = 6;
const MARKED_BYTES: usize = TIME_BYTES + NONCE_BYTES;
/// One guess in 2^64 passes, and a guess costs a datagram of 1,200 bytes.
const MAC_BYTES: usize = FIRST_ID_BYTES - MARKED_BYTES;

/// Separates this MAC from any other under the same key.
const LABEL: &[u8] = b"kessai knock 1";

/// How far the time of a knock may be from the clock of who hears it, in milliseconds. Knocks are
/// remembered for as long as one may be sent again, so this bounds the memory, too.
pub(super) const WINDOW_MS: u64 = 30_000;

pub(super) type FirstId = [u8; FIRST_ID_BYTES];

/// What is wrong with the time of a knock whose MAC is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untimely {
    /// It is so many milliseconds off the clock, more than [`WINDOW_MS`].
    Clock(u64),
    /// It is older than this process, which cannot know whether a former one has heard it.
    Old,
}

/// A knock at this time, in milliseconds since the epoch.
pub(super) fn mint(key: &hmac::Key, wall_ms: u64, nonce: [u8; NONCE_BYTES]) -> FirstId {
    let mut id = [0; FIRST_ID_BYTES];
    let [_, _, time @ ..] = wall_ms.to_be_bytes();
    id[..TIME_BYTES].copy_from_slice(&time);
    id[TIME_BYTES..MARKED_BYTES].copy_from_slice(&nonce);
    let mac = mac(key, &id);
    id[MARKED_BYTES..].copy_from_slice(&mac);
    id
}

/// Whether a first id was made with this key.
pub(super) fn is_of(key: &hmac::Key, id: &FirstId) -> bool {
    verify_slices_are_equal(&mac(key, id), &id[MARKED_BYTES..]).is_ok()
}

/// Whether the time of a first id is one that may be heard now.
pub(super) fn is_timely(id: &FirstId, at: Moment) -> Result<(), Untimely> {
    let mut time = [0; 8];
    time[8 - TIME_BYTES..].copy_from_slice(&id[..TIME_BYTES]);
    let time = u64::from_be_bytes(time);
    let off = time.abs_diff(at.wall_ms);
    if off > WINDOW_MS {
        return Err(Untimely::Clock(off));
    }
    // The beginning by today's clock, so that a clock that was set since moves both alike.
    if time < at.wall_ms.saturating_sub(at.since_ms) { Err(Untimely::Old) } else { Ok(()) }
}

fn mac(key: &hmac::Key, id: &FirstId) -> [u8; MAC_BYTES] {
    let mut context = hmac::Context::with_key(key);
    context.update(LABEL);
    context.update(&id[..MARKED_BYTES]);
    let mut mac = [0; MAC_BYTES];
    mac.copy_from_slice(&context.sign().as_ref()[..MAC_BYTES]);
    mac
}
