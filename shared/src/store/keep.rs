//! Who still needs journal that a checkpoint stands for: a standby that follows, a chain of backups.
//!
//! Each holder has everything up to a position, its floor; segments behind a checkpoint are deleted only
//! up to the lowest floor. A holder that stays away, or for which too much would have to stay, is dropped
//! and told so: it has to begin anew, from a checkpoint or with a full backup. Nothing of the books is
//! lost by that, so the limits on what is kept go before any one holder.
//!
//! The floors are written down before anything is deleted by them, and when a holder comes or goes; in
//! between the list on the disk is behind, and what it then says too little keeps too much. After a
//! restart every holder has its whole time again. A list that cannot be read keeps all that is there for
//! that time, because nobody knows any more for whom.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::keep_file;
use crate::config::Config;
use crate::journal::{self, Disk};
use crate::time::Timestamp;

/// Most holders at a time.
pub const MAX_HOLDERS: usize = 64;
/// The longest name of a holder, in bytes.
pub const MAX_HOLDER_NAME_BYTES: usize = 64;
/// How long a holder may be away, in seconds: from a minute to a year.
pub const KEEP_SECONDS: RangeInclusive<u64> = 60..=365 * 24 * 3_600;
/// How much journal may stay for a holder, in bytes: from one segment to 16 TiB.
pub const KEEP_BYTES: RangeInclusive<u64> = journal::SEGMENT_BYTES..=1 << 44;
/// The name under which everything is held after the list of holders was lost.
const UNKNOWN: &str = "unknown";

/// How long, and how much of the journal, is kept for holders that stay behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// A holder that nothing was heard of for so long is dropped, in seconds; [`KEEP_SECONDS`].
    pub seconds: u64,
    /// A holder for which more than this would have to stay is dropped, in bytes of segments that a
    /// checkpoint stands for; [`KEEP_BYTES`].
    pub bytes: u64,
}

impl Keep {
    /// What a daemon keeps unless its settings say otherwise: a week, and 8 GiB.
    pub const USUAL: Self = Self { seconds: 7 * 24 * 3_600, bytes: 8 << 30 };
    /// Nobody is dropped: for one who opens a store without knowing its settings.
    pub const ALL: Self = Self { seconds: u64::MAX, bytes: u64::MAX };

    /// Takes `keep_for_seconds` and `keep_bytes` out of a daemon's settings.
    pub fn take(config: &mut Config) -> Self {
        let mut number = |name: &str, usual: u64, range: RangeInclusive<u64>| {
            let expected = format!("a number from {} to {}", range.start(), range.end());
            let number = config.take::<u64>(name, &expected).unwrap_or(usual);
            if !range.contains(&number) {
                config.mistake(&format!("{name}: expected {expected}"));
            }
            number
        };
        let seconds = number("keep_for_seconds", Self::USUAL.seconds, KEEP_SECONDS);
        let bytes = number("keep_bytes", Self::USUAL.bytes, KEEP_BYTES);
        Self { seconds, bytes }
    }
}

/// Why a place in the journal cannot be held.
#[derive(Debug)]
pub enum HoldError {
    /// The journal begins behind that place now: whoever needs it has to begin with a checkpoint.
    Cut {
        /// The first position whose record is still there.
        begins: u64,
    },
    /// No name for a holder: one to [`MAX_HOLDER_NAME_BYTES`] ASCII letters, digits, `-`, `_`, `.` or `:`.
    Name,
    /// There are [`MAX_HOLDERS`] already.
    TooMany,
    /// The store is closed.
    Closed,
    /// The list of holders cannot be written.
    Disk(io::Error),
}

/// One that holds journal back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub name: String,
    /// It has everything up to here.
    pub position: u64,
    /// When it was last heard of, to the second; nothing since the store was opened, or only just now.
    pub heard: Option<Timestamp>,
    /// How much journal stays that would be deleted but for it, in bytes.
    pub bytes: u64,
}

/// The floors of one store. Clones are the same floors, on any thread; they outlive the store, and then
/// refuse everything.
#[derive(Clone)]
pub struct Floors(Arc<Inner>);

struct Inner {
    keep: Keep,
    state: Mutex<State>,
    /// Where the list is; nothing when the store is closed. Whoever has this writes what the state says
    /// then, so that an older list never goes over a newer one. It is never taken while the state is held.
    disk: Mutex<Option<Box<dyn Disk>>>,
}

#[derive(Default)]
struct State {
    holders: BTreeMap<String, Held>,
    /// The segments that a checkpoint stands for and that are still there, the oldest first.
    kept: Vec<Kept>,
    /// The first position whose record is still there.
    begins: u64,
    /// Whether somebody was dropped and the list on the disk does not know it yet.
    stale: bool,
    /// Whether there is a list on the disk. A store that nobody holds anything of needs none.
    listed: bool,
}

/// `heard` is stamped by the store's next look, which knows what time it is.
#[derive(Clone, Copy)]
struct Held {
    position: u64,
    heard: Option<Timestamp>,
}

/// A segment that a checkpoint stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub first: u64,
    pub last: u64,
    pub name: String,
    pub bytes: u64,
}

impl Floors {
    /// Keeps the journal behind a position from being deleted: whoever has this name has everything up to
    /// and with that position. To be called again whenever it has more, and now and then when it has not,
    /// or it counts as gone ([`Keep::seconds`]). A new name is on the disk when this returns, which takes
    /// two syncs; a known one costs nothing.
    ///
    /// # Errors
    /// [`HoldError`]. After `Disk` the place is held all the same until the store is closed.
    pub fn hold(&self, name: &str, position: u64) -> Result<(), HoldError> {
        if !is_name(name) {
            return Err(HoldError::Name);
        }
        let mut state = self.state();
        if position.saturating_add(1) < state.begins {
            return Err(HoldError::Cut { begins: state.begins });
        }
        let known = state.holders.contains_key(name);
        if !known && state.holders.len() >= MAX_HOLDERS {
            return Err(HoldError::TooMany);
        }
        state.holders.insert(name.to_owned(), Held { position, heard: None });
        drop(state);
        if known { Ok(()) } else { self.write_down() }
    }

    /// Holds nothing for this name any more. Of an unknown name this does nothing.
    ///
    /// # Errors
    /// `Closed` and `Disk`: after a restart it may be held again then.
    pub fn release(&self, name: &str) -> Result<(), HoldError> {
        let gone = self.state().holders.remove(name);
        if gone.is_some() { self.write_down() } else { Ok(()) }
    }

    /// The first position whose record is still in the journal. A later one may be the first a moment
    /// later, unless somebody holds this one.
    #[must_use]
    pub fn begins(&self) -> u64 {
        self.state().begins
    }

    /// All holders, by their names.
    #[must_use]
    pub fn holders(&self) -> Vec<Holder> {
        let state = self.state();
        let holders = state.holders.iter().map(|(name, held)| {
            let Held { position, heard } = *held;
            Holder { name: name.clone(), position, heard, bytes: state.bytes_behind(position) }
        });
        holders.collect()
    }

    /// Reads the list of a store that is being opened, of whose journal `begins` is the first position
    /// that is there.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn open(disk: Box<dyn Disk>, keep: Keep, begins: u64) -> io::Result<Self> {
        let mut holders = BTreeMap::new();
        let found = keep_file::read(disk.as_ref())?;
        let listed = !matches!(found, keep_file::Found::None);
        match found {
            keep_file::Found::None => {}
            keep_file::Found::List(list) => {
                // A segment goes only after every holder has it, so one whose place is gone had more
                // than the list says.
                let held = |position: u64| Held { position: position.max(begins - 1), heard: None };
                holders.extend(list.into_iter().map(|(name, position)| (name, held(position))));
            }
            keep_file::Found::Damaged => {
                tracing::warn!(
                    "the list of who needs older journal cannot be read; all of it is kept for {} s",
                    keep.seconds
                );
                holders.insert(UNKNOWN.to_owned(), Held { position: begins - 1, heard: None });
            }
        }
        let state = Mutex::new(State { holders, begins, listed, ..State::default() });
        Ok(Self(Arc::new(Inner { keep, state, disk: Mutex::new(Some(disk)) })))
    }

    /// Lets go of the disk, whose lock the next one to open the folder needs.
    pub(super) fn close(&self) {
        *self.0.disk.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes note of the segments that a checkpoint stands for.
    pub(super) fn note_kept(&self, kept: Vec<Kept>) {
        self.state().kept = kept;
    }

    /// Stamps who was heard of, drops who is gone or too far behind, and says whether
    /// [`Floors::give_up`] has anything to do now.
    pub(super) fn look(&self, now: Option<Timestamp>) -> bool {
        let mut state = self.state();
        let before = state.holders.len();
        if let Some(now) = now {
            for held in state.holders.values_mut() {
                // A clock that was ahead once must not keep a holder for ever.
                held.heard = Some(held.heard.unwrap_or(now).min(now));
            }
            let gone = |held: &Held| held.heard.is_some_and(|at| at.plus_seconds(self.0.keep.seconds) < now);
            state.holders.retain(|name, held| {
                let stays = !gone(held);
                if !stays {
                    tracing::warn!(
                        "nothing was heard of {name} for {} s, so no journal is kept for it any more; \
                         what needs it has to begin anew",
                        self.0.keep.seconds
                    );
                }
                stays
            });
        }
        while let Some((name, bytes)) = state.too_far_behind(self.0.keep.bytes) {
            tracing::warn!(
                "{name} is so far behind that {bytes} bytes of journal would have to stay, more than {}; \
                 it has to begin anew",
                self.0.keep.bytes
            );
            state.holders.remove(&name);
        }
        state.stale |= state.holders.len() < before;
        let floor = state.floor();
        state.stale || state.kept.first().is_some_and(|oldest| oldest.last <= floor)
    }

    /// What nobody needs any more, the oldest first. From here on nobody can hold it; the list on the
    /// disk is as of now when this returns, and the files may be deleted.
    ///
    /// # Errors
    /// As [`Floors::hold`]; the files are to stay then.
    pub(super) fn give_up(&self) -> Result<Vec<Kept>, HoldError> {
        let mut state = self.state();
        let floor = state.floor();
        let stays = state.kept.partition_point(|segment| segment.last <= floor);
        let useless: Vec<Kept> = state.kept.drain(..stays).collect();
        let behind = useless.last().map_or(0, |segment| segment.last + 1);
        state.begins = state.begins.max(behind);
        let changes = state.stale || behind > 0 && (state.listed || !state.holders.is_empty());
        drop(state);
        match if changes { self.write_down() } else { Ok(()) } {
            // A list that is behind names who is known to be too late, so it may be written later; on a full
            // disk only deleting makes the room for it.
            Err(HoldError::Disk(error)) => {
                tracing::warn!("the list of who needs older journal is behind: {error}");
                self.state().stale = true;
                Ok(useless)
            }
            done => done.map(|()| useless),
        }
    }

    /// What is kept, the oldest first.
    pub(super) fn kept(&self) -> Vec<Kept> {
        self.state().kept.clone()
    }

    /// Drops everybody who needs what stands before this position, because it cannot be read.
    pub(super) fn distrust_before(&self, begins: u64) {
        let mut state = self.state();
        let before = state.holders.len();
        state.begins = state.begins.max(begins);
        state.holders.retain(|name, held| {
            let stays = held.position.saturating_add(1) >= begins;
            if !stays {
                tracing::warn!("journal that {name} still needs is damaged; it has to begin anew");
            }
            stays
        });
        state.stale |= state.holders.len() < before;
    }

    fn write_down(&self) -> Result<(), HoldError> {
        let mut disk = self.0.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = disk.as_mut().ok_or(HoldError::Closed)?;
        let mut state = self.state();
        let list: Vec<_> = state.holders.iter().map(|(name, held)| (name.clone(), held.position)).collect();
        let stale = std::mem::take(&mut state.stale);
        state.listed = true;
        drop(state);
        let written = keep_file::write(disk.as_mut(), &list);
        self.state().stale |= stale && written.is_err();
        written.map_err(HoldError::Disk)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // It is whole after every statement, so a panic elsewhere does not spoil it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Up to where everybody has everything.
    fn floor(&self) -> u64 {
        self.holders.values().map(|held| held.position).min().unwrap_or(u64::MAX)
    }

    fn bytes_behind(&self, position: u64) -> u64 {
        self.kept.iter().filter(|segment| segment.last > position).map(|segment| segment.bytes).sum()
    }

    /// The one that is the farthest behind, when more would have to stay for it than this.
    fn too_far_behind(&self, most: u64) -> Option<(String, u64)> {
        let (name, held) = self.holders.iter().min_by_key(|(_, held)| held.position)?;
        let bytes = self.bytes_behind(held.position);
        (bytes > most).then(|| (name.clone(), bytes))
    }
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_HOLDER_NAME_BYTES).contains(&name.len()) && name.bytes().all(fits)
}

impl fmt::Display for HoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { begins } => {
                write!(f, "the journal begins at position {begins} now; begin anew from a checkpoint")
            }
            Self::Name => write!(
                f,
                "a holder's name is 1 to {MAX_HOLDER_NAME_BYTES} letters, digits, '-', '_', '.' or ':'"
            ),
            Self::TooMany => write!(f, "journal is kept for {MAX_HOLDERS} already; release one of them"),
            Self::Closed => f.write_str("the store is closed"),
            Self::Disk(error) => {
                write!(f, "the list of who needs older journal cannot be written: {error}")
            }
        }
    }
}

impl std::error::Error for HoldError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::MemoryDisk;

    fn kept(first: u64, last: u64) -> Kept {
        Kept { first, last, name: format!("{first}"), bytes: 1 }
    }

    #[test]
    fn on_a_full_disk_what_nobody_needs_goes_although_the_list_cannot_be_written() {
        let disk = MemoryDisk::new();
        let floors = Floors::open(Box::new(disk.clone()), Keep::ALL, 1).expect("a list");
        floors.hold("standby", 10).expect("a place");
        floors.note_kept(vec![kept(1, 10), kept(11, 20)]);
        disk.fail_after(0);
        // Only deleting makes the room that the list needs.
        assert_eq!(floors.give_up().expect("what nobody needs"), [kept(1, 10)]);
        assert_eq!((floors.begins(), floors.kept()), (11, vec![kept(11, 20)]));
        // The list on the disk is behind, and who would be too late by the true one is so now.
        assert!(matches!(floors.hold("late", 5), Err(HoldError::Cut { begins: 11 })));
        assert!(floors.look(None), "the list is still to be written");
        let again = Floors::open(Box::new(disk.process_death()), Keep::ALL, 11).expect("a list");
        assert_eq!(again.holders().iter().map(|one| one.position).collect::<Vec<_>>(), [10]);
    }
}
