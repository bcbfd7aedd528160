//! Another credit policy comes into force, between two purchases.

use std::sync::Arc;

use kessai_shared::pin::Pin;
use kessai_shared::store::Fault;

use super::{Desk, Tell, answer};
use crate::ledger::acts::{self, PolicyRefused};
use crate::ledger::{Adopted, Proposed};

/// Puts a policy in force in the name of an operator.
pub struct Adopt {
    pub proposed: Proposed,
    pub by: Pin,
    pub tell: Tell<Result<InForce, PolicyRefused>>,
}

/// The policy that is in force after one was put in force and not refused.
#[derive(Clone, Debug)]
pub struct InForce {
    pub adopted: Arc<Adopted>,
    /// Whether it came into force just now.
    pub is_new: bool,
}

pub(super) fn handle(Adopt { proposed, by, tell }: Adopt, desk: &mut Desk<'_>) -> Result<(), Fault> {
    let change = match acts::adopt(desk.books(), &proposed, by) {
        Ok(change) => change,
        Err(refused) => {
            answer(desk, tell, Err(refused));
            return Ok(());
        }
    };
    if let Some(change) = &change {
        desk.change(change)?;
    }
    let in_force = desk.books().policies().in_force().cloned();
    if let Some(adopted) = in_force.map(Arc::new) {
        answer(desk, tell, Ok(InForce { adopted, is_new: change.is_some() }));
    }
    Ok(())
}
