//! What becomes of a hold: captures, releases, refunds, reversals, chargebacks and expiries.

use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId};
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::outcome::ChargebackReason;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Refusal;
use kessai_shared::time::Timestamp;

use super::Act;
use crate::ledger::books::{Books, Change, Key};
use crate::ledger::entry::Entry;
use crate::ledger::given::{Capture, Chargeback, GivenBack, Refund};
use crate::ledger::hold::{Charge, ChargeState, MAX_CAPTURES};
use crate::ledger::policy::Policy;

/// Money that is booked under a clearing batch, with the change that books it if none did before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    pub batch: u32,
    pub change: Option<Change>,
}

impl Booked {
    fn before(batch: u32) -> Self {
        Self { batch, change: None }
    }
}

/// 0400: holds nothing for the order any more, and never will.
///
/// # Errors
/// [`Refusal::Captured`] when something was charged already: that is for a refund.
pub fn reverse(books: &Books, key: Key) -> Act {
    let epoch = books.fences().epoch(key.0);
    let Some(charge) = books.charge(&key) else {
        return Ok(Some(Change::Reversed { key, epoch, entries: Vec::new() }));
    };
    match charge.state {
        ChargeState::Held if charge.captured.is_positive() => Err(Refusal::Captured),
        ChargeState::Held | ChargeState::Declined => {
            Ok(Some(Change::Reversed { key, epoch, entries: released(charge, key.0, charge.live_hold()) }))
        }
        ChargeState::Tombstone | ChargeState::Reversed | ChargeState::Expired => Ok(None),
        ChargeState::Captured => Err(Refusal::Captured),
    }
}

/// 0220: charges a part of what is held, or all of it. With `last`, what is left is given back.
///
/// A hold whose time is over is [`overdue`] first: this goes by what is in the books alone.
///
/// # Errors
/// A [`Refusal`] when there is no live hold for it, the amount is not within the hold, or the id was
/// used for another capture of this order.
pub fn capture(books: &Books, key: Key, id: CaptureId, amount: Minor, last: bool) -> Result<Booked, Refusal> {
    let charge = books.charge(&key).ok_or(Refusal::NotHeld)?;
    if let Some(done) = charge.capture(id) {
        let same = done.amount == amount && done.last == last;
        return if same { Ok(Booked::before(done.batch)) } else { Err(Refusal::Duplicate) };
    }
    match charge.state {
        ChargeState::Tombstone | ChargeState::Reversed => Err(Refusal::Reversed),
        ChargeState::Declined => Err(Refusal::NotHeld),
        ChargeState::Expired => Err(Refusal::Expired),
        ChargeState::Captured if charge.ran_out => Err(Refusal::Expired),
        ChargeState::Captured => Err(Refusal::Amount),
        ChargeState::Held if !within(amount, charge.live_hold()) => Err(Refusal::Amount),
        ChargeState::Held if charge.captures.len() >= MAX_CAPTURES => Err(Refusal::Amount),
        ChargeState::Held => {
            let batch = books.open_batch(key.0);
            let gone = if last { charge.live_hold() } else { amount };
            let mut entries = released(charge, key.0, gone);
            entries.extend(charge.payer().map(|(id, currency)| Entry::charge(currency, id, key.0, amount)));
            let capture = Capture { id, amount, last, batch };
            let epoch = books.fences().epoch(key.0);
            Ok(Booked { batch, change: Some(Change::Captured { key, capture, epoch, entries }) })
        }
    }
}

/// 0400 for a part: so much of the hold will never be captured. What nothing is left of ends.
///
/// # Errors
/// A [`Refusal`] when not so much is held, or the id was used for something else.
pub fn release(books: &Books, seller: Pin, release: RefundId, order: OrderId, amount: Minor) -> Act {
    if let Some(done) = books.refund(seller, release) {
        let same = *done == Refund { order, amount, given: GivenBack::Released };
        return if same { Ok(None) } else { Err(Refusal::Duplicate) };
    }
    let key = (seller, order);
    let charge = books.charge(&key).ok_or(Refusal::NotHeld)?;
    match charge.state {
        ChargeState::Tombstone | ChargeState::Reversed => Err(Refusal::Reversed),
        ChargeState::Declined => Err(Refusal::NotHeld),
        ChargeState::Expired => Err(Refusal::Expired),
        ChargeState::Captured if charge.ran_out => Err(Refusal::Expired),
        ChargeState::Captured => Err(Refusal::Amount),
        ChargeState::Held if !within(amount, charge.live_hold()) => Err(Refusal::Amount),
        ChargeState::Held => {
            let entries = released(charge, seller, amount);
            let epoch = books.fences().epoch(seller);
            Ok(Some(Change::Released { key, release, amount, epoch, entries }))
        }
    }
}

/// Gives a part of what was captured back. What is only held is for a release.
///
/// # Errors
/// A [`Refusal`] when not so much of the charge is left, or the id was used for something else.
pub fn refund(
    books: &Books,
    seller: Pin,
    refund: RefundId,
    order: OrderId,
    amount: Minor,
) -> Result<Booked, Refusal> {
    if let Some(done) = books.refund(seller, refund) {
        return match done.given {
            GivenBack::Refunded { batch } if done.order == order && done.amount == amount => {
                Ok(Booked::before(batch))
            }
            GivenBack::Refunded { .. } | GivenBack::Released => Err(Refusal::Duplicate),
        };
    }
    let key = (seller, order);
    let (batch, entries) = taken_back(books, key, amount)?;
    let epoch = books.fences().epoch(seller);
    Ok(Booked { batch, change: Some(Change::Refunded { key, refund, amount, batch, epoch, entries }) })
}

/// Gives a part of what was captured back against the seller's will, by an operator's decision. The
/// caller mints the id and keeps it, so that asking again charges nothing back twice.
///
/// # Errors
/// A [`Refusal`] when not so much of the charge is left, or the id was used for something else.
pub fn charge_back(
    books: &Books,
    id: ChargebackId,
    key: Key,
    amount: Minor,
    reason: ChargebackReason,
    by: Pin,
) -> Result<Booked, Refusal> {
    if let Some(done) = books.chargeback(id) {
        // Another operator who asks for the same under the same id gets what the first one did.
        let same = (done.key, done.amount, done.reason) == (key, amount, reason);
        return if same { Ok(Booked::before(done.batch)) } else { Err(Refusal::Duplicate) };
    }
    let (batch, entries) = taken_back(books, key, amount)?;
    let chargeback = Chargeback { key, amount, reason, by, batch };
    Ok(Booked { batch, change: Some(Change::ChargedBack { id, chargeback, entries }) })
}

/// The change that ends a hold whose time and grace are over, so that a capture or release that comes
/// now finds it ended. Until `expires` a capture always wins; from `expires` plus the grace on it never
/// does; between the two, whichever of capture and expiry is in the journal first.
pub fn overdue(books: &Books, key: Key, policy: &Policy, now: Timestamp) -> Option<Change> {
    let over = books.charge(&key).is_some_and(|charge| charge.expires <= policy.gives_back_until(now));
    if over { expire(books, key) } else { None }
}

/// The change that ends a hold.
pub fn expire(books: &Books, key: Key) -> Option<Change> {
    let charge = books.charge(&key).filter(|charge| charge.state == ChargeState::Held)?;
    Some(Change::Expired { key, entries: released(charge, key.0, charge.live_hold()) })
}

/// The change that notes a capture which came after its hold had expired: the first one of an order,
/// so that whoever repeats it, or makes more up, does not fill the journal.
pub fn presented_late(books: &Books, key: Key, capture: CaptureId, amount: Minor) -> Option<Change> {
    let charge = books.charge(&key).filter(|charge| charge.ran_out)?;
    let is_late = charge.capture(capture).is_none() && books.late(&key).is_none();
    (is_late && within(amount, Minor(MAX_AMOUNT))).then_some(Change::PresentedLate { key, capture, amount })
}

/// The open batch of the seller, and the entries that take an amount out of a charge.
fn taken_back(books: &Books, key: Key, amount: Minor) -> Result<(u32, Vec<Entry>), Refusal> {
    let charge = books.charge(&key).ok_or(Refusal::NotHeld)?;
    match charge.state {
        ChargeState::Tombstone | ChargeState::Reversed => return Err(Refusal::Reversed),
        ChargeState::Declined => return Err(Refusal::NotHeld),
        ChargeState::Expired => return Err(Refusal::Expired),
        ChargeState::Held | ChargeState::Captured => {}
    }
    if !within(amount, charge.live_charge()) {
        return Err(Refusal::Amount);
    }
    let entry = charge.payer().map(|(id, currency)| Entry::refund(currency, id, key.0, amount));
    Ok((books.open_batch(key.0), entry.into_iter().collect()))
}

fn within(amount: Minor, most: Minor) -> bool {
    amount.is_positive() && amount <= most
}

fn released(charge: &Charge, seller: Pin, amount: Minor) -> Vec<Entry> {
    let entry = charge.payer().map(|(id, currency)| Entry::release(currency, id, seller, amount));
    entry.into_iter().filter(|_| amount.is_positive()).collect()
}
