//! The classic format: one header, one interface, one record a frame.

use super::{ETHERNET, Flaw, NANOS, Place, flaw, has_room, moment, must_be_ethernet, must_be_whole};
use crate::chart::frame::Frame;

/// The first four bytes, which also tell the order of all others, where times are in microseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
/// As [`MICROSECONDS`], where they are in nanoseconds.
pub(super) const NANOSECONDS: u32 = 0xa1b2_3c4d;

pub(super) fn read(bytes: &[u8], wire: &str) -> Result<Vec<Frame>, Flaw> {
    let mut place = Place { bytes, at: 0, big: false };
    let magic = place.four()?;
    let (big, parts) = match (magic, magic.swap_bytes()) {
        (MICROSECONDS, _) => (false, 1_000_000),
        (NANOSECONDS, _) => (false, NANOS),
        (_, MICROSECONDS) => (true, 1_000_000),
        (_, NANOSECONDS) => (true, NANOS),
        _ => return Err(flaw(0, "no capture: it is neither pcap nor pcapng")),
    };
    place.big = big;
    let (major, minor) = (place.two()?, place.two()?);
    if major != 2 {
        return Err(flaw(4, format!("version {major}.{minor}; only 2.4 is known")));
    }
    place.take(12)?;
    // The upper half says how frames end, which nothing here depends on.
    let kind = place.four()?;
    must_be_ethernet(u16::try_from(kind & 0xffff).unwrap_or(ETHERNET), 20)?;
    let mut frames = Vec::new();
    while !place.is_at_end() {
        has_room(&frames, place.at)?;
        let at = place.at;
        let (seconds, part) = (u64::from(place.four()?), u64::from(place.four()?));
        let (at_length, kept, whole) = (place.at, place.four()?, place.four()?);
        must_be_whole(kept, whole, at_length)?;
        if part >= parts {
            return Err(flaw(at + 4, format!("a second has {parts} parts, and this is part {part}")));
        }
        let bytes = place.frame(kept)?.to_vec();
        frames.push(Frame {
            at: moment(seconds * parts + part, parts),
            wire: wire.to_owned(),
            bytes,
            ..Frame::default()
        });
    }
    Ok(frames)
}
