//! The ids of what states are called.

use kessai_shared::storefront::PaymentState;

use crate::app::model::standing::Standing;

pub const fn payment(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Pending => "payment-pending",
        PaymentState::Authorized => "payment-authorized",
        PaymentState::Declined => "payment-declined",
        PaymentState::Unknown => "payment-unknown",
        PaymentState::Reversed => "payment-reversed",
        PaymentState::Voided => "payment-voided",
        PaymentState::Expired => "payment-expired",
        PaymentState::Captured => "payment-captured",
        PaymentState::PartiallyRefunded => "payment-partially-refunded",
        PaymentState::Refunded => "payment-refunded",
    }
}

/// Where an order stands, in one word.
pub const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Placing => "standing-placing",
        Standing::Preparing => "standing-preparing",
        Standing::PartSent => "standing-part-sent",
        Standing::Cancelling => "standing-cancelling",
        Standing::OnItsWay => "standing-on-its-way",
        Standing::Delivered => "standing-delivered",
        Standing::PartReturned => "standing-part-returned",
        Standing::Returned => "standing-returned",
        Standing::Declined => "standing-declined",
        Standing::SoldOut => "standing-sold-out",
        Standing::Interrupted => "standing-interrupted",
        Standing::HoldExpired => "standing-hold-expired",
        Standing::Cancelled => "standing-cancelled",
    }
}
