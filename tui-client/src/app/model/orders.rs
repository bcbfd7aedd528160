//! The shopper's orders, newest first, and which of them are looked at.

use kessai_shared::storefront::OrderView;
use kessai_shared::time::Timestamp;

use super::standing::Group;
use crate::app::TextField;
use crate::app::event::Seq;
use crate::shop::Ending;
use crate::words::Message;

/// How many orders are kept for the list; older ones are not asked for.
pub const MAX_ORDERS: usize = 10_000;
/// Longest text that the orders are searched for, in bytes.
pub const MAX_FILTER_BYTES: usize = 100;

#[derive(Default)]
pub struct Orders {
    pub list: Vec<(OrderView, Ending)>,
    /// The places in `list` of those that the filter lets through.
    pub shown: Vec<usize>,
    /// A place in `shown`.
    pub cursor: usize,
    pub filter: Filter,
    pub asked: Option<Seq>,
    /// Whether the answer that is waited for begins the list anew. Until it is here the old one is shown.
    pub anew: bool,
    /// Whether the oldest order is on the list.
    pub complete: bool,
    pub problem: Option<Message>,
    /// When the newest of the list was told by the shop.
    pub loaded_at: Option<Timestamp>,
}

/// Which orders are looked at.
pub struct Filter {
    pub group: Group,
    /// Every word of it stands in the order's id or in the name of a product.
    pub text: TextField,
    /// Whether letters go into the text.
    pub typing: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self { group: Group::All, text: TextField::new(MAX_FILTER_BYTES), typing: false }
    }
}

impl Filter {
    pub fn lets_through(&self, view: &OrderView) -> bool {
        if !self.group.holds(view) {
            return false;
        }
        let text = self.text.text().to_lowercase();
        let mut words = text.split_whitespace().peekable();
        if words.peek().is_none() {
            return true;
        }
        let order = view.quote.quote.order.to_string();
        let skus = view.quote.quote.lines.iter().map(|line| line.sku.as_str().to_lowercase());
        let names: Vec<String> = view.names.iter().map(|name| name.to_lowercase()).chain(skus).collect();
        words.all(|word| order.contains(word) || names.iter().any(|name| name.contains(word)))
    }

    pub fn is_empty(&self) -> bool {
        self.group == Group::All && self.text.text().trim().is_empty()
    }
}

impl Orders {
    pub fn selected(&self) -> Option<&(OrderView, Ending)> {
        self.shown.get(self.cursor).and_then(|at| self.list.get(*at))
    }

    /// Puts older orders at the end.
    pub fn append(&mut self, older: Vec<(OrderView, Ending)>) {
        let from = self.list.len();
        self.list.extend(older);
        self.list.truncate(MAX_ORDERS);
        let through = (from..self.list.len()).filter(|at| self.filter.lets_through(&self.list[*at].0));
        self.shown.extend(through);
    }

    /// Begins the list anew. The cursor stays on its order where that is still there.
    pub fn replace(&mut self, newest: Vec<(OrderView, Ending)>, now: Timestamp) {
        let here = self.selected().map(|(view, _)| view.quote.quote.order);
        self.list.clear();
        self.shown.clear();
        self.append(newest);
        let found = self.shown.iter().position(|at| Some(self.list[*at].0.quote.quote.order) == here);
        self.cursor = found.unwrap_or(0);
        self.loaded_at = Some(now);
    }

    /// Puts what was just told about one order into the list.
    pub fn note(&mut self, view: &OrderView, ending: &Ending) {
        let order = view.quote.quote.order;
        if let Some(known) = self.list.iter_mut().find(|(known, _)| known.quote.quote.order == order) {
            *known = (view.clone(), ending.clone());
        }
    }

    /// Looks through the list again, after the filter changed.
    pub fn sift(&mut self) {
        self.shown = (0..self.list.len()).filter(|at| self.filter.lets_through(&self.list[*at].0)).collect();
        self.cursor = 0;
    }
}
