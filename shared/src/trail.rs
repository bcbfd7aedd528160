//! The audit trail as the books of either daemon keep it: which operator had what done. Every act is a
//! journal record; here stand the newest, so that they are found without reading the journal, and what those
//! acts come to that move nothing else in the books: whose keys are on which list.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ids::Epoch;
use crate::operator::Endpoint;
use crate::operator::rights::Right;
use crate::operator::settlement::AccountRef;
use crate::operator::trail::{ActRow, MAX_REASON_BYTES, Subject};
use crate::pin::Pin;
use crate::time::Timestamp;

/// How many acts the books keep. Older ones stand in the journal, and in what backups have of it.
pub const KEPT: usize = 10_000;
/// Most differences between a list and the books that one round makes records of.
pub const MAX_DIFFERENCES: usize = 500;

/// What an operator had done that moves neither money nor goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operated {
    OperatorAllowed {
        pin: Pin,
        right: Right,
    },
    OperatorRemoved {
        pin: Pin,
    },
    SellerAllowed {
        pin: Pin,
    },
    SellerRevoked {
        pin: Pin,
    },
    /// The live connections of a key were closed.
    Disconnected {
        endpoint: Endpoint,
        pin: Pin,
    },
    BackupAsked,
    /// All cards are to be kept under a new key.
    RekeyAsked,
    /// This node was put in charge.
    Promoted {
        epoch: Epoch,
    },
    /// The last digits of the card of an account were shown.
    CardShown {
        account: AccountRef,
    },
}

impl Operated {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Operated::OperatorAllowed { right: Right::Act, .. } => "operator allowed",
            Operated::OperatorAllowed { right: Right::Watch, .. } => "operator allowed to watch",
            Operated::OperatorRemoved { .. } => "operator removed",
            Operated::SellerAllowed { .. } => "seller allowed",
            Operated::SellerRevoked { .. } => "seller revoked",
            Operated::Disconnected { .. } => "connections closed",
            Operated::BackupAsked => "backup",
            Operated::RekeyAsked => "rekey",
            Operated::Promoted { .. } => "promoted",
            Operated::CardShown { .. } => "card shown",
        }
    }

    pub const fn subject(self) -> Option<Subject> {
        match self {
            Operated::OperatorAllowed { pin, .. }
            | Operated::OperatorRemoved { pin }
            | Operated::SellerAllowed { pin }
            | Operated::SellerRevoked { pin }
            | Operated::Disconnected { pin, .. } => Some(Subject::Key(pin)),
            Operated::CardShown { account } => Some(Subject::Account(account)),
            Operated::BackupAsked | Operated::RekeyAsked | Operated::Promoted { .. } => None,
        }
    }
}

/// An act on its way into the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub by: Pin,
    pub what: &'static str,
    pub on: Option<Subject>,
    pub reason: String,
    /// One of many of the same kind that come together, as the rows of a table do: they are one act.
    pub bulk: bool,
}

/// An act in the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    pub at: Timestamp,
    pub by: Pin,
    pub what: String,
    pub on: Option<Subject>,
    pub reason: String,
    pub bulk: bool,
    /// How many records of operators there are up to this one.
    pub nth: u64,
    /// How many of them are this act.
    pub records: u64,
}

/// Whose keys the lists had when they were last recorded, and under which epoch an operator has put this
/// node in charge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub operators: BTreeMap<Pin, Right>,
    pub sellers: BTreeSet<Pin>,
    pub promoted: Epoch,
}

#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// By the positions of their records; of an act of several records, of the last.
    acts: BTreeMap<u64, Noted>,
    listed: Listed,
}

impl Trail {
    /// Takes an act in, whose record has this position and time.
    pub fn note(&mut self, act: Act, position: u64, at: Timestamp) {
        let Act { by, what, on, reason, bulk } = act;
        let last = self.acts.last_key_value();
        let nth = last.map_or(0, |(_, last)| last.nth) + 1;
        let joined = last.filter(|(_, last)| bulk && last.bulk && last.by == by && last.what == what);
        let joined = joined.map(|(position, last)| (*position, last.records));
        if let Some((position, _)) = joined {
            self.acts.remove(&position);
        }
        let records = joined.map_or(0, |(_, records)| records) + 1;
        let on = if records == 1 { on } else { None };
        let noted = Noted { at, by, what: what.to_owned(), on, reason, bulk, nth, records };
        self.acts.insert(position, noted);
        if self.acts.len() > KEPT {
            self.acts.pop_first();
        }
    }

    /// Takes in what an act comes to that is of this room.
    pub fn operate(&mut self, operated: Operated) {
        match operated {
            Operated::OperatorAllowed { pin, right } => {
                self.listed.operators.insert(pin, right);
            }
            Operated::OperatorRemoved { pin } => {
                self.listed.operators.remove(&pin);
            }
            Operated::SellerAllowed { pin } => {
                self.listed.sellers.insert(pin);
            }
            Operated::SellerRevoked { pin } => {
                self.listed.sellers.remove(&pin);
            }
            Operated::Promoted { epoch } => self.listed.promoted = epoch,
            Operated::Disconnected { .. }
            | Operated::BackupAsked
            | Operated::RekeyAsked
            | Operated::CardShown { .. } => {}
        }
    }

    /// Whether this would be news: what is so already is not recorded again.
    pub fn is_news(&self, operated: Operated) -> bool {
        let Listed { operators, sellers, promoted } = &self.listed;
        match operated {
            Operated::OperatorAllowed { pin, right } => operators.get(&pin) != Some(&right),
            Operated::OperatorRemoved { pin } => operators.contains_key(&pin),
            Operated::SellerAllowed { pin } => !sellers.contains(&pin),
            Operated::SellerRevoked { pin } => sellers.contains(&pin),
            Operated::Promoted { epoch } => epoch > *promoted,
            Operated::Disconnected { .. }
            | Operated::BackupAsked
            | Operated::RekeyAsked
            | Operated::CardShown { .. } => true,
        }
    }

    /// What has to be recorded so that the books have the lists as they are, [`MAX_DIFFERENCES`] at most. A
    /// list that is not given is not compared.
    pub fn differences(
        &self,
        operators: Option<&BTreeMap<Pin, Right>>,
        sellers: Option<&BTreeSet<Pin>>,
    ) -> Vec<Operated> {
        let known = &self.listed;
        let listed = operators.into_iter();
        let gone = listed
            .clone()
            .flat_map(|operators| known.operators.keys().filter(move |pin| !operators.contains_key(pin)));
        let gone = gone.map(|pin| Operated::OperatorRemoved { pin: *pin });
        let new = listed.flatten().filter(|(pin, right)| known.operators.get(pin) != Some(right));
        let new = new.map(|(pin, right)| Operated::OperatorAllowed { pin: *pin, right: *right });
        let listed = sellers.into_iter();
        let revoked = listed.clone().flat_map(|sellers| known.sellers.difference(sellers));
        let revoked = revoked.map(|pin| Operated::SellerRevoked { pin: *pin });
        let allowed = listed.flat_map(|sellers| sellers.difference(&known.sellers));
        let allowed = allowed.map(|pin| Operated::SellerAllowed { pin: *pin });
        gone.chain(new).chain(revoked).chain(allowed).take(MAX_DIFFERENCES).collect()
    }

    /// The acts whose records stand before this one, or all that are kept, the newest first.
    pub fn newest(&self, before: Option<u64>) -> impl Iterator<Item = (u64, &Noted)> {
        let acts = self.acts.range(..before.unwrap_or(u64::MAX)).rev();
        acts.map(|(position, noted)| (*position, noted))
    }

    /// How many records of operators there ever were.
    pub fn records(&self) -> u64 {
        self.acts.last_key_value().map_or(0, |(_, last)| last.nth)
    }

    pub fn act(&self, position: u64) -> Option<&Noted> {
        self.acts.get(&position)
    }

    pub fn listed(&self) -> &Listed {
        &self.listed
    }

    /// Puts an act back that was stored before.
    pub fn load_act(&mut self, position: u64, noted: Noted) {
        self.acts.insert(position, noted);
    }

    /// Puts the lists back that were stored before.
    pub fn load_listed(&mut self, listed: Listed) {
        self.listed = listed;
    }
}

impl Noted {
    /// The act as operators see it.
    pub fn row(&self, position: u64) -> ActRow {
        let Self { at, by, what, on, reason, records, .. } = self;
        let (what, reason) = (what.clone(), reason.clone());
        ActRow { position, at: *at, by: *by, what, on: *on, reason, records: *records }
    }
}

/// Whether a line may be kept as a reason: one line, none of it invisible.
pub fn is_reason(reason: &str) -> bool {
    reason.len() <= MAX_REASON_BYTES && !reason.chars().any(char::is_control)
}

/// Counts the acts of a journal by itself, to hold against the trail of the books: it knows only which
/// records were an operator's, and in which order.
#[derive(Debug, Default)]
pub struct TrailAudit {
    records: u64,
    /// Whose the last records of operators were, at most [`KEPT`] of them, the newest last.
    last: VecDeque<Pin>,
}

impl TrailAudit {
    /// Begins with books that were loaded from a checkpoint: nothing before it can be seen.
    pub fn begin(&mut self, trail: &Trail) {
        self.records = trail.records();
    }

    /// Takes in a record, which was an operator's, if it was one's.
    pub fn see(&mut self, by: Option<Pin>) {
        let Some(by) = by else { return };
        self.records += 1;
        self.last.push_back(by);
        if self.last.len() > KEPT {
            self.last.pop_front();
        }
    }

    /// What is wrong with the trail of the books, a sentence each.
    pub fn finish(self, trail: &Trail) -> Vec<String> {
        let mut problems = Vec::new();
        let (kept, counted) = (trail.records(), self.records);
        if kept != counted {
            problems.push(format!(
                "audit trail: the books have {kept} records of operators, the journal {counted}"
            ));
        }
        let mut seen = self.last.iter().rev();
        for (position, noted) in trail.newest(None) {
            // Several records may be one act.
            let records = usize::try_from(noted.records).unwrap_or(usize::MAX);
            if seen.by_ref().take(records).any(|by| *by != noted.by) {
                problems
                    .push(format!("audit trail: the act at {position} is another operator's in the journal"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(7);

    fn pin(byte: u8) -> Pin {
        Pin([byte; 32])
    }

    fn act(by: u8, what: &'static str, bulk: bool) -> Act {
        Act { by: pin(by), what, on: Some(Subject::Key(pin(9))), reason: String::new(), bulk }
    }

    #[test]
    fn many_rows_of_one_table_are_one_act_and_the_newest_comes_first() {
        let mut trail = Trail::default();
        let acts = [(1, "opened", true), (1, "opened", true), (2, "opened", true), (2, "shipped", false)];
        let mut audit = TrailAudit::default();
        for (position, (by, what, bulk)) in (11..).zip(acts) {
            trail.note(act(by, what, bulk), position, AT);
            audit.see(Some(pin(by)));
        }
        let told: Vec<_> = trail.newest(None).map(|(position, noted)| (position, noted.records)).collect();
        assert_eq!(told, [(14, 1), (13, 1), (12, 2)]);
        assert_eq!(trail.newest(Some(13)).map(|(position, _)| position).collect::<Vec<_>>(), [12]);
        assert_eq!((trail.records(), trail.act(12).and_then(|noted| noted.on)), (4, None));
        assert_eq!(audit.finish(&trail), Vec::<String>::new());
    }

    #[test]
    fn the_books_keep_so_many_acts_and_the_count_of_all() {
        let mut trail = Trail::default();
        (1..=KEPT as u64 + 5).for_each(|position| trail.note(act(1, "shipped", false), position, AT));
        assert_eq!((trail.records(), trail.newest(None).count()), (KEPT as u64 + 5, KEPT));
        assert_eq!(trail.newest(None).last().map(|(position, _)| position), Some(6));
    }

    #[test]
    fn an_act_that_is_missing_or_somebody_elses_is_found() {
        let mut trail = Trail::default();
        trail.note(act(1, "shipped", false), 3, AT);
        for seen in [vec![], vec![2], vec![1, 1]] {
            let mut audit = TrailAudit::default();
            seen.iter().for_each(|by| audit.see(Some(pin(*by))));
            assert!(!audit.finish(&trail).is_empty(), "{seen:?}");
        }
    }

    #[test]
    fn what_differs_from_the_lists_is_recorded_once() {
        let mut trail = Trail::default();
        let operators = BTreeMap::from([(pin(1), Right::Act), (pin(2), Right::Watch)]);
        let sellers = BTreeSet::from([pin(3)]);
        let news = trail.differences(Some(&operators), Some(&sellers));
        assert_eq!(news.len(), 3);
        for one in news {
            assert!(trail.is_news(one));
            trail.operate(one);
            assert!(!trail.is_news(one));
        }
        assert_eq!(trail.differences(Some(&operators), Some(&sellers)), []);
        assert_eq!(trail.differences(None, None), []);
        let operators = BTreeMap::from([(pin(2), Right::Act)]);
        let (gone, more) = (
            Operated::OperatorRemoved { pin: pin(1) },
            Operated::OperatorAllowed { pin: pin(2), right: Right::Act },
        );
        let revoked = Operated::SellerRevoked { pin: pin(3) };
        assert_eq!(trail.differences(Some(&operators), Some(&BTreeSet::new())), [gone, more, revoked]);
    }
}
