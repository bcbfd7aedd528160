//! Which node is in charge of each shop, and when it was last heard of.

use kessai_shared::operator::settlement::{Refusal, Reply};
use kessai_shared::operator::shops::ShopRow;
use kessai_shared::operator::{Page, rows};
use kessai_shared::pin::Pin;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::oneshot;

use super::Service;
use crate::clerk::{Command, fence};
use crate::ledger::Books;

impl Service {
    /// The shops behind one, or from the first, by their pin.
    pub(super) async fn shops(&self, after: Option<Pin>, limit: u16) -> Result<Reply, Refusal> {
        let (tell, told) = oneshot::channel();
        let ask = Command::Fence(fence::Command::Heard { tell });
        hand_in(&self.writer, ask).await.map_err(|WriterGone| Refusal::TryLater)?;
        let heard = told.await.map_err(|_| Refusal::TryLater)?;
        let limit = rows(limit);
        let look = move |books: &Books, _| {
            let behind =
                books.fences().all().filter(|(seller, _)| after.is_none_or(|after| **seller > after));
            let mut found: Vec<_> = behind
                .take(limit + 1)
                .map(|(seller, fence)| ShopRow {
                    seller: *seller,
                    epoch: fence.epoch,
                    node: fence.node,
                    mode: fence.mode,
                    position: fence.position,
                    since: fence.since,
                    heard_ms: heard.get(seller).map(|ago| u64::try_from(ago.as_millis()).unwrap_or(u64::MAX)),
                })
                .collect();
            let more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().map(|row| row.seller).filter(|_| more);
            Reply::Shops(Page { rows: found, next })
        };
        self.read(look).await
    }
}
