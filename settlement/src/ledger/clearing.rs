//! What is to be cleared with each seller: numbered batches, of which one is open at a time. Every
//! capture, refund and chargeback is booked under the batch that is open at its moment.

use std::collections::{BTreeMap, BTreeSet};

use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Inconsistent;
use super::closed::Closed;

/// The number of a seller's first clearing batch.
pub const FIRST_BATCH: u32 = 1;

/// What one batch comes to in one currency; sums in its minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    pub captures: u64,
    pub captured: Minor,
    pub refunds: u64,
    pub refunded: Minor,
    pub chargebacks: u64,
    pub charged_back: Minor,
}

/// All batches of one seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batches {
    /// The batch that is open now; all before it are closed.
    pub open: u32,
    /// What each batch comes to. A batch or a currency that nothing was booked under is not here.
    pub totals: BTreeMap<u32, BTreeMap<Currency, Cleared>>,
    /// When the first movement of the open batch was booked; `None` while there is none.
    pub begun: Option<Timestamp>,
    /// What became of the batches that are closed.
    pub closed: BTreeMap<u32, Closed>,
    /// What the seller owes from settled batches that came to less than nothing: negative amounts.
    pub owed: BTreeMap<Currency, Minor>,
}

/// What is booked under a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booking {
    Capture,
    Refund,
    Chargeback,
}

/// The batches of every seller.
#[derive(Default)]
pub(super) struct Clearing {
    sellers: BTreeMap<Pin, Batches>,
    /// The batches that are disputed; made of them, and stored nowhere.
    disputed: BTreeSet<(Pin, u32)>,
}

impl Default for Batches {
    fn default() -> Self {
        let (totals, closed, owed) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { open: FIRST_BATCH, totals, begun: None, closed, owed }
    }
}

impl Batches {
    fn add(&mut self, batch: u32, currency: Currency, (what, amount): (Booking, Minor), at: Timestamp) {
        self.begun.get_or_insert(at);
        let cleared = self.totals.entry(batch).or_default().entry(currency).or_default();
        let (count, sum) = match what {
            Booking::Capture => (&mut cleared.captures, &mut cleared.captured),
            Booking::Refund => (&mut cleared.refunds, &mut cleared.refunded),
            Booking::Chargeback => (&mut cleared.chargebacks, &mut cleared.charged_back),
        };
        *count += 1;
        sum.0 = sum.0.saturating_add(amount.0);
    }
}

impl Clearing {
    /// The batch that a seller's captures are booked under now.
    pub fn open(&self, seller: Pin) -> u32 {
        self.sellers.get(&seller).map_or(FIRST_BATCH, |batches| batches.open)
    }

    /// # Errors
    /// [`Inconsistent`] unless the batch is the one that is open. To be asked before anything is changed.
    pub fn expect_open(&self, seller: Pin, batch: u32) -> Result<(), Inconsistent> {
        if batch == self.open(seller) {
            return Ok(());
        }
        Err(Inconsistent("money is booked under a batch that is not open"))
    }

    pub fn book(
        &mut self,
        (seller, batch): (Pin, u32),
        currency: Currency,
        what: (Booking, Minor),
        at: Timestamp,
    ) {
        self.sellers.entry(seller).or_default().add(batch, currency, what, at);
    }

    /// The batches of a seller that something was booked for.
    ///
    /// # Errors
    /// [`Inconsistent`] when nothing ever was.
    pub fn known(&mut self, seller: Pin) -> Result<&mut Batches, Inconsistent> {
        self.sellers.get_mut(&seller).ok_or(Inconsistent("a batch of an unknown seller"))
    }

    pub fn of(&self, seller: Pin) -> Option<&Batches> {
        self.sellers.get(&seller)
    }

    pub fn all(&self) -> impl Iterator<Item = (&Pin, &Batches)> {
        self.sellers.iter()
    }

    pub fn load(&mut self, seller: Pin, batches: Batches) {
        let old = self.sellers.insert(seller, batches).unwrap_or_default();
        let known: Vec<u32> = old.closed.into_keys().collect();
        let now: Vec<u32> = self.of(seller).into_iter().flat_map(|of| of.closed.keys().copied()).collect();
        known.into_iter().chain(now).for_each(|batch| self.refile(seller, batch));
    }

    /// Keeps the list of disputed batches in step with one batch.
    pub(super) fn refile(&mut self, seller: Pin, batch: u32) {
        let closed = self.of(seller).and_then(|batches| batches.closed.get(&batch));
        if closed.is_some_and(Closed::is_disputed) {
            self.disputed.insert((seller, batch));
        } else {
            self.disputed.remove(&(seller, batch));
        }
    }

    /// Every batch that is disputed.
    pub fn disputed(&self) -> &BTreeSet<(Pin, u32)> {
        &self.disputed
    }
}
