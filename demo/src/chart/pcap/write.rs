//! Writing a capture: pcapng with an interface for every wire, since a run has several wires and one clock.

use std::io::{self, Write};

use super::next::{COMMENT, FROM, INTERFACE, NAME, ORDER, PACKET, RESOLUTION, SAYS, SECTION, TO};
use super::{ETHERNET, MOST_FRAME_BYTES};
use crate::chart::frame::Frame;

/// Times are written in nanoseconds: ten to the power of minus this.
const NANOSECONDS: u8 = 9;
/// The longest text in an option, in bytes.
const MOST_TEXT_BYTES: usize = 255;

/// Writes frames as a capture that `kessai-demo chart`, tcpdump and Wireshark open. Who sent a frame, to whom
/// it went and what it says stand in its comments.
///
/// # Errors
/// When `out` cannot be written, or a frame is longer than [`MOST_FRAME_BYTES`].
pub fn write_pcap(mut out: impl Write, frames: &[Frame]) -> io::Result<()> {
    let mut wires: Vec<&str> = Vec::new();
    let version = [1_u16.to_le_bytes(), 0_u16.to_le_bytes()].concat();
    // How long the section is, is not said: it ends with the file.
    let head = [&ORDER.to_le_bytes()[..], &version, &u64::MAX.to_le_bytes()].concat();
    block(&mut out, SECTION, &head)?;
    for frame in frames {
        if !wires.contains(&frame.wire.as_str()) {
            wires.push(&frame.wire);
            block(&mut out, INTERFACE, &interface(&frame.wire))?;
        }
    }
    for frame in frames {
        let wire = wires.iter().position(|wire| *wire == frame.wire).unwrap_or_default();
        block(&mut out, PACKET, &packet(frame, wire)?)?;
    }
    out.flush()
}

fn interface(wire: &str) -> Vec<u8> {
    let mut body = [ETHERNET.to_le_bytes(), [0; 2]].concat();
    // No frame was cut off.
    body.extend(0_u32.to_le_bytes());
    option(&mut body, NAME, wire.as_bytes());
    option(&mut body, RESOLUTION, &[NANOSECONDS]);
    end_options(&mut body);
    body
}

fn packet(frame: &Frame, wire: usize) -> io::Result<Vec<u8>> {
    if frame.bytes.len() > MOST_FRAME_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame that is too long"));
    }
    let number =
        |count: usize| u32::try_from(count).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
    let length = number(frame.bytes.len())?.to_le_bytes();
    let nanos = u64::try_from(frame.at.as_nanos()).unwrap_or(u64::MAX);
    let (high, low) = ((nanos >> 32) as u32, (nanos & u64::from(u32::MAX)) as u32);
    let mut body =
        [number(wire)?.to_le_bytes(), high.to_le_bytes(), low.to_le_bytes(), length, length].concat();
    body.extend(&frame.bytes);
    fill(&mut body);
    let texts = [(FROM, Some(&frame.from)), (TO, Some(&frame.to)), (SAYS, frame.label.as_ref())];
    for (before, text) in texts {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            option(&mut body, COMMENT, format!("{before}{text}").as_bytes());
        }
    }
    end_options(&mut body);
    Ok(body)
}

fn block(out: &mut impl Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 12).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
    out.write_all(&[&kind.to_le_bytes()[..], &length, body, &length].concat())
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(MOST_TEXT_BYTES)];
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    fill(body);
}

fn end_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

/// Everything begins at a multiple of four bytes.
fn fill(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
