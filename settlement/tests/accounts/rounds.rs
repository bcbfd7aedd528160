//! The writer closes months by itself when its clock says that they are over, each once, whatever the
//! clock does, a round at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kessai_settlement::clerk::accounts::{self, ClosedMonths, TooFarAhead};
use kessai_settlement::clerk::cards::{self, Imported};
use kessai_settlement::clerk::{Clerk, Command};
use kessai_settlement::ledger::{Event, Stated};
use kessai_settlement::rekey::ask;
use kessai_settlement::settings::JOURNAL;
use kessai_settlement::vault::LiveVault;
use kessai_shared::daemon;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

use super::*;

/// A writer on a folder of its own, with a clock that is set by hand.
struct Desk {
    folder: tempfile::TempDir,
    vault: LiveVault,
    clock: Arc<AtomicU64>,
    writer: mpsc::Sender<Command>,
    ended: daemon::Ended,
}

impl Desk {
    fn open(folder: tempfile::TempDir, day: &str) -> Self {
        let store = daemon::open::<Books>(folder.path(), JOURNAL, None).expect("books");
        let vault = LiveVault::load_or_create(&folder.path().join("vault.key"), &folder.path().join("none"));
        let clock = Arc::new(AtomicU64::new(noon(day).0));
        let reads = Arc::clone(&clock);
        let reads: Clock = Arc::new(move || Timestamp(reads.load(Ordering::SeqCst)));
        let (writer, queue) = mpsc::channel(100);
        let clerk = Clerk::new(Arc::clone(&reads));
        let ended = writer::spawn(store, clerk, queue, reads, writer::Standing::alone()).expect("a writer");
        Self { folder, vault: vault.expect("keys"), clock, writer, ended }
    }

    async fn import(&self, accounts: Vec<Account>) -> Imported {
        let accounts = accounts.into_iter().map(|account| Stated { account, older: None }).collect();
        let lease = self.vault.lease();
        let command = |tell| cards::Command::Import { accounts, by: OPERATOR, lease, tell };
        ask(&self.writer, command).await.expect("an answer")
    }

    async fn asks<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> accounts::Command) -> T {
        let (tell, told) = oneshot::channel();
        assert!(self.writer.send(Command::Accounts(command(tell))).await.is_ok(), "a writer");
        told.await.expect("an answer")
    }

    async fn read<T: Send + 'static>(&self, look: impl FnOnce(&Books) -> T + Send + 'static) -> T {
        let (tell, told) = oneshot::channel();
        let look = Box::new(move |books: &Books, _| drop(tell.send(look(books))));
        assert!(self.writer.send(Command::Read(look)).await.is_ok(), "a writer");
        told.await.expect("an answer")
    }

    async fn show(&self, card: u8) -> Account {
        self.read(move |books| books.account(id(card)).expect("an account").clone()).await
    }

    async fn open_month(&self, card: u8) -> Option<YearMonth> {
        self.show(card).await.open_month()
    }

    fn set(&self, day: &str) {
        self.clock.store(noon(day).0, Ordering::SeqCst);
    }

    /// Lets the clock go on, and the writer look at it in small steps.
    async fn run(&self, seconds: u64) {
        for _ in 0..seconds / 10 {
            self.clock.fetch_add(10_000_000, Ordering::SeqCst);
            self.show(1).await;
        }
    }

    async fn close(self) -> tempfile::TempDir {
        drop(self.writer);
        self.ended.await.expect("a writer").expect("whole books");
        self.folder
    }
}

/// Every statement of one account in the journal, in its order.
fn stated(folder: &tempfile::TempDir, card: u8) -> Vec<(YearMonth, Option<Pin>)> {
    let mut stated = Vec::new();
    let each = |change: &Change, _: Stamp, _: &Books| {
        if let Change::Account(change) = change
            && let Event::Stated { statement, by } = &change.event
            && change.id == id(card)
        {
            stated.push((statement.month, *by));
        }
    };
    store::walk::<Books>(folder.path(), JOURNAL, each).expect("a journal");
    stated
}

#[tokio::test]
async fn a_month_is_closed_once_however_the_clock_jumps() {
    let desk = Desk::open(tempfile::tempdir().expect("a folder"), "2026-05-30");
    desk.import(vec![new_account(1, 1_000, 600)]).await;
    desk.run(300).await;
    assert_eq!(desk.open_month(1).await, Some(month("2026-05")), "May is not over");
    // A clock that is years ahead for a moment, and then again, closes nothing.
    for _ in 0..3 {
        desk.set("2029-01-03");
        desk.run(60).await;
        desk.set("2026-05-30");
        desk.run(10).await;
    }
    assert_eq!(desk.open_month(1).await, Some(month("2026-05")), "it must be sure");
    desk.set("2026-06-02");
    desk.run(90).await;
    // A jump is not two minutes, though the clock says that years have passed since it was looked at.
    desk.set("2029-01-03");
    desk.run(60).await;
    desk.set("2026-06-02");
    desk.run(90).await;
    assert_eq!(desk.open_month(1).await, Some(month("2026-05")));
    desk.run(90).await;
    assert_eq!(desk.open_month(1).await, Some(month("2026-06")), "it was sure for two minutes");
    desk.set("2026-05-20");
    desk.run(300).await;
    desk.set("2026-06-20");
    desk.run(300).await;
    assert_eq!(desk.open_month(1).await, Some(month("2026-06")));
    let folder = desk.close().await;
    assert_eq!(stated(&folder, 1), [(month("2026-05"), None)]);
    // After two months without a settlement both are closed, the earlier first.
    let desk = Desk::open(folder, "2026-08-02");
    desk.run(300).await;
    assert_eq!(desk.open_month(1).await, Some(month("2026-08")));
    let all = [month("2026-05"), month("2026-06"), month("2026-07")].map(|month| (month, None));
    assert_eq!(stated(&desk.close().await, 1), all);
}

#[tokio::test]
async fn an_operator_closes_months_ahead_a_round_at_a_time_and_not_too_far() {
    let desk = Desk::open(tempfile::tempdir().expect("a folder"), "2026-05-30");
    let many = (0..1_200_u16).map(|nth| {
        let mut account = new_account(1, 1_000, 600);
        (account.index[0], account.index[1]) = (nth as u8, (nth >> 8) as u8);
        account
    });
    assert_eq!(desk.import(many.collect()).await.opened, 1_200);
    let close = |until: &'static str| {
        let by = OPERATOR;
        desk.asks(move |tell| accounts::Command::CloseMonth { month: month(until), by, tell })
    };
    for more in [true, true, false] {
        let closed = close("2026-05").await.expect("a month");
        assert_eq!((closed.stated + closed.passed > 0, closed.more), (true, more));
        assert!(closed.stated <= 500, "one round");
    }
    assert_eq!(close("2026-05").await, Ok(ClosedMonths::default()), "closed already");
    assert_eq!(close("2027-06").await, Err(TooFarAhead));
    let all = desk.read(|books| books.accounts().all(|(id, _)| books.statements_of(*id).count() == 1));
    assert!(all.await, "each has its one statement");
    desk.close().await;
}

#[tokio::test]
async fn an_import_brings_lateness_along_and_again_changes_nothing() {
    let desk = Desk::open(tempfile::tempdir().expect("a folder"), "2026-05-30");
    let mut late = new_account(1, 100_000, 40_000);
    (late.months_late, late.late_history) = (2, vec![1, 0]);
    let count = |opened, restated, unchanged| Imported { opened, restated, unchanged, other_currency: 0 };
    assert_eq!(desk.import(vec![late.clone(), new_account(2, 1_000, 0)]).await, count(2, 0, 0));
    assert_eq!(desk.import(vec![late.clone(), new_account(2, 1_000, 0)]).await, count(0, 0, 2));
    let shown = desk.show(1).await;
    assert_eq!((shown.months_late, shown.life.billing.past_due()), (2, Minor(4_000)), "two minimum payments");
    let act = AccountAct::Repay { repayment: RepaymentId::from_bytes([1; 16]), amount: Minor(4_000) };
    let paid = desk.asks(|tell| accounts::Command::Act { id: id(1), act, by: OPERATOR, tell }).await;
    assert_eq!(paid.expect("a repayment").months_late, 0);
    assert_eq!(desk.import(vec![late]).await, count(0, 0, 1), "the table is older than the payment");
    assert_eq!(desk.import(vec![new_account(2, 2_000, 0)]).await, count(0, 1, 0));
    desk.close().await;
}
