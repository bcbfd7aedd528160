//! The names of segment files and the block each of them starts with.

use super::format::{Mark, take};
use super::{BLOCK_BYTES, FORMAT_VERSION, Hash, Head, JournalError, Kind};

const SEGMENT_MAGIC: &[u8; 8] = b"KSJOURNL";
const NAME_START: &str = "journal-";
const NAME_END: &str = ".log";
const NAME_DIGITS: usize = 20;
const CRC_BYTES: usize = 4;

/// The bytes before the first frame: the header and its copy, a block each.
pub(crate) const START_BYTES: usize = 2 * BLOCK_BYTES;

/// What a segment says about itself.
///
/// It takes a whole block. Magic, version and checksum keep their places in all versions, so that
/// a newer file is recognised as newer and not taken for a damaged one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub version: u16,
    pub kind: [u8; 4],
    pub mark: Mark,
    pub position: u64,
    pub before: Hash,
}

/// The name of the segment that starts with a position.
pub(super) fn file_name(position: u64) -> String {
    format!("{NAME_START}{position:0NAME_DIGITS$}{NAME_END}")
}

/// Sorts the segments out of a folder, oldest first.
///
/// # Errors
/// `Damaged` for a name that is nearly a segment's, as a careless copy of one would be.
pub(super) fn sorted(names: Vec<String>) -> Result<Vec<(u64, String)>, JournalError> {
    let mut segments = Vec::new();
    for name in names {
        if !name.starts_with(NAME_START) {
            continue;
        }
        match first_position(&name) {
            Some(position) => segments.push((position, name)),
            None => {
                return Err(JournalError::Damaged {
                    file: name,
                    offset: 0,
                    position: 0,
                    why: "this is no name of a segment; move the file elsewhere".to_owned(),
                });
            }
        }
    }
    segments.sort();
    Ok(segments)
}

/// The segments among these names, oldest first; whatever else there is counts for nothing.
pub(crate) fn segments(names: &[String]) -> Vec<(u64, String)> {
    let segment = |name: &String| Some((first_position(name)?, name.clone()));
    let mut segments: Vec<_> = names.iter().filter_map(segment).collect();
    segments.sort();
    segments
}

/// Which journal a segment is of, as its header or the copy of that says.
pub(crate) fn mark_in(bytes: &[u8]) -> Option<Mark> {
    let header = SegmentHeader::read(bytes, 0).or_else(|| SegmentHeader::read(bytes, BLOCK_BYTES));
    header.map(|header| header.mark)
}

fn first_position(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(NAME_START)?.strip_suffix(NAME_END)?;
    let position = digits.parse().ok()?;
    (file_name(position) == name).then_some(position)
}

impl SegmentHeader {
    /// The header of a segment whose first group follows `head`.
    pub(super) fn following(head: &Head, kind: Kind, mark: Mark) -> Option<Self> {
        Some(Self {
            version: FORMAT_VERSION,
            kind: *kind.0,
            mark,
            position: head.position.checked_add(1)?,
            before: head.hash,
        })
    }

    /// Reads the header in a block; nothing unless magic and checksum are right.
    pub(super) fn read(bytes: &[u8], offset: usize) -> Option<Self> {
        let block = bytes.get(offset..offset.checked_add(BLOCK_BYTES)?)?;
        let (content, crc) = block.split_at_checked(BLOCK_BYTES - CRC_BYTES)?;
        if crc32fast::hash(content).to_le_bytes() != crc {
            return None;
        }
        let mut rest = content.strip_prefix(SEGMENT_MAGIC)?;
        let version = u16::from_le_bytes(take(&mut rest)?);
        take::<2>(&mut rest)?;
        Some(Self {
            version,
            kind: take(&mut rest)?,
            mark: Mark(take(&mut rest)?),
            position: u64::from_le_bytes(take(&mut rest)?),
            before: Hash(take(&mut rest)?),
        })
    }

    /// The block of this header.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        block.extend_from_slice(SEGMENT_MAGIC);
        block.extend_from_slice(&self.version.to_le_bytes());
        block.extend_from_slice(&[0; 2]);
        block.extend_from_slice(&self.kind);
        block.extend_from_slice(&self.mark.0);
        block.extend_from_slice(&self.position.to_le_bytes());
        block.extend_from_slice(&self.before.0);
        block.resize(BLOCK_BYTES - CRC_BYTES, 0);
        let crc = crc32fast::hash(&block);
        block.extend_from_slice(&crc.to_le_bytes());
        block
    }
}

#[cfg(test)]
mod tests;
