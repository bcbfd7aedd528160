//! Who remembers what was said, so that each thing is said once.

use super::teller::{Kind, Line, Place};
use super::told;
use crate::app::Model;
use crate::view::Look;

/// Remembers the place and the lines of it that were said last: never more than one screen of them.
#[derive(Default)]
pub struct Narrator {
    place: Option<Place>,
    known: Vec<Line>,
}

impl Narrator {
    /// What is to be said now: all of a place that was just come to, else what is new there.
    pub fn news(&mut self, model: &Model) -> Vec<String> {
        let now = told(model);
        let arrived = self.place.as_ref() != Some(&now.place);
        let said = now.lines.iter().filter(|line| arrived || self.is_news(line));
        let said = said.map(|line| spoken(line, model)).collect();
        (self.place, self.known) = (Some(now.place), now.lines);
        said
    }

    /// Everything about the place, for whoever asks for it once more.
    pub fn everything(&mut self, model: &Model) -> Vec<String> {
        self.place = None;
        self.news(model)
    }

    /// What a line that was typed has changed. It is never answered with silence: not even when all it
    /// brought about is what was said already. `asking` says whether an answer of the shop is still to come.
    pub fn answer(&mut self, model: &Model, asking: bool) -> Vec<String> {
        let mut said = self.news(model);
        if said.is_empty() {
            let look = Look::of(model).by_words();
            let notice = model.notice.as_ref().map(|notice| look.message(&notice.message));
            let nothing = if asking { "plain-asking" } else { "plain-nothing-new" };
            said.push(super::one_line(&notice.unwrap_or_else(|| look.say(nothing))));
        }
        said
    }

    fn is_news(&self, line: &Line) -> bool {
        let before = self.known.iter().find(|known| known.text == line.text);
        match (line.kind, before.map(|known| known.kind)) {
            (Kind::Standing, _) => false,
            (Kind::News | Kind::Row { .. }, None) => true,
            (Kind::Row { chosen: true }, Some(Kind::Row { chosen })) => !chosen,
            (Kind::Row { chosen: true }, Some(Kind::News | Kind::Standing)) => true,
            (Kind::News | Kind::Row { chosen: false }, Some(_)) => false,
        }
    }
}

fn spoken(line: &Line, model: &Model) -> String {
    match line.kind {
        Kind::Row { chosen: true } => {
            Look::of(model).tell("plain-row-chosen", &[("row", line.text.as_str().into())])
        }
        Kind::Row { chosen: false } | Kind::News | Kind::Standing => line.text.clone(),
    }
}
