//! What the seller answers on the open wire. A terminal is who its key says it is, and sees only
//! what is its own.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::exchange;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, ReturnId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::storefront::{
    Line, MAX_QUERY_BYTES, OrderView, Refusal, Reply, Request, ReturnView, ReturnedLine, Welcome,
};
use kessai_shared::writer::Clock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::catalogue::{Catalogue, item};
use crate::clerk::{Command, GiveBackRequest};
use crate::reader::{Reader, Unreadable};
use crate::sales::{GiveBack, Order, acts};

/// How long a terminal is kept waiting for an outcome before it is told how things stand.
const OUTCOME_WAIT: Duration = Duration::from_secs(8);

/// What the seller knows of the settlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedLink {
    pub up: bool,
    pub issuer_keys: Vec<SignedIssuerKeys>,
}

pub struct Service {
    pub shop: String,
    pub currency: Currency,
    pub identity: Identity,
    pub quote_valid: Duration,
    pub clock: Clock,
    pub catalogue: Catalogue,
    pub reader: Reader,
    pub writer: mpsc::Sender<Command>,
    pub settlement: watch::Receiver<ClosedLink>,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, owner: Pin, request: Request) -> Reply {
        let reply = match request {
            Request::Hello => Ok(Reply::Welcome(self.welcome())),
            Request::Browse { query, category, from, limit } => {
                self.browse(&query, category.as_deref(), from, limit)
            }
            Request::Product { sku } => match self.reader.product(&sku) {
                Ok(Some(product)) => Ok(Reply::Product(item(product))),
                Ok(None) => Err(Refusal::UnknownSku { sku }),
                Err(error) => Err(our_fault(&error)),
            },
            Request::Quote { order, customer, lines } => self.quote(owner, order, customer, &lines),
            Request::Place { quote, card } => self.place(owner, quote, card).await,
            Request::Order { order } => self.order(owner, order),
            Request::Orders { before, limit } => self.orders(owner, before, limit),
            Request::Return { id, customer, from, lines } => {
                self.give_back(GiveBackRequest { id, owner, customer, from, lines }).await
            }
        };
        reply.unwrap_or_else(Reply::Refused)
    }
}

impl Service {
    fn welcome(&self) -> Welcome {
        let ClosedLink { up, issuer_keys } = self.settlement.borrow().clone();
        Welcome {
            shop: self.shop.clone(),
            seller: self.identity.pin(),
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

    fn quote(
        &self,
        owner: Pin,
        order: OrderId,
        customer: Customer,
        lines: &[Line],
    ) -> Result<Reply, Refusal> {
        acts::check_lines(lines)?;
        if let Some(known) = self.reader.order(order).map_err(|error| our_fault(&error))? {
            let listed = known.quote.lines.iter().map(|line| (&line.sku, line.quantity));
            let same = known.owner == owner
                && known.quote.customer == customer
                && listed.eq(lines.iter().map(|line| (&line.sku, line.quantity)));
            return if same {
                Ok(Reply::Quoted(known.quote.sign(&self.identity)))
            } else {
                Err(Refusal::Duplicate)
            };
        }
        let mut quoted = Vec::with_capacity(lines.len());
        for line in lines {
            let product = self.reader.product(&line.sku).map_err(|error| our_fault(&error))?;
            let product = product.ok_or_else(|| Refusal::UnknownSku { sku: line.sku.clone() })?;
            let (sku, quantity) = (line.sku.clone(), line.quantity);
            quoted.push(QuotedLine { sku, quantity, unit_price: product.unit_price });
        }
        let worth =
            quoted.iter().map(|line| line.unit_price.times(line.quantity)).collect::<Option<Vec<_>>>();
        let total = worth.and_then(Minor::sum).ok_or(Refusal::AmountTooLarge)?;
        let deadline = (self.clock)().plus_seconds(self.quote_valid.as_secs());
        let (seller, currency) = (self.identity.pin(), self.currency);
        let quote = Quote { seller, order, customer, lines: quoted, total, currency, deadline };
        Ok(Reply::Quoted(quote.sign(&self.identity)))
    }

    async fn place(&self, owner: Pin, quote: SignedQuote, card: Envelope) -> Result<Reply, Refusal> {
        // Only what this seller signed is a quote; the prices are the seller's, not the terminal's.
        quote.verify(self.identity.pin()).map_err(|_| Refusal::BadQuote)?;
        if !card.is_of_size() {
            return Err(Refusal::BadCard);
        }
        let id = quote.quote.order;
        let (tell, told) = oneshot::channel();
        let command = Command::Place { quote: quote.quote, owner, card, tell };
        self.writer.send(command).await.map_err(|_| Refusal::TryLater)?;
        match timeout(OUTCOME_WAIT, told).await {
            Ok(Ok(order)) => self.shown(order?),
            Ok(Err(_)) => Err(Refusal::TryLater),
            Err(_) => self.order(owner, id),
        }
    }

    fn order(&self, owner: Pin, id: OrderId) -> Result<Reply, Refusal> {
        let order = self.reader.order(id).map_err(|error| our_fault(&error))?;
        let order = order.filter(|order| order.owner == owner).ok_or(Refusal::UnknownOrder)?;
        self.shown(order)
    }

    fn shown(&self, order: Order) -> Result<Reply, Refusal> {
        let view = self.view(order).map_err(|error| our_fault(&error))?;
        Ok(Reply::Order(Box::new(view)))
    }

    fn orders(&self, owner: Pin, before: Option<OrderId>, limit: u16) -> Result<Reply, Refusal> {
        let orders = self.reader.orders_of(owner, before, limit).map_err(|error| our_fault(&error))?;
        let mut views = Vec::with_capacity(orders.len());
        let mut lines = 0;
        for order in orders {
            lines += order.quote.lines.len();
            // A page ends early rather than outgrow a frame; the terminal asks on from its last row.
            if lines > kessai_shared::storefront::MAX_LINES && !views.is_empty() {
                break;
            }
            views.push(self.view(order).map_err(|error| our_fault(&error))?);
        }
        Ok(Reply::Orders(views))
    }

    async fn give_back(&self, request: GiveBackRequest) -> Result<Reply, Refusal> {
        let id = request.id;
        let (tell, told) = oneshot::channel();
        let command = Command::GiveBack { request, tell };
        self.writer.send(command).await.map_err(|_| Refusal::TryLater)?;
        let given = match timeout(OUTCOME_WAIT, told).await {
            Ok(Ok(given)) => given?,
            Ok(Err(_)) => return Err(Refusal::TryLater),
            Err(_) => {
                let given = self.reader.given(id).map_err(|error| our_fault(&error))?;
                given.ok_or(Refusal::TryLater)?
            }
        };
        Ok(Reply::Returned(self.return_view(id, &given)))
    }

    fn view(&self, order: Order) -> Result<OrderView, Unreadable> {
        let mut names = Vec::with_capacity(order.quote.lines.len());
        for line in &order.quote.lines {
            names.push(self.reader.product(&line.sku)?.map(|product| product.name).unwrap_or_default());
        }
        Ok(OrderView {
            quote: order.quote.sign(&self.identity),
            names,
            returned: order.returned,
            placed_at: order.placed_at,
            order: order.order,
            payment: order.payment,
            fulfilment: order.fulfilment,
            cancelled_for: order.cancelled,
            refunded: order.refunded,
            decision: order.decision,
        })
    }

    fn return_view(&self, id: ReturnId, given: &GiveBack) -> ReturnView {
        let line = |part: &crate::sales::Part| ReturnedLine {
            order: part.order,
            sku: part.sku.clone(),
            quantity: part.quantity,
            unit_price: part.unit_price,
        };
        let done = given.parts.iter().filter(|part| given.refunded.contains(&part.order));
        ReturnView {
            id,
            state: given.state(),
            refunded: Minor(done.map(|part| part.worth().0).sum()),
            currency: self.currency,
            lines: given.parts.iter().map(line).collect(),
        }
    }
}

fn our_fault(error: &Unreadable) -> Refusal {
    tracing::error!("the store cannot be read: {}", error.0);
    Refusal::TryLater
}
