//! What the seller answers on the open wire. A terminal is who its key says it is, and sees only
//! what is its own.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::exchange::{self, Roster};
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::storefront::{
    Line, MAX_QUERY_BYTES, OrderView, Refusal, Reply, Request, ReturnView, ReturnedLine, Welcome,
};
use kessai_shared::writer::{Clock, WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::catalogue::{Catalogue, item};
use crate::clerk::{Command, GiveBackRequest};
use crate::quotes::Quotes;
use crate::reader::{Reader, Unreadable};
use crate::sales::{GiveBack, Order, acts};
use crate::shown::Shown;

/// How long a terminal is kept waiting for an outcome before it is told how things stand.
const OUTCOME_WAIT: Duration = Duration::from_secs(8);

/// How long a request may wait for room in the writer's queue.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

/// How long the settlement may be away before new orders are refused at once: as long as the courier
/// tries to get a decision. Without that, each would keep its shopper waiting, end in doubt, and stay in
/// the books, for as long as the settlement is away.
const AWAY_AFTER: Duration = Duration::from_secs(10);

/// What the seller knows of the settlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedLink {
    pub up: bool,
    pub issuer_keys: Vec<SignedIssuerKeys>,
    /// Our clearing batch that it last said is open.
    pub open_batch: Option<u32>,
    /// When it last answered an echo.
    pub heard_at: Option<Instant>,
    /// Since when it has not answered, when it does not.
    pub away_since: Option<Instant>,
}

impl ClosedLink {
    /// Whether it has been away for so long that a new order would only come to nothing.
    pub fn is_away(&self) -> bool {
        self.away_since.is_some_and(|since| since.elapsed() >= AWAY_AFTER)
    }
}

pub struct Service {
    pub shop: String,
    pub currency: Currency,
    pub quotes: Quotes,
    pub quote_valid: Duration,
    pub clock: Clock,
    pub catalogue: Catalogue,
    pub shown: Shown,
    pub reader: Reader,
    pub writer: mpsc::Sender<Command>,
    pub settlement: watch::Receiver<ClosedLink>,
    pub roster: Roster,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, owner: Pin, request: Request) -> Reply {
        let reply = match request {
            Request::Quote { order, customer, lines } => self.quote(owner, order, customer, &lines).await,
            Request::Place { quote, card } => self.place(owner, quote, card).await,
            // It is waited for like those, and takes no room from them.
            Request::Return { id, customer, from, lines } => {
                let (by, restock) = (None, true);
                let request = GiveBackRequest { id, owner, customer, from, lines, by, restock };
                Box::pin(self.give_back(request)).await
            }
            Request::Cancel { order } => Box::pin(self.cancel(owner, order)).await,
            Request::Hello => Ok(Reply::Welcome(self.welcome())),
            Request::Browse { query, category, from, limit } => {
                self.browse(&query, category.as_deref(), from, limit)
            }
            Request::Product { sku } => self.product(sku),
            Request::Order { order } => self.order(owner, order),
            Request::Orders { before, limit } => Ok(self.orders(owner, before, limit)),
        };
        reply.unwrap_or_else(Reply::Refused)
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    fn product(&self, sku: Sku) -> Result<Reply, Refusal> {
        match self.reader.product(&sku) {
            Ok(Some(product)) => Ok(Reply::Product(item(product))),
            Ok(None) => Err(Refusal::UnknownSku { sku }),
            Err(error) => Err(our_fault(&error)),
        }
    }

    fn welcome(&self) -> Welcome {
        let ClosedLink { up, issuer_keys, .. } = self.settlement.borrow().clone();
        Welcome {
            shop: self.shop.clone(),
            seller: self.quotes.seller(),
            currency: self.currency,
            categories: self.catalogue.categories().to_vec(),
            issuer_keys,
            settlement_up: up,
        }
    }

    fn browse(&self, query: &str, category: Option<&str>, from: u32, limit: u16) -> Result<Reply, Refusal> {
        let mut end = query.len().min(MAX_QUERY_BYTES);
        while !query.is_char_boundary(end) {
            end -= 1;
        }
        let page = self.catalogue.page((&query[..end], category), (from, limit), &self.reader);
        page.map(Reply::Page).map_err(|error| our_fault(&error))
    }

    async fn quote(
        &self,
        owner: Pin,
        order: OrderId,
        customer: Customer,
        lines: &[Line],
    ) -> Result<Reply, Refusal> {
        acts::check_lines(lines)?;
        if let Some(known) = self.shown.order(order) {
            let listed = known.quote.lines.iter().map(|line| (&line.sku, line.quantity));
            let same = known.owner == owner
                && known.quote.customer == customer
                && listed.eq(lines.iter().map(|line| (&line.sku, line.quantity)));
            return if same {
                Ok(Reply::Quoted(self.quotes.sign_alone(known.quote.clone())))
            } else {
                Err(Refusal::Duplicate)
            };
        }
        let mut quoted = Vec::with_capacity(lines.len());
        let mut total = Some(Minor::ZERO);
        for &Line { sku, quantity } in lines {
            let unit_price = self.catalogue.price(&sku).ok_or(Refusal::UnknownSku { sku })?;
            let worth = unit_price.times(quantity);
            total = total.zip(worth).and_then(|(total, worth)| Minor::sum([total, worth]));
            quoted.push(QuotedLine { sku, quantity, unit_price });
        }
        let total = total.ok_or(Refusal::AmountTooLarge)?;
        let deadline = (self.clock)().plus_seconds(self.quote_valid.as_secs());
        let (seller, currency) = (self.quotes.seller(), self.currency);
        let quote = Quote { seller, order, customer, lines: quoted, total, currency, deadline };
        self.quotes.sign(quote).await.map(Reply::Quoted).ok_or(Refusal::TryLater)
    }

    async fn place(&self, owner: Pin, quote: Box<SignedQuote>, card: Envelope) -> Result<Reply, Refusal> {
        // Only what this seller signed is a quote; the prices are the seller's, not the terminal's.
        self.quotes.verify(&quote).map_err(|_| Refusal::BadQuote)?;
        if !card.is_of_size() {
            return Err(Refusal::BadCard);
        }
        let id = quote.quote.order;
        // An order that is there already is told how it stands, as ever.
        if self.settlement.borrow().is_away() && self.shown.order(id).is_none() {
            return Err(Refusal::SettlementAway);
        }
        let (tell, told) = oneshot::channel();
        let command = Command::Place { quote: quote.quote.clone(), owner, card, tell };
        self.hand_in(command).await?;
        match timeout(OUTCOME_WAIT, told).await {
            // The terminal's own quote goes back to it, because its signature is made already.
            Ok(Ok(order)) => {
                let order = order?;
                Ok(self.answer(&order, Some(*quote)))
            }
            Ok(Err(_)) => Err(Refusal::TryLater),
            Err(_) => self.order(owner, id),
        }
    }

    async fn cancel(&self, owner: Pin, order: OrderId) -> Result<Reply, Refusal> {
        let (tell, told) = oneshot::channel();
        let command = Command::Cancel { order, owner, tell };
        self.hand_in(command).await?;
        match timeout(OUTCOME_WAIT, told).await {
            Ok(Ok(order)) => Ok(self.answer(&*order?, None)),
            Ok(Err(_)) => Err(Refusal::TryLater),
            // It shows that it is being cancelled.
            Err(_) => self.order(owner, order),
        }
    }

    /// Nothing of a command that finds no room in time is ever carried out.
    async fn hand_in(&self, command: Command) -> Result<(), Refusal> {
        match timeout(QUEUE_WAIT, hand_in(&self.writer, command)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(WriterGone)) | Err(_) => Err(Refusal::TryLater),
        }
    }

    fn order(&self, owner: Pin, id: OrderId) -> Result<Reply, Refusal> {
        let order = self.shown.order(id).filter(|order| order.owner == owner);
        let order = order.ok_or(Refusal::UnknownOrder)?;
        Ok(self.answer(&order, None))
    }

    fn answer(&self, order: &Order, signed: Option<SignedQuote>) -> Reply {
        Reply::Order(Box::new(self.view(order, signed)))
    }

    fn orders(&self, owner: Pin, before: Option<OrderId>, limit: u16) -> Reply {
        let orders = self.shown.orders_of(owner, before, limit);
        let mut views = Vec::with_capacity(orders.len());
        let mut lines = 0;
        for order in orders {
            lines += order.quote.lines.len();
            // A page ends early rather than outgrow a frame; the terminal asks on from its last row.
            if lines > kessai_shared::storefront::MAX_LINES && !views.is_empty() {
                break;
            }
            views.push(self.view(&order, None));
        }
        Reply::Orders(views)
    }

    async fn give_back(&self, request: GiveBackRequest) -> Result<Reply, Refusal> {
        let (id, owner) = (request.id, request.owner);
        let (tell, told) = oneshot::channel();
        let command = Command::GiveBack { request, tell };
        self.hand_in(command).await?;
        let given = match timeout(OUTCOME_WAIT, told).await {
            Ok(Ok(given)) => given?,
            Ok(Err(_)) => return Err(Refusal::TryLater),
            Err(_) => {
                let given = self.shown.given(id).filter(|given| given.owner == owner);
                given.ok_or(Refusal::TryLater)?
            }
        };
        Ok(Reply::Returned(self.return_view(id, &given)))
    }

    /// What a terminal sees of an order. `signed` is its quote, when somebody has it at hand.
    fn view(&self, order: &Order, signed: Option<SignedQuote>) -> OrderView {
        let names = order.quote.lines.iter().map(|line| self.catalogue.name(&line.sku).to_owned());
        let signed = signed.filter(|signed| signed.quote == order.quote);
        OrderView {
            names: names.collect(),
            quote: signed.unwrap_or_else(|| self.quotes.sign_alone(order.quote.clone())),
            shipped: order.lines.iter().map(|pieces| pieces.shipped).collect(),
            cancelled: order.lines.iter().map(|pieces| pieces.cancelled).collect(),
            returned: order.returned(),
            placed_at: order.placed_at,
            order: order.order,
            payment: order.payment,
            fulfilment: order.fulfilment,
            cancelling: order.cancelling.is_some(),
            cancelled_for: order.cancelled.clone(),
            refunded: order.refunded,
            decision: order.decision.clone(),
        }
    }

    pub(crate) fn return_view(&self, id: ReturnId, given: &GiveBack) -> ReturnView {
        let line = |part: &crate::sales::Part| ReturnedLine {
            order: part.order,
            sku: part.sku,
            quantity: part.quantity,
            unit_price: part.unit_price,
        };
        ReturnView {
            id,
            state: given.state(),
            refunded: given.paid(),
            currency: self.currency,
            lines: given.parts.iter().map(line).collect(),
        }
    }
}

fn our_fault(error: &Unreadable) -> Refusal {
    tracing::error!("the store cannot be read: {}", error.0);
    Refusal::TryLater
}
