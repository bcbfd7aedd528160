//! Makes checkpoints and deletes the journal that they stand for.
//!
//! The books in use are not touched for it, and nobody waits: a thread of low priority makes books of
//! its own from the last checkpoint and the sealed segments behind it, whose chain it proves again, and
//! writes their rows down. Only when that is durable under its name are segments deleted, the oldest
//! first, and then the older checkpoint. Whoever dies anywhere in between leaves files that the next
//! start passes over and clears away.

use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::load::{self, Base, replay};
use super::{Books, Fault, Options};
use crate::checkpoint::{self, About, Writer};
use crate::journal::{Disk, Journal, Kind, Mark, Start};

/// So much sealed journal makes a checkpoint worth its while, in bytes.
pub(super) const CHECKPOINT_AFTER_BYTES: u64 = 128 << 20;
/// How much lower than that of others the priority of the thread is.
const NICENESS: i32 = 19;

pub(super) struct Compaction<B: Books> {
    kind: Kind,
    after: u64,
    in_place: bool,
    /// Where the last checkpoint stands and how long it is.
    position: u64,
    bytes: u64,
    /// How much has to be sealed before the next try, after one that failed.
    again: u64,
    under_way: Option<UnderWay>,
    books: PhantomData<B>,
}

struct UnderWay {
    thread: Option<JoinHandle<Result<Made, String>>>,
    stop: Arc<AtomicBool>,
    /// How much sealed journal the checkpoint will stand for.
    sealed: u64,
}

/// A checkpoint that is in its place.
struct Made {
    position: u64,
    bytes: u64,
}

/// What a checkpoint is made of and where it goes.
struct Work {
    disk: Box<dyn Disk>,
    kind: Kind,
    mark: Mark,
    until: u64,
    stop: Arc<AtomicBool>,
}

impl<B: Books> Compaction<B> {
    pub(super) fn new(kind: Kind, options: &Options, position: u64, bytes: u64) -> Self {
        let Options { checkpoint_after: after, in_place, .. } = *options;
        Self { kind, after, in_place, position, bytes, again: 0, under_way: None, books: PhantomData }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Begins a checkpoint when it is time to, and takes note of one that is done.
    pub(super) fn turn(&mut self, journal: &mut Journal) {
        if let Some(under_way) = &self.under_way {
            if under_way.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
                return;
            }
            self.wait(journal);
        }
        let Some((head, sealed)) = journal.sealed() else { return };
        if sealed < self.after.max(self.bytes / 2).max(self.again) {
            return;
        }
        let (disk, mark) = (journal.disk(), journal.mark());
        let stop = Arc::new(AtomicBool::new(false));
        let work = Work { disk, kind: self.kind, mark, until: head.position, stop: Arc::clone(&stop) };
        if self.in_place {
            return self.note(journal, sealed, work.make::<B>());
        }
        let spawned = std::thread::Builder::new().name("checkpoint".into()).spawn(move || {
            // Without the right to it, it is done at the priority of all others.
            let _ = rustix::process::nice(NICENESS);
            work.make::<B>()
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

    fn note(&mut self, journal: &mut Journal, sealed: u64, made: Result<Made, String>) {
        match made {
            Ok(Made { position, bytes }) => {
                journal.forget_sealed(sealed);
                (self.position, self.bytes, self.again) = (position, bytes, 0);
            }
            Err(why) => {
                // The journal is all there, so nothing is lost but room on the disk.
                tracing::error!("no checkpoint could be made, so the journal stays as long as it is: {why}");
                self.again = sealed + 1;
            }
        }
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
        let mut base = Base::<B>::newest(self.disk.as_ref(), self.kind).map_err(fault)?;
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
        let again = load::load::<B>(self.disk.as_ref(), self.kind, head.position);
        let sound = again.map_err(|damage| damage.to_string()).and_then(|again| {
            if again.start.head == head { Ok(()) } else { Err("it is of another head".to_owned()) }
        });
        if let Err(why) = sound {
            self.disk.delete(&checkpoint::file_name(head.position)).map_err(io)?;
            return Err(format!("the checkpoint that was made does not read back: {why}"));
        }
        clear_away(self.disk.as_mut(), head.position);
        Ok(Made { position: head.position, bytes })
    }

    fn check(&self) -> io::Result<()> {
        check(&self.stop)
    }
}

fn check(stop: &AtomicBool) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
}

/// Deletes what the checkpoint at a position stands for, and what was left of others. What cannot be
/// deleted is passed over by every start, and tried again by the next one.
pub(super) fn clear_away(disk: &mut dyn Disk, position: u64) {
    let Ok(names) = disk.list() else { return };
    let segments = crate::journal::segments(&names).into_iter().filter(|(first, _)| *first <= position);
    let mut useless: Vec<String> = segments.map(|(_, name)| name).collect();
    let older = checkpoint::positions(&names).into_iter().filter(|older| *older < position);
    useless.extend(older.map(checkpoint::file_name));
    useless.extend(names.into_iter().filter(|name| checkpoint::is_left_over(name)));
    for name in useless {
        if let Err(error) = disk.delete(&name) {
            tracing::warn!("{name} is not needed any more and cannot be deleted: {error}");
            return;
        }
    }
}
