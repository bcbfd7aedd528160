//! How changes move the money of an order: from the hold to the charge, and from either back.
//!
//! For every charge, captured + voided + what is still held is what was authorized, always.

use kessai_shared::ids::{ChargebackId, RefundId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;

use super::{Books, Inconsistent, Key};
use crate::ledger::account::Account;
use crate::ledger::clearing::Booking;
use crate::ledger::given::{Capture, Chargeback, GivenBack, Late, Refund};
use crate::ledger::hold::{Charge, ChargeState};

impl Books {
    pub(super) fn reverse(&mut self, key: &Key) -> Result<(), Inconsistent> {
        let Some(charge) = self.charges.get_mut(key) else {
            self.by_order.insert(*key);
            self.charges.insert(*key, Box::new(Charge::tombstone()));
            return Ok(());
        };
        match charge.state {
            ChargeState::Held if charge.captured.is_positive() => {
                Err(Inconsistent("a reversal of what was captured"))
            }
            ChargeState::Held => self.end_hold(key, ChargeState::Reversed),
            ChargeState::Declined => {
                charge.state = ChargeState::Reversed;
                Ok(())
            }
            ChargeState::Tombstone | ChargeState::Captured | ChargeState::Reversed | ChargeState::Expired => {
                Err(Inconsistent("a reversal of what is final"))
            }
        }
    }

    /// The time of a hold is over: what is left of it is given back, what was captured stays.
    pub(super) fn expire(&mut self, key: &Key) -> Result<(), Inconsistent> {
        let (charge, _, _) = self.held(key)?;
        charge.ran_out = true;
        self.end_hold(key, ChargeState::Expired)
    }

    pub(super) fn capture(&mut self, key: &Key, capture: Capture, at: Timestamp) -> Result<(), Inconsistent> {
        self.clearing.expect_open(key.0, capture.batch)?;
        let (charge, account, currency) = self.held(key)?;
        if !capture.amount.is_positive() || capture.amount > charge.live_hold() {
            return Err(Inconsistent("more is captured than is held"));
        }
        if charge.capture(capture.id).is_some() {
            return Err(Inconsistent("a capture is made twice"));
        }
        charge.captured.0 += capture.amount.0;
        charge.captures.push(capture);
        account.held.0 -= capture.amount.0;
        account.balance.0 += capture.amount.0;
        let done = capture.last || charge.live_hold() == Minor::ZERO;
        self.clearing.book((key.0, capture.batch), currency, (Booking::Capture, capture.amount), at);
        if done { self.end_hold(key, ChargeState::Captured) } else { Ok(()) }
    }

    pub(super) fn release(
        &mut self,
        key: &Key,
        release: RefundId,
        amount: Minor,
    ) -> Result<(), Inconsistent> {
        self.expect_new(key, release)?;
        let (charge, account, _) = self.held(key)?;
        if !amount.is_positive() || amount > charge.live_hold() {
            return Err(Inconsistent("more is released than is held"));
        }
        charge.voided.0 += amount.0;
        account.held.0 -= amount.0;
        let nothing_left = charge.live_hold() == Minor::ZERO;
        let given = GivenBack::Released;
        self.put_refund(key.0, release, Refund { order: key.1, amount, given });
        if nothing_left { self.end_hold(key, ChargeState::Reversed) } else { Ok(()) }
    }

    pub(super) fn give_back(
        &mut self,
        key: &Key,
        refund: RefundId,
        amount: Minor,
        (batch, at): (u32, Timestamp),
    ) -> Result<(), Inconsistent> {
        self.expect_new(key, refund)?;
        self.clearing.expect_open(key.0, batch)?;
        let (charge, account, currency) = self.charged(key)?;
        if !amount.is_positive() || amount > charge.live_charge() {
            return Err(Inconsistent("more is refunded than was captured"));
        }
        charge.refunded.0 += amount.0;
        account.balance.0 -= amount.0;
        let given = GivenBack::Refunded { batch };
        self.put_refund(key.0, refund, Refund { order: key.1, amount, given });
        self.clearing.book((key.0, batch), currency, (Booking::Refund, amount), at);
        Ok(())
    }

    pub(super) fn charge_back(
        &mut self,
        id: ChargebackId,
        chargeback: Chargeback,
        at: Timestamp,
    ) -> Result<(), Inconsistent> {
        let Chargeback { key, amount, batch, .. } = chargeback;
        if self.chargebacks.contains_key(&id) {
            return Err(Inconsistent("a chargeback is made twice"));
        }
        self.clearing.expect_open(key.0, batch)?;
        let (charge, account, currency) = self.charged(&key)?;
        if !amount.is_positive() || amount > charge.live_charge() {
            return Err(Inconsistent("more is charged back than was captured"));
        }
        charge.charged_back.0 += amount.0;
        account.balance.0 -= amount.0;
        self.chargebacks.insert(id, chargeback);
        self.clearing.book((key.0, batch), currency, (Booking::Chargeback, amount), at);
        Ok(())
    }

    pub(super) fn note_late(&mut self, key: &Key, late: Late) -> Result<(), Inconsistent> {
        if !self.charges.get(key).is_some_and(|charge| charge.ran_out) {
            return Err(Inconsistent("a capture is late for a hold that has not expired"));
        }
        if self.late.contains_key(key) {
            return Err(Inconsistent("the first late capture of an order comes twice"));
        }
        self.late.insert(*key, late);
        Ok(())
    }

    /// Gives all that is still held back to the account. A charge of which something was captured ends
    /// as captured, however it comes to its end.
    fn end_hold(&mut self, key: &Key, end: ChargeState) -> Result<(), Inconsistent> {
        let (charge, account, _) = self.held(key)?;
        let left = charge.live_hold();
        charge.voided.0 += left.0;
        account.held.0 -= left.0;
        charge.state = if charge.captured.is_positive() { ChargeState::Captured } else { end };
        let expires = charge.expires;
        self.expiring.remove(&(expires, *key));
        Ok(())
    }

    /// Keeps a release or a refund, and what it is found by.
    pub(super) fn put_refund(&mut self, seller: Pin, id: RefundId, refund: Refund) {
        match refund.given {
            GivenBack::Refunded { .. } => {
                self.refunded.entry((seller, refund.order)).or_default().push(id);
            }
            GivenBack::Released => {}
        }
        self.refunds.insert((seller, id), refund);
    }

    fn expect_new(&self, key: &Key, refund: RefundId) -> Result<(), Inconsistent> {
        if self.refunds.contains_key(&(key.0, refund)) {
            return Err(Inconsistent("a release or a refund is made twice"));
        }
        Ok(())
    }

    fn held(&mut self, key: &Key) -> Result<(&mut Charge, &mut Account, Currency), Inconsistent> {
        let (charge, account, currency) = self.charged(key)?;
        if charge.state != ChargeState::Held {
            return Err(Inconsistent("nothing is held for this order"));
        }
        Ok((charge, account, currency))
    }

    fn charged(&mut self, key: &Key) -> Result<(&mut Charge, &mut Account, Currency), Inconsistent> {
        let charge = self.charges.get_mut(key).ok_or(Inconsistent("an unknown order"))?;
        let (id, currency) = charge.payer().ok_or(Inconsistent("an order that was not approved"))?;
        let account = self.accounts.get_mut(&id).ok_or(Inconsistent("an unknown account"))?;
        Ok((charge, account, currency))
    }
}
