//! The clerk's part in fencing: lets only the node in charge change anything, puts nodes in charge, and
//! knows its own books for an older copy when a seller has seen more of them (I10, I11).

use std::collections::HashMap;
use std::mem::Discriminant;
use std::time::Duration;

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Claim, Refusal, Sender, Why, Witness};
use kessai_shared::store::Fault;
use tokio::time::Instant;

use super::{Desk, Tell, answer};
use crate::ledger::Change;
use crate::ledger::acts::{self, LastHeard};
use crate::witness::{Judged, Witnessing};

/// How long nothing has to be heard of a node in charge before another takes over by itself, unless the
/// settings say otherwise.
pub const PROMOTE_AFTER: Duration = Duration::from_millis(1_500);
/// A round that is so late says that this program stood still, and could hear nobody.
const STOOD_STILL: Duration = Duration::from_millis(500);

/// How often it is said again that a node may not be in charge, and of how many nodes that is remembered.
const TELL_EVERY: Duration = Duration::from_secs(60);
const MAX_TOLD: usize = 1_024;

/// What the writer is asked to do about who is in charge.
pub enum Command {
    Claim {
        seller: Pin,
        by: Sender,
        claim: Claim,
        tell: Tell<Result<Epoch, Refusal>>,
    },
    /// The node in charge is there.
    Beat {
        seller: Pin,
        by: Sender,
        tell: Tell<Result<(), Refusal>>,
    },
    /// When each node in charge was last heard of; none of those that were not, since the start.
    Heard {
        tell: Tell<HashMap<Pin, Duration>>,
    },
}

/// What is known of the nodes in charge besides the books.
pub struct Fencing {
    witnessing: Witnessing,
    promote_after: Duration,
    heard: HashMap<Pin, Heard>,
    /// Since when this program hears whatever comes.
    awake: Instant,
    last_round: Instant,
    /// Whether the operator was told that these books are behind.
    alarmed: bool,
    told: Told,
}

#[derive(Clone, Copy)]
struct Heard {
    epoch: Epoch,
    at: Instant,
    position: u64,
}

impl Fencing {
    pub fn new(witnessing: Witnessing, promote_after: Duration) -> Self {
        let (awake, last_round) = (Instant::now(), Instant::now());
        let (heard, alarmed, told) = (HashMap::new(), false, Told::default());
        Self { witnessing, promote_after, heard, awake, last_round, alarmed, told }
    }

    pub(super) fn handle(&mut self, command: Command, desk: &mut Desk<'_>) -> Result<(), Fault> {
        match command {
            Command::Claim { seller, by, claim, tell } => {
                let done = match self.grant(seller, &by, &claim, desk)? {
                    Ok(()) => Ok(desk.books().fences().epoch(seller)),
                    Err(refusal) => Err(refusal),
                };
                answer(desk, tell, done);
            }
            Command::Beat { seller, by, tell } => {
                let admitted = self.admit(seller, &by, desk);
                answer(desk, tell, admitted);
            }
            Command::Heard { tell } => {
                let ago = self.heard.iter().map(|(seller, heard)| (*seller, heard.at.elapsed())).collect();
                answer(desk, tell, ago);
            }
        }
        Ok(())
    }

    /// Whether a node may change something now. Whoever answers it shows, once the group is durable, how
    /// far these books have come.
    pub(super) fn admit(&mut self, seller: Pin, by: &Sender, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        self.up_to_date(seller, &by.witnessed, desk)?;
        acts::admit(desk.books(), seller, by)?;
        let heard = Heard { epoch: by.epoch, at: Instant::now(), position: by.at };
        let known = self.heard.entry(seller).or_insert(heard);
        let position = if known.epoch == by.epoch { known.position.max(by.at) } else { by.at };
        *known = Heard { position, ..heard };
        Ok(())
    }

    /// Whether these books have all that a seller has seen of them, and shows how far they have come.
    pub(super) fn up_to_date(
        &mut self,
        seller: Pin,
        witnessed: &Witness,
        desk: &mut Desk<'_>,
    ) -> Result<(), Refusal> {
        let witnessing = self.witnessing.clone();
        desk.after(move |books| witnessing.show(books));
        let judged = self.witnessing.judge(desk.books(), witnessed);
        match judged {
            Judged::Seen => {
                self.alarmed = false;
                Ok(())
            }
            Judged::Ahead | Judged::Another => {
                if !std::mem::replace(&mut self.alarmed, true) {
                    alarm(seller, witnessed, judged, self.witnessing.end(desk.books()).position);
                }
                Err(Refusal::Behind)
            }
            Judged::Unproved => {
                tracing::warn!(
                    "seller {seller} shows record {} of a settlement's journal that this one's key did not sign; \
                     it is refused until its data folder has no `witness` file",
                    witnessed.position
                );
                Err(Refusal::Behind)
            }
        }
    }

    /// Notices when this program has stood still: whoever was in charge meanwhile could not be heard.
    pub(super) fn tick(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.last_round) >= STOOD_STILL {
            self.awake = now;
        }
        self.last_round = now;
    }

    fn grant(
        &mut self,
        seller: Pin,
        by: &Sender,
        claim: &Claim,
        desk: &mut Desk<'_>,
    ) -> Result<Result<(), Refusal>, Fault> {
        if let Err(refusal) = self.up_to_date(seller, &by.witnessed, desk) {
            return Ok(Err(refusal));
        }
        // A claim that waited while this process stood still is judged by when it went on.
        self.tick();
        let newest = desk.books().fences().epoch(seller);
        let heard = self.heard.get(&seller).filter(|heard| heard.epoch == newest);
        let since = heard.map_or(self.awake, |heard| heard.at.max(self.awake));
        let is_silent = since.elapsed() >= self.promote_after;
        let last = LastHeard { position: heard.map_or(0, |heard| heard.position), is_silent };
        let change = match acts::claim(desk.books(), seller, by, claim, last) {
            Ok(change) => change,
            Err(refusal) => {
                self.tell_refused(seller, by, claim, refusal, newest);
                return Ok(Err(refusal));
            }
        };
        desk.change(&change)?;
        self.told.forget(seller);
        if let Change::Granted(grant) = &change {
            let (epoch, node) = (grant.epoch, grant.node);
            tracing::info!(
                "seller {seller}: node {node} is in charge under epoch {epoch}, {}, from record {} of its \
                 journal on",
                grant.mode.name(),
                grant.at
            );
            let at = Instant::now();
            self.heard.insert(seller, Heard { epoch, at, position: by.at });
        }
        Ok(Ok(()))
    }

    /// Claims are made again and again while they are refused, so each is told once a minute.
    fn tell_refused(&mut self, seller: Pin, by: &Sender, claim: &Claim, refusal: Refusal, newest: Epoch) {
        let node = by.node;
        if !self.told.is_news((seller, node), refusal, Instant::now()) {
            return;
        }
        match (refusal, claim.why) {
            (Refusal::Behind, _) => tracing::error!(
                "ALARM: this settlement is an older copy of itself: seller {seller} has epoch {} in its journal, and \
             the newest that was granted here is {newest}; nothing of that seller is changed any more. Stop it, \
             and start the newest copy of its data folder, or its standby",
                by.epoch
            ),
            (Refusal::NotCaughtUp { epoch, position }, _) => tracing::warn!(
                "seller {seller}: node {node} may not be in charge: its journal ends at record {} of epoch {}, \
             and the one in charge had reached record {position} under epoch {epoch}",
                by.at,
                by.epoch
            ),
            (Refusal::Fenced { epoch, .. }, Why::Start) => {
                tracing::warn!(
                    "seller {seller}: node {node} may not start: another is in charge under epoch {epoch}"
                );
            }
            _ => tracing::debug!("seller {seller}: node {node} is not put in charge: {refusal:?}"),
        }
    }
}

/// Which nodes were refused lately, and why: so much was told.
#[derive(Default)]
struct Told(HashMap<(Pin, NodeId), (Discriminant<Refusal>, Instant)>);

impl Told {
    /// Whether an operator is to be told of this now. How far the one in charge has come is no news.
    fn is_news(&mut self, of: (Pin, NodeId), refusal: Refusal, now: Instant) -> bool {
        let kind = std::mem::discriminant(&refusal);
        let known = self.0.get(&of).filter(|(before, _)| *before == kind);
        if known.is_some_and(|(_, at)| now.duration_since(*at) < TELL_EVERY) {
            return false;
        }
        // Somebody with a shop's key may name any number of nodes.
        if self.0.len() >= MAX_TOLD {
            self.0.clear();
        }
        self.0.insert(of, (kind, now));
        true
    }

    fn forget(&mut self, seller: Pin) {
        self.0.retain(|(of, _), _| *of != seller);
    }
}

fn alarm(seller: Pin, witnessed: &Witness, judged: Judged, own: u64) {
    let what = match judged {
        Judged::Another => "of another history than was shown",
        Judged::Ahead | Judged::Seen | Judged::Unproved => "an older copy of itself",
    };
    tracing::error!(
        "ALARM: this settlement is {what}: its journal ends at record {own}, and seller {seller} was shown \
         record {} under epoch {}; nothing is changed any more. Stop it, and start the newest copy of its data \
         folder, or its standby",
        witnessed.position,
        witnessed.epoch
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_may_not_start_is_told_of_once_a_minute() {
        let (mut told, seller) = (Told::default(), Pin([1; 32]));
        let of = |node: u8| (seller, NodeId::from_bytes([node; 16]));
        let behind = |position| Refusal::NotCaughtUp { epoch: Epoch(3), position };
        let began = Instant::now();
        assert!(told.is_news(of(1), behind(10), began));
        // It asks every second, and the one in charge has come further each time.
        let seconds = |s| began + Duration::from_secs(s);
        assert!(!(1..60).any(|s| told.is_news(of(1), behind(10 + s), seconds(s))));
        assert!(told.is_news(of(2), behind(11), seconds(2)), "another node is news");
        assert!(!told.is_news(of(1), behind(12), seconds(3)), "and does not make the first one news again");
        assert!(told.is_news(of(1), Refusal::Behind, seconds(4)), "another reason is");
        assert!(told.is_news(of(1), Refusal::Behind, seconds(64)));
        told.forget(seller);
        assert!(
            told.is_news(of(1), Refusal::Behind, seconds(65)),
            "what was put in charge since is told anew"
        );
        for node in 0..MAX_TOLD as u128 * 2 {
            told.is_news((seller, NodeId::from_bytes(node.to_be_bytes())), Refusal::Behind, seconds(66));
        }
        assert!(told.0.len() <= MAX_TOLD);
    }
}
