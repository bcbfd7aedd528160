//! An order as the books keep it: as the bytes it was put away in, until somebody looks at it. A shop has
//! a million orders and looks at few of them, and as bytes an order takes a third of the room. What has to
//! be known of every order at a start stands on a label before its bytes, so that none is unpacked for it.

use std::sync::{Arc, OnceLock};

use kessai_shared::codec;
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use serde::{Deserialize, Serialize};

use super::lists::Filed;
use super::order::Order;

/// Clones share what there is; one of them changing leaves the others as they are.
#[derive(Clone)]
pub struct Stored {
    /// Label and order as they were put away, and where the order begins. None when it was never put away,
    /// or was changed since.
    bytes: Option<(Arc<[u8]>, u16)>,
    /// What the bytes add to the totals: to add up a million orders is not to unpack them.
    sums: Sums,
    /// The same order, once somebody has looked. None in it when the bytes are none, which was found out
    /// when they were read, so that nobody meets it here.
    open: OnceLock<Option<Arc<Order>>>,
}

/// What an order adds to the totals of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub is_accepted: bool,
    pub open_refunds: u32,
    pub accepted: Minor,
    pub cancelled: Minor,
    pub refunded: Minor,
}

/// What is known of an order without unpacking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    sums: Sums,
    filed: Filed,
}

/// An order on its way from where it was put away into the books.
pub struct Unfiled {
    pub id: OrderId,
    pub(super) stored: Stored,
    /// What it will be found by.
    pub(super) filed: Filed,
}

impl Stored {
    pub fn new(order: Order) -> Self {
        Self { bytes: None, sums: Sums::default(), open: OnceLock::from(Some(Arc::new(order))) }
    }

    /// Looks at the order, and keeps it ready for the next look.
    pub fn get(&self) -> Option<&Arc<Order>> {
        self.open.get_or_init(|| self.packed().and_then(unpacked)).as_ref()
    }

    /// Looks at the order without keeping it ready: for those who look at many, once.
    pub fn look(&self) -> Option<Arc<Order>> {
        match self.open.get() {
            Some(order) => order.clone(),
            None => self.packed().and_then(unpacked),
        }
    }

    /// What it adds to the totals, without unpacking it.
    pub fn sums(&self) -> Sums {
        match self.open.get() {
            Some(order) => order.as_deref().map(Sums::of).unwrap_or_default(),
            None => self.sums,
        }
    }

    /// Whose order it is, without looking at the rest.
    pub fn owner(&self) -> Option<Pin> {
        match (self.open.get(), self.packed()) {
            (Some(order), _) => order.as_ref().map(|order| order.owner),
            // It is an order's first field, and a key is put down as its bytes.
            (None, Some(bytes)) => bytes.first_chunk().copied().map(Pin),
            (None, None) => None,
        }
    }

    /// The order, to be changed; the bytes are not it any more then.
    pub(super) fn change(&mut self) -> Option<&mut Order> {
        self.get()?;
        self.bytes = None;
        self.open.get_mut()?.as_mut().map(Arc::make_mut)
    }

    /// Label and order as [`codec::encode`] puts them, where they are still as they were put away.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_ref().map(|(bytes, _)| bytes.as_ref())
    }

    /// The order as it was put away.
    fn packed(&self) -> Option<&[u8]> {
        let (bytes, begins) = self.bytes.as_ref()?;
        bytes.get(usize::from(*begins)..)
    }
}

impl Label {
    pub fn of(order: &Order) -> Self {
        Self { sums: Sums::of(order), filed: Filed::of(order) }
    }

    /// Whether these are the bytes of the order of this id behind its own label.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(id: OrderId, bytes: &[u8]) -> Result<(), String> {
        let (label, order): (Self, Order) = codec::decode(bytes).map_err(|fault| fault.to_string())?;
        if order.quote.order != id {
            return Err("an order under the id of another".to_owned());
        }
        if label == Self::of(&order) { Ok(()) } else { Err("an order under another label".to_owned()) }
    }
}

impl Unfiled {
    /// Reads the label of an order. The order itself was checked when it was put away, and its bytes are
    /// proved by the checkpoint they stand in.
    ///
    /// # Errors
    /// When these are not the bytes of a label.
    pub fn read(id: OrderId, bytes: &[u8]) -> Result<Self, String> {
        let (label, order): (Label, _) = codec::decode_first(bytes).map_err(|fault| fault.to_string())?;
        let begins = u16::try_from(bytes.len() - order.len()).map_err(|_| "a label that is too long")?;
        let stored =
            Stored { bytes: Some((Arc::from(bytes), begins)), sums: label.sums, open: OnceLock::new() };
        Ok(Self { id, stored, filed: label.filed })
    }
}

impl Sums {
    fn of(order: &Order) -> Self {
        let is_accepted = order.confirmed_position > 0;
        let once = |worth: Minor| if is_accepted { worth } else { Minor::default() };
        Self {
            is_accepted,
            // An order has at most so many returns as it has pieces.
            open_refunds: u32::try_from(order.refunding.len()).unwrap_or(u32::MAX),
            accepted: once(order.quote.total),
            cancelled: once(order.cancelled_worth()),
            refunded: order.refunded,
        }
    }
}

fn unpacked(bytes: &[u8]) -> Option<Arc<Order>> {
    codec::decode(bytes).ok().map(Arc::new)
}
