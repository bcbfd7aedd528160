//! pcapng: blocks, several interfaces, and comments that say what a frame is.

use super::{Flaw, MOST_FRAME_BYTES, NANOS, Place, flaw, has_room, moment, must_be_ethernet, must_be_whole};
use crate::chart::frame::Frame;

/// Types of blocks.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
pub(super) const PACKET: u32 = 6;

/// What a section's header tells the order of bytes by.
pub(super) const ORDER: u32 = 0x1a2b_3c4d;

/// Options.
pub(super) const COMMENT: u16 = 1;
pub(super) const NAME: u16 = 2;
pub(super) const RESOLUTION: u16 = 9;

/// What our own comments begin with, before who sent a frame, to whom it went and what it says.
pub(super) const FROM: &str = "from ";
pub(super) const TO: &str = "to ";
pub(super) const SAYS: &str = "says ";

/// The most interfaces of a section.
const MOST_INTERFACES: usize = 256;
/// The longest block, in bytes: a frame and its options.
const MOST_BLOCK_BYTES: usize = MOST_FRAME_BYTES + 64 * 1024;
/// The longest name or comment that is kept, in bytes.
const MOST_TEXT_BYTES: usize = 256;

struct Interface {
    name: String,
    /// Parts of a second in the times of its frames.
    parts: u64,
}

pub(super) fn read(bytes: &[u8], wire: &str) -> Result<Vec<Frame>, Flaw> {
    let mut place = Place { bytes, at: 0, big: false };
    let (mut frames, mut interfaces) = (Vec::new(), Vec::new());
    while !place.is_at_end() {
        let begin = place.at;
        let kind = place.four()?;
        if kind == SECTION {
            place.big = order(place)?;
            interfaces.clear();
        }
        let length = usize::try_from(place.four()?).unwrap_or(usize::MAX);
        if length % 4 != 0 || !(12..=MOST_BLOCK_BYTES).contains(&length) {
            return Err(flaw(begin + 4, format!("a block of {length} bytes")));
        }
        let body = Place { bytes: place.take(length - 12)?, at: 0, big: place.big };
        if usize::try_from(place.four()?) != Ok(length) {
            return Err(flaw(place.at - 4, "a block whose two lengths differ"));
        }
        // What is wrong within a block is told by its place in the file.
        let within = |flaw: Flaw| Flaw { at: flaw.at + begin + 8, ..flaw };
        match kind {
            INTERFACE => interfaces.push(interface(body, interfaces.len(), wire).map_err(within)?),
            PACKET => {
                has_room(&frames, begin)?;
                frames.push(packet(body, &interfaces).map_err(within)?);
            }
            SIMPLE_PACKET => {
                let what = "a packet without a time, which no chart can place";
                return Err(flaw(begin, what));
            }
            _ => {}
        }
    }
    Ok(frames)
}

/// Whether a section's numbers begin with their largest part. Its type reads the same either way.
fn order(mut place: Place<'_>) -> Result<bool, Flaw> {
    place.big = false;
    place.four()?;
    match place.four()? {
        ORDER => Ok(false),
        other if other.swap_bytes() == ORDER => Ok(true),
        _ => Err(flaw(place.at - 4, "a section whose order of bytes is neither of the two")),
    }
}

fn interface(mut place: Place<'_>, index: usize, wire: &str) -> Result<Interface, Flaw> {
    if index >= MOST_INTERFACES {
        return Err(flaw(0, format!("more than {MOST_INTERFACES} interfaces")));
    }
    must_be_ethernet(place.two()?, 0)?;
    place.take(6)?;
    let mut own = Interface { name: wire.to_owned(), parts: 1_000_000 };
    options(place, |place, code, value| {
        match (code, value) {
            (NAME, name) => own.name = text(name),
            (RESOLUTION, [power, ..]) => {
                let (base, exponent) = if power & 0x80 == 0 { (10_u64, *power) } else { (2, power & 0x7f) };
                let parts = base.checked_pow(exponent.into()).filter(|parts| *parts <= u64::MAX / NANOS);
                own.parts = parts.ok_or_else(|| flaw(place, "parts of a second that are too small"))?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(own)
}

fn packet(mut place: Place<'_>, interfaces: &[Interface]) -> Result<Frame, Flaw> {
    let index = usize::try_from(place.four()?).unwrap_or(usize::MAX);
    let interface =
        interfaces.get(index).ok_or_else(|| flaw(0, format!("interface {index} is not known")))?;
    let (high, low) = (place.four()?, place.four()?);
    let (at_length, kept, whole) = (place.at, place.four()?, place.four()?);
    must_be_whole(kept, whole, at_length)?;
    let bytes = place.frame(kept)?.to_vec();
    place.take(bytes.len().next_multiple_of(4) - bytes.len())?;
    let at = moment(u64::from(high) << 32 | u64::from(low), interface.parts);
    let mut frame = Frame { at, wire: interface.name.clone(), bytes, ..Frame::default() };
    options(place, |_, code, value| {
        if code == COMMENT {
            let text = text(value);
            if let Some(from) = text.strip_prefix(FROM) {
                frame.from = from.to_owned();
            } else if let Some(to) = text.strip_prefix(TO) {
                frame.to = to.to_owned();
            } else {
                frame.label = Some(text.strip_prefix(SAYS).unwrap_or(&text).to_owned());
            }
        }
        Ok(())
    })?;
    Ok(frame)
}

/// Each option's place, code and value.
fn options(
    mut place: Place<'_>,
    mut each: impl FnMut(usize, u16, &[u8]) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    while !place.is_at_end() {
        let at = place.at;
        let (code, length) = (place.two()?, usize::from(place.two()?));
        if code == 0 {
            break;
        }
        let value = place.take(length)?;
        each(at, code, value)?;
        place.take(length.next_multiple_of(4) - length)?;
    }
    Ok(())
}

/// A text of a stranger's: not too long, and nothing that a terminal would obey.
fn text(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(MOST_TEXT_BYTES)];
    kessai_shared::columns::plain(String::from_utf8_lossy(bytes).trim_end_matches('\0'))
}
