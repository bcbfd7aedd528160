//! What the seller answers its operators. All of it is durable: orders as they are shown, or the books
//! at the end of a group.

use std::sync::Arc;

use kessai_shared::exchange::{self, Roster, Trunk};
use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::operator::seller::{LinkHealth, LinkKind, Refusal, Reply, Request, Status};
use kessai_shared::operator::{Endpoint, MAX_LOOKED_AT, Peers, rows};
use kessai_shared::pin::Pin;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use super::acts::Act;
use super::views;
use crate::clerk::Command;
use crate::sales::Books;
use crate::service::Service as Shop;

pub struct Service {
    pub shop: Arc<Shop>,
    pub writer: mpsc::Sender<Command>,
    pub roster: Roster,
    pub link: Trunk,
    pub kind: LinkKind,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, operator: Pin, request: Request) -> Reply {
        let reply = match request {
            Request::Status => self.status().await,
            Request::Peers => Ok(Reply::Peers(self.peers())),
            Request::Link => Ok(Reply::Link(Box::new(self.link()))),
            Request::Orders { state, before, limit } => {
                let (limit, most) = (rows(limit), MAX_LOOKED_AT);
                let found = self.shop.shown.page(before, (limit, most), |order| {
                    state.is_none_or(|state| order.order == state).then(|| views::order_row(order))
                });
                Ok(Reply::Orders(found))
            }
            Request::Order { order } => self.order(order),
            Request::History { order } => self
                .shop
                .shown
                .order(order)
                .map(|order| Reply::History(views::legs(&order)))
                .ok_or(Refusal::UnknownOrder),
            Request::Stock { after, limit } => self.stock(after, limit).await,
            Request::Product { sku } => {
                let row = self.read(move |books, _| books.product(&sku).map(views::stock_row)).await;
                row.and_then(|row| row.map(Reply::Product).ok_or(Refusal::UnknownProduct))
            }
            Request::Trades { before, limit } => {
                let (limit, most) = (rows(limit), MAX_LOOKED_AT);
                let found = self.shop.shown.page(before, (limit, most), |order| Some(views::trade(order)));
                Ok(Reply::Trades(found))
            }
            Request::Batches { before, limit } => {
                self.read(move |books, _| Reply::Batches(views::batches(books, before, limit))).await
            }
            Request::Ship { order, lines } => self.act(operator, Act::Ship { order, lines }).await,
            Request::Deliver { order } => self.act(operator, Act::Deliver { order }).await,
            Request::Cancel { order } => self.act(operator, Act::Cancel { order }).await,
            Request::Return { id, order, lines, restock } => {
                self.act(operator, Act::Return { id, order, lines, restock }).await
            }
            Request::Receive { sku, pieces, note } => {
                self.act(operator, Act::Receive { sku, pieces, note }).await
            }
            Request::Adjust { sku, pieces, reason } => {
                self.act(operator, Act::Adjust { sku, pieces, reason }).await
            }
        };
        reply.unwrap_or_else(Reply::Refused)
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn status(&self) -> Result<Reply, Refusal> {
        let look = |books: &Books, _| (books.counts(MAX_LOOKED_AT), books.clearing().disputed().next());
        let (counts, disputed_batch) = self.read(look).await?;
        let link = self.shop.settlement.borrow();
        Ok(Reply::Status(Box::new(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            shop: self.shop.shop.clone(),
            products: counts.products,
            orders: counts.orders,
            pending: counts.pending,
            unknown: counts.unknown,
            errands: counts.open,
            settlement_up: link.up,
            link: views::link(self.kind, self.link.health(), link.heard_at),
            open_batch: link.open_batch,
            disputed_batch,
            turned_away: self.shop.roster.turned_away(),
        })))
    }

    /// Asked without the writer, so that it is told whatever keeps that busy.
    fn link(&self) -> LinkHealth {
        views::link(self.kind, self.link.health(), self.shop.settlement.borrow().heard_at)
    }

    fn peers(&self) -> Peers {
        let mut peers = Peers::default();
        peers.add(Endpoint::Open, self.shop.roster.connected());
        peers.add(Endpoint::Operator, self.roster.connected());
        peers
    }

    pub(super) fn order(&self, id: OrderId) -> Result<Reply, Refusal> {
        let order = self.shop.shown.order(id).ok_or(Refusal::UnknownOrder)?;
        let names = order.quote.lines.iter().map(|line| self.shop.catalogue.name(&line.sku).to_owned());
        Ok(Reply::Order(Box::new(views::order_detail(&order, names.collect()))))
    }

    async fn stock(&self, after: Option<Sku>, limit: u16) -> Result<Reply, Refusal> {
        let (skus, next) = self.shop.catalogue.skus(after, rows(limit));
        let rows = move |books: &Books, _| {
            skus.iter().filter_map(|sku| books.product(sku)).map(views::stock_row).collect()
        };
        let rows = self.read(rows).await?;
        Ok(Reply::Stock(kessai_shared::operator::Page { rows, next }))
    }

    /// Reads the books at the end of a group, when all that is in them is durable. The writer waits
    /// meanwhile, so it has to be little.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let look = Box::new(move |books: &Books, position| {
            // Whoever asked may have gone meanwhile.
            let _ = tell.send(look(books, position));
        });
        hand_in(&self.writer, Command::Read(look)).await.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)
    }
}
