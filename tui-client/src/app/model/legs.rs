//! How far a payment has come, as far as this terminal knows.

use kessai_shared::time::Timestamp;

use crate::shop::Leg;

/// The legs of one payment, in the order in which they became known.
#[derive(Clone, Default)]
pub struct Legs {
    /// When the key was pressed that pays.
    pub since: Timestamp,
    seen: Vec<(Leg, Timestamp)>,
    /// How often the same order was sent once more.
    pub again: u32,
    /// Whether it was sent to another node of the shop.
    pub elsewhere: bool,
}

impl Legs {
    pub fn begin(now: Timestamp) -> Self {
        Self { since: now, ..Self::default() }
    }

    /// Notes what became known just now. Each leg counts once, so there are never more than there are kinds.
    pub fn note(&mut self, leg: Leg, now: Timestamp) {
        match leg {
            Leg::SentAgain => {
                self.again = self.again.saturating_add(1);
                return;
            }
            Leg::Elsewhere => {
                self.elsewhere = true;
                return;
            }
            Leg::Sent | Leg::Held { .. } | Leg::Decided { .. } | Leg::Verified => {}
        }
        let known = self.seen.iter().any(|(seen, _)| kind(seen) == kind(&leg));
        if !known {
            self.seen.push((leg, now));
        }
    }

    /// What is known, and when it became so here.
    pub fn seen(&self) -> &[(Leg, Timestamp)] {
        &self.seen
    }
}

fn kind(leg: &Leg) -> std::mem::Discriminant<Leg> {
    std::mem::discriminant(leg)
}
