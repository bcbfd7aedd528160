//! Makes checkpoints and deletes the journal that they stand for.
//!
//! The books in use are not touched for it, and nobody waits: a thread of low priority makes books of
//! its own from the last checkpoint and the sealed segments behind it, whose chain it proves again, and
//! writes their rows down. Only when that is durable under its name and was read back are segments
//! deleted, the oldest first and only as far as nobody holds them ([`super::keep`]), and then the older
//! checkpoint. Whoever dies anywhere in between leaves files that the next start passes over and clears
//! away.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::load::{self, Base, Depth, replay};
use super::{Books, Fault, Floors, Options, cut};
use crate::checkpoint::{self, About, Writer};
use crate::journal::{Disk, Head, Journal, Kind, Mark, Start};
use crate::time::Timestamp;

/// So much sealed journal makes a checkpoint worth its while, in bytes.
pub(super) const CHECKPOINT_AFTER_BYTES: u64 = 128 << 20;
/// And at least this part of the last checkpoint. A start replays that much and the newest segment at the
/// most, and a checkpoint is written again for it.
const PART_OF_LAST: u64 = 4;
/// How much lower than that of others the priority of the thread is.
const NICENESS: i32 = 19;
/// How often it is seen who holds journal back, in microseconds.
const LOOK_MICROS: u64 = 1_000_000;

pub(super) struct Compaction<B: Books> {
    kind: Kind,
    after: u64,
    in_place: bool,
    /// Where the last checkpoint stands and how long it is.
    head: Head,
    bytes: u64,
    floors: Floors,
    /// Whether the journal from before the checkpoint that was found on opening is still to be proved.
    unproved: bool,
    looked: Timestamp,
    /// How much has to be sealed before the next try, after one that failed.
    again: u64,
    under_way: Option<UnderWay>,
    books: PhantomData<B>,
}

struct UnderWay {
    /// Gives the checkpoint that was made, when it was to make one.
    thread: Option<JoinHandle<Result<Option<Made>, String>>>,
    stop: Arc<AtomicBool>,
    /// How much sealed journal the checkpoint will stand for.
    sealed: u64,
}

/// A checkpoint that is in its place.
struct Made {
    head: Head,
    bytes: u64,
}

/// What a checkpoint is made of and where it goes.
struct Work {
    disk: Box<dyn Disk>,
    kind: Kind,
    mark: Mark,
    until: u64,
    floors: Floors,
    stop: Arc<AtomicBool>,
}

impl<B: Books> Compaction<B> {
    pub(super) fn new(kind: Kind, options: &Options, (head, bytes): (Head, u64), floors: Floors) -> Self {
        let Options { checkpoint_after: after, in_place, .. } = *options;
        let unproved = !floors.kept().is_empty();
        let (looked, again, under_way, books) = (Timestamp::default(), 0, None, PhantomData);
        Self { kind, after, in_place, head, bytes, floors, unproved, looked, again, under_way, books }
    }

    pub(super) fn position(&self) -> u64 {
        self.head.position
    }

    pub(super) fn floors(&self) -> Floors {
        self.floors.clone()
    }

    /// Begins a checkpoint when it is time to, and takes note of one that is done; or deletes what is
    /// held no more.
    pub(super) fn turn(&mut self, journal: &mut Journal, now: Timestamp) {
        if let Some(under_way) = &self.under_way {
            if under_way.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
                return;
            }
            self.wait(journal);
        }
        let enough = self.after.max(self.bytes / PART_OF_LAST).max(self.again);
        if let Some((head, sealed)) = journal.sealed().filter(|(_, sealed)| *sealed >= enough) {
            let (kind, mark, floors) = (self.kind, journal.mark(), self.floors.clone());
            let stop = Arc::new(AtomicBool::new(false));
            let until = head.position;
            let work = Work { disk: journal.disk(), kind, mark, until, floors, stop: Arc::clone(&stop) };
            self.start(journal, sealed, stop, move || work.make::<B>().map(Some));
        } else if self.unproved || self.is_cut_due(now) {
            self.tidy(journal);
        }
    }

    fn is_cut_due(&mut self, now: Timestamp) -> bool {
        let due = Timestamp(self.looked.0.saturating_add(LOOK_MICROS));
        // A clock that was set back must not keep anybody from being seen.
        if now < due && now >= self.looked {
            return false;
        }
        self.looked = now;
        self.floors.look(Some(now))
    }

    /// Proves what is kept, once, and deletes what nobody needs any more.
    fn tidy(&mut self, journal: &mut Journal) {
        let (mut disk, floors, mark) = (journal.disk(), self.floors.clone(), journal.mark());
        let (kind, head, proves) = (self.kind, self.head, std::mem::take(&mut self.unproved));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        self.start(journal, 0, stop, move || {
            if proves {
                cut::prove(disk.as_ref(), (kind, mark), head, (&floors, &stopped));
            }
            cut::cut(disk.as_mut(), &floors);
            Ok(None)
        });
    }

    fn start(
        &mut self,
        journal: &mut Journal,
        sealed: u64,
        stop: Arc<AtomicBool>,
        work: impl FnOnce() -> Result<Option<Made>, String> + Send + 'static,
    ) {
        if self.in_place {
            return self.note(journal, sealed, work());
        }
        let spawned = std::thread::Builder::new().name("checkpoint".into()).spawn(move || {
            // Without the right to it, it is done at the priority of all others.
            let _ = rustix::process::nice(NICENESS);
            work()
        });
        match spawned {
            Ok(thread) => self.under_way = Some(UnderWay { thread: Some(thread), stop, sealed }),
            Err(error) => self.note(journal, sealed, Err(error.to_string())),
        }
    }

    /// Waits for the checkpoint that is under way.
    pub(super) fn wait(&mut self, journal: &mut Journal) {
        let Some(mut under_way) = self.under_way.take() else { return };
        if let Some(thread) = under_way.thread.take() {
            let made = thread.join().unwrap_or_else(|_| Err("the thread panicked".to_owned()));
            self.note(journal, under_way.sealed, made);
        }
    }

    fn note(&mut self, journal: &mut Journal, sealed: u64, made: Result<Option<Made>, String>) {
        match made {
            Ok(Some(Made { head, bytes })) => {
                journal.forget_sealed(sealed);
                (self.head, self.bytes, self.again) = (head, bytes, 0);
            }
            Ok(None) => {}
            Err(why) => {
                // The journal is all there, so nothing is lost but room on the disk.
                tracing::error!("no checkpoint could be made, so the journal stays as long as it is: {why}");
                self.again = sealed + 1;
            }
        }
    }
}

impl<B: Books> Drop for Compaction<B> {
    fn drop(&mut self) {
        // Whoever still has the floors must not hold the lock on the folder.
        self.under_way = None;
        self.floors.close();
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It holds the lock on the folder, and whoever opens it next expects to get that.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Work {
    fn make<B: Books>(mut self) -> Result<Made, String> {
        let made = self.attempt::<B>();
        if made.is_err() {
            // The next try has another name, and a full disk must not fill up with tries.
            for name in self.disk.list().unwrap_or_default() {
                if checkpoint::is_left_over(&name) {
                    let _ = self.disk.delete(&name);
                }
            }
        }
        made
    }

    fn attempt<B: Books>(&mut self) -> Result<Made, String> {
        let fault = |fault: Fault| fault.to_string();
        let mut base = Base::<B>::newest(self.disk.as_ref(), self.kind, Depth::Proved).map_err(fault)?;
        let start = Start { until: Some(self.until), ..base.start };
        let mut first = base.position() + 1;
        let found = replay::<B>(self.disk.as_ref(), self.kind, start, |step| {
            self.check().map_err(|error| Fault::Books { position: self.until, why: error.to_string() })?;
            let position = step.stamp.position;
            let wrong = |why| Fault::Books { position, why };
            base.books.apply(&step.change, step.stamp).map_err(wrong)?;
            if let Some(head) = step.ends {
                base.books.end_group(std::mem::replace(&mut first, position + 1), head);
            }
            Ok(())
        });
        let head = found.map_err(fault)?.head();
        if head.position != self.until {
            return Err(format!("the journal ends at {} and not at {}", head.position, self.until));
        }
        let io = |error: io::Error| error.to_string();
        let about = About { kind: self.kind, mark: self.mark, head };
        let stop = Arc::clone(&self.stop);
        let mut writer = Writer::begin(self.disk.as_mut(), about).map_err(io)?;
        base.books
            .rows(&mut |key, row| {
                check(&stop)?;
                writer.row(key, row)
            })
            .map_err(io)?;
        let bytes = writer.finish().map_err(io)?;
        drop(base);
        // What it stands for is deleted only when books were made of it once more.
        let again = load::load::<B>(self.disk.as_ref(), self.kind, head.position, Depth::Whole);
        let sound = again.map_err(|damage| damage.to_string()).and_then(|again| {
            if again.start.head == head { Ok(()) } else { Err("it is of another head".to_owned()) }
        });
        if let Err(why) = sound {
            self.disk.delete(&checkpoint::file_name(head.position)).map_err(io)?;
            return Err(format!("the checkpoint that was made does not read back: {why}"));
        }
        cut::clear_away(self.disk.as_mut(), head.position, &self.floors);
        Ok(Made { head, bytes })
    }

    fn check(&self) -> io::Result<()> {
        check(&self.stop)
    }
}

fn check(stop: &AtomicBool) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
}
