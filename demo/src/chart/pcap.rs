//! Captures as files: classic pcap and pcapng are read, and ours are written so that others' tools open them.
//!
//! The formats are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

mod classic;
mod next;
mod write;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use kessai_shared::console::Failure;

use super::frame::Frame;
pub use write::write_pcap;

/// The largest capture that is read, in bytes. All of it is in memory at once.
pub const MOST_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// The most frames of a capture.
pub const MOST_FRAMES: usize = 1_000_000;
/// The longest frame, in bytes: what tcpdump keeps of one at most.
pub const MOST_FRAME_BYTES: usize = 256 * 1024;

/// The link type of Ethernet, which is the only one that is read.
const ETHERNET: u16 = 1;

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// What is wrong with a capture, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub at: usize,
    pub what: String,
}

/// A place in a file, and the order of its bytes.
#[derive(Clone, Copy)]
struct Place<'a> {
    bytes: &'a [u8],
    at: usize,
    big: bool,
}

/// Reads the capture in a file. A wire is named after its interface, or after the file.
///
/// # Errors
/// [`Failure`] with one line that names the file and the byte, and says what is wrong there.
pub fn open(path: &Path) -> Result<Vec<Frame>, Failure> {
    let fault = |what: &dyn std::fmt::Display| Failure::failed(format!("{}: {what}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| fault(&error))?;
    file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        let most = MOST_FILE_BYTES / (1024 * 1024);
        return Err(fault(&format!(
            "more than {most} MiB; cut it with: tcpdump -r FILE -c COUNT -w SHORTER"
        )));
    }
    let wire = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("wire");
    read(&bytes, wire)
        .map_err(|flaw| Failure::failed(format!("{}:{}: {}", path.display(), flaw.at, flaw.what)))
}

/// Reads a capture. The first frame's time is 0; a wire whose name the capture does not tell is `wire`.
///
/// # Errors
/// [`Flaw`] for what is no capture, is cut off, or has more in it than the limits of this room allow.
pub fn read(bytes: &[u8], wire: &str) -> Result<Vec<Frame>, Flaw> {
    let mut frames = match bytes.first_chunk() {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => next::read(bytes, wire),
        Some(_) => classic::read(bytes, wire),
        None => Err(flaw(0, "no capture: it is shorter than any")),
    }?;
    let begin = frames.iter().map(|frame| frame.at).min().unwrap_or_default();
    frames.iter_mut().for_each(|frame| frame.at -= begin);
    // A capture of several interfaces has each in its own order.
    frames.sort_by_key(|frame| frame.at);
    Ok(frames)
}

fn flaw(at: usize, what: impl Into<String>) -> Flaw {
    Flaw { at, what: what.into() }
}

/// So many parts of a second since 1970, of which there are `parts` in one.
fn moment(count: u64, parts: u64) -> Duration {
    let nanos = u128::from(count % parts) * u128::from(NANOS) / u128::from(parts);
    Duration::new(count / parts, u32::try_from(nanos).unwrap_or_default())
}

impl<'a> Place<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Flaw> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(|| {
            flaw(
                self.at,
                format!("the capture ends here: {count} bytes are to follow, and there are {}", rest.len()),
            )
        })?;
        self.at += count;
        Ok(taken)
    }

    fn two(&mut self) -> Result<u16, Flaw> {
        let mut bytes = [0; 2];
        bytes.copy_from_slice(self.take(2)?);
        Ok(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn four(&mut self) -> Result<u32, Flaw> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A frame of so many bytes.
    fn frame(&mut self, length: u32) -> Result<&'a [u8], Flaw> {
        let at = self.at;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MOST_FRAME_BYTES {
            return Err(flaw(at, format!("a frame of {length} bytes; {MOST_FRAME_BYTES} are the most")));
        }
        self.take(length)
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// That there is room for one more frame.
fn has_room(frames: &[Frame], at: usize) -> Result<(), Flaw> {
    if frames.len() < MOST_FRAMES { Ok(()) } else { Err(flaw(at, format!("more than {MOST_FRAMES} frames"))) }
}

/// A frame that was cut when it was captured would be counted as a shorter one.
fn must_be_whole(kept: u32, whole: u32, at: usize) -> Result<(), Flaw> {
    if kept < whole {
        return Err(flaw(
            at,
            format!(
                "only {kept} of {whole} bytes of this frame were kept; capture whole ones (tcpdump -s 0)"
            ),
        ));
    }
    Ok(())
}

fn must_be_ethernet(kind: u16, at: usize) -> Result<(), Flaw> {
    if kind == ETHERNET {
        return Ok(());
    }
    let what =
        format!("link type {kind}; only Ethernet (1) is read: capture on one interface, not on \"any\"");
    Err(flaw(at, what))
}
