//! A whole shop over a Unix line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::support::books::verify;
use super::support::processes;
use super::support::shop::Shop;
use super::support::terminal::Terminal;
use super::support::until;

const ORDER: &str = "01960000-0000-7000-8000-0000000000";

/// How often an order may be given up before one is paid.
const TRIES: usize = 3;

/// Kills a daemon and waits for the one that follows it.
fn kill(shop: &Shop, role: &str) {
    let victim = shop.daemon(role);
    processes::signal(victim, "KILL");
    until("a successor", || processes::child_of(shop.house(), role).is_some_and(|pid| pid != victim));
}

/// Whether this order is paid in the end. It is not where the shop has given it up, as it does when the card was lost
/// with a seller and its terminal does not find the next one within a few seconds.
fn is_paid(terminal: &Terminal, args: &[&str]) -> bool {
    let mut outcome = Value::Null;
    until("an order that has ended", || {
        let said = terminal.buy("Approved", &[args, &["--json"]].concat()).out;
        outcome = serde_json::from_str::<Value>(&said).unwrap_or_default()["outcome"].take();
        outcome == "00" || outcome == "interrupted"
    });
    outcome == "00"
}

#[test]
fn a_shop_on_a_unix_line_sells_whichever_end_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open_with(folder.path(), &["--link", "unix-line"]);
    let terminal = shop.terminal();
    terminal.buy("Approved", &["TEA-MUGI"]).with(0);
    // A line leaves no address behind, and files that nobody else can send to.
    assert!(!folder.path().join("settlement.address").exists());
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let line = folder.path().join("line");
    assert_eq!(mode(&line), 0o700);
    assert_eq!(["seller.sock", "settlement.sock"].map(|name| mode(&line.join(name))), [0o600; 2]);
    let mut paid = 1;
    for role in ["kessai-settlement", "kessai-server", "kessai-settlement"] {
        let is_paid = (0..TRIES).any(|nth| {
            let order = format!("{ORDER}{paid}{nth}");
            let args = ["TEA-MUGI", "--order-id", order.as_str()];
            let running = terminal.start_to_buy("Approved", &args);
            kill(&shop, role);
            if role == "kessai-server" {
                until("a seller that listens", || processes::listens(shop.address(role).port()));
            }
            // Whatever became of it then, the order has one outcome.
            running.end();
            is_paid(&terminal, &args)
        });
        assert!(is_paid, "no order is paid through the end of {role}");
        paid += 1;
    }
    let books = verify(folder.path());
    assert_eq!((books.sold("accepted_pence"), books.owed("live_holds")), (640 * paid, paid));
    assert_eq!(shop.stop("TERM"), Some(0));
}
