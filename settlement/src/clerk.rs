//! The settlement's one writer: decides each command over the books, and answers once the group that
//! holds the decision is on the disk.

pub mod accounts;
pub mod cards;
pub mod clearing;
pub mod fence;
pub mod money;
pub mod policy;
pub mod trail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::ids::OrderId;
use kessai_shared::measure::{Count, Registry, Spread};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::{ResponseSecret, seal_reason};
use kessai_shared::settlement::{ApprovedOrders, Refusal, Sender, Standing};
use kessai_shared::store::Fault;
use kessai_shared::writer::{self, Clock};
use tokio::sync::oneshot;

use clearing::Clearing;
use fence::{Fencing, PROMOTE_AFTER};

use crate::ledger::acts::{self, Act, Inquired};
use crate::ledger::{Books, ClearingTerms, Decided, Group, Presented, Terms, listing};
use crate::vault::Vault;
use crate::witness::Witnessing;

/// Most holds that one round gives back; the rest is for the next round, a moment later.
const MAX_EXPIRIES_A_ROUND: usize = 1_000;

/// What came out of a sealed card: what the books need, and the secret to answer with.
pub struct Opened {
    pub presented: Presented,
    pub response: ResponseSecret,
    /// The keys that it was presented with, so that no rekey overtakes it on its way to the books.
    pub lease: Lease,
}

/// A durable decision and the group of the journal that it stands in.
pub struct Journaled {
    pub decided: Decided,
    pub group: Arc<Group>,
}

/// What the writer is asked to do, and whom it tells.
pub enum Command {
    Inquiry {
        by: Sender,
        purchase: Purchase,
        card: Option<Opened>,
        /// When it was handed to the writer.
        since: Instant,
        tell: Tell<Result<Journaled, Refusal>>,
    },
    Status {
        seller: Pin,
        by: Sender,
        order: OrderId,
        tell: Tell<Result<Known, Refusal>>,
    },
    /// Which of a seller's orders were approved, behind one or from the first.
    Approved {
        seller: Pin,
        by: Sender,
        after: Option<OrderId>,
        tell: Tell<Result<ApprovedOrders, Refusal>>,
    },
    Reversal {
        seller: Pin,
        by: Sender,
        order: OrderId,
        tell: Tell<Result<(), Refusal>>,
    },
    /// A capture, release, refund or chargeback.
    Money(money::Command),
    Fence(fence::Command),
    Cards(cards::Command),
    Clearing(clearing::Command),
    /// Looks at the books at the end of a group, and at the position of a record that is durable then.
    Read(Look),
    Accounts(accounts::Command),
    Policy(policy::Adopt),
    Trail(trail::Command),
}

/// What is known of an order: nothing, or how it stands and its decision.
pub type Known = Option<(Standing, Option<Journaled>)>;

/// A look at the books, which has to be a short one: nothing else is decided meanwhile.
pub type Look = Box<dyn FnOnce(&Books, u64) + Send>;

/// The vault that something was made with: held until the books have it.
pub type Lease = Arc<Vault>;
type Tell<T> = oneshot::Sender<T>;
type Desk<'a> = writer::Desk<'a, Books>;

pub struct Clerk {
    clearing: Clearing,
    fencing: Fencing,
    terms: Terms,
    months: accounts::Months,
    /// What decisions call now. Records have times of their own that never go back; the credit
    /// rules go by the clock, so that a clock that once ran ahead does not expire cards for ever.
    clock: Clock,
    registry: Registry,
}

impl Clerk {
    pub fn new(clock: Clock) -> Self {
        let (terms, months) = (Terms::default(), accounts::Months::default());
        let fencing = Fencing::new(Witnessing::default(), PROMOTE_AFTER);
        let (clearing, registry) = (Clearing::new(ClearingTerms::default()), Registry::default());
        Self { clearing, fencing, terms, months, clock, registry }
    }

    /// The same clerk, which measures how long things take.
    #[must_use]
    pub fn measuring(self, registry: &Registry) -> Self {
        Self { registry: registry.clone(), ..self }
    }

    /// What sellers have agreed to, where it is not the default.
    #[must_use]
    pub fn clearing(self, terms: ClearingTerms) -> Self {
        Self { clearing: Clearing::new(terms), ..self }
    }

    /// What is shown to sellers of these books, and when one of their nodes is taken for lost.
    #[must_use]
    pub fn fencing(self, witnessing: Witnessing, promote_after: Duration) -> Self {
        Self { fencing: Fencing::new(witnessing, promote_after), ..self }
    }

    /// What cardholders have agreed to, where it is not the default.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    fn inquiry(
        &mut self,
        (by, purchase): (&Sender, Purchase),
        (card, since): (Option<&Opened>, Instant),
        tell: Tell<Result<Journaled, Refusal>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        self.registry.took_since(Spread::Queued, since);
        if let Err(refusal) = self.fencing.admit(purchase.seller, by, desk) {
            answer(desk, tell, Err(refusal));
            return Ok(());
        }
        let now = (self.clock)();
        // What has run out is not called approved again.
        money::end_overdue((purchase.seller, purchase.order), now, desk)?;
        let presented = card.map(|card| &card.presented);
        let policy = desk.books().policies().policy();
        let is_fresh = match acts::inquire(desk.books(), &purchase, presented, policy, now) {
            Inquired::Duplicate => {
                answer(desk, tell, Err(Refusal::Duplicate));
                return Ok(());
            }
            Inquired::Over(refusal) => {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            Inquired::Known => false,
            Inquired::Fresh(fresh) => {
                let fresh = acts::Fresh { at: by.at, ..fresh };
                let sealed = card.map(|card| seal_reason(fresh.reason, &purchase, &card.response));
                let sealed = sealed.unwrap_or_default();
                let change = acts::decided(purchase, fresh, sealed, policy, now);
                desk.change(&change)?;
                true
            }
        };
        let registry = self.registry.clone();
        desk.after(move |books| {
            if is_fresh {
                registry.took_since(Spread::DecidedDurably, since);
            } else {
                registry.count(Count::Repeated);
            }
            let charge = books.charge(&(purchase.seller, purchase.order));
            let decided = charge.and_then(|charge| charge.decided.clone());
            let journaled = decided.and_then(|decided| Journaled::of(decided, books));
            // Whoever asked may have gone meanwhile; the decision stands all the same.
            let _ = tell.send(journaled.ok_or(Refusal::TryLater));
        });
        Ok(())
    }
}

impl Journaled {
    /// `None` only when the books are not what they should be: every durable decision has its group.
    fn of(decided: Decided, books: &Books) -> Option<Self> {
        let group = books.group_of(decided.position).map(Arc::clone);
        if group.is_none() {
            let position = decided.position;
            tracing::error!("the decision at {position} has no group; run verify on this data folder");
        }
        Some(Self { decided, group: group? })
    }
}

impl writer::Clerk for Clerk {
    type Books = Books;
    type Command = Command;

    fn handle(&mut self, command: Command, desk: &mut Desk<'_>) -> Result<(), Fault> {
        match command {
            Command::Inquiry { by, purchase, card, since, tell } => {
                self.inquiry((&by, purchase), (card.as_ref(), since), tell, desk)
            }
            Command::Status { seller, by, order, tell } => {
                // An older copy would say of an order that it was never heard of.
                if let Err(refusal) = self.fencing.up_to_date(seller, &by.witnessed, desk) {
                    answer(desk, tell, Err(refusal));
                    return Ok(());
                }
                let charge = desk.books().charge(&(seller, order)).cloned();
                // The decision may be of the group that is open now, so its group is looked up later.
                desk.after(move |books| {
                    let found = charge.map(|charge| {
                        let standing = charge.standing();
                        (standing, charge.decided.and_then(|decided| Journaled::of(decided, books)))
                    });
                    let _ = tell.send(Ok(found));
                });
                Ok(())
            }
            Command::Approved { seller, by, after, tell } => {
                // Only the node in charge has a use for it, and an older copy of these books would lack some.
                let admitted = self.fencing.admit(seller, &by, desk);
                desk.after(move |books| {
                    let _ = tell.send(admitted.map(|()| listing::approved(books, seller, after)));
                });
                Ok(())
            }
            Command::Reversal { seller, by, order, tell } => {
                if let Err(refusal) = self.fencing.admit(seller, &by, desk) {
                    answer(desk, tell, Err(refusal));
                    return Ok(());
                }
                // A hold whose time is over ends as expired, whoever comes first to say so.
                let key = (seller, order);
                money::end_overdue(key, (self.clock)(), desk)?;
                carry_out(acts::reverse(desk.books(), key), tell, desk)
            }
            Command::Read(look) => {
                desk.after_at(move |books, head| look(books, head.position));
                Ok(())
            }
            Command::Cards(command) => cards::handle(command, (&self.terms, (self.clock)()), desk),
            Command::Accounts(command) => accounts::handle(command, (&self.terms, (self.clock)()), desk),
            Command::Money(command) => money::handle(command, &mut self.fencing, (self.clock)(), desk),
            Command::Fence(command) => self.fencing.handle(command, desk),
            Command::Policy(adopt) => policy::handle(adopt, desk),
            Command::Trail(command) => trail::handle(command, desk),
            Command::Clearing(command) => self.clearing.handle(command, &mut self.fencing, desk),
        }
    }

    fn tick(&mut self, desk: &mut Desk<'_>) -> Result<(), Fault> {
        self.fencing.tick();
        self.clearing.tick((self.clock)(), desk)?;
        let until = desk.books().policies().policy().gives_back_until((self.clock)());
        let due: Vec<_> = desk.books().expired(until).take(MAX_EXPIRIES_A_ROUND).collect();
        for key in due {
            if let Some(change) = acts::expire(desk.books(), key) {
                desk.change(&change)?;
            }
        }
        self.months.turn(&self.terms, (self.clock)(), desk)
    }
}

/// Answers once all that the answer rests on is durable. Whoever asked may have gone meanwhile.
fn answer<T: Send + 'static>(desk: &mut Desk<'_>, tell: Tell<T>, what: T) {
    desk.after(move |_| {
        let _ = tell.send(what);
    });
}

fn carry_out(act: Act, tell: Tell<Result<(), Refusal>>, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let done = match act {
        Ok(Some(change)) => desk.change(&change).map(|_| Ok(()))?,
        Ok(None) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    answer(desk, tell, done);
    Ok(())
}
