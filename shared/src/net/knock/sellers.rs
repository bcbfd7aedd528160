//! The sellers that may knock: one key each, as long as its pin is on the list.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::hmac;
use tokio::sync::watch;

use super::first::{self, FirstId};
use super::{KnockKey, KnockRoot};
use crate::pin::Pin;
use crate::pin_set::PinSet;

/// Most sellers that can knock. A first id does not say whose it is, so this bounds what a datagram with
/// a made-up one costs: one MAC each.
const MAX_SELLERS: usize = 256;

pub(super) struct Sellers {
    root: KnockRoot,
    list: watch::Receiver<Arc<BTreeSet<Pin>>>,
    keys: Vec<(Pin, hmac::Key)>,
}

impl Sellers {
    pub(super) fn new(root: KnockRoot, list: &PinSet) -> Self {
        let mut list = list.subscribe();
        list.mark_changed();
        let mut sellers = Self { root, list, keys: Vec::new() };
        sellers.follow();
        sellers
    }

    /// Takes a change of the list over. Gives the new list when there was one.
    pub(super) fn follow(&mut self) -> Option<Arc<BTreeSet<Pin>>> {
        // A list that nobody can change any more stays as it is.
        if !self.list.has_changed().unwrap_or(false) {
            return None;
        }
        let pins = Arc::clone(&self.list.borrow_and_update());
        if pins.len() > MAX_SELLERS {
            tracing::error!(
                "{} sellers are on the list; only the first {MAX_SELLERS} can connect",
                pins.len()
            );
        }
        let key = |pin: &Pin| (*pin, KnockKey::of_root(&self.root, pin).for_macs());
        self.keys = pins.iter().take(MAX_SELLERS).map(key).collect();
        Some(pins)
    }

    /// Who made this knock.
    pub(super) fn whose(&self, id: &FirstId) -> Option<Pin> {
        self.keys.iter().find(|(_, key)| first::is_of(key, id)).map(|(pin, _)| *pin)
    }
}
