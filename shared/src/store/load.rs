//! Makes books from a checkpoint and from the journal behind it, on more than one thread: one reads
//! and proves, one or two decode, and the one that calls takes everything in.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Books, Fault, Stamp, Took};
use crate::checkpoint::{self, About, CheckpointDamage, Reader};
use crate::journal::{self, Disk, Found, Head, JournalError, Kind, Start};
use crate::notify;

/// Threads that read and decode a checkpoint.
const DECODERS: usize = 2;
/// Stripes, or batches of records, that may be ready and not yet taken in.
const READY: usize = 4;
/// Records that are handed over together.
const BATCH: usize = 512;

/// Where the books begin, before the journal is replayed.
pub(super) struct Base<B> {
    pub books: B,
    pub start: Start,
    /// How long the checkpoint is, in bytes; 0 where there is none.
    pub bytes: u64,
    /// What has to be written where to make the checkpoint whole again.
    pub mends: Vec<(u64, Vec<u8>)>,
    /// Newer checkpoints that could not be read.
    pub passed_over: Vec<CheckpointDamage>,
    pub took: Took,
}

/// How closely the rows of a checkpoint are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// As its hashes prove them to have been checked.
    Proved,
    /// Each once more, by [`Books::check_row`].
    Whole,
}

/// One record on its way from the journal into the books.
pub(super) struct Step<C> {
    pub change: C,
    pub stamp: Stamp,
    /// The journal's head after it, when it ends its group.
    pub ends: Option<Head>,
}

impl<B: Books> Base<B> {
    /// Loads the newest checkpoint that can be read, or none where there is none.
    ///
    /// # Errors
    /// [`Fault::Journal`] when the disk fails.
    pub(super) fn newest(disk: &dyn Disk, kind: Kind, depth: Depth) -> Result<Self, Fault> {
        let listing = |error| Fault::Journal(JournalError::io("listing", "the journal", error));
        let positions = checkpoint::positions(&disk.list().map_err(listing)?);
        let mut passed_over = Vec::new();
        for position in positions {
            match load::<B>(disk, kind, position, depth) {
                Ok(base) => return Ok(Self { passed_over, ..base }),
                Err(damage) => passed_over.push(damage),
            }
        }
        let (books, start) = (B::default(), Start::default());
        Ok(Self { books, start, bytes: 0, mends: Vec::new(), passed_over, took: Took::default() })
    }

    /// The newest checkpoint that was passed over, when the journal does not reach as far as it did:
    /// then records that were acknowledged are gone.
    pub(super) fn short_of(&self, head: Head) -> Option<&CheckpointDamage> {
        let damage = self.passed_over.first()?;
        let position = checkpoint::positions(std::slice::from_ref(&damage.file)).first().copied()?;
        (head.position < position).then_some(damage)
    }

    /// Where this checkpoint stands, or 0.
    pub(super) fn position(&self) -> u64 {
        self.start.head.position
    }
}

/// Makes books of the checkpoint at a position.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn load<B: Books>(
    disk: &dyn Disk,
    kind: Kind,
    position: u64,
    depth: Depth,
) -> Result<Base<B>, CheckpointDamage> {
    let (began, mut took) = (Instant::now(), Took::default());
    let reader = Reader::new(disk, kind, position);
    let mut books = B::default();
    books.expect_rows(reader.likely_rows().unwrap_or_default());
    let reader = Mutex::new(reader);
    let (tell, ready) = sync_channel(READY);
    let why = |why| CheckpointDamage { file: checkpoint::file_name(position), offset: 0, why };
    thread::scope(|scope| {
        let decoders: Vec<_> = (0..DECODERS)
            .map(|_| {
                let (reader, tell) = (&reader, tell.clone());
                scope.spawn(move || decode::<B>(reader, depth, &tell))
            })
            .collect();
        drop(tell);
        let taken = ready.into_iter().try_for_each(|rows: Vec<B::Row>| {
            let start = Instant::now();
            let taken = rows.into_iter().try_for_each(|row| books.take_row(row).map_err(why));
            took.taking += start.elapsed();
            notify::step();
            taken
        });
        let ends = decoders
            .into_iter()
            .map(|decoder| decoder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ends.fold(taken, |so_far, end| {
            let (reading, decoding) = so_far.and(end)?;
            took.reading += reading;
            took.decoding += decoding;
            Ok(())
        })
    })?;
    let reader = reader.into_inner().unwrap_or_else(PoisonError::into_inner);
    let about: Option<About> = reader.about();
    let (bytes, mends) = reader.finish();
    let about = about.ok_or_else(|| why("it is empty".to_owned()))?;
    let start = Start { head: about.head, mark: Some(about.mark), until: None };
    took.checkpoint = began.elapsed();
    Ok(Base { books, start, bytes, mends, passed_over: Vec::new(), took })
}

/// Gives how long it read, and how long it decoded.
fn decode<B: Books>(
    reader: &Mutex<Reader<'_>>,
    depth: Depth,
    tell: &SyncSender<Vec<B::Row>>,
) -> Result<(Duration, Duration), CheckpointDamage> {
    let (mut reading, mut decoding, mut done) = (Duration::ZERO, Duration::ZERO, None);
    loop {
        let mut alone = reader.lock().unwrap_or_else(PoisonError::into_inner);
        done.into_iter().for_each(|stripe| alone.reuse(stripe));
        let start = Instant::now();
        let next = alone.next();
        drop(alone);
        reading += start.elapsed();
        let Some(stripe) = next? else { return Ok((reading, decoding)) };
        let start = Instant::now();
        let mut rows = Vec::with_capacity(stripe.rows());
        stripe.each_row(|key, row| {
            if depth == Depth::Whole {
                B::check_row(key, row)?;
            }
            rows.push(B::read_row(key, row)?);
            Ok(())
        })?;
        decoding += start.elapsed();
        done = Some(stripe);
        if tell.send(rows).is_err() {
            return Ok((reading, decoding));
        }
    }
}

/// Replays the journal from a place on: it is read, proved and decoded on another thread, and each
/// record is handed to `each` on this one.
///
/// # Errors
/// [`Fault`] at the first record that is damaged or that `each` refuses.
pub(super) fn replay<B: Books>(
    disk: &dyn Disk,
    kind: Kind,
    start: Start,
    mut each: impl FnMut(Step<B::Change>) -> Result<(), Fault>,
) -> Result<Found, Fault> {
    let (tell, ready) = sync_channel::<Vec<Step<B::Change>>>(READY);
    thread::scope(|scope| {
        let reader = scope.spawn(move || read::<B>(disk, kind, start, &tell));
        let mut outcome = Ok(());
        for step in ready.into_iter().flatten() {
            outcome = each(step);
            notify::step();
            if outcome.is_err() {
                // The channel goes with the loop, which ends the reader.
                break;
            }
        }
        let found = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        outcome.and(found)
    })
}

fn read<B: Books>(
    disk: &dyn Disk,
    kind: Kind,
    start: Start,
    tell: &SyncSender<Vec<Step<B::Change>>>,
) -> Result<Found, Fault> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut wrong = None;
    let found = journal::prove(disk, kind, start, &mut |record: journal::Record| -> Result<(), String> {
        let stamp = Stamp { position: record.position, time: record.time };
        let change = B::decode(&record.payload).inspect_err(|why| {
            wrong = Some(Fault::Books { position: record.position, why: why.clone() });
        })?;
        batch.push(Step { change, stamp, ends: record.ends_group.then(|| record.head()) });
        if batch.len() >= BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            tell.send(full).map_err(|_| "nobody takes it any more".to_owned())?;
        }
        Ok(())
    });
    // What stands before a bad place is handed over all the same.
    let _ = tell.send(batch);
    match wrong {
        Some(fault) => Err(fault),
        None => found.map_err(Fault::Journal),
    }
}
