//! The shop by lines, for screen readers and simple terminals: what there is to say of the model, and what a
//! line that is typed does to it.
//!
//! Everything here is pure, as the views are. It is the same model under the same `update`; only instead of
//! cells it makes sentences, in reading order, one thing a line, and instead of keys it takes words. Which
//! words there are comes from the keymap, so that they cannot do anything else than the keys do.

mod around;
mod buying;
mod hear;
mod narrator;
mod orders;
mod outcome;
mod receipt;
mod shelves;
mod teller;
pub(crate) mod vocabulary;

pub use hear::{Heard, Step, event, hear};
pub use narrator::Narrator;
pub use teller::{Kind, Line, Place, Told};

use crate::app::keymap::Context;
use crate::app::model::{Model, Overlay, Screen, Size};
use crate::view::text;
use teller::Teller;

/// How many rows of a list are told at a time.
pub const WINDOW: usize = 9;
/// The window that the model believes to have: moving by a page then moves by what is told at a time. A page
/// is six rows less than a window.
pub const SIZE: Size = Size { columns: 80, rows: WINDOW as u16 + 6 };
/// Longest line that is taken in, in bytes. Longer than any field of any form.
pub const MAX_LINE_BYTES: usize = 1_024;

/// Everything there is to say at the moment.
pub fn told(model: &Model) -> Told {
    let mut teller = Teller::new(model);
    match model.overlay {
        Some(Overlay::Help { .. }) => around::help(&mut teller),
        Some(Overlay::Leave) => around::leave(&mut teller),
        Some(Overlay::Palette) => around::palette(&mut teller),
        None => screen(&mut teller),
    }
    around::said_aloud(&mut teller);
    around::what_can_be_said(&mut teller);
    teller.told()
}

/// Whether the next line that is typed holds what nobody beside the shopper should read.
pub fn is_secret(model: &Model) -> bool {
    model.context() == Context::Form && buying::asks_for_the_number(model)
}

/// What somebody else has put into words, made one line that moves no cursor.
pub fn one_line(words: &str) -> String {
    text::clean(&words.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn screen(teller: &mut Teller<'_>) {
    match &teller.model.screen {
        Screen::Browse => shelves::browse(teller),
        Screen::Product(product) => shelves::product(teller, product),
        Screen::Cart => buying::cart(teller),
        Screen::Checkout(checkout) => buying::checkout(teller, checkout),
        Screen::Outcome => outcome::tell(teller),
        Screen::Orders => orders::list(teller),
        Screen::Order(detail) => orders::one(teller, detail),
    }
}
