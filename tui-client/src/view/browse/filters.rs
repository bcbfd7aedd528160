//! What narrows the list besides words: told in a line, and chosen in a form.

use kessai_shared::storefront::{PriceRange, Sort};
use ratatui::text::{Line, Span};

use crate::app::model::{FilterForm, FilterRow, Model};
use crate::view::{field, look::Look, sheet::Sheet, text};

/// Columns of the labels, so that what is chosen lines up.
const LABEL_COLUMNS: usize = 16;
/// Columns that a price is typed into.
const PRICE_COLUMNS: usize = 16;

/// Everything that is on, as words.
pub fn words(model: &Model, look: Look) -> Vec<String> {
    let (wanted, currency) = (&model.browse.wanted, model.currency());
    let mut words = Vec::new();
    if wanted.in_stock {
        words.push(look.say("filter-in-stock"));
    }
    match wanted.price {
        PriceRange { least: None, most: None } => {}
        PriceRange { least: Some(least), most: None } => {
            words.push(look.tell("filter-from", &[("price", (least, currency).into())]));
        }
        PriceRange { least: None, most: Some(most) } => {
            words.push(look.tell("filter-up-to", &[("price", (most, currency).into())]));
        }
        PriceRange { least: Some(least), most: Some(most) } => {
            let ends = [("least", (least, currency).into()), ("most", (most, currency).into())];
            words.push(look.tell("filter-between", &ends));
        }
    }
    if wanted.sort != Sort::Best {
        words.push(look.say(sort_text_id(wanted.sort)));
    }
    words
}

pub fn draw(model: &Model, form: &FilterForm, look: Look, sheet: &mut Sheet<'_>) {
    for row in FilterRow::ALL {
        draw_row(model, form, row, look, sheet);
    }
    if !form.is_sound(model.currency()) {
        sheet.say(&format!("! {}", look.say("filters-bad-price")), look.careful());
    }
    sheet.gap();
}

fn draw_row(model: &Model, form: &FilterForm, row: FilterRow, look: Look, sheet: &mut Sheet<'_>) {
    let (here, wanted) = (row == form.row, &model.browse.wanted);
    let label = look.say(match row {
        FilterRow::InStock => "filters-in-stock",
        FilterRow::Least => "filters-least",
        FilterRow::Most => "filters-most",
        FilterRow::Sort => "filters-sort",
    });
    let sign = if here { look.signs.chosen } else { " " };
    let start = format!(" {sign} {}", text::left(&label, LABEL_COLUMNS));
    let wheel = |words: String| format!("{} {words} {}", look.signs.before, look.signs.after);
    let value = match row {
        FilterRow::InStock if wanted.in_stock => wheel(look.say("filters-yes")),
        FilterRow::InStock => wheel(look.say("filters-no")),
        FilterRow::Sort => wheel(look.say(sort_text_id(wanted.sort))),
        FilterRow::Least | FilterRow::Most => {
            let typed = if row == FilterRow::Least { &form.least } else { &form.most };
            let code = model.currency().code();
            let (line, cursor) = field::shown(typed, PRICE_COLUMNS);
            if here {
                sheet.cursor(text::width(&start) + 1 + text::width(code) + 1 + cursor);
            }
            let any = typed.is_empty() && !here;
            format!("{code} {}", if any { look.say("filters-any") } else { line })
        }
    };
    let style = if here { look.strong() } else { look.plain() };
    sheet.put(&Line::from(vec![Span::raw(start), Span::raw(" "), Span::styled(value, style)]));
}

/// The id of what an order is called.
pub fn sort_text_id(sort: Sort) -> &'static str {
    match sort {
        Sort::Best => "sort-best",
        Sort::Name => "sort-name",
        Sort::PriceUp => "sort-price-up",
        Sort::PriceDown => "sort-price-down",
        Sort::Stock => "sort-stock",
    }
}
