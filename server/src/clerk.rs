//! The seller's one writer: decides each command over the books, and tells whoever waits once the
//! group is on the disk. What the books still owe the settlement goes to the courier.

mod clearing;
mod errands;
mod following;
mod in_charge;
mod operate;
mod recovery;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use kessai_shared::address::Address;
use kessai_shared::ids::{Customer, Epoch, OrderId, ReturnId};
use kessai_shared::measure::{Registry, Spread};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Quote;
use kessai_shared::seal::Envelope;
use kessai_shared::settlement::ApprovedOrders;
use kessai_shared::store::{Copied, Fault};
use kessai_shared::storefront::{Cancelled, Line, OrderState, Refusal, ReturnState};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

use crate::catalogue::Live;
use crate::charge::Charge;
use crate::courier::{Cards, Errand};
use crate::import::Listing;
use crate::reconciler::{Heard, Told};
use crate::recoverer::Asked;
use crate::sales::acts::{self, Cannot, Giving};
use crate::sales::{About, Answer, Books, Change, GiveBack, Order, Tenure, Terms, Work};
use crate::shown::Shown;

use clearing::Clearing;
use errands::Errands;
use following::Following;
pub use operate::{CannotOperate, Operation};
use recovery::Recovery;

/// Most shipments that one round begins; the rest is for the next round, a moment later.
const MAX_SHIPMENTS_A_ROUND: usize = 500;
/// A confirmation that lies further ahead than this was given its time by a clock that was wrong; one
/// that lies less far ahead may be of a large group.
const AHEAD_SECONDS: u64 = 60;

/// What the writer is asked to do, and whom it tells.
pub enum Command {
    /// Tells when the order is settled, or at once when it was refused.
    Place {
        quote: Quote,
        deliver_to: Option<Box<Address>>,
        owner: Pin,
        card: Envelope,
        /// When it came to the seller.
        since: Instant,
        tell: TellOrder,
    },
    /// Tells when the return is settled, or at once when it was refused.
    GiveBack {
        request: GiveBackRequest,
        tell: Tell<Result<GiveBack, Refusal>>,
    },
    /// Tells when what was not shipped is cancelled, or turns out to have left.
    Cancel {
        order: OrderId,
        owner: Pin,
        tell: TellOrder,
    },
    Operate(Operation),
    /// Looks at the books at the end of a group, and at the position of a record that is durable then.
    Read(Look),
    /// The settlement says that this clearing batch is open; all before it are closed.
    OpenBatch(u32),
    /// What became of telling the settlement of a clearing batch.
    Reconciled(Told, Heard),
    /// The courier is back from an errand, since then.
    Answered(Work, Answer, Instant),
    /// The settlement has put this node in charge; tells when that is in the journal.
    Granted {
        tenure: Tenure,
        tell: Tell<()>,
    },
    Import {
        listings: Vec<Listing>,
        tell: Tell<Imported>,
    },
    /// A page of what the settlement has of this shop's orders; tells whether it was waited for.
    Recovered(Asked, ApprovedOrders, Tell<bool>),
}

pub struct GiveBackRequest {
    pub id: ReturnId,
    pub owner: Pin,
    pub customer: Customer,
    pub from: Option<OrderId>,
    pub lines: Vec<Line>,
    /// The operator, when it is one who takes the goods back; `owner` is the buyer all the same.
    pub by: Option<Pin>,
    pub restock: bool,
}

/// How many products of a file were new, and how many were known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub stocked: u64,
    pub relisted: u64,
    pub unchanged: u64,
}

/// A look at the books, which has to be a short one: nothing else is decided meanwhile.
pub type Look = Box<dyn FnOnce(&Books, u64) + Send>;

pub(crate) type Tell<T> = oneshot::Sender<T>;
/// Whoever waits for an order.
pub(crate) type TellOrder = Tell<Result<Arc<Order>, Refusal>>;
pub(crate) type Desk<'a> = writer::Desk<'a, Books>;

pub struct Clerk {
    clock: Clock,
    terms: Terms,
    cards: Cards,
    shown: Shown,
    errands: Errands,
    orders: HashMap<OrderId, Vec<TellOrder>>,
    cancels: HashMap<OrderId, Vec<TellOrder>>,
    returns: HashMap<ReturnId, Vec<Tell<Result<GiveBack, Refusal>>>>,
    clearing: Clearing,
    following: Following,
    recovery: Recovery,
    charge: Charge,
    registry: Registry,
    started: bool,
}

impl Clerk {
    pub fn new(
        clock: Clock,
        terms: Terms,
        cards: Cards,
        shown: Shown,
        courier: mpsc::Sender<Errand>,
        charge: Charge,
    ) -> Self {
        Self {
            clock,
            terms,
            cards,
            shown,
            errands: Errands::new(courier),
            orders: HashMap::new(),
            cancels: HashMap::new(),
            returns: HashMap::new(),
            clearing: Clearing::default(),
            following: Following::default(),
            recovery: Recovery::default(),
            charge,
            registry: Registry::default(),
            started: false,
        }
    }

    /// The same clerk with somebody who tells the settlement of clearing batches.
    #[must_use]
    pub fn reconciling(self, reconciler: mpsc::Sender<Told>) -> Self {
        Self { clearing: Clearing::new(reconciler), ..self }
    }

    /// The same clerk with somebody who asks the settlement what these books lack.
    #[must_use]
    pub fn recovering(self, wish: mpsc::Sender<Epoch>) -> Self {
        Self { recovery: Recovery::asking(wish), ..self }
    }

    /// The same clerk with the catalogue that it keeps current while another node is followed.
    #[must_use]
    pub fn showing(self, catalogue: Live) -> Self {
        Self { following: Following::showing(catalogue), ..self }
    }

    /// The same clerk, which measures how long things take.
    #[must_use]
    pub fn measuring(self, registry: &Registry) -> Self {
        Self { registry: registry.clone(), ..self }
    }

    fn place(
        &mut self,
        (quote, deliver_to, owner): (&Quote, Option<Box<Address>>, Pin),
        (card, since): (Envelope, Instant),
        tell: TellOrder,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let id = quote.order;
        self.registry.took_since(Spread::Queued, since);
        if desk.books().order(id).is_none() && !self.errands.has_room_to_inquire() {
            answer(desk, tell, Err(Refusal::TryLater));
            return Ok(());
        }
        match acts::place(desk.books(), (quote, deliver_to), owner, (self.clock)()) {
            Err(refusal) => {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            Ok(Some(change)) => {
                desk.change(&change)?;
                if matches!(change, Change::Placed { .. }) {
                    let registry = self.registry.clone();
                    desk.after(move |_| registry.took_since(Spread::PlacedIn, since));
                }
            }
            Ok(None) => {}
        }
        if matches!(Work::next(desk.books(), id), Some(Work::Inquire { .. })) {
            // A terminal that asks again brings its card again, which a restart may have cost us.
            self.cards.put(id, card);
        }
        self.orders.entry(id).or_default().push(tell);
        self.follow_up(id, desk);
        Ok(())
    }

    fn give_back(
        &mut self,
        request: &GiveBackRequest,
        tell: Tell<Result<GiveBack, Refusal>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let GiveBackRequest { id, owner, customer, from, lines, by, restock } = request;
        let (by, restock) = (*by, *restock);
        let giving = Giving { id: *id, owner: *owner, customer, from: *from, lines, by, restock };
        match acts::give_back(desk.books(), &giving) {
            Err(refusal) => {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            Ok(Some(change)) => {
                desk.change(&change)?;
            }
            Ok(None) => {}
        }
        self.returns.entry(*id).or_default().push(tell);
        let parts = desk.books().given(*id).into_iter().flat_map(|given| &given.parts);
        let orders: BTreeSet<OrderId> = parts.map(|part| part.order).collect();
        orders.into_iter().for_each(|order| self.follow_up(order, desk));
        self.tell_return(*id, desk);
        Ok(())
    }

    /// Tells at once when there is nothing to wait for.
    pub(crate) fn cancel(
        &mut self,
        (id, why, by): (OrderId, Cancelled, Option<Pin>),
        tell: TellOrder,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        match acts::cancel(desk.books(), id, why, by) {
            Err(Cannot::UnknownOrder) => {
                answer(desk, tell, Err(Refusal::UnknownOrder));
                return Ok(());
            }
            Err(_) => {
                answer(desk, tell, Err(Refusal::AlreadyShipped));
                return Ok(());
            }
            Ok(Some(change)) => {
                desk.change(&change)?;
            }
            Ok(None) => {}
        }
        self.cancels.entry(id).or_default().push(tell);
        self.follow_up(id, desk);
        Ok(())
    }

    fn answered(
        &mut self,
        work: &Work,
        (answer, since): (Answer, Instant),
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let order = work.order();
        self.registry.took_since(Spread::Queued, since);
        self.errands.ended(order);
        let batch = answer.batch();
        if let Some(change) = work.answered(desk.books(), answer) {
            desk.change(&change)?;
            if matches!(change, Change::Decided { .. }) {
                let registry = self.registry.clone();
                desk.after(move |_| registry.took_since(Spread::ConfirmedIn, since));
            }
        }
        // All that is under way is looked at once a close, and not with every answer.
        let closed = batch.filter(|batch| self.clearing.is_news(*batch));
        let closed = closed.map(|batch| (batch, moving(&self.errands, desk.books())));
        self.clearing.answered(order, closed, desk);
        self.follow_up(order, desk);
        if let Some(given) = work.given() {
            self.tell_return(given, desk);
        }
        // There is room for errands again that were owed all the while.
        while let Some(id) = self.errands.next_behind() {
            self.follow_up(id, desk);
        }
        Ok(())
    }

    /// After the group is durable: shows the order as it is now, sends the courier for what it needs
    /// next, and tells those who wait for it when it is settled.
    pub(crate) fn follow_up(&mut self, id: OrderId, desk: &mut Desk<'_>) {
        let books = desk.books();
        let work = Work::next(books, id);
        if !matches!(work, Some(Work::Inquire { .. })) {
            self.cards.wipe(id);
        }
        let errand = work.and_then(|work| self.errands.begin(work));
        let settled = books.order(id).is_some_and(|order| order.order.is_settled());
        let waiting = if settled { self.orders.remove(&id).unwrap_or_default() } else { Vec::new() };
        let cancelling = books.order(id).is_some_and(is_being_cancelled);
        let cancels = if cancelling { Vec::new() } else { self.cancels.remove(&id).unwrap_or_default() };
        let (shown, courier) = (self.shown.clone(), self.errands.courier());
        let (charge, last) = (self.charge.clone(), last_position(desk));
        desk.after(move |books| {
            // The errand says how far the journal has come, and is not to say less than it rests on.
            charge.reached(last);
            shown.put(books, id);
            // The courier is gone only when the daemon stops; a restart finds the work in the books.
            errand.into_iter().for_each(|errand| drop(courier.try_send(errand)));
            for tell in waiting {
                let _ = tell.send(books.shared_order(id).ok_or(Refusal::UnknownOrder));
            }
            for tell in cancels {
                let _ =
                    tell.send(books.shared_order(id).ok_or(Refusal::UnknownOrder).and_then(was_cancelled));
            }
        });
    }

    fn tell_return(&mut self, id: ReturnId, desk: &mut Desk<'_>) {
        let state = desk.books().given(id).map(GiveBack::state);
        let settled = state.is_some_and(|state| state != ReturnState::Pending);
        let waiting = if settled { self.returns.remove(&id).unwrap_or_default() } else { Vec::new() };
        let shown = self.shown.clone();
        desk.after(move |books| {
            shown.put_return(books, id);
            for tell in waiting {
                let _ = tell.send(books.given(id).cloned().ok_or(Refusal::UnknownOrder));
            }
        });
    }

    /// Forgets those who have stopped waiting, so that an order in doubt gathers no heap of them.
    fn forget_gone(&mut self) {
        for orders in [&mut self.orders, &mut self.cancels] {
            orders.retain(|_, waiting| {
                waiting.retain(|tell| !tell.is_closed());
                !waiting.is_empty()
            });
        }
        self.returns.retain(|_, waiting| {
            waiting.retain(|tell| !tell.is_closed());
            !waiting.is_empty()
        });
    }

    /// Ships what it is time for.
    fn ship_due(&mut self, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
        let Some(ship_after) = self.terms.ship_after else { return Ok(()) };
        let until = now.minus_seconds(ship_after);
        // The journal's time never goes back. Once a clock that ran ahead is set right, all new
        // confirmations lie in the future, for as long as it ran ahead; then the quote, which goes by
        // the clock, says when it was bought. One whose quote is of the wrong time too goes at once.
        let ahead = desk.books().shippable_after(now.plus_seconds(AHEAD_SECONDS));
        let ahead = ahead.filter(|(_, quoted)| *quoted <= until || *quoted > now.plus_seconds(ship_after));
        let due = desk.books().shippable(until).chain(ahead.map(|(id, _)| id));
        let due: Vec<_> = due.take(MAX_SHIPMENTS_A_ROUND).collect();
        for order in due {
            if let Some(change) = acts::ship_rest(desk.books(), order) {
                desk.change(&change)?;
            }
            self.follow_up(order, desk);
        }
        Ok(())
    }

    /// Cancels what was not shipped in time, and takes as delivered what left long ago.
    fn end_overdue(&mut self, now: Timestamp, desk: &mut Desk<'_>) -> Result<(), Fault> {
        let until = now.minus_seconds(self.terms.ship_within);
        let overdue: Vec<_> = desk.books().overdue(until).take(MAX_SHIPMENTS_A_ROUND).collect();
        for id in overdue {
            if let Ok(Some(change)) = acts::cancel(desk.books(), id, Cancelled::NotShippedInTime, None) {
                desk.change(&change)?;
            }
            self.follow_up(id, desk);
        }
        let until = now.minus_seconds(self.terms.deliver_after);
        let arrived: Vec<_> = desk.books().undelivered(until).take(MAX_SHIPMENTS_A_ROUND).collect();
        for id in arrived {
            if let Ok(Some(change)) = acts::deliver(desk.books(), id, None) {
                desk.change(&change)?;
            }
            self.follow_up(id, desk);
        }
        Ok(())
    }
}

/// The orders under way whose errand is booked under a clearing batch.
fn moving(errands: &Errands, books: &Books) -> Vec<OrderId> {
    let moves = |id: &OrderId| {
        // Most are purchases that wait for their decision, whose errand is dear to name.
        let order = books.order(*id);
        let pays = order.is_some_and(|order| order.shipping.is_some() || !order.refunding.is_empty());
        (pays || books.recovered(*id).is_some())
            && match Work::next(books, *id) {
                Some(Work::Capture { .. } | Work::Refund { .. } | Work::Repay { .. }) => true,
                Some(Work::Inquire { .. } | Work::Reverse { .. } | Work::Release { .. }) | None => false,
            }
    };
    errands.perhaps_sent().filter(moves).collect()
}

/// Whether a cancellation of it still waits for its end: its own, or the reversal of what is in doubt.
fn is_being_cancelled(order: &Order) -> bool {
    order.cancelling.is_some() || order.order == OrderState::Pending
}

/// An order whose cancellation has ended, or that nothing of it was cancelled: it had left.
fn was_cancelled(order: Arc<Order>) -> Result<Arc<Order>, Refusal> {
    let some = order.cancelled.is_some() || order.lines.iter().any(|pieces| pieces.cancelled > 0);
    if some { Ok(order) } else { Err(Refusal::AlreadyShipped) }
}

impl writer::Clerk for Clerk {
    type Books = Books;
    type Command = Command;

    fn handle(&mut self, command: Command, desk: &mut Desk<'_>) -> Result<(), Fault> {
        let Some(command) = self.if_in_charge(command, desk) else { return Ok(()) };
        match command {
            Command::Place { quote, deliver_to, owner, card, since, tell } => {
                self.place((&quote, deliver_to, owner), (card, since), tell, desk)
            }
            Command::GiveBack { request, tell } => self.give_back(&request, tell, desk),
            Command::Cancel { order, owner, tell } => {
                // Who is not its owner does not learn that it exists.
                let theirs = desk.books().order(order).is_some_and(|order| order.owner == owner);
                if theirs {
                    self.cancel((order, Cancelled::ByShopper, None), tell, desk)
                } else {
                    answer(desk, tell, Err(Refusal::UnknownOrder));
                    Ok(())
                }
            }
            Command::Operate(operation) => self.operate(operation, desk),
            Command::OpenBatch(open) => {
                // Before the first round, nobody has looked yet which orders' money is under way.
                if self.started {
                    let moving = moving(&self.errands, desk.books());
                    self.clearing.heard_of(open, moving, desk);
                }
                Ok(())
            }
            Command::Reconciled(told, heard) => self.clearing.told(told, heard, desk),
            Command::Answered(work, answer, since) => self.answered(&work, (answer, since), desk),
            Command::Read(look) => {
                desk.after_at(move |books, head| look(books, head.position));
                Ok(())
            }
            Command::Import { listings, tell } => import(listings, tell, desk),
            Command::Granted { tenure, tell } => self.granted(tenure, tell, desk),
            Command::Recovered(asked, page, tell) => self.recover((asked, &page), tell, desk),
        }
    }

    fn copied(&mut self, groups: &[Copied<Change>], books: &Books, is_last: bool) {
        self.following.copied(groups, books, &self.shown);
        let changes = groups.iter().flat_map(Copied::changes);
        let tenures = changes.filter_map(|(change, _)| match change {
            Change::Granted(tenure) => Some(*tenure),
            _ => None,
        });
        let last = groups.last().map_or(0, |group| group.head().position);
        self.charge.copied(last, tenures);
        if is_last {
            self.following.refresh(books, &self.shown, false);
        }
    }

    fn tick(&mut self, desk: &mut Desk<'_>) -> Result<(), Fault> {
        self.following.refresh(desk.books(), &self.shown, self.charge.is_in_charge());
        if !self.charge.is_in_charge() {
            // What is owed is taken up anew by whoever is put in charge, were it this node again.
            self.started = false;
            return Ok(());
        }
        self.show_how_far(desk);
        if desk.books().is_behind() {
            // Nothing moves before it is known what has moved already.
            self.recovery.wish(desk.books());
            self.forget_gone();
            return Ok(());
        }
        if !self.started {
            self.started = true;
            let open: Vec<_> = desk.books().open_orders().collect();
            open.into_iter().for_each(|id| self.follow_up(id, desk));
        }
        self.forget_gone();
        let now = (self.clock)();
        self.follow_recovered(now, desk)?;
        self.ship_due(now, desk)?;
        self.end_overdue(now, desk)
    }
}

fn import(listings: Vec<Listing>, tell: Tell<Imported>, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let mut imported = Imported::default();
    for Listing { sku, name, category, unit_price, stock, description, picture } in listings {
        let said = desk.books().about(&sku).cloned().unwrap_or_default();
        // What the table has no column for stays as it is.
        let about = About {
            description: description.unwrap_or_else(|| said.description.clone()),
            picture: picture.unwrap_or(said.picture),
        };
        let described = about != said;
        let listed = match desk.books().product(&sku) {
            None => {
                imported.stocked += 1;
                Some(Change::Stocked { sku, name, category, unit_price, received: stock })
            }
            Some(known)
                if known.name == name && known.category == category && known.unit_price == unit_price =>
            {
                if described {
                    imported.relisted += 1;
                } else {
                    imported.unchanged += 1;
                }
                None
            }
            Some(_) => {
                imported.relisted += 1;
                Some(Change::Relisted { sku, name, category, unit_price })
            }
        };
        for change in listed.into_iter().chain(described.then_some(Change::Described { sku, about })) {
            desk.change(&change)?;
        }
    }
    answer(desk, tell, imported);
    Ok(())
}

/// The position of the last record so far; it is durable once the group is.
fn last_position(desk: &Desk<'_>) -> u64 {
    desk.next_stamp().position.saturating_sub(1)
}

/// Answers once all that the answer rests on is durable. Whoever asked may have gone meanwhile.
pub(crate) fn answer<T: Send + 'static>(desk: &mut Desk<'_>, tell: Tell<T>, what: T) {
    desk.after(move |_| {
        let _ = tell.send(what);
    });
}
