//! Reads a checkpoint stripe by stripe, and works out what one bad place has spoilt.

use std::io;

use aws_lc_rs::digest::{Context, SHA256};

use super::stripe::{BLOCKS, PAGE_BYTES, Page, Sort, xor};
use super::{About, CheckpointDamage, file_name};
use crate::digest::sha256;
use crate::journal::{BLOCK_BYTES, Disk, Kind, take};

/// A row is never shorter, in bytes: two lengths, a key and a version.
const LEAST_ROW_BYTES: u64 = 10;
/// How much is looked through at a time for the second page of a stripe whose first is bad, in bytes.
const LOOK_BYTES: usize = 1 << 20;

/// The rows of one stripe, whose checksums are right.
pub(crate) struct Stripe {
    payload: Vec<u8>,
    digest: [u8; 32],
    rows: u32,
    file: String,
    offset: u64,
}

pub(crate) struct Reader<'a> {
    disk: &'a dyn Disk,
    kind: Kind,
    name: String,
    position: u64,
    offset: u64,
    index: u64,
    rows: u64,
    about: Option<About>,
    digests: Context,
    ended: bool,
    /// What has to be written where, to make the file whole again.
    mends: Vec<(u64, Vec<u8>)>,
    /// Memory of stripes that are done with.
    spare: Vec<Vec<u8>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, kind: Kind, position: u64) -> Self {
        Self {
            disk,
            kind,
            name: file_name(position),
            position,
            offset: 0,
            index: 0,
            rows: 0,
            about: None,
            digests: Context::new(&SHA256),
            ended: false,
            mends: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The next stripe of rows, or nothing once the end was read and says that all were there.
    ///
    /// # Errors
    /// What cannot be mended.
    pub(crate) fn next(&mut self) -> Result<Option<Stripe>, CheckpointDamage> {
        if self.ended {
            return Ok(None);
        }
        let (page, start) = self.page()?;
        let blocks = self.blocks(&page, start)?;
        self.offset = start + (2 * PAGE_BYTES + page.body_bytes()) as u64;
        self.index += 1;
        if page.sort == Sort::End {
            return self.end(&page, &blocks, start).map(|()| None);
        }
        self.digests.update(&page.digest);
        self.rows += u64::from(page.rows);
        let mut payload = blocks;
        payload.truncate(page.payload_bytes as usize);
        let (digest, rows, file) = (page.digest, page.rows, self.name.clone());
        Ok(Some(Stripe { payload, digest, rows, file, offset: start }))
    }

    /// How many rows the last stripe says there are, before anything is proved: good for making room, and
    /// never more than the file could hold.
    pub(crate) fn likely_rows(&self) -> Option<usize> {
        let length = self.disk.len(&self.name).ok()?;
        let at = length.checked_sub(PAGE_BYTES as u64)?;
        let page = Page::read(&self.read(at, PAGE_BYTES).ok()?, self.kind)?;
        let body = at.checked_sub(page.body_bytes() as u64).filter(|_| page.sort == Sort::End)?;
        let rows = self.read(body, size_of::<u64>()).ok()?;
        let rows = take(&mut rows.as_slice()).map(u64::from_le_bytes)?;
        usize::try_from(rows.min(length / LEAST_ROW_BYTES)).ok()
    }

    /// Takes the memory of a stripe back for one that is still to be read.
    pub(crate) fn reuse(&mut self, stripe: Stripe) {
        self.spare.push(stripe.payload);
    }

    /// Whose rows these are; known once a stripe was read.
    pub(crate) fn about(&self) -> Option<About> {
        self.about
    }

    /// How many bytes were read, and what has to be written where to make the file whole again.
    pub(crate) fn finish(self) -> (u64, Vec<(u64, Vec<u8>)>) {
        (self.offset, self.mends)
    }

    /// The page of the next stripe and where the stripe starts.
    fn page(&mut self) -> Result<(Page, u64), CheckpointDamage> {
        let start = self.offset;
        let first = Page::read(&self.read(start, PAGE_BYTES)?, self.kind).filter(|page| self.is_next(page));
        let page = match first {
            Some(page) => page,
            None => {
                let page = self.second_page(start)?;
                self.mends.push((start, page.encode()));
                return Ok((page, start));
            }
        };
        self.about = Some(page.about);
        let copy_at = start + (PAGE_BYTES + page.body_bytes()) as u64;
        let encoded = page.encode();
        if self.read(copy_at, PAGE_BYTES)? != encoded {
            self.mends.push((copy_at, encoded));
        }
        Ok((page, start))
    }

    /// Looks for the page behind a stripe whose first page is bad: it says itself where that was.
    fn second_page(&mut self, start: u64) -> Result<Page, CheckpointDamage> {
        let mut at = start + PAGE_BYTES as u64;
        loop {
            let bytes = self.read(at, LOOK_BYTES)?;
            for (number, bytes) in bytes.chunks_exact(BLOCK_BYTES).enumerate() {
                let here = at + (number * BLOCK_BYTES) as u64;
                let page = Page::read(bytes, self.kind).filter(|page| self.is_next(page));
                let page = page.filter(|page| here == start + (PAGE_BYTES + page.body_bytes()) as u64);
                if let Some(page) = page {
                    self.about = Some(page.about);
                    return Ok(page);
                }
            }
            if bytes.len() < LOOK_BYTES {
                return Err(self.damage(start, "what stands here cannot be read, and no copy of it either"));
            }
            at += LOOK_BYTES as u64;
        }
    }

    fn is_next(&self, page: &Page) -> bool {
        let same = self.about.is_none_or(|about| about == page.about);
        same && page.about.head.position == self.position && page.index == self.index
    }

    /// The blocks of a stripe, the one bad among them worked out from the others.
    fn blocks(&mut self, page: &Page, start: u64) -> Result<Vec<u8>, CheckpointDamage> {
        let body_at = start + PAGE_BYTES as u64;
        let mut body = self.spare.pop().unwrap_or_default();
        let read = self.disk.read_into(&self.name, body_at, page.body_bytes(), &mut body);
        read.map_err(|error| self.damage(body_at, &error.to_string()))?;
        // A file that was cut short has lost what is behind the cut.
        body.resize(page.body_bytes(), 0);
        let length = page.block_bytes as usize;
        let wrong = |(block, crc): (&[u8], &u32)| crc32fast::hash(block) != *crc;
        let bad: Vec<usize> = body
            .chunks_exact(length)
            .zip(&page.crcs)
            .enumerate()
            .filter_map(|(number, block)| wrong(block).then_some(number))
            .collect();
        if let Some(number) = bad.first() {
            let at = body_at + (number * length) as u64;
            let mut block = vec![0; length];
            let others = body.chunks_exact(length).enumerate().filter(|(other, _)| other != number);
            others.for_each(|(_, other)| xor(&mut block, other));
            if bad.len() > 1 || page.crcs.get(*number) != Some(&crc32fast::hash(&block)) {
                return Err(self.damage(at, "more of the rows here is bad than can be worked out"));
            }
            if let Some(place) = body.get_mut(number * length..(number + 1) * length) {
                place.copy_from_slice(&block);
            }
            self.mends.push((at, block));
        }
        body.truncate(BLOCKS * length);
        Ok(body)
    }

    fn end(&mut self, page: &Page, blocks: &[u8], start: u64) -> Result<(), CheckpointDamage> {
        let mut rest = blocks.get(..page.payload_bytes as usize).unwrap_or_default();
        let rows = take(&mut rest).map(u64::from_le_bytes);
        let stripes = take(&mut rest).map(u64::from_le_bytes);
        let digests = self.digests.clone().finish();
        if rows != Some(self.rows) || stripes != Some(self.index - 1) || rest != digests.as_ref() {
            return Err(self.damage(start, "the rows are not those that were written"));
        }
        self.ended = true;
        Ok(())
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, CheckpointDamage> {
        let failed = |error: io::Error| self.damage(at, &error.to_string());
        self.disk.read_at(&self.name, at, length).map_err(failed)
    }

    fn damage(&self, offset: u64, why: &str) -> CheckpointDamage {
        CheckpointDamage { file: self.name.clone(), offset, why: why.to_owned() }
    }
}

impl Stripe {
    /// Hands over each row, once the digest over all of them is proved right. Checksums find what a
    /// disk does; the digest also finds what somebody changed together with its checksum.
    ///
    /// # Errors
    /// When the rows are not those that were written, or `each` refuses one.
    pub(crate) fn each_row(
        &self,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), String>,
    ) -> Result<(), CheckpointDamage> {
        let damage = |why: String| CheckpointDamage { file: self.file.clone(), offset: self.offset, why };
        if sha256(&[&self.payload]) != self.digest {
            return Err(damage("the rows here were changed".to_owned()));
        }
        let mut rest = self.payload.as_slice();
        for _ in 0..self.rows {
            let (key, row) = split_row(&mut rest).ok_or_else(|| damage("a row is cut short".to_owned()))?;
            each(key, row).map_err(damage)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(damage("there is more than its rows here".to_owned())) }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }
}

fn split_row<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let key_bytes = u32::from_le_bytes(take(rest)?) as usize;
    let row_bytes = u32::from_le_bytes(take(rest)?) as usize;
    let (key, behind) = rest.split_at_checked(key_bytes)?;
    let (row, behind) = behind.split_at_checked(row_bytes)?;
    *rest = behind;
    Some((key, row))
}
