//! The line to the settlement: every message says who asks, and every answer is looked through.

use std::time::Duration;

use kessai_shared::exchange::{CallError, LinkError, Trunk};
use kessai_shared::settlement::{Answered, Asked, Reply, Request};
use tokio::time::{Instant, timeout};

use super::Charge;

/// Asks the settlement in the name of this node. Clones share one connection.
#[derive(Clone)]
pub struct Line {
    pub trunk: Trunk,
    pub charge: Charge,
}

impl Line {
    /// Asks, and waits until this node is in charge before it asks for a change, as long as the deadline
    /// allows: whatever is asked before would be refused.
    ///
    /// # Errors
    /// Any [`CallError`].
    pub async fn ask(&self, what: Request, deadline: Duration) -> Result<Reply, CallError> {
        let until = Instant::now() + deadline;
        if what.is_change() && timeout(deadline, self.charge.in_charge()).await.is_err() {
            return Err(CallError::NotSent(LinkError::Local("this node is not in charge".to_owned())));
        }
        let renews = renews(&what);
        let sent = Instant::now();
        let asked = Asked { by: self.charge.sender(), what };
        let answered: Answered = self.trunk.call(&asked, until.saturating_duration_since(sent)).await?;
        self.charge.answered(renews.then_some(sent), &answered);
        Ok(answered.reply)
    }
}

/// Whether an answer to this says that this node is in charge. What is answered whoever asks says nothing of it.
fn renews(what: &Request) -> bool {
    what.is_change() || matches!(what, Request::Beat | Request::Claim(_))
}

#[cfg(test)]
mod tests {
    use kessai_shared::ids::{NodeId, OrderId};
    use kessai_shared::settlement::{Claim, Mode, Run, Why};

    use super::*;

    #[test]
    fn only_what_the_node_in_charge_alone_is_answered_renews_its_lease() {
        let order = OrderId::from_bytes([1; 16]);
        let mode = Mode::Sync { standby: NodeId::from_bytes([2; 16]) };
        let claim = Claim { why: Why::Mode, mode, run: Run::default() };
        assert!(renews(&Request::Beat));
        assert!(renews(&Request::Claim(claim)));
        assert!(renews(&Request::Reversal { order }));
        // The settlement answers these to a node that was deposed long ago.
        assert!(!renews(&Request::Echo), "an echo renews no lease");
        assert!(!renews(&Request::Status { order }));
        assert!(!renews(&Request::Orders { after: None }));
    }
}
