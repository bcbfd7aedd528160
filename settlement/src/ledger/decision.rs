//! The credit decision: a pure function of (account, inquiry, policy, now).

use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::time::{Timestamp, YearMonth};

use super::account::{Account, Status};
use super::at_rest::Candidate;
use super::policy::{Policy, Window};

/// What came out of a sealed card, as far as the books need it. No number and no name is in it.
#[derive(Clone, Debug)]
pub struct Presented {
    pub passes_luhn: bool,
    /// What the card would be kept as, under each generation of the vault's key there is.
    pub candidates: Vec<Candidate>,
    pub expiry: YearMonth,
}

/// Decides. The checks stand in the order of the credit rules; the first that fails is the reason.
///
/// `presented` is `None` when the seal did not open for this purchase; `account` is what the books
/// have under the presented number.
pub fn decide(
    presented: Option<&Presented>,
    account: Option<&Account>,
    (amount, currency): (Minor, Currency),
    policy: &Policy,
    now: Timestamp,
) -> Reason {
    let Some(presented) = presented else { return Reason::SealMismatch };
    let Some(account) = account.filter(|_| presented.passes_luhn) else { return Reason::UnknownCard };
    reported(account.status)
        .or_else(|| not_the_holder(presented, account, now))
        .or_else(|| (tries(account, policy.tries, now) >= policy.tries.max).then_some(Reason::TooManyTries))
        .or_else(|| (account.months_late >= policy.max_months_late).then_some(Reason::Delinquent))
        .or_else(|| bad_history(account, policy).then_some(Reason::RepaymentHistory))
        .or_else(|| over_window(account, amount, policy, now))
        .or_else(|| not_chargeable(account, amount, currency, policy).then_some(Reason::InvalidAmount))
        .or_else(|| (account.open_to_buy() < amount).then_some(Reason::OverLimit))
        .unwrap_or(Reason::Approved)
}

fn reported(status: Status) -> Option<Reason> {
    match status {
        Status::Normal => None,
        Status::Lost => Some(Reason::Lost),
        Status::Stolen => Some(Reason::Stolen),
        Status::Restricted => Some(Reason::Restricted),
    }
}

fn not_the_holder(presented: &Presented, account: &Account, now: Timestamp) -> Option<Reason> {
    // The expiry month itself still counts.
    if account.expiry < now.month() {
        return Some(Reason::Expired);
    }
    let kept =
        Candidate { generation: account.generation, index: account.index, particulars: account.particulars };
    let same = presented.expiry == account.expiry && presented.candidates.contains(&kept);
    (!same).then_some(Reason::IdentityMismatch)
}

fn tries(account: &Account, window: Window, now: Timestamp) -> u64 {
    let since = now.minus_seconds(window.seconds);
    account.wrong_tries.iter().filter(|at| **at > since).count() as u64
}

fn bad_history(account: &Account, policy: &Policy) -> bool {
    let months = account.late_history.iter().take(usize::from(policy.history_months));
    let late = months.filter(|months_late| **months_late >= policy.max_months_late).count();
    late >= usize::from(policy.max_late_months)
}

fn over_window(account: &Account, amount: Minor, policy: &Policy, now: Timestamp) -> Option<Reason> {
    let within = |window: Window| {
        let since = now.minus_seconds(window.seconds);
        account.recent.iter().filter(move |(at, _)| *at > since)
    };
    if policy.frequency.is_some_and(|window| within(window).count() as u64 >= window.max) {
        return Some(Reason::TooFrequent);
    }
    let over = |window: Window| {
        let spent: i64 = within(window).map(|(_, amount)| amount.0).fold(amount.0, i64::saturating_add);
        u64::try_from(spent).is_ok_and(|spent| spent > window.max)
    };
    policy.amount.is_some_and(over).then_some(Reason::WindowAmount)
}

fn not_chargeable(account: &Account, amount: Minor, currency: Currency, policy: &Policy) -> bool {
    !amount.is_positive() || amount > policy.max_purchase || currency != account.currency
}
