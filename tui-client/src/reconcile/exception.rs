//! What reconciliation can find, each with what to do about it.

use kessai_shared::clearing::Shown;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::settlement::{BatchTotals, Standing};
use kessai_shared::storefront::PaymentState;
use serde_json::{Value, json};

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub of: Of,
    pub kind: Kind,
}

/// What an exception is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Order(OrderId),
    Batch(u32),
}

/// The kinds of exceptions. Amounts are in minor units of their currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    ReceiptWithoutOrder,
    ReceiptWithoutDecision,
    ReceiptContradicted {
        side: &'static str,
        says: &'static str,
    },
    TotalDiffers {
        side: &'static str,
        receipt: Minor,
        theirs: Minor,
        currency: Currency,
    },
    /// The seller means to ship and be paid, and the settlement holds nothing for it.
    ConfirmedWithoutHold {
        standing: Standing,
    },
    OrphanHold {
        held: Minor,
        currency: Currency,
    },
    ChargedWithoutOrder {
        charged: Minor,
        currency: Currency,
    },
    ChargedButCancelled {
        charged: Minor,
        currency: Currency,
    },
    AmountDiffers {
        seller: Minor,
        settlement: Minor,
        currency: Currency,
    },
    CapturedDiffers {
        seller: Minor,
        settlement: Minor,
        currency: Currency,
    },
    RefundedDiffers {
        seller: Minor,
        settlement: Minor,
        currency: Currency,
    },
    /// Without an end long after its deadline.
    Stuck {
        payment: PaymentState,
    },
    BatchDiffers {
        seller: Vec<BatchTotals>,
        settlement: Vec<BatchTotals>,
    },
    /// Both books say the same now, and the batch is not paid yet.
    BatchDisputed,
    BatchNotReconciled {
        batch: u32,
    },
    /// The seller has settled a batch that the settlement has not closed.
    BatchUnknown,
}

impl Kind {
    /// A word for programs; it stays the same.
    pub const fn word(&self) -> &'static str {
        match self {
            Kind::ReceiptWithoutOrder => "receipt_without_order",
            Kind::ReceiptWithoutDecision => "receipt_without_decision",
            Kind::ReceiptContradicted { .. } => "receipt_contradicted",
            Kind::TotalDiffers { .. } => "total_differs",
            Kind::ConfirmedWithoutHold { .. } => "confirmed_without_hold",
            Kind::OrphanHold { .. } => "orphan_hold",
            Kind::ChargedWithoutOrder { .. } => "charged_without_order",
            Kind::ChargedButCancelled { .. } => "charged_but_cancelled",
            Kind::AmountDiffers { .. } => "amount_differs",
            Kind::CapturedDiffers { .. } => "captured_differs",
            Kind::RefundedDiffers { .. } => "refunded_differs",
            Kind::Stuck { .. } => "stuck",
            Kind::BatchDiffers { .. } => "batch_differs",
            Kind::BatchDisputed => "batch_disputed",
            Kind::BatchNotReconciled { .. } => "batch_not_reconciled",
            Kind::BatchUnknown => "batch_unknown",
        }
    }

    /// What is wrong, for people.
    pub fn text(&self) -> String {
        match self {
            Kind::ReceiptWithoutOrder => "the receipt says approved, the seller has no such order".to_owned(),
            Kind::ReceiptWithoutDecision => {
                "the receipt proves a decision that the settlement's books do not have".to_owned()
            }
            Kind::ReceiptContradicted { side, says } => {
                format!("the receipt proves the opposite of {side}, which say {says}")
            }
            Kind::TotalDiffers { side, receipt, theirs, currency } => {
                format!(
                    "the receipt is of {}, {side} say {}",
                    receipt.show(*currency),
                    theirs.show(*currency)
                )
            }
            Kind::ConfirmedWithoutHold { standing } => format!(
                "the seller has it confirmed, the settlement holds nothing for it ({})",
                standing_word(*standing)
            ),
            Kind::OrphanHold { held, currency } => {
                format!("the settlement holds {} that no live order waits for", held.show(*currency))
            }
            Kind::ChargedWithoutOrder { charged, currency } => {
                format!(
                    "the settlement has charged {}, the seller has no such order",
                    charged.show(*currency)
                )
            }
            Kind::ChargedButCancelled { charged, currency } => {
                format!("the seller has it cancelled, the settlement has charged {}", charged.show(*currency))
            }
            Kind::AmountDiffers { seller, settlement, currency } => {
                differs("the order is of", *seller, *settlement, *currency)
            }
            Kind::CapturedDiffers { seller, settlement, currency } => {
                differs("captured are", *seller, *settlement, *currency)
            }
            Kind::RefundedDiffers { seller, settlement, currency } => {
                differs("refunded are", *seller, *settlement, *currency)
            }
            Kind::Stuck { payment } => {
                format!("its payment is still {} long after its deadline", payment_word(*payment))
            }
            Kind::BatchDiffers { seller, settlement } => {
                format!("the seller has {}, the settlement {}", Shown(seller), Shown(settlement))
            }
            Kind::BatchDisputed => "it is disputed, and both books say the same now".to_owned(),
            Kind::BatchNotReconciled { .. } => {
                "it is closed, and the seller has not said what its own books have".to_owned()
            }
            Kind::BatchUnknown => "the seller has settled it, the settlement has not closed it".to_owned(),
        }
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Kind::ReceiptWithoutOrder => {
                "the seller's books are older than the receipt: look for a newer copy of its journal, or \
                 honour the receipt by hand"
            }
            Kind::ReceiptWithoutDecision => {
                "the settlement's books are older than the receipt: look for a newer copy of its journal"
            }
            Kind::ReceiptContradicted { .. } | Kind::TotalDiffers { .. } => {
                "check the receipt with `kessai receipt verify`; if it holds, those books are wrong: run \
                 `verify` on that side's data folder"
            }
            Kind::ConfirmedWithoutHold { .. } => {
                "do not ship it: cancel it with `kessai-server orders cancel`, and have the shopper order anew"
            }
            Kind::OrphanHold { .. } => {
                "nothing is lost: the hold runs out by itself; look at the order with `kessai-server orders \
                 history`"
            }
            Kind::ChargedWithoutOrder { .. } => {
                "the seller's books are older than the capture: look for a newer copy of its journal, else \
                 refund it with a chargeback at the settlement"
            }
            Kind::ChargedButCancelled { .. } => {
                "the shopper paid for nothing: give it back with a chargeback at the settlement"
            }
            Kind::AmountDiffers { .. } => "run `verify` on both data folders: one of them was changed",
            Kind::CapturedDiffers { .. } => {
                "compare `kessai-server orders history` with the settlement's entries of this order; the \
                 side that has less was put back by an older copy"
            }
            Kind::RefundedDiffers { .. } => {
                "a return that waits is sent again by itself; if none waits, the side that has less was put \
                 back by an older copy"
            }
            Kind::Stuck { .. } => {
                "see that both daemons run and reach each other: the seller reverses it by itself then"
            }
            Kind::BatchDiffers { .. } => {
                "the orders above say why; then `kessai-settlement clearing accept` pays it as the \
                 settlement's books have it"
            }
            Kind::BatchDisputed => "wait: the seller tells its totals again within seconds",
            Kind::BatchNotReconciled { .. } => {
                "see that the seller runs and reaches the settlement; an order of it may wait for an answer"
            }
            Kind::BatchUnknown => {
                "the settlement's books are older than the batch: look for a newer copy of its journal"
            }
        }
    }
}

impl Exception {
    /// One line for people.
    pub fn line(&self) -> String {
        let of = match self.of {
            Of::Order(order) => format!("order {order}"),
            Of::Batch(batch) => format!("clearing batch {batch}"),
        };
        format!("{of}: {}; {}", self.kind.text(), self.kind.advice())
    }

    pub fn json(&self) -> Value {
        let (order, batch) = match self.of {
            Of::Order(order) => (json!(order.to_string()), Value::Null),
            Of::Batch(batch) => (Value::Null, json!(batch)),
        };
        json!({
            "kind": self.kind.word(),
            "order": order,
            "batch": batch,
            "text": self.kind.text(),
            "advice": self.kind.advice(),
        })
    }
}

fn differs(what: &str, seller: Minor, settlement: Minor, currency: Currency) -> String {
    format!(
        "{what} {} in the seller's books and {} in the settlement's",
        seller.show(currency),
        settlement.show(currency)
    )
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Unknown => "it never heard of it",
        Standing::Declined => "it declined it",
        Standing::Held => "held",
        Standing::Captured => "captured",
        Standing::Reversed => "it was reversed",
        Standing::Expired => "the hold has expired",
    }
}

const fn payment_word(payment: PaymentState) -> &'static str {
    match payment {
        PaymentState::Pending => "pending",
        PaymentState::Authorized => "authorized",
        PaymentState::Declined => "declined",
        PaymentState::Unknown => "unknown",
        PaymentState::Reversed => "reversed",
        PaymentState::Voided => "voided",
        PaymentState::Expired => "expired",
        PaymentState::Captured => "captured",
        PaymentState::PartiallyRefunded => "partially refunded",
        PaymentState::Refunded => "refunded",
    }
}
