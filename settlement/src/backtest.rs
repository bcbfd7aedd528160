//! What a credit policy would have done: every account of a table gets one decision, made by the very
//! function that decides purchases, and what really became of the account says whether it was right.
//!
//! Two words are used throughout. The *exposure* to an account is its balance and live holds and what
//! the policy leaves open to buy (none when that is negative): the most that it comes to owe while
//! nothing is repaid. The *expected loss* is the exposure to the accounts that defaulted, times the
//! share of it that is lost for good. Of the exposure, the part that was not bought yet is what a
//! policy decides about; the balance is owed whatever it says. So the loss of a whole book is told as
//! well: the balances of all that defaulted, and what those of them that are approved may still buy.

mod past;
mod plot;
mod print;
mod sweep;
mod tally;

use kessai_shared::money::Minor;
use kessai_shared::time::Timestamp;
use serde::Serialize;

use crate::ledger::Policy;

pub use past::{Past, read};
pub use print::print;
pub use sweep::{Point, SWEPT, sweep};
pub use tally::{Group, Outcome, Rule, decide, exposure, run};

/// The purchase that is asked for unless another is named, in pence: what the median order of half a
/// year of a real shop's trade came to.
pub const DEFAULT_PENCE: i64 = 24_000;
/// Which share of the exposure to an account that defaults is lost for good, unless another is named.
/// The histories do not say what was recovered; Basel's foundation approach (CRE32) takes 75 % for claims
/// that nothing secures and that stand behind others.
pub const DEFAULT_LOSS_GIVEN_DEFAULT: f64 = 0.75;

/// What every account is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The amount of the one purchase.
    pub amount: Minor,
    /// When it is made: cards whose expiry month is before this are declined.
    pub as_of: Timestamp,
    /// From 0 to 1.
    pub loss_given_default: f64,
}

/// A policy that is tried, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub name: String,
    pub version: Option<u32>,
    pub policy: Policy,
}

/// All that a backtest found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub amount_pence: i64,
    pub as_of: String,
    pub loss_given_default: f64,
    pub policies: Vec<Outcome>,
    pub sweep: Vec<Point>,
}

impl Report {
    /// Tries every policy. `step` hears of each whole pass over the accounts.
    pub fn of(past: &[Past], trials: &[Trial], terms: Terms, mut step: impl FnMut()) -> Self {
        let mut policies = Vec::new();
        for trial in trials {
            policies.push(run(past, trial, terms));
            step();
        }
        let sweep = trials.last().map_or_else(Vec::new, |trial| sweep(past, &trial.policy, terms, &mut step));
        let Terms { amount, as_of, loss_given_default } = terms;
        let as_of = as_of.day().to_string();
        Self { amount_pence: amount.0, as_of, loss_given_default, policies, sweep }
    }
}
