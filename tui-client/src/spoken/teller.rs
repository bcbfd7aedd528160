//! Collects what there is to say, line by line.

use std::ops::Range;

use super::WINDOW;
use crate::app::keymap::Context;
use crate::app::model::Model;
use crate::view::Look;
use crate::words::{Arg, Message};

/// Everything there is to say at one moment.
pub struct Told {
    pub place: Place,
    pub lines: Vec<Line>,
}

/// Where the shopper is. When it changes, everything is said; until then only what is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub context: Context,
    /// The one thing that this place is about, such as an order.
    pub about: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    pub kind: Kind,
}

/// When a line is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On arriving, and whenever it was not there before.
    News,
    /// On arriving and when asked only: it changes by itself, or is known once it was heard.
    Standing,
    /// A row of a list, which is also said again when it becomes the chosen one.
    Row { chosen: bool },
}

pub struct Teller<'a> {
    pub model: &'a Model,
    pub look: Look,
    about: String,
    lines: Vec<Line>,
}

impl<'a> Teller<'a> {
    pub fn new(model: &'a Model) -> Self {
        Self { model, look: Look::of(model).by_words(), about: String::new(), lines: Vec::new() }
    }

    /// Says which one thing this place is about.
    pub fn about(&mut self, what: impl ToString) {
        self.about = what.to_string();
    }

    /// Says what is news when it was not so before.
    pub fn say(&mut self, id: &str) {
        self.tell(id, &[]);
    }

    pub fn tell(&mut self, id: &str, args: &[(&'static str, Arg)]) {
        self.words(&self.look.tell(id, args));
    }

    /// Says words that are found already.
    pub fn words(&mut self, words: &str) {
        // That something is under way is heard from the words; three dots are for the eye.
        self.push(words.trim_end_matches('…'), Kind::News);
    }

    pub fn message(&mut self, message: &Message) {
        self.words(&self.look.message(message));
    }

    /// Says what need not be repeated when it changes.
    pub fn standing(&mut self, id: &str, args: &[(&'static str, Arg)]) {
        self.push(&self.look.tell(id, args), Kind::Standing);
    }

    /// As [`Teller::standing`], of words that are found already.
    pub fn standing_words(&mut self, words: &str) {
        self.push(words, Kind::Standing);
    }

    pub fn row(&mut self, words: &str, chosen: bool) {
        self.push(words, Kind::Row { chosen });
    }

    pub fn told(self) -> Told {
        Told { place: Place { context: self.model.context(), about: self.about }, lines: self.lines }
    }

    fn push(&mut self, words: &str, kind: Kind) {
        let text = super::one_line(words);
        if !text.is_empty() {
            self.lines.push(Line { text, kind });
        }
    }
}

/// Which rows of a list are told while the cursor is where it is: always the same ones together, so that
/// moving inside of them tells one row, and moving on tells all of the next.
pub fn window(cursor: usize, total: usize) -> Range<usize> {
    let from = cursor.min(total.saturating_sub(1)) / WINDOW * WINDOW;
    from..from.saturating_add(WINDOW).min(total)
}
