//! The books of the settlement, and every rule about them. Pure: time, ids and keyed digests arrive
//! as arguments, and nothing here reads a file, a clock or a wire.

mod account;
pub mod acts;
mod at_rest;
mod audit;
mod books;
mod clearing;
mod closed;
pub mod closing;
mod decision;
mod entry;
mod fence;
mod given;
mod group;
mod guesses;
mod hold;
mod index;
mod life;
pub mod listing;
mod payout;
mod policies;
mod policy;
mod proofs;
mod rulings;
mod tally;
mod trail;

pub use kessai_shared::outcome::ChargebackReason;

pub use account::{Account, AccountId, MAX_LATE_MONTHS_KEPT, MAX_TRIES_KEPT, Status};
pub use at_rest::{AtRest, Candidate, Stated};
pub use audit::Audit;
pub use books::{Books, Change, DecidedChange, Inconsistent, Key, Money, Row, RowKey, Totals};
pub use clearing::{Batches, Cleared, FIRST_BATCH};
pub use closed::{BatchChange, BatchState, Closed};
pub use decision::{Presented, decide};
pub use entry::{Entry, LedgerAccount};
pub use fence::{Fence, Fences, Grant};
pub use given::{Capture, Chargeback, GivenBack, Late, Refund};
pub use group::{End, Group};
pub use guesses::Guessed;
pub use hold::{Charge, ChargeState, Decided, MAX_CAPTURES};
pub use index::Place;
pub use life::acts::{AccountAct, Blocked, NotDone, act, close_month};
pub use life::{
    AccountChange, Billing, Block, Due, Event, Life, MAX_STATEMENTS_KEPT, MAX_WHY_BYTES, Month, Moved,
    Repayment, Statement, Terms,
};
pub use payout::{BASIS_POINTS, ClearingTerms};
pub use policies::{Adopted, Adoption, Policies, Proposed};
pub use policy::{Policy, Window};
pub use proofs::Proven;
