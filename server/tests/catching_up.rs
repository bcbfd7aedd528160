//! Books that are behind the settlement's read its pages one after another, and only those that were asked for
//! since they are (F18): through the real writer, with the test as whoever brings the pages.

use std::path::Path;
use std::sync::Arc;

use kessai_server::charge::Charge;
use kessai_server::clerk::{Clerk, Command};
use kessai_server::courier::{Cards, Errand};
use kessai_server::recoverer::Asked;
use kessai_server::sales::{Books, Tenure, Terms};
use kessai_server::settings::JOURNAL;
use kessai_server::shown::Shown;
use kessai_shared::daemon::{self, Ended};
use kessai_shared::ids::{CaptureId, Epoch, NodeId, OrderId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::settlement::{Approved, ApprovedOrders, Captured, Mode, Standing};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

const TERMS: Terms = Terms { ship_after: None, ship_within: 1, deliver_after: 1, recovered_for: 1_000_000 };

struct Running {
    writer: mpsc::Sender<Command>,
    _errands: mpsc::Receiver<Errand>,
    ended: Ended,
}

impl Running {
    fn open(folder: &Path) -> Self {
        let store = daemon::open::<Books>(folder, JOURNAL, None).expect("books");
        let clock: Clock = Arc::new(Timestamp::from_system_clock);
        let (writer, queue) = mpsc::channel(100);
        let (courier, errands) = kessai_server::courier::errands();
        let (shown, charge) = (Shown::of(store.books()), Charge::at_rest(store.books()));
        let clerk = Clerk::new(Arc::clone(&clock), TERMS, Cards::default(), shown, courier, charge);
        let ended = writer::spawn(store, clerk, queue, clock, writer::Standing::alone()).expect("a writer");
        Self { writer, _errands: errands, ended }
    }

    /// An operator puts this node in charge, who knows that it lacks something.
    async fn promote(&self, epoch: u64) {
        let (node, mode) = (NodeId::from_bytes([1; 16]), Mode::Alone);
        let tenure = Tenure { epoch: Epoch(epoch), node, mode, by: None, behind: true };
        let (tell, told) = oneshot::channel();
        assert!(self.writer.send(Command::Granted { tenure, tell }).await.is_ok(), "the writer works");
        told.await.expect("a record");
    }

    /// Whether a page that was asked for was the one that is waited for.
    async fn takes(&self, epoch: u64, after: Option<u8>, page: ApprovedOrders) -> bool {
        let asked = Asked { epoch: Epoch(epoch), after: after.map(id) };
        let (tell, told) = oneshot::channel();
        assert!(self.writer.send(Command::Recovered(asked, page, tell)).await.is_ok(), "the writer works");
        told.await.expect("an answer")
    }

    /// Whether the books are behind, and how many orders were recovered.
    async fn look(&self) -> (bool, u64) {
        let (tell, told) = oneshot::channel();
        let look = Box::new(move |books: &Books, _| {
            let _ = tell.send((books.is_behind(), books.open_recovered()));
        });
        assert!(self.writer.send(Command::Read(look)).await.is_ok(), "the writer works");
        told.await.expect("an answer")
    }

    async fn close(self) {
        drop(self.writer);
        self.ended.await.expect("a writer").expect("whole books");
    }
}

fn id(number: u8) -> OrderId {
    OrderId::from_bytes([number; 16])
}

/// A page with one order that was charged.
fn page(number: u8, is_last: bool) -> ApprovedOrders {
    let (amount, currency, deadline) = (Minor(500), Currency::Gbp, Timestamp(1));
    let purchase =
        Purchase { seller: Pin([2; 32]), order: id(number), amount, currency, quote_hash: [3; 32], deadline };
    let captures = vec![Captured { id: CaptureId::of(id(number), 1), amount, batch: 1 }];
    let (held, standing, charged_back) = (Minor(0), Standing::Captured, Minor(0));
    let order = Approved { purchase, standing, held, captures, refunds: Vec::new(), charged_back };
    ApprovedOrders { orders: vec![order], next: (!is_last).then(|| id(number)) }
}

#[tokio::test]
async fn pages_that_were_asked_for_before_another_promotion_are_of_no_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::open(folder.path());
    running.promote(1).await;
    assert!(running.takes(1, None, page(1, false)).await, "the first page");
    // While the second is on its way, an operator promotes this node once more.
    running.promote(2).await;
    assert!(!running.takes(1, Some(1), page(9, true)).await, "it says nothing of what came before it");
    assert_eq!(running.look().await, (true, 1), "these books are behind still");
    assert!(!running.takes(2, Some(1), page(9, true)).await, "nothing was read under this epoch yet");
    assert!(running.takes(2, None, page(1, false)).await, "it begins with the first page");
    assert!(!running.takes(2, Some(9), page(9, true)).await, "a page was left out");
    assert!(running.takes(2, Some(1), page(2, false)).await, "one that does not fit costs nothing");
    assert!(running.takes(2, Some(2), page(3, true)).await, "the last page");
    assert_eq!(running.look().await, (false, 3));
    assert!(!running.takes(2, None, page(4, true)).await, "nobody waits for one any more");
    assert_eq!(running.look().await, (false, 3));
    running.close().await;
}

#[tokio::test]
async fn reading_begins_anew_with_the_first_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::open(folder.path());
    running.promote(1).await;
    assert!(running.takes(1, None, page(1, false)).await);
    assert!(running.takes(1, Some(1), page(2, false)).await);
    assert!(running.takes(1, None, page(1, false)).await, "whoever brings them may begin anew");
    assert!(!running.takes(1, Some(2), page(3, true)).await, "it follows on nothing that was read since");
    assert!(running.takes(1, Some(1), page(3, true)).await);
    assert_eq!(running.look().await, (false, 3), "what was found before is not lost");
    running.close().await;
}
