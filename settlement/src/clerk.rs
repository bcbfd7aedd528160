//! The settlement's one writer: decides each command over the books, and answers once the group that
//! holds the decision is on the disk.

pub mod accounts;
pub mod cards;
pub mod clearing;
pub mod money;
pub mod policy;

use std::sync::Arc;

use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::{ResponseSecret, seal_reason};
use kessai_shared::settlement::{Refusal, Standing};
use kessai_shared::store::Fault;
use kessai_shared::writer::{self, Clock};
use tokio::sync::oneshot;

use clearing::Clearing;

use crate::ledger::acts::{self, Act, Inquired};
use crate::ledger::{Books, ClearingTerms, Decided, Group, Presented, Terms};
use crate::vault::Vault;

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
        purchase: Purchase,
        card: Option<Opened>,
        tell: Tell<Result<Journaled, Refusal>>,
    },
    Status {
        seller: Pin,
        order: OrderId,
        tell: Tell<Option<(Standing, Option<Journaled>)>>,
    },
    Reversal {
        seller: Pin,
        order: OrderId,
        tell: Tell<Result<(), Refusal>>,
    },
    /// A capture, release, refund or chargeback.
    Money(money::Command),
    Cards(cards::Command),
    Clearing(clearing::Command),
    /// Looks at the books at the end of a group, and at the position of a record that is durable then.
    Read(Look),
    Accounts(accounts::Command),
    Policy(policy::Adopt),
}

/// A look at the books, which has to be a short one: nothing else is decided meanwhile.
pub type Look = Box<dyn FnOnce(&Books, u64) + Send>;

/// The vault that something was made with: held until the books have it.
pub type Lease = Arc<Vault>;
type Tell<T> = oneshot::Sender<T>;
type Desk<'a> = writer::Desk<'a, Books>;

pub struct Clerk {
    clearing: Clearing,
    terms: Terms,
    months: accounts::Months,
    /// What decisions call now. Records have times of their own that never go back; the credit
    /// rules go by the clock, so that a clock that once ran ahead does not expire cards for ever.
    clock: Clock,
}

impl Clerk {
    pub fn new(clock: Clock) -> Self {
        let (terms, months) = (Terms::default(), accounts::Months::default());
        Self { clearing: Clearing::new(ClearingTerms::default()), terms, months, clock }
    }

    /// What sellers have agreed to, where it is not the default.
    #[must_use]
    pub fn clearing(self, terms: ClearingTerms) -> Self {
        Self { clearing: Clearing::new(terms), ..self }
    }

    /// What cardholders have agreed to, where it is not the default.
    #[must_use]
    pub fn with_terms(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    fn inquiry(
        &self,
        purchase: Purchase,
        card: Option<&Opened>,
        tell: Tell<Result<Journaled, Refusal>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let now = (self.clock)();
        // What has run out is not called approved again.
        money::end_overdue((purchase.seller, purchase.order), now, desk)?;
        let presented = card.map(|card| &card.presented);
        let policy = desk.books().policies().policy();
        match acts::inquire(desk.books(), &purchase, presented, policy, now) {
            Inquired::Duplicate => {
                answer(desk, tell, Err(Refusal::Duplicate));
                return Ok(());
            }
            Inquired::Over(refusal) => {
                answer(desk, tell, Err(refusal));
                return Ok(());
            }
            Inquired::Known => {}
            Inquired::Fresh(fresh) => {
                let sealed = card.map(|card| seal_reason(fresh.reason, &purchase, &card.response));
                let sealed = sealed.unwrap_or_default();
                let change = acts::decided(purchase, fresh, sealed, policy, now);
                desk.change(&change)?;
            }
        }
        desk.after(move |books| {
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
            Command::Inquiry { purchase, card, tell } => self.inquiry(purchase, card.as_ref(), tell, desk),
            Command::Status { seller, order, tell } => {
                let charge = desk.books().charge(&(seller, order)).cloned();
                // The decision may be of the group that is open now, so its group is looked up later.
                desk.after(move |books| {
                    let found = charge.map(|charge| {
                        let standing = charge.standing();
                        (standing, charge.decided.and_then(|decided| Journaled::of(decided, books)))
                    });
                    let _ = tell.send(found);
                });
                Ok(())
            }
            Command::Reversal { seller, order, tell } => {
                // A hold whose time is over ends as expired, whoever comes first to say so.
                let key = (seller, order);
                money::end_overdue(key, (self.clock)(), desk)?;
                carry_out(acts::reverse(desk.books(), key), tell, desk)
            }
            Command::Read(look) => {
                let last = desk.next_stamp().position.saturating_sub(1);
                desk.after(move |books| look(books, last));
                Ok(())
            }
            Command::Cards(command) => cards::handle(command, (&self.terms, (self.clock)()), desk),
            Command::Accounts(command) => accounts::handle(command, (&self.terms, (self.clock)()), desk),
            Command::Money(command) => money::handle(command, (self.clock)(), desk),
            Command::Policy(adopt) => policy::handle(adopt, desk),
            Command::Clearing(command) => self.clearing.handle(command, desk),
        }
    }

    fn tick(&mut self, desk: &mut Desk<'_>) -> Result<(), Fault> {
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
