//! Counts what a policy does to the accounts, rule by rule.

use std::collections::BTreeMap;

use kessai_shared::hex;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use serde::Serialize;

use super::past::no_card;
use super::{Past, Terms, Trial};
use crate::ledger::{self, Account, Candidate, Policy, Presented};

/// What one policy did.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub name: String,
    pub version: Option<u32>,
    pub digest: String,
    /// Each reason that was given, in the order of the checks.
    pub rules: Vec<Rule>,
    pub approved: Group,
    pub declined: Group,
    pub all: Group,
    /// The share of the accounts that are approved.
    pub approval_rate: f64,
    /// Of the declined, the share that did default: how often a refusal was right.
    pub precision: f64,
    /// Of those that defaulted, the share that was declined: how many a policy catches.
    pub recall: f64,
    /// Of those that did not default, the share that was declined: good customers who were sent away.
    pub good_declined: f64,
    /// What may still be bought on approval, and how much of that is lost.
    pub open_pence: i64,
    pub new_loss_pence: i64,
    /// What is lost in the whole book: the balances of all that defaulted, and the new loss.
    pub book_loss_pence: i64,
}

/// The accounts that got one answer.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    pub reason: &'static str,
    pub code: String,
    #[serde(flatten)]
    pub group: Group,
}

/// Sums over some accounts. Money is in pence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Group {
    pub accounts: u64,
    pub defaulted: u64,
    pub default_rate: f64,
    /// What is owed and held; less than nothing where a cardholder is owed.
    pub balance_pence: i64,
    /// What the policy leaves open to buy.
    pub open_pence: i64,
    /// Balance and open-to-buy.
    pub exposure_pence: i64,
    /// The same of those that defaulted.
    pub exposure_defaulted_pence: i64,
    /// That, times the loss given default. For the declined it is what would have been lost with them.
    pub expected_loss_pence: i64,
    #[serde(skip)]
    open_defaulted: i64,
    #[serde(skip)]
    owed_defaulted: i64,
}

/// The decision about one purchase with the account's own card, by its own holder. Nothing was bought or
/// guessed before, so windows and tries cannot speak against it; a policy that asks for a holder's key
/// declines every card, as none of a table has one.
pub fn decide(account: &Account, policy: &Policy, terms: Terms) -> Reason {
    Asking::new().decide(account, policy, terms)
}

/// The most that an account comes to owe while nothing is repaid: what it owes, what is held, and what
/// the policy leaves open to buy.
pub fn exposure(account: &Account, policy: &Policy) -> Minor {
    let open = policy.open_to_buy(account).0.max(0);
    Minor(account.balance.0.saturating_add(account.held.0).saturating_add(open))
}

/// Tries a policy on all accounts.
pub fn run(past: &[Past], trial: &Trial, terms: Terms) -> Outcome {
    let mut by_reason: BTreeMap<Reason, Group> = BTreeMap::new();
    let mut asking = Asking::new();
    for past in past {
        let reason = asking.decide(&past.account, &trial.policy, terms);
        by_reason.entry(reason).or_default().take(past, &trial.policy);
    }
    let lost = terms.loss_given_default;
    let (mut approved, mut declined) = (Group::default(), Group::default());
    for (reason, group) in &mut by_reason {
        group.finish(lost);
        if *reason == Reason::Approved { approved.add(group) } else { declined.add(group) }
    }
    approved.finish(lost);
    declined.finish(lost);
    let mut all = approved;
    all.add(&declined);
    all.finish(lost);
    let good = |group: &Group| group.accounts - group.defaulted;
    let new_loss_pence = share_of(approved.open_defaulted, lost);
    let rule = |(reason, group): (&Reason, &Group)| Rule {
        reason: reason.name(),
        code: reason.code().to_string(),
        group: *group,
    };
    Outcome {
        name: trial.name.clone(),
        version: trial.version,
        digest: hex::of(&trial.policy.digest()).to_string(),
        rules: by_reason.iter().map(rule).collect(),
        approval_rate: rate(approved.accounts, all.accounts),
        precision: declined.default_rate,
        recall: rate(declined.defaulted, all.defaulted),
        good_declined: rate(good(&declined), good(&all)),
        open_pence: approved.open_pence,
        new_loss_pence,
        book_loss_pence: share_of(all.owed_defaulted, lost) + new_loss_pence,
        approved,
        declined,
        all,
    }
}

/// What is presented for an account, used again and again.
struct Asking {
    presented: Presented,
}

impl Asking {
    fn new() -> Self {
        let card = no_card();
        let own = Candidate { generation: card.generation, index: card.index, particulars: card.particulars };
        let expiry = kessai_shared::time::YearMonth::FIRST;
        let presented =
            Presented { passes_luhn: true, candidates: vec![own], expiry, holder: None, enrolment: None };
        Self { presented }
    }

    fn decide(&mut self, account: &Account, policy: &Policy, terms: Terms) -> Reason {
        self.presented.expiry = account.expiry;
        let money = (terms.amount, Currency::Gbp);
        ledger::decide(Some(&self.presented), Some(account), 0, money, policy, terms.as_of)
    }
}

impl Group {
    fn take(&mut self, past: &Past, policy: &Policy) {
        let account = &past.account;
        let exposure = exposure(account, policy).0;
        let owed = account.balance.0.saturating_add(account.held.0);
        let open = exposure.saturating_sub(owed);
        self.accounts += 1;
        self.balance_pence += owed;
        self.open_pence += open;
        self.exposure_pence += exposure;
        if past.defaulted {
            self.defaulted += 1;
            self.exposure_defaulted_pence += exposure;
            self.open_defaulted += open;
            // Whoever is owed money cannot be lost any.
            self.owed_defaulted += owed.max(0);
        }
    }

    fn add(&mut self, other: &Group) {
        self.accounts += other.accounts;
        self.defaulted += other.defaulted;
        self.balance_pence += other.balance_pence;
        self.open_pence += other.open_pence;
        self.exposure_pence += other.exposure_pence;
        self.exposure_defaulted_pence += other.exposure_defaulted_pence;
        self.open_defaulted += other.open_defaulted;
        self.owed_defaulted += other.owed_defaulted;
    }

    fn finish(&mut self, loss_given_default: f64) {
        self.default_rate = rate(self.defaulted, self.accounts);
        self.expected_loss_pence = share_of(self.exposure_defaulted_pence, loss_given_default);
    }
}

/// A share of an amount, to the nearest penny.
fn share_of(pence: i64, share: f64) -> i64 {
    (pence as f64 * share).round() as i64
}

pub(super) fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
