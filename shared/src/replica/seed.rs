//! How a standby comes to its data folder: it opens the one it has, or begins with the checkpoint of the
//! node in charge, or with nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::dial::{Dial, NoFeed, ask};
use super::wire::{Begin, End, Has, Refusal, Reply, Request, Welcome};
use crate::aside;
use crate::checkpoint;
use crate::daemon;
use crate::exchange::Client;
use crate::ids::NodeId;
use crate::journal::{Disk, FileDisk, Kind, segments};
use crate::store::{Books, Keep, Options, Store};

/// The file that says that a folder was begun with a checkpoint and has nothing behind it yet.
const MARK: &str = "seeding";
/// How long the node in charge may take to answer before a standby that has a journal starts without.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a standby that has nothing waits before it asks again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a checkpoint is begun anew because a newer one has taken its place.
const TRIES: u32 = 4;

/// Whose folder it is, and whom it follows.
pub struct Wanted<'a> {
    pub data: &'a Path,
    pub kind: Kind,
    pub node: NodeId,
    pub dial: &'a Dial,
    /// Whether the journal that is here is set aside.
    pub rejoin: bool,
    /// How long its journal is kept for those who follow it in turn, and for backups.
    pub keep: Keep,
}

/// A store to follow with, and the mark that is to be removed once a group behind its checkpoint is there.
pub struct Seeded<B: Books> {
    pub store: Store<B>,
    pub mark: Option<PathBuf>,
    /// Whether a journal was set aside for it. What was said of the node that had that is not true of this one.
    pub is_anew: bool,
    /// Whether the node in charge has answered, and has all that is here.
    pub is_welcome: bool,
}

/// Refuses a folder that was begun with a checkpoint and has nothing behind it yet.
///
/// # Errors
/// A line on what to do.
pub fn refuse_half_seeded(data: &Path) -> Result<(), String> {
    if data.join(MARK).exists() {
        let data = data.display();
        return Err(format!(
            "{data}: this standby was not given all of its checkpoint yet; run `standby` on it until it follows"
        ));
    }
    Ok(())
}

/// Opens the store of a standby, or makes it. With an empty folder it waits until the node in charge
/// answers.
///
/// # Errors
/// A line on what keeps it from following, and what to do.
pub async fn open<B: Books>(wanted: &Wanted<'_>) -> Result<Seeded<B>, String> {
    let Wanted { data, kind, node, dial, rejoin, keep } = *wanted;
    let mark = data.join(MARK);
    // One that was begun before may have had a journal before that.
    let mut is_anew = rejoin || mark.exists();
    if mark.exists() {
        clear(data).map_err(|error| format!("{}: cannot be cleared: {error}", data.display()))?;
    } else if rejoin {
        set_aside(data)?;
    }
    if has_journal(data) {
        let mut store =
            daemon::open_keeping::<B>(data, kind, None, keep).map_err(|fault| fault.to_string())?;
        let has = Has { journal: store.journal_id(), end: store.head().into() };
        let source = store.source();
        // When the one in charge is gone, this is the node to promote.
        let welcome = timeout(PATIENCE, hello(dial, (node, kind), Some(has))).await;
        match welcome {
            Ok(Ok((_, Welcome { begin: Begin::Here, journal, .. }))) => {
                store.adopt(journal).map_err(|fault| fault.to_string())?;
                return Ok(Seeded { store, mark: None, is_anew, is_welcome: true });
            }
            Ok(Err(NoFeed::Refused(refusal @ (Refusal::OtherJournal | Refusal::Diverged { .. })))) => {
                return Err(format!("cannot follow the node in charge: {refusal}"));
            }
            Ok(Ok((_, Welcome { begin: Begin::Checkpoint { at, .. }, .. }))) => {
                tracing::warn!(
                    "the journal here ends at record {} and what follows is gone at the node in charge: \
                     beginning with its checkpoint of record {}",
                    has.end.position,
                    at.position
                );
                drop(store);
                set_aside(data)?;
                is_anew = true;
            }
            Ok(Err(NoFeed::Refused(Refusal::Shorter { end })))
                if !source.goes_on_from(&end.into()).map_err(|error| error.to_string())? =>
            {
                let refusal = Refusal::Diverged { ends: end.position };
                return Err(format!("cannot follow the node in charge: {refusal}"));
            }
            Ok(Err(why)) => {
                tracing::warn!("starting without the node in charge: {why}");
                return Ok(Seeded { store, mark: None, is_anew, is_welcome: false });
            }
            Err(_) => {
                tracing::warn!("starting without the node in charge, which does not answer");
                return Ok(Seeded { store, mark: None, is_anew, is_welcome: false });
            }
        }
    }
    begin(wanted, &mark).await.map(|seeded| Seeded { is_anew, ..seeded })
}

/// Makes the store of a folder without a journal.
async fn begin<B: Books>(wanted: &Wanted<'_>, mark: &Path) -> Result<Seeded<B>, String> {
    let Wanted { data, kind, node, dial, keep, .. } = *wanted;
    let mut told = String::new();
    let mut tries = 0;
    loop {
        let why = match hello(dial, (node, kind), None).await {
            Ok((_, Welcome { begin: Begin::Here, journal, .. })) => {
                let mut store =
                    daemon::open_keeping::<B>(data, kind, None, keep).map_err(|fault| fault.to_string())?;
                store.adopt(journal).map_err(|fault| fault.to_string())?;
                return Ok(Seeded { store, mark: None, is_anew: false, is_welcome: true });
            }
            Ok((client, Welcome { begin: Begin::Checkpoint { at, bytes }, journal, .. })) => {
                put_mark(mark).map_err(|error| format!("{}: {error}", mark.display()))?;
                let fetched = fetch(&client, data, at, bytes).await;
                if let Err(why) = fetched {
                    clear(data).map_err(|error| format!("{}: cannot be cleared: {error}", data.display()))?;
                    tries += 1;
                    if tries >= TRIES {
                        return Err(format!("the checkpoint of the node in charge cannot be had: {why}"));
                    }
                    why
                } else {
                    let store = Store::<B>::seeded(data, kind, Options { keep, ..Options::default() });
                    let store = store.map_err(|fault| fault.to_string())?;
                    if store.head() != at.into() || store.journal_id() != journal {
                        return Err("the checkpoint of the node in charge is not what it said".to_owned());
                    }
                    let mark = Some(mark.to_owned());
                    return Ok(Seeded { store, mark, is_anew: false, is_welcome: true });
                }
            }
            Err(NoFeed::Refused(refusal @ Refusal::OtherJournal)) => {
                return Err(format!("cannot follow the node in charge: {refusal}"));
            }
            Err(why) => why.to_string(),
        };
        if told != why {
            tracing::warn!("waiting for the node in charge: {why}");
            told = why;
        }
        sleep(AGAIN).await;
    }
}

async fn hello(
    dial: &Dial,
    (node, kind): (NodeId, Kind),
    has: Option<Has>,
) -> Result<(Client, Welcome), NoFeed> {
    let client = dial.connect().await?;
    // A journal without a record is nobody's yet.
    let has = has.filter(|has| has.end.position > 0);
    match ask(&client, &Request::Hello { node, kind: *kind.0, has }).await? {
        Reply::Welcome(welcome) => Ok((client, *welcome)),
        _ => Err(NoFeed::Senseless),
    }
}

/// Fetches a checkpoint into the journal's folder. What is in it is proved when it is opened.
async fn fetch(client: &Client, data: &Path, at: End, bytes: u64) -> Result<(), String> {
    let folder = data.join("journal");
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let mut disk = FileDisk::open(&folder).map_err(failed)?;
    let name = checkpoint::temporary_name(at.position);
    let mut offset = 0;
    while offset < bytes {
        let asked = ask(client, &Request::Checkpoint { position: at.position, offset }).await;
        let (total, part) = match asked.map_err(|why| why.to_string())? {
            Reply::Checkpoint { total, bytes } => (total, bytes),
            _ => return Err(NoFeed::Senseless.to_string()),
        };
        if total != bytes || part.is_empty() || offset + part.len() as u64 > bytes {
            return Err(NoFeed::Senseless.to_string());
        }
        disk.write_at(&name, offset, &part).map_err(failed)?;
        offset += part.len() as u64;
    }
    disk.sync(&name).map_err(failed)?;
    disk.rename(&name, &checkpoint::file_name(at.position)).map_err(failed)
}

/// Whether there is a journal, or a checkpoint of one.
pub fn has_journal(data: &Path) -> bool {
    let Ok(disk) = FileDisk::read_only(&data.join("journal")) else { return false };
    let names = disk.list().unwrap_or_default();
    !segments(&names).is_empty() || !checkpoint::positions(&names).is_empty()
}

/// Puts the journal that is here out of the way, under a name that is free; the shelf is made anew of
/// whatever takes its place.
fn set_aside(data: &Path) -> Result<(), String> {
    let journal = data.join("journal");
    if has_journal(data) {
        let free =
            (1_u32..).map(|nth| data.join(format!("{}{nth}", aside::NAME))).find(|path| !path.exists());
        let aside = free.ok_or("there is no name left to set the journal aside under")?;
        let moved = fs::rename(&journal, &aside).and_then(|()| File::open(data)?.sync_all());
        moved.map_err(|error| format!("{}: cannot be set aside: {error}", journal.display()))?;
        tracing::warn!("the journal that was here is set aside as {}", aside.display());
    }
    remove(&data.join("shelf")).map_err(|error| format!("the shelf cannot be removed: {error}"))
}

/// Removes what a seeding that was cut short has left.
fn clear(data: &Path) -> io::Result<()> {
    remove(&data.join("journal"))?;
    remove(&data.join("shelf"))?;
    remove_file(&data.join(MARK))?;
    File::open(data)?.sync_all()
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_file(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn put_mark(mark: &Path) -> io::Result<()> {
    File::create(mark)?.sync_all()?;
    mark.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
