//! The key of the vault changed under a shop that trades.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::support::books::verify;
use super::support::command::start;
use super::support::{processes, until};
use super::trade::{expected, made_up, name, number, outcomes};
use super::{key_lines, operate, settlement};

const ACCOUNTS: u64 = 2_000;
const ORDERS: u64 = 1_500;
const CONNECTIONS: u16 = 32;

#[test]
fn purchases_end_as_they_would_while_keys_change_and_accounts_are_taken_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), ACCOUNTS, ORDERS);
    let shop = trade.open(folder.path());
    let (before, table) = (verify(folder.path()), trade.cardholders.display().to_string());
    let mut keys = BTreeSet::from_iter(key_lines(folder.path()));
    let mut replay = trade.start(&shop.terminal(), CONNECTIONS);
    let (mut rekeys, mut in_trade) = (0, 0);
    while replay.is_running() || rekeys < 2 {
        let said = operate(folder.path(), "rekey", &["--json"]).with(0);
        let said: Value = serde_json::from_str(&said).expect("JSON");
        rekeys += 1;
        in_trade += u64::from(replay.is_running());
        assert_eq!((&said["accounts"], &said["generation"]), (&ACCOUNTS.into(), &(rekeys + 1).into()));
        keys.extend(key_lines(folder.path()));
        let said = operate(folder.path(), "import-accounts", &[&table]).with(0);
        assert_eq!(said, format!("0 accounts opened, 0 restated, {ACCOUNTS} unchanged\n"));
    }
    trade.end(replay);
    assert!(in_trade > 0, "no rekey ended while the shop traded");
    let outcomes = outcomes(&trade);
    let wrong: Vec<_> = expected(ACCOUNTS, ORDERS)
        .into_iter()
        .filter(|(sequence, code)| outcomes.get(sequence).map(String::as_str) != Some(code))
        .collect();
    assert_eq!((wrong, outcomes.len() as u64), (Vec::new(), ORDERS));
    let after = verify(folder.path());
    after.agree_since(before.owed("exposure_pence"));
    assert_eq!(
        (after.owed("accounts"), after.owed("decisions")),
        (before.owed("accounts"), ORDERS.cast_signed())
    );
    let left = key_lines(folder.path());
    assert_eq!((left.len(), keys.len() as u64), (1, rekeys + 1), "one key, and every one was a new one");
    assert!(left[0].starts_with(&format!("{} ", rekeys + 1)));
    nothing_is_readable(folder.path(), &keys, &left[0]);
    assert_eq!(shop.stop("TERM"), Some(0));
    nothing_is_readable(folder.path(), &keys, &left[0]);
    assert_eq!(verify(folder.path()).totals(), after.totals());
}

#[test]
fn a_rekey_whose_settlement_is_killed_is_finished_by_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), 6_000, 200);
    let shop = trade.open(folder.path());
    let data = settlement(folder.path()).display().to_string();
    // One that this machine ends before the blow falls is begun anew.
    let mut generation = 1;
    let ended = loop {
        generation += 1;
        let mut rekey = start(["kessai-settlement", "rekey", "--data", &data]);
        until("a rekey under way", || key_lines(folder.path()).len() == 2 || !rekey.is_running());
        shop.kill_daemon("kessai-settlement");
        let ended = rekey.end();
        if ended.code != Some(0) {
            break ended;
        }
        until("a settlement again", || operate(folder.path(), "status", &[]).out.contains("process "));
    };
    let line = ended.one_line(1);
    assert!(line.contains("the running settlement") && line.contains("run the same command again"), "{line}");
    let goes_on = "a rekey that was interrupted goes on";
    until("the rekey to go on", || shop.complaints().contains(goes_on));
    until("one key", || key_lines(folder.path()).len() == 1);
    assert!(key_lines(folder.path())[0].starts_with(&format!("{generation} ")));
    shop.until_said(&format!("the vault's key is of generation {generation}"));
    let status: Value =
        serde_json::from_str(&operate(folder.path(), "status", &["--json"]).with(0)).expect("JSON");
    assert_eq!((&status["accounts"], &status["generation"]), (&6_000.into(), &generation.into()));
    assert_eq!(status["rekey"], Value::Null);
    trade.replay(&shop.terminal(), 8);
    let outcomes = outcomes(&trade);
    assert!(expected(6_000, 200).into_iter().all(|(sequence, code)| outcomes[&sequence] == code));
    verify(folder.path());
}

#[test]
fn a_rekey_is_laid_down_when_its_shop_stops_and_taken_up_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), 10_000, 1);
    let shop = trade.open(folder.path());
    let data = settlement(folder.path()).display().to_string();
    let rekey = start(["kessai-settlement", "rekey", "--data", &data]);
    until("a rekey under way", || key_lines(folder.path()).len() == 2);
    assert_eq!(shop.stop("TERM"), Some(0));
    // One that waits for the whole of it is killed after a while, and puts nothing away.
    assert!(!settlement(folder.path()).join("operator.sock").exists(), "it did not stop by itself");
    // A machine that is quick enough may have ended it before.
    let interrupted = key_lines(folder.path()).len() == 2;
    assert_eq!(rekey.end().code, Some(i32::from(interrupted)), "whoever asked is told");
    let shop = trade.open(folder.path());
    until("one key", || key_lines(folder.path()).len() == 1);
    let ended = "the vault's key is of generation 2";
    until("its end in the log", || !interrupted || shop.complaints().contains(ended));
    verify(folder.path());
}

#[test]
fn a_second_rekey_is_told_of_the_first_and_a_stopped_shop_is_rekeyed_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let trade = made_up(folder.path(), 6_000, 1);
    let shop = trade.open(folder.path());
    let data = settlement(folder.path()).display().to_string();
    let first = start(["kessai-settlement", "rekey", "--data", &data]);
    until("a rekey under way", || key_lines(folder.path()).len() == 2);
    let second = operate(folder.path(), "rekey", &[]);
    // One that came only after the first had ended is a rekey of its own.
    if key_lines(folder.path()).iter().any(|line| line.starts_with("1 ")) {
        assert!(second.one_line(1).contains("a rekey is under way"), "{second:?}");
    }
    let said = first.end().with(0);
    assert!(said.starts_with("6000 accounts rekeyed, the key is of generation 2\n"), "{said}");
    assert_eq!(shop.stop("TERM"), Some(0));
    let said = operate(folder.path(), "rekey", &[]).with(0);
    assert!(said.starts_with("6000 accounts rekeyed, the key is of generation "), "{said}");
    assert_eq!(key_lines(folder.path()).len(), 1);
    let nowhere = folder.path().join("nowhere").display().to_string();
    for act in ["rekey", "status"] {
        let ended = super::support::command::run(["kessai-settlement", act, "--data", &nowhere]);
        assert!(ended.one_line(1).contains("there is no data folder here"), "{ended:?}");
    }
    assert!(!Path::new(&nowhere).exists());
    verify(folder.path());
    assert_eq!(processes::on_folder(folder.path()), Vec::<u32>::new());
}

/// No number, no name and no key that was destroyed is anywhere in the settlement's folder.
fn nothing_is_readable(folder: &Path, keys: &BTreeSet<String>, newest: &str) {
    let mut secrets: Vec<String> = (0..ACCOUNTS).step_by(100).map(number).collect();
    secrets.extend((0..ACCOUNTS).step_by(100).map(name));
    // What all of them begin with, too.
    secrets.extend(["999999400000".to_owned(), "OFTHEVAULT".to_owned()]);
    let old = keys.iter().filter(|line| *line != newest);
    secrets.extend(old.filter_map(|line| line.split(' ').nth(1).map(str::to_owned)));
    let holding = files_holding(&settlement(folder), &secrets);
    assert_eq!(holding, Vec::<String>::new());
    // Where they are written, the same search finds them.
    let tables = files_holding(folder, &secrets[..1]);
    assert!(tables.iter().any(|found| found.ends_with("cardholders.csv")), "{tables:?}");
    let newest = newest.split(' ').nth(1).expect("a key").to_owned();
    assert_eq!(files_holding(&settlement(folder), &[newest]).len(), 1, "the key in use is in its one file");
}

/// The files below a folder that hold one of these texts, whatever its case.
fn files_holding(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_holding(&path, secrets));
            continue;
        }
        // A file that is gone by now, or a socket, holds nothing.
        let Ok(mut bytes) = fs::read(&path) else { continue };
        bytes.make_ascii_uppercase();
        let text = String::from_utf8_lossy(&bytes);
        if secrets.iter().any(|secret| text.contains(&secret.to_ascii_uppercase())) {
            found.push(path.display().to_string());
        }
    }
    found
}
