//! Backups that a running daemon makes by itself, on a thread of low priority, and what became of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use super::chain;
use super::make::{Made, Wanted, make};
use super::retain::retain;
use super::verify::last_verified;
use super::{BackupError, BackupKey, Point, Subject};
use crate::config::Config;
use crate::measure::{Count, Registry};
use crate::store::Floors;
use crate::time::Timestamp;
use crate::writer::hand_in;

/// How much lower than that of others the priority of the thread is.
const NICENESS: i32 = 19;
/// The name under which the journal behind the last backup is held.
const HOLDER: &str = "backup";
/// How often the thread looks at what is due.
const LOOK: Duration = Duration::from_millis(250);
/// How many increments follow a full backup, before the next one is made.
const INCREMENTS: usize = 23;
/// How soon one that failed is tried again, at most.
const AGAIN: Duration = Duration::from_secs(60);
/// How many chains are kept, unless the file says otherwise.
const KEEP: usize = 2;
/// Most backups that are asked for at once.
const MAX_ASKED: usize = 4;
/// How far apart backups may be, in seconds: up to a month.
const EVERY_SECONDS: std::ops::RangeInclusive<u64> = 1..=31 * 24 * 3_600;
/// Most chains that may be kept.
const MAX_KEEP: usize = 1_000;

/// What the configuration says of backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The folder of backups.
    pub to: PathBuf,
    pub every: Duration,
    /// The file with the backup key.
    pub key: PathBuf,
    /// How many chains are kept.
    pub keep: usize,
}

impl Plan {
    /// Takes `backup_to`, `backup_every`, `backup_key` and `backup_keep` out of a configuration. Nothing
    /// without the first.
    pub fn take(config: &mut Config) -> Option<Self> {
        let path = |config: &mut Config, key: &str, expected: &str| {
            let path: Option<PathBuf> = config.take(key, expected);
            path.map(|path| config.beside(&path))
        };
        let to = path(config, "backup_to", "a folder name");
        let key = path(config, "backup_key", "a file name");
        let seconds =
            format!("a number of seconds from {} to {}", EVERY_SECONDS.start(), EVERY_SECONDS.end());
        let every: Option<u64> = config.take("backup_every", &seconds);
        let chains = format!("a number from 1 to {MAX_KEEP}");
        let keep: Option<usize> = config.take("backup_keep", &chains);
        if keep.is_some_and(|keep| keep == 0 || keep > MAX_KEEP) {
            config.mistake(&format!("backup_keep: expected {chains}"));
        }
        if every.is_some_and(|every| !EVERY_SECONDS.contains(&every)) {
            config.mistake(&format!("backup_every: expected {seconds}"));
        }
        match (to, key, every) {
            (None, None, None) => {
                if keep.is_some() {
                    config.mistake("backup_to: is missing; backup_keep says how many chains stay there");
                }
                None
            }
            (Some(to), Some(key), Some(every)) => {
                Some(Self { to, every: Duration::from_secs(every), key, keep: keep.unwrap_or(KEEP) })
            }
            (to, key, every) => {
                let have = [
                    ("backup_to", to.is_some()),
                    ("backup_key", key.is_some()),
                    ("backup_every", every.is_some()),
                ];
                have.iter().filter(|(_, there)| !there).for_each(|(name, _)| {
                    config.mistake(&format!(
                        "{name}: is missing; backups need backup_to, backup_key and backup_every"
                    ));
                });
                None
            }
        }
    }
}

/// Lets the journal go that earlier backups held, where none are scheduled any more.
fn release(floors: &Floors) {
    if let Err(error) = floors.release(HOLDER) {
        tracing::warn!("the journal behind the last backup is still held: {error}");
    }
}

/// How the scheduled backups are doing, as operators see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How far apart backups are made, in seconds.
    pub every_seconds: u64,
    pub last: Option<Last>,
    /// The last failure, unless a backup was made since.
    pub failed: Option<Failed>,
}

/// The last backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    pub nth: u64,
    pub full: bool,
    pub at: Timestamp,
    /// Up to which record of the journal it goes.
    pub position: u64,
}

/// Why a backup could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub at: Timestamp,
    pub why: String,
}

/// The state that the thread writes and operators read.
#[derive(Clone, Debug, Default)]
pub struct Board {
    progress: Arc<Mutex<Option<Progress>>>,
    /// Where the backups are, once they are scheduled.
    folder: Arc<OnceLock<PathBuf>>,
    registry: Option<Registry>,
}

impl Board {
    /// The same one, which counts what becomes of the backups.
    #[must_use]
    pub fn measured(self, registry: &Registry) -> Self {
        Self { registry: Some(registry.clone()), ..self }
    }

    fn count(&self, figure: Count) {
        self.registry.iter().for_each(|registry| registry.count(figure));
    }

    /// When the backups were last verified where they are; nothing when they never were.
    pub fn verified(&self) -> Option<Timestamp> {
        last_verified(self.folder.get()?)
    }

    /// How the scheduled backups are doing; nothing where none are scheduled.
    pub fn read(&self) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What became of the last attempt.
    fn outcome(&self, made: bool) -> Result<Last, String> {
        let progress = self.read().unwrap_or_default();
        match (made, progress) {
            (true, Progress { last: Some(last), .. }) => Ok(last),
            (_, Progress { failed: Some(failed), .. }) => Err(failed.why),
            (_, Progress { failed: None, .. }) => Err("the daemon is going down".to_owned()),
        }
    }

    fn write(&self, change: impl FnOnce(&mut Progress)) {
        change(self.progress.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default());
    }
}

/// A look at the books, and at the position of the last record that is durable then.
pub type Look<B> = Box<dyn FnOnce(&B, u64) + Send>;

/// The command by which a writer lets somebody look, and what the books come to by name.
pub type Reading<B, C> = (fn(Look<B>) -> C, fn(&B) -> BTreeMap<String, i64>);

/// Whoever waits for a backup: the one that was made, or why there is none.
pub type Waiting = oneshot::Sender<Result<Last, String>>;

/// Has a backup made before it is due.
#[derive(Clone)]
pub struct Asker {
    ask: SyncSender<Waiting>,
    stopping: watch::Receiver<bool>,
}

impl Asker {
    /// Has a backup made, and waits for it. Whoever asks while one is being made waits for the next. One that
    /// stops keeps nobody waiting, whatever it is at.
    ///
    /// # Errors
    /// A line on why there is none, when too many are asked for at once, or there is no schedule any more.
    pub async fn make(&self) -> Result<Last, String> {
        let going_down = || Err("the daemon is going down".to_owned());
        let mut stopping = self.stopping.clone();
        if *stopping.borrow() {
            return going_down();
        }
        let (tell, told) = oneshot::channel();
        let why = "as many backups are asked for as may be at once; wait for them";
        self.ask.try_send(tell).map_err(|_| why.to_owned())?;
        tokio::select! {
            made = told => made.unwrap_or_else(|_| going_down()),
            _ = stopping.wait_for(|stopping| *stopping) => going_down(),
        }
    }
}

/// The thread that makes backups. It ends when this is dropped, and leaves nothing half made.
pub struct Schedule {
    asker: Asker,
    stop: Arc<AtomicBool>,
    stopping: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Schedule {
    /// Starts the thread. The key is read at once, so that a daemon whose backups could never be made
    /// says so when it is started.
    ///
    /// # Errors
    /// A line on what is wrong with the key, or when the thread cannot be started.
    pub fn start(
        subject: Subject,
        data: PathBuf,
        plan: Plan,
        (board, floors): (Board, Floors),
        mut point: impl FnMut() -> Result<Point, BackupError> + Send + 'static,
    ) -> Result<Self, String> {
        let key = BackupKey::read(&plan.key, None).map_err(|error| error.to_string())?;
        board.write(|progress| progress.every_seconds = plan.every.as_secs());
        // There is one schedule for a board.
        let _ = board.folder.set(plan.to.clone());
        let (asker, asked) = sync_channel::<Waiting>(MAX_ASKED);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            // Without the right to it, it is done at the priority of all others.
            let _ = rustix::process::nice(NICENESS);
            let mut due = Instant::now() + first_due(&plan, &key);
            loop {
                let waiting = match asked.recv_timeout(LOOK) {
                    Err(RecvTimeoutError::Timeout) => None,
                    Ok(waiting) => Some(waiting),
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                if waiting.is_none() && Instant::now() < due {
                    continue;
                }
                let made = one(&subject, (&data, &plan, &key), (&board, &floors, &stopped), &mut point);
                due = Instant::now() + next_due(&plan, made);
                // Whoever asked may have gone meanwhile.
                let _ = waiting.map(|waiting| waiting.send(board.outcome(made)));
            }
        };
        let thread = std::thread::Builder::new().name("backup".into()).spawn(work);
        let thread = thread.map_err(|error| format!("cannot start a thread for backups: {error}"))?;
        let (stopping, told) = watch::channel(false);
        let asker = Asker { ask: asker, stopping: told };
        Ok(Self { asker, stop, stopping, thread: Some(thread) })
    }

    /// Begins nothing more, leaves what is being made undone, and keeps nobody waiting who asked for it.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.stopping.send_replace(true);
    }

    /// Starts the thread beside a running daemon, if a plan asks for it: each backup goes up to where the
    /// writer's books are when it is begun. `read` is the command by which the writer lets somebody look.
    ///
    /// # Errors
    /// As [`Schedule::start`].
    pub fn beside<B: 'static, C: Send + 'static>(
        subject: Subject,
        (data, plan): (&Path, Option<Plan>),
        (board, floors): (Board, Floors),
        writer: &mpsc::Sender<C>,
        (read, totals): Reading<B, C>,
    ) -> Result<Option<Self>, String> {
        let Some(plan) = plan else {
            release(&floors);
            return Ok(None);
        };
        // It must not keep the writer's queue open when the daemon stops.
        let (runtime, writer) = (Handle::current(), writer.downgrade());
        let gone = move || BackupError::Refused(format!("the {} is going down", subject.daemon.word));
        let point = move || {
            let Some(writer) = writer.upgrade() else { return Err(gone()) };
            runtime.block_on(async {
                let (tell, told) = oneshot::channel();
                let look = Box::new(move |books: &B, position| {
                    // Whoever asked may have gone meanwhile.
                    let _ = tell.send(Point { position, totals: totals(books) });
                });
                hand_in(&writer, read(look)).await.map_err(|_| gone())?;
                drop(writer);
                told.await.map_err(|_| gone())
            })
        };
        Self::start(subject, data.to_owned(), plan, (board, floors), point).map(Some)
    }

    /// The way to ask for a backup now.
    pub fn asker(&self) -> Asker {
        self.asker.clone()
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.stop();
        // It reads the data folder, which whoever stops the daemon may be about to move.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How long it is until the next backup is due: one that is started often makes no fewer for it.
fn first_due(plan: &Plan, key: &BackupKey) -> Duration {
    let newest = chain::numbers(&plan.to).ok().and_then(|numbers| numbers.last().copied());
    let newest = newest.and_then(|nth| chain::one(&plan.to, nth, key).ok());
    let Some(made_at) = newest.map(|backup| backup.manifest.made_at) else { return Duration::ZERO };
    let since = Timestamp::from_system_clock().0.saturating_sub(made_at.0);
    plan.every.saturating_sub(Duration::from_micros(since))
}

/// How long it is until the next one is due after one that was made, or could not be.
fn next_due(plan: &Plan, made: bool) -> Duration {
    if made { plan.every } else { plan.every.min(AGAIN) }
}

/// Makes one backup, and says whether there is one.
fn one(
    subject: &Subject,
    (data, plan, key): (&Path, &Plan, &BackupKey),
    (board, floors, stop): (&Board, &Floors, &AtomicBool),
    point: &mut dyn FnMut() -> Result<Point, BackupError>,
) -> bool {
    let now = Timestamp::from_system_clock();
    let full = is_full_due(plan, key);
    let wanted = Wanted { data, to: &plan.to, full, now, stop: Some(stop) };
    let made = make(subject, &wanted, key, point).and_then(|made| {
        // What is old is none the worse for staying until the next start.
        let kept = if made.backup.manifest.is_full() && !stop.load(Ordering::Relaxed) {
            retain(subject, &plan.to, key, plan.keep).map(|_| ())
        } else {
            Ok(())
        };
        note_made(board, floors, &made);
        kept
    });
    let Err(error) = made else { return true };
    if !stop.load(Ordering::Relaxed) {
        let why = error.to_string();
        tracing::error!("a backup failed: {why}");
        board.write(|progress| progress.failed = Some(Failed { at: now, why }));
        board.count(Count::BackupsFailed);
    }
    false
}

fn note_made(board: &Board, floors: &Floors, Made { backup, notes }: &Made) {
    // An increment needs the journal behind the last backup. Where it cannot be held, the next one is full.
    if let Err(error) = floors.hold(HOLDER, backup.manifest.ends.position) {
        tracing::warn!("the journal behind backup {} is not held: {error}", backup.nth);
    }
    notes.iter().for_each(|note| tracing::warn!("backup {}: {note}", backup.nth));
    let manifest = &backup.manifest;
    let last = Last {
        nth: backup.nth,
        full: manifest.is_full(),
        at: manifest.made_at,
        position: manifest.ends.position,
    };
    board.write(|progress| (progress.last, progress.failed) = (Some(last), None));
    board.count(Count::BackupsMade);
}

/// Whether the chain is long enough: each increment more is one more that a restore hangs on.
fn is_full_due(plan: &Plan, key: &BackupKey) -> bool {
    let numbers = chain::numbers(&plan.to).unwrap_or_default();
    let newest = numbers.last().copied();
    let chain = newest.map(|newest| chain::chain(&plan.to, newest, key));
    // A chain with a hole in it is not gone on from.
    chain.is_some_and(|chain| chain.map_or(true, |chain| chain.len() > INCREMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_failed_is_tried_again_within_a_minute_and_no_sooner_than_the_next_would_be() {
        let plan = |seconds| Plan {
            to: PathBuf::new(),
            every: Duration::from_secs(seconds),
            key: PathBuf::new(),
            keep: 1,
        };
        assert_eq!(next_due(&plan(3_600), true), Duration::from_secs(3_600));
        assert_eq!(next_due(&plan(3_600), false), AGAIN);
        assert_eq!(next_due(&plan(5), false), Duration::from_secs(5));
    }
}
