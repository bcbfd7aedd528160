//! The palette: looking for what can be done, and doing it.

use super::{act as do_action, browse, moved, page_step, quit_or_ask};
use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::{Model, Overlay, Screen};
use crate::app::palette::{self, Command, Palette};
use crate::app::text_field::Edit;
use crate::words::Message;

pub fn open(model: &mut Model) -> Vec<Effect> {
    model.palette = Palette::default();
    super::open(model, Overlay::Palette)
}

pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Next => match palette::found(model).get(model.palette.cursor) {
            Some(offer) => run(model, offer.command),
            None => Vec::new(),
        },
        Action::Back => {
            model.overlay = None;
            Vec::new()
        }
        Action::Confirm => quit_or_ask(model),
        moving => {
            let found = palette::found(model).len();
            let to = moved(moving, model.palette.cursor, found, page_step(model));
            model.palette.cursor = to.unwrap_or(model.palette.cursor);
            Vec::new()
        }
    }
}

pub fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.palette.typed.insert(text) {
        model.palette.cursor = 0;
    }
    Vec::new()
}

pub fn edited(model: &mut Model, edit: Edit) -> Vec<Effect> {
    if model.palette.typed.edit(edit) {
        model.palette.cursor = 0;
    }
    Vec::new()
}

fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    model.overlay = None;
    let context = model.context();
    match command {
        // The palette does not offer it; were it to, it would still not pay.
        Command::Do(Action::Pay) => return Vec::new(),
        Command::Do(action) => return do_action(model, context, action),
        Command::Shelves if model.may_wander() => return super::go(model, Screen::Browse),
        Command::Search if model.may_wander() => {
            model.screen = Screen::Browse;
            return browse::act(model, Action::Search);
        }
        Command::Shelves | Command::Search => return Vec::new(),
        Command::Theme(theme) => model.settings.theme = theme,
        Command::Language(lang) => model.settings.lang = lang,
        Command::Mouse(on) => model.settings.mouse = on,
        Command::Ascii(on) => model.settings.ascii = on,
        Command::Still(on) => model.settings.still = on,
    }
    if model.notice.is_none() {
        model.say(Message::new("setting-until-quit"));
    }
    Vec::new()
}
