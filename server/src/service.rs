//! What the seller answers on the open wire. A terminal is who its key says it is, and sees only
//! what is its own.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::address::Address;
use kessai_shared::codec;
use kessai_shared::exchange::{self, Roster};
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::measure::{Count, Registry, Spread};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::picture::PictureName;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::storefront::{
    Answered, Line, MAX_ITEMS, OrderState, OrderView, PaymentState, ProductView, Refusal, Reply, Request,
    ReturnView, ReturnedLine, Search, Welcome,
};
use kessai_shared::trace::{self, Leg};
use kessai_shared::writer::{Clock, WriterGone, hand_in};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::catalogue::{Live, NoPage, item};
use crate::clerk::{Command, GiveBackRequest};
use crate::pictures::Pictures;
use crate::quotes::Quotes;
use crate::reader::{Reader, Unreadable};
use crate::sales::{About, GiveBack, Order, acts};
use crate::shown::Shown;
use crate::standing::Standing;
use crate::way;

/// How long a terminal is kept waiting for an outcome before it is told how things stand.
const OUTCOME_WAIT: Duration = Duration::from_secs(8);

/// How large a page of orders may become before it ends, in bytes: half a frame. Its last order may be larger
/// than that only when it is the only one.
const PAGE_BYTES: usize = 256 * 1024;

/// How long a request may wait for room in the writer's queue.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

/// Most pictures that are read from the disk at once, so that those who look at pictures leave threads to
/// those who search.
pub const PICTURES_AT_ONCE: usize = 8;

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
    pub catalogue: Live,
    pub shown: Shown,
    pub reader: Reader,
    pub pictures: Pictures,
    /// Places for pictures that are being read from the disk.
    pub readers: Arc<Semaphore>,
    pub writer: mpsc::Sender<Command>,
    pub settlement: watch::Receiver<ClosedLink>,
    pub standing: watch::Receiver<Standing>,
    pub roster: Roster,
    pub registry: Registry,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Answered;

    async fn call(self: Arc<Self>, owner: Pin, request: Request) -> Answered {
        if request.needs_charge() && !self.standing().is_in_charge() {
            return self.answered(Err(self.not_in_charge()));
        }
        let (begun, leg) = (Instant::now(), leg(&request));
        let reply = match request {
            Request::Quote { order, customer, lines } => self.quote(owner, order, customer, &lines).await,
            Request::Place { quote, card, deliver_to } => {
                self.place(owner, quote, (card, begun), deliver_to).await
            }
            // It is waited for like those, and takes no room from them.
            Request::Return { id, customer, from, lines } => {
                let (by, restock) = (None, true);
                let request = GiveBackRequest { id, owner, customer, from, lines, by, restock };
                Box::pin(self.give_back(request)).await
            }
            Request::Cancel { order } => Box::pin(self.cancel(owner, order)).await,
            Request::Hello => Ok(Reply::Welcome(self.welcome())),
            Request::Browse { search, from, limit } => self.browse(&search, from, limit).await,
            Request::Picture { picture } => self.picture(picture).await,
            Request::Items { skus } => self.items(&skus),
            Request::Product { sku } => self.product(sku),
            Request::Order { order } => self.order(owner, order),
            Request::Orders { before, limit } => Ok(self.orders(owner, before, limit)),
        };
        self.measure(leg, begun, &reply);
        self.answered(reply)
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

/// What the answer to a request is a leg of; nothing for what waits for a person's other wishes.
fn leg(request: &Request) -> Option<Spread> {
    match request {
        Request::Place { .. } => Some(Spread::Purchase),
        Request::Hello
        | Request::Browse { .. }
        | Request::Picture { .. }
        | Request::Items { .. }
        | Request::Product { .. }
        | Request::Order { .. }
        | Request::Orders { .. } => Some(Spread::ReadIn),
        Request::Quote { .. } | Request::Return { .. } | Request::Cancel { .. } => None,
    }
}

impl Service {
    fn measure(&self, leg: Option<Spread>, begun: Instant, reply: &Result<Reply, Refusal>) {
        leg.iter().for_each(|leg| self.registry.took(*leg, begun.elapsed()));
        if leg == Some(Spread::ReadIn) {
            self.registry.count(Count::Read);
        }
        if matches!(reply, Ok(Reply::Quoted(_))) {
            self.registry.count(Count::Quoted);
        }
    }

    fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Why nothing is changed by a node that is not in charge.
    fn not_in_charge(&self) -> Refusal {
        match self.standing() {
            // Most shops have one node, and what keeps it from its charge is that nobody is there to give it.
            Standing::Starting if !self.settlement.borrow().up => Refusal::SettlementAway,
            Standing::Starting | Standing::Standby { .. } | Standing::InCharge { .. } => Refusal::NotInCharge,
        }
    }

    /// A reply with the right by which it is given: the one of now, since a right may be lost meanwhile.
    fn answered(&self, reply: Result<Reply, Refusal>) -> Answered {
        let standing = self.standing().shown();
        Answered { standing, reply: reply.unwrap_or_else(Reply::Refused) }
    }

    fn items(&self, skus: &[Sku]) -> Result<Reply, Refusal> {
        if skus.len() > MAX_ITEMS {
            return Err(Refusal::TooManyLines);
        }
        let mut items = Vec::with_capacity(skus.len());
        for sku in skus {
            items.extend(self.reader.product(sku).map_err(|error| our_fault(&error))?.map(item));
        }
        Ok(Reply::Items(items))
    }

    fn product(&self, sku: Sku) -> Result<Reply, Refusal> {
        match self.reader.product(&sku) {
            Ok(Some(product)) => {
                let About { description, picture } =
                    self.reader.about(&sku).map_err(|error| our_fault(&error))?;
                let view = ProductView { item: item(product), description, picture };
                Ok(Reply::Product(Box::new(view)))
            }
            Ok(None) => Err(Refusal::UnknownSku { sku }),
            Err(error) => Err(our_fault(&error)),
        }
    }

    async fn picture(&self, name: PictureName) -> Result<Reply, Refusal> {
        let place = timeout(QUEUE_WAIT, Arc::clone(&self.readers).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Refusal::TryLater) };
        let pictures = self.pictures.clone();
        let read = tokio::task::spawn_blocking(move || {
            let _place = place;
            pictures.read(name)
        });
        match read.await {
            Ok(Ok(bytes)) => Ok(Reply::Picture(bytes)),
            Ok(Err(why)) => {
                // Anybody may ask for any name, so it is nothing to wake somebody for.
                tracing::debug!("a picture that was asked for cannot be had: {why}");
                Err(Refusal::NoPicture)
            }
            Err(_) => Err(Refusal::TryLater),
        }
    }

    fn welcome(&self) -> Welcome {
        let ClosedLink { up, issuer_keys, .. } = self.settlement.borrow().clone();
        Welcome {
            shop: self.shop.clone(),
            seller: self.quotes.seller(),
            currency: self.currency,
            categories: self.catalogue.now().categories().to_vec(),
            issuer_keys,
            settlement_up: up,
        }
    }

    async fn browse(&self, search: &Search, from: u32, limit: u16) -> Result<Reply, Refusal> {
        match self.catalogue.now().page(search, (from, limit), &self.reader).await {
            Ok(page) => Ok(Reply::Page(page)),
            Err(NoPage::Busy) => Err(Refusal::TryLater),
            Err(NoPage::Unreadable(error)) => Err(our_fault(&error)),
        }
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
        let catalogue = self.catalogue.now();
        let mut quoted = Vec::with_capacity(lines.len());
        let mut total = Some(Minor::ZERO);
        for &Line { sku, quantity } in lines {
            let unit_price = catalogue.price(&sku).ok_or(Refusal::UnknownSku { sku })?;
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

    async fn place(
        &self,
        owner: Pin,
        quote: Box<SignedQuote>,
        (card, begun): (Envelope, Instant),
        deliver_to: Option<Box<Address>>,
    ) -> Result<Reply, Refusal> {
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
        let leg = trace::begin(id, Leg::Order);
        // A terminal that asks again gets the one outcome of its order.
        let leg = if self.shown.order(id).is_some() { leg.again() } else { leg };
        let placed = self.placed(owner, quote, (card, begun), deliver_to).await;
        leg.end(outcome(&placed));
        placed
    }

    /// Has a purchase decided whose quote is our own.
    async fn placed(
        &self,
        owner: Pin,
        quote: Box<SignedQuote>,
        (card, begun): (Envelope, Instant),
        deliver_to: Option<Box<Address>>,
    ) -> Result<Reply, Refusal> {
        let id = quote.quote.order;
        let (tell, told) = oneshot::channel();
        let (since, quoted) = (begun.into_std(), quote.quote.clone());
        let command = Command::Place { quote: quoted, deliver_to, owner, card, since, tell };
        self.hand_in(command).await?;
        match self.outcome(told).await? {
            // The terminal's own quote goes back to it, because its signature is made already.
            Some(order) => {
                let order = order?;
                Ok(self.answer(&order, Some(*quote)))
            }
            None => self.order(owner, id),
        }
    }

    async fn cancel(&self, owner: Pin, order: OrderId) -> Result<Reply, Refusal> {
        let (tell, told) = oneshot::channel();
        let command = Command::Cancel { order, owner, tell };
        self.hand_in(command).await?;
        match self.outcome(told).await? {
            Some(order) => Ok(self.answer(&*order?, None)),
            // It shows that it is being cancelled.
            None => self.order(owner, order),
        }
    }

    /// Waits for what comes of a command; `None` when that takes too long for a terminal. A node whose time is
    /// over will not hear, and keeps nobody waiting who could ask its successor.
    async fn outcome<T>(&self, told: oneshot::Receiver<T>) -> Result<Option<T>, Refusal> {
        let mut standing = self.standing.clone();
        let lost = async {
            if standing.wait_for(|standing| !standing.is_in_charge()).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            told = timeout(OUTCOME_WAIT, told) => match told {
                Ok(Ok(told)) => Ok(Some(told)),
                Ok(Err(_)) => Err(Refusal::TryLater),
                Err(_) => Ok(None),
            },
            () = lost => Err(Refusal::TryLater),
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
        // What a standby does not have may have come to the node in charge since.
        let none = match self.standing().is_in_charge() {
            // Whoever put these books back lost it, and its money is there: it may still come to goods.
            true if self.shown.is_missing(id) => Refusal::TryLater,
            true => Refusal::UnknownOrder,
            false => Refusal::NotInCharge,
        };
        Ok(self.answer(&*order.ok_or(none)?, None))
    }

    fn answer(&self, order: &Order, signed: Option<SignedQuote>) -> Reply {
        Reply::Order(Box::new(self.view(order, signed)))
    }

    fn orders(&self, owner: Pin, before: Option<OrderId>, limit: u16) -> Reply {
        let orders = self.shown.orders_of(owner, before, limit);
        let mut views = Vec::with_capacity(orders.len());
        let mut bytes = 0;
        for order in orders {
            let view = OrderView { deliver_to: None, ..self.view(&order, None) };
            bytes += codec::encode(&view).len();
            // A page ends early rather than outgrow a frame; the terminal asks on from its last row.
            if bytes > PAGE_BYTES && !views.is_empty() {
                break;
            }
            views.push(view);
        }
        Reply::Orders(views)
    }

    async fn give_back(&self, request: GiveBackRequest) -> Result<Reply, Refusal> {
        let (id, owner) = (request.id, request.owner);
        let (tell, told) = oneshot::channel();
        let command = Command::GiveBack { request, tell };
        self.hand_in(command).await?;
        let given = match self.outcome(told).await? {
            Some(given) => given?,
            None => {
                let given = self.shown.given(id).filter(|given| given.owner == owner);
                given.ok_or(Refusal::TryLater)?
            }
        };
        Ok(Reply::Returned(self.return_view(id, &given)))
    }

    /// What a terminal sees of an order. `signed` is its quote, when somebody has it at hand.
    fn view(&self, order: &Order, signed: Option<SignedQuote>) -> OrderView {
        let catalogue = self.catalogue.now();
        let names = order.quote.lines.iter().map(|line| catalogue.name(&line.sku).to_owned());
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
            deliver_to: order.deliver_to.clone(),
            shipments: way::shipments(order),
            history: way::history(order),
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

/// How a purchase stands when its terminal is answered, in a word.
fn outcome(placed: &Result<Reply, Refusal>) -> &'static str {
    let Ok(Reply::Order(view)) = placed else { return "refused" };
    match (view.order, view.payment) {
        (_, PaymentState::Declined) => "declined",
        (OrderState::Pending, PaymentState::Unknown) => "unknown",
        (OrderState::Pending, _) => "pending",
        (OrderState::Confirmed, _) => "confirmed",
        (OrderState::Completed, _) => "completed",
        (OrderState::Cancelled, _) => "cancelled",
        (OrderState::Expired, _) => "expired",
    }
}

fn our_fault(error: &Unreadable) -> Refusal {
    tracing::error!("the store cannot be read: {}", error.0);
    Refusal::TryLater
}
