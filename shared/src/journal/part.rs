//! Proves journal that a checkpoint stands for: those who are behind read it, the daemon itself does not.

use super::format::Mark;
use super::scan::survey;
use super::segment::{SegmentHeader, file_name};
use super::{BLOCK_BYTES, Disk, Head, JournalError, Kind, Start};

/// Proves the segments from the one that begins with `first` up to the checkpoint with this head. The hash
/// of a checkpoint stands for all records before it, so a part that ends with it is of the same history.
///
/// # Errors
/// [`JournalError`] on the first bad place; `Refused` when `goes_on` says no.
pub(crate) fn prove_part(
    disk: &dyn Disk,
    (kind, mark): (Kind, Mark),
    (first, checkpoint): (u64, Head),
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(), JournalError> {
    let damaged = |position: u64, why: &str| {
        let (file, why) = (file_name(first), why.to_owned());
        JournalError::Damaged { file, offset: 0, position, why }
    };
    let name = file_name(first);
    let start = disk.read_at(&name, 0, 2 * BLOCK_BYTES);
    let start = start.map_err(|error| JournalError::io("reading", &name, error))?;
    let header = SegmentHeader::read(&start, 0).or_else(|| SegmentHeader::read(&start, BLOCK_BYTES));
    let header = header.ok_or_else(|| damaged(first, "it has no readable header"))?;
    let head = Head { position: first.saturating_sub(1), hash: header.before, ..Head::default() };
    let start = Start { head, mark: Some(mark), until: Some(checkpoint.position) };
    let found = survey(disk, kind, start, &mut |_| {
        if goes_on() { Ok(()) } else { Err("no more is wanted") }
    })?;
    // Where it left the way cannot be told from here, so none of it counts.
    let whole = found.head == checkpoint;
    if whole { Ok(()) } else { Err(damaged(checkpoint.position, "it does not lead to the checkpoint")) }
}
