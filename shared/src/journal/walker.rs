//! Decides what each place of a segment file means.

use super::format::{FrameHeader, Group, decode};
use super::scan::{Mend, Survey, Tail};
use super::segment::{START_BYTES, SegmentHeader};
use super::{BLOCK_BYTES, FORMAT_VERSION, JournalError, Kind, Record, Repair};

/// Goes through the segments in their order and keeps what it finds in a survey.
pub(super) struct Walker<'a> {
    pub kind: Kind,
    /// Whoever is given the records.
    pub each: &'a mut dyn FnMut(Record) -> Result<(), JournalError>,
    pub survey: Survey,
}

impl Walker<'_> {
    /// The name alone shows a missing file, whatever state the file itself is in: it is given only
    /// after everything before it was acknowledged.
    ///
    /// # Errors
    /// `Damaged` for a gap or an overlap.
    pub(super) fn name(&self, name: &str, position: u64) -> Result<(), JournalError> {
        let expected = self.expected();
        if position > expected {
            let why = format!("positions {expected} to {} are missing", position - 1);
            return Err(self.damaged(name, 0, why));
        }
        if position < expected {
            let why = format!("position {position} is in an earlier file already");
            return Err(self.damaged(name, 0, why));
        }
        Ok(())
    }

    /// Reads a whole segment file; only the newest may end in an unfinished write.
    ///
    /// # Errors
    /// Whatever is wrong with the file, or what `each` refused.
    pub(super) fn segment(&mut self, name: &str, bytes: &[u8], newest: bool) -> Result<(), JournalError> {
        self.survey.report.segments += 1;
        let mends_before = self.survey.mends.len();
        let mut tail = Tail {
            file: name.to_owned(),
            end: 0,
            unfinished: false,
            length: 0,
            last: None,
            together: Vec::new(),
        };
        if self.header(name, bytes)? {
            let mut offset = START_BYTES;
            while offset < bytes.len() {
                let Some((length, is_alone)) = self.group(name, bytes, offset)? else {
                    break;
                };
                tail.last = Some((offset, length));
                if is_alone {
                    tail.together.clear();
                }
                tail.together.push((offset, length));
                offset += 2 * length;
                tail.end = offset;
            }
        } else {
            self.nothing_later(name, bytes)?;
        }
        // A mended copy may reach past a file that was cut short. Room that was made ahead is zeros.
        let behind = bytes.get(tail.end..).unwrap_or_default();
        let dropped = match tail.last {
            Some(_) => behind
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| (last + 1).next_multiple_of(BLOCK_BYTES).min(behind.len())),
            None => behind.len(),
        };
        tail.unfinished = dropped > 0;
        tail.length = if tail.unfinished { tail.end } else { bytes.len().max(tail.end) };
        if !newest && (tail.unfinished || tail.last.is_none()) {
            let why = "a later file exists, so this one should be whole".to_owned();
            return Err(self.damaged(name, tail.end, why));
        }
        if tail.last.is_none() {
            // The start of this file was never acknowledged either; it is dropped as a whole.
            self.survey.mends.truncate(mends_before);
            self.survey.report.repairs.truncate(mends_before);
        }
        self.survey.report.dropped_bytes = dropped as u64;
        self.survey.tail = Some(tail);
        Ok(())
    }

    /// Reads the start of a segment; false when neither copy of its header can be read.
    fn header(&mut self, name: &str, bytes: &[u8]) -> Result<bool, JournalError> {
        let first = SegmentHeader::read(bytes, 0);
        let copy = SegmentHeader::read(bytes, BLOCK_BYTES);
        if let (Some(first), Some(copy)) = (&first, &copy)
            && first != copy
        {
            let why = "the two headers contradict each other".to_owned();
            return Err(self.damaged(name, 0, why));
        }
        match (&first, &copy) {
            (Some(_), None) => self.mend(name, 0, BLOCK_BYTES, BLOCK_BYTES),
            (None, Some(_)) => self.mend(name, BLOCK_BYTES, 0, BLOCK_BYTES),
            _ => {}
        }
        let Some(header) = first.or(copy) else {
            return Ok(false);
        };
        self.version(name, header.version)?;
        if header.kind != *self.kind.0 {
            return Err(JournalError::Kind {
                file: name.to_owned(),
                found: header.kind,
                expected: *self.kind.0,
            });
        }
        let same_journal = self.survey.mark.is_none_or(|mark| mark == header.mark);
        let follows = header.position == self.expected() && header.before == self.survey.head.hash;
        if !same_journal || !follows {
            let why = "the file starts in another place of another history".to_owned();
            return Err(self.damaged(name, 0, why));
        }
        self.survey.mark = Some(header.mark);
        Ok(true)
    }

    /// Reads the group and the copy at an offset and hands it over; gives the length of its frame and
    /// whether all before it was durable when it was written, or nothing when this is a write that was
    /// never finished.
    fn group(
        &mut self,
        name: &str,
        bytes: &[u8],
        offset: usize,
    ) -> Result<Option<(usize, bool)>, JournalError> {
        let head = self.survey.head;
        if let Some(header) = self.frame(bytes, offset) {
            self.follows(name, offset, offset, &header)?;
            if let Some(group) = decode(bytes, offset, &header, &head) {
                self.check_copy(name, bytes, offset, &header, group.length)?;
                return self.accept(group).map(|length| Some((length, header.behind == 0)));
            }
        }
        // From here on the first copy is bad. Whatever else can be read behind it decides.
        for at in (offset..bytes.len()).step_by(BLOCK_BYTES).skip(1) {
            let Some(header) = self.frame(bytes, at) else {
                continue;
            };
            // What was written together with it proves nothing of it: nobody was told of either.
            if header.position > self.expected() && header.durable() < self.expected() {
                continue;
            }
            self.follows(name, offset, at, &header)?;
            let Some(group) = decode(bytes, at, &header, &head) else {
                continue;
            };
            if at - offset != group.length {
                let why = format!("its copy stands at byte {at}, which is the wrong place");
                return Err(self.damaged(name, offset, why));
            }
            self.mend(name, at, offset, group.length);
            return self.accept(group).map(|length| Some((length, header.behind == 0)));
        }
        Ok(None)
    }

    /// Looks at the copy behind a good first frame.
    fn check_copy(
        &mut self,
        name: &str,
        bytes: &[u8],
        offset: usize,
        header: &FrameHeader,
        length: usize,
    ) -> Result<(), JournalError> {
        let copy = offset + length;
        if bytes.get(offset..copy) == bytes.get(copy..copy + length) {
            return Ok(());
        }
        // Mending writes over this place, so it must not be the only trace of something else.
        if let Some(other) = self.frame(bytes, copy)
            && other != *header
        {
            let why = format!("position {} stands where its copy belongs", other.position);
            return Err(self.damaged(name, copy, why));
        }
        self.mend(name, offset, copy, length);
        Ok(())
    }

    /// Makes sure that a frame at `at` can belong to the group expected at `offset`.
    ///
    /// Anything else is proof of lost records: a frame is only ever written behind an acknowledged
    /// one, and unfinished writes are cut off before the next is made. The header alone proves
    /// this, as it carries the mark and its own checksum.
    fn follows(
        &self,
        name: &str,
        offset: usize,
        at: usize,
        header: &FrameHeader,
    ) -> Result<(), JournalError> {
        self.version(name, header.version)?;
        if !header.is_group() {
            let why = format!("a frame of the unknown kind {} is here", header.kind);
            return Err(self.damaged(name, at, why));
        }
        if header.position == self.expected() && header.before == self.survey.head.hash {
            return Ok(());
        }
        let why =
            format!("position {} follows at byte {at} and does not continue the chain", header.position);
        Err(self.damaged(name, offset, why))
    }

    /// Makes sure that a file without a readable header was never more than one unfinished write.
    fn nothing_later(&self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let later = (0..bytes.len())
            .step_by(BLOCK_BYTES)
            .filter_map(|at| self.frame(bytes, at))
            .find(|header| header.position != self.expected() && header.durable() >= self.expected());
        match later {
            None => Ok(()),
            Some(header) => {
                let why = format!("no header, yet position {} follows", header.position);
                Err(self.damaged(name, 0, why))
            }
        }
    }

    fn accept(&mut self, group: Group) -> Result<usize, JournalError> {
        self.survey.report.groups += 1;
        self.survey.report.records += group.records.len() as u64;
        self.survey.head = group.head;
        for record in group.records {
            (self.each)(record)?;
        }
        Ok(group.length)
    }

    fn mend(&mut self, name: &str, good: usize, bad: usize, length: usize) {
        let file = name.to_owned();
        self.survey.report.repairs.push(Repair {
            file: file.clone(),
            offset: bad as u64,
            length: length as u64,
            position: self.expected(),
        });
        self.survey.mends.push(Mend { file, good, bad, length });
    }

    fn frame(&self, bytes: &[u8], offset: usize) -> Option<FrameHeader> {
        let header = FrameHeader::read(bytes, offset)?;
        let own = self.survey.mark.is_none_or(|mark| mark == header.mark);
        own.then_some(header)
    }

    fn version(&self, name: &str, found: u16) -> Result<(), JournalError> {
        if found == FORMAT_VERSION {
            return Ok(());
        }
        Err(JournalError::Version { file: name.to_owned(), found, supported: FORMAT_VERSION })
    }

    /// The next position; the walk cannot meet a record behind the largest one.
    fn expected(&self) -> u64 {
        self.survey.head.position.saturating_add(1)
    }

    fn damaged(&self, name: &str, offset: usize, why: String) -> JournalError {
        JournalError::Damaged { file: name.to_owned(), offset: offset as u64, position: self.expected(), why }
    }
}
