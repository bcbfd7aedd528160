//! The catalogue as far as it was looked at. Pages are kept near the cursor only, so that a
//! catalogue of any size takes the same little room.

use std::collections::BTreeMap;

use kessai_shared::storefront::{Item, PriceRange, Search, Sort};
use kessai_shared::time::Timestamp;

use super::filters::FilterForm;
use crate::app::TextField;
use crate::app::effect::PAGE_ROWS;
use crate::app::event::Seq;
use crate::words::Message;

/// How many pages stay in memory around the cursor.
pub const PAGES_KEPT: usize = 6;
/// Rows above and below the cursor that are asked for, at most: as many as the pages that are kept can hold,
/// or pages would push each other out for ever in a very high window.
const MOST_REACH: u32 = 250;

#[derive(Default)]
pub struct Browse {
    /// What the shopper wants to see.
    pub wanted: Search,
    /// What the rows that are here were found with: an older search, until the answer to the newer is here.
    pub shown: Search,
    /// The search being typed, while the field is open. Each letter changes what is wanted.
    pub search: Option<TextField>,
    /// The filters, while they are open.
    pub filters: Option<FilterForm>,
    /// The chosen tab: 0 is everything, then the shop's categories.
    pub tab: usize,
    /// How many products match what is shown; `None` before the first page is here.
    pub total: Option<u32>,
    pub cursor: u32,
    pages: BTreeMap<u32, Vec<Item>>,
    /// When the newest of the rows came.
    pub loaded_at: Option<Timestamp>,
    pub asked: Option<Asked>,
    /// Why the last question came to nothing. Nothing more is asked until there is a reason to.
    pub problem: Option<Message>,
    /// What is shown is to be asked for once more.
    pub renew: bool,
    /// Enter was pressed before the answer was here: the first product is opened when it is.
    pub open_first: bool,
}

/// The page that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub seq: Seq,
    pub search: Search,
    pub page: u32,
    /// Whether it takes the place of everything that was here.
    pub anew: bool,
}

impl Browse {
    /// The product at `row` of the whole list, when its page is here.
    pub fn item(&self, row: u32) -> Option<&Item> {
        let rows = u32::from(PAGE_ROWS);
        self.pages.get(&(row / rows))?.get((row % rows) as usize)
    }

    pub fn selected(&self) -> Option<&Item> {
        self.item(self.cursor)
    }

    /// Whether the rows that are here are those that are wanted.
    pub fn is_current(&self) -> bool {
        self.total.is_some() && self.shown == self.wanted
    }

    /// How many products are kept, all pages together.
    pub fn rows_kept(&self) -> usize {
        self.pages.values().map(Vec::len).sum()
    }

    /// The page to ask for next, and whether it replaces what is here: the first of what is wanted, or one
    /// that is missing within `reach` rows of the cursor, the cursor's own first.
    pub fn next_page(&self, reach: u32) -> Option<(u32, bool)> {
        let here = self.cursor / u32::from(PAGE_ROWS);
        match self.total {
            _ if !self.is_current() => Some((0, true)),
            _ if self.renew => Some((here, true)),
            None | Some(0) => None,
            Some(total) => {
                let reach = reach.min(MOST_REACH);
                let page = |row: u32| row.min(total - 1) / u32::from(PAGE_ROWS);
                let near = page(self.cursor.saturating_sub(reach))..=page(self.cursor.saturating_add(reach));
                let missing = near.filter(|page| !self.pages.contains_key(page));
                missing.min_by_key(|page| page.abs_diff(here)).map(|page| (page, false))
            }
        }
    }

    /// Takes in the page that was asked for.
    pub fn keep(&mut self, asked: Asked, items: Vec<Item>, total: u32, now: Timestamp) {
        let here = self.cursor / u32::from(PAGE_ROWS);
        let another = self.total.is_none() || self.shown != asked.search;
        let moved = self.total != Some(total) || asked.anew;
        let follow = self.selected().filter(|_| moved && !another && asked.page == here).map(|item| item.sku);
        if another {
            self.cursor = 0;
        }
        if another || asked.anew {
            self.pages.clear();
        } else if moved {
            // Rows far away have moved by some places. Those on the screen stay, or two pages whose total
            // changes all the time would be asked for in turn for ever.
            self.pages.retain(|page, _| page.abs_diff(here) <= 1);
        }
        if let Some(at) = follow.and_then(|sku| items.iter().position(|item| item.sku == sku)) {
            let first = asked.page.saturating_mul(u32::from(PAGE_ROWS));
            self.cursor = first.saturating_add(u32::try_from(at).unwrap_or(0));
        }
        self.pages.insert(asked.page, items);
        self.total = Some(total);
        self.loaded_at = Some(now);
        self.shown = asked.search;
        self.cursor = self.cursor.min(total.saturating_sub(1));
        self.forget_far_pages();
    }

    fn forget_far_pages(&mut self) {
        let here = self.cursor / u32::from(PAGE_ROWS);
        while self.pages.len() > PAGES_KEPT {
            let farthest = self.pages.keys().copied().max_by_key(|page| page.abs_diff(here));
            farthest.map(|page| self.pages.remove(&page));
        }
    }

    /// Whether anything but the words and the category keeps products out of the list.
    pub fn is_filtered(&self) -> bool {
        self.wanted.in_stock || self.wanted.price != PriceRange::default()
    }

    /// Takes one step back to the whole catalogue: the words first, then the filters, then the order. Tells
    /// whether there was a step to take.
    pub fn clear_a_step(&mut self) -> bool {
        let wanted = &mut self.wanted;
        if !wanted.query.is_empty() {
            wanted.query.clear();
        } else if wanted.in_stock || wanted.price != PriceRange::default() {
            wanted.in_stock = false;
            wanted.price = PriceRange::default();
        } else if wanted.sort != Sort::Best {
            wanted.sort = Sort::Best;
        } else {
            return false;
        }
        true
    }
}
