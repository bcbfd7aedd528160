//! Writes a checkpoint aside and puts it in its place.

use std::io;

use aws_lc_rs::digest::{Context, SHA256};

use super::stripe::{BLOCKS, Page, Sort, block_bytes_for, xor};
use super::{About, file_name, temporary_name};
use crate::digest::sha256;
use crate::journal::Disk;

/// The size at which a stripe is full, in bytes.
const STRIPE_BYTES: usize = 1 << 20;
/// How much is written before it is synced, in bytes: a sync of all of it at the end would keep the
/// journal's own syncs waiting.
const SYNC_BYTES: u64 = 8 << 20;

pub(crate) struct Writer<'a> {
    disk: &'a mut dyn Disk,
    about: About,
    name: String,
    offset: u64,
    synced: u64,
    index: u64,
    all_rows: u64,
    digests: Context,
    rows: u32,
    payload: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a checkpoint, over whatever was left of an earlier try.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn begin(disk: &'a mut dyn Disk, about: About) -> io::Result<Self> {
        let name = temporary_name(about.head.position);
        match disk.delete(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        Ok(Self {
            disk,
            about,
            name,
            offset: 0,
            synced: 0,
            index: 0,
            all_rows: 0,
            digests: Context::new(&SHA256),
            rows: 0,
            payload: Vec::with_capacity(STRIPE_BYTES + (64 << 10)),
        })
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// When the disk fails, or the row is larger than a checkpoint holds.
    pub(crate) fn row(&mut self, key: &[u8], row: &[u8]) -> io::Result<()> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge);
        self.payload.extend_from_slice(&length(key)?.to_le_bytes());
        self.payload.extend_from_slice(&length(row)?.to_le_bytes());
        self.payload.extend_from_slice(key);
        self.payload.extend_from_slice(row);
        self.rows += 1;
        self.all_rows += 1;
        if self.payload.len() >= STRIPE_BYTES { self.stripe(Sort::Rows) } else { Ok(()) }
    }

    /// Puts the checkpoint in its place, durably, and gives its length in bytes.
    ///
    /// # Errors
    /// When the disk fails; what was there before is still there then.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        if self.rows > 0 {
            self.stripe(Sort::Rows)?;
        }
        let stripes = self.index;
        let digest = self.digests.clone().finish();
        self.payload.extend_from_slice(&self.all_rows.to_le_bytes());
        self.payload.extend_from_slice(&stripes.to_le_bytes());
        self.payload.extend_from_slice(digest.as_ref());
        self.stripe(Sort::End)?;
        self.disk.sync(&self.name)?;
        self.disk.rename(&self.name, &file_name(self.about.head.position))?;
        Ok(self.offset)
    }

    fn stripe(&mut self, sort: Sort) -> io::Result<()> {
        let digest = sha256(&[&self.payload]);
        self.digests.update(&digest);
        let block_bytes = block_bytes_for(self.payload.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        let payload_bytes = self.payload.len() as u32;
        self.payload.resize(BLOCKS * block_bytes as usize, 0);
        let mut over = vec![0; block_bytes as usize];
        let mut crcs = [0; BLOCKS + 1];
        for (block, crc) in self.payload.chunks_exact(block_bytes as usize).zip(&mut crcs) {
            xor(&mut over, block);
            *crc = crc32fast::hash(block);
        }
        crcs[BLOCKS] = crc32fast::hash(&over);
        let (about, index, rows) = (self.about, self.index, self.rows);
        let page = Page { sort, about, index, rows, payload_bytes, block_bytes, crcs, digest }.encode();
        for part in [&page, &self.payload, &over, &page] {
            self.disk.write_at(&self.name, self.offset, part)?;
            self.offset += part.len() as u64;
        }
        self.payload.clear();
        self.rows = 0;
        self.index += 1;
        if self.offset - self.synced >= SYNC_BYTES {
            self.disk.sync(&self.name)?;
            self.synced = self.offset;
        }
        Ok(())
    }
}
