//! What a search comes to in one shop.

use std::ops::Range;

use kessai_shared::money::Minor;
use kessai_shared::storefront::{MAX_QUERY_BYTES, PriceRange, Search, Sort};

use super::entries::Entries;
use super::fold::fold;

/// Words of fewer letters must stand in a text as they are: with others between them, nearly every
/// product has any two letters.
pub(super) const LOOSE_FROM: usize = 3;

/// A search as it is carried out. Two that find the same are equal as far as that can be seen at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Folded, and each only once.
    pub(super) words: Vec<Vec<char>>,
    /// The rows that are looked at: all of them, or those of a category.
    pub(super) rows: Range<u32>,
    pub(super) in_stock: bool,
    pub(super) price: PriceRange,
    pub(super) sort: Sort,
}

/// Most words that are looked for; what comes behind them narrows nothing any more.
const MOST_WORDS: usize = 8;

impl Wanted {
    /// `None` when nothing can be found: there is no such category, or no such price.
    pub fn of(search: &Search, entries: &Entries) -> Option<Self> {
        let rows = match &search.category {
            None => 0..entries.len(),
            Some(category) => entries.aisle(category)?,
        };
        let PriceRange { least, most } = search.price;
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return None;
        }
        let mut words: Vec<Vec<char>> = Vec::new();
        for word in start_of(&search.query).split_whitespace() {
            let word: Vec<char> = fold(word).collect();
            if !word.is_empty() && !words.contains(&word) && words.len() < MOST_WORDS {
                words.push(word);
            }
        }
        // Without words there is nothing to be best at, so it is the order of the catalogue.
        let price = PriceRange { least: least.filter(|least| *least > Minor::ZERO), most };
        Some(Self { words, rows, in_stock: search.in_stock, price, sort: search.sort })
    }

    /// Whether it is simply a part of the catalogue in its own order.
    pub(super) fn is_plain(&self) -> bool {
        self.words.is_empty() && !self.filters() && self.sort == Sort::Best
    }

    /// Whether what it finds changes with every piece that is sold.
    pub(super) fn goes_by_stock(&self) -> bool {
        self.in_stock || self.sort == Sort::Stock
    }

    /// Whether rows are left out for another reason than their words.
    pub(super) fn filters(&self) -> bool {
        self.in_stock || self.price != PriceRange::default()
    }

    /// Whether all that this finds is among what the `wider` one found: typing on narrows a search, and so
    /// does a filter.
    pub(super) fn narrows(&self, wider: &Wanted) -> bool {
        let rows = wider.rows.start <= self.rows.start && self.rows.end <= wider.rows.end;
        let price = wider.price == PriceRange::default() || wider.price == self.price;
        let words = wider.words.iter().all(|wide| self.words.iter().any(|word| implies(word, wide)));
        rows && price && !wider.in_stock && words
    }
}

/// What counts of a query.
fn start_of(query: &str) -> &str {
    let mut end = query.len().min(MAX_QUERY_BYTES);
    while !query.is_char_boundary(end) {
        end -= 1;
    }
    query.get(..end).unwrap_or_default()
}

/// Whether every text that has `word` also has `wide`.
fn implies(word: &[char], wide: &[char]) -> bool {
    word == wide || (wide.len() >= LOOSE_FROM && word.starts_with(wide))
}
