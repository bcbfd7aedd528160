//! What the seller answers its operators. All of it is durable: orders as they are shown, or the books
//! at the end of a group.

use std::sync::Arc;

use kessai_shared::backup::schedule::Board;
use kessai_shared::exchange::{self, Roster, TooMany, Trunk, Watcher};
use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::measure::Hour;
use kessai_shared::operator::keeper;
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::seller::{LinkHealth, LinkKind, Refusal, Reply, Request, Status};
use kessai_shared::operator::{Endpoint, MAX_LOOKED_AT, Peers, rows};
use kessai_shared::pin::Pin;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use super::acts::Act;
use super::views;
use crate::backup;
use crate::charge::{Charge, Promote};
use crate::clerk::Command;
use crate::sales::Books;
use crate::service::Service as Shop;
use crate::standby::Others;

pub struct Service {
    pub shop: Arc<Shop>,
    pub writer: mpsc::Sender<Command>,
    pub roster: Roster,
    pub link: Trunk,
    pub kind: LinkKind,
    pub charge: Charge,
    pub others: Others,
    /// How the backups are doing.
    pub backups: Board,
    /// Who may ask what, and what else is kept for those who do.
    pub registrar: Registrar,
    /// The way to whoever claims the shop.
    pub promotions: mpsc::Sender<Promote>,
    /// What is counted, and the last hour of it.
    pub hour: Hour,
}

impl Service {
    /// Answers for a shop and its node.
    pub fn new(
        (shop, writer): (Arc<Shop>, mpsc::Sender<Command>),
        (link, kind): (Trunk, LinkKind),
        (charge, others, promotions): (Charge, Others, mpsc::Sender<Promote>),
        (backups, hour, registrar): (Board, Hour, Registrar),
    ) -> Self {
        let roster = Roster::default();
        Self { shop, writer, roster, link, kind, charge, others, backups, registrar, promotions, hour }
    }
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, operator: Pin, request: Request) -> Reply {
        // The one place where it is decided who may have something changed.
        if !self.registrar.rights.allow(&operator, request.changes()) {
            // It is not for one who may only look to fill the log.
            tracing::debug!("operator {operator} has no right to what was asked for");
            return Reply::Refused(Refusal::NoRight);
        }
        let reply = match request {
            Request::Trail(request) => keeper::answer(&*self, operator, request).await.map(Reply::Trail),
            Request::FindOrders { words, before, limit } => self.find_orders(&words, before, limit),
            Request::FindStock { text, limit } => self.find_stock(text, limit).await,
            Request::Owed { after, limit } => self.owed(after, limit).await,
            Request::Status => self.status().await.map(Reply::Status),
            Request::Peers => Ok(Reply::Peers(self.peers())),
            Request::BackupPoint => self.backup_point().await,
            Request::Link => Ok(Reply::Link(Box::new(self.link()))),
            // It is answered where its stream begins.
            Request::Watch => Err(Refusal::TryLater),
            Request::Past { before, limit } => Ok(Reply::Past(self.hour.past(before, limit))),
            Request::Promote { force } => self.promote(operator, force).await,
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
            Request::Trades { before, limit } => self.trades(before, limit).await,
            Request::Recovered { before, limit } => {
                self.read(move |books, _| Reply::Recovered(views::recovered(books, before, limit))).await
            }
            Request::Batches { before, limit } => {
                self.read(move |books, _| Reply::Batches(views::batches(books, before, limit))).await
            }
            Request::Ship { order, lines, tracking } => {
                self.act(operator, Act::Ship { order, lines, tracking }).await
            }
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

    fn watch(&self, operator: Pin, request: &Request) -> Option<(Reply, Option<Watcher>)> {
        if !matches!(request, Request::Watch) {
            return None;
        }
        Some(match self.hour.watch(operator, (self.shop.clock)()) {
            Ok((watching, watcher)) => (Reply::Watching(watching), Some(watcher)),
            Err(TooMany) => (Reply::Refused(Refusal::TooManyWatch), None),
        })
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn status(&self) -> Result<Box<Status>, Refusal> {
        self.looked().await.map(|(status, _)| status)
    }

    /// How the seller is, and how many of its orders are being reversed.
    pub(super) async fn looked(&self) -> Result<(Box<Status>, u64), Refusal> {
        let look = |books: &Books, _| {
            let recovered = (books.open_recovered(), books.is_behind());
            (books.counts(MAX_LOOKED_AT), books.clearing().disputed().next(), recovered)
        };
        // Not even a standby that everything waits for keeps an operator from hearing that it is gone.
        let (counts, disputed_batch, (recovered, behind)) = read(&self.others.urgent, look).await?;
        let link = self.shop.settlement.borrow();
        let status = Status {
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
            recovered,
            behind,
            turned_away: self.shop.roster.turned_away(),
            nodes: self.others.report(&self.charge, (self.shop.clock)()),
            backups: self.backups.read(),
        };
        Ok((Box::new(status), counts.reversing))
    }

    /// With what was recovered of orders that are known.
    async fn trades(&self, before: Option<OrderId>, limit: u16) -> Result<Reply, Refusal> {
        let (limit, most) = (rows(limit), MAX_LOOKED_AT);
        let mut found = self.shop.shown.page(before, (limit, most), |order| Some(views::trade(order)));
        let look = move |books: &Books, _| {
            found.rows.iter_mut().for_each(|trade| views::with_recovered(trade, books));
            Reply::Trades(found)
        };
        self.read(look).await
    }

    async fn backup_point(&self) -> Result<Reply, Refusal> {
        let look = |books: &Books, position| Reply::BackupPoint {
            position,
            totals: backup::totals(books).into_iter().collect(),
        };
        self.read(look).await
    }

    /// Asked without the writer, so that it is told whatever keeps that busy.
    pub(super) fn link(&self) -> LinkHealth {
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
        let catalogue = self.shop.catalogue.now();
        let names = order.quote.lines.iter().map(|line| catalogue.name(&line.sku).to_owned());
        Ok(Reply::Order(Box::new(views::order_detail(&order, names.collect()))))
    }

    async fn stock(&self, after: Option<Sku>, limit: u16) -> Result<Reply, Refusal> {
        let (skus, next) = self.shop.catalogue.now().skus(after, rows(limit));
        let rows = move |books: &Books, _| {
            skus.iter().filter_map(|sku| books.product(sku)).map(views::stock_row).collect()
        };
        let rows = self.read(rows).await?;
        Ok(Reply::Stock(kessai_shared::operator::Page { rows, next }))
    }

    /// Reads the books at the end of a group, when all that is in them is durable. The writer waits
    /// meanwhile, so it has to be little.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        read(&self.writer, look).await
    }
}

async fn read<T: Send + 'static>(
    writer: &mpsc::Sender<Command>,
    look: impl FnOnce(&Books, u64) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let (tell, told) = oneshot::channel();
    let look = Box::new(move |books: &Books, position| {
        // Whoever asked may have gone meanwhile.
        let _ = tell.send(look(books, position));
    });
    hand_in(writer, Command::Read(look)).await.map_err(|WriterGone| Refusal::TryLater)?;
    told.await.map_err(|_| Refusal::TryLater)
}
