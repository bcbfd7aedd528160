//! The page that describes a stripe, in front of it and behind it.
//!
//! All numbers are little-endian: magic (8), version (2), sort (2), kind (4), mark (16), position (8),
//! time (8), chain hash (32), index (8), rows (4), bytes of rows (4), bytes of a block (4), the CRC-32 of
//! the sixteen blocks and of their XOR (17 × 4), the SHA-256 of the rows (32), zeros, and the CRC-32 of
//! the page so far (4).

use super::About;
use crate::journal::{BLOCK_BYTES, Hash, Head, Kind, Mark, take};
use crate::time::Timestamp;

const MAGIC: &[u8; 8] = b"KSCHECKP";
/// The version of the form that is written and read.
const VERSION: u16 = 1;
const CRC_BYTES: usize = 4;

/// Blocks of rows in a stripe.
pub(super) const BLOCKS: usize = 16;
/// The page that describes a stripe, in bytes.
pub(super) const PAGE_BYTES: usize = BLOCK_BYTES;
/// The most rows of one stripe, in bytes. A stripe is cut at about a mebibyte; only one single row can
/// make it larger, and none is as large as a journal record may be many times over.
pub(super) const MAX_STRIPE_BYTES: usize = 256 << 20;

/// What a stripe holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Rows,
    /// What all others add up to.
    End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub sort: Sort,
    pub about: About,
    pub index: u64,
    pub rows: u32,
    pub payload_bytes: u32,
    pub block_bytes: u32,
    /// Of the blocks and, last, of their XOR.
    pub crcs: [u32; BLOCKS + 1],
    pub digest: [u8; 32],
}

impl Page {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(PAGE_BYTES);
        page.extend_from_slice(MAGIC);
        page.extend_from_slice(&VERSION.to_le_bytes());
        let sort: u16 = match self.sort {
            Sort::Rows => 1,
            Sort::End => 2,
        };
        page.extend_from_slice(&sort.to_le_bytes());
        let About { kind, mark, head } = &self.about;
        page.extend_from_slice(kind.0);
        page.extend_from_slice(&mark.0);
        page.extend_from_slice(&head.position.to_le_bytes());
        page.extend_from_slice(&head.time.0.to_le_bytes());
        page.extend_from_slice(&head.hash.0);
        page.extend_from_slice(&self.index.to_le_bytes());
        let numbers = [self.rows, self.payload_bytes, self.block_bytes];
        numbers.iter().chain(&self.crcs).for_each(|number| page.extend_from_slice(&number.to_le_bytes()));
        page.extend_from_slice(&self.digest);
        page.resize(PAGE_BYTES - CRC_BYTES, 0);
        let crc = crc32fast::hash(&page);
        page.extend_from_slice(&crc.to_le_bytes());
        page
    }

    /// Reads a page of a checkpoint of this kind of books; nothing unless its checksum is right and it
    /// describes a stripe that can be.
    pub(super) fn read(page: &[u8], kind: Kind) -> Option<Self> {
        let (content, crc) = page.split_last_chunk::<CRC_BYTES>()?;
        if page.len() != PAGE_BYTES || crc32fast::hash(content).to_le_bytes() != *crc {
            return None;
        }
        let mut rest = content.strip_prefix(MAGIC)?;
        let version = u16::from_le_bytes(take(&mut rest)?);
        let sort = match u16::from_le_bytes(take(&mut rest)?) {
            1 => Sort::Rows,
            2 => Sort::End,
            _ => return None,
        };
        if version != VERSION || take(&mut rest)? != *kind.0 {
            return None;
        }
        let mark = Mark(take(&mut rest)?);
        let position = u64::from_le_bytes(take(&mut rest)?);
        let time = Timestamp(u64::from_le_bytes(take(&mut rest)?));
        let head = Head { position, time, hash: Hash(take(&mut rest)?) };
        let index = u64::from_le_bytes(take(&mut rest)?);
        let rows = u32::from_le_bytes(take(&mut rest)?);
        let payload_bytes = u32::from_le_bytes(take(&mut rest)?);
        let block_bytes = u32::from_le_bytes(take(&mut rest)?);
        let mut crcs = [0; BLOCKS + 1];
        for crc in &mut crcs {
            *crc = u32::from_le_bytes(take(&mut rest)?);
        }
        let digest = take(&mut rest)?;
        let about = About { kind, mark, head };
        let page = Self { sort, about, index, rows, payload_bytes, block_bytes, crcs, digest };
        let fits = block_bytes == block_bytes_for(payload_bytes as usize)?;
        fits.then_some(page)
    }

    /// How long the blocks are together, with their XOR, in bytes.
    pub(super) fn body_bytes(&self) -> usize {
        (BLOCKS + 1) * self.block_bytes as usize
    }
}

/// How long each block of a stripe with so many bytes of rows is; nothing over the limit.
pub(super) fn block_bytes_for(payload_bytes: usize) -> Option<u32> {
    if payload_bytes > MAX_STRIPE_BYTES {
        return None;
    }
    let block = payload_bytes.div_ceil(BLOCKS).max(1).next_multiple_of(BLOCK_BYTES);
    u32::try_from(block).ok()
}

/// Lays a block over another.
pub(super) fn xor(onto: &mut [u8], block: &[u8]) {
    onto.iter_mut().zip(block).for_each(|(byte, other)| *byte ^= other);
}
