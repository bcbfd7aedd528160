//! Does what an operator asks, on the books of this process.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::operator::keys::own_key;
use kessai_shared::operator::trail::MAX_REASON_BYTES;
use kessai_shared::pin::Pin;
use kessai_shared::trail::Operated;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::{MAX_STATED, Reply, Request, Status};
use crate::clerk::cards::{Command, Holder, Issued, MAX_PAGE, Page};
use crate::clerk::{Command as Asked, Lease, trail};
use crate::ledger::acts::NotAReason;
use crate::ledger::{Account, AtRest, Life, MAX_LATE_MONTHS_KEPT, Stated};
use crate::rekey::{self, Progress, Rekeyed, ask};
use crate::vault::LiveVault;

/// Most bytes of a sealed card that are taken in.
const MAX_SEALED_BYTES: usize = 512;
/// Most places that are looked at for one card: one for each key that a vault can have.
const MAX_PLACES: usize = 2;

/// Everything that an operator's acts are done with.
pub struct Office {
    vault: Arc<LiveVault>,
    writer: mpsc::Sender<Asked>,
    /// Whose acts they are: the operator's key.
    by: Pin,
    /// How far the rekey is that is under way, if one is. Also keeps a second one from beginning.
    rekeying: Arc<watch::Sender<Option<Progress>>>,
    /// The rekey goes on when whoever asked for it has gone, and ends with the settlement.
    task: Mutex<Option<AbortHandle>>,
    /// Whether a log is kept of how a rekey goes; a command tells that itself.
    logs: bool,
}

impl Office {
    pub fn new(vault: Arc<LiveVault>, writer: mpsc::Sender<Asked>, by: Pin, logs: bool) -> Self {
        let rekeying = Arc::new(watch::Sender::new(None));
        Self { vault, writer, by, rekeying, task: Mutex::default(), logs }
    }

    /// Finishes the rekey that an earlier run of the settlement has left half done.
    pub fn resume(&self) {
        if self.vault.lease().is_between_keys() {
            tracing::info!("a rekey that was interrupted goes on");
            // How it ends is in the log.
            drop(self.start_rekey());
        }
    }

    /// Stops what is under way; a rekey goes on at the next start.
    pub fn close(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Carries a request out. `tell` hears how far it is.
    pub async fn answer(&self, request: Request, tell: &mpsc::Sender<Progress>) -> Reply {
        let done = match request {
            Request::Status => self.status().await,
            Request::ImportAccounts { accounts } => self.import(accounts).await,
            Request::Rekey => self.rekey(tell).await,
            Request::Find { places } => self.find(places).await,
            Request::Page { after } => {
                let page = Page { after, older_than: None, most: MAX_PAGE };
                ask(&self.writer, |tell| Command::Page { page, tell }).await.map(Reply::Page)
            }
            Request::Issue { holder, enrolment } => self.issue(holder, enrolment).await,
        };
        done.unwrap_or_else(Reply::Refused)
    }

    async fn status(&self) -> Result<Reply, String> {
        let newest = self.vault.lease().newest();
        let tally = ask(&self.writer, |tell| Command::Tally { newest, tell }).await?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let (pid, rekey) = (std::process::id(), *self.rekeying.borrow());
        Ok(Reply::Status(Status { version, pid, accounts: tally.accounts, generation: newest, rekey }))
    }

    async fn import(&self, accounts: Vec<Stated>) -> Result<Reply, String> {
        if accounts.len() > MAX_STATED || !accounts.iter().all(is_as_stated) {
            return Err("these are not accounts as a card company states them".to_owned());
        }
        let lease = self.vault.lease();
        if accounts.iter().any(|stated| !is_newest(&stated.account, &lease)) {
            return Ok(Reply::Stale);
        }
        let by = self.by;
        let imported = ask(&self.writer, |tell| Command::Import { accounts, by, lease, tell }).await?;
        Ok(Reply::Imported(imported))
    }

    async fn find(&self, places: Vec<(u32, [u8; 16])>) -> Result<Reply, String> {
        if places.len() > MAX_PLACES {
            return Err("a card is looked for at one place for each key".to_owned());
        }
        // Without a place under the newest key, an account that a rekey has reached seems not to exist.
        let lease = self.vault.lease();
        if !places.iter().any(|(generation, _)| *generation == lease.newest()) {
            return Ok(Reply::Stale);
        }
        ask(&self.writer, |tell| Command::Find { places, tell }).await.map(Reply::Found)
    }

    async fn issue(&self, holder: Holder, enrolment: Option<[u8; 32]>) -> Result<Reply, String> {
        let lease = self.vault.lease();
        if let Holder::New(account) = &holder {
            if !is_newest(account, &lease) {
                return Ok(Reply::Stale);
            }
            if !is_plain(account) {
                return Err("this is not an account as a card company opens it".to_owned());
            }
        }
        let by = self.by;
        match ask(&self.writer, |tell| Command::Issue { holder, enrolment, by, lease, tell }).await? {
            Issued::Taken => Ok(Reply::Taken),
            Issued::Unknown => Err("there is no such account".to_owned()),
            Issued::Done => Ok(Reply::Issued),
        }
    }

    /// Begins a rekey in the name of an operator, which then goes on by itself; tells where it is recorded
    /// that it was asked for.
    ///
    /// # Errors
    /// A line when one is under way, or the reason is none.
    pub async fn begin_rekey(&self, by: Pin, reason: String) -> Result<Option<u64>, String> {
        if let Some(progress) = *self.rekeying.borrow() {
            return Err(under_way(progress));
        }
        let position = note(&self.writer, (Operated::RekeyAsked, by), reason).await?;
        // How it ends is in the log.
        self.start_rekey()?;
        Ok(position)
    }

    async fn rekey(&self, tell: &mpsc::Sender<Progress>) -> Result<Reply, String> {
        if let Some(progress) = *self.rekeying.borrow() {
            return Err(under_way(progress));
        }
        note(&self.writer, (Operated::RekeyAsked, self.by), String::new()).await?;
        let mut progress = self.rekeying.subscribe();
        let mut ended = self.start_rekey()?;
        loop {
            let changed = tokio::select! {
                end = &mut ended => {
                    let stopped = "the settlement is stopping; the rekey goes on at its next start";
                    return end.unwrap_or_else(|_| Err(stopped.to_owned())).map(Reply::Rekeyed);
                }
                changed = progress.changed() => changed,
            };
            let now = *progress.borrow_and_update();
            if let (Ok(()), Some(now)) = (changed, now) {
                // Whoever asked may have gone; the rekey goes on.
                let _ = tell.send(now).await;
            }
        }
    }

    fn start_rekey(&self) -> Result<oneshot::Receiver<Result<Rekeyed, String>>, String> {
        let mut under_way = None;
        self.rekeying.send_if_modified(|rekeying| {
            under_way = *rekeying;
            rekeying.get_or_insert_default();
            under_way.is_none()
        });
        if let Some(progress) = under_way {
            return Err(self::under_way(progress));
        }
        let (vault, writer) = (Arc::clone(&self.vault), self.writer.clone());
        let rekeying = Arc::clone(&self.rekeying);
        let (tell, ended) = oneshot::channel();
        let logs = self.logs;
        let task = tokio::spawn(async move {
            let far = |progress| {
                rekeying.send_replace(Some(progress));
            };
            let end = rekey::run(&vault, &writer, far).await;
            match &end {
                Ok(_) | Err(_) if !logs => {}
                Ok(Rekeyed { accounts, generation }) => {
                    tracing::info!(
                        "rekeyed {accounts} accounts; the vault's key is of generation {generation}"
                    );
                }
                Err(why) => tracing::error!("the rekey stopped: {why}"),
            }
            rekeying.send_replace(None);
            // Nobody waits for one that goes on after a restart.
            let _ = tell.send(end);
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        Ok(ended)
    }
}

fn under_way(Progress { done, total }: Progress) -> String {
    format!("a rekey is under way, {done} of {total} accounts are done; it ends by itself")
}

/// Has the writer record what an operator had done, and tells where; nothing when it was so before.
///
/// # Errors
/// A line when the reason is none, or the settlement is going down.
pub async fn note(
    writer: &mpsc::Sender<Asked>,
    (what, by): (Operated, Pin),
    reason: String,
) -> Result<Option<u64>, String> {
    let (tell, told) = oneshot::channel();
    let going = || "the settlement is going down".to_owned();
    let command = Asked::Trail(trail::Command::Note { what, reason, by, tell });
    hand_in(writer, command).await.map_err(|WriterGone| going())?;
    told.await.map_err(|_| going())?.map_err(|NotAReason| {
        format!("a reason is needed here: one line of at most {MAX_REASON_BYTES} bytes")
    })
}

/// Whose act it is when somebody acts on the data folder itself, where no key is shown: its own
/// operator's.
///
/// # Errors
/// A line on what is wrong with the key file.
pub fn local_operator(data: &Path) -> Result<Pin, String> {
    Ok(own_key(data)?.pin())
}

impl Drop for Office {
    fn drop(&mut self) {
        self.close();
    }
}

fn is_newest(account: &Account, lease: &Lease) -> bool {
    account.generation == lease.newest()
}

fn is_as_stated(stated: &Stated) -> bool {
    let short = |card: &AtRest| card.sealed.len() <= MAX_SEALED_BYTES;
    is_plain(&stated.account) && stated.older.as_ref().is_none_or(short)
}

/// An account that nothing was bought with, within the limits of a table's row.
fn is_plain(account: &Account) -> bool {
    account.sealed.len() <= MAX_SEALED_BYTES
        && account.late_history.len() <= MAX_LATE_MONTHS_KEPT
        && (0..=MAX_AMOUNT).contains(&account.limit.0)
        && (-MAX_AMOUNT..=MAX_AMOUNT).contains(&account.balance.0)
        && account.held == Minor::ZERO
        && account.wrong_tries.is_empty()
        && account.recent.is_empty()
        && account.holder_key.is_none()
        && !account.holder_required
        && account.enrolment.is_none()
        && account.status != crate::ledger::Status::Closed
        && account.life == Life::default()
}
