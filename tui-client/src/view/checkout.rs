//! Checkout, step by step: the quote, the address, the card, the confirmation, the payment.

mod addresses;
pub(crate) mod legs;

use kessai_shared::card::Particulars;
use kessai_shared::money::grouped;
use kessai_shared::receipt::{Quote, SignedQuote};
use kessai_shared::time::Timestamp;
use ratatui::text::{Line, Span};

use super::list::{TOTAL_COLUMNS, column, money_columns, row, window};
use super::{look::Look, sheet::Sheet, text};
use crate::app::keymap::Action;
use crate::app::model::{Checkout, ChosenCard, Field, Model, Quoting, Step};
use crate::cards::LabelledCard;

const QUANTITY_COLUMNS: usize = 9;
/// So many months before a card runs out it is said that it will.
const SOON_MONTHS: u32 = 1;

pub fn draw(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    steps(checkout.step, look, sheet);
    match checkout.step {
        Step::Review => review(model, checkout, look, sheet),
        Step::Addresses => addresses::list(model, checkout, look, sheet),
        Step::AddressForm => addresses::form(checkout, look, sheet),
        Step::Cards => cards(model, checkout, look, sheet),
        Step::Form => form(checkout, look, sheet),
        Step::Confirm => confirm(model, checkout, look, sheet),
        Step::Paying { .. } => paying(model, checkout, look, sheet),
    }
}

fn steps(step: Step, look: Look, sheet: &mut Sheet<'_>) {
    let at = match step {
        Step::Review | Step::Addresses | Step::AddressForm => 0,
        Step::Cards | Step::Form => 1,
        Step::Confirm | Step::Paying { .. } => 2,
    };
    let mut spans = vec![Span::raw(" ")];
    for (number, id) in ["step-price", "step-card", "step-confirm"].into_iter().enumerate() {
        if number > 0 {
            spans.push(Span::styled(format!(" {} ", look.signs.after), look.dim()));
        }
        let name = look.say(id);
        if number == at {
            spans.push(Span::styled(format!("[{name}]"), look.strong()));
        } else {
            spans.push(Span::styled(name, look.dim()));
        }
    }
    sheet.put(&Line::from(spans));
    sheet.gap();
}

fn review(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    if checkout.short() > 0 {
        let back = look.key(model, Action::Back);
        let short = look.tell("review-short", &[("count", checkout.short().into()), ("key", back.into())]);
        sheet.wrap(&format!("! {short}"), look.careful());
    }
    order_id(checkout, look, sheet);
    match &checkout.quoting {
        Quoting::Opening(_) => sheet.say(&look.say("review-opening"), look.dim()),
        Quoting::Asked(_) => sheet.say(&look.say("review-asking"), look.dim()),
        Quoting::Failed => {
            sheet.gap();
            let why = checkout.problem.as_ref();
            let why = why.map_or_else(|| look.say("review-no-price"), |why| look.message(why));
            sheet.wrap(&why, look.careful());
            sheet.wrap(
                &look.naming("review-nothing-paid", model, &[("next", Action::Next), ("back", Action::Back)]),
                look.plain(),
            );
        }
        Quoting::Ready(quote) => {
            deadline(model, quote, look, sheet);
            if checkout.live_quote(model.now).is_none() {
                sheet.wrap(&look.naming("review-ask-new", model, &[("key", Action::Next)]), look.careful());
            }
            addresses::chosen(model, checkout, look, sheet);
            sheet.gap();
            quoted_lines(checkout, &quote.quote, look, sheet);
        }
    }
}

fn quoted_lines(checkout: &Checkout, quote: &Quote, look: Look, sheet: &mut Sheet<'_>) {
    let (width, money) = (sheet.columns(), money_columns(sheet.columns()));
    let head = [column(QUANTITY_COLUMNS, look.say("head-quantity")), column(money, look.say("head-sum"))];
    sheet.put(&Line::styled(row(width, false, &look.say("head-product"), &head), look.dim()));
    let rows = sheet.rows_left().saturating_sub(2);
    for at in window(checkout.top, quote.lines.len(), rows) {
        let line = &quote.lines[at];
        let goods = checkout.goods.iter().find(|goods| goods.item.sku == line.sku);
        let name = match goods {
            Some(goods) if goods.is_short() => {
                let (left, name) = (goods.item.available, goods.item.name.as_str());
                look.tell("cart-only-left", &[("count", left.into()), ("name", name.into())])
            }
            Some(goods) => goods.item.name.clone(),
            None => line.sku.to_string(),
        };
        let sum = line.unit_price.times(line.quantity).map(|sum| sum.show(quote.currency));
        let quantity = grouped(u64::from(line.quantity));
        let columns = [column(QUANTITY_COLUMNS, quantity), column(money, sum.unwrap_or_default())];
        let selected = at == checkout.top;
        let style = if selected { look.selected() } else { look.plain() };
        sheet.row(at, &row(width, selected, &name, &columns), style);
    }
    sheet.rule(look.dim());
    let total = column(TOTAL_COLUMNS, quote.total.show(quote.currency));
    sheet.put(&Line::styled(row(width, false, &look.say("head-total"), &[total]), look.strong()));
}

fn cards(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    total(checkout, look, sheet);
    sheet.say(&look.say("cards-which"), look.plain());
    let width = sheet.columns();
    for at in window(checkout.row, model.cards.len() + 1, sheet.rows_left()) {
        let selected = at == checkout.row;
        let style = if selected { look.selected() } else { look.plain() };
        let line = match model.cards.get(at) {
            Some(card) => card_row(model, card, look, (width, selected)),
            None => row(width, selected, &look.say("cards-another"), &[]),
        };
        sheet.row(at, &line, style);
    }
}

fn card_row(model: &Model, card: &LabelledCard, look: Look, (width, selected): (usize, bool)) -> String {
    let mut columns = Vec::new();
    if card.paying.holder.is_some() {
        let key = look.say("card-has-key");
        columns.push(column(text::width(&key), key));
    }
    columns.push(column(9, card.paying.card.number.masked()));
    let runs_out = match expiry(&card.paying.card, model.now) {
        // Where there is room a card tells its last month; that it is over, everywhere.
        Expiry::Good if width < 60 => None,
        Expiry::Good => Some(card.paying.card.expiry.to_string()),
        Expiry::Soon => {
            Some(look.tell("card-soon", &[("month", card.paying.card.expiry.to_string().into())]))
        }
        Expiry::Over => Some(look.say("card-expired")),
    };
    columns.extend(runs_out.map(|text| column(text::width(&text), text)));
    row(width, selected, &card.label, &columns)
}

enum Expiry {
    Good,
    Soon,
    Over,
}

/// A card is good to the end of the month that stands on it.
fn expiry(card: &Particulars, now: Timestamp) -> Expiry {
    let month = now.month();
    if card.expiry < month {
        Expiry::Over
    } else if card.expiry.months_since(month) <= SOON_MONTHS {
        Expiry::Soon
    } else {
        Expiry::Good
    }
}

fn form(checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    total(checkout, look, sheet);
    let form = &checkout.form;
    for field in Field::ALL {
        let here = field == form.field;
        let shown = form.shown(field);
        let label = text::left(&look.say(field.label()), 12);
        let mut spans = vec![Span::styled(
            format!(" {} {label} ", if here { look.signs.chosen } else { " " }),
            if here { look.strong() } else { look.plain() },
        )];
        let room = sheet.text_columns().saturating_sub(17);
        spans.push(Span::styled(text::tail(&shown, room), look.strong()));
        if here {
            sheet.cursor(spans.iter().map(|span| text::width(&span.content)).sum());
        }
        if shown.is_empty() {
            spans.push(Span::styled(format!(" {}", look.say(field.hint())), look.dim()));
        }
        sheet.put(&Line::from(spans));
    }
    sheet.gap();
    match form.problem {
        Some(problem) => {
            let (field, problem) = (look.say(form.field.label()), look.say(problem));
            let wrong = look.tell("field-wrong", &[("field", field.into()), ("problem", problem.into())]);
            sheet.wrap(&format!("! {wrong}"), look.careful());
        }
        None => sheet.wrap(&look.say("card-is-sealed"), look.dim()),
    }
}

fn confirm(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    if let Some(problem) = &checkout.problem {
        sheet.wrap(&format!("! {}", look.message(problem)), look.careful());
    }
    what_is_paid(model, checkout, look, sheet);
    sheet.gap();
    match checkout.live_quote(model.now) {
        Some(_) => sheet.wrap(&look.naming("confirm-press", model, &[("key", Action::Pay)]), look.strong()),
        None => sheet.wrap(&look.naming("confirm-ran-out", model, &[("key", Action::Pay)]), look.careful()),
    }
    under_which(model, checkout, look, sheet);
}

fn paying(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    what_is_paid(model, checkout, look, sheet);
    sheet.gap();
    let seconds = model.now.0.saturating_sub(checkout.legs.since.0) / 1_000_000;
    let words = match look.still {
        true => look.say("paying-still"),
        false => look.tell("paying", &[("span", look.span(seconds).into())]),
    };
    sheet.wrap(&words, look.strong());
    legs::draw(&checkout.legs, true, look, sheet);
    if sheet.is_roomy() {
        under_which(model, checkout, look, sheet);
    }
}

fn what_is_paid(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    total(checkout, look, sheet);
    if sheet.is_roomy() {
        let shop = model.shop.as_ref().map_or_else(|| look.say("the-shop"), |shop| shop.name.clone());
        sheet.field(&look.say("label-to"), &text::cut(&shop, sheet.text_columns()), look.plain());
    }
    let (card, expiry) = match &checkout.card {
        Some(ChosenCard::Listed(at)) => match model.cards.get(*at) {
            Some(listed) => {
                let key = listed.paying.holder.as_ref().map(|_| format!("  {}", look.say("card-has-key")));
                let key = key.unwrap_or_default();
                let room = sheet.text_columns().saturating_sub(25 + text::width(&key));
                let label = text::cut(&listed.label, room);
                let shown = format!("{label}  {}{key}", listed.paying.card.number.masked());
                (shown, expiry(&listed.paying.card, model.now))
            }
            None => (String::new(), Expiry::Good),
        },
        Some(ChosenCard::Typed(card)) => (card.number.masked(), expiry(card, model.now)),
        None => (String::new(), Expiry::Good),
    };
    sheet.field(&look.say("label-with-card"), &card, look.plain());
    match expiry {
        Expiry::Good => {}
        Expiry::Soon => sheet.wrap(&look.say("confirm-card-soon"), look.dim()),
        Expiry::Over => sheet.wrap(&format!("! {}", look.say("confirm-card-expired")), look.careful()),
    }
    addresses::chosen(model, checkout, look, sheet);
}

// Below the key that pays, so that in a small window that key is never what falls off.
fn under_which(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    sheet.gap();
    order_id(checkout, look, sheet);
    if let Some(quote) = checkout.quote() {
        deadline(model, quote, look, sheet);
    }
}

fn total(checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    if let Some(signed) = checkout.quote() {
        let total = signed.quote.total.show(signed.quote.currency);
        sheet.field(&look.say("head-total"), &total, look.strong());
    }
    sheet.gap();
}

fn order_id(checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    if let Some(order) = checkout.order {
        sheet.order_id(&order.to_string(), look.plain());
    }
}

fn deadline(model: &Model, signed: &SignedQuote, look: Look, sheet: &mut Sheet<'_>) {
    let (until, label) = (signed.quote.deadline, look.say("label-price-holds"));
    let clock = legs::clock(until);
    match look.left_until(until, model.now) {
        Some(_) if look.still => {
            sheet.field(&label, &look.tell("until-clock", &[("clock", clock.into())]), look.plain());
        }
        Some(left) if sheet.is_roomy() => {
            let args = [("left", left.into()), ("clock", clock.into())];
            sheet.field(&label, &look.tell("left-until-clock", &args), look.plain());
        }
        Some(left) => sheet.field(&label, &left, look.plain()),
        None => sheet.field(&label, &look.say("price-ran-out"), look.careful()),
    }
}
