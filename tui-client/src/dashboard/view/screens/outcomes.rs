//! What became of purchases: approvals, declines by their reason, and what was done to the money.

use kessai_shared::measure::{Count, Gauge};
use kessai_shared::outcome::Reason;

use super::{Panes, any};
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::Tone;

/// Every reason for which an inquiry is declined, in the order of their precedence.
const REASONS: [(Reason, &str); 17] = [
    (Reason::TooLate, "dash-reason-too-late"),
    (Reason::Reversed, "dash-reason-reversed"),
    (Reason::SealMismatch, "dash-reason-seal-mismatch"),
    (Reason::UnknownCard, "dash-reason-unknown-card"),
    (Reason::Lost, "dash-reason-lost"),
    (Reason::Stolen, "dash-reason-stolen"),
    (Reason::Restricted, "dash-reason-restricted"),
    (Reason::HolderKey, "dash-reason-holder-key"),
    (Reason::Expired, "dash-reason-expired"),
    (Reason::TooManyTries, "dash-reason-too-many-tries"),
    (Reason::IdentityMismatch, "dash-reason-identity-mismatch"),
    (Reason::Delinquent, "dash-reason-delinquent"),
    (Reason::RepaymentHistory, "dash-reason-repayment-history"),
    (Reason::TooFrequent, "dash-reason-too-frequent"),
    (Reason::WindowAmount, "dash-reason-window-amount"),
    (Reason::InvalidAmount, "dash-reason-invalid-amount"),
    (Reason::OverLimit, "dash-reason-over-limit"),
];

/// Everything that is counted as declined, and as decided.
pub const DECLINED: [Count; 17] = declined();
pub const DECIDED: [Count; 18] = decided();

const fn declined() -> [Count; 17] {
    let mut all = [Count::Decided(Reason::Approved); 17];
    let mut at = 0;
    while at < all.len() {
        all[at] = Count::Decided(REASONS[at].0);
        at += 1;
    }
    all
}

const fn decided() -> [Count; 18] {
    let mut all = [Count::Decided(Reason::Approved); 18];
    let mut at = 0;
    while at < DECLINED.len() {
        all[at] = DECLINED[at];
        at += 1;
    }
    all
}

pub fn fill(panes: &mut Panes<'_>) {
    panes.add(Daemon::Seller, "dash-outcomes", |pane| {
        pane.rate("dash-quoted", &[Count::Quoted]);
        pane.rate("dash-placed", &[Count::Placed]);
        pane.rate("dash-turned-away", &[Count::TurnedAway]);
        pane.rate("dash-approved", &[Count::Approved]);
        pane.rate("dash-declined", &[Count::Declined]);
        pane.total("dash-doubted", &[Count::Doubted], Tone::Careful);
        pane.gauge("dash-unknown-outcomes", Gauge::Unknown, figure::signed, any(Tone::Careful));
        pane.gauge("dash-reversing", Gauge::Reversing, figure::signed, any(Tone::Careful));
        pane.gauge("dash-errands", Gauge::Errands, figure::signed, |_| Tone::Plain);
    });
    panes.add(Daemon::Settlement, "dash-reasons", |pane| {
        let sight = pane.sight;
        let all = sight.total(&DECIDED);
        pane.share("dash-approved", sight.total(&[Count::Decided(Reason::Approved)]), all, Tone::Plain);
        // What never happened takes no line: what did is to be seen at once.
        let mut told: Vec<(u64, &str)> =
            REASONS.iter().map(|(reason, id)| (sight.total(&[Count::Decided(*reason)]), *id)).collect();
        told.retain(|(times, _)| *times > 0);
        told.sort_by_key(|(times, _)| std::cmp::Reverse(*times));
        for (times, id) in told {
            pane.share(id, times, all, Tone::Plain);
        }
        let repeated = sight.second().map(|_| figure::count(sight.total(&[Count::Repeated])));
        pane.say("dash-repeated", repeated, Tone::Plain);
    });
    for daemon in Daemon::ALL {
        panes.add(daemon, "dash-money", |pane| {
            pane.rate("dash-captured", &[Count::Captured]);
            pane.rate("dash-released", &[Count::Released]);
            pane.rate("dash-reversed", &[Count::Reversed]);
            pane.rate("dash-refunded", &[Count::Refunded]);
            if daemon == Daemon::Settlement {
                pane.total("dash-hold-expired", &[Count::HoldExpired], Tone::Careful);
            }
            pane.gauge("dash-disputed", Gauge::Disputed, figure::signed, any(Tone::Bad));
        });
    }
}
