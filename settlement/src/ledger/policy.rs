//! The numbers that a credit decision is made with.

use kessai_shared::money::Minor;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest grace after the end of a hold, in seconds: seven days. Until it is over, what was held is
/// neither charged nor free to be spent.
const MAX_HOLD_GRACE_SECONDS: u64 = 7 * 24 * 3_600;

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
            max_purchase: Minor(kessai_shared::money::MAX_AMOUNT),
        }
    }
}

impl Policy {
    /// Holds whose time was over by then are given back now.
    pub fn gives_back_until(&self, now: Timestamp) -> Timestamp {
        now.minus_seconds(self.hold_grace_seconds)
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
        need(self.max_purchase.is_positive(), "max_purchase is at least 1");
        for (name, window) in [("frequency", self.frequency), ("amount", self.amount)] {
            let sound = window.is_none_or(|w| w.seconds > 0 && w.max > 0);
            need(sound, &format!("{name}.seconds and {name}.max are at least 1"));
        }
        // An account remembers 64 approvals; a larger count could never be reached.
        need(self.frequency.is_none_or(|w| w.max <= 64), "frequency.max is at most 64");
        found
    }
}
