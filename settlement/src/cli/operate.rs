//! The operator's commands: the same whether the settlement runs or not.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kessai_shared::console::{self, Failure, OK};

use crate::clerk::cards::Imported;
use crate::import;
use crate::operator::client::{Operator, must_exist};
use crate::operator::{MAX_STATED, Reply, Request, Status};
use crate::rekey::{Progress, Rekeyed};
use crate::settings::Settings;
use crate::vault::Vault;

/// How often a request that was overtaken by a rekey is made anew, and how long between.
pub const STALE_TRIES: usize = 100;
pub const STALE_PAUSE: Duration = Duration::from_millis(50);

/// Takes a table of accounts in.
///
/// # Errors
/// [`Failure`] when the table is bad, or the books cannot be reached.
pub fn import_accounts(data: &Path, file: &Path) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    let imported = console::runtime()?.block_on(async {
        let mut operator = Operator::reach(&settings).await?;
        let taken = take_in(&mut operator, &settings, file).await;
        let closed = operator.close().await;
        taken.and_then(|taken| closed.map(|()| taken))
    })?;
    let Imported { opened, restated, unchanged, other_currency } = imported;
    println!("{opened} accounts opened, {restated} restated, {unchanged} unchanged");
    if other_currency > 0 {
        let file = file.display();
        return Err(Failure::failed(format!(
            "{file}: {other_currency} known account(s) are in another currency there and were left as they \
             are; an account keeps its currency, so open one with another card number"
        )));
    }
    Ok(OK)
}

async fn take_in(operator: &mut Operator, settings: &Settings, file: &Path) -> Result<Imported, Failure> {
    let mut table = import::accounts(file, &vault(settings)?)?;
    if !table.ignored.is_empty() {
        eprintln!("kessai-settlement: {}: ignored columns: {}", file.display(), table.ignored.join(", "));
    }
    let (mut sum, mut at, mut tries) = (Imported::default(), 0, 0);
    while at < table.rows.len() {
        let end = table.rows.len().min(at + MAX_STATED);
        let accounts = table.rows[at..end].to_vec();
        match operator.ask(Request::ImportAccounts { accounts }, |_| ()).await? {
            Reply::Imported(more) => {
                sum.add(more);
                (at, tries) = (end, 0);
            }
            Reply::Stale if tries < STALE_TRIES => {
                tries += 1;
                tokio::time::sleep(STALE_PAUSE).await;
                // The same rows in the same order, kept under the keys of now.
                table = import::accounts(file, &vault(settings)?)?;
            }
            reply => return Err(unexpected(&reply)),
        }
    }
    Ok(sum)
}

/// Keeps all accounts under a new key.
///
/// # Errors
/// [`Failure`] when the books cannot be reached, or a rekey is under way.
pub fn rekey(data: &Path, json: bool) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    must_exist(data)?;
    let bar = ProgressBar::hidden();
    if !json && std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} accounts")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        bar.set_style(style);
    }
    let tell = |Progress { done, total }| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let reply = ask(&settings, Request::Rekey, tell)?;
    bar.finish_and_clear();
    let Reply::Rekeyed(done) = reply else { return Err(unexpected(&reply)) };
    if json {
        println!("{}", serde_json::to_string(&done)?);
    } else {
        let Rekeyed { accounts, generation } = done;
        println!("{accounts} accounts rekeyed, the key is of generation {generation}");
        println!("Back up {} anew and destroy its older backups.", settings.vault_key().display());
    }
    Ok(OK)
}

/// How the settlement of a data folder is, whether it runs or not.
pub struct Local(Status);

/// Asks how a settlement is.
///
/// # Errors
/// [`Failure`] when the books cannot be reached.
pub fn status(data: &Path) -> Result<Local, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    must_exist(data)?;
    let reply = ask(&settings, Request::Status, |_| ())?;
    let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
    Ok(Local(status))
}

impl Local {
    /// Whether a daemon answered, and not this process itself.
    pub fn runs(&self) -> bool {
        self.0.pid != std::process::id()
    }

    pub fn json(&self) -> serde_json::Value {
        let Status { version, pid, accounts, generation, rekey } = &self.0;
        let pid = self.runs().then_some(pid);
        serde_json::json!({
            "version": version,
            "pid": pid,
            "accounts": accounts,
            "generation": generation,
            "rekey": rekey,
            "running": self.runs(),
        })
    }

    pub fn print(&self) {
        let Status { version, pid, accounts, generation, rekey } = &self.0;
        let running = if self.runs() { format!("process {pid}") } else { "not running".to_owned() };
        println!("settlement {version}, {running}");
        println!("accounts   {accounts}, the key is of generation {generation}");
        rekey.iter().for_each(|rekey| println!("rekey      {} of {} accounts", rekey.done, rekey.total));
    }
}

fn ask(settings: &Settings, request: Request, tell: impl FnMut(Progress)) -> Result<Reply, Failure> {
    console::runtime()?.block_on(async {
        let mut operator = Operator::reach(settings).await?;
        let reply = operator.ask(request, tell).await;
        let closed = operator.close().await;
        reply.and_then(|reply| closed.map(|()| reply))
    })
}

/// The keys as they are in the file now.
pub fn vault(settings: &Settings) -> Result<Vault, Failure> {
    let books = settings.data.join("journal");
    Vault::load_or_create(&settings.vault_key(), &books).map_err(Failure::failed)
}

/// What no settlement of this version answers.
pub fn unexpected(reply: &Reply) -> Failure {
    let what = match reply {
        Reply::Stale => "keeps changing its keys; run the same command again",
        _ => "answered something else than it was asked; use the program of this settlement",
    };
    Failure::failed(format!("the settlement {what}"))
}
