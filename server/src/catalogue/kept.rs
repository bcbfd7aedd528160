//! What was found lately, so that the next page, another order and the next letter cost little. Those that
//! were not asked for longest are forgotten.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::wanted::Wanted;

/// Most searches that are kept.
const MAX_KEPT: usize = 64;
/// Most that their lists take together, in bytes. One that finds a million products takes four megabytes.
const MAX_KEPT_BYTES: usize = 32 << 20;
/// How long a list that goes by stock holds: pages of one list fit together, and what was sold meanwhile
/// is seen soon.
pub(super) const STOCK_HOLDS: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Kept {
    /// The one that was asked for last stands last.
    lists: Vec<List>,
    bytes: usize,
}

struct List {
    wanted: Wanted,
    rows: Arc<[u32]>,
    made: Instant,
}

impl Kept {
    pub fn get(&mut self, wanted: &Wanted, now: Instant) -> Option<Arc<[u32]>> {
        let at = self.lists.iter().position(|list| list.wanted == *wanted)?;
        let list = self.lists.remove(at);
        if wanted.goes_by_stock() && now.duration_since(list.made) >= STOCK_HOLDS {
            self.bytes -= bytes(&list.rows);
            return None;
        }
        let rows = Arc::clone(&list.rows);
        self.lists.push(list);
        Some(rows)
    }

    /// The shortest list that has everything which is wanted in it, and whether it is of the same words.
    pub fn wider(&self, wanted: &Wanted) -> Option<(Arc<[u32]>, bool)> {
        let wider = self.lists.iter().filter(|list| wanted.narrows(&list.wanted));
        let shortest = wider.min_by_key(|list| (list.rows.len(), list.wanted.words != wanted.words))?;
        Some((Arc::clone(&shortest.rows), shortest.wanted.words == wanted.words))
    }

    pub fn put(&mut self, wanted: Wanted, rows: Arc<[u32]>, made: Instant) {
        if let Some(at) = self.lists.iter().position(|list| list.wanted == wanted) {
            self.bytes -= bytes(&self.lists.remove(at).rows);
        }
        self.bytes += bytes(&rows);
        self.lists.push(List { wanted, rows, made });
        while self.lists.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
            self.bytes -= bytes(&self.lists.remove(0).rows);
        }
    }
}

fn bytes(rows: &[u32]) -> usize {
    size_of_val(rows)
}

#[cfg(test)]
mod tests {
    use kessai_shared::money::Minor;
    use kessai_shared::storefront::{PriceRange, Search, Sort};

    use super::*;
    use crate::catalogue::Entries;
    use crate::sales::{Product, Stock};
    use crate::stocks::Stocks;

    fn wanted(query: &str, change: impl FnOnce(&mut Search)) -> Wanted {
        let sku = kessai_shared::ids::Sku::new("A").expect("a SKU");
        let (name, category) = ("Mug".to_owned(), "Home".to_owned());
        let product = Product { sku, name, category, unit_price: Minor(1), stock: Stock::of(1) };
        let entries = Entries::of([&product].into_iter(), Arc::new(Stocks::among([&product].into_iter())));
        let mut search = Search { query: query.to_owned(), ..Search::default() };
        change(&mut search);
        Wanted::of(&search, &entries).expect("something to look for")
    }

    fn rows(count: u32) -> Arc<[u32]> {
        (0..count).collect()
    }

    #[test]
    fn a_list_that_goes_by_stock_holds_for_ten_seconds_and_others_for_as_long_as_there_is_room() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let by_stock = wanted("", |search| search.sort = Sort::Stock);
        let in_stock = wanted("mug", |search| search.in_stock = true);
        let by_name = wanted("mug", |search| search.sort = Sort::Name);
        let all = [by_stock.clone(), in_stock.clone(), by_name.clone()];
        all.iter().for_each(|wanted| kept.put(wanted.clone(), rows(3), now));
        let soon = now + STOCK_HOLDS - Duration::from_millis(1);
        assert!(all.iter().all(|wanted| kept.get(wanted, soon).is_some()));
        let later = now + STOCK_HOLDS;
        assert!(kept.get(&by_stock, later).is_none() && kept.get(&in_stock, later).is_none());
        assert!(kept.get(&by_name, later + Duration::from_secs(3_600)).is_some());
        assert_eq!(kept.bytes, 12, "what is forgotten takes no room");
    }

    #[test]
    fn the_ones_that_were_not_asked_for_longest_make_room() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let word = |nth: usize| wanted(&format!("w{nth}"), |_| {});
        (0..MAX_KEPT).for_each(|nth| kept.put(word(nth), rows(1), now));
        assert!(kept.get(&word(0), now).is_some());
        kept.put(word(MAX_KEPT), rows(1), now);
        assert!(kept.get(&word(0), now).is_some() && kept.get(&word(1), now).is_none());
        let large = rows(MAX_KEPT_BYTES as u32 / 4 / 3);
        (0..4).for_each(|nth| kept.put(word(100 + nth), Arc::clone(&large), now));
        assert!(kept.bytes <= MAX_KEPT_BYTES);
        assert_eq!((100..104).filter(|nth| kept.get(&word(*nth), now).is_some()).count(), 3);
        let same: usize = kept.lists.iter().map(|list| bytes(&list.rows)).sum();
        assert_eq!(kept.bytes, same);
    }

    #[test]
    fn only_a_list_that_has_everything_in_it_is_gone_on_from() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        kept.put(wanted("mug", |_| {}), rows(7), now);
        let known = |wanted: &Wanted| kept.wider(wanted).map(|(rows, same)| (rows.len(), same));
        assert_eq!(known(&wanted("mugs", |_| {})), Some((7, false)));
        assert_eq!(known(&wanted("red MUG", |_| {})), Some((7, false)));
        assert_eq!(known(&wanted("mug", |search| search.sort = Sort::Name)), Some((7, true)));
        assert_eq!(known(&wanted("mug", |search| search.in_stock = true)), Some((7, true)));
        assert_eq!(known(&wanted("mu", |_| {})), None);
        assert_eq!(known(&wanted("smug", |_| {})), None);
        // A word of two letters stands as it is, and one of three does not: neither has all of the other.
        kept.put(wanted("ja", |_| {}), rows(2), now);
        assert!(kept.wider(&wanted("jar", |_| {})).is_none());
        let price = PriceRange { least: None, most: Some(Minor(5)) };
        kept.put(wanted("pen", |search| search.price = price), rows(2), now);
        kept.put(wanted("ink", |search| search.in_stock = true), rows(2), now);
        for other in [wanted("pens", |_| {}), wanted("inks", |_| {})] {
            assert!(kept.wider(&other).is_none(), "{other:?}");
        }
        assert!(kept.wider(&wanted("pens", |search| search.price = price)).is_some());
    }
}
