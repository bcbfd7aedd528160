//! The shelves: tabs, the search, and a window of the product list.

use kessai_shared::money::Currency;
use kessai_shared::storefront::Item;
use ratatui::text::{Line, Span};

use super::list::{Column, column, money_columns, row, window};
use super::{sheet::Sheet, text, theme::Theme, words};
use crate::app::model::{Browse, Model};

/// From this width on the SKU has a column of its own.
const SKU_COLUMNS_FROM: usize = 72;
const SKU_COLUMNS: usize = 16;
const STOCK_COLUMNS: usize = 9;

pub fn draw(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    tabs(model, theme, sheet);
    search(&model.browse, theme, sheet);
    let browse = &model.browse;
    match (&browse.problem, browse.total) {
        (Some(why), _) => {
            sheet.gap();
            sheet.wrap(&format!("The products cannot be listed: {why}"), theme.careful());
            sheet.wrap("R asks the shop again.", theme.plain());
        }
        (None, None) => sheet.say("Asking the shop…", theme.dim()),
        (None, Some(0)) => {
            sheet.gap();
            sheet.say("Nothing here matches.", theme.plain());
        }
        (None, Some(total)) => rows(model, total, theme, sheet),
    }
}

fn rows(model: &Model, total: u32, theme: Theme, sheet: &mut Sheet<'_>) {
    let (browse, width) = (&model.browse, sheet.columns());
    let head = row(width, false, "Product", &columns(width, "SKU", "In stock", "Price"));
    sheet.put(&Line::styled(head, theme.dim()));
    for at in window(browse.cursor as usize, total as usize, sheet.rows_left()) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let selected = at == browse.cursor;
        let line = match browse.item(at) {
            Some(item) => item_row(width, selected, item, model.currency()),
            None => row(width, selected, "…", &[]),
        };
        let sold_out = browse.item(at).is_some_and(|item| item.available == 0);
        let style = match (selected, sold_out) {
            (true, _) => theme.selected(),
            (false, true) => theme.dim(),
            (false, false) => theme.plain(),
        };
        sheet.bar(&line, style);
    }
}

fn item_row(width: usize, selected: bool, item: &Item, currency: Currency) -> String {
    let stock = match item.available {
        0 => "sold out".to_owned(),
        some => words::grouped(u64::from(some)),
    };
    let price = item.unit_price.show(currency);
    row(width, selected, &item.name, &columns(width, item.sku.as_str(), &stock, &price))
}

fn columns(width: usize, sku: &str, stock: &str, price: &str) -> Vec<Column> {
    let mut columns = vec![column(STOCK_COLUMNS, stock), column(money_columns(width), price)];
    if width >= SKU_COLUMNS_FROM {
        columns.insert(0, column(SKU_COLUMNS, text::left(sku, SKU_COLUMNS)));
    }
    columns
}

// The tabs scroll so that the chosen one is always seen; it stands in brackets, too, because a
// reversed word alone is lost on some terminals.
fn tabs(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    let categories = model.shop.as_ref().map_or(&[][..], |shop| shop.categories.as_slice());
    let names: Vec<String> = std::iter::once("All".to_owned())
        .chain(categories.iter().map(|name| text::cut(name, sheet.columns() / 2)))
        .collect();
    let room = sheet.text_columns();
    let size = |name: &String| text::width(name) + 3;
    let mut first = 0;
    while first < model.browse.tab && names[first..=model.browse.tab].iter().map(size).sum::<usize>() > room {
        first += 1;
    }
    let mut spans = vec![Span::raw(if first > 0 { "‹" } else { " " })];
    for (at, name) in names.iter().enumerate().skip(first) {
        if at == model.browse.tab {
            spans.push(Span::styled(format!("[{name}]"), theme.selected()));
        } else {
            spans.push(Span::raw(format!(" {name} ")));
        }
        spans.push(Span::raw(" "));
    }
    sheet.put(&Line::from(spans));
}

fn search(browse: &Browse, theme: Theme, sheet: &mut Sheet<'_>) {
    let found = browse.total.map(|total| words::count(u64::from(total), "product", "products"));
    let found = found.unwrap_or_default();
    let room = sheet.text_columns().saturating_sub(text::width(&found) + 2);
    let (line, style) = match (&browse.search, browse.query.as_str()) {
        (Some(typed), _) => {
            (format!("Search: {}█", text::tail(typed, room.saturating_sub(10))), theme.strong())
        }
        (None, "") => ("/ to search".to_owned(), theme.dim()),
        (None, query) => (format!("Search: {query}  (Esc clears)"), theme.plain()),
    };
    let spans =
        vec![Span::raw(" "), Span::styled(text::left(&line, room), style), Span::raw(format!("  {found}"))];
    sheet.put(&Line::from(spans));
    sheet.gap();
}
