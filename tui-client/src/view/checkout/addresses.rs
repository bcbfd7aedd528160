//! Where the goods go: the book of addresses, and the form for one.

use ratatui::text::{Line, Span};

use crate::app::keymap::Action;
use crate::app::model::{AddressField, Checkout, Model};
use crate::view::field::shown;
use crate::view::list::{column, row, window};
use crate::view::{look::Look, sheet::Sheet, text};

const LABEL_COLUMNS: usize = 12;
/// Rows that the message below the form may take.
const MESSAGE_ROWS: usize = 2;

pub fn list(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    sheet.say(&look.say("addresses-which"), look.plain());
    let (book, delivery, width) = (&model.addresses, &checkout.delivery, sheet.columns());
    for at in window(delivery.row, book.entries().len() + 1, sheet.rows_left()) {
        let selected = at == delivery.row;
        let style = if selected { look.selected() } else { look.plain() };
        let line = match book.entries().get(at) {
            Some(entry) => {
                let name = format!("{}: {}", entry.label, entry.address.in_one_line());
                let mark = (book.default_at() == Some(at)).then(|| look.say("address-default"));
                let columns: Vec<_> = mark.map(|mark| column(text::width(&mark), mark)).into_iter().collect();
                row(width, selected, &name, &columns)
            }
            None => row(width, selected, &look.say("addresses-another"), &[]),
        };
        sheet.row(at, &line, style);
    }
}

pub fn form(checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    let form = &checkout.delivery.form;
    let rows = sheet.rows_left().saturating_sub(MESSAGE_ROWS);
    for at in window(form.field as usize, AddressField::ALL.len(), rows) {
        let field = AddressField::ALL[at];
        let here = field == form.field;
        let label = text::left(&look.say(field.label()), LABEL_COLUMNS);
        let sign = if here { look.signs.chosen } else { " " };
        let label = format!(" {sign} {label} ");
        let before = text::width(&label);
        let (line, cursor) = shown(form.line(field), sheet.columns().saturating_sub(before + 1));
        let style = if here { look.strong() } else { look.plain() };
        let mut spans = vec![Span::styled(label, style), Span::styled(line, look.strong())];
        if here {
            sheet.cursor(before + cursor);
        }
        if form.line(field).is_empty() {
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
        None => sheet.wrap(&look.say("address-is-private"), look.dim()),
    }
}

/// Where it goes, on one line.
pub fn chosen(model: &Model, checkout: &Checkout, look: Look, sheet: &mut Sheet<'_>) {
    let chosen = checkout.delivery.chosen.and_then(|at| model.addresses.entries().get(at));
    let label = look.say("label-deliver-to");
    // The label and the blanks around it.
    let room = sheet.text_columns().saturating_sub(LABEL_COLUMNS + 1);
    match chosen {
        Some(entry) => {
            let line = format!("{}: {}", entry.label, entry.address.in_one_line());
            sheet.field(&label, &text::cut(&line, room), look.plain());
        }
        None if sheet.is_roomy() => {
            let nowhere = look.naming("deliver-nowhere", model, &[("key", Action::Addresses)]);
            sheet.field(&label, &nowhere, look.dim());
        }
        None => {}
    }
}
