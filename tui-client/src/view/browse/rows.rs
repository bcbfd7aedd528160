//! The rows of the list: a window of them, however many there are.

use kessai_shared::money::Currency;
use kessai_shared::storefront::Item;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::app::model::Model;
use crate::view::list::{money_columns, window};
use crate::view::marks::Marker;
use crate::view::{look::Look, sheet::Sheet, text};

/// From this width on the SKU has a column of its own.
const SKU_FROM_COLUMNS: usize = 72;
const SKU_COLUMNS: usize = 16;
const STOCK_COLUMNS: usize = 9;
/// Columns before the name: the sign of the selection between two spaces.
const SIGN_COLUMNS: usize = 3;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let (browse, width) = (&model.browse, sheet.columns());
    let total = browse.total.unwrap_or(0) as usize;
    let rows = window(browse.cursor as usize, total, sheet.rows_left().saturating_sub(1));
    let items = rows.clone().filter_map(|at| browse.item(u32::try_from(at).ok()?));
    let places = Places::of(width, items, model.currency(), look);
    let heads = ["browse-head-product", "browse-head-sku", "browse-head-stock", "browse-head-price"];
    let [product, sku, stock, price] = heads.map(|id| look.say(id));
    let head = places.line(" ", vec![Span::raw(product)], vec![Span::raw(sku)], &stock, &price);
    sheet.put(&Line::from(head).style(look.dim()));
    let mut marker = Marker::of(&browse.shown.query);
    for at in rows {
        let row = u32::try_from(at).unwrap_or(u32::MAX);
        let (item, selected) = (browse.item(row), row == browse.cursor);
        let sign = if selected { look.signs.chosen } else { " " };
        let spans = match item {
            Some(item) => places.item(sign, item, model.currency(), marker.as_mut(), look),
            None => places.line(sign, vec![Span::raw(look.signs.more)], Vec::new(), "", ""),
        };
        let style = match (selected, item.is_some_and(|item| item.available == 0)) {
            (true, _) => look.selected(),
            (false, true) => look.dim(),
            (false, false) => look.plain(),
        };
        sheet.row_of(at, spans, style);
    }
}

/// How many columns each part of a row has.
struct Places {
    name: usize,
    sku: usize,
    stock: usize,
    price: usize,
}

impl Places {
    /// Where there is room the places are the same for all rows; where there is little, the numbers take
    /// what those on the screen need, and leave the rest to the names.
    fn of<'a>(width: usize, items: impl Iterator<Item = &'a Item>, currency: Currency, look: Look) -> Self {
        let wide = width >= SKU_FROM_COLUMNS;
        let head = |id| text::width(&look.say(id));
        let (mut stock, mut price) = (head("browse-head-stock"), head("browse-head-price"));
        for item in items {
            stock = stock.max(text::width(&stock_words(item, look)));
            price = price.max(text::width(&item.unit_price.show(currency)));
        }
        let (sku, stock, price) = match wide {
            true => (SKU_COLUMNS + 2, STOCK_COLUMNS, price.max(money_columns(width))),
            false => (0, stock, price),
        };
        let taken = SIGN_COLUMNS + sku + 2 + stock + 2 + price + 1;
        Self { name: width.saturating_sub(taken), sku: sku.saturating_sub(2), stock, price }
    }

    fn item(
        &self,
        sign: &'static str,
        item: &Item,
        currency: Currency,
        mut marker: Option<&mut Marker>,
        look: Look,
    ) -> Vec<Span<'static>> {
        let name = marked(&text::cut(&item.name, self.name), marker.as_deref_mut());
        let sku = marked(&text::cut(item.sku.as_str(), self.sku), marker);
        self.line(sign, name, sku, &stock_words(item, look), &item.unit_price.show(currency))
    }

    /// One row: the sign of the selection, the name and the SKU at the left of their places, and the numbers
    /// at the right of theirs.
    fn line(
        &self,
        sign: &'static str,
        name: Vec<Span<'static>>,
        sku: Vec<Span<'static>>,
        stock: &str,
        price: &str,
    ) -> Vec<Span<'static>> {
        let mut line = vec![Span::raw(" "), Span::raw(sign), Span::raw(" ")];
        line.extend(filled(name, self.name));
        if self.sku > 0 {
            line.push(Span::raw("  "));
            line.extend(filled(sku, self.sku));
        }
        line.push(Span::raw(format!("  {}", text::right(stock, self.stock))));
        line.push(Span::raw(format!("  {} ", text::right(price, self.price))));
        line
    }
}

fn stock_words(item: &Item, look: Look) -> String {
    match item.available {
        0 => look.say("browse-sold-out"),
        some => look.number(some),
    }
}

fn filled(mut spans: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
    let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    spans.push(Span::raw(" ".repeat(columns.saturating_sub(used))));
    spans
}

/// The text with the letters that the search has found underlined, and bold for terminals that draw no
/// lines.
fn marked(text: &str, marker: Option<&mut Marker>) -> Vec<Span<'static>> {
    let Some(marker) = marker else { return vec![Span::raw(text.to_owned())] };
    let marks = marker.marks(text);
    let found = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let mut spans: Vec<(String, bool)> = Vec::new();
    for (c, marked) in text.chars().zip(marks) {
        match spans.last_mut() {
            // A combining mark is no letter of its own, and goes with the one before it.
            Some((run, same)) if *same == marked || text::width(c.encode_utf8(&mut [0; 4])) == 0 => {
                run.push(c)
            }
            _ => spans.push((c.to_string(), marked)),
        }
    }
    spans
        .into_iter()
        .map(|(run, marked)| if marked { Span::styled(run, found) } else { Span::raw(run) })
        .collect()
}
