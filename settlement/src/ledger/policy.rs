//! The numbers that a credit decision is made with.

use kessai_shared::codec;
use kessai_shared::digest::sha256;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::Account;

/// Longest grace after the end of a hold, in seconds: seven days. Until it is over, what was held is
/// neither charged nor free to be spent.
const MAX_HOLD_GRACE_SECONDS: u64 = 7 * 24 * 3_600;
/// Longest span of any rule, in seconds: ten years, more than an account's card is valid for.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 3_600;

/// A limit on what one account may do within a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    pub seconds: u64,
    pub max: u64,
}

/// The credit policy. A missing key has the default that is given here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// From how many months of lateness on an account is delinquent, and a past month counts as late.
    pub max_months_late: u8,
    /// From how many late months in the history on an account is refused.
    pub max_late_months: u8,
    /// How many past months are looked at.
    pub history_months: u8,
    /// How many wrong guesses at a card's particulars its window allows.
    pub tries: Window,
    /// How many wrong cards and particulars may come through one seller in a window. After that only
    /// purchases that a card's own key has signed are decided through it.
    pub seller_tries: Window,
    /// Whether a card without a holder key buys nothing.
    pub require_holder_key: bool,
    /// How many approvals a card may have in a window, if at all limited.
    pub frequency: Option<Window>,
    /// How much, in minor units, a card may be approved for in a window, if at all limited.
    pub amount: Option<Window>,
    /// How long an approval is held for the seller to capture, in seconds.
    pub hold_seconds: u64,
    /// How long after that a hold is not given back yet, in seconds, 0 to 7 days. A capture that comes
    /// within it still wins, so that a clock that is a little wrong, or a line that is down, does not
    /// cost the seller its money.
    pub hold_grace_seconds: u64,
    /// The largest single purchase, in minor units.
    pub max_purchase: Minor,
    /// How much of its limit an account may use, in percent, if less than all of it. What is asked for
    /// beyond is over the limit. Utilisation is what scorecards weigh most after lateness; a cap on
    /// it is the usual way to stop lending before the limit does.
    pub max_utilisation_percent: Option<u8>,
    /// The same for an account that is late by a month or more, or was in the months that are looked
    /// at: lines are cut at the first sign of trouble, before an account is delinquent.
    pub late_utilisation_percent: Option<u8>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_months_late: 2,
            max_late_months: 3,
            history_months: 5,
            tries: Window { seconds: 24 * 3_600, max: 5 },
            seller_tries: Window { seconds: 3_600, max: 500 },
            require_holder_key: false,
            frequency: None,
            amount: None,
            hold_seconds: 7 * 24 * 3_600,
            hold_grace_seconds: 3_600,
            max_purchase: Minor(MAX_AMOUNT),
            max_utilisation_percent: None,
            late_utilisation_percent: None,
        }
    }
}

impl Policy {
    /// Holds whose time was over by then are given back now.
    pub fn gives_back_until(&self, now: Timestamp) -> Timestamp {
        now.minus_seconds(self.hold_grace_seconds)
    }

    /// The digest of every number in it: two policies have the same one only when they are the same.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[b"kessai credit policy", &codec::encode(self)])
    }

    /// What an account may still buy under this policy: the share of its limit that it may use, less
    /// its balance and live holds. Negative for an account that has used more.
    pub fn open_to_buy(&self, account: &Account) -> Minor {
        let late = self.late_utilisation_percent.filter(|_| self.is_late(account));
        let percent = [self.max_utilisation_percent, late].into_iter().flatten().min().unwrap_or(100);
        let usable = i128::from(account.limit.0) * i128::from(percent.min(100)) / 100;
        // It is between nothing and the limit, so it fits again.
        let usable = i64::try_from(usable).unwrap_or(account.limit.0);
        let unused = account.limit.0.saturating_sub(usable);
        Minor(account.open_to_buy().0.saturating_sub(unused))
    }

    /// Whether an account is late at all, or was in the months that are looked at.
    fn is_late(&self, account: &Account) -> bool {
        let months = account.late_history.iter().take(usize::from(self.history_months));
        account.months_late > 0 || months.into_iter().any(|months_late| *months_late > 0)
    }

    /// Everything that is wrong with the numbers, one sentence each.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut need = |holds: bool, what: &str| {
            if !holds {
                found.push(what.to_owned());
            }
        };
        need(self.max_months_late > 0, "max_months_late is at least 1");
        need(self.max_late_months > 0, "max_late_months is at least 1");
        need((1..=24).contains(&self.history_months), "history_months is from 1 to 24");
        need((1..=32).contains(&self.tries.max), "tries.max is from 1 to 32");
        need(self.tries.seconds > 0, "tries.seconds is at least 1");
        need((1..=1_000).contains(&self.seller_tries.max), "seller_tries.max is from 1 to 1000");
        need(self.seller_tries.seconds > 0, "seller_tries.seconds is at least 1");
        need(self.hold_seconds > 0, "hold_seconds is at least 1");
        let most = MAX_HOLD_GRACE_SECONDS;
        need(self.hold_grace_seconds <= most, &format!("hold_grace_seconds is at most {most}"));
        let purchase = 1..=MAX_AMOUNT;
        need(
            purchase.contains(&self.max_purchase.0),
            &format!("max_purchase_pence is from 1 to {MAX_AMOUNT}"),
        );
        for (name, percent) in [
            ("max_utilisation_percent", self.max_utilisation_percent),
            ("late_utilisation_percent", self.late_utilisation_percent),
        ] {
            let sound = percent.is_none_or(|percent| (1..=100).contains(&percent));
            need(sound, &format!("{name} is from 1 to 100"));
        }
        for (name, window) in [("frequency", self.frequency), ("amount", self.amount)] {
            let sound = window.is_none_or(|w| w.seconds > 0 && w.max > 0);
            need(sound, &format!("{name}.seconds and {name}.max are at least 1"));
        }
        let spans = [
            ("tries.seconds", self.tries.seconds),
            ("seller_tries.seconds", self.seller_tries.seconds),
            ("frequency.seconds", self.frequency.map_or(1, |w| w.seconds)),
            ("amount.seconds", self.amount.map_or(1, |w| w.seconds)),
            ("hold_seconds", self.hold_seconds),
        ];
        for (name, seconds) in spans {
            need(seconds <= MAX_SECONDS, &format!("{name} is at most {MAX_SECONDS}, which is ten years"));
        }
        // An account remembers 64 approvals; a larger count could never be reached.
        need(self.frequency.is_none_or(|w| w.max <= 64), "frequency.max is at most 64");
        found
    }
}
