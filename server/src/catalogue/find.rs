//! Going through the products of a shop: which of them a search finds, and in which order.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, Builder};

use kessai_shared::storefront::Sort;
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::bits::Bits;
use super::entries::Entries;
use super::fold::letters;
use super::wanted::{LOOSE_FROM, Wanted};

/// How many rows a thread takes at a time.
const CHUNK_ROWS: u32 = 8_192;
/// Fewer rows than this are gone through before threads for them would have started.
const THREADS_FROM: u32 = 2 * CHUNK_ROWS;
/// Most threads of one search.
const MAX_THREADS: usize = 4;
/// The stack of such a thread, in bytes: what it works on is on the heap.
const STACK_BYTES: usize = 256 * 1024;
/// How much these threads stand behind those that carry purchases, as `nice` counts it.
const NICENESS: i32 = 10;
/// A word that only the category has counts half of what it would count in the name.
const CATEGORY_SHARE: u32 = 2;

/// What was found before, and has all that is looked for in it.
pub struct Base<'a> {
    pub rows: &'a [u32],
    /// Whether the words are the same, so that each of these rows has them.
    pub same_words: bool,
}

/// A row with how well it fits.
type Hit = (u32, u32);

/// The rows that a search finds, in its order; ties are in the order of the catalogue.
pub fn find(entries: &Entries, wanted: &Wanted, base: Option<&Base<'_>>) -> Vec<u32> {
    let known = base.map(|base| Bits::of(entries.len(), base.rows));
    let scored = wanted.sort == Sort::Best || !base.is_some_and(|base| base.same_words);
    let words: Vec<Word> =
        if scored { wanted.words.iter().map(|word| Word::of(word)).collect() } else { Vec::new() };
    let look = Look { entries, wanted, words, known };
    let hits = if wanted.rows.len() < THREADS_FROM as usize {
        let mut hits = Vec::new();
        look.through(wanted.rows.clone(), &mut matcher(), &mut hits);
        hits
    } else {
        look.through_all()
    };
    in_order(entries, wanted.sort, hits)
}

struct Look<'a> {
    entries: &'a Entries,
    wanted: &'a Wanted,
    words: Vec<Word>,
    /// Only these rows, when it is known that no others can be found.
    known: Option<Bits>,
}

impl Look<'_> {
    /// Several threads take a chunk of rows each, until none is left.
    fn through_all(&self) -> Vec<Hit> {
        let next = AtomicU32::new(self.wanted.rows.start);
        let work = || {
            let (mut matcher, mut found) = (matcher(), Vec::new());
            loop {
                let begins = next.fetch_add(CHUNK_ROWS, Ordering::Relaxed);
                if begins >= self.wanted.rows.end {
                    return found;
                }
                let mut hits = Vec::new();
                let rows = begins..begins.saturating_add(CHUNK_ROWS).min(self.wanted.rows.end);
                self.through(rows, &mut matcher, &mut hits);
                found.push((begins, hits));
            }
        };
        let mut chunks = thread::scope(|scope| {
            let helper = |_| {
                let behind = || {
                    // Where that is not allowed, the scheduler's fairness has to do.
                    let _ = rustix::process::setpriority_process(None, NICENESS);
                    work()
                };
                Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, behind).ok()
            };
            let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
            let helpers: Vec<_> = (0..threads).filter_map(helper).collect();
            // Without any helper it is done here.
            let own = if helpers.is_empty() { work() } else { Vec::new() };
            let helped = helpers.into_iter().flat_map(|helper| match helper.join() {
                Ok(found) => found,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            helped.chain(own).collect::<Vec<_>>()
        });
        chunks.sort_unstable_by_key(|(begins, _)| *begins);
        chunks.into_iter().flat_map(|(_, hits)| hits).collect()
    }

    fn through(&self, rows: Range<u32>, matcher: &mut Matcher, hits: &mut Vec<Hit>) {
        for aisle in &self.entries.aisles {
            let rows = rows.start.max(aisle.rows.start)..rows.end.min(aisle.rows.end);
            if rows.is_empty() {
                continue;
            }
            let words: Vec<(&Word, Option<u32>)> =
                self.words.iter().map(|word| (word, word.in_category(&aisle.text, matcher))).collect();
            hits.extend(rows.filter_map(|row| Some((self.score(row, &words, matcher)?, row))));
        }
    }

    /// How well a row fits; `None` when it does not.
    fn score(&self, row: u32, words: &[(&Word, Option<u32>)], matcher: &mut Matcher) -> Option<u32> {
        if self.known.as_ref().is_some_and(|known| !known.has(row)) {
            return None;
        }
        let at = row as usize;
        if self.wanted.filters() {
            let priced = self.entries.prices.get(at).is_some_and(|price| self.wanted.price.holds(*price));
            if !priced || (self.wanted.in_stock && self.entries.available(row) == 0) {
                return None;
            }
        }
        let mut score = 0;
        for (word, in_category) in words {
            let in_name = self.entries.names.has(at, word.letters).then(|| {
                let name = self.entries.names.get(at);
                word.within(name, matcher)
            });
            let in_name = in_name.flatten();
            // A short word that the name has is seldom meant to be a part of a SKU.
            let by_sku = in_name.is_none() || word.is_loose();
            let in_sku = (by_sku && self.entries.skus.has(at, word.letters)).then(|| {
                let sku = self.entries.skus.get(at);
                word.within(sku, matcher)
            });
            score += in_name.max(in_sku.flatten()).max(*in_category)?;
        }
        Some(score)
    }
}

/// A word of a query, as the matcher takes it.
struct Word {
    wide: Vec<char>,
    ascii: Option<Vec<u8>>,
    letters: u64,
}

impl Word {
    fn of(word: &[char]) -> Self {
        let is_ascii = word.iter().all(char::is_ascii);
        Self {
            wide: word.to_vec(),
            ascii: is_ascii.then(|| word.iter().map(|letter| *letter as u8).collect()),
            letters: letters(word.iter().copied()),
        }
    }

    fn is_loose(&self) -> bool {
        self.wide.len() >= LOOSE_FROM
    }

    fn text(&self) -> Utf32Str<'_> {
        match &self.ascii {
            Some(ascii) => Utf32Str::Ascii(ascii),
            None => Utf32Str::Unicode(&self.wide),
        }
    }

    fn within(&self, text: Utf32Str<'_>, matcher: &mut Matcher) -> Option<u32> {
        let score = if self.is_loose() {
            matcher.fuzzy_match(text, self.text())
        } else {
            self.as_it_is(text, matcher)
        };
        score.map(u32::from)
    }

    /// A category has the word as it is, or not: else a whole category would be found for a few letters.
    fn in_category(&self, category: &[char], matcher: &mut Matcher) -> Option<u32> {
        let text = Utf32Str::Unicode(category);
        self.as_it_is(text, matcher).map(|score| u32::from(score) / CATEGORY_SHARE)
    }

    /// The matcher overlooks a word at the very end of a text that is not ASCII (nucleo-matcher 0.3.1,
    /// github.com/helix-editor/nucleo/pull/104), so that is looked at by itself.
    fn as_it_is(&self, text: Utf32Str<'_>, matcher: &mut Matcher) -> Option<u16> {
        let found = matcher.substring_match(text, self.text());
        found.or_else(|| if text.is_ascii() { None } else { matcher.postfix_match(text, self.text()) })
    }
}

/// Everything it compares is folded already.
fn matcher() -> Matcher {
    let mut config = Config::DEFAULT;
    config.ignore_case = false;
    config.normalize = false;
    config.prefer_prefix = true;
    Matcher::new(config)
}

/// Puts what was found, which is in the order of the catalogue, into that of the search.
fn in_order(entries: &Entries, sort: Sort, hits: Vec<Hit>) -> Vec<u32> {
    let rows = || hits.iter().map(|(_, row)| *row);
    let among = |order: &[u32]| {
        let found = Bits::of_each(entries.len(), rows());
        order.iter().copied().filter(|row| found.has(*row)).collect()
    };
    match sort {
        Sort::Best => best_first(&hits),
        Sort::Name => among(&entries.by_name),
        Sort::PriceUp => among(&entries.by_price),
        Sort::PriceDown => {
            let price = |row: &u32| entries.prices.get(*row as usize);
            let cheapest: Vec<u32> = among(&entries.by_price);
            cheapest.chunk_by(|a, b| price(a) == price(b)).rev().flatten().copied().collect()
        }
        Sort::Stock => {
            // Read once each, because they change while they are sorted.
            let mut rows: Vec<(u32, u32)> = rows().map(|row| (!entries.available(row), row)).collect();
            rows.sort_unstable();
            rows.into_iter().map(|(_, row)| row).collect()
        }
    }
}

/// Counts how many have each score, and so knows where each begins.
fn best_first(hits: &[Hit]) -> Vec<u32> {
    let best = hits.iter().map(|(score, _)| *score).max().unwrap_or(0);
    let mut begins = vec![0_u32; best as usize + 2];
    let mut rows = vec![0; hits.len()];
    for (score, _) in hits {
        begins[(best - score) as usize + 1] += 1;
    }
    for at in 1..begins.len() {
        begins[at] += begins[at - 1];
    }
    for (score, row) in hits {
        let place = &mut begins[(best - score) as usize];
        rows[*place as usize] = *row;
        *place += 1;
    }
    rows
}
