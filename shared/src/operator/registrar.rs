//! What both daemons do alike for those who keep them: the list of operators, records of the journal looked
//! up beside the writer, and a backup made now.

use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use super::rights::{Right, Rights};
use super::trail::Reply;
use super::{Page, keys};
use crate::backup::schedule::{Asker, Last};
use crate::journal::{self, FileDisk, Kind, Record};
use crate::pin::Pin;
use crate::pin_set::Draft;

/// How long whoever asks for a backup waits for it; it goes on all the same. Less than an answer may take.
const BACKUP_WAIT: Duration = Duration::from_secs(45);

/// What a daemon keeps for its operators.
pub struct Registrar {
    pub rights: Rights,
    data: PathBuf,
    /// Who makes backups, where a schedule does.
    asker: Option<Asker>,
    /// Held by whoever reads the journal: each may have a whole file of it in memory.
    reading: Mutex<()>,
    /// Held from the record of a change to a list until the list is changed.
    listing: Mutex<()>,
}

/// What was found at a position.
pub enum Looked {
    Found(Box<Record>),
    /// The journal has records from here on; what was before them is in a checkpoint.
    Before(u64),
    Unreadable(String),
}

impl Registrar {
    pub fn new(rights: Rights, data: PathBuf, asker: Option<Asker>) -> Self {
        Self { rights, data, asker, reading: Mutex::new(()), listing: Mutex::new(()) }
    }

    /// The turn to change a list of keys: two that change it at once would undo each other, and the journal
    /// would tell them in another order.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.listing.lock().await
    }

    /// Whose keys may operate this daemon, those on the list behind one of them.
    pub fn operators(&self, after: Option<Pin>, limit: u16) -> Reply {
        let listed = self.rights.subscribe();
        let listed = listed.borrow();
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let rows = listed.range(behind).map(|(pin, right)| (*pin, *right));
        Reply::Operators { own: self.rights.own(), listed: Page::of(rows, limit, |(pin, _)| *pin) }
    }

    /// Writes down what the list of operators is to be: a key with this right, or without any. What cannot be
    /// written is found out before anybody says that it was done.
    ///
    /// # Errors
    /// A line on why the list cannot be read or written.
    pub async fn draft(&self, pin: Pin, right: Option<Right>) -> Result<Draft, String> {
        let data = self.data.clone();
        // Another program may be changing it.
        let drafted = tokio::task::spawn_blocking(move || keys::draft(&data, pin, right));
        drafted.await.map_err(|_| "the daemon is going down".to_owned())?
    }

    /// Puts what was written in the place of the list, and takes it over at once.
    ///
    /// # Errors
    /// A line on why that cannot be done.
    pub fn put(&self, draft: Draft) -> Result<(), String> {
        draft.put().map_err(|error| error.to_string())?;
        self.rights.reload().map(|_| ())
    }

    /// The record at a position, which must be durable.
    pub async fn record(&self, kind: Kind, position: u64) -> Looked {
        let _turn = self.reading.lock().await;
        let folder = self.data.join("journal");
        let read = move || {
            let disk = FileDisk::read_only(&folder).map_err(|error| error.to_string())?;
            let mut found = None;
            let browsed = journal::browse(&disk, kind, (position, position), &mut |record| {
                found = Some(record);
                ControlFlow::Break(())
            });
            browsed.map(|browsed| (found, browsed.begins)).map_err(|error| error.to_string())
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok((Some(record), _))) if record.position == position => Looked::Found(Box::new(record)),
            Ok(Ok((_, begins))) => Looked::Before(begins),
            Ok(Err(why)) => Looked::Unreadable(why),
            Err(_) => Looked::Unreadable("the daemon is going down".to_owned()),
        }
    }

    /// Whether somebody makes backups here.
    ///
    /// # Errors
    /// A line on what to do where nobody does.
    pub fn makes_backups(&self) -> Result<&Asker, String> {
        self.asker.as_ref().ok_or_else(|| {
            let how = "set backup_to, backup_key and backup_every, or run `backup` on its machine";
            format!("this daemon makes no backups by itself; {how}")
        })
    }

    /// Has a backup made, and waits for it.
    ///
    /// # Errors
    /// A line on why there is none, or none yet.
    pub async fn back_up(&self) -> Result<Last, String> {
        let late = "the backup takes longer than an answer may; `status` says when it is there";
        timeout(BACKUP_WAIT, self.makes_backups()?.make()).await.unwrap_or_else(|_| Err(late.to_owned()))
    }
}
