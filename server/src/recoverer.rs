//! Reads from the settlement, page by page, what it has of this shop's orders, when the shop's own books are
//! older than that (F18). Nothing here is durable: books that are not caught up have it asked again.

use std::time::Duration;

use kessai_shared::ids::{Epoch, OrderId};
use kessai_shared::settlement::{ApprovedOrders, Reply, Request};
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::charge::Line;

/// How long the settlement may take for one page.
const CALL_DEADLINE: Duration = Duration::from_secs(5);
/// How soon a page is asked for again.
const AGAIN: Duration = Duration::from_millis(200);

/// What a page was asked for: by books that are behind under this epoch, and behind which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub epoch: Epoch,
    pub after: Option<OrderId>,
}

/// The way of the wish to be caught up, under the epoch that the books are behind in. More than one at a time
/// says nothing more.
#[must_use]
pub fn wishes() -> (mpsc::Sender<Epoch>, mpsc::Receiver<Epoch>) {
    mpsc::channel(1)
}

/// Runs until the clerk is gone, and hands each page in as a `command` of the writer, which tells whether it
/// was the one that it waits for.
pub async fn run<C: Send + 'static>(
    link: Line,
    mut wishes: mpsc::Receiver<Epoch>,
    writer: mpsc::Sender<C>,
    command: fn(Asked, ApprovedOrders, oneshot::Sender<bool>) -> C,
) {
    while let Some(epoch) = wishes.recv().await {
        let mut after = None;
        while link.charge.is_in_charge() {
            let Some(page) = page(&link, after).await else {
                sleep(AGAIN).await;
                continue;
            };
            let next = page.next;
            let (tell, told) = oneshot::channel();
            // A writer that is gone takes the daemon with it.
            if hand_in(&writer, command(Asked { epoch, after }, page, tell)).await.is_err() {
                break;
            }
            match (told.await, next) {
                (Ok(true), Some(_)) => after = next,
                // It was the last one, or the books are behind in another way by now, and wish it anew.
                (Ok(true), None) | (Ok(false) | Err(_), _) => break,
            }
        }
    }
}

async fn page(link: &Line, after: Option<OrderId>) -> Option<ApprovedOrders> {
    match link.ask(Request::Orders { after }, CALL_DEADLINE).await {
        // A page that does not lead on would be asked for for ever.
        Ok(Reply::Orders(page)) if page.next.is_none_or(|next| after.is_none_or(|after| next > after)) => {
            Some(page)
        }
        Ok(_) => {
            tracing::debug!("the settlement does not say which orders were approved");
            None
        }
        Err(error) => {
            tracing::debug!("no answer from the settlement: {error}");
            None
        }
    }
}
