//! All accounts of the books kept under a new key, while purchases go on, and the old key destroyed.
//!
//! Each step leaves a state that the next run goes on from: two keys in the file say that a rekey is
//! under way, and the accounts under the older one say what is left of it.

use tokio::sync::{mpsc, oneshot};

use crate::clerk::Command as Asked;
use crate::clerk::cards::{Command, Page, Rekey};
use crate::ledger::{AccountId, AtRest};
use crate::vault::{LiveVault, Vault};

/// How many accounts one group of the journal takes: few enough that purchases do not wait for it.
const BATCH: usize = 256;

/// How far a rekey is, in accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// What a rekey came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rekeyed {
    /// How many accounts this run has rekeyed.
    pub accounts: u64,
    /// The generation that all are kept under now.
    pub generation: u32,
}

/// Makes a new key, or goes on with the one that is there, and ends with it as the only one.
///
/// # Errors
/// A line on what stopped it. Both keys are there then, and the next run goes on.
pub async fn run(
    vault: &LiveVault,
    writer: &mpsc::Sender<Asked>,
    mut tell: impl FnMut(Progress),
) -> Result<Rekeyed, String> {
    vault.add_generation().await?;
    let lease = vault.lease();
    let newest = lease.newest();
    let total = ask(writer, |tell| Command::Tally { newest, tell }).await?.older;
    let mut progress = Progress { done: 0, total };
    tell(progress);
    loop {
        let page = Page { after: None, older_than: Some(newest), most: BATCH };
        let page = ask(writer, |tell| Command::Page { page, tell }).await?;
        if page.is_empty() {
            break;
        }
        let cards = page.into_iter().map(|card| again(&lease, card)).collect::<Result<_, _>>()?;
        progress.done += ask(writer, |tell| Command::Rekey { cards, tell }).await?;
        tell(progress);
    }
    drop(lease);
    vault.drop_older().await?;
    Ok(Rekeyed { accounts: progress.done, generation: newest })
}

/// The card as it is to be kept under the newest key. In the clear it exists only in here.
fn again(vault: &Vault, (id, from): (AccountId, AtRest)) -> Result<Rekey, String> {
    let card = vault.open(&from).ok_or_else(|| {
        format!(
            "account {id:?} does not open with its key; all keys are kept, so restore the books or the key"
        )
    })?;
    let to = vault.keep(&card).into_iter().next().ok_or("the vault has no key")?;
    // The key that opens it now is about to be destroyed.
    if vault.open(&to).is_none() {
        return Err(format!("account {id:?} does not open under the new key; all keys are kept"));
    }
    Ok(Rekey { id, from, to })
}

/// Asks the writer and waits for its answer.
///
/// # Errors
/// A line when the writer is gone.
pub async fn ask<T>(
    writer: &mpsc::Sender<Asked>,
    command: impl FnOnce(oneshot::Sender<T>) -> Command,
) -> Result<T, String> {
    let gone = |_| "the settlement is stopping; run the same command again".to_owned();
    let (tell, told) = oneshot::channel();
    writer.send(Asked::Cards(command(tell))).await.map_err(|_| gone(()))?;
    told.await.map_err(|_| gone(()))
}
