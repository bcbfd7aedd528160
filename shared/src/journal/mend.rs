//! Brings the files into the state that the walk described, before anything is appended.

use std::io;

use super::scan::{Mend, Survey, Tail};
use super::{BLOCK_BYTES, Disk, JournalError};

/// Rewrites bad copies, cuts off an unfinished write and makes the last group durable.
///
/// At every moment each proven group keeps one copy that nobody is writing to, so a power cut in
/// the middle leaves work for the next opening and nothing worse.
pub(super) fn settle(disk: &mut dyn Disk, survey: &Survey) -> Result<(), JournalError> {
    for group in survey.mends.chunk_by(|a, b| a.file == b.file) {
        if let Some(first) = group.first() {
            rewrite(disk, &first.file, group)?;
        }
    }
    let Some(tail) = &survey.tail else {
        return Ok(());
    };
    if tail.unfinished {
        // Durable before the next append: of two unfinished writes in the same place, the rest of
        // the older one must not come back behind the newer.
        disk.truncate(&tail.file, tail.end as u64)
            .and_then(|()| disk.sync(&tail.file))
            .map_err(|error| JournalError::io("cutting", &tail.file, error))?;
    }
    prove_last(disk, tail)
}

/// Writes the last group anew, and those that were written together with it, one copy after the other.
///
/// A process that died between write and sync, or whose sync failed, leaves groups that can be
/// read from the page cache and need not be on the disk; a sync alone does not help, because after
/// a failed one the kernel holds the pages for written. Whoever reads them now will act on them,
/// so they have to be made durable first.
fn prove_last(disk: &mut dyn Disk, tail: &Tail) -> Result<(), JournalError> {
    if tail.last.is_none() {
        return Ok(());
    }
    let onto = |good: usize, bad: usize, length: usize| Mend { file: tail.file.clone(), good, bad, length };
    let groups = || tail.together.iter().copied();
    let copies = groups().map(|(offset, length)| onto(offset, offset + length, length));
    let firsts = groups().map(|(offset, length)| onto(offset + length, offset, length));
    let copies: Vec<_> = std::iter::once(onto(0, BLOCK_BYTES, BLOCK_BYTES)).chain(copies).collect();
    let firsts: Vec<_> = std::iter::once(onto(BLOCK_BYTES, 0, BLOCK_BYTES)).chain(firsts).collect();
    rewrite(disk, &tail.file, &copies)?;
    rewrite(disk, &tail.file, &firsts)
}

fn rewrite(disk: &mut dyn Disk, file: &str, mends: &[Mend]) -> Result<(), JournalError> {
    for mend in mends {
        let good = disk
            .read_at(file, mend.good as u64, mend.length)
            .map_err(|error| JournalError::io("reading", file, error))?;
        let written = match good.len() == mend.length {
            true => disk.write_at(file, mend.bad as u64, &good),
            false => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
        };
        written.map_err(|error| JournalError::io("mending", file, error))?;
    }
    disk.sync(file).map_err(|error| JournalError::io("syncing", file, error))
}
