//! The catalogue as far as it was looked at. Pages are kept near the cursor only, so that a
//! catalogue of any size takes the same little room.

use std::collections::BTreeMap;

use kessai_shared::storefront::Item;

use crate::app::effect::PAGE_ROWS;
use crate::app::event::Seq;

/// How many pages stay in memory around the cursor.
pub const PAGES_KEPT: usize = 6;

#[derive(Default)]
pub struct Browse {
    /// The search in force.
    pub query: String,
    /// The search being typed, while the field is open.
    pub search: Option<String>,
    /// The chosen tab: 0 is everything, then the shop's categories.
    pub tab: usize,
    /// How many products match; `None` before the first page is here.
    pub total: Option<u32>,
    pub cursor: u32,
    pages: BTreeMap<u32, Vec<Item>>,
    pub asked: Option<Asked>,
    pub problem: Option<String>,
}

/// The page that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub seq: Seq,
    pub page: u32,
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

    /// Forgets everything that was listed, because the list is about to be another one.
    pub fn start_over(&mut self) {
        self.pages.clear();
        self.total = None;
        self.cursor = 0;
        self.asked = None;
        self.problem = None;
    }

    /// The page that is missing within `reach` rows of the cursor, the cursor's own first.
    pub fn missing_page(&self, reach: u32) -> Option<u32> {
        let last = match self.total {
            None => return self.pages.is_empty().then_some(0),
            Some(0) => return None,
            Some(total) => total - 1,
        };
        let rows = [self.cursor, self.cursor.saturating_add(reach), self.cursor.saturating_sub(reach)];
        let pages = rows.map(|row| row.min(last) / u32::from(PAGE_ROWS));
        pages.into_iter().find(|page| !self.pages.contains_key(page))
    }

    pub fn keep(&mut self, page: u32, items: Vec<Item>, total: u32) {
        self.pages.insert(page, items);
        self.total = Some(total);
        self.cursor = self.cursor.min(total.saturating_sub(1));
        let here = self.cursor / u32::from(PAGE_ROWS);
        while self.pages.len() > PAGES_KEPT {
            let farthest = self.pages.keys().copied().max_by_key(|page| page.abs_diff(here));
            farthest.map(|page| self.pages.remove(&page));
        }
    }
}
