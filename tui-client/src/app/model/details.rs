//! What the shop says of single products, and their pictures: the newest few that were looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use kessai_shared::ids::Sku;
use kessai_shared::picture::PictureName;
use kessai_shared::storefront::ProductView;
use kessai_shared::time::Timestamp;

use crate::app::event::Seq;
use crate::app::pixels::Pixels;
use crate::words::Message;

/// How many products are kept, each with a description of at most 4,000 bytes.
pub const PRODUCTS_KEPT: usize = 24;
/// How many pictures are kept, each of at most [`crate::app::pixels::MAX_SIDE`] pixels a side: 3.2 MiB.
pub const PICTURES_KEPT: usize = 8;
/// How many pictures that cannot be shown are remembered, so that they are not asked for at every key.
const BAD_KEPT: usize = 64;

#[derive(Default)]
pub struct Details {
    known: VecDeque<Known>,
    pub asked: Option<(Seq, Sku)>,
    /// The product that is to be asked for once more, though it is known.
    pub renew: Option<Sku>,
    /// The product of which the shop told nothing, and why.
    pub failed: Option<(Sku, Message)>,
    pub pictures: Pictures,
}

/// What is known of a product.
pub struct Known {
    pub view: ProductView,
    pub loaded_at: Timestamp,
}

#[derive(Default)]
pub struct Pictures {
    kept: VecDeque<(PictureName, Arc<Pixels>)>,
    bad: VecDeque<PictureName>,
    pub asked: Option<(Seq, PictureName)>,
}

impl Details {
    pub fn of(&self, sku: Sku) -> Option<&Known> {
        self.known.iter().find(|known| known.view.item.sku == sku)
    }

    /// Whether the shop should be asked about this product.
    pub fn lacks(&self, sku: Sku) -> bool {
        let failed = self.failed.as_ref().is_some_and(|(failed, _)| *failed == sku);
        !failed && (self.of(sku).is_none() || self.renew == Some(sku))
    }

    pub fn keep(&mut self, view: ProductView, now: Timestamp) {
        self.known.retain(|known| known.view.item.sku != view.item.sku);
        self.known.push_front(Known { view, loaded_at: now });
        self.known.truncate(PRODUCTS_KEPT);
    }
}

impl Pictures {
    pub fn of(&self, name: PictureName) -> Option<&Arc<Pixels>> {
        self.kept.iter().find(|(kept, _)| *kept == name).map(|(_, pixels)| pixels)
    }

    /// Whether the shop should be asked for this picture.
    pub fn lacks(&self, name: PictureName) -> bool {
        self.of(name).is_none() && !self.bad.contains(&name)
    }

    pub fn keep(&mut self, name: PictureName, pixels: Arc<Pixels>) {
        self.kept.push_front((name, pixels));
        self.kept.truncate(PICTURES_KEPT);
    }

    /// How many pictures are kept.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Notes that there is no way to show this picture.
    pub fn give_up(&mut self, name: PictureName) {
        self.bad.push_front(name);
        self.bad.truncate(BAD_KEPT);
    }

    /// Lets every picture be asked for again.
    pub fn try_again(&mut self) {
        self.bad.clear();
    }
}
