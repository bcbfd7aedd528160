//! The shop as this terminal sees it: one long-lived connection, and every flow a shopper has. What
//! is signed is checked here, so nobody above ever shows something unproved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kessai_shared::exchange::{CallError, Link, LinkError};
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::net::Net;
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::storefront::{
    ALPN, Line, MAX_PAGE, OrderState, OrderView, Page, Refusal, Reply, Request, ReturnState, ReturnView,
    Welcome,
};
use kessai_shared::tls::{self, Peers};
use kessai_shared::writer::Clock;
use tokio::time::{Instant, sleep};

use crate::cards::PayingCard;
pub use crate::ending::Ending;
use crate::home::Home;
use crate::receipt_file::Receipt;
use crate::shop_file::ShopFile;
use crate::trust::Trust;

/// How long one question may take.
const CALL_DEADLINE: Duration = Duration::from_secs(5);
/// How long one attempt at an outcome may take: longer than the seller keeps us waiting.
const OUTCOME_DEADLINE: Duration = Duration::from_secs(12);
/// How long a seller may take to hear the issuer's keys from its settlement.
const KEYS_WAIT: Duration = Duration::from_secs(5);
/// The first and the longest pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Shop {
    inner: Arc<Inner>,
    link: Link,
    customer: Customer,
    patience: Duration,
}

struct Inner {
    file: ShopFile,
    home: Home,
    trust: Trust,
    clock: Clock,
}

/// Why a request to the shop came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopError {
    /// The seller cannot be reached.
    Unreachable(String),
    /// Sent, but not answered in time: it may have happened.
    NoAnswer,
    Refused(Refusal),
    /// Something signed does not check out; the text says what.
    Untrusted(String),
    /// This terminal's own files failed.
    Local(String),
}

impl Shop {
    /// A shop that is connected to with its first question.
    ///
    /// # Errors
    /// [`ShopError::Local`] when this terminal's key or socket cannot be had.
    pub fn new(file: ShopFile, home: Home, net: &impl Net, clock: Clock) -> Result<Self, ShopError> {
        let identity = home.identity().map_err(local)?;
        let link = link(&file, &identity, net)?;
        let trust = Trust::new(&file, identity);
        let inner = Inner { file, home, trust, clock };
        let patience = Duration::from_secs(30);
        Ok(Self { inner: Arc::new(inner), link, customer: Customer::default(), patience })
    }

    /// The same terminal on a connection of its own.
    ///
    /// # Errors
    /// As [`Shop::new`].
    pub fn another(&self, net: &impl Net) -> Result<Self, ShopError> {
        Ok(Self { link: link(&self.inner.file, self.identity(), net)?, ..self.clone() })
    }

    /// The same terminal buying for one of the people it serves.
    #[must_use]
    pub fn serving(&self, customer: Customer) -> Self {
        Self { customer, ..self.clone() }
    }

    /// The same terminal, with so much patience for an outcome.
    #[must_use]
    pub fn patient_for(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Says goodbye to the seller; nothing can be asked afterwards.
    pub async fn leave(&self) {
        self.link.leave().await;
    }

    /// This terminal's own files.
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    pub fn identity(&self) -> &Identity {
        &self.inner.trust.identity
    }

    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn welcome(&self) -> Result<Welcome, ShopError> {
        match self.ask(&Request::Hello).await? {
            Reply::Welcome(welcome) => {
                self.inner.trust.hear(welcome.issuer_keys.clone());
                Ok(welcome)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// A page of the catalogue.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn browse(
        &self,
        query: &str,
        category: Option<&str>,
        from: u32,
        limit: u16,
    ) -> Result<Page, ShopError> {
        let (query, category) = (query.to_owned(), category.map(str::to_owned));
        match self.ask(&Request::Browse { query, category, from, limit }).await? {
            Reply::Page(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// Mints an order id and writes it to this terminal's own file before anything is sent.
    ///
    /// # Errors
    /// [`ShopError::Local`] when it cannot be written.
    pub fn open_checkout(&self) -> Result<OrderId, ShopError> {
        self.inner.home.open_order((self.inner.clock)()).map_err(local)
    }

    /// A quote for these lines, its signature checked against the pinned seller. An order that is
    /// already there has the quote it was placed with.
    ///
    /// # Errors
    /// [`ShopError`] as for every question; [`ShopError::Untrusted`] when the quote is not for this.
    pub async fn quote(&self, order: OrderId, lines: &[Line]) -> Result<SignedQuote, ShopError> {
        let customer = self.customer;
        match self.ask(&Request::Quote { order, customer, lines: lines.to_vec() }).await? {
            Reply::Quoted(signed) => {
                let quote = self.inner.trust.check_quote(&signed).map_err(ShopError::Untrusted)?;
                let quoted = quote.lines.iter().map(|line| (&line.sku, line.quantity));
                let asked = lines.iter().map(|line| (&line.sku, line.quantity));
                let worth = quote.lines.iter().map(|line| line.unit_price.times(line.quantity));
                let sum = worth.collect::<Option<Vec<_>>>().and_then(Minor::sum);
                let fits =
                    quote.order == order && quote.customer == self.customer && sum == Some(quote.total);
                if !fits || !quoted.eq(asked) {
                    return Err(ShopError::Untrusted("the quote is for something else".to_owned()));
                }
                Ok(signed)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Seals the card for this quote, places the order, and waits for the verified outcome. Asking
    /// again is safe at any time: the order id has one outcome for ever.
    ///
    /// # Errors
    /// [`ShopError`] when nothing at all can be said; an outcome in doubt is [`Ending::Unknown`].
    pub async fn pay(&self, quote: &SignedQuote, card: &PayingCard) -> Result<Ending, ShopError> {
        let envelope = self.seal(&quote.quote, card).await?;
        let request = Request::Place { quote: Box::new(quote.clone()), card: envelope };
        let until = Instant::now() + self.patience;
        let (mut pause, mut sent) = (FIRST_PAUSE, false);
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(FIRST_PAUSE);
            let failed = match self.ask_within(&request, OUTCOME_DEADLINE.min(left)).await {
                // An answer about another order of ours, however well signed, is no answer.
                Ok(Reply::Order(view)) if view.quote.quote != quote.quote => return Err(another_order()),
                Ok(Reply::Order(view)) => match self.check_anew(&view, card.issuer).await? {
                    Ending::Unknown => None,
                    ending => return Ok(ending),
                },
                Ok(other) => return Err(unexpected(&other)),
                // An order that may be there already is asked for again.
                Err(ShopError::Refused(refusal))
                    if !refusal.is_transient() || (refusal == Refusal::SettlementAway && !sent) =>
                {
                    return Err(ShopError::Refused(refusal));
                }
                Err(error) => Some(error),
            };
            sent |= !matches!(failed, Some(ShopError::Unreachable(_)));
            if Instant::now() + pause >= until {
                // Once it may have been sent, only "not known yet" is the truth.
                return failed.filter(|_| !sent).map_or(Ok(Ending::Unknown), Err);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// How an order stands, its decision verified and its reason read.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn order(&self, order: OrderId) -> Result<(OrderView, Ending), ShopError> {
        self.know_keys().await?;
        match self.ask(&Request::Order { order }).await? {
            Reply::Order(view) if view.quote.quote.order != order => Err(another_order()),
            Reply::Order(view) => {
                let ending = self.check_anew(&view, None).await?;
                Ok((*view, ending))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// The receipt of an order that was decided: what proves the decision to anybody, for ever.
    ///
    /// # Errors
    /// [`ShopError`] as for every question; [`ShopError::Local`] when there is no decision to prove.
    pub async fn receipt(&self, order: OrderId) -> Result<Receipt, ShopError> {
        let (view, _) = self.order(order).await?;
        let none = || ShopError::Local(format!("order {order} has no decision of the settlement to prove"));
        let decision = view.decision.ok_or_else(none)?;
        let mut why = ShopError::Untrusted("the shop passes on no keys of an issuer we trust".to_owned());
        for keys in self.inner.trust.certificates() {
            let keys = SignedIssuerKeys::clone(&keys);
            let receipt = Receipt { quote: view.quote.clone(), decision: decision.clone(), keys };
            match receipt.verify() {
                Ok(_) => return Ok(receipt),
                Err(bad) => why = ShopError::Untrusted(format!("the receipt {bad}")),
            }
        }
        Err(why)
    }

    /// Orders, newest first, older than `before`.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn orders(&self, before: Option<OrderId>) -> Result<Vec<(OrderView, Ending)>, ShopError> {
        self.know_keys().await?;
        match self.ask(&Request::Orders { before, limit: MAX_PAGE }).await? {
            Reply::Orders(views) => {
                let mut orders = Vec::with_capacity(views.len());
                let mut last = before;
                for view in views {
                    let order = view.quote.quote.order;
                    // A list that does not go on would keep us asking for ever.
                    if last.is_some_and(|last| order >= last) {
                        return Err(another_order());
                    }
                    last = Some(order);
                    let ending = self.check_anew(&view, None).await?;
                    orders.push((view, ending));
                }
                Ok(orders)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Cancels what of an order was not sent yet, and waits until that is acknowledged or turns out to be
    /// too late.
    ///
    /// # Errors
    /// [`ShopError`]; [`Refusal::AlreadyShipped`] in it when nothing is left to cancel.
    pub async fn cancel(&self, order: OrderId) -> Result<(OrderView, Ending), ShopError> {
        self.know_keys().await?;
        let until = Instant::now() + self.patience;
        let (mut pause, mut sent) = (FIRST_PAUSE, false);
        loop {
            let late = Instant::now() + pause >= until;
            let answer = self.ask_within(&Request::Cancel { order }, OUTCOME_DEADLINE).await;
            sent |= !matches!(answer, Err(ShopError::Unreachable(_)));
            match answer {
                Ok(Reply::Order(view)) if view.quote.quote.order != order => return Err(another_order()),
                Ok(Reply::Order(view)) if late || !is_being_cancelled(&view) => {
                    let ending = self.check_anew(&view, None).await?;
                    return Ok((*view, ending));
                }
                Ok(Reply::Order(_)) => {}
                Ok(other) => return Err(unexpected(&other)),
                Err(ShopError::Refused(refusal)) if !refusal.is_transient() => {
                    return Err(ShopError::Refused(refusal));
                }
                // Once it may have been sent, it may have been carried out.
                Err(error) if late => return Err(if sent { ShopError::NoAnswer } else { error }),
                Err(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives lines back, of one order or of whatever was bought last, and waits for the refund.
    ///
    /// # Errors
    /// [`ShopError`] when nothing at all can be said.
    pub async fn give_back_from(
        &self,
        id: ReturnId,
        from: Option<OrderId>,
        lines: &[Line],
    ) -> Result<ReturnView, ShopError> {
        let request = Request::Return { id, customer: self.customer, from, lines: lines.to_vec() };
        let until = Instant::now() + self.patience;
        let (mut pause, mut sent) = (FIRST_PAUSE, false);
        loop {
            let late = Instant::now() + pause >= until;
            let answer = self.ask_within(&request, OUTCOME_DEADLINE).await;
            sent |= !matches!(answer, Err(ShopError::Unreachable(_)));
            match answer {
                Ok(Reply::Returned(view)) if view.id != id => return Err(another_order()),
                Ok(Reply::Returned(view)) if view.state != ReturnState::Pending || late => return Ok(view),
                Ok(Reply::Returned(_)) => {}
                Ok(other) => return Err(unexpected(&other)),
                Err(ShopError::Refused(refusal)) if !refusal.is_transient() => {
                    return Err(ShopError::Refused(refusal));
                }
                // Once it may have been sent, it may have been carried out.
                Err(error) if late => return Err(if sent { ShopError::NoAnswer } else { error }),
                Err(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives back the lines of an order and waits for the refund.
    ///
    /// # Errors
    /// As [`Shop::give_back_from`].
    pub async fn give_back(
        &self,
        id: ReturnId,
        order: OrderId,
        lines: &[Line],
    ) -> Result<ReturnView, ShopError> {
        self.give_back_from(id, Some(order), lines).await
    }

    /// A fresh return id, made from our key and the time: no two of this terminal are the same.
    pub fn mint_return(&self) -> ReturnId {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = (self.inner.clock)();
        let mut context = now.0.to_le_bytes().to_vec();
        context.extend_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        context.extend_from_slice(&std::process::id().to_le_bytes());
        let derived = self.identity().derive(b"kessai return id v1", &context);
        let mut random = [0; 10];
        random.copy_from_slice(&derived[..10]);
        ReturnId::mint(now, random)
    }

    /// Writes an order id down that was named from outside.
    ///
    /// # Errors
    /// [`ShopError::Local`] when it cannot be written.
    pub fn keep_order(&self, order: OrderId) -> Result<(), ShopError> {
        self.inner.home.keep_order(order, (self.inner.clock)()).map_err(local)
    }

    async fn seal(&self, quote: &Quote, card: &PayingCard) -> Result<Envelope, ShopError> {
        let trust = &self.inner.trust;
        if !trust.takes(card) {
            let why = "the card's issuer is none that this shop's settlement speaks for";
            return Err(ShopError::Untrusted(why.to_owned()));
        }
        let keys = self.current_keys(card).await?;
        trust
            .seal(card, quote, &keys.keys)
            .map_err(|_| ShopError::Untrusted("the sealing key is of an unknown kind".to_owned()))
    }

    /// The keys to seal with now; keys that have run out, or may have been changed since we asked,
    /// are asked for again.
    async fn current_keys(&self, card: &PayingCard) -> Result<Arc<SignedIssuerKeys>, ShopError> {
        self.know_keys().await?;
        let trust = &self.inner.trust;
        let current = || trust.sealing_keys(card, (self.inner.clock)());
        if let Some(keys) = current().filter(|_| trust.is_fresh()) {
            return Ok(keys);
        }
        self.welcome().await?;
        let none = if trust.certificates().is_empty() {
            "no sealing key is signed by a root we trust"
        } else {
            "no sealing key of the card's issuer is valid at this time; is this machine's clock right?"
        };
        current().ok_or_else(|| ShopError::Untrusted(none.to_owned()))
    }

    /// Without the issuer's keys no decision can be checked. A seller that opens for the first time
    /// may not have heard them yet.
    async fn know_keys(&self) -> Result<(), ShopError> {
        let until = Instant::now() + KEYS_WAIT;
        while !self.inner.trust.has_heard() {
            self.welcome().await?;
            if self.inner.trust.has_heard() {
                break;
            }
            if Instant::now() >= until {
                return Err(ShopError::Refused(Refusal::TryLater));
            }
            sleep(FIRST_PAUSE).await;
        }
        Ok(())
    }

    /// How an order ended, once more with fresh keys when the ones we know do not fit: the issuer may
    /// have changed them since.
    async fn check_anew(&self, view: &OrderView, issuer: Option<Pin>) -> Result<Ending, ShopError> {
        let trust = &self.inner.trust;
        let ending = match trust.check(view, issuer) {
            Err(_) => {
                self.welcome().await?;
                trust.check(view, issuer).map_err(ShopError::Untrusted)?
            }
            Ok(ending) => ending,
        };
        if ending == (Ending::Declined { reason: Some(Reason::SealMismatch) }) {
            // Perhaps the key is gone that we sealed with; the next purchase asks for the current one.
            trust.doubt_keys();
        }
        Ok(ending)
    }

    async fn ask(&self, request: &Request) -> Result<Reply, ShopError> {
        self.ask_within(request, CALL_DEADLINE).await
    }

    async fn ask_within(&self, request: &Request, deadline: Duration) -> Result<Reply, ShopError> {
        match self.link.call(request, deadline).await {
            Ok(Reply::Refused(refusal)) => Err(ShopError::Refused(refusal)),
            Ok(reply) => Ok(reply),
            Err(CallError::PeerFault(fault)) => Err(ShopError::Untrusted(fault.to_string())),
            Err(CallError::NotSent(LinkError::Untrusted(why))) => {
                let address = self.inner.file.address;
                Err(ShopError::Untrusted(format!("who answers at {address} is not the shop we know: {why}")))
            }
            Err(CallError::TooLate) => {
                Err(ShopError::Unreachable(format!("{}: nobody answers there", self.inner.file.address)))
            }
            Err(error) if error.may_have_happened() => Err(ShopError::NoAnswer),
            Err(error) => Err(ShopError::Unreachable(format!("{}: {error}", self.inner.file.address))),
        }
    }
}

fn link(file: &ShopFile, identity: &Identity, net: &impl Net) -> Result<Link, ShopError> {
    let peers = Peers::pins(file.seller_pins.iter().copied());
    let config = tls::client_config(identity, peers, ALPN).map_err(local)?;
    let any = if file.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let any = any.parse().map_err(local)?;
    let endpoint = net.endpoint(any, None).map_err(local)?;
    Ok(Link::new(endpoint, file.address, config))
}

/// Whether a cancellation of it may still wait for its acknowledgement.
fn is_being_cancelled(view: &OrderView) -> bool {
    view.cancelling || view.order == OrderState::Pending
}

fn another_order() -> ShopError {
    ShopError::Untrusted("the shop answered about something else".to_owned())
}

fn unexpected(reply: &Reply) -> ShopError {
    let what = match reply {
        Reply::Welcome(_) => "a welcome",
        Reply::Page(_) => "a page",
        Reply::Product(_) => "a product",
        Reply::Quoted(_) => "a quote",
        Reply::Order(_) => "an order",
        Reply::Orders(_) => "orders",
        Reply::Returned(_) => "a return",
        Reply::Refused(_) => "a refusal",
    };
    ShopError::Untrusted(format!("the shop answered with {what}, which was not the question"))
}

fn local(error: impl std::fmt::Display) -> ShopError {
    ShopError::Local(error.to_string())
}

impl std::fmt::Display for ShopError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ShopError::Unreachable(why) => write!(f, "the shop cannot be reached: {why}"),
            ShopError::NoAnswer => f.write_str("no answer in time"),
            ShopError::Refused(refusal) => refusal.fmt(f),
            ShopError::Untrusted(what) => write!(f, "not to be trusted: {what}"),
            ShopError::Local(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ShopError {}
