//! Deletes journal that a checkpoint stands for, as far as nobody needs it, and proves what is kept.

use std::sync::atomic::{AtomicBool, Ordering};

use super::keep::{Floors, Kept};
use crate::checkpoint;
use crate::journal::{Disk, Head, JournalError, Kind, Mark, prove_part, segments};

/// Deletes what the checkpoint at a position stands for and nobody holds, and what was left of other
/// checkpoints. What cannot be deleted is passed over by every start, and tried again by the next one.
pub(super) fn clear_away(disk: &mut dyn Disk, position: u64, floors: &Floors) {
    let Ok(names) = disk.list() else { return };
    floors.note_kept(kept(disk, &names, position));
    floors.look(None);
    if !cut(disk, floors) {
        return;
    }
    let older = checkpoint::positions(&names).into_iter().filter(|older| *older < position);
    let mut useless: Vec<String> = older.map(checkpoint::file_name).collect();
    useless.extend(names.into_iter().filter(|name| checkpoint::is_left_over(name)));
    let _ = useless.iter().all(|name| delete(disk, name));
}

/// Deletes the segments that nobody needs any more, the oldest first; false when that fails.
pub(super) fn cut(disk: &mut dyn Disk, floors: &Floors) -> bool {
    match floors.give_up() {
        Ok(useless) => useless.iter().all(|segment| delete(disk, &segment.name)),
        Err(error) => {
            tracing::warn!("older journal stays: {error}");
            false
        }
    }
}

/// Proves the whole chain of what is kept, from its first record to the checkpoint with this head. Those who
/// need what cannot be read, or what stands before it, are dropped.
pub(super) fn prove(
    disk: &dyn Disk,
    (kind, mark): (Kind, Mark),
    checkpoint: Head,
    (floors, stop): (&Floors, &AtomicBool),
) {
    let kept = floors.kept();
    let mut rest = kept.as_slice();
    while let Some(segment) = rest.first() {
        let mut goes_on = || !stop.load(Ordering::Relaxed);
        let proved = prove_part(disk, (kind, mark), (segment.first, checkpoint), &mut goes_on);
        let bad = match proved {
            Ok(()) | Err(JournalError::Refused { .. }) => return,
            Err(JournalError::Damaged { position, file, offset, why }) => {
                tracing::warn!("{file}, which is kept for others, is damaged at byte {offset}: {why}");
                rest.partition_point(|segment| segment.last < position).min(rest.len() - 1)
            }
            Err(error) => {
                tracing::warn!("{error}; it is kept for others");
                0
            }
        };
        if let Some(segment) = rest.get(bad) {
            floors.distrust_before(segment.last + 1);
        }
        rest = rest.get(bad + 1..).unwrap_or_default();
    }
}

/// The segments among these names that the checkpoint at a position stands for, the oldest first.
fn kept(disk: &dyn Disk, names: &[String], position: u64) -> Vec<Kept> {
    let segments = segments(names);
    let nexts = segments.iter().skip(1).map(|(first, _)| first - 1).chain([position]);
    let kept = segments.iter().zip(nexts).filter(|((first, _), _)| *first <= position);
    let kept = kept.map(|((first, name), last)| {
        let bytes = disk.len(name).unwrap_or_default();
        Kept { first: *first, last, name: name.clone(), bytes }
    });
    kept.collect()
}

fn delete(disk: &mut dyn Disk, name: &str) -> bool {
    let deleted = disk.delete(name);
    if let Err(error) = &deleted {
        tracing::warn!("{name} is not needed any more and cannot be deleted: {error}");
    }
    deleted.is_ok()
}
