//! Half a year of a real shop's trade, where the tables of it lie beside the project.

mod support;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use support::Dice;
use support::books::verify;
use support::trade::Trade;

/// How often the replay on many connections is interrupted.
const BLOWS: usize = 3;

#[test]
fn real_trade_one_at_a_time_is_decided_as_expected() {
    let Some(real) = real_data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let trade = tables(&real, folder.path());
    let shop = trade.open(folder.path());
    let fresh = verify(folder.path());
    assert_eq!(fresh.sold("orders"), 0);
    trade.replay(&shop.terminal(), 1);
    let mut expected = String::new();
    let packed = File::open(real.join("expected.csv.gz")).expect("what is expected");
    MultiGzDecoder::new(packed).read_to_string(&mut expected).expect("what is expected");
    let decided = fs::read_to_string(&trade.decisions).expect("decisions");
    let differing = decided.lines().zip(expected.lines()).find(|(decided, expected)| decided != expected);
    assert_eq!(differing, None, "the first row that differs, decided and expected");
    assert_eq!(decided.len(), expected.len());
    let totals = fs::read(real.join("expected-totals.json")).expect("totals");
    let totals: Value = serde_json::from_slice(&totals).expect("JSON");
    assert_eq!(shop.stop("TERM"), Some(0));
    let books = verify(folder.path());
    for name in ["accepted_pence", "refunded_pence", "stock_left"] {
        assert_eq!(books.seller[name], totals[name], "{name}");
    }
    assert_eq!(books.settlement["exposure_pence"], totals["exposure_pence"]);
    books.agree_since(fresh.owed("exposure_pence"));
}

#[test]
fn real_trade_on_many_connections_is_sound_however_it_is_interrupted() {
    let Some(real) = real_data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let trade = tables(&real, folder.path());
    let shop = trade.open(folder.path());
    let before = verify(folder.path()).owed("exposure_pence");
    let mut dice = Dice::new(64);
    for blow in 1..=BLOWS {
        // The same share of the trade on any machine, because it is the orders that are counted.
        let enough = 1_500 * blow as i64 + dice.below(500).cast_signed();
        let mut replay = trade.start(&shop.terminal(), 64);
        support::until("half of the trade", || {
            assert!(replay.is_running(), "the replay ended before it was interrupted");
            // Walking the books takes time from whoever writes them.
            std::thread::sleep(Duration::from_millis(500));
            verify(folder.path()).sold("orders") >= enough
        });
        shop.kill_daemon(["kessai-server", "kessai-settlement"][blow % 2]);
        replay.kill();
    }
    trade.replay(&shop.terminal(), 64);
    let done = verify(folder.path());
    done.agree_since(before);
    assert_eq!(done.sold("accepted_pence"), trade.accepted().values().sum::<i64>());
    trade.replay(&shop.terminal(), 64);
    assert_eq!(verify(folder.path()).totals(), done.totals());
}

fn tables(real: &Path, folder: &Path) -> Trade {
    Trade {
        products: real.join("products.csv"),
        cardholders: real.join("cardholders.csv"),
        traffic: real.join("traffic.csv.gz"),
        decisions: folder.join("decisions.csv"),
    }
}

/// The folder with the tables, which are not part of the project and may be missing.
fn real_data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if folder.join("expected-totals.json").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: there are no tables of real trade in {}", folder.display());
    None
}
