//! The money of an order over the closed wire, with the real settlement at the other end: shipped in
//! parts, released, refunded, asked for twice, and under which clearing batch.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use kessai_demo::voice::Voice;
use kessai_shared::card::Particulars;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Purchase, SignedIssuerKeys, Verdict};
use kessai_shared::seal::{ResponseSecret, SealedCard, SealingSession};
use kessai_shared::settlement::{Refusal, Reply, Request, Standing};
use kessai_shared::time::Timestamp;
use serde_json::Value;
use support::books::verify;
use support::closed;
use support::command::run;
use support::shop::Shop;

const DEADLINE: Duration = Duration::from_secs(60);
const ORDER: OrderId = OrderId::from_bytes([1; 16]);

/// The seller's line to the settlement, in the hands of a test.
struct Line {
    link: Voice,
    seller: Pin,
}

/// What came of a request about money.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Captured(i64, u32),
    Released(i64),
    Refunded(i64, u32),
    Refused(Refusal),
}

impl Line {
    async fn open(folder: &Path, settlement: SocketAddr) -> Self {
        let (link, seller) = closed::voice(folder, settlement).await;
        Self { link, seller }
    }

    async fn ask(&self, request: Request) -> Reply {
        self.link.ask(request, DEADLINE).await.expect("an answer")
    }

    async fn echo(&self) -> (Vec<SignedIssuerKeys>, u32) {
        match self.ask(Request::Echo).await {
            Reply::Echo { issuer_keys, open_batch } => (issuer_keys, open_batch),
            _ => panic!("no echo"),
        }
    }

    /// A purchase of 640 pence by the shop's first card, approved.
    async fn buy(&self) {
        let (keys, _) = self.echo().await;
        let purchase = Purchase {
            seller: self.seller,
            order: ORDER,
            amount: Minor(640),
            currency: Currency::Gbp,
            quote_hash: [1; 32],
            deadline: Timestamp::from_system_clock().plus_seconds(600),
        };
        let card = Particulars {
            number: "9999991000000012".parse().expect("a number"),
            name: "Hanako Mori".parse().expect("a name"),
            birth_date: "1988-04-12".parse().expect("a day"),
            expiry: "2031-09".parse().expect("a month"),
        };
        let sealed = SealedCard { card, response: ResponseSecret([4; 32]), holder: None };
        let card = SealingSession::begin(&keys[0].keys).expect("a key").seal(&sealed, &purchase);
        let request = Request::Inquiry { purchase, card: card.expect("a card that fits") };
        let Reply::Decided(decision) = self.ask(request).await else { panic!("no decision") };
        assert_eq!(decision.verify(&purchase, &keys[0].keys.decision_key), Ok(Verdict::Approved));
    }

    async fn money(&self, request: Request) -> Answer {
        match self.ask(request).await {
            Reply::Captured { amount, batch } => Answer::Captured(amount.0, batch),
            Reply::Released { amount } => Answer::Released(amount.0),
            Reply::Refunded { amount, batch } => Answer::Refunded(amount.0, batch),
            Reply::Refused(refusal) => Answer::Refused(refusal),
            _ => panic!("no answer about money"),
        }
    }

    async fn standing(&self) -> Standing {
        match self.ask(Request::Status { order: ORDER }).await {
            Reply::Status { standing, .. } => standing,
            _ => panic!("no status"),
        }
    }
}

fn capture(nth: u32, amount: i64, last: bool) -> Request {
    Request::Capture { capture: CaptureId::of(ORDER, nth), order: ORDER, amount: Minor(amount), last }
}

fn release(id: u8, amount: i64) -> Request {
    Request::Release { release: RefundId::from_bytes([id; 16]), order: ORDER, amount: Minor(amount) }
}

fn refund(id: u8, amount: i64) -> Request {
    Request::Refund { refund: RefundId::from_bytes([id; 16]), order: ORDER, amount: Minor(amount) }
}

#[tokio::test]
async fn an_order_is_charged_by_its_shipments_over_the_wire() {
    let folder = tempfile::tempdir().expect("a folder");
    // A batch that does not end while the test runs, whatever time of day it is.
    std::fs::create_dir(folder.path().join("settlement")).expect("a folder");
    let settings = folder.path().join("settlement/settlement.toml");
    std::fs::write(settings, "clearing_seconds = 2678400\n").expect("settings");
    let shop = Shop::open(folder.path());
    shop.until_in_charge();
    let line = Line::open(folder.path(), shop.address("kessai-settlement")).await;
    assert_eq!(line.echo().await.1, 1, "the first batch is open");
    line.buy().await;
    let refused = |refusal| Answer::Refused(refusal);
    for _ in 0..2 {
        assert_eq!(line.money(release(1, 40)).await, Answer::Released(40));
        assert_eq!(line.money(capture(1, 200, false)).await, Answer::Captured(200, 1));
        assert_eq!(line.money(capture(2, 100, false)).await, Answer::Captured(100, 1));
        assert_eq!(line.money(refund(2, 250)).await, Answer::Refunded(250, 1));
        assert_eq!(line.standing().await, Standing::Held);
    }
    assert_eq!(line.money(capture(2, 101, false)).await, refused(Refusal::Duplicate));
    assert_eq!(line.money(refund(1, 40)).await, refused(Refusal::Duplicate));
    assert_eq!(line.money(refund(3, 51)).await, refused(Refusal::Amount));
    assert_eq!(line.money(release(3, 301)).await, refused(Refusal::Amount));
    assert_eq!(line.money(Request::Reversal { order: ORDER }).await, refused(Refusal::Captured));
    assert_eq!(line.money(capture(3, 150, true)).await, Answer::Captured(150, 1));
    assert_eq!(line.money(capture(4, 1, true)).await, refused(Refusal::Amount), "150 were given back");
    charge_back(folder.path(), line.seller);
    assert_eq!(line.money(refund(4, 81)).await, refused(Refusal::Amount), "120 were charged back");
    drop(line);
    shop.kill();

    let books = verify(folder.path());
    let money = ["captured_pence", "refunded_pence", "held_pence", "live_holds"].map(|name| books.owed(name));
    assert_eq!(money, [450, 250, 0, 0]);
    let pounds = &books.settlement["money"]["GBP"];
    assert_eq!((pounds["captured"].as_i64(), pounds["charged_back"].as_i64()), (Some(450), Some(120)));
}

/// An operator charges 120 of the order back, asks for it again, and sees whose act it was.
fn charge_back(folder: &Path, seller: Pin) {
    let data = folder.join("settlement").display().to_string();
    let (seller, order) = (seller.to_string(), ORDER.to_string());
    let ask = |rest: &[&str]| {
        let words = [&["kessai-settlement", "chargebacks"], rest, &["--data", &data, "--json"]].concat();
        let ended = run(words);
        (ended.code, serde_json::from_str::<Value>(&ended.out).unwrap_or_default(), ended.err)
    };
    let make = |amount: &str, id: &str| {
        let id: &[&str] = if id.is_empty() { &[] } else { &["--id", id] };
        ask(&[&["make", &seller, &order, amount, "--reason", "not_received"], id].concat())
    };
    let (code, made, _) = make("120", "");
    assert_eq!((code, made["batch"].as_i64()), (Some(0), Some(1)), "{made}");
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(make("120", &id).1, made, "the same again is the same chargeback");
    let (code, _, why) = make("121", &id);
    assert!(code == Some(1) && why.contains("used for another order"), "{why}");
    let (code, _, why) = make("201", "");
    assert!(code == Some(1) && why.contains("what was captured and not given back yet"), "{why}");
    let bad = ask(&["make", &seller, &order, "1", "--reason", "other"]);
    assert!(bad.0 == Some(2) && bad.2.contains("expected not_received"), "{bad:?}");
    let (_, list, _) = ask(&["list"]);
    let operator =
        Identity::load_or_create(folder.join("settlement/keys/operator.key")).expect("a key").pin();
    let rows = list["chargebacks"].as_array().expect("a list");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0]["id"].as_str(), rows[0]["amount"].as_i64()), (Some(id.as_str()), Some(120)));
    assert_eq!(rows[0]["by"].as_str(), Some(operator.to_string().as_str()), "the act names its operator");
}
