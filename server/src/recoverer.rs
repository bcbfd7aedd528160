//! Reads from the settlement, page by page, what it has of this shop's orders, when the shop's own books are
//! older than that (F18). Nothing here is durable: books that are not caught up have it asked again.

use std::time::Duration;

use kessai_shared::ids::OrderId;
use kessai_shared::settlement::{ApprovedOrders, Reply, Request};
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::charge::Line;

/// How long the settlement may take for one page.
const CALL_DEADLINE: Duration = Duration::from_secs(5);
/// How soon a page is asked for again.
const AGAIN: Duration = Duration::from_millis(200);

/// The way of the wish to be caught up. More than one at a time says nothing more.
#[must_use]
pub fn wishes() -> (mpsc::Sender<()>, mpsc::Receiver<()>) {
    mpsc::channel(1)
}

/// Runs until the clerk is gone, and hands each page in as a `command` of the writer.
pub async fn run<C: Send + 'static>(
    link: Line,
    mut wishes: mpsc::Receiver<()>,
    writer: mpsc::Sender<C>,
    command: fn(ApprovedOrders, oneshot::Sender<()>) -> C,
) {
    while wishes.recv().await.is_some() {
        let mut after = None;
        while link.charge.is_in_charge() {
            let Some(page) = page(&link, after).await else {
                sleep(AGAIN).await;
                continue;
            };
            let next = page.next;
            let (tell, told) = oneshot::channel();
            // A writer that is gone takes the daemon with it.
            if hand_in(&writer, command(page, tell)).await.is_err() || told.await.is_err() {
                break;
            }
            match next {
                Some(_) => after = next,
                None => break,
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
