//! What a backup of a seller holds, and the backups that a running one makes by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kessai_shared::backup::schedule::{Board, Plan, Schedule};
use kessai_shared::backup::{Checked, Point, Public, Subject};
use kessai_shared::console;
use kessai_shared::operator::client::{Operator, Place};
use kessai_shared::operator::seller::{DAEMON, Reply, Request};
use kessai_shared::picture::PictureName;
use kessai_shared::store::{Floors, Store};
use tokio::sync::mpsc;

use crate::clerk::Command;
use crate::sales::Books;
use crate::settings::JOURNAL;
use crate::verify;

/// The seller as backups know it.
pub const SUBJECT: Subject = Subject {
    daemon: DAEMON,
    journal: JOURNAL,
    version: env!("CARGO_PKG_VERSION"),
    files,
    configuration,
    identity: crate::daemon::load_identity,
    runbook: include_str!("../../docs/recovery.md"),
    public,
    kept_apart: &["keys/seller.key", "keys/knock.key"],
    settle: |data| {
        let (store, _) = Store::<Books>::open(data, JOURNAL).map_err(|fault| fault.to_string())?;
        store.close().map_err(|fault| fault.to_string())
    },
    verify: checked,
    ask: |data| console::runtime().map_err(|error| error.to_string())?.block_on(ask(data)),
};

/// What the files are beside the journal: configuration, lists, the issuer's keys as they were last
/// heard, and pictures.
const FILES: [&str; 3] = ["server.toml", "operators.txt", "issuer-keys"];
const PICTURES: &str = "pictures";

/// What the books come to, by the names that `verify` has.
pub fn totals(books: &Books) -> BTreeMap<String, i64> {
    let totals = books.totals();
    let counts = [
        ("products", totals.products),
        ("orders", totals.orders),
        ("accepted_orders", totals.accepted_orders),
        ("stock_left", totals.stock_left),
        ("pending_orders", totals.pending),
    ];
    let sums = [
        ("accepted_pence", totals.accepted.0),
        ("cancelled_pence", totals.cancelled.0),
        ("refunded_pence", totals.refunded.0),
    ];
    named(&counts, &sums)
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

fn configuration(data: &Path) -> Result<Vec<String>, String> {
    Ok(FILES.into_iter().filter(|name| data.join(name).is_file()).map(str::to_owned).collect())
}

fn files(data: &Path) -> Result<Vec<String>, String> {
    let mut names = configuration(data)?;
    let folder = data.join(PICTURES);
    if folder.is_dir() {
        let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // A picture that is being written has another name than its digest.
            let name = name.to_str().filter(|name| name.parse::<PictureName>().is_ok());
            names.extend(name.map(|name| format!("{PICTURES}/{name}")));
        }
    }
    names.sort();
    Ok(names)
}

fn public(data: &Path) -> Result<Public, String> {
    let identity = crate::daemon::load_identity(data)?;
    let pin = identity.pin();
    Ok(Public { pin, keys: vec![("seller".to_owned(), pin.to_string())] })
}

fn checked(data: &Path) -> Result<Checked, String> {
    let report = verify::verify(data)?;
    let counts = [
        ("products", report.products),
        ("orders", report.orders),
        ("accepted_orders", report.accepted_orders),
        ("stock_left", report.stock_left),
        ("pending_orders", report.pending_orders),
    ];
    let sums = [
        ("accepted_pence", report.accepted_pence),
        ("cancelled_pence", report.cancelled_pence),
        ("refunded_pence", report.refunded_pence),
    ];
    let point = Point { position: report.records, totals: named(&counts, &sums) };
    Ok(Checked { point, problems: report.problems })
}

fn named(counts: &[(&str, u64)], sums: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let counts = counts.iter().map(|(name, count)| (*name, i64::try_from(*count).unwrap_or(i64::MAX)));
    counts.chain(sums.iter().copied()).map(|(name, total)| (name.to_owned(), total)).collect()
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
        _ => Err("the seller answered something else than it was asked; use its own program".to_owned()),
    }
}
