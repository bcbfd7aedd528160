//! What three books say of one order, held against each other. Pure: every rule of reconciliation is here,
//! and what it rests on arrives as an argument.

use kessai_shared::clearing::comparable;
use kessai_shared::money::Minor;
use kessai_shared::operator::rows::{BatchStanding, Charge, ClearingBatch, ShopBatch, Trade};
use kessai_shared::receipt::Verdict;
use kessai_shared::settlement::{BatchTotals, Standing};
use kessai_shared::storefront::{OrderState, PaymentState};
use kessai_shared::time::Timestamp;

use super::exception::Kind;
use super::slips::Slip;

/// How long after the deadline of its quote an order may still be without an end, in seconds: ten for the
/// decision, and time for its reversal.
pub const GRACE_SECONDS: u64 = 60;
/// How long a closed batch may wait for the seller's totals, in seconds: it is told of the close within
/// two, and answers once all that was under way is answered.
pub const BATCH_GRACE_SECONDS: u64 = 300;

/// What each side says of one order. A side that was left out is `None` and is not asked about; one that was
/// asked and knows nothing of the order is `Some(None)`.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    pub receipt: Option<&'a Slip>,
    pub seller: Option<Option<&'a Trade>>,
    pub settlement: Option<Option<&'a Charge>>,
}

/// Everything about an order that does not fit, the gravest first; nothing when all books say the same.
pub fn order(sides: &Sides<'_>, now: Timestamp) -> Vec<Kind> {
    let mut found = Vec::new();
    if let Some(slip) = sides.receipt {
        receipt(slip, sides, &mut found);
    }
    if let Some(Some(trade)) = sides.seller {
        if is_stuck(trade, now) {
            found.push(Kind::Stuck { payment: trade.payment });
        }
        if let Some(charge) = sides.settlement {
            money(trade, charge, &mut found);
        }
    }
    if let (Some(None), Some(Some(charge))) = (sides.seller, sides.settlement) {
        if charge.held.is_positive() {
            found.push(Kind::OrphanHold { held: charge.held, currency: charge.currency });
        }
        if kept(charge).is_positive() {
            found.push(Kind::ChargedWithoutOrder { charged: kept(charge), currency: charge.currency });
        }
    }
    found
}

fn receipt(slip: &Slip, sides: &Sides<'_>, found: &mut Vec<Kind>) {
    let approved = slip.verdict == Verdict::Approved;
    match sides.seller {
        Some(None) if approved => found.push(Kind::ReceiptWithoutOrder),
        Some(Some(trade)) => {
            if approved && trade.payment == PaymentState::Declined {
                found.push(Kind::ReceiptContradicted { side: "the seller's books", says: "declined" });
            }
            if !approved && is_confirmed(trade) {
                found.push(Kind::ReceiptContradicted { side: "the seller's books", says: "confirmed" });
            }
            if (trade.total, trade.currency) != (slip.total, slip.currency) {
                found.push(Kind::TotalDiffers {
                    side: "the seller's books",
                    receipt: slip.total,
                    theirs: trade.total,
                    currency: slip.currency,
                });
            }
        }
        Some(None) | None => {}
    }
    let Some(charge) = sides.settlement else { return };
    match charge {
        // A receipt proves that the settlement decided it; whatever it decided has to be in its books.
        None => found.push(Kind::ReceiptWithoutDecision),
        Some(charge) => {
            if approved && charge.standing == Standing::Declined {
                found.push(Kind::ReceiptContradicted { side: "the settlement's books", says: "declined" });
            }
            if !approved && (charge.held.is_positive() || charge.captured.is_positive()) {
                found.push(Kind::ReceiptContradicted { side: "the settlement's books", says: "approved" });
            }
            if (charge.amount, charge.currency) != (slip.total, slip.currency) {
                found.push(Kind::TotalDiffers {
                    side: "the settlement's books",
                    receipt: slip.total,
                    theirs: charge.amount,
                    currency: slip.currency,
                });
            }
        }
    }
}

/// The seller's and the settlement's word on the money of one order. While an answer is owed, what one of
/// them has may be a step ahead; only what no step explains is told then.
fn money(trade: &Trade, charge: Option<&Charge>, found: &mut Vec<Kind>) {
    let currency = trade.currency;
    let Some(charge) = charge else {
        if is_confirmed(trade) {
            found.push(Kind::ConfirmedWithoutHold { standing: Standing::Unknown });
        }
        return;
    };
    let live = is_confirmed(trade) && awaits_shipping(trade);
    if !trade.moving && live && !charge.held.is_positive() && trade.captured.0 < trade.total.0 {
        match charge.standing {
            Standing::Unknown | Standing::Declined | Standing::Reversed | Standing::Expired => {
                found.push(Kind::ConfirmedWithoutHold { standing: charge.standing });
            }
            // How much of it was captured is compared below.
            Standing::Held | Standing::Captured => {}
        }
    }
    if !trade.moving && charge.held.is_positive() && is_over(trade) {
        found.push(Kind::OrphanHold { held: charge.held, currency });
    }
    if trade.state == OrderState::Cancelled && kept(charge).is_positive() && trade.captured == Minor::ZERO {
        found.push(Kind::ChargedButCancelled { charged: kept(charge), currency });
        return;
    }
    if charge.currency != currency || (charge.amount != trade.total && charge.decided_at.is_some()) {
        found.push(Kind::AmountDiffers { seller: trade.total, settlement: charge.amount, currency });
    }
    if trade.moving {
        return;
    }
    if trade.captured != charge.captured {
        let (seller, settlement) = (trade.captured, charge.captured);
        found.push(Kind::CapturedDiffers { seller, settlement, currency });
    }
    if trade.refunded != charge.refunded {
        let (seller, settlement) = (trade.refunded, charge.refunded);
        found.push(Kind::RefundedDiffers { seller, settlement, currency });
    }
}

/// What one clearing batch says on both sides. A batch that is open, or was closed a moment ago, moves while
/// it is looked at, and is not compared.
pub fn batch(shop: Option<&ShopBatch>, theirs: &ClearingBatch, now: Timestamp) -> Option<Kind> {
    let plain = |totals: &[BatchTotals]| comparable(totals).unwrap_or_else(|| totals.to_vec());
    let seller = shop.map(|shop| plain(&shop.totals)).unwrap_or_default();
    let settlement = plain(&theirs.lines.iter().map(|line| line.totals).collect::<Vec<_>>());
    let same = seller == settlement;
    let over = theirs.closed_at.is_some_and(|at| at.plus_seconds(BATCH_GRACE_SECONDS) < now);
    match theirs.standing {
        // An operator has said how a batch that was accepted is to be taken.
        BatchStanding::Open | BatchStanding::Accepted => None,
        BatchStanding::Waiting if !over => None,
        BatchStanding::Waiting if same => Some(Kind::BatchNotReconciled { batch: theirs.batch }),
        BatchStanding::Disputed if same => Some(Kind::BatchDisputed),
        BatchStanding::Paid if same => None,
        BatchStanding::Waiting | BatchStanding::Disputed | BatchStanding::Paid => {
            Some(Kind::BatchDiffers { seller, settlement })
        }
    }
}

/// What a cardholder was charged and has not been given back.
fn kept(charge: &Charge) -> Minor {
    Minor(charge.captured.0 - charge.refunded.0 - charge.charged_back.0)
}

fn is_stuck(trade: &Trade, now: Timestamp) -> bool {
    match trade.payment {
        PaymentState::Pending | PaymentState::Unknown => {
            trade.deadline.max(trade.placed_at).plus_seconds(GRACE_SECONDS) < now
        }
        PaymentState::Authorized
        | PaymentState::Declined
        | PaymentState::Reversed
        | PaymentState::Voided
        | PaymentState::Expired
        | PaymentState::Captured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => false,
    }
}

fn is_confirmed(trade: &Trade) -> bool {
    match trade.state {
        OrderState::Confirmed | OrderState::Completed => true,
        OrderState::Pending | OrderState::Cancelled | OrderState::Expired => false,
    }
}

/// Whether the shop believes that something is still held for the order.
fn awaits_shipping(trade: &Trade) -> bool {
    match trade.payment {
        PaymentState::Authorized => true,
        PaymentState::Pending
        | PaymentState::Declined
        | PaymentState::Unknown
        | PaymentState::Reversed
        | PaymentState::Voided
        | PaymentState::Expired
        | PaymentState::Captured
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => false,
    }
}

/// Whether nothing more of the order will be captured.
fn is_over(trade: &Trade) -> bool {
    match trade.state {
        OrderState::Cancelled | OrderState::Expired | OrderState::Completed => true,
        OrderState::Pending | OrderState::Confirmed => false,
    }
}
