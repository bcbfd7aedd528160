//! Sealing keys and the vault's key change while shoppers buy, and no purchase fails of it.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::card::CardNumber;
use serde_json::Value;
use support::books::verify;
use support::command::run;
use support::terminal::Terminal;
use support::trade::Trade;

const CARDS: u64 = 40;
const PURCHASES: u64 = 400;
const CONNECTIONS: u16 = 8;
/// How many terminals buy one after the other; each has its own sessions with the keys of its time.
const TERMINALS: usize = 5;
const EPOCHS: &str = "epoch_seconds = 5\noverlap_seconds = 10\n";

#[test]
fn no_purchase_fails_while_sealing_keys_and_the_vaults_key_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let settlement = folder.path().join("settlement");
    let trade = made_up(folder.path());
    assert_eq!(trade.open(folder.path()).stop("TERM"), Some(0));
    fs::write(settlement.join("settlement.toml"), EPOCHS).expect("settings");
    let shop = trade.open(folder.path());
    let mut seen = keys(&settlement);
    let first = seen.clone();
    let (mut rotations, mut rekeys) = (0, 0);
    for nth in 0..TERMINALS {
        let terminal = Terminal::of(folder.path(), &format!("terminal-{nth}"));
        let mut replay = trade.start(&terminal, CONNECTIONS);
        while replay.is_running() {
            settle(&settlement, &["epochs", "rotate"]);
            rotations += 1;
            if replay.is_running() {
                settle(&settlement, &["rekey"]);
                rekeys += 1;
            }
            seen.extend(keys(&settlement));
        }
        trade.end(replay);
        let (accepted, wanted) = (trade.accepted(), i64::try_from(PURCHASES).expect("a count"));
        assert_eq!(i64::try_from(accepted.len()), Ok(wanted), "every purchase of terminal {nth} is accepted");
    }
    println!("{rotations} rotations and {rekeys} rekeys, {} sealing keys", seen.len());
    assert!(rotations >= TERMINALS && rekeys >= TERMINALS && seen.len() > TERMINALS);
    support::until("the end of the first key", || keys(&settlement).is_disjoint(&first));
    assert_eq!(shop.terminal().buy("Approved", &["P"]).code, Some(1), "there is no such card here");
    shop.kill();
    let books = verify(folder.path());
    let all = i64::try_from(PURCHASES).expect("a count") * i64::try_from(TERMINALS).expect("a count");
    assert_eq!((books.owed("approved"), books.owed("decisions")), (all, all));
}

#[test]
fn a_root_that_is_taken_away_signs_ahead_and_only_what_was_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = support::shop::Shop::open(folder.path());
    let settlement = folder.path().join("settlement");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (data, root, request, signed) = (at("settlement"), at("root.key"), at("request"), at("signed"));
    fs::rename(settlement.join("keys").join("issuer-root.key"), &root).expect("a root");
    let rotate = run(["kessai-settlement", "epochs", "rotate", "--data", &data]);
    assert!(rotate.one_line(1).contains("kept elsewhere"), "{rotate:?}");
    let args = ["kessai-settlement", "epochs", "request", "--count", "3", "--out", &request, "--data", &data];
    let said = run(args).with(0);
    let digest = said.lines().find_map(|line| line.strip_prefix("digest ")).expect("a digest").to_owned();
    let sign = |expect: &str| {
        let sign = ["kessai-settlement", "epochs", "sign", &request, "--root", &root];
        run(sign.into_iter().chain(["--expect", expect, "--out", &signed]))
    };
    let wrong = sign(&digest.replace(['0', '1'], "2"));
    assert!(wrong.one_line(1).contains("nothing is signed") && !Path::new(&signed).exists(), "{wrong:?}");
    sign(&digest).with(0);
    let installed = run(["kessai-settlement", "epochs", "install", &signed, "--data", &data]).with(0);
    assert_eq!(installed, "3 of 3 keys installed\n");
    let listed = run(["kessai-settlement", "epochs", "list", "--json", "--data", &data]).with(0);
    let rows: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let of = |field: &str| rows.iter().map(|row| row[field].as_bool()).collect::<Vec<_>>();
    assert_eq!((of("signed"), of("current")[0]), (vec![Some(true); 4], Some(true)));
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let shop = support::shop::Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

/// Has a command of the settlement carried out.
fn settle(data: &Path, command: &[&str]) {
    let data = data.display().to_string();
    let args = ["kessai-settlement"].into_iter().chain(command.iter().copied()).chain(["--data", &data]);
    run(args).with(0);
}

/// The ids of the sealing keys there are.
fn keys(settlement: &Path) -> BTreeSet<String> {
    let data = settlement.display().to_string();
    let out = run(["kessai-settlement", "epochs", "list", "--json", "--data", &data]).with(0);
    let rows: Vec<Value> = serde_json::from_str(&out).expect("a list");
    rows.iter().map(|row| row["key_id"].as_str().expect("an id").to_owned()).collect()
}

/// Small purchases that are all within their cards' limits.
fn made_up(folder: &Path) -> Trade {
    let file = |name: &str, text: String| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).expect("a table");
        path
    };
    let mut cards =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n".to_owned();
    let mut traffic = "sequence,kind,reference,customer,card_number,sku,quantity\n".to_owned();
    for at in 0..CARDS {
        writeln!(cards, "{},HOLDER {at},1980-01-02,2090-06,900000,0,0,0;0", card(at)).expect("text");
    }
    for sequence in 1..=PURCHASES {
        let at = sequence % CARDS;
        writeln!(traffic, "{sequence},order,R{sequence},C{at},{},P,1", card(at)).expect("text");
    }
    Trade {
        products: file("products.csv", "sku,name,unit_price_pence,stock\nP,Product,100,1000000\n".into()),
        cardholders: file("cards.csv", cards),
        traffic: file("traffic.csv", traffic),
        decisions: folder.join("decisions.csv"),
    }
}

/// A card number of the range that no issuer has, with its check digit.
fn card(at: u64) -> String {
    let body = format!("999999300{at:06}");
    CardNumber::with_check_digit(&body).expect("a card number").digits().to_owned()
}
