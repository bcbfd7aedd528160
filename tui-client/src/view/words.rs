//! What states are called, and how spans of time are read out.

pub use kessai_shared::money::grouped;
use kessai_shared::storefront::{FulfilmentState, OrderState, PaymentState};
use kessai_shared::time::Timestamp;

pub const fn order(state: OrderState) -> &'static str {
    match state {
        OrderState::Pending => "pending",
        OrderState::Confirmed => "confirmed",
        OrderState::Completed => "completed",
        OrderState::Cancelled => "cancelled",
        OrderState::Expired => "expired",
    }
}

pub const fn payment(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Pending => "pending",
        PaymentState::Authorized => "authorized",
        PaymentState::Declined => "declined",
        PaymentState::Unknown => "not known",
        PaymentState::Reversed => "reversed",
        PaymentState::Voided => "voided",
        PaymentState::Expired => "expired",
        PaymentState::Captured => "captured",
        PaymentState::PartiallyRefunded => "part refunded",
        PaymentState::Refunded => "refunded",
    }
}

pub const fn fulfilment(state: FulfilmentState) -> &'static str {
    match state {
        FulfilmentState::NotFulfilled => "not shipped",
        FulfilmentState::Shipped => "shipped",
        FulfilmentState::Delivered => "delivered",
        FulfilmentState::Returned => "returned",
    }
}

/// How long from `now` to `then`, or `None` when that is past.
pub fn left_until(then: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = then.0.checked_sub(now.0).filter(|left| *left > 0)?.div_ceil(1_000_000);
    Some(match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    })
}

pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}
