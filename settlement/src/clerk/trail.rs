//! Makes records of what operators have done that moves no money, and of what somebody has changed on a list
//! by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kessai_shared::operator::rights::Right;
use kessai_shared::pin::Pin;
use kessai_shared::store::Fault;
use kessai_shared::trail::Operated;

use super::{Desk, Tell, answer};
use crate::ledger::acts::{self, NotAReason};

/// What the writer is asked to record; `by` is the operator's key.
pub enum Command {
    /// Tells the position, or nothing when it was so before.
    Note { what: Operated, reason: String, by: Pin, tell: Tell<Result<Option<u64>, NotAReason>> },
    /// How the lists differ from what the books have; tells whether there was something. A list that is not
    /// given is not compared.
    TakeOver {
        operators: Option<Arc<BTreeMap<Pin, Right>>>,
        sellers: Arc<BTreeSet<Pin>>,
        by: Pin,
        tell: Tell<bool>,
    },
}

pub(super) fn handle(command: Command, desk: &mut Desk<'_>) -> Result<(), Fault> {
    match command {
        Command::Note { what, reason, by, tell } => {
            let done = match acts::operate(desk.books(), what, &reason, by) {
                Ok(Some(change)) => Ok(Some(desk.change(&change)?.position)),
                Ok(None) => Ok(None),
                Err(NotAReason) => Err(NotAReason),
            };
            answer(desk, tell, done);
        }
        Command::TakeOver { operators, sellers, by, tell } => {
            let changes = acts::take_over(desk.books(), (operators.as_deref(), &sellers), by);
            for change in &changes {
                desk.change(change)?;
            }
            answer(desk, tell, !changes.is_empty());
        }
    }
    Ok(())
}
