//! Nobody acknowledges beside the one in charge: real daemons, an old epoch, an old copy of either folder.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use kessai_demo::voice::Voice;
use kessai_shared::ids::{CaptureId, NodeId, OrderId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{Claim, Mode, Refusal, Reply, Request, Run, Sender, Standing, Why};
use kessai_shared::time::Timestamp;
use serde_json::Value;
use support::books::verify;
use support::closed;
use support::command::{Ended, run};
use support::processes;
use support::shop::Shop;

const DEADLINE: Duration = Duration::from_secs(60);
const ORDER: OrderId = OrderId::from_bytes([1; 16]);

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().expect("a kind").is_dir() {
            copy(&from, &to);
        } else if entry.file_type().expect("a kind").is_file() {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

fn put_back(old: &Path, data: &Path) {
    fs::remove_dir_all(data).expect("a folder");
    fs::rename(old, data).expect("the old copy");
}

fn shops(folder: &Path) -> Value {
    let data = folder.join("settlement").display().to_string();
    let said = run(["kessai-settlement", "shops", "--json", "--data", &data]).with(0);
    serde_json::from_str::<Value>(&said).expect("JSON")["shops"][0].clone()
}

fn promote(folder: &Path, more: &[&str]) -> Ended {
    let data = folder.join("seller").display().to_string();
    run([&["kessai-server", "promote", "--data", &data], more].concat())
}

/// One of each request that can change something, and then some that cannot.
fn changes(seller: kessai_shared::pin::Pin) -> Vec<Request> {
    let purchase = Purchase {
        seller,
        order: ORDER,
        amount: Minor(640),
        currency: Currency::Gbp,
        quote_hash: [1; 32],
        deadline: Timestamp::from_system_clock().plus_seconds(600),
    };
    let (amount, id) = (Minor(640), RefundId::from_bytes([2; 16]));
    let card = kessai_shared::seal::Envelope {
        suite: 1,
        key_id: [1; 8],
        encapsulated: vec![1; 32],
        ciphertext: vec![2; 64],
    };
    vec![
        Request::Inquiry { purchase, card },
        Request::Reversal { order: ORDER },
        Request::Capture { capture: CaptureId::of(ORDER, 1), order: ORDER, amount, last: true },
        Request::Release { release: id, order: ORDER, amount },
        Request::Refund { refund: id, order: ORDER, amount },
        Request::Reconcile { batch: 1, totals: Vec::new() },
    ]
}

#[tokio::test]
async fn every_request_of_an_older_epoch_is_refused_and_the_node_that_lost_its_right_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    // A seller that this machine keeps from speaking for a moment is not to be taken for gone.
    fs::create_dir(folder.path().join("settlement")).expect("a folder");
    let settings = folder.path().join("settlement/settlement.toml");
    fs::write(settings, "promote_after_ms = 600000\n").expect("settings");
    let shop = Shop::open(folder.path());
    shop.until_in_charge();
    let first = shops(folder.path());
    let (mut other, seller) = closed::voice(folder.path(), shop.address("kessai-settlement")).await;
    other.by.node = NodeId::from_bytes([9; 16]);
    let claim = |why| {
        let run = Run { id: [9; 8], nth: 1 };
        Request::Claim(Claim { why, mode: Mode::Alone, run })
    };
    // Another node is put in charge only when somebody wants it.
    let start = other.ask(claim(Why::Start), DEADLINE).await.expect("an answer");
    assert!(matches!(start, Reply::Refused(Refusal::Fenced { .. })));
    let auto = Why::Promote { auto: true, force: false };
    let by_itself = other.ask(claim(auto), DEADLINE).await.expect("an answer");
    assert!(matches!(by_itself, Reply::Refused(Refusal::StillHeard)), "the seller is heard all the time");
    let old = other.clone();
    // The seller does not know it.
    let victim = shop.daemon("kessai-server");
    processes::signal(victim, "STOP");
    let force = Why::Promote { auto: false, force: true };
    let Reply::Granted { epoch, .. } = other.ask(claim(force), DEADLINE).await.expect("an answer") else {
        panic!("an operator takes the loss")
    };
    assert_eq!(Some(epoch.0), first["epoch"].as_u64().map(|epoch| epoch + 1));
    // Neither under the old epoch nor as the old node does anything change.
    let node = first["node"].as_str().expect("a node").parse().expect("a node");
    let as_old_node = Voice { by: Sender { epoch, node, ..old.by }, ..old.clone() };
    for voice in [&old, &as_old_node] {
        for request in changes(seller) {
            match voice.ask(request, DEADLINE).await.expect("an answer") {
                Reply::Refused(Refusal::Fenced { epoch: newest, .. }) => assert_eq!(newest, epoch),
                _ => panic!("a change of a node that is not in charge"),
            }
        }
    }
    let Reply::Status { standing, .. } =
        old.ask(Request::Status { order: ORDER }, DEADLINE).await.expect("an answer")
    else {
        panic!("a question changes nothing")
    };
    assert_eq!(standing, Standing::Unknown, "nothing came of all that");
    // It comes back to life, hears of it with its next message, and is gone.
    processes::signal(victim, "CONT");
    drop(other);
    support::until("the end of the old one", || {
        shop.complaints().contains("another node is in charge of this shop, under epoch")
    });
    // The house ends with it, and with the code of a daemon that ended by itself.
    assert_eq!(shop.ended(), Some(1));
    verify(folder.path());
}

#[test]
fn a_seller_put_back_sells_nothing_until_an_operator_takes_the_loss() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let (data, old) = (folder.path().join("seller"), folder.path().join("old"));
    copy(&data, &old);
    let shop = Shop::open(folder.path());
    for _ in 0..3 {
        shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    }
    assert!(promote(folder.path(), &[]).one_line(1).contains("in charge already"));
    assert_eq!(shop.stop("TERM"), Some(0));
    put_back(&old, &data);

    let shop = Shop::open(folder.path());
    support::until("a line", || shop.complaints().contains("this data folder is an older copy"));
    let before = shops(folder.path());
    assert_ne!(shop.terminal().buy("Approved", &["TEA-MUGI"]).code, Some(0));
    assert!(promote(folder.path(), &[]).one_line(1).contains("take the loss with --force"));
    assert_eq!(shops(folder.path())["epoch"], before["epoch"], "nothing was granted");
    let said = promote(folder.path(), &["--force", "--json"]).with(0);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["epoch"].as_u64(), before["epoch"].as_u64().map(|epoch| epoch + 1));
    support::until("orders that are taken again", || {
        shop.terminal().buy("Approved", &["TEA-MUGI"]).code == Some(0)
    });
    assert_eq!(shop.stop("TERM"), Some(0));
    let report = run(["kessai-server", "verify", "--json", "--data", &data.display().to_string()]).with(0);
    assert!(report.contains("\"problems\":[]"), "{report}");
}

#[test]
fn f19_a_settlement_put_back_refuses_every_change_and_serves_again_put_forward() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    let (data, old) = (folder.path().join("settlement"), folder.path().join("old"));
    copy(&data, &old);
    let shop = Shop::open(folder.path());
    for _ in 0..3 {
        shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    }
    assert_eq!(shop.stop("TERM"), Some(0));
    let newest = folder.path().join("newest");
    fs::rename(&data, &newest).expect("the newest copy");
    fs::rename(&old, &data).expect("the old copy");

    let shop = Shop::open(folder.path());
    shop.until_said("ALARM: this settlement is");
    shop.until_said("an older copy of what it has shown to this seller");
    assert_ne!(shop.terminal().buy("Approved", &["TEA-MUGI"]).code, Some(0));
    assert_eq!(shop.complaints().matches("ALARM: this settlement is").count(), 1, "one line says it");
    assert_eq!(shop.stop("TERM"), Some(0));

    put_back(&newest, &data);
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    verify(folder.path());
}
