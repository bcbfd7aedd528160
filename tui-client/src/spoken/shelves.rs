//! The shelves and one product.

use kessai_shared::storefront::Item;

use super::teller::{Teller, window};
use crate::app::keymap::Action;
use crate::app::model::{FilterForm, FilterRow, Product};
use crate::view::browse::filters as narrowed;
use crate::view::{Look, product as page};

/// So wide that what stands for a description that is not there is one line.
const MESSAGE_COLUMNS: usize = 500;

pub fn browse(teller: &mut Teller<'_>) {
    let browse = &teller.model.browse;
    match &teller.model.shop {
        Some(shop) => teller.words(&shop.name),
        None => teller.say("title-shop"),
    }
    if let Some(typed) = &browse.search {
        teller.say("plain-search-for-what");
        if !typed.is_empty() {
            teller.tell("plain-search-so-far", &[("text", typed.text().into())]);
        }
        return;
    }
    if let Some(form) = &browse.filters {
        return filters(teller, form);
    }
    let shop = teller.model.shop.as_ref();
    let category = shop.and_then(|shop| shop.categories.get(browse.tab.checked_sub(1)?));
    match category {
        Some(category) => teller.tell("plain-category", &[("name", category.name.as_str().into())]),
        None => teller.say("plain-all-categories"),
    }
    let query = &browse.wanted.query;
    if !query.is_empty() {
        teller.tell("plain-searched", &[("text", query.as_str().into())]);
    }
    for filter in narrowed::words(teller.model, teller.look) {
        teller.tell("plain-filter", &[("filter", filter.into())]);
    }
    match (&browse.problem, browse.total) {
        (Some(why), total) => {
            teller.tell("browse-problem", &[("why", why.clone().into())]);
            let refresh = teller.look.key(teller.model, Action::Refresh);
            teller.tell("browse-ask-again", &[("key", refresh.into())]);
            // What is here stays readable without a connection.
            if let Some(total) = total.filter(|total| *total > 0) {
                rows(teller, total);
            }
        }
        (None, None) => teller.say("plain-asking"),
        (None, Some(0)) => teller.say("plain-nothing-matches"),
        (None, Some(total)) => rows(teller, total),
    }
}

fn filters(teller: &mut Teller<'_>, form: &FilterForm) {
    teller.say("plain-filters");
    let (wanted, look) = (&teller.model.browse.wanted, teller.look);
    for (at, row) in FilterRow::ALL.into_iter().enumerate() {
        let typed = |text: &str| if text.is_empty() { look.say("filters-any") } else { text.to_owned() };
        let (label, value) = match row {
            FilterRow::InStock if wanted.in_stock => ("filters-in-stock", look.say("filters-yes")),
            FilterRow::InStock => ("filters-in-stock", look.say("filters-no")),
            FilterRow::Least => ("filters-least", typed(form.least.text())),
            FilterRow::Most => ("filters-most", typed(form.most.text())),
            FilterRow::Sort => ("filters-sort", look.say(narrowed::sort_text_id(wanted.sort))),
        };
        let args = [("row", (at + 1).into()), ("label", look.say(label).into()), ("value", value.into())];
        teller.row(&look.tell("plain-row-filter", &args), row == form.row);
    }
    if !form.is_sound(teller.model.currency()) {
        teller.say("filters-bad-price");
    }
    if matches!(form.row, FilterRow::Least | FilterRow::Most) {
        teller.say("plain-type-a-price");
    }
}

fn rows(teller: &mut Teller<'_>, total: u32) {
    teller.tell("count-products", &[("count", total.into())]);
    let browse = &teller.model.browse;
    let mut missing = false;
    for at in window(browse.cursor as usize, total as usize) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        match browse.item(at) {
            Some(item) => {
                let row = row(teller, at, total, item);
                teller.row(&row, at == browse.cursor);
            }
            None => missing = true,
        }
    }
    if missing {
        teller.say("plain-asking");
    }
}

fn row(teller: &Teller<'_>, at: u32, total: u32, item: &Item) -> String {
    let price = (item.unit_price, teller.model.currency());
    teller.look.tell(
        "plain-row-product",
        &[
            ("row", (at + 1).into()),
            ("total", total.into()),
            ("name", item.name.as_str().into()),
            ("price", price.into()),
            ("stock", available(teller.look, item.available).into()),
        ],
    )
}

pub fn product(teller: &mut Teller<'_>, product: &Product) {
    let (item, currency) = (&product.item, teller.model.currency());
    teller.about(item.sku);
    teller.words(&item.name);
    teller.tell("plain-price", &[("price", (item.unit_price, currency).into())]);
    teller.words(&page::stock_words(item, teller.look));
    teller.standing("plain-sku", &[("sku", item.sku.as_str().into())]);
    if !item.category.is_empty() {
        teller.standing("plain-category", &[("name", item.category.as_str().into())]);
    }
    match teller.model.details.of(item.sku) {
        // A paragraph is one line: whoever reads lines breaks them as he likes.
        Some(known) if !known.view.description.trim().is_empty() => {
            known.view.description.lines().for_each(|paragraph| teller.words(paragraph));
        }
        Some(_) | None => {
            let none = page::told(teller.model, item.sku, teller.look, MESSAGE_COLUMNS);
            none.iter().for_each(|words| teller.words(words));
        }
    }
    let count = product.quantity.get();
    teller.tell("plain-quantity", &[("count", count.into())]);
    match item.unit_price.times(count) {
        Some(sum) => teller.tell("plain-sum", &[("sum", (sum, currency).into())]),
        None => teller.say("plain-sum-too-much"),
    }
    if count > item.available {
        teller.tell("plain-only-left", &[("count", item.available.into())]);
    }
    let in_cart = teller.model.cart.goods.iter().find(|goods| goods.item.sku == item.sku);
    if let Some(goods) = in_cart {
        teller.tell("plain-in-cart", &[("count", goods.quantity.get().into())]);
    }
}

fn available(look: Look, count: u32) -> String {
    match count {
        0 => look.say("plain-sold-out"),
        some => look.tell("plain-available", &[("count", some.into())]),
    }
}
