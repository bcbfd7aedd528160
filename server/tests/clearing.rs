//! Clearing at the seller, through its real writer and journal: the test is the settlement, which books each
//! capture and refund under the batch that is open, closes batches whenever it likes, and answers late and
//! in any order. What the seller tells of a batch has to be exactly what was booked under it, every time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_server::charge::Charge;
use kessai_server::clerk::{Clerk, Command, GiveBackRequest};
use kessai_server::courier::{Cards, Errand};
use kessai_server::import::Listing;
use kessai_server::reconciler::{Heard, Told};
use kessai_server::sales::{Answer, Books, Terms, Work};
use kessai_server::settings::{FOLDER, JOURNAL};
use kessai_server::shown::Shown;
use kessai_server::verify::verify;
use kessai_shared::daemon::{self, Ended};
use kessai_shared::folder::DataFolder;
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::seal::Envelope;
use kessai_shared::settlement::{BatchTotals, Reconciled};
use kessai_shared::storefront::{Line, Refusal};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

const OWNER: Pin = Pin([1; 32]);
const SELLER: Pin = Pin([2; 32]);
const PRICE: i64 = 250;
/// How many random lives there are, and how many things happen in each.
const LIVES: u64 = 40;
const STEPS: u64 = 120;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// The seller's writer over a real folder, and the ends of what it sends.
struct Running {
    writer: mpsc::Sender<Command>,
    errands: mpsc::Receiver<Errand>,
    told: mpsc::Receiver<Told>,
    ended: Ended,
}

impl Running {
    fn open(folder: &Path) -> Self {
        let store = daemon::open::<Books>(folder, JOURNAL, None).expect("books");
        let clock: Clock = Arc::new(Timestamp::from_system_clock);
        let (writer, queue) = mpsc::channel(1_000);
        let (courier, errands) = kessai_server::courier::errands();
        let (tell, told) = kessai_server::reconciler::to_tell();
        let terms = Terms {
            ship_after: Some(0),
            ship_within: 1_000_000,
            deliver_after: 1_000_000,
            recovered_for: 1_000_000,
        };
        let shown = Shown::of(store.books());
        let charge = Charge::at_rest(store.books());
        let clerk = Clerk::new(Arc::clone(&clock), terms, Cards::default(), shown, courier, charge);
        let clerk = clerk.reconciling(tell);
        let ended = writer::spawn(store, clerk, queue, clock, writer::Standing::alone()).expect("a writer");
        Self { writer, errands, told, ended }
    }

    async fn send(&self, command: Command) {
        assert!(self.writer.send(command).await.is_ok(), "the writer works");
    }

    /// Places an order; whoever waits for its end has gone already, unless it was refused at once.
    async fn place(&self, number: u64, pieces: u32) -> Option<Refusal> {
        let (tell, mut told) = oneshot::channel();
        let card = Envelope { suite: 1, key_id: [1; 8], encapsulated: vec![1], ciphertext: vec![1] };
        self.send(Command::Place {
            quote: quote(number, pieces),
            deliver_to: None,
            owner: OWNER,
            card,
            since: Instant::now(),
            tell,
        })
        .await;
        self.settle().await;
        told.try_recv().ok()?.err()
    }

    async fn give_back(&self, number: u64, order: u64) {
        let request = GiveBackRequest {
            id: ReturnId::from_bytes(u128::from(number).to_be_bytes()),
            owner: OWNER,
            customer: Customer::default(),
            from: Some(id(order)),
            lines: vec![Line { sku: sku(), quantity: 1 }],
            by: None,
            restock: true,
        };
        let (tell, _) = oneshot::channel();
        self.send(Command::GiveBack { request, tell }).await;
    }

    /// Waits until the writer has done all that was handed in before.
    async fn settle(&self) {
        let (tell, told) = oneshot::channel();
        let look = Box::new(move |_: &Books, _| {
            let _ = tell.send(());
        });
        self.send(Command::Read(look)).await;
        told.await.expect("an answer");
    }

    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&Books) -> T + Send + 'static) -> T {
        let (tell, told) = oneshot::channel();
        self.send(Command::Read(Box::new(move |books: &Books, _| drop(tell.send(look(books)))))).await;
        told.await.unwrap_or_else(|_| panic!("an answer"))
    }

    async fn close(self) {
        drop((self.writer, self.errands, self.told));
        self.ended.await.expect("a writer").expect("whole books");
    }
}

/// The settlement as the test plays it.
#[derive(Default)]
struct Settlement {
    open: u32,
    /// Captures, their sum, refunds and their sum, by batch.
    booked: BTreeMap<u32, (u64, i64, u64, i64)>,
    /// Answers that are on their way.
    late: Vec<(Work, Answer)>,
    /// What was ever answered: the same message has the same answer for ever, and its batch.
    done: BTreeMap<String, Answer>,
    reconciled: Vec<u32>,
}

impl Settlement {
    /// Carries an errand out at once; its answer is on its way from then on.
    fn carry(&mut self, work: Work) {
        if let Some(answer) = self.done.get(&format!("{work:?}")) {
            return self.late.push((work, answer.clone()));
        }
        let mut none = Default::default();
        let moves = matches!(work, Work::Capture { .. } | Work::Refund { .. } | Work::Repay { .. });
        let booked = if moves { self.booked.entry(self.open).or_default() } else { &mut none };
        let answer = match &work {
            Work::Inquire { purchase } => {
                Answer::Decided(Box::new(decision(purchase.order, purchase.amount.0)))
            }
            Work::Capture { amount, .. } => {
                (booked.0, booked.1) = (booked.0 + 1, booked.1 + amount.0);
                Answer::Captured { batch: self.open }
            }
            Work::Refund { amount, .. } | Work::Repay { amount, .. } => {
                (booked.2, booked.3) = (booked.2 + 1, booked.3 + amount.0);
                Answer::Refunded { batch: self.open }
            }
            Work::Release { .. } => Answer::Released,
            Work::Reverse { .. } => Answer::Reversed,
        };
        self.done.insert(format!("{work:?}"), answer.clone());
        self.late.push((work, answer));
    }

    fn totals(&self, batch: u32) -> Vec<BatchTotals> {
        let (captures, captured, refunds, refunded) = self.booked.get(&batch).copied().unwrap_or_default();
        let (captured, refunded) = (Minor(captured), Minor(refunded));
        let line = BatchTotals { currency: Currency::Gbp, captures, captured, refunds, refunded };
        if captures + refunds == 0 { Vec::new() } else { vec![line] }
    }

    /// 0510.
    fn answer(&mut self, told: &Told) -> Heard {
        assert!(told.batch < self.open, "only what is closed is told of");
        assert_eq!(told.totals, self.totals(told.batch), "batch {} is told of as it was booked", told.batch);
        self.reconciled.push(told.batch);
        Heard::Answered(Reconciled { batch: told.batch, agrees: true, payouts: Vec::new() })
    }
}

fn id(number: u64) -> OrderId {
    OrderId::from_bytes(u128::from(number).to_be_bytes())
}

fn sku() -> Sku {
    Sku::new("TEA").expect("a SKU")
}

fn quote(number: u64, quantity: u32) -> Quote {
    Quote {
        seller: SELLER,
        order: id(number),
        customer: Customer::default(),
        lines: vec![QuotedLine { sku: sku(), quantity, unit_price: Minor(PRICE) }],
        total: Minor(PRICE * i64::from(quantity)),
        currency: Currency::Gbp,
        // The same in every run, so that the same order is the same quote after a restart.
        deadline: Timestamp(32_503_680_000_000_000),
    }
}

fn decision(order: OrderId, amount: i64) -> Decision {
    let number = u64::try_from(u128::from_be_bytes(*order.as_bytes())).expect("a small number");
    let purchase = quote(number, u32::try_from(amount / PRICE).expect("few pieces")).purchase();
    let statement = Statement { purchase, verdict: Verdict::Approved, position: 1, decided_at: Timestamp(1) };
    let at = Timestamp(1);
    let head = GroupHead { first: 1, last: 1, at, decisions: 1, root: [8; 32], journal: [9; 32] };
    let proof = Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: Vec::new() };
    Decision { statement, sealed_reason: vec![1], proof }
}

async fn stocked(folder: &Path) -> Running {
    drop(DataFolder::open(folder, FOLDER).expect("a data folder"));
    let running = Running::open(folder);
    let (name, category, unit_price) = ("Tea".to_owned(), "Tea".to_owned(), Minor(PRICE));
    let (stock, description, picture) = (1_000_000, None, None);
    let listings = vec![Listing { sku: sku(), name, category, unit_price, stock, description, picture }];
    let (tell, told) = oneshot::channel();
    running.send(Command::Import { listings, tell }).await;
    told.await.expect("an answer");
    running
}

/// Has the settlement do what was sent, and hear what it is told, until nothing more comes by itself.
async fn carry(running: &mut Running, settlement: &mut Settlement) {
    running.settle().await;
    while let Ok(Errand { work }) = running.errands.try_recv() {
        settlement.carry(work);
    }
    while let Ok(told) = running.told.try_recv() {
        let heard = settlement.answer(&told);
        running.send(Command::Reconciled(told, heard)).await;
        running.settle().await;
    }
}

/// Ships what can be, which the clerk does at its next round.
async fn round(running: &mut Running, settlement: &mut Settlement) {
    tokio::time::sleep(Duration::from_millis(110)).await;
    running.settle().await;
    carry(running, settlement).await;
}

async fn life(seed: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = stocked(folder.path()).await;
    let mut settlement = Settlement { open: 1, ..Settlement::default() };
    let mut dice = Dice(seed);
    let mut placed = 0;
    for step in 0..STEPS {
        match dice.below(12) {
            0..=2 => {
                placed += 1;
                let pieces = 1 + u32::try_from(dice.below(3)).expect("few");
                assert_eq!(running.place(placed, pieces).await, None);
            }
            // An answer comes, whichever.
            3..=6 if !settlement.late.is_empty() => {
                let pick = usize::try_from(dice.below(settlement.late.len() as u64)).expect("few");
                let (work, answer) = settlement.late.swap_remove(pick);
                running.send(Command::Answered(work, answer, Instant::now())).await;
            }
            7 if placed > 0 => running.give_back(step, 1 + dice.below(placed)).await,
            8 | 9 => {
                settlement.open += u32::from(settlement.booked.contains_key(&settlement.open));
            }
            10 => running.send(Command::OpenBatch(settlement.open)).await,
            11 if dice.below(4) == 0 => {
                // Killed: what was on its way is lost, and asked for again.
                running.close().await;
                running = Running::open(folder.path());
                settlement.late.clear();
                // The settlement may be heard of before the first round has found what is under way.
                settlement.open += u32::from(settlement.booked.contains_key(&settlement.open));
                running.send(Command::OpenBatch(settlement.open)).await;
                round(&mut running, &mut settlement).await;
            }
            _ if dice.below(4) == 0 => round(&mut running, &mut settlement).await,
            _ => {}
        }
        carry(&mut running, &mut settlement).await;
    }
    finish(&mut running, &mut settlement).await;
    let closed: Vec<u32> = (1..settlement.open).collect();
    settlement.reconciled.sort_unstable();
    assert_eq!(settlement.reconciled, closed, "every closed batch is told of, once");
    running.close().await;
    assert_eq!(verify(folder.path()).expect("a report").problems, Vec::<String>::new());
}

/// The faults stop: every answer comes, and the settlement closes what is left.
async fn finish(running: &mut Running, settlement: &mut Settlement) {
    for _ in 0..6 {
        round(running, settlement).await;
        for (work, answer) in std::mem::take(&mut settlement.late) {
            running.send(Command::Answered(work, answer, Instant::now())).await;
        }
        carry(running, settlement).await;
    }
    settlement.open += u32::from(settlement.booked.contains_key(&settlement.open));
    for _ in 0..3 {
        running.send(Command::OpenBatch(settlement.open)).await;
        carry(running, settlement).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_told_of_only_when_all_of_it_is_answered() {
    let lives: Vec<_> = (1..=LIVES).map(|seed| tokio::spawn(life(seed * 7_919))).collect();
    for (seed, life) in lives.into_iter().enumerate() {
        life.await.unwrap_or_else(|error| panic!("life {seed}: {error}"));
    }
}

#[tokio::test]
async fn a_difference_stops_new_orders_until_it_is_settled() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = stocked(folder.path()).await;
    let mut settlement = Settlement { open: 1, ..Settlement::default() };
    assert_eq!(running.place(1, 2).await, None);
    assert_eq!(running.place(2, 1).await, None);
    finish(&mut running, &mut settlement).await;
    assert_eq!((settlement.open, settlement.reconciled.as_slice()), (2, &[1][..]));
    // Goods of the third order wait to be shipped when the settlement says that it has other books.
    assert_eq!(running.place(3, 1).await, None);
    carry(&mut running, &mut settlement).await;
    settlement.booked.insert(2, (1, 1, 0, 0));
    settlement.open = 3;
    running.send(Command::OpenBatch(3)).await;
    let told = running.told.recv().await.expect("it is told of");
    assert_eq!((told.batch, told.totals.len()), (2, 0));
    let differs = Heard::Answered(Reconciled { batch: 2, agrees: false, payouts: Vec::new() });
    running.send(Command::Reconciled(told, differs)).await;
    assert_eq!(running.place(4, 1).await, Some(Refusal::TryLater), "no new order is taken");
    assert_eq!(running.place(1, 2).await, None, "an order that is known is answered as ever");
    // What is under way goes on: it is decided, shipped and charged.
    for _ in 0..3 {
        for (work, answer) in std::mem::take(&mut settlement.late) {
            running.send(Command::Answered(work, answer, Instant::now())).await;
        }
        tokio::time::sleep(Duration::from_millis(110)).await;
        running.settle().await;
        while let Ok(Errand { work }) = running.errands.try_recv() {
            settlement.carry(work);
        }
    }
    let captured = running.look(|books| books.order(id(3)).map(|order| order.captured)).await;
    assert_eq!(captured, Some(Minor(PRICE)));
    // The alarm outlives a restart, and is asked about whenever the settlement is heard of.
    running.close().await;
    let mut running = Running::open(folder.path());
    assert_eq!(running.place(4, 1).await, Some(Refusal::TryLater));
    tokio::time::sleep(Duration::from_millis(110)).await;
    for agrees in [false, true] {
        running.send(Command::OpenBatch(3)).await;
        let told = running.told.recv().await.expect("it is told of again");
        assert_eq!(told.batch, 2);
        let heard = Heard::Answered(Reconciled { batch: 2, agrees, payouts: Vec::new() });
        running.send(Command::Reconciled(told, heard)).await;
        let refused = running.place(4, 1).await;
        assert_eq!(refused, if agrees { None } else { Some(Refusal::TryLater) });
    }
    running.send(Command::OpenBatch(3)).await;
    running.settle().await;
    assert!(running.told.try_recv().is_err(), "what is settled is not told of again");
    running.close().await;
    assert_eq!(verify(folder.path()).expect("a report").problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_settlement_that_has_settled_otherwise_is_a_difference_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = stocked(folder.path()).await;
    tokio::time::sleep(Duration::from_millis(110)).await;
    running.send(Command::OpenBatch(2)).await;
    let told = running.told.recv().await.expect("a batch without movement is told of too");
    assert_eq!((told.batch, told.totals.clone()), (1, Vec::new()));
    running.send(Command::Reconciled(told, Heard::NotNow)).await;
    running.settle().await;
    assert!(running.told.try_recv().is_err(), "it rests until the settlement is heard of");
    running.send(Command::OpenBatch(2)).await;
    let told = running.told.recv().await.expect("it is told of again");
    running.send(Command::Reconciled(told, Heard::Duplicate)).await;
    assert_eq!(running.place(1, 1).await, Some(Refusal::TryLater));
    // One that names a batch far ahead is not that of these books, and is not followed.
    running.send(Command::OpenBatch(4_000_000_000)).await;
    let told = running.told.recv().await.expect("the disputed one is told of again");
    assert_eq!(told.batch, 1);
    running.close().await;
}
