//! What operators and the calendar do to accounts and batches, in the plain books.

use kessai_settlement::ledger::{AccountId, FIRST_BATCH, Status};
use kessai_shared::ids::RepaymentId;
use kessai_shared::pin::Pin;

use super::{Card, Model};

impl Model {
    /// Where a seller's money is booked now.
    pub fn batch(&self, seller: Pin) -> u32 {
        FIRST_BATCH + self.closed.get(&seller).copied().unwrap_or(0)
    }

    /// Whether something was booked under the open batch, so that it can be closed.
    pub fn close_batch(&mut self, seller: Pin) -> bool {
        let open = self.batch(seller);
        let charges = self.charges.iter().filter(|(key, _)| key.0 == seller);
        let mut captured = charges.flat_map(|(_, charge)| charge.parts.values().map(|(.., batch)| *batch));
        let refunds = self.refunds.iter().filter(|((of, _), _)| *of == seller);
        let mut refunded = refunds.filter_map(|(_, (.., batch))| *batch);
        let mut disputed = self.disputes.values().filter(|(key, ..)| key.0 == seller);
        let some = captured.any(|batch| batch == open)
            || refunded.any(|batch| batch == open)
            || disputed.any(|(.., batch)| *batch == open);
        if some {
            *self.closed.entry(seller).or_default() += 1;
        }
        some
    }

    pub fn repay(&mut self, id: AccountId, repayment: RepaymentId, amount: i64) -> Result<bool, ()> {
        if let Some(done) = self.repayments.get(&repayment) {
            return if *done == (id, amount) { Ok(false) } else { Err(()) };
        }
        if amount <= 0 {
            return Err(());
        }
        let card = self.card(id);
        let recovered = amount.min(card.written_off);
        card.written_off -= recovered;
        card.repaid += amount - recovered;
        self.repayments.insert(repayment, (id, amount));
        Ok(true)
    }

    pub fn block(&mut self, id: AccountId, status: Status, why: &'static str) -> Result<bool, ()> {
        let card = self.card(id);
        match card.status {
            Status::Closed => Err(()),
            Status::Lost | Status::Stolen if status == Status::Restricted => Err(()),
            known if known == status && card.why == why => Ok(false),
            _ => {
                (card.status, card.why, card.reissued) = (status, why, false);
                Ok(true)
            }
        }
    }

    pub fn unblock(&mut self, id: AccountId, same_card: bool) -> Result<bool, ()> {
        let card = self.card(id);
        match card.status {
            Status::Closed | Status::Normal => return Err(()),
            _ if card.written_off > 0 => return Err(()),
            Status::Lost | Status::Stolen if !same_card && !card.reissued => return Err(()),
            Status::Lost | Status::Stolen | Status::Restricted => {}
        }
        (card.status, card.why, card.reissued) = (Status::Normal, "", false);
        Ok(true)
    }

    pub fn limit(&mut self, id: AccountId, limit: i64) -> Result<bool, ()> {
        let card = self.card(id);
        if card.status == Status::Closed || limit < 0 {
            return Err(());
        }
        let before = std::mem::replace(&mut card.limit, limit);
        Ok(before != limit)
    }

    pub fn close(&mut self, id: AccountId) -> Result<bool, ()> {
        let even = self.owed(id) == (0, 0);
        let card = self.card(id);
        match card.status {
            Status::Closed => Ok(false),
            _ if !even => Err(()),
            _ => {
                card.status = Status::Closed;
                Ok(true)
            }
        }
    }

    pub fn write_off(&mut self, id: AccountId) -> Result<bool, ()> {
        let (balance, _) = self.owed(id);
        if balance <= 0 {
            return Err(());
        }
        let card = self.card(id);
        card.given_up += balance;
        card.written_off += balance;
        if card.status == Status::Normal {
            (card.status, card.why, card.reissued) = (Status::Restricted, "written off", false);
        }
        Ok(true)
    }

    pub fn charge_fee(&mut self, id: AccountId, fee: i64) {
        self.card(id).fees += fee;
    }

    pub(super) fn card(&mut self, id: AccountId) -> &mut Card {
        self.cards.get_mut(&id).expect("a known card")
    }
}
