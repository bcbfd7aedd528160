//! A seller that has been taken over. It has its own key and real sealed cards in its hands, and the
//! real settlement to try them on: it gets no approval but the one the cardholder sealed.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use kessai_demo::voice::Voice;
use kessai_shared::codec;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Purchase, SignedIssuerKeys, Verdict};
use kessai_shared::seal::{Envelope, ResponseSecret, SealedCard, SealingSession};
use kessai_shared::settlement::{Refusal, Reply, Request, Standing};
use kessai_shared::time::Timestamp;
use support::books::verify;
use support::closed;
use support::shop::Shop;

const DEADLINE: Duration = Duration::from_secs(60);

/// The seller's place on the closed network, taken over.
struct Taken {
    link: Voice,
    seller: Pin,
    keys: Vec<SignedIssuerKeys>,
}

impl Taken {
    async fn over(folder: &Path, settlement: SocketAddr) -> Self {
        let (link, seller) = closed::voice(folder, settlement).await;
        let mut taken = Self { link, seller, keys: Vec::new() };
        let Reply::Echo { issuer_keys, .. } = taken.ask(Request::Echo).await else { panic!("no keys") };
        taken.keys = issuer_keys;
        taken
    }

    async fn ask(&self, request: Request) -> Reply {
        self.link.ask(request, DEADLINE).await.expect("an answer")
    }

    /// What comes of a purchase with this sealed card: whether it was approved.
    async fn inquire(&self, purchase: Purchase, card: &Envelope) -> Result<bool, Refusal> {
        match self.ask(Request::Inquiry { purchase, card: card.clone() }).await {
            Reply::Decided(decision) => {
                let asked = Purchase { seller: self.seller, ..purchase };
                let verdict = decision.verify(&asked, &self.keys[0].keys.decision_key);
                if verdict != Ok(Verdict::Approved) {
                    assert!(decision.sealed_reason.is_empty(), "nothing was opened that could answer");
                }
                Ok(verdict.expect("a signed decision") == Verdict::Approved)
            }
            Reply::Refused(refusal) => Err(refusal),
            _ => panic!("no answer to an inquiry"),
        }
    }

    fn purchase(&self, order: u8) -> Purchase {
        Purchase {
            seller: self.seller,
            order: OrderId::from_bytes([order; 16]),
            amount: Minor(640),
            currency: Currency::Gbp,
            quote_hash: [order; 32],
            deadline: Timestamp::from_system_clock().plus_seconds(600),
        }
    }

    /// As the cardholder's terminal seals, which the seller cannot look into.
    fn sealed_for(&self, purchase: &Purchase) -> Envelope {
        let card = kessai_shared::card::Particulars {
            number: "9999991000000012".parse().expect("a number"),
            name: "Hanako Mori".parse().expect("a name"),
            birth_date: "1988-04-12".parse().expect("a day"),
            expiry: "2031-09".parse().expect("a month"),
        };
        let sealed = SealedCard { card, response: ResponseSecret([4; 32]), holder: None };
        let session = SealingSession::begin(&self.keys[0].keys).expect("a key");
        session.seal(&sealed, purchase).expect("a card that fits")
    }
}

#[tokio::test]
async fn a_seller_that_was_taken_over_gets_nothing_but_what_was_sealed() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.until_in_charge();
    let taken = Taken::over(folder.path(), shop.address("kessai-settlement")).await;

    // What the cardholder wanted is approved once, however often it is asked for.
    let wanted = taken.purchase(1);
    let sealed = taken.sealed_for(&wanted);
    for _ in 0..3 {
        assert_eq!(taken.inquire(wanted, &sealed).await, Ok(true));
    }
    // The same order with anything else is none: 94.
    let raised = Purchase { amount: Minor(64_000), ..wanted };
    assert_eq!(taken.inquire(raised, &sealed).await, Err(Refusal::Duplicate));

    // The blob on other orders, and every field changed on an order of its own: 57, each counted.
    let mut refused = 0;
    for order in 2..=10 {
        let purchase = taken.purchase(order);
        assert_eq!(taken.inquire(purchase, &sealed).await, Ok(false), "replayed on order {order}");
        refused += 1;
    }
    let changes: [fn(&mut Purchase); 6] = [
        |p| p.amount = Minor(p.amount.0 + 1),
        |p| p.amount = Minor(1),
        |p| p.currency = Currency::Usd,
        |p| p.quote_hash[31] ^= 1,
        |p| p.deadline = Timestamp(p.deadline.0 + 1),
        |p| p.seller.0[0] ^= 1,
    ];
    for (order, change) in (20..).zip(changes) {
        let mut purchase = taken.purchase(order);
        let sealed = taken.sealed_for(&purchase);
        change(&mut purchase);
        assert_eq!(taken.inquire(purchase, &sealed).await, Ok(false), "change {order}");
        refused += 1;
    }
    let bits = refuse_every_changed_envelope(&taken).await;
    drop(taken.link);

    let books = verify(folder.path());
    assert_eq!((books.owed("approved"), books.owed("held_pence")), (1, 640));
    assert_eq!(books.settlement["reasons"]["57"].as_i64(), Some(refused + bits), "each is in the books");
}

/// One byte after another of the envelope changed, each on an order of its own.
async fn refuse_every_changed_envelope(taken: &Taken) -> i64 {
    let bytes = codec::encode(&taken.sealed_for(&taken.purchase(30)));
    let mut tried = 0;
    for at in (0..bytes.len()).step_by(7) {
        let order = OrderId::from_bytes([[31; 8], (at as u64).to_le_bytes()].concat().try_into().unwrap());
        let purchase = Purchase { order, ..taken.purchase(31) };
        let mut changed = codec::encode(&taken.sealed_for(&purchase));
        changed[at] ^= 1 << (at % 8);
        let Ok(envelope) = codec::decode::<Envelope>(&changed) else { continue };
        assert_eq!(taken.inquire(purchase, &envelope).await, Ok(false), "byte {at}");
        let Reply::Status { standing, .. } = taken.ask(Request::Status { order }).await else {
            panic!("no status")
        };
        assert_eq!(standing, Standing::Declined);
        tried += 1;
    }
    assert!(tried > 150, "{tried} envelopes");
    tried
}
