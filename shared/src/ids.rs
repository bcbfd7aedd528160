//! The names things go by. Every id is a newtype, so that an order is never taken for a refund.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// Longest SKU a product may have, in bytes.
pub const MAX_SKU_BYTES: usize = 40;
/// Longest customer reference a terminal may give, in bytes.
pub const MAX_CUSTOMER_BYTES: usize = 40;

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

impl RefundId {
    /// The refund of `order` that belongs to `given`: the same pair always names the same refund.
    pub fn of(given: ReturnId, order: OrderId) -> Self {
        let digest = crate::digest::sha256(&[b"kessai refund v1", given.as_bytes(), order.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

/// What a product is called in the shop's own books: case counts, spaces are allowed inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Sku(String);

/// Whom a terminal buys for when it serves several people, as a till does; empty for its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Customer(String);

impl Sku {
    pub fn new(text: &str) -> Result<Self, BadId> {
        if text.is_empty() || text.len() > MAX_SKU_BYTES {
            return Err(BadId("a SKU has 1 to 40 bytes"));
        }
        if text.chars().any(char::is_control) || text.trim() != text {
            return Err(BadId("a SKU has no control characters and no space at its ends"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Customer {
    pub fn new(text: &str) -> Result<Self, BadId> {
        if text.len() > MAX_CUSTOMER_BYTES || text.chars().any(char::is_control) {
            return Err(BadId("a customer reference has at most 40 bytes and no control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// What arrives from a peer passes the same check as what is typed.
impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Sku::new(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Customer {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Customer::new(&String::deserialize(source)?).map_err(serde::de::Error::custom)
    }
}
