//! How everything is shown: in which colours, words and signs. One value that every drawing takes.

use kessai_shared::money::grouped;
use kessai_shared::time::Timestamp;
use ratatui::style::Style;

use super::theme::Theme;
use crate::app::Settings;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::spoken::vocabulary;
use crate::words::{Arg, Lang, Message, Words};

#[derive(Clone, Copy)]
pub struct Look {
    pub theme: Theme,
    /// Signs of ASCII only.
    pub ascii: bool,
    pub words: &'static Words,
    pub signs: &'static Signs,
    /// Nothing moves by itself.
    pub still: bool,
    /// The shop is told by lines, so that texts name words to type where they name keys on a screen.
    pub by_words: bool,
}

/// The few characters that are not words.
#[derive(Debug, PartialEq, Eq)]
pub struct Signs {
    pub rule: &'static str,
    pub chosen: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub good: &'static str,
    pub bad: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    pub dot: &'static str,
    pub more: &'static str,
}

const UNICODE: Signs = Signs {
    rule: "─",
    chosen: "▸",
    up: "●",
    down: "○",
    good: "✓",
    bad: "✗",
    before: "‹",
    after: "›",
    dot: "·",
    more: "…",
};

const ASCII: Signs = Signs {
    rule: "-",
    chosen: ">",
    up: "*",
    down: "o",
    good: "+",
    bad: "x",
    before: "<",
    after: ">",
    dot: "-",
    more: "~",
};

/// A time that changes seldom, for those whom what changes all the time keeps from reading: to ten seconds
/// within a minute, to a minute above that.
fn calm(seconds: u64) -> u64 {
    let step = if seconds <= 60 { 10 } else { 60 };
    seconds.next_multiple_of(step)
}

impl Look {
    pub fn of(model: &Model) -> Self {
        Self::with(&model.settings)
    }

    pub fn with(settings: &Settings) -> Self {
        Self {
            theme: Theme::of(settings),
            ascii: settings.ascii,
            words: Words::of(settings.lang),
            signs: if settings.ascii { &ASCII } else { &UNICODE },
            still: settings.still,
            by_words: false,
        }
    }

    /// The same for the shop by lines.
    pub fn by_words(self) -> Self {
        Self { by_words: true, ascii: true, signs: &ASCII, ..self }
    }

    pub fn lang(self) -> Lang {
        self.words.lang()
    }

    /// The text with this id.
    pub fn say(self, id: &str) -> String {
        self.words.tell(id, &[])
    }

    /// The text with this id and these things in it.
    pub fn tell(self, id: &str, args: &[(&'static str, Arg)]) -> String {
        self.words.tell(id, args)
    }

    pub fn message(self, message: &Message) -> String {
        self.words.message(message)
    }

    /// What to call the key that does `action` where the shopper is, for texts that name it. Empty where no
    /// key does it.
    pub fn key(self, model: &Model, action: Action) -> String {
        if self.by_words {
            return vocabulary::name(self, model, action);
        }
        let key = model.settings.keys.key(model.context(), action);
        key.map(|key| key.label(self.ascii)).unwrap_or_default()
    }

    /// The text with this id, which names the keys of these actions.
    pub fn naming(self, id: &str, model: &Model, keys: &[(&'static str, Action)]) -> String {
        let keys = keys.iter().map(|(name, action)| (*name, self.key(model, *action).into()));
        self.tell(id, &keys.collect::<Vec<_>>())
    }

    /// How long from `now` to `then`, or `None` when that is past.
    pub fn left_until(self, then: Timestamp, now: Timestamp) -> Option<String> {
        let seconds = then.0.checked_sub(now.0).filter(|left| *left > 0)?.div_ceil(1_000_000);
        Some(self.span(if self.still { calm(seconds) } else { seconds }))
    }

    /// About how long so many seconds are, in one unit: for what is old, where seconds do not matter.
    pub fn rough(self, seconds: u64) -> String {
        let (id, count) = match seconds {
            0..60 if self.still => ("rough-seconds", calm(seconds)),
            0..60 => ("rough-seconds", seconds),
            60..3_600 => ("rough-minutes", seconds / 60),
            3_600..172_800 => ("rough-hours", seconds / 3_600),
            _days => ("rough-days", seconds / 86_400),
        };
        self.tell(id, &[("count", count.into())])
    }

    /// A span of so many seconds, in its two largest units.
    pub fn span(self, seconds: u64) -> String {
        let two = |count: u64| Arg::Text(format!("{count:02}"));
        match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => self.tell("span-seconds", &[("seconds", s.into())]),
            (0, m, s) => self.tell("span-minutes", &[("minutes", m.into()), ("seconds", two(s))]),
            (h, m, _) => self.tell("span-hours", &[("hours", h.into()), ("minutes", two(m))]),
        }
    }

    /// A number with its digits in groups.
    pub fn number(self, count: u32) -> String {
        grouped(u64::from(count))
    }

    pub fn plain(self) -> Style {
        self.theme.plain()
    }

    pub fn dim(self) -> Style {
        self.theme.dim()
    }

    pub fn strong(self) -> Style {
        self.theme.strong()
    }

    /// Headings and keys.
    pub fn accent(self) -> Style {
        self.theme.accent()
    }

    pub fn bar(self) -> Style {
        self.theme.bar()
    }

    pub fn line(self) -> Style {
        self.theme.line()
    }

    pub fn selected(self) -> Style {
        self.theme.selected()
    }

    pub fn good(self) -> Style {
        self.theme.good()
    }

    pub fn bad(self) -> Style {
        self.theme.bad()
    }

    pub fn careful(self) -> Style {
        self.theme.careful()
    }
}
