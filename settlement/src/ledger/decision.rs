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
    /// The key that signed for exactly this purchase, if one did.
    pub holder: Option<[u8; 32]>,
    /// The hash of the code that came with the signature, to enrol that key.
    pub enrolment: Option<[u8; 32]>,
}

/// Decides. The checks stand in the order of the credit rules; the first that fails is the reason.
///
/// `presented` is `None` when the seal did not open for this purchase; `account` is what the books
/// have under the presented number, and `guesses` how many wrong cards and particulars came through
/// this seller in the policy's window; none, for an account that was approved through it before, at
/// which nobody can guess more often than its own window allows.
///
/// Tries that are used up stand before the particulars, and a missing signature before both, so that
/// whoever guesses does not learn from the answer whether the guess was right.
pub fn decide(
    presented: Option<&Presented>,
    account: Option<&Account>,
    guesses: u64,
    (amount, currency): (Minor, Currency),
    policy: &Policy,
    now: Timestamp,
) -> Reason {
    let Some(presented) = presented else { return Reason::SealMismatch };
    let account = account.filter(|_| presented.passes_luhn);
    // What a holder's key has signed is nobody's guess.
    if guesses >= policy.seller_tries.max && !account.is_some_and(|account| is_signed(presented, account)) {
        return Reason::TooManyTries;
    }
    let Some(account) = account else { return Reason::UnknownCard };
    reported(account.status)
        .or_else(|| unsigned(presented, account, policy).then_some(Reason::HolderKey))
        // The expiry month itself still counts.
        .or_else(|| (account.expiry < now.month()).then_some(Reason::Expired))
        .or_else(|| too_many(presented, account, policy, now).then_some(Reason::TooManyTries))
        .or_else(|| not_the_holder(presented, account).then_some(Reason::IdentityMismatch))
        .or_else(|| (account.months_late >= policy.max_months_late).then_some(Reason::Delinquent))
        .or_else(|| bad_history(account, policy).then_some(Reason::RepaymentHistory))
        .or_else(|| over_window(account, amount, policy, now))
        .or_else(|| not_chargeable(account, amount, currency, policy).then_some(Reason::InvalidAmount))
        .or_else(|| (policy.open_to_buy(account) < amount).then_some(Reason::OverLimit))
        .unwrap_or(Reason::Approved)
}

fn reported(status: Status) -> Option<Reason> {
    match status {
        Status::Normal => None,
        Status::Lost => Some(Reason::Lost),
        Status::Stolen => Some(Reason::Stolen),
        Status::Restricted => Some(Reason::Restricted),
        // The rules know no code for it: to whoever presents its card there is no such account.
        Status::Closed => Some(Reason::UnknownCard),
    }
}

/// The key that this purchase enrols, whatever else is decided about its money: the one that signed,
/// when it came with the code of the card's file and nothing speaks against the card or its holder.
pub fn enrols(presented: &Presented, account: &Account, reason: Reason) -> Option<[u8; 32]> {
    presented.holder.filter(|_| about_money(reason) && brings_code(presented, account))
}

/// Whether nothing spoke against the card and its holder, so that the account and the policy alone
/// decided.
pub(super) fn about_money(reason: Reason) -> bool {
    match reason {
        Reason::Delinquent
        | Reason::RepaymentHistory
        | Reason::TooFrequent
        | Reason::WindowAmount
        | Reason::InvalidAmount
        | Reason::OverLimit
        | Reason::Approved => true,
        Reason::TooLate
        | Reason::Reversed
        | Reason::SealMismatch
        | Reason::UnknownCard
        | Reason::Lost
        | Reason::Stolen
        | Reason::Restricted
        | Reason::HolderKey
        | Reason::Expired
        | Reason::TooManyTries
        | Reason::IdentityMismatch => false,
    }
}

/// Whether the purchase was signed with the card's key, or with one that it may enrol.
fn is_signed(presented: &Presented, account: &Account) -> bool {
    let with_its_key = account.holder_key.is_some() && presented.holder == account.holder_key;
    with_its_key || brings_code(presented, account)
}

fn brings_code(presented: &Presented, account: &Account) -> bool {
    presented.holder.is_some() && account.enrolment.is_some() && presented.enrolment == account.enrolment
}

fn unsigned(presented: &Presented, account: &Account, policy: &Policy) -> bool {
    // Whoever comes with a code means to enrol a key. Were a code that is void passed over, they would
    // take the card for protected from then on, and it would not be.
    let enrolling = presented.enrolment.is_some();
    let needed =
        account.holder_key.is_some() || account.holder_required || policy.require_holder_key || enrolling;
    needed && !is_signed(presented, account)
}

fn not_the_holder(presented: &Presented, account: &Account) -> bool {
    let kept =
        Candidate { generation: account.generation, index: account.index, particulars: account.particulars };
    presented.expiry != account.expiry || !presented.candidates.contains(&kept)
}

/// Whether tries are used up. They do not keep the holder out who signs: otherwise a thief of the bare
/// number could, by guessing, keep a key from ever being enrolled.
fn too_many(presented: &Presented, account: &Account, policy: &Policy, now: Timestamp) -> bool {
    let since = now.minus_seconds(policy.tries.seconds);
    let tries = account.wrong_tries.iter().filter(|at| **at > since).count() as u64;
    tries >= policy.tries.max && !is_signed(presented, account)
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
