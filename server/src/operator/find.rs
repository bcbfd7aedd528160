//! Orders and products, found by what an operator has typed of them so far.

use kessai_shared::ids::OrderId;
use kessai_shared::operator::print::word;
use kessai_shared::operator::seller::{MAX_WORDS_BYTES, OwedRow, Refusal, Reply};
use kessai_shared::operator::{MAX_LOOKED_AT, Page, rows};
use kessai_shared::storefront::{MAX_PAGE, PriceRange, Search, Sort};

use super::{Service, views};
use crate::catalogue::NoPage;
use crate::sales::{Books, Order, Work};

/// Most words of a search that count.
const MAX_WORDS: usize = 8;

impl Service {
    pub(super) fn find_orders(
        &self,
        words: &str,
        before: Option<OrderId>,
        limit: u16,
    ) -> Result<Reply, Refusal> {
        may_be_searched(words)?;
        let words = words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().take(MAX_WORDS).collect();
        let found = self.shop.shown.page(before, (rows(limit), MAX_LOOKED_AT), |order| {
            words.iter().all(|word| fits(order, word)).then(|| views::order_row(order))
        });
        Ok(Reply::Orders(found))
    }

    pub(super) async fn find_stock(&self, text: String, limit: u16) -> Result<Reply, Refusal> {
        may_be_searched(&text)?;
        let (price, sort) = (PriceRange::default(), Sort::default());
        let search = Search { query: text, category: None, in_stock: false, price, sort };
        let limit = limit.clamp(1, MAX_PAGE);
        let found = self.shop.catalogue.now().page(&search, (0, limit), &self.shop.reader).await;
        let found = found.map_err(|why| match why {
            NoPage::Busy => Refusal::TryLater,
            NoPage::Unreadable(why) => Refusal::NotAllowed(why.0),
        })?;
        let skus: Vec<_> = found.items.iter().map(|item| item.sku).collect();
        let look = move |books: &Books, _| {
            skus.iter().filter_map(|sku| books.product(sku)).map(views::stock_row).collect()
        };
        Ok(Reply::Stock(Page { rows: self.read(look).await?, next: None }))
    }

    /// The orders whose end waits for the settlement, the oldest first, and what is asked of it.
    pub(super) async fn owed(&self, after: Option<OrderId>, limit: u16) -> Result<Reply, Refusal> {
        let limit = rows(limit);
        let look = move |books: &Books, _| {
            let ids: Vec<OrderId> = books.open_orders_behind(after).take(limit + 1).collect();
            let row = |id: &OrderId| {
                let work = Work::next(books, *id)?.name().to_owned();
                Some(OwedRow { row: views::order_row(books.order(*id)?), work })
            };
            let next = ids.get(limit).and_then(|_| ids.get(limit - 1)).copied();
            Page { rows: ids.iter().take(limit).filter_map(row).collect(), next }
        };
        Ok(Reply::Owed(self.read(look).await?))
    }
}

fn may_be_searched(text: &str) -> Result<(), Refusal> {
    if text.len() <= MAX_WORDS_BYTES {
        return Ok(());
    }
    Err(Refusal::NotAllowed(format!("at most {MAX_WORDS_BYTES} bytes are searched for")))
}

/// Whether a word, in small letters, says something of an order.
fn fits(order: &Order, typed: &str) -> bool {
    let quote = &order.quote;
    let begins = |text: &str| {
        let mut letters = text.chars().flat_map(char::to_lowercase);
        typed.chars().all(|letter| letters.next() == Some(letter))
    };
    let states = [word(order.order), word(order.payment), word(order.fulfilment)];
    begins(&quote.order.to_string())
        || begins(quote.customer.as_str())
        || quote.lines.iter().any(|line| begins(line.sku.as_str()))
        || states.iter().any(|state| state == typed)
        || quote.total.to_string() == typed
        || quote.total.show(quote.currency).trim_start_matches(|c: char| !c.is_ascii_digit()) == typed
}
