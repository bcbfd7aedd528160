//! Which key does what on the dashboard, and where. The status bar and the help are made from the same table.

mod rules;

use std::borrow::Cow;

use crate::app::keymap::{BindingOf, KeymapOf};
use crate::app::{Edit, Key};

/// Where an operator is, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// One of the screens that go by themselves.
    Watching,
    /// The screen of the alarms, in which one is chosen.
    Alarms,
    /// A list that was opened, in which a row is chosen.
    List,
    /// One thing in full.
    Detail,
    /// A line that is typed.
    Field,
    /// The question before something is changed.
    Confirm,
    Palette,
    Help,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Opens what is chosen.
    Next,
    Back,
    /// The screen with this place from 0.
    Screen(u8),
    NextScreen,
    ScreenBefore,
    /// Stops what moves, and lets it go on.
    Freeze,
    /// Back and forth through the last hour.
    Earlier,
    Later,
    MuchEarlier,
    MuchLater,
    /// To the second that is now.
    Now,
    /// To the second in which an alarm went off.
    Moment,
    /// How many seconds one column is.
    Wider,
    Closer,
    Orders,
    /// To what is found by a few letters.
    Find,
    /// To every list there is.
    Drill,
    /// To what can be done about what is shown; not on a dashboard that only watches.
    Acts,
    Refresh,
    Help,
    Palette,
    Quit,
    /// Does what was asked about.
    Confirm,
}

/// A binding of the dashboard's, and all of them.
pub type Binding = BindingOf<Action>;
pub type Keymap = KeymapOf<Action>;

use Action as A;
use Context as C;
use Key as K;

const fn bind(
    contexts: &'static [Context],
    keys: &'static [Key],
    action: Action,
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding { contexts, keys: Cow::Borrowed(keys), action, word, help }
}

const GOING: &[Context] = &[C::Watching, C::Alarms];
const OPENED: &[Context] = &[C::List, C::Detail];
const LISTS: &[Context] = &[C::Watching, C::Alarms, C::List, C::Detail, C::Help];
const CALM: &[Context] = &[C::Watching, C::Alarms, C::List, C::Detail];

pub const BINDINGS: &[Binding] = &[
    bind(&[C::Confirm], &[K::Char('Y')], A::Confirm, "word-dash-do", "do-dash-confirm"),
    bind(
        &[C::Confirm],
        &[K::Esc, K::Char('n'), K::Char('N'), K::Enter],
        A::Back,
        "word-dash-no",
        "do-dash-nothing",
    ),
    bind(&[C::Help], &[K::Esc, K::Char('?'), K::Char('q')], A::Back, "word-close", "do-close"),
    bind(GOING, &[K::Char(' ')], A::Freeze, "word-dash-freeze", "do-dash-freeze"),
    bind(GOING, &[K::Left, K::Char('h')], A::Earlier, "word-dash-earlier", "do-dash-earlier"),
    bind(GOING, &[K::Right, K::Char('l')], A::Later, "", "do-dash-later"),
    bind(GOING, &[K::PageUp, K::Char('H')], A::MuchEarlier, "", "do-dash-much-earlier"),
    bind(GOING, &[K::PageDown, K::Char('L')], A::MuchLater, "", "do-dash-much-later"),
    bind(GOING, &[K::End, K::Esc], A::Now, "word-dash-now", "do-dash-now"),
    bind(&[C::Alarms], &[K::Enter], A::Moment, "word-dash-moment", "do-dash-moment"),
    bind(&[C::Watching], &[K::Char('a')], A::Moment, "", "do-dash-newest-alarm"),
    bind(GOING, &[K::Char('-')], A::Wider, "word-dash-span", "do-dash-wider"),
    bind(GOING, &[K::Char('+'), K::Char('=')], A::Closer, "", "do-dash-closer"),
    bind(GOING, &[K::Tab], A::NextScreen, "word-dash-screen", "do-dash-next-screen"),
    bind(GOING, &[K::BackTab], A::ScreenBefore, "", "do-dash-screen-before"),
    bind(GOING, &[K::Char('1')], A::Screen(0), "", "dash-overview"),
    bind(GOING, &[K::Char('2')], A::Screen(1), "", "dash-latency"),
    bind(GOING, &[K::Char('3')], A::Screen(2), "", "dash-outcomes"),
    bind(GOING, &[K::Char('4')], A::Screen(3), "", "dash-link"),
    bind(GOING, &[K::Char('5')], A::Screen(4), "", "dash-goods"),
    bind(GOING, &[K::Char('6')], A::Screen(5), "", "dash-disk"),
    bind(GOING, &[K::Char('7')], A::Screen(6), "", "dash-peers"),
    bind(GOING, &[K::Char('8')], A::Screen(7), "", "dash-alarms"),
    bind(&[C::Watching, C::Alarms], &[K::Char('o')], A::Orders, "word-orders", "do-dash-orders"),
    bind(GOING, &[K::Char('/')], A::Find, "word-dash-find", "do-dash-find"),
    bind(GOING, &[K::Char('d')], A::Drill, "word-dash-drill", "do-dash-drill"),
    bind(&[C::Watching, C::Alarms, C::Detail], &[K::Char('x')], A::Acts, "word-dash-acts", "do-dash-acts"),
    bind(&[C::List], &[K::Enter], A::Next, "word-look", "do-dash-look"),
    bind(&[C::Detail], &[K::Enter], A::Next, "word-next", "do-dash-go-on"),
    bind(&[C::Field], &[K::Up], A::Up, "", "do-up"),
    bind(&[C::Field], &[K::Down], A::Down, "", "do-down"),
    bind(&[C::Field], &[K::Enter], A::Next, "word-next", "do-dash-go-on"),
    bind(&[C::Field], &[K::Esc], A::Back, "word-leave", "do-dash-leave-field"),
    bind(OPENED, &[K::Char('R')], A::Refresh, "word-dash-again", "do-dash-ask-again"),
    bind(OPENED, &[K::Esc, K::Left, K::Char('h')], A::Back, "word-back", "do-go-back"),
    bind(LISTS, &[K::Up, K::Char('k')], A::Up, "", "do-up"),
    bind(LISTS, &[K::Down, K::Char('j')], A::Down, "", "do-down"),
    bind(&[C::List, C::Detail, C::Help], &[K::PageUp], A::PageUp, "", "do-a-screen-up"),
    bind(&[C::List, C::Detail, C::Help], &[K::PageDown], A::PageDown, "", "do-a-screen-down"),
    bind(LISTS, &[K::Char('g'), K::Home], A::First, "", "do-first"),
    bind(LISTS, &[K::Char('G')], A::Last, "", "do-last"),
    bind(&[C::Palette], &[K::Up], A::Up, "", "do-up"),
    bind(&[C::Palette], &[K::Down], A::Down, "", "do-down"),
    bind(&[C::Palette], &[K::Enter], A::Next, "word-run", "do-run-what-is-chosen"),
    bind(&[C::Palette], &[K::Esc], A::Back, "word-close", "do-close"),
    bind(CALM, &[K::Char(':'), K::Ctrl('p')], A::Palette, "", "do-open-the-palette"),
    bind(CALM, &[K::Char('?')], A::Help, "word-help", "do-show-these-keys"),
    bind(CALM, &[K::Char('q'), K::Interrupt], A::Quit, "word-quit", "do-quit"),
    bind(&[C::Help, C::Palette, C::Confirm, C::Field], &[K::Interrupt], A::Quit, "", "do-quit"),
];

impl Context {
    pub const ALL: [Self; 8] =
        [C::Watching, C::Alarms, C::List, C::Detail, C::Field, C::Confirm, C::Palette, C::Help];

    /// What it is called where keys are written down.
    pub const fn name(self) -> &'static str {
        match self {
            C::Watching => "screens",
            C::Alarms => "alarms",
            C::List => "lists",
            C::Detail => "details",
            C::Field => "fields",
            C::Confirm => "question",
            C::Palette => "palette",
            C::Help => "help",
        }
    }

    /// Whether letters are text here rather than keys.
    pub fn takes_text(self) -> bool {
        matches!(self, C::Field | C::Palette)
    }

    /// Whether `key` is text here, so that no binding can take it away from the field.
    pub fn types(self, key: Key) -> bool {
        self.takes_text() && (matches!(key, Key::Char(_)) || Edit::of(key).is_some())
    }
}

impl Action {
    /// Its name in the configuration file, which stays the same.
    pub const fn name(self) -> &'static str {
        match self {
            A::Up => "up",
            A::Down => "down",
            A::PageUp => "page-up",
            A::PageDown => "page-down",
            A::First => "first",
            A::Last => "last",
            A::Next => "next",
            A::Back => "back",
            A::Screen(0) => "overview",
            A::Screen(1) => "latency",
            A::Screen(2) => "outcomes",
            A::Screen(3) => "link",
            A::Screen(4) => "goods",
            A::Screen(5) => "disk",
            A::Screen(6) => "peers",
            A::Screen(_) => "alarms",
            A::NextScreen => "next-screen",
            A::ScreenBefore => "screen-before",
            A::Freeze => "stop",
            A::Earlier => "earlier",
            A::Later => "later",
            A::MuchEarlier => "much-earlier",
            A::MuchLater => "much-later",
            A::Now => "now",
            A::Moment => "moment",
            A::Wider => "wider",
            A::Closer => "closer",
            A::Orders => "orders",
            A::Find => "find",
            A::Drill => "lists",
            A::Acts => "acts",
            A::Refresh => "refresh",
            A::Help => "help",
            A::Palette => "palette",
            A::Quit => "quit",
            A::Confirm => "confirm",
        }
    }
}

impl Keymap {
    /// All that the keyboard can do in `context`, each with its place among all bindings, the most needed first.
    /// Where a dashboard may change nothing there are no keys for acts.
    pub fn offered(&self, context: Context, readonly: bool) -> impl Iterator<Item = (usize, &Binding)> {
        let all =
            self.all().iter().enumerate().filter(move |(_, binding)| binding.contexts.contains(&context));
        all.filter(move |(_, binding)| !(readonly && binding.action == Action::Acts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let keymap = Keymap::default();
            let keys: Vec<Key> =
                keymap.bindings(context).flat_map(|binding| binding.keys.iter().copied()).collect();
            for (at, key) in keys.iter().enumerate() {
                assert!(!keys[at + 1..].contains(key), "{context:?} binds one key twice");
            }
        }
    }

    #[test]
    fn what_changes_something_has_a_key_that_triggers_nothing() {
        let keymap = Keymap::default();
        let yes: Vec<Key> = keymap.keys_of(Action::Confirm).collect();
        for binding in BINDINGS.iter().filter(|b| b.action != Action::Confirm) {
            assert!(binding.keys.iter().all(|key| !yes.contains(key)));
        }
        assert!(Context::ALL.into_iter().all(|context| context == Context::Confirm
            || keymap.bindings(context).all(|binding| binding.action != Action::Confirm)));
    }

    #[test]
    fn every_place_has_a_way_out() {
        for context in Context::ALL {
            assert!(
                Keymap::default().bindings(context).any(|b| b.keys.contains(&Key::Interrupt)),
                "{context:?}"
            );
        }
    }
}
