//! Connections that were begun, by the id that the client began each with: a first datagram that somebody
//! has recorded begins no second one, not even when the first is over and forgotten.

use std::collections::{HashSet, VecDeque};

use quinn::ConnectionId;

/// How many are remembered. On the closed side a first datagram is heard for ten seconds, and only sellers
/// have one to send; on the open one, whoever replays it may as well make a new one.
const MAX_REMEMBERED: usize = 4_096;

/// The last ids.
#[derive(Default)]
pub(super) struct Begun {
    ids: HashSet<ConnectionId>,
    order: VecDeque<ConnectionId>,
}

impl Begun {
    /// Whether a connection was begun with this id before.
    pub(super) fn knows(&self, id: ConnectionId) -> bool {
        self.ids.contains(&id)
    }

    /// Notes one that begins now.
    pub(super) fn note(&mut self, id: ConnectionId) {
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_remembered_and_no_more() {
        let id = |at: usize| ConnectionId::new(&at.to_le_bytes());
        let mut begun = Begun::default();
        assert!(!begun.knows(id(0)));
        (0..MAX_REMEMBERED).for_each(|at| begun.note(id(at)));
        begun.note(id(0));
        assert!(begun.knows(id(0)) && begun.knows(id(MAX_REMEMBERED - 1)));
        begun.note(id(MAX_REMEMBERED));
        assert!(!begun.knows(id(0)) && begun.knows(id(1)) && begun.knows(id(MAX_REMEMBERED)));
        assert_eq!((begun.ids.len(), begun.order.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
