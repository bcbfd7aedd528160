//! The palette: everything that can be done here and every setting that can be changed, found by a few
//! letters of what it is called.
//!
//! It cannot pay: what it offers is made here, and paying is not among it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::keymap::{Action, Context, Keymap};
use super::model::Model;
use super::settings::{Settings, ThemeName};
use super::text_field::TextField;
use crate::words::{Lang, Words};

/// Longest text that is looked for, in bytes.
const MAX_BYTES: usize = 100;

pub struct Palette {
    pub typed: TextField,
    pub cursor: usize,
}

impl Default for Palette {
    fn default() -> Self {
        Self { typed: TextField::new(MAX_BYTES), cursor: 0 }
    }
}

/// What the palette can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// What a key does here.
    Do(Action),
    Shelves,
    Search,
    Theme(ThemeName),
    Language(Lang),
    Mouse(bool),
    Ascii(bool),
    Still(bool),
}

/// Something that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub command: Command,
    /// The id of what it is called.
    pub text: &'static str,
}

/// What is offered and fits what is typed, the best first.
pub fn found(model: &Model) -> Vec<Offer> {
    sorted(offers(model), model.palette.typed.text().trim(), model.settings.lang, |offer| offer.text)
}

/// Those of some offers that fit what is typed, the best first; all of them when nothing is.
pub fn sorted<T>(offers: Vec<T>, typed: &str, lang: Lang, text: impl Fn(&T) -> &'static str) -> Vec<T> {
    if typed.is_empty() {
        return offers;
    }
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut scored: Vec<(u32, T)> = offers
        .into_iter()
        .filter_map(|offer| Some((score(lang, text(&offer), &pattern, &mut matcher)?, offer)))
        .collect();
    // The order in which things are offered decides between those that fit equally well.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, offer)| offer).collect()
}

/// How well an offer fits, by its words in the shopper's language or in English, which help names too.
fn score(lang: Lang, text: &str, pattern: &Pattern, matcher: &mut Matcher) -> Option<u32> {
    let mut best = None;
    for lang in [lang, Lang::English] {
        let mut letters = Vec::new();
        let text = Words::of(lang).tell(text, &[]);
        best = best.max(pattern.score(Utf32Str::new(&text, &mut letters), matcher));
    }
    best
}

fn offers(model: &Model) -> Vec<Offer> {
    let mut offers = actions(&model.settings.keys, model.context_below());
    let mut offer = |command, text| offers.push(Offer { command, text });
    if model.may_wander() {
        offer(Command::Shelves, "palette-shelves");
        offer(Command::Search, "palette-search");
    }
    offers.extend(settings(&model.settings));
    offers
}

/// Every setting that can be changed while the terminal is used, to what it is not.
pub fn settings(settings: &Settings) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut offer = |command, text| offers.push(Offer { command, text });
    for (theme, text) in THEMES {
        if theme != settings.theme {
            offer(Command::Theme(theme), text);
        }
    }
    for (lang, text) in [(Lang::English, "palette-english"), (Lang::Japanese, "palette-japanese")] {
        if lang != settings.lang {
            offer(Command::Language(lang), text);
        }
    }
    let switches = [
        (
            Command::Mouse(!settings.mouse),
            ["palette-mouse-off", "palette-mouse-on"][usize::from(!settings.mouse)],
        ),
        (
            Command::Ascii(!settings.ascii),
            ["palette-ascii-off", "palette-ascii-on"][usize::from(!settings.ascii)],
        ),
        (
            Command::Still(!settings.still),
            ["palette-still-off", "palette-still-on"][usize::from(!settings.still)],
        ),
    ];
    switches.into_iter().for_each(|(command, text)| offer(command, text));
    offers
}

/// The one that is called by others comes last, so that those are found first.
const THEMES: [(ThemeName, &str); 5] = [
    (ThemeName::Terminal, "palette-theme-terminal"),
    (ThemeName::Dark, "palette-theme-dark"),
    (ThemeName::Light, "palette-theme-light"),
    (ThemeName::Contrast, "palette-theme-contrast"),
    (ThemeName::Auto, "palette-theme-auto"),
];

/// What keys do below the palette, each action once. Paying is left out: it has a key of its own, and
/// nothing else pays.
fn actions(keys: &Keymap, context: Context) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    for binding in keys.bindings(context) {
        let command = Command::Do(binding.action);
        let offered = offers.iter().any(|offer| offer.command == command);
        if !offered && !matches!(binding.action, Action::Pay | Action::Palette) {
            offers.push(Offer { command, text: binding.help });
        }
    }
    offers
}
