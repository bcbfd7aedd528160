//! Sums over all accounts and charges.

use std::collections::BTreeMap;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;

use super::Books;

/// How much there is of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub accounts: u64,
    pub decisions: u64,
    pub approved: u64,
    pub live_holds: u64,
    /// Orders for which a capture came after their hold had expired.
    pub late_presentments: u64,
    /// The money of each currency that any account is in.
    pub money: BTreeMap<Currency, Money>,
}

/// Sums of one currency, in its minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    pub held: Minor,
    pub balance: Minor,
    pub captured: Minor,
    pub refunded: Minor,
    pub charged_back: Minor,
}

impl Totals {
    /// The sums of one currency; zero of one that no account is in.
    pub fn of(&self, currency: Currency) -> Money {
        self.money.get(&currency).copied().unwrap_or_default()
    }
}

impl Books {
    pub fn totals(&self) -> Totals {
        let (accounts, late) = (self.accounts.len() as u64, self.late.len() as u64);
        let mut totals = Totals { accounts, late_presentments: late, ..Totals::default() };
        for account in self.accounts.values() {
            let money = totals.money.entry(account.currency).or_default();
            money.held.0 += account.held.0;
            money.balance.0 += account.balance.0;
        }
        for charge in self.charges.values() {
            totals.decisions += u64::from(charge.decided.is_some());
            totals.approved += u64::from(charge.account.is_some());
            totals.live_holds += u64::from(charge.live_hold().is_positive());
            if let Some((_, currency)) = charge.payer() {
                let money = totals.money.entry(currency).or_default();
                money.captured.0 += charge.captured.0;
                money.refunded.0 += charge.refunded.0;
                money.charged_back.0 += charge.charged_back.0;
            }
        }
        totals
    }

    /// How often each reason was given.
    pub fn reasons(&self) -> BTreeMap<Reason, u64> {
        let mut reasons = BTreeMap::new();
        for decided in self.charges.values().filter_map(|charge| charge.decided.as_ref()) {
            *reasons.entry(decided.reason).or_default() += 1;
        }
        reasons
    }
}
