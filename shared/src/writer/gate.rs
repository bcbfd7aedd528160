//! What has to have happened on another node before anybody is told of a group.

use tokio::sync::watch;

/// What a gate lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Whatever is durable here.
    #[default]
    Open,
    /// What a standby has made durable too.
    Standby,
    /// Nothing: this node may not acknowledge.
    Shut,
}

/// Keeps a writer from telling anybody. Clones are the same gate; a new one is open.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    rule: Rule,
    /// The last position that a standby has made durable.
    reached: u64,
    /// Whether it lets nothing through any more, whatever its rule.
    ended: bool,
}

impl Gate {
    /// What it lets through from now on.
    pub fn set(&self, rule: Rule) {
        self.state.send_if_modified(|state| std::mem::replace(&mut state.rule, rule) != rule);
    }

    /// Lets nothing through for good.
    pub fn end(&self) {
        self.state.send_modify(|state| state.ended = true);
    }

    #[must_use]
    pub fn rule(&self) -> Rule {
        self.state.borrow().rule
    }

    /// The standby has made everything up to this position durable.
    pub fn reach(&self, position: u64) {
        self.state.send_if_modified(|state| {
            let further = position > state.reached;
            state.reached = state.reached.max(position);
            further
        });
    }

    /// The position that the standby was last known to have made durable.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.state.borrow().reached
    }

    /// Another standby begins, of which nothing is known yet.
    pub fn forget(&self) {
        self.state.send_modify(|state| state.reached = 0);
    }

    /// Whether a group may be told that ends with this position.
    #[must_use]
    pub fn lets_through(&self, position: u64) -> bool {
        let State { rule, reached, ended } = *self.state.borrow();
        match if ended { Rule::Shut } else { rule } {
            Rule::Open => true,
            Rule::Standby => reached >= position,
            Rule::Shut => false,
        }
    }

    /// Waits until it lets a group through that ends with this position.
    pub async fn passed(&self, position: u64) {
        let mut state = self.state.subscribe();
        loop {
            state.mark_unchanged();
            if self.lets_through(position) {
                return;
            }
            // The sender lives in `self`, so a change is all that can come.
            let _ = state.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_ended_lets_nothing_through_whatever_it_is_told_later() {
        let gate = Gate::default();
        assert!(gate.lets_through(7));
        gate.end();
        gate.set(Rule::Open);
        assert!(!gate.lets_through(7), "another node is in charge");
        gate.set(Rule::Standby);
        gate.reach(7);
        assert!(!gate.lets_through(7), "nor does a standby's word change that");
    }
}
