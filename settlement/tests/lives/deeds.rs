//! What operators and the calendar do to accounts and batches in a life.

use kessai_settlement::ledger::closing;
use kessai_settlement::ledger::{AccountAct, Blocked, ClearingTerms, Terms, act, close_month};
use kessai_shared::ids::RepaymentId;
use kessai_shared::time::YearMonth;

use super::ops::Deed;
use super::*;

/// What is charged with the statement of a month in which something was paid late, in minor units.
const LATE_FEE: i64 = 3;
const WHY: &str = "reported";

impl Life {
    pub fn deed(&mut self, card: u8, deed: Deed) {
        let id = account_id(card);
        let (wanted, expected) = match deed {
            Deed::Repay { id: number, amount } => {
                let (repayment, amount) = (RepaymentId::from_bytes([number; 16]), Minor(amount));
                let expected = self.model.repay(id, repayment, amount.0);
                (AccountAct::Repay { repayment, amount }, expected)
            }
            Deed::Block { stolen } => {
                let status = if stolen { Blocked::Stolen } else { Blocked::Restricted };
                let expected = self.model.block(id, status.status(), WHY);
                (AccountAct::Block { status, why: WHY.to_owned() }, expected)
            }
            Deed::Unblock { same_card } => {
                (AccountAct::Unblock { same_card }, self.model.unblock(id, same_card))
            }
            Deed::Limit { limit } => (AccountAct::Limit { limit: Minor(limit) }, self.model.limit(id, limit)),
            Deed::Close => (AccountAct::Close, self.model.close(id)),
            Deed::WriteOff => (AccountAct::WriteOff, self.model.write_off(id)),
        };
        let done = act(&self.books, id, &wanted, (OPERATOR, self.now));
        assert_eq!(done.as_ref().map(Option::is_some).map_err(|_| ()), expected, "{deed:?}");
        done.ok().flatten().into_iter().for_each(|change| self.apply(change));
    }

    /// Closes the open month of every account that is awake.
    pub fn month(&mut self) {
        let terms = Terms { late_fee: Minor(LATE_FEE), ..Terms::default() };
        let ids: Vec<_> = self.books.to_close(YearMonth::LAST).collect();
        for id in ids {
            let change = close_month(&self.books, id, YearMonth::LAST, &terms, None);
            let change = change.expect("an account that is awake has a month");
            let fees: i64 = change.entries().iter().map(|entry| entry.amount.0).sum();
            assert!(fees == 0 || fees == LATE_FEE, "{fees}");
            self.model.charge_fee(id, fees);
            self.apply(change);
        }
    }

    /// Closes the open batch of a seller; what is booked from now on is of the next.
    pub fn close_batch(&mut self, seller: Pin) {
        // Fees are for the tests of clearing.
        let terms = ClearingTerms { fee_basis_points: 0, ..ClearingTerms::default() };
        let closed = closing::close(&self.books, seller, Some(OPERATOR), &terms);
        assert_eq!(closed.is_ok(), self.model.close_batch(seller));
        closed.into_iter().for_each(|change| self.apply(change));
    }
}
