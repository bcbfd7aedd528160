//! One product: what it is, and how many of it. What it is passes through a window when it is long; how many
//! stays at the foot.

use kessai_shared::ids::Sku;
use kessai_shared::storefront::Item;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{look::Look, picture, sheet::Sheet, text};
use crate::app::keymap::Action;
use crate::app::model::{Model, Product};
use crate::app::pixels::Pixels;
use crate::app::update::shown_picture;

/// From this width on the picture stands beside the words.
const PICTURE_FROM_COLUMNS: u16 = 64;
/// From this height on there is a picture at all.
const PICTURE_FROM_ROWS: u16 = 14;
/// Columns that labels take, so that what belongs to them lines up.
const LABEL_COLUMNS: usize = 13;

pub fn draw(model: &Model, product: &Product, look: Look, sheet: &mut Sheet<'_>) {
    let area = sheet.rest();
    let foot = foot(model, product, look, usize::from(area.width));
    let rows = rows_above(area, &foot);
    let mut words = area;
    if let Some(((name, pixels), place)) = shown_picture(model, product.item.sku)
        .and_then(|picture| Some((picture, place(picture.1, Rect { height: rows, ..area })?)))
    {
        words.width = place.x - area.x;
        let (buf, drawn) = sheet.cells();
        picture::draw(name, pixels, place, look.theme, buf, drawn);
    }
    let told = lines(model, product, look, usize::from(words.width));
    let top = usize::from(product.top).min(told.len().saturating_sub(usize::from(rows)));
    let mut body = sheet.part(Rect { height: rows, ..words });
    for line in told.iter().skip(top).take(usize::from(rows)) {
        body.put(line);
    }
    let below = told.len().saturating_sub(top + usize::from(rows));
    let mut end = sheet.part(Rect { y: area.y + rows, height: area.height - rows, ..area });
    if below > 0 || top > 0 {
        end.say(&more(model, below, look), look.dim());
    } else {
        end.put(&Line::default());
    }
    for line in &foot {
        end.put(line);
    }
}

/// How many rows of what is told of a product do not fit the window.
pub fn overflow(model: &Model, product: &Product, look: Look, area: Rect) -> u16 {
    let rows = rows_above(area, &foot(model, product, look, usize::from(area.width)));
    let place = shown_picture(model, product.item.sku)
        .and_then(|(_, pixels)| place(pixels, Rect { height: rows, ..area }));
    let width = place.map_or(area.width, |place| place.x - area.x);
    let told = lines(model, product, look, usize::from(width)).len();
    u16::try_from(told.saturating_sub(usize::from(rows))).unwrap_or(u16::MAX)
}

/// How many can be bought, and how many there are: what others have reserved is not for sale.
pub fn stock_words(item: &Item, look: Look) -> String {
    let counts = [("available", item.available.into()), ("on-hand", item.on_hand.into())];
    match (item.available, item.on_hand) {
        (0, 0) => look.say("product-sold-out"),
        (0, _) => look.tell("product-all-reserved", &counts),
        (some, all) if some == all => look.tell("product-all-available", &counts),
        _some_reserved => look.tell("product-some-available", &counts),
    }
}

/// The description in lines, its paragraphs apart, or why there is none.
pub fn told(model: &Model, sku: Sku, look: Look, columns: usize) -> Vec<String> {
    let failed = model.details.failed.as_ref().filter(|(failed, _)| *failed == sku);
    let words = match (model.details.of(sku), failed) {
        (Some(known), _) if known.view.description.trim().is_empty() => look.say("product-no-description"),
        (Some(known), _) => return paragraphs(&known.view.description, columns),
        (None, Some((_, why))) => look.tell("product-problem", &[("why", why.clone().into())]),
        (None, None) => look.say("product-asking"),
    };
    text::wrap(&words, columns)
}

fn paragraphs(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.trim().lines() {
        let wrapped = text::wrap(paragraph, columns);
        match (wrapped.is_empty(), lines.last()) {
            (true, Some(last)) if !last.is_empty() => lines.push(String::new()),
            (true, _) => {}
            (false, _) => lines.extend(wrapped),
        }
    }
    lines
}

fn lines(model: &Model, product: &Product, look: Look, width: usize) -> Vec<Line<'static>> {
    let (item, columns) = (&product.item, width.saturating_sub(2));
    let said = |words: String, style: Style| Line::from(vec![Span::raw(" "), Span::styled(words, style)]);
    let mut lines: Vec<Line<'static>> = Vec::new();
    lines.extend(text::wrap(&item.name, columns).into_iter().map(|line| said(line, look.strong())));
    let mut field = |id: &str, value: String, style: Style| {
        let value = text::wrap(&value, columns.saturating_sub(LABEL_COLUMNS));
        for (at, line) in value.into_iter().enumerate() {
            let label = if at == 0 { look.say(id) } else { String::new() };
            let label = Span::styled(text::left(&label, LABEL_COLUMNS), look.dim());
            lines.push(Line::from(vec![Span::raw(" "), label, Span::styled(line, style)]));
        }
    };
    let stock = if item.available == 0 { look.careful() } else { look.plain() };
    field("product-price", item.unit_price.show(model.currency()), look.strong());
    field("product-stock", stock_words(item, look), stock);
    field("product-sku", item.sku.as_str().to_owned(), look.plain());
    if !item.category.is_empty() {
        field("product-category", item.category.clone(), look.plain());
    }
    lines.push(Line::default());
    lines.extend(told(model, item.sku, look, columns).into_iter().map(|line| said(line, look.plain())));
    lines
}

/// How many, what they cost, and what there is to say about that.
fn foot(model: &Model, product: &Product, look: Look, width: usize) -> Vec<Line<'static>> {
    let (item, count) = (&product.item, product.quantity.get());
    let columns = width.saturating_sub(2);
    let (before, after) = (look.signs.before, look.signs.after);
    let sum = item.unit_price.times(count);
    let sum = sum.map_or_else(|| look.say("product-too-much"), |sum| sum.show(model.currency()));
    let label = Span::styled(format!("{} ", look.say("product-quantity")), look.dim());
    let chosen = format!("{before} {} {after}  {sum}", look.number(count));
    let room = columns.saturating_sub(text::width(&label.content));
    let mut lines =
        vec![Line::from(vec![Span::raw(" "), label, Span::styled(text::cut(&chosen, room), look.strong())])];
    let in_cart = model.cart.goods.iter().find(|goods| goods.item.sku == item.sku);
    if count > item.available {
        let short = match item.available {
            0 => look.say("product-none-left"),
            some => look.tell("product-short", &[("available", some.into())]),
        };
        let short = text::cut(&format!("! {short}"), columns);
        lines.push(Line::from(vec![Span::raw(" "), Span::styled(short, look.careful())]));
    } else if let Some(goods) = in_cart {
        let there = look.tell("product-in-cart", &[("count", goods.quantity.get().into())]);
        lines.push(Line::from(vec![Span::raw(" "), Span::styled(text::cut(&there, columns), look.dim())]));
    }
    lines
}

fn more(model: &Model, below: usize, look: Look) -> String {
    if below == 0 {
        return look.tell("product-more-above", &[("key", look.key(model, Action::PageUp).into())]);
    }
    let key = look.key(model, Action::PageDown).into();
    look.tell("product-more-below", &[("key", key), ("rows", below.into())])
}

// One row is kept between what is told and the foot: it tells whether there is more.
fn rows_above(area: Rect, foot: &[Line<'_>]) -> u16 {
    let foot = u16::try_from(foot.len() + 1).unwrap_or(u16::MAX);
    area.height.saturating_sub(foot)
}

/// Where the picture stands: at the right, in its own shape, at the top.
fn place(pixels: &Pixels, area: Rect) -> Option<Rect> {
    if area.width < PICTURE_FROM_COLUMNS || area.height < PICTURE_FROM_ROWS {
        return None;
    }
    let width = area.width * 2 / 5;
    let height = picture::rows(pixels, width, area.height);
    Some(Rect { x: area.right() - width - 1, y: area.y, width, height })
}
