//! Checkout, step by step: the quote, the card, the confirmation.

use kessai_shared::receipt::{Quote, SignedQuote};
use ratatui::text::{Line, Span};

use super::list::{TOTAL_COLUMNS, column, money_columns, row, window};
use super::{sheet::Sheet, text, theme::Theme, words};
use crate::app::model::{Checkout, ChosenCard, Field, Model, Quoting, Step};

const QUANTITY_COLUMNS: usize = 9;
/// The mark of a card that pays only with a key of its holder.
const KEY: &str = "key";

pub fn draw(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    steps(checkout.step, theme, sheet);
    match checkout.step {
        Step::Review => review(model, checkout, theme, sheet),
        Step::Cards => cards(model, checkout, theme, sheet),
        Step::Form => form(checkout, theme, sheet),
        Step::Confirm => confirm(model, checkout, theme, sheet),
        Step::Paying { since, .. } => {
            paying(model, checkout, model.now.0.saturating_sub(since.0) / 1_000_000, theme, sheet);
        }
    }
}

fn steps(step: Step, theme: Theme, sheet: &mut Sheet<'_>) {
    let at = match step {
        Step::Review => 0,
        Step::Cards | Step::Form => 1,
        Step::Confirm | Step::Paying { .. } => 2,
    };
    let mut spans = vec![Span::raw(" ")];
    for (number, name) in ["1 Price", "2 Card", "3 Confirm"].into_iter().enumerate() {
        if number > 0 {
            spans.push(Span::styled(" › ", theme.dim()));
        }
        if number == at {
            spans.push(Span::styled(format!("[{name}]"), theme.strong()));
        } else {
            spans.push(Span::styled(name, theme.dim()));
        }
    }
    sheet.put(&Line::from(spans));
    sheet.gap();
}

fn review(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    order_id(checkout, theme, sheet);
    match &checkout.quoting {
        Quoting::Opening(_) => sheet.say("Opening the order…", theme.dim()),
        Quoting::Asked(_) => sheet.say("Asking the shop for its price…", theme.dim()),
        Quoting::Failed => {
            sheet.gap();
            sheet.wrap(checkout.problem.as_deref().unwrap_or("There is no price."), theme.careful());
            sheet.wrap("Nothing was paid. Enter asks again; Esc goes back.", theme.plain());
        }
        Quoting::Ready(quote) => {
            deadline(model, quote, theme, sheet);
            if checkout.live_quote(model.now).is_none() {
                sheet.wrap("Enter asks for a new price.", theme.careful());
            }
            sheet.gap();
            quoted_lines(checkout, &quote.quote, theme, sheet);
        }
    }
}

fn quoted_lines(checkout: &Checkout, quote: &Quote, theme: Theme, sheet: &mut Sheet<'_>) {
    let (width, money) = (sheet.columns(), money_columns(sheet.columns()));
    let head = [column(QUANTITY_COLUMNS, "Quantity"), column(money, "Sum")];
    sheet.put(&Line::styled(row(width, false, "Product", &head), theme.dim()));
    let rows = sheet.rows_left().saturating_sub(2);
    for at in window(checkout.top, quote.lines.len(), rows) {
        let line = &quote.lines[at];
        let name = checkout.goods.iter().find(|goods| goods.item.sku == line.sku);
        let name = name.map_or(line.sku.as_str(), |goods| goods.item.name.as_str());
        let sum = line.unit_price.times(line.quantity).map(|sum| sum.show(quote.currency));
        let quantity = words::grouped(u64::from(line.quantity));
        let columns = [column(QUANTITY_COLUMNS, quantity), column(money, sum.unwrap_or_default())];
        let selected = at == checkout.top;
        let style = if selected { theme.selected() } else { theme.plain() };
        sheet.bar(&row(width, selected, name, &columns), style);
    }
    sheet.rule(theme.dim());
    let total = column(TOTAL_COLUMNS, quote.total.show(quote.currency));
    sheet.put(&Line::styled(row(width, false, "Total", &[total]), theme.strong()));
}

fn cards(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    total(checkout, theme, sheet);
    sheet.say("Which card?", theme.plain());
    let width = sheet.columns();
    for at in window(checkout.row, model.cards.len() + 1, sheet.rows_left()) {
        let selected = at == checkout.row;
        let style = if selected { theme.selected() } else { theme.plain() };
        let line = match model.cards.get(at) {
            Some(card) => {
                let number = column(9, card.paying.card.number.masked());
                match card.paying.holder {
                    Some(_) => row(width, selected, &card.label, &[column(KEY.len(), KEY), number]),
                    None => row(width, selected, &card.label, &[number]),
                }
            }
            None => row(width, selected, "Another card…", &[]),
        };
        sheet.bar(&line, style);
    }
}

fn form(checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    total(checkout, theme, sheet);
    let form = &checkout.form;
    for field in Field::ALL {
        let here = field == form.field;
        let shown = form.shown(field);
        let label = text::left(field.label(), 12);
        let mut spans = vec![Span::styled(
            format!(" {} {label} ", if here { '▸' } else { ' ' }),
            if here { theme.strong() } else { theme.plain() },
        )];
        let room = sheet.text_columns().saturating_sub(17);
        spans.push(Span::styled(text::tail(&shown, room), theme.strong()));
        if here {
            spans.push(Span::styled("█", theme.plain()));
        }
        if shown.is_empty() {
            spans.push(Span::styled(format!(" {}", field.hint()), theme.dim()));
        }
        sheet.put(&Line::from(spans));
    }
    sheet.gap();
    match form.problem {
        Some(problem) => sheet.wrap(&format!("! {}: {problem}", form.field.label()), theme.careful()),
        None => sheet.wrap("The card is sealed for the card company; the shop never sees it.", theme.dim()),
    }
}

fn confirm(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    if let Some(problem) = &checkout.problem {
        sheet.wrap(&format!("! {problem}"), theme.careful());
    }
    what_is_paid(model, checkout, theme, sheet);
    sheet.gap();
    match checkout.live_quote(model.now) {
        Some(_) => sheet.wrap("Press p to pay. Enter does nothing here.", theme.strong()),
        None => {
            sheet.wrap("This price has run out. p asks for a new one, and pays nothing.", theme.careful())
        }
    }
    under_which(model, checkout, theme, sheet);
}

fn paying(model: &Model, checkout: &Checkout, seconds: u64, theme: Theme, sheet: &mut Sheet<'_>) {
    what_is_paid(model, checkout, theme, sheet);
    sheet.gap();
    sheet.wrap(&format!("Paying… {seconds} s. No key pays again."), theme.strong());
    under_which(model, checkout, theme, sheet);
}

fn what_is_paid(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    total(checkout, theme, sheet);
    if sheet.is_roomy() {
        let shop = model.shop.as_ref().map_or("the shop", |shop| shop.name.as_str());
        sheet.field("To", &text::cut(shop, sheet.text_columns()), theme.plain());
    }
    let card = match &checkout.card {
        Some(ChosenCard::Listed(at)) => model.cards.get(*at).map(|listed| {
            let key = listed.paying.holder.as_ref().map_or(String::new(), |_| format!("  {KEY}"));
            let room = sheet.text_columns().saturating_sub(25 + key.len());
            let label = text::cut(&listed.label, room);
            format!("{label}  {}{key}", listed.paying.card.number.masked())
        }),
        Some(ChosenCard::Typed(card)) => Some(card.number.masked()),
        None => None,
    };
    sheet.field("With card", &card.unwrap_or_default(), theme.plain());
}

// Below the key that pays, so that in a small window that key is never what falls off.
fn under_which(model: &Model, checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    sheet.gap();
    order_id(checkout, theme, sheet);
    if let Some(quote) = checkout.quote() {
        deadline(model, quote, theme, sheet);
    }
}

fn total(checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    if let Some(signed) = checkout.quote() {
        sheet.field("Total", &signed.quote.total.show(signed.quote.currency), theme.strong());
    }
    sheet.gap();
}

fn order_id(checkout: &Checkout, theme: Theme, sheet: &mut Sheet<'_>) {
    if let Some(order) = checkout.order {
        sheet.order_id(&order.to_string(), theme.plain());
    }
}

fn deadline(model: &Model, signed: &SignedQuote, theme: Theme, sheet: &mut Sheet<'_>) {
    let until = signed.quote.deadline;
    match words::left_until(until, model.now) {
        Some(left) => {
            let clock = until.to_string();
            let clock = clock.split(' ').nth(1).unwrap_or_default();
            let clock = if sheet.is_roomy() { format!("  (to {clock} UTC)") } else { String::new() };
            sheet.field("Price holds", &format!("{left}{clock}"), theme.plain());
        }
        None => sheet.field("Price holds", "no longer: it has run out", theme.careful()),
    }
}
