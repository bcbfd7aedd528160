//! Reads a journal from its first byte to its last.

use std::error::Error;

use super::format::Mark;
use super::segment::{file_name, sorted};
use super::walker::Walker;
use super::{Disk, Head, JournalError, Kind, OpenReport, Record};

/// Reads and proves a whole journal without changing anything, even while a daemon writes to it.
///
/// The records are handed over group by group as they are proved, so a caller that gets an error
/// has seen only what stands before the bad place. While a daemon is writing, the last group may be one
/// that it has not acknowledged yet.
///
/// # Errors
/// Every [`JournalError`] that opening can give; [`JournalError::Refused`] when `each` fails.
pub fn walk<E>(
    disk: &dyn Disk,
    kind: Kind,
    each: &mut dyn FnMut(Record) -> Result<(), E>,
) -> Result<(Head, OpenReport), JournalError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let survey = survey(disk, kind, Start::default(), each)?;
    Ok((survey.head, survey.report))
}

/// As [`walk`], from a place on, and with all that [`Journal::resume`](super::Journal::resume) needs to
/// go on from there.
///
/// # Errors
/// As [`walk`].
pub fn prove<E>(
    disk: &dyn Disk,
    kind: Kind,
    start: Start,
    each: &mut dyn FnMut(Record) -> Result<(), E>,
) -> Result<Found, JournalError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    survey(disk, kind, start, each).map(Found)
}

/// Where a walk begins: at the beginning, or behind the end of a group that is known from elsewhere.
/// Segments that lie wholly before it are passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    pub(crate) head: Head,
    pub(crate) mark: Option<Mark>,
    /// Where the walk ends, when it is not the end of the journal: at the end of the segment that ends
    /// with this position.
    pub(crate) until: Option<u64>,
}

/// A journal that was proved and not changed.
#[derive(Debug)]
pub struct Found(pub(super) Survey);

impl Found {
    /// An empty journal whose first group is to follow a checkpoint that came from elsewhere.
    pub(crate) fn nothing_behind(start: Start) -> Self {
        let Start { head, mark, until: _ } = start;
        Self(Survey { head, mark, before: (head, 0), ..Survey::default() })
    }

    /// Where the journal ends.
    #[must_use]
    pub fn head(&self) -> Head {
        self.0.head
    }

    #[must_use]
    pub fn report(&self) -> &OpenReport {
        &self.0.report
    }
}

/// What a walk found, with all that opening needs to go on from it.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub head: Head,
    pub mark: Option<Mark>,
    pub report: OpenReport,
    pub mends: Vec<Mend>,
    pub tail: Option<Tail>,
    /// Where the segments before the newest end, and how many bytes they are.
    pub before: (Head, u64),
}

/// A bad copy and the good one to rewrite it from.
#[derive(Clone, Debug)]
pub(super) struct Mend {
    pub file: String,
    pub good: usize,
    pub bad: usize,
    pub length: usize,
}

/// The newest segment.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    pub file: String,
    /// Where the proven part ends.
    pub end: usize,
    /// Whether something unfinished stands behind it.
    pub unfinished: bool,
    /// How long the file is without that: zeros may stand behind the proven part.
    pub length: usize,
    /// Where the last group starts and how long its frame is.
    pub last: Option<(usize, usize)>,
    /// The same of that group and of those before it that were written together with it.
    pub together: Vec<(usize, usize)>,
}

/// The walk that both opening and [`walk`] are made of.
pub(super) fn survey<E>(
    disk: &dyn Disk,
    kind: Kind,
    start: Start,
    each: &mut dyn FnMut(Record) -> Result<(), E>,
) -> Result<Survey, JournalError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let mut hand_over = |record: Record| {
        let position = record.position;
        each(record).map_err(|error| JournalError::Refused { position, source: error.into() })
    };
    let Start { head, mark, until } = start;
    let survey = Survey { head, mark, before: (head, 0), ..Survey::default() };
    let mut walker = Walker { kind, each: &mut hand_over, survey };
    let names = disk.list().map_err(|error| JournalError::io("listing", "the journal", error))?;
    let mut segments = sorted(names)?;
    segments.retain(|(position, _)| *position > head.position);
    let mut bytes = Vec::new();
    for (index, (position, name)) in segments.iter().enumerate() {
        if until.is_some_and(|until| *position > until) {
            break;
        }
        let newest = index + 1 == segments.len();
        if index > 0 {
            let (_, bytes) = walker.survey.before;
            let end = walker.survey.tail.as_ref().map_or(0, |tail| tail.end as u64);
            walker.survey.before = (walker.survey.head, bytes + end);
        }
        walker.name(name, *position)?;
        disk.read_into(name, 0, usize::MAX, &mut bytes)
            .map_err(|error| JournalError::io("reading", name, error))?;
        walker.segment(name, &bytes, newest)?;
    }
    if start.mark.is_some() && walker.survey.head.position == head.position {
        // A checkpoint is made only of what an acknowledged group in a later segment follows.
        return Err(JournalError::Damaged {
            file: file_name(head.position.saturating_add(1)),
            offset: 0,
            position: head.position.saturating_add(1),
            why: "the records behind the checkpoint are gone".to_owned(),
        });
    }
    Ok(walker.survey)
}
