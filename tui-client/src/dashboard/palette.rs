//! The dashboard's palette: every screen, everything that can be done here, and every setting, found by a few
//! letters of what it is called. Nothing in it changes anything at a daemon without the question before it.

use super::event::Effect;
use super::keymap::{Action, Context};
use super::model::{Model, Overlay};
use super::page::moved;
use super::update;
use crate::app::palette::{self as shop, Command};
use crate::app::{Edit, TextField};
use crate::words::Message;

/// Longest text that is looked for, in bytes.
const MAX_BYTES: usize = 100;

pub struct Palette {
    pub field: TextField,
    pub cursor: usize,
}

impl Default for Palette {
    fn default() -> Self {
        Self { field: TextField::new(MAX_BYTES), cursor: 0 }
    }
}

impl Palette {
    pub fn typed(&mut self, text: &str) {
        self.field.insert(text);
        self.cursor = 0;
    }

    pub fn edited(&mut self, edit: Edit) {
        self.field.edit(edit);
        self.cursor = 0;
    }
}

/// What the palette can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Do(Action),
    Set(Command),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub wish: Wish,
    /// The id of what it is called.
    pub text: &'static str,
}

/// What is offered and fits what is typed, the best first.
pub fn found(model: &Model) -> Vec<Offer> {
    let offers = offers(model);
    let typed = model.palette.field.text().trim();
    shop::sorted(offers, typed, model.settings.lang, |offer| offer.text)
}

fn offers(model: &Model) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for (_, binding) in model.offered(model.context_below()) {
        let wish = Wish::Do(binding.action);
        let is_known = offers.iter().any(|offer| offer.wish == wish);
        if !is_known && !matches!(binding.action, Action::Palette | Action::Confirm) {
            offers.push(Offer { wish, text: binding.help });
        }
    }
    offers.extend(
        shop::settings(&model.settings)
            .into_iter()
            .map(|it| Offer { wish: Wish::Set(it.command), text: it.text }),
    );
    offers
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Next => return run(model),
        Action::Back => model.overlay = None,
        action => {
            let rows = usize::from(model.size.rows);
            let to = moved(action, model.palette.cursor, found(model).len(), rows);
            model.palette.cursor = to.unwrap_or(model.palette.cursor);
        }
    }
    Vec::new()
}

/// The first click chooses a row, and one on the chosen row runs it.
pub fn clicked(model: &mut Model, row: usize) -> Vec<Effect> {
    if row == model.palette.cursor {
        return run(model);
    }
    model.palette.cursor = row.min(found(model).len().saturating_sub(1));
    Vec::new()
}

fn run(model: &mut Model) -> Vec<Effect> {
    let Some(offer) = found(model).get(model.palette.cursor).copied() else { return Vec::new() };
    if model.overlay == Some(Overlay::Palette) {
        model.overlay = None;
    }
    match offer.wish {
        Wish::Do(action) if model.context() != Context::Palette => return update::act(model, action),
        Wish::Do(_) => {}
        Wish::Set(command) => set(model, command),
    }
    Vec::new()
}

fn set(model: &mut Model, command: Command) {
    let settings = &mut model.settings;
    match command {
        Command::Theme(theme) => settings.theme = theme,
        Command::Language(lang) => settings.lang = lang,
        Command::Mouse(on) => settings.mouse = on,
        Command::Ascii(on) => settings.ascii = on,
        Command::Still(on) => settings.still = on,
        Command::Do(_) | Command::Shelves | Command::Search => {}
    }
    model.say(Message::new("setting-until-quit"));
}
