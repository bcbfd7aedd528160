//! What the clerk does by right of being in charge, and what it answers without.

use kessai_shared::store::Fault;
use kessai_shared::storefront::Refusal;

use super::{CannotOperate, Clerk, Command, Desk, Operation, Tell, answer, last_position};
use crate::sales::{Change, Tenure};

impl Clerk {
    /// The command, when it may be carried out now. Without the charge nothing is changed, and whoever asks
    /// for a change is told so.
    pub(super) fn if_in_charge(&mut self, command: Command, desk: &mut Desk<'_>) -> Option<Command> {
        if self.charge.is_in_charge() {
            return if desk.books().is_behind() { if_behind(command, desk) } else { Some(command) };
        }
        match command {
            Command::Read(_) | Command::Granted { .. } => return Some(command),
            Command::Place { tell, .. } | Command::Cancel { tell, .. } => {
                answer(desk, tell, Err(Refusal::NotInCharge));
            }
            Command::GiveBack { tell, .. } => answer(desk, tell, Err(Refusal::NotInCharge)),
            Command::Operate(operation) => {
                refuse(operation, (CannotOperate::NotInCharge, Refusal::NotInCharge), desk);
            }
            // What was asked under a charge that is lost is asked again by the node that has it now.
            Command::Answered(work, ..) => self.errands.ended(work.order()),
            Command::OpenBatch(_) | Command::Reconciled(..) | Command::Recovered(..) => {}
            // Whoever waits hears that nobody carries it out.
            Command::Import { .. } => {}
        }
        None
    }

    /// Makes a grant a record. This node is in charge when that is durable, and not before.
    pub(super) fn granted(
        &mut self,
        tenure: Tenure,
        tell: Tell<()>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let newest = desk.books().tenure().map(|tenure| tenure.epoch);
        // An answer that comes after a later one is of no use any more.
        if newest.is_some_and(|newest| newest >= tenure.epoch) {
            answer(desk, tell, ());
            return Ok(());
        }
        desk.change(&Change::Granted(tenure))?;
        let (charge, last, shown) = (self.charge.clone(), last_position(desk), self.shown.clone());
        desk.after(move |books| {
            // Before anybody takes this node's word for it that there is no such order.
            shown.put_behind(books);
            charge.reached(last);
            charge.took(&tenure);
            let _ = tell.send(());
        });
        Ok(())
    }

    /// Has the next message to the settlement say how far the journal has come.
    pub(super) fn show_how_far(&self, desk: &mut Desk<'_>) {
        let (charge, last) = (self.charge.clone(), last_position(desk));
        desk.after(move |_| charge.reached(last));
    }
}

/// The command, when it may be carried out by books that still catch up from the settlement's: what it
/// concerns may have been done already, and nobody here knows it yet.
fn if_behind(command: Command, desk: &mut Desk<'_>) -> Option<Command> {
    match command {
        Command::Place { tell, .. } | Command::Cancel { tell, .. } => {
            answer(desk, tell, Err(Refusal::TryLater));
        }
        Command::GiveBack { tell, .. } => answer(desk, tell, Err(Refusal::TryLater)),
        Command::Operate(operation) => refuse(operation, (CannotOperate::Behind, Refusal::TryLater), desk),
        Command::Read(_)
        | Command::Granted { .. }
        | Command::Recovered(..)
        | Command::OpenBatch(_)
        | Command::Reconciled(..)
        | Command::Answered(..)
        | Command::Import { .. } => return Some(command),
    }
    None
}

fn refuse(operation: Operation, (no, shop): (CannotOperate, Refusal), desk: &mut Desk<'_>) {
    match operation {
        Operation::Ship { tell, .. } | Operation::Deliver { tell, .. } => answer(desk, tell, Err(no)),
        Operation::Cancel { tell, .. } => answer(desk, tell, Err(shop)),
        Operation::Return { tell, .. } => answer(desk, tell, Err(shop)),
        Operation::Receive { tell, .. } | Operation::Adjust { tell, .. } => answer(desk, tell, Err(no)),
        Operation::Note { tell, .. } => answer(desk, tell, Err(no)),
        Operation::TakeOver { tell, .. } => answer(desk, tell, Err(no)),
    }
}
