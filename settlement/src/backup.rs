//! What a backup of a settlement holds, and the backups that a running one makes by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::backup::schedule::{Board, Plan, Schedule};
use kessai_shared::backup::{Checked, Point, Public, Subject};
use kessai_shared::console;
use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::operator::client::{Operator, Place};
use kessai_shared::operator::settlement::{DAEMON, Reply, Request};
use kessai_shared::store::{Floors, Store};
use tokio::sync::mpsc;

use crate::clerk::Command;
use crate::keys::root_pin;
use crate::ledger::Books;
use crate::settings::{JOURNAL, Settings};
use crate::verify::{self, MoneyReport};

/// The settlement as backups know it.
pub const SUBJECT: Subject = Subject {
    daemon: DAEMON,
    journal: JOURNAL,
    version: env!("CARGO_PKG_VERSION"),
    files,
    configuration,
    identity,
    runbook: include_str!("../../docs/recovery.md"),
    public,
    kept_apart: &[
        "keys/settlement.key",
        "keys/decision.key",
        "keys/vault.key",
        "keys/epochs",
        "keys/issuer-root.key",
    ],
    settle: |data| {
        let (store, _) = Store::<Books>::open(data, JOURNAL).map_err(|fault| fault.to_string())?;
        store.close().map_err(|fault| fault.to_string())
    },
    verify: checked,
    ask: |data| console::runtime().map_err(|error| error.to_string())?.block_on(ask(data)),
};

const FILES: [&str; 3] = ["settlement.toml", "policy.toml", "operators.txt"];
/// How the name of what the root has signed ends; the seed beside it is private.
const CERTIFICATE: &str = "cert";

/// What the books come to, by the names that `verify` has; the money of each currency behind its code.
pub fn totals(books: &Books) -> BTreeMap<String, i64> {
    let totals = books.totals();
    let counts = [
        ("accounts", totals.accounts),
        ("decisions", totals.decisions),
        ("approved", totals.approved),
        ("live_holds", totals.live_holds),
        ("late_presentments", totals.late_presentments),
    ];
    let money = totals.money.into_iter().map(|(currency, money)| (currency.code(), money.into()));
    named(&counts, money)
}

/// Starts the backups that the settings ask for, if they do.
///
/// # Errors
/// A line on what is wrong with the key.
pub fn start(
    plan: (&Path, Option<Plan>),
    floors: Floors,
    writer: &mpsc::Sender<Command>,
    board: Board,
) -> Result<Option<Schedule>, String> {
    Schedule::beside(SUBJECT, plan, (board, floors), writer, (Command::Read, totals))
}

/// The settlement's own key.
fn identity(data: &Path) -> Result<Identity, String> {
    let settings = Settings::read(data, None).map_err(|error| error.to_string())?;
    let file = settings.keys.join("settlement.key");
    may_make_key(&file, &data.join("journal"))?;
    Identity::load_or_create(&file).map_err(|error| error.to_string())
}

/// Configuration, lists and the policy. What is configured to lie outside the data folder is not the
/// folder's.
fn configuration(data: &Path) -> Result<Vec<String>, String> {
    let settings = Settings::read(data, None).map_err(|error| error.to_string())?;
    let mut paths: Vec<PathBuf> = FILES.iter().map(|name| data.join(name)).collect();
    paths.extend([settings.sellers, settings.keys.join("issuer-root.pin")]);
    Ok(inside(data, paths))
}

/// The same, and what the root has signed.
fn files(data: &Path) -> Result<Vec<String>, String> {
    let settings = Settings::read(data, None).map_err(|error| error.to_string())?;
    let mut paths = Vec::new();
    let epochs = settings.keys.join("epochs");
    if epochs.is_dir() {
        let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", epochs.display());
        for entry in fs::read_dir(&epochs).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            paths.extend(Some(path).filter(|path| path.extension().is_some_and(|end| end == CERTIFICATE)));
        }
    }
    let mut names = configuration(data)?;
    names.extend(inside(data, paths));
    names.sort();
    names.dedup();
    Ok(names)
}

fn inside(data: &Path, paths: Vec<PathBuf>) -> Vec<String> {
    let name = |path: &PathBuf| path.strip_prefix(data).ok().and_then(Path::to_str).map(str::to_owned);
    paths.iter().filter(|path| path.is_file()).filter_map(name).collect()
}

fn public(data: &Path) -> Result<Public, String> {
    let settings = Settings::read(data, None).map_err(|error| error.to_string())?;
    let books = data.join("journal");
    let pin = |name: &str| {
        let file = settings.keys.join(name);
        may_make_key(&file, &books)?;
        Identity::load_or_create(&file).map(|identity| identity.pin()).map_err(|error| error.to_string())
    };
    let (own, decision) = (pin("settlement.key")?, pin("decision.key")?);
    let mut keys =
        vec![("settlement".to_owned(), own.to_string()), ("decision".to_owned(), decision.to_string())];
    keys.push(("issuer".to_owned(), root_pin(&settings.keys, &books)?.to_string()));
    Ok(Public { pin: own, keys })
}

fn checked(data: &Path) -> Result<Checked, String> {
    let report = verify::verify(data)?;
    let counts = [
        ("accounts", report.accounts),
        ("decisions", report.decisions),
        ("approved", report.approved),
        ("live_holds", report.live_holds),
        ("late_presentments", report.late_presentments),
    ];
    let totals = named(&counts, report.money);
    Ok(Checked { point: Point { position: report.records, totals }, problems: report.problems })
}

fn named(
    counts: &[(&str, u64)],
    money: impl IntoIterator<Item = (&'static str, MoneyReport)>,
) -> BTreeMap<String, i64> {
    let counts = counts.iter().map(|(name, count)| (*name, i64::try_from(*count).unwrap_or(i64::MAX)));
    let mut named: BTreeMap<String, i64> = counts.map(|(name, count)| (name.to_owned(), count)).collect();
    for (code, money) in money {
        let MoneyReport { held, balance, captured, refunded, charged_back, .. } = money;
        let sums = [
            ("held", held),
            ("balance", balance),
            ("captured", captured),
            ("refunded", refunded),
            ("charged_back", charged_back),
        ];
        named.extend(sums.map(|(name, sum)| (format!("{code} {name}"), sum)));
    }
    named
}

async fn ask(data: &Path) -> Result<Point, String> {
    let operator = Operator::reach(DAEMON, &Place::Here(data.to_owned())).await;
    let operator = operator.map_err(|failure| failure.line)?;
    let reply = operator.ask(&Request::BackupPoint).await;
    operator.leave().await;
    match reply.map_err(|failure| failure.line)? {
        Reply::BackupPoint { position, totals } => {
            Ok(Point { position, totals: totals.into_iter().collect() })
        }
        Reply::Refused(refusal) => Err(refusal.to_string()),
        _ => Err("the settlement answered something else than it was asked; use its own program".to_owned()),
    }
}
