//! The names things go by. Every id is a newtype, so that an order is never taken for a refund.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::short_text::Short;
use crate::time::Timestamp;

/// Longest SKU a product may have, in bytes.
pub const MAX_SKU_BYTES: usize = Short::MAX_BYTES;
/// Longest customer reference a terminal may give, in bytes.
pub const MAX_CUSTOMER_BYTES: usize = Short::MAX_BYTES;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadId(pub &'static str);

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new id: the minting time in milliseconds first, so that ids sort by age.
            pub fn mint(now: Timestamp, random: [u8; 10]) -> Self {
                Self(*uuid::Builder::from_unix_timestamp_millis(now.0 / 1_000, &random).as_uuid().as_bytes())
            }

            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let id = Uuid::try_parse(text).map_err(|_| BadId($what))?;
                Ok(Self(*id.as_bytes()))
            }
        }
    };
}

id!(
    /// One order. The terminal mints it when checkout opens and keeps it before anything is sent.
    OrderId,
    "not an order id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);
id!(
    /// One request to give goods back, minted by the terminal.
    ReturnId,
    "not a return id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);
id!(
    /// One refund of one order, derived by the seller from the return that caused it.
    RefundId,
    "not a refund id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);

id!(
    /// One repayment of a cardholder, minted by whoever records it, so that recording it again does not
    /// book it twice.
    RepaymentId,
    "not a repayment id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);

id!(
    /// One capture of an order: what is charged for one of its shipments. The seller derives it.
    CaptureId,
    "not a capture id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);

id!(
    /// One chargeback: an operator gives a charge, or a part of it, back against the seller's will. Minted
    /// by whoever asks for it.
    ChargebackId,
    "not a chargeback id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);

id!(
    /// One host that holds a shop's key, or the settlement's: random, made at the first start of its data
    /// folder and kept in `node.id` there. A restored folder gets a new one, so that it is nobody's successor
    /// until it has claimed.
    NodeId,
    "not a node id: expected a form like 0190b5c0-7f4a-7000-8000-0123456789ab"
);

/// Which incarnation of a shop, or of the settlement, is in charge. Each grant is one more than the one
/// before; 0 says that there was none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

impl Epoch {
    pub const NONE: Self = Self(0);

    /// The epoch after this one; `None` only at the end of a u64.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl CaptureId {
    /// The capture of the `nth` shipment of an order: the same pair always names the same capture.
    pub fn of(order: OrderId, nth: u32) -> Self {
        let digest = crate::digest::sha256(&[b"kessai capture v1", order.as_bytes(), &nth.to_le_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

impl RefundId {
    /// The refund of `order` that belongs to `given`: the same pair always names the same refund.
    pub fn of(given: ReturnId, order: OrderId) -> Self {
        Self::derived(&[b"kessai refund v1", given.as_bytes(), order.as_bytes()])
    }

    /// The release of what `given` brings back of `order` that was not shipped yet. One return may need
    /// both this and [`RefundId::of`].
    pub fn of_release(given: ReturnId, order: OrderId) -> Self {
        Self::derived(&[b"kessai release v1", given.as_bytes(), order.as_bytes()])
    }

    /// The release of what was left of `order` when it was cancelled: there is one rest, so one id.
    pub fn of_rest(order: OrderId) -> Self {
        Self::derived(&[b"kessai rest v1", order.as_bytes()])
    }

    /// What is given back of `order` because the seller lost its records of it; `nth` is how many refunds of
    /// it the seller knows of.
    pub fn of_recovered(order: OrderId, nth: u32) -> Self {
        Self::derived(&[b"kessai recovered v1", order.as_bytes(), &nth.to_le_bytes()])
    }

    fn derived(parts: &[&[u8]]) -> Self {
        let digest = crate::digest::sha256(parts);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

/// What a product is called in the shop's own books: case counts, spaces are allowed inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(Short);

/// Whom a terminal buys for when it serves several people, as a till does; empty for its owner.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Customer(Short);

impl Sku {
    pub fn new(text: &str) -> Result<Self, BadId> {
        const TOO_LONG: BadId = BadId("a SKU has 1 to 40 bytes");
        if text.is_empty() {
            return Err(TOO_LONG);
        }
        if text.chars().any(char::is_control) || text.trim() != text {
            return Err(BadId("a SKU has no control characters and no space at its ends"));
        }
        Short::new(text).map(Self).ok_or(TOO_LONG)
    }
}

impl Customer {
    pub fn new(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("a customer reference has at most 40 bytes and no control characters");
        if text.chars().any(char::is_control) {
            return Err(BAD);
        }
        Short::new(text).map(Self).ok_or(BAD)
    }
}

/// Who carries a parcel, as people call them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier(Short);

/// What a carrier calls a parcel. Nothing of it is ever followed: a seller could point anywhere with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackingNumber(Short);

impl Carrier {
    pub fn new(text: &str) -> Result<Self, BadId> {
        const BAD: BadId =
            BadId("a carrier's name has 1 to 40 bytes, no control characters and no space at its ends");
        if text.is_empty() || text.chars().any(char::is_control) || text.trim() != text {
            return Err(BAD);
        }
        Short::new(text).map(Self).ok_or(BAD)
    }
}

impl TrackingNumber {
    pub fn new(text: &str) -> Result<Self, BadId> {
        const BAD: BadId =
            BadId("a tracking number has 1 to 40 letters of ASCII, digits, '-', '.', '/' and spaces inside");
        let may = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | ' ');
        if text.is_empty() || !text.chars().all(may) || text.trim() != text {
            return Err(BAD);
        }
        Short::new(text).map(Self).ok_or(BAD)
    }
}

macro_rules! short_text {
    ($name:ident, $expecting:literal) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        // What arrives from a peer passes the same check as what is typed.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                struct Checked;

                impl serde::de::Visitor<'_> for Checked {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::new(text).map_err(E::custom)
                    }
                }

                source.deserialize_str(Checked)
            }
        }
    };
}

impl FromStr for Carrier {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::new(text)
    }
}

impl FromStr for TrackingNumber {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::new(text)
    }
}

short_text!(Sku, "a SKU");
short_text!(Customer, "a customer reference");
short_text!(Carrier, "a carrier's name");
short_text!(TrackingNumber, "a tracking number");
