//! Looks records up beside a daemon that writes: one segment at a time, from any position on, so that
//! no look costs more than one file.

use std::io;
use std::ops::ControlFlow;

use super::scan::Survey;
use super::segment::{SegmentHeader, segments};
use super::walker::Walker;
use super::{BLOCK_BYTES, Disk, Head, JournalError, Kind, Record};

/// How often the folder is listed anew because the segment was taken away meanwhile, as it is when a
/// checkpoint stands for it.
const TRIES: u32 = 4;

/// How far a look came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Browsed {
    /// The first position whose record is still there as a record; a checkpoint stands for those before.
    pub begins: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
}

/// Hands over the records from a position on, or from the first that is there, up to `until`, which has
/// to be durable: at most those of one segment, and none behind the one at which `each` breaks.
///
/// Each record is proved to follow from the beginning of its segment.
///
/// # Errors
/// [`JournalError`] when the segment cannot be read or is damaged.
pub fn browse(
    disk: &dyn Disk,
    kind: Kind,
    (from, until): (u64, u64),
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<Browsed, JournalError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let listed = disk.list().map_err(|error| JournalError::io("listing", "the journal", error))?;
        let segments = segments(&listed);
        let Some((begins, _)) = segments.first() else { return Ok(Browsed::default()) };
        let at = segments.partition_point(|(first, _)| *first <= from).saturating_sub(1);
        let Some((first, name)) = segments.get(at) else { return Ok(Browsed::default()) };
        let bytes = match disk.read(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => continue,
            read => read.map_err(|error| JournalError::io("reading", name, error))?,
        };
        let following = segments.get(at + 1).map(|(position, _)| *position);
        let stopped = part(kind, (name, *first, &bytes, following.is_none()), (from, until), each)?;
        let next = stopped.or(following).filter(|next| *next <= until);
        return Ok(Browsed { begins: *begins, next });
    }
}

/// Goes through one segment; the position behind the record at which it was stopped.
fn part(
    kind: Kind,
    (name, first, bytes, newest): (&str, u64, &[u8], bool),
    (from, until): (u64, u64),
    each: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Result<Option<u64>, JournalError> {
    let mut stopped = None;
    let mut hand_over = |record: Record| {
        let position = record.position;
        let stops = position > until || position >= from && each(record).is_break();
        // Behind the last one that is durable a write may be under way, which is not to be looked at.
        if !stops && position != until {
            return Ok(());
        }
        stopped = Some(if position > until { position } else { position.saturating_add(1) });
        // An error is how a walk is ended before its end.
        Err(JournalError::Refused { position, source: "no more is wanted".into() })
    };
    // What a segment says of the chain before it is taken as it is: opening proves it.
    let header = SegmentHeader::read(bytes, 0).or_else(|| SegmentHeader::read(bytes, BLOCK_BYTES));
    let before = header.map(|header| header.before).unwrap_or_default();
    let head = Head { position: first.saturating_sub(1), hash: before, ..Head::default() };
    let survey = Survey { head, before: (head, 0), ..Survey::default() };
    let mut walker = Walker { kind, each: &mut hand_over, survey };
    let walked = walker.segment(name, bytes, newest);
    match (walked, stopped) {
        (Err(JournalError::Refused { .. }), Some(next)) => Ok(Some(next)),
        (walked, _) => walked.map(|()| None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::START_BYTES;
    use super::super::{Journal, MemoryDisk, walk};
    use super::*;
    use crate::time::Timestamp;

    const KIND: Kind = Kind(b"TEST");
    const SEGMENT_BYTES: u64 = 64 << 10;

    /// A journal of records that hold their own position, three in each group.
    fn journal(groups: u64) -> Journal {
        let mut nothing = |_| Ok::<(), String>(());
        let disk = Box::new(MemoryDisk::new());
        let (mut journal, _) =
            Journal::open_sized(disk, KIND, SEGMENT_BYTES, &mut nothing).expect("a journal");
        for group in 0..groups {
            let payloads = [1, 2, 3].map(|nth| (group * 3 + nth).to_le_bytes().to_vec());
            journal.append_group(Timestamp(1_000 + group * 10), &payloads).expect("a group");
        }
        journal
    }

    /// All positions from one on, in pages of so many records; how many looks it took.
    fn pages(disk: &dyn Disk, (mut from, until): (u64, u64), most: usize) -> (Vec<u64>, usize) {
        let (mut seen, mut looks) = (Vec::new(), 0);
        loop {
            let mut page = Vec::new();
            let browsed = browse(disk, KIND, (from, until), &mut |record| {
                assert_eq!(record.payload, record.position.to_le_bytes());
                page.push(record.position);
                if page.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            looks += 1;
            assert!(page.len() <= most, "{page:?}");
            seen.extend(page);
            match browsed.expect("a whole journal").next {
                Some(next) => from = next,
                None => return (seen, looks),
            }
        }
    }

    #[test]
    fn pages_put_together_are_the_journal_and_no_look_reads_two_segments() {
        let journal = journal(40);
        let disk = journal.disk();
        let segments = segments(&disk.list().expect("names")).len();
        assert!(segments > 3, "{segments}");
        for most in [1, 7, 1_000] {
            let (seen, looks) = pages(disk.as_ref(), (0, 120), most);
            assert!(seen.into_iter().eq(1..=120), "in pages of {most}");
            assert!(looks >= segments, "{looks} looks at {segments} segments");
        }
        assert!(pages(disk.as_ref(), (77, 90), 5).0.into_iter().eq(77..=90));
        assert_eq!(pages(disk.as_ref(), (121, 120), 5).0, Vec::<u64>::new());
        assert_eq!(pages(disk.as_ref(), (1, 0), 5).0, Vec::<u64>::new());
    }

    #[test]
    fn what_is_not_durable_is_not_looked_at_and_what_is_damaged_is_told() {
        let journal = journal(40);
        let mut disk = journal.disk();
        let (file, end) = journal.end();
        let (file, end) = (file.to_owned(), end);
        // What stands there in the middle of a write may make no sense at all.
        let senseless = disk.read_at(&file, START_BYTES as u64, BLOCK_BYTES).expect("a group from elsewhere");
        disk.write_at(&file, end, &senseless).expect("a write that is under way");
        assert!(walk::<String>(disk.as_ref(), KIND, &mut |_| Ok(())).is_err(), "whoever looks is misled");
        assert!(pages(disk.as_ref(), (0, 120), 9).0.into_iter().eq(1..=120));
        let first = segments(&disk.list().expect("names"))[0].1.clone();
        disk.write_at(&first, 0, &[0xa5; 4 * BLOCK_BYTES]).expect("damage");
        let told = browse(disk.as_ref(), KIND, (1, 120), &mut |_| ControlFlow::Continue(()));
        assert!(matches!(told, Err(JournalError::Damaged { .. })), "{told:?}");
    }
}
