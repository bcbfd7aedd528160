//! What lies over a screen: its keys, the palette, and the question before something is changed.

use crate::dashboard::confirm::Confirm;
use crate::dashboard::keymap::{Action, Binding, Context};
use crate::dashboard::model::Model;
use crate::dashboard::palette::{Wish, found};
use crate::view::Look;
use crate::view::help::{Row, draw_keys};
use crate::view::palette::draw_offers;
use crate::view::sheet::Sheet;

/// The keys of the screen below.
pub fn draw(model: &Model, top: usize, look: Look, sheet: &mut Sheet<'_>) {
    let row = |(_, binding): (usize, &Binding)| {
        let keys: Vec<String> = binding.keys.iter().map(|key| key.label(look.ascii)).collect();
        Row { keys: Some(keys.join(" ")), text: look.say(binding.help) }
    };
    let rows: Vec<Row> = model.offered(model.context_below()).map(row).collect();
    draw_keys(&rows, top, look, sheet);
}

pub fn draw_palette(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let below = model.context_below();
    let key = |wish: Wish| match wish {
        Wish::Do(action) => model.keys().key(below, action),
        Wish::Set(_) => None,
    };
    let rows: Vec<_> = found(model).iter().map(|offer| (offer.text, key(offer.wish))).collect();
    draw_offers(&model.palette.field, &rows, model.palette.cursor, look, sheet);
}

/// What would be done, and how to answer.
pub fn draw_confirm(model: &Model, confirm: &Confirm, look: Look, sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.wrap(&look.message(&confirm.question), look.careful());
    sheet.gap();
    confirm.lines.iter().for_each(|line| sheet.wrap(&look.message(line), look.plain()));
    sheet.gap();
    let key = |action| {
        let key = model.keys().key(Context::Confirm, action);
        key.map(|key| key.label(look.ascii)).unwrap_or_default()
    };
    let (yes, no) = (key(Action::Confirm), key(Action::Back));
    sheet.wrap(&look.tell("dash-confirm-keys", &[("yes", yes.into()), ("no", no.into())]), look.strong());
}
