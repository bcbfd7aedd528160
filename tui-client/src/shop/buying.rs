//! Buying: an order id of one's own, a quote for it, and the payment.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::receipt::{Quote, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::storefront::{Item, Line, MAX_ITEMS, OrderView, Refusal, Reply, Request};
use kessai_shared::trace;
use tokio::time::{Instant, sleep};

use super::{
    FIRST_LOOK, FIRST_PAUSE, Handed, LONGEST_LOOK, LONGEST_PAUSE, Leg, OUTCOME_DEADLINE, Shop, TellLeg,
    another_order, local, unexpected,
};
use crate::cards::PayingCard;
use crate::ending::Ending;
use crate::shop_error::ShopError;

impl Shop {
    /// Mints an order id and writes it to this terminal's own file before anything is sent.
    ///
    /// # Errors
    /// [`ShopError::Local`] when it cannot be written.
    pub fn open_checkout(&self) -> Result<OrderId, ShopError> {
        self.inner.home.open_order((self.inner.clock)()).map_err(local)
    }

    /// What the shop has now of these products; `None` for one that it does not have any more.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn stock(&self, skus: &[Sku]) -> Result<Vec<(Sku, Option<Item>)>, ShopError> {
        let mut stock = Vec::with_capacity(skus.len());
        for skus in skus.chunks(MAX_ITEMS) {
            let Reply::Items(items) = self.ask(&Request::Items { skus: skus.to_vec() }).await? else {
                return Err(ShopError::Untrusted("the shop answered about something else".to_owned()));
            };
            super::shelves::sound(&items)?;
            let mut items: HashMap<Sku, Item> = items.into_iter().map(|item| (item.sku, item)).collect();
            stock.extend(skus.iter().map(|sku| (*sku, items.remove(sku))));
        }
        Ok(stock)
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
        self.pay_until_known(quote, card, None).await
    }

    /// As [`Shop::pay`], and tells what becomes known meanwhile. Only when there is no answer for a moment
    /// is the shop asked, besides, whether it has the order.
    ///
    /// # Errors
    /// As [`Shop::pay`].
    pub async fn pay_telling(
        &self,
        quote: &SignedQuote,
        card: &PayingCard,
        tell: &TellLeg,
    ) -> Result<Ending, ShopError> {
        self.pay_until_known(quote, card, Some(tell)).await
    }

    async fn pay_until_known(
        &self,
        quote: &SignedQuote,
        card: &PayingCard,
        tell: Option<&TellLeg>,
    ) -> Result<Ending, ShopError> {
        let leg = trace::begin(quote.quote.order, trace::Leg::Purchase);
        let paid = self.pay_once_known(quote, card, tell).await;
        match &paid {
            // Why the cardholder was declined is for nobody else.
            Ok(Ending::Declined { .. }) => leg.end("declined"),
            Ok(ending) => leg.end(&ending.word()),
            Err(_) => leg.end("failed"),
        }
        paid
    }

    async fn pay_once_known(
        &self,
        quote: &SignedQuote,
        card: &PayingCard,
        tell: Option<&TellLeg>,
    ) -> Result<Ending, ShopError> {
        let order = quote.quote.order;
        let card_sealed = self.seal(&quote.quote, card).await?;
        let deliver_to = self.deliver_to.clone();
        let request = Request::Place { quote: Box::new(quote.clone()), card: card_sealed, deliver_to };
        let until = Instant::now() + self.patience;
        let (mut pause, mut sent) = (FIRST_PAUSE, false);
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(FIRST_PAUSE);
            let sending = if sent { Leg::SentAgain } else { Leg::Sent };
            tracing::debug!(%order, "{}", if sent { "is sent again" } else { "is sent" });
            let answer = self.place_once(&request, OUTCOME_DEADLINE.min(left), sending, tell).await;
            let failed = match answer {
                // An answer about another order of ours, however well signed, is no answer.
                Ok(Reply::Order(view)) if view.quote.quote != quote.quote => return Err(another_order()),
                Ok(Reply::Order(view)) => match self.check_anew(&view, card.issuer).await? {
                    Ending::Unknown => None,
                    ending => {
                        tell_end(&view, &ending, tell);
                        return Ok(ending);
                    }
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
            sent |= failed.as_ref().is_none_or(ShopError::may_have_happened);
            if Instant::now() + pause >= until {
                // Once it may have been sent, only "not known yet" is the truth.
                return failed.filter(|_| !sent).map_or(Ok(Ending::Unknown), Err);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn place_once(
        &self,
        request: &Request,
        deadline: Duration,
        sending: Leg,
        tell: Option<&TellLeg>,
    ) -> Result<Reply, ShopError> {
        let (Some(tell), Request::Place { quote, .. }) = (tell, request) else {
            return self.ask_within(request, deadline).await;
        };
        let handed = |handed| {
            tell(match handed {
                Handed::First => sending,
                Handed::Elsewhere => Leg::Elsewhere,
            });
        };
        tokio::select! {
            biased;
            answer = self.ask_telling(request, deadline, handed) => answer,
            never = self.look_for(&quote.quote, tell) => match never {},
        }
    }

    /// Asks, ever more rarely, whether the shop has the order yet, and tells when it has. Whoever is answered
    /// sooner drops this before it has asked anything. It goes on until the answer comes: a shop hears of an
    /// address that has changed (RFC 9000, section 9) only from somebody who speaks.
    async fn look_for(&self, quote: &Quote, tell: &TellLeg) -> Infallible {
        let mut pause = FIRST_LOOK;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
            // What a shop shows of an order is on its disk.
            if let Ok(Reply::Order(view)) = self.ask(&Request::Order { order: quote.order }).await
                && view.quote.quote == *quote
            {
                tell(Leg::Held { placed_at: view.placed_at });
            }
        }
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
}

/// Tells what an answer proves: of an approval and of a decline the signature was checked, and of nothing else.
fn tell_end(view: &OrderView, ending: &Ending, tell: Option<&TellLeg>) {
    let Some(tell) = tell else { return };
    tell(Leg::Held { placed_at: view.placed_at });
    let proved = ending.is_proved();
    if let Some(decision) = view.decision.as_ref().filter(|_| proved) {
        tell(Leg::Decided { at: decision.statement.decided_at });
        tell(Leg::Verified);
    }
}
