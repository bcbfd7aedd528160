//! Reads a journal from its first byte to its last.

use std::error::Error;

use super::format::Mark;
use super::segment::sorted;
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
    let survey = survey(disk, kind, each)?;
    Ok((survey.head, survey.report))
}

/// What a walk found, with all that opening needs to go on from it.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub head: Head,
    pub mark: Option<Mark>,
    pub report: OpenReport,
    pub mends: Vec<Mend>,
    pub tail: Option<Tail>,
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
    /// Where the last group starts and how long its frame is.
    pub last: Option<(usize, usize)>,
}

/// The walk that both opening and [`walk`] are made of.
pub(super) fn survey<E>(
    disk: &dyn Disk,
    kind: Kind,
    each: &mut dyn FnMut(Record) -> Result<(), E>,
) -> Result<Survey, JournalError>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let mut hand_over = |record: Record| {
        let position = record.position;
        each(record).map_err(|error| JournalError::Refused { position, source: error.into() })
    };
    let mut walker = Walker { kind, each: &mut hand_over, survey: Survey::default() };
    let names = disk.list().map_err(|error| JournalError::io("listing", "the journal", error))?;
    let segments = sorted(names)?;
    for (index, (position, name)) in segments.iter().enumerate() {
        let newest = index + 1 == segments.len();
        walker.name(name, *position)?;
        let bytes = disk.read(name).map_err(|error| JournalError::io("reading", name, error))?;
        walker.segment(name, &bytes, newest)?;
    }
    Ok(walker.survey)
}
