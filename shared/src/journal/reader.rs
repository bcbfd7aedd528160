//! Reads whole groups from the files of a journal beside the one who writes, from any end of a group on.

use std::io;

use bytes::Bytes;

use super::format::{FRAME_HEADER_BYTES, FrameHeader, Mark};
use super::segment::{START_BYTES, SegmentHeader, file_name, segments};
use super::{BLOCK_BYTES, Disk, Hash, JournalError, Kind, RawGroup};

/// How much of a file is read at a time, in bytes.
const WINDOW_BYTES: usize = 1 << 20;
/// How often the folder is listed anew because a segment was taken away meanwhile.
const TRIES: u32 = 4;

/// Where a reader stands after [`GroupReader::find`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind the end of a group, where the chain is this.
    Behind(Hash),
    /// The records there are gone: a checkpoint stands for everything before this position.
    Cut { begins: u64 },
    /// No group ends there.
    Nowhere,
}

/// Goes through the groups of a journal, the oldest first.
pub struct GroupReader {
    disk: Box<dyn Disk>,
    kind: Kind,
    mark: Mark,
    file: String,
    /// Where the next group starts in the file, in bytes.
    offset: u64,
    /// Its first position.
    next: u64,
    window: Window,
}

/// A part of a file that was read.
#[derive(Default)]
struct Window {
    offset: u64,
    bytes: Bytes,
}

impl GroupReader {
    pub(crate) fn new(disk: Box<dyn Disk>, kind: Kind, mark: Mark) -> Self {
        Self { disk, kind, mark, file: String::new(), offset: 0, next: 0, window: Window::default() }
    }

    /// Goes to the end of the group that ends with `position`; `until` is the last position that is
    /// durable.
    ///
    /// # Errors
    /// [`JournalError`] when a file cannot be read or is damaged before that place.
    pub fn find(&mut self, position: u64, until: u64) -> Result<Place, JournalError> {
        let Some(next) = position.checked_add(1).filter(|_| position <= until) else {
            return Ok(Place::Nowhere);
        };
        if until == 0 {
            (self.file, self.offset, self.next) = (file_name(1), START_BYTES as u64, 1);
            return Ok(Place::Behind(Hash::default()));
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let listed = self.disk.list();
            let listed = listed.map_err(|error| JournalError::io("listing", "the journal", error))?;
            let segments = segments(&listed);
            // The segment that begins with the next one, or the one that it stands in.
            let at = segments.partition_point(|(first, _)| *first <= next).checked_sub(1);
            let Some((first, name)) = at.and_then(|at| segments.get(at)) else {
                return Ok(Place::Cut { begins: segments.first().map_or(next, |(first, _)| *first) });
            };
            self.window = Window::default();
            (self.file, self.offset, self.next) = (name.clone(), 0, *first);
            match self.seek(next, until) {
                Err(JournalError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
                sought => return sought,
            }
        }
    }

    /// The groups that follow, as many as `most` bytes hold but at least one, and none behind `until`,
    /// which has to be durable; none at the end.
    ///
    /// # Errors
    /// [`JournalError`] when a file is damaged, or is gone because a checkpoint stands for it.
    pub fn next(&mut self, until: u64, most: usize) -> Result<Vec<RawGroup>, JournalError> {
        let (mut groups, mut bytes) = (Vec::new(), 0);
        while self.next <= until {
            let (header, at, crc_is_right) = self.frame()?;
            if !crc_is_right {
                return Err(self.damaged("neither copy of its body can be read"));
            }
            let length = header.frame_bytes().unwrap_or(0) as u64;
            let body = self.window.get(at + FRAME_HEADER_BYTES as u64, header.body_bytes as usize);
            let body = body.ok_or_else(|| self.damaged("the file ends within it"))?;
            let group = RawGroup { first: header.position, count: header.count, after: header.after, body };
            bytes += group.sent_bytes();
            if !groups.is_empty() && bytes > most {
                break;
            }
            self.offset += 2 * length;
            self.next = group.last().saturating_add(1);
            groups.push(group);
            if bytes >= most {
                break;
            }
        }
        Ok(groups)
    }

    /// Goes on in the file until the group that begins with `next`.
    fn seek(&mut self, next: u64, until: u64) -> Result<Place, JournalError> {
        let start = self.read(0, START_BYTES)?;
        let header = [0, BLOCK_BYTES].into_iter().find_map(|at| SegmentHeader::read(&start, at));
        let header = header.filter(|header| header.kind == *self.kind.0 && header.mark == self.mark);
        let header = header.ok_or_else(|| self.damaged("its start cannot be read"))?;
        (self.offset, self.next) = (START_BYTES as u64, header.position);
        let mut hash = header.before;
        while self.next < next && self.next <= until {
            let (header, _, _) = self.frame()?;
            hash = header.after;
            self.offset += 2 * header.frame_bytes().unwrap_or(0) as u64;
            self.next = header.position.saturating_add(u64::from(header.count));
        }
        Ok(if self.next == next { Place::Behind(hash) } else { Place::Nowhere })
    }

    /// The header of the group that is next, where its frame or the copy of it starts, and whether the
    /// checksum of its body is right.
    fn frame(&mut self) -> Result<(FrameHeader, u64, bool), JournalError> {
        if let Some((header, is_right)) = self.frame_at(self.offset)? {
            if is_right {
                return Ok((header, self.offset, true));
            }
            let copy = self.offset + header.frame_bytes().unwrap_or(0) as u64;
            let whole = self.frame_at(copy)?.filter(|(_, is_right)| *is_right);
            return Ok(whole.map_or((header, self.offset, false), |(header, _)| (header, copy, true)));
        }
        let following = file_name(self.next);
        if self.file != following && self.disk.len(&following).is_ok() {
            self.window = Window::default();
            (self.file, self.offset) = (following, START_BYTES as u64);
            return match self.frame_at(self.offset)? {
                Some((header, true)) => Ok((header, self.offset, true)),
                _ => self.copy_behind(),
            };
        }
        self.copy_behind()
    }

    /// Looks for the copy of a group whose own frame cannot be read: it says how far back that stands.
    fn copy_behind(&mut self) -> Result<(FrameHeader, u64, bool), JournalError> {
        let length = self.disk.len(&self.file);
        let length = length.map_err(|error| JournalError::io("reading", &self.file, error))?;
        let mut at = self.offset + BLOCK_BYTES as u64;
        while at < length {
            if let Some((header, true)) = self.frame_at(at)?
                && self.offset + header.frame_bytes().unwrap_or(0) as u64 == at
            {
                return Ok((header, at, true));
            }
            at += BLOCK_BYTES as u64;
        }
        Err(self.damaged("neither copy of it can be read"))
    }

    /// The frame of the group that is next, if it stands there, and whether the checksum is right.
    fn frame_at(&mut self, at: u64) -> Result<Option<(FrameHeader, bool)>, JournalError> {
        self.show(at, FRAME_HEADER_BYTES)?;
        let Some(bytes) = self.window.get(at, FRAME_HEADER_BYTES) else { return Ok(None) };
        let own = FrameHeader::read(&bytes, 0).filter(|header| header.mark == self.mark);
        let Some(header) = own.filter(|header| header.position == self.next && header.is_group()) else {
            return Ok(None);
        };
        let Some(length) = header.frame_bytes() else { return Ok(None) };
        self.show(at, length)?;
        let body = self.window.get(at + FRAME_HEADER_BYTES as u64, length - FRAME_HEADER_BYTES);
        let is_right = body.is_some_and(|body| crc32fast::hash(&body) == header.body_crc);
        Ok(Some((header, is_right)))
    }

    /// Reads on where the window does not have these bytes.
    fn show(&mut self, at: u64, length: usize) -> Result<(), JournalError> {
        if self.window.get(at, length).is_none() {
            let bytes = self.read(at, length.max(WINDOW_BYTES))?;
            self.window = Window { offset: at, bytes: bytes.into() };
        }
        Ok(())
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, JournalError> {
        let read = self.disk.read_at(&self.file, at, length);
        read.map_err(|error| JournalError::io("reading", &self.file, error))
    }

    fn damaged(&self, why: &str) -> JournalError {
        let (file, why) = (self.file.clone(), why.to_owned());
        JournalError::Damaged { file, offset: self.offset, position: self.next, why }
    }
}

impl Window {
    fn get(&self, at: u64, length: usize) -> Option<Bytes> {
        let from = usize::try_from(at.checked_sub(self.offset)?).ok()?;
        let to = from.checked_add(length)?;
        (to <= self.bytes.len()).then(|| self.bytes.slice(from..to))
    }
}
