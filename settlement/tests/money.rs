//! The money of an order through the real writer, journal and restart: what is answered, what is asked
//! again, and what stands in the books afterwards.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kessai_settlement::clerk::fence::Command as Fence;
use kessai_settlement::clerk::money::Command as Money;
use kessai_settlement::clerk::policy::Adopt;
use kessai_settlement::clerk::{Clerk, Command, Opened};
use kessai_settlement::ledger::{Books, Policy, Proposed};
use kessai_settlement::settings::JOURNAL;
use kessai_settlement::vault::LiveVault;
use kessai_settlement::verify::{Report, verify};
use kessai_shared::daemon::{self, Ended};
use kessai_shared::ids::{CaptureId, ChargebackId, Epoch, NodeId, OrderId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::ResponseSecret;
use kessai_shared::settlement::{Claim, Mode, Refusal, Run, Sender, Standing, Why, Witness};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use support::{COLUMNS, Folder, card, number};
use tokio::sync::{mpsc, oneshot};

const SELLER: Pin = Pin([2; 32]);
const OTHER: Pin = Pin([3; 32]);
const OPERATOR: Pin = Pin([7; 32]);
/// The run of the sellers' nodes is the same all the time, so there is one grant.
const FIRST: Epoch = Epoch(1);
const HOLD_SECONDS: u64 = 1_000;
const GRACE_SECONDS: u64 = 100;

/// A settlement's writer over a real folder, on a clock that the test sets.
struct Running {
    vault: Arc<LiveVault>,
    writer: mpsc::Sender<Command>,
    ended: Ended,
    now: Arc<AtomicU64>,
}

impl Running {
    fn open(folder: &Path, keys: &Path, now: Timestamp) -> Self {
        let vault = Arc::new(LiveVault::load_or_create(keys, &folder.join("journal")).expect("keys"));
        let store = daemon::open::<Books>(folder, JOURNAL, None).expect("books");
        let now = Arc::new(AtomicU64::new(now.0));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || Timestamp(now.load(Ordering::Relaxed)))
        };
        let (writer, queue) = mpsc::channel(100);
        let policy =
            Policy { hold_seconds: HOLD_SECONDS, hold_grace_seconds: GRACE_SECONDS, ..Policy::default() };
        let proposed = Proposed { version: None, policy };
        let (tell, _) = oneshot::channel();
        let adopt = Command::Policy(Adopt { proposed, by: OPERATOR, tell });
        assert!(writer.try_send(adopt).is_ok(), "the queue is empty yet");
        // The second claim of the same run comes too late, so the first grant stands over every restart.
        for seller in [SELLER, OTHER] {
            let (tell, _) = oneshot::channel();
            let claim = Claim { why: Why::Start, mode: Mode::Alone, run: Run { id: [1; 8], nth: 1 } };
            let claim = Fence::Claim { seller, by: by(Epoch::NONE), claim, tell };
            assert!(writer.try_send(Command::Fence(claim)).is_ok(), "there is room");
        }
        let ended =
            writer::spawn(store, Clerk::new(Arc::clone(&clock)), queue, clock, writer::Standing::alone())
                .expect("a writer");
        Self { vault, writer, ended, now }
    }

    fn wait(&self, seconds: u64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> T {
        let (tell, told) = oneshot::channel();
        assert!(self.writer.send(command(tell)).await.is_ok(), "the writer works");
        told.await.expect("an answer")
    }

    /// Whether a purchase with an account's card is approved.
    async fn buy(&self, account: u64, purchase: Purchase) -> bool {
        let lease = self.vault.lease();
        let presented = lease.present(&card(account));
        let card = Some(Opened { presented, response: ResponseSecret([4; 32]), lease });
        let told = self
            .ask(|tell| Command::Inquiry {
                by: by(FIRST),
                purchase,
                card,
                since: std::time::Instant::now(),
                tell,
            })
            .await;
        let decided = told.unwrap_or_else(|refusal| panic!("{refusal:?}")).decided;
        decided.reason == kessai_shared::outcome::Reason::Approved
    }

    async fn capture(&self, at: &Purchase, nth: u32, amount: i64, last: bool) -> Result<u32, Refusal> {
        let Purchase { seller, order, .. } = *at;
        let (capture, amount) = (CaptureId::of(order, nth), Minor(amount));
        self.ask(|tell| {
            Command::Money(Money::Capture { seller, by: by(FIRST), capture, order, amount, last, tell })
        })
        .await
    }

    async fn release(&self, at: &Purchase, id: u8, amount: i64) -> Result<(), Refusal> {
        let (seller, order, release, amount) = (at.seller, at.order, refund_id(id), Minor(amount));
        self.ask(|tell| {
            Command::Money(Money::Release { seller, by: by(FIRST), release, order, amount, tell })
        })
        .await
    }

    async fn refund(&self, at: &Purchase, id: u8, amount: i64) -> Result<u32, Refusal> {
        let (seller, order, refund, amount) = (at.seller, at.order, refund_id(id), Minor(amount));
        self.ask(|tell| Command::Money(Money::Refund { seller, by: by(FIRST), refund, order, amount, tell }))
            .await
    }

    async fn charge_back(&self, at: &Purchase, id: u8, amount: i64) -> Result<u32, Refusal> {
        let (seller, order, amount, by) = (at.seller, at.order, Minor(amount), OPERATOR);
        let (id, reason) = (ChargebackId::from_bytes([id; 16]), ChargebackReason::NotReceived);
        self.ask(|tell| Command::Money(Money::ChargeBack { id, seller, order, amount, reason, by, tell }))
            .await
    }

    async fn standing(&self, at: &Purchase) -> Option<Standing> {
        let (seller, order) = (at.seller, at.order);
        self.ask(|tell| Command::Status { seller, by: by(FIRST), order, tell })
            .await
            .expect("the newest books")
            .map(|(standing, _)| standing)
    }

    async fn close(self) {
        drop(self.writer);
        self.ended.await.expect("a writer").expect("whole books");
    }
}

/// The one node of each seller.
fn by(epoch: Epoch) -> Sender {
    Sender { epoch, node: NodeId::from_bytes([1; 16]), at: 0, witnessed: Witness::default() }
}

fn refund_id(id: u8) -> RefundId {
    RefundId::from_bytes([id; 16])
}

fn purchase(seller: Pin, order: u8, currency: Currency, amount: i64) -> Purchase {
    let deadline = Timestamp::from_system_clock().plus_seconds(600);
    let order = OrderId::from_bytes([order; 16]);
    Purchase {
        seller,
        order,
        amount: Minor(amount),
        currency,
        quote_hash: [order.as_bytes()[0]; 32],
        deadline,
    }
}

/// The books of a folder whose accounts are in pounds, yen and euro.
async fn folder() -> Folder {
    let folder = Folder::with(0).await;
    let columns = COLUMNS.trim_end();
    let mut table = format!("{columns},currency\n");
    for (at, currency) in ["", "JPY", "EUR"].into_iter().enumerate() {
        let number = number(at as u64);
        table.push_str(&format!("{number},HOLDER {at},1988-04-12,2031-09,9000,100,0,0,{currency}\n"));
    }
    assert_eq!(folder.import(&table).await, (3, 0, 0));
    folder
}

fn open(folder: &Folder) -> Running {
    Running::open(folder.path(), &folder.key(), Timestamp::from_system_clock())
}

fn sound(folder: &Folder) -> Report {
    let report = verify(folder.path()).expect("books");
    assert_eq!(report.problems, Vec::<String>::new());
    report
}

#[tokio::test]
async fn every_part_of_an_order_has_one_answer_before_and_after_a_restart() {
    let folder = folder().await;
    let books = open(&folder);
    let bought = purchase(SELLER, 1, Currency::Gbp, 1_000);
    assert!(books.buy(0, bought).await);
    assert_eq!(books.refund(&bought, 1, 100).await, Err(Refusal::Amount), "nothing is captured yet");
    assert_eq!(books.release(&bought, 2, 100).await, Ok(()));
    assert_eq!(books.capture(&bought, 1, 300, false).await, Ok(1));
    assert_eq!(books.capture(&bought, 2, 200, false).await, Ok(1));
    assert_eq!(books.standing(&bought).await, Some(Standing::Held), "400 are held still");
    let reversal = |tell| Command::Reversal { seller: SELLER, by: by(FIRST), order: bought.order, tell };
    assert_eq!(books.ask(reversal).await, Err(Refusal::Captured));
    assert_eq!(books.refund(&bought, 1, 250).await, Ok(1));
    assert_eq!(books.charge_back(&bought, 1, 251).await, Err(Refusal::Amount));
    assert_eq!(books.charge_back(&bought, 1, 250).await, Ok(1));
    books.close().await;
    sound(&folder);

    let books = open(&folder);
    assert_eq!(books.capture(&bought, 2, 200, false).await, Ok(1), "the same answer");
    assert_eq!(books.capture(&bought, 2, 201, false).await, Err(Refusal::Duplicate));
    assert_eq!(books.capture(&bought, 2, 200, true).await, Err(Refusal::Duplicate));
    assert_eq!(books.release(&bought, 2, 100).await, Ok(()));
    assert_eq!(books.refund(&bought, 2, 100).await, Err(Refusal::Duplicate), "a release is no refund");
    assert_eq!(books.release(&bought, 1, 250).await, Err(Refusal::Duplicate), "a refund is no release");
    assert_eq!(books.refund(&bought, 1, 250).await, Ok(1));
    assert_eq!(books.refund(&bought, 3, 1).await, Err(Refusal::Amount));
    assert_eq!(books.charge_back(&bought, 1, 250).await, Ok(1));
    assert_eq!(books.capture(&bought, 3, 100, true).await, Ok(1), "300 of the hold are given back");
    assert_eq!(books.capture(&bought, 4, 1, true).await, Err(Refusal::Amount));
    assert_eq!(books.standing(&bought).await, Some(Standing::Captured));
    books.close().await;
    let report = sound(&folder);
    let pounds = &report.money["GBP"];
    assert_eq!((pounds.captured, pounds.refunded, pounds.charged_back), (600, 250, 250));
    assert_eq!((pounds.balance, pounds.held, report.live_holds), (200, 0, 0));
}

#[tokio::test]
async fn sellers_and_currencies_are_kept_apart_and_yen_have_no_minor_unit() {
    let folder = folder().await;
    let books = open(&folder);
    let yen = purchase(SELLER, 1, Currency::Jpy, 8_000);
    let euro = purchase(OTHER, 1, Currency::Eur, 500);
    assert!(books.buy(1, yen).await);
    assert!(books.buy(2, euro).await);
    assert!(!books.buy(1, purchase(SELLER, 2, Currency::Gbp, 1)).await, "the account is in yen");
    assert!(!books.buy(0, purchase(SELLER, 3, Currency::Jpy, 1)).await, "the account is in pounds");
    assert!(!books.buy(1, purchase(SELLER, 4, Currency::Jpy, 901)).await, "the limit is 9,000 yen");
    assert_eq!(books.capture(&yen, 1, 3_000, false).await, Ok(1));
    assert_eq!(books.capture(&euro, 1, 500, true).await, Ok(1));
    let at_other = Purchase { seller: OTHER, ..yen };
    assert_eq!(books.capture(&at_other, 2, 1, false).await, Err(Refusal::Amount), "that order is in euro");
    assert_eq!(books.refund(&euro, 1, 500).await, Ok(1));
    assert_eq!(books.refund(&yen, 1, 500).await, Ok(1), "another seller's ids are its own");
    books.close().await;
    let report = sound(&folder);
    let of = |code| {
        let money = &report.money[code];
        (money.held, money.balance, money.captured, money.refunded)
    };
    assert_eq!((of("GBP"), report.exposure_pence), ((0, 100, 0, 0), 100));
    assert_eq!(of("JPY"), (5_000, 2_600, 3_000, 500));
    assert_eq!(of("EUR"), (0, 100, 500, 500));
}

/// Three days later, and with a clock that went back then.
#[tokio::test]
async fn a_capture_after_the_grace_is_refused_counted_and_never_charged() {
    let folder = folder().await;
    let books = open(&folder);
    let [early, in_grace, late, part] =
        [1, 2, 3, 4].map(|order| purchase(SELLER, order, Currency::Gbp, 1_000));
    for bought in [early, in_grace, late, part] {
        assert!(books.buy(0, bought).await);
    }
    assert_eq!(books.capture(&part, 1, 400, false).await, Ok(1));
    books.wait(HOLD_SECONDS - 1);
    assert_eq!(books.capture(&early, 1, 1_000, true).await, Ok(1));
    books.wait(GRACE_SECONDS / 2);
    assert_eq!(books.capture(&in_grace, 1, 1_000, true).await, Ok(1), "it was not given back yet");
    books.wait(GRACE_SECONDS);
    for _ in 0..3 {
        assert_eq!(books.capture(&late, 1, 1_000, true).await, Err(Refusal::Expired));
        assert_eq!(books.capture(&part, 2, 600, true).await, Err(Refusal::Expired));
    }
    assert_eq!(books.capture(&part, 1, 400, false).await, Ok(1), "what was captured before stays");
    books.now.store(Timestamp::from_system_clock().0, Ordering::Relaxed);
    assert_eq!(books.capture(&late, 2, 1, true).await, Err(Refusal::Expired), "no clock brings it back");
    assert_eq!(books.standing(&late).await, Some(Standing::Expired));
    assert_eq!(books.standing(&part).await, Some(Standing::Captured));
    books.close().await;
    let report = sound(&folder);
    assert_eq!((report.late_presentments, report.live_holds), (2, 0));
    assert_eq!(report.money["GBP"].captured, 2_400);
}

#[tokio::test]
async fn an_account_keeps_its_currency() {
    let folder = folder().await;
    let columns = COLUMNS.trim_end();
    let table =
        |rest: &str| format!("{columns},currency\n{},HOLDER 1,1988-04-12,2031-09,{rest}\n", number(1));
    assert_eq!(folder.import(&table("8000,0,0,0,EUR")).await, (0, 0, 0), "it is neither new nor restated");
    assert_eq!(folder.import(&table("8000,0,0,0,JPY")).await, (0, 1, 0));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), table("8000,0,0,0,yen")).expect("a table");
    let read = kessai_settlement::import::accounts(file.path(), &folder.vault());
    let why = read.map(|_| ()).expect_err("no currency is called yen").to_string();
    assert!(why.contains("currency: expected GBP, EUR, USD or JPY"), "{why}");
    sound(&folder);
}
