//! Which key does what, and where. The status bar and the help are made from the same table, so
//! that they cannot say anything else than what the keys do.

use super::event::Key;

/// Where the shopper is, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Browse,
    Search,
    Product,
    Cart,
    Review,
    Cards,
    Form,
    Confirm,
    Paying,
    Outcome,
    Orders,
    Order,
    Return,
    Help,
    Leave,
}

impl Context {
    /// Whether letters are text here rather than keys.
    pub fn takes_text(self) -> bool {
        TEXT.contains(&self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    /// Goes on. It never spends.
    Next,
    Back,
    /// The only action that spends.
    Pay,
    Add,
    More,
    Fewer,
    Remove,
    Search,
    TryAgain,
    Return,
    Everything,
    Refresh,
    Cart,
    Orders,
    Help,
    Quit,
    Confirm,
    /// Once asks, twice cancels the order that is shown.
    Cancel,
}

pub struct Binding {
    pub contexts: &'static [Context],
    pub keys: &'static [Key],
    pub action: Action,
    /// The keys as people read them.
    pub label: &'static str,
    /// One word for the status bar; empty for what goes without saying there.
    pub word: &'static str,
    pub help: &'static str,
}

/// What `key` does in `context`, if anything.
pub fn action(context: Context, key: Key) -> Option<Action> {
    bindings(context).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// All that the keyboard can do in `context`, the most needed first.
pub fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.contexts.contains(&context))
}

use Context as C;

const LISTS: &[Context] = &[
    C::Browse,
    C::Search,
    C::Cart,
    C::Review,
    C::Cards,
    C::Form,
    C::Outcome,
    C::Orders,
    C::Order,
    C::Return,
    C::Help,
];
const LETTER_LISTS: &[Context] =
    &[C::Browse, C::Cart, C::Review, C::Cards, C::Outcome, C::Orders, C::Order, C::Return, C::Help];
const PAGED: &[Context] = &[C::Browse, C::Cart, C::Review, C::Orders, C::Order, C::Return, C::Help];
const SHELVES: &[Context] = &[C::Browse, C::Product, C::Cart, C::Outcome, C::Orders, C::Order];
const ANYWHERE_BUT_TEXT: &[Context] = &[
    C::Browse,
    C::Product,
    C::Cart,
    C::Review,
    C::Cards,
    C::Confirm,
    C::Paying,
    C::Outcome,
    C::Orders,
    C::Order,
    C::Return,
];
const TEXT: &[Context] = &[C::Search, C::Form];
const QUANTITIES: &[Context] = &[C::Product, C::Cart, C::Return];

const fn bind(
    contexts: &'static [Context],
    keys: &'static [Key],
    action: Action,
    label: &'static str,
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding { contexts, keys, action, label, word, help }
}

const BINDINGS: &[Binding] = &[
    bind(&[C::Confirm], &[Key::Char('p'), Key::Char('P')], Action::Pay, "p", "pay", "pay what is shown"),
    bind(&[C::Leave], &[Key::Char('y'), Key::Char('Y')], Action::Confirm, "y", "quit", "quit"),
    bind(&[C::Leave], &[Key::Char('n'), Key::Esc], Action::Back, "n", "stay", "stay"),
    bind(&[C::Help], &[Key::Esc, Key::Char('?'), Key::Char('q')], Action::Back, "Esc", "close", "close"),
    bind(&[C::Browse], &[Key::Enter], Action::Next, "Enter", "look", "look at the product"),
    bind(&[C::Browse, C::Product], &[Key::Char('a')], Action::Add, "a", "add", "add to the cart"),
    bind(&[C::Product], &[Key::Enter], Action::Next, "Enter", "", "go to the cart"),
    bind(&[C::Cart], &[Key::Enter], Action::Next, "Enter", "check out", "check out (spends nothing)"),
    bind(&[C::Search], &[Key::Enter], Action::Next, "Enter", "search", "search for this"),
    bind(&[C::Search], &[Key::Esc], Action::Back, "Esc", "leave", "leave the search field"),
    bind(&[C::Review], &[Key::Enter], Action::Next, "Enter", "go on", "go on to the card (spends nothing)"),
    bind(&[C::Cards], &[Key::Enter], Action::Next, "Enter", "take", "take this card (spends nothing)"),
    bind(&[C::Form], &[Key::Enter], Action::Next, "Enter", "next", "next field; after the last one go on"),
    bind(&[C::Outcome], &[Key::Enter], Action::Next, "Enter", "go on", "go on shopping"),
    bind(&[C::Outcome], &[Key::Char('t')], Action::TryAgain, "t", "", "try again, where that can help"),
    bind(&[C::Orders], &[Key::Enter], Action::Next, "Enter", "look", "look at the order"),
    bind(&[C::Return], &[Key::Char('r')], Action::Return, "r", "give back", "give back what is chosen"),
    bind(&[C::Order], &[Key::Char('r')], Action::Return, "r", "return", "return goods of this order"),
    bind(&[C::Order], &[Key::Char('x')], Action::Cancel, "x", "cancel", "cancel what was not sent yet"),
    bind(QUANTITIES, &[Key::Char('+'), Key::Char('=')], Action::More, "+", "more", "one piece more"),
    bind(QUANTITIES, &[Key::Char('-'), Key::Char('_')], Action::Fewer, "-", "fewer", "one piece fewer"),
    bind(&[C::Return], &[Key::Char('a')], Action::Everything, "a", "all", "all pieces of every line"),
    bind(&[C::Cart], &[Key::Char('x'), Key::Delete], Action::Remove, "x", "remove", "take off the cart"),
    bind(&[C::Browse], &[Key::Char('/')], Action::Search, "/", "search", "search by name or SKU"),
    bind(
        &[C::Product, C::Cart, C::Review, C::Cards, C::Form, C::Confirm, C::Orders, C::Order, C::Return],
        &[Key::Esc],
        Action::Back,
        "Esc",
        "back",
        "go back",
    ),
    bind(&[C::Outcome], &[Key::Esc], Action::Back, "Esc", "", "go back to the shelves"),
    bind(&[C::Browse], &[Key::Esc], Action::Back, "Esc", "", "clear the search"),
    bind(SHELVES, &[Key::Char('c')], Action::Cart, "c", "cart", "see the cart"),
    bind(SHELVES, &[Key::Char('o')], Action::Orders, "o", "orders", "see your orders"),
    bind(
        &[C::Browse],
        &[Key::Left, Key::Char('h'), Key::BackTab],
        Action::Left,
        "← h",
        "",
        "category before",
    ),
    bind(&[C::Browse], &[Key::Right, Key::Char('l'), Key::Tab], Action::Right, "→ l", "", "next category"),
    bind(&[C::Form], &[Key::BackTab], Action::Up, "⇧Tab", "", "field before"),
    bind(&[C::Form], &[Key::Tab], Action::Down, "Tab", "", "next field"),
    bind(LETTER_LISTS, &[Key::Char('k')], Action::Up, "k", "", "up"),
    bind(LETTER_LISTS, &[Key::Char('j')], Action::Down, "j", "", "down"),
    bind(LISTS, &[Key::Up], Action::Up, "↑", "", "up"),
    bind(LISTS, &[Key::Down], Action::Down, "↓", "", "down"),
    bind(QUANTITIES, &[Key::Left, Key::Char('h')], Action::Fewer, "← h", "", "one piece fewer"),
    bind(QUANTITIES, &[Key::Right, Key::Char('l')], Action::More, "→ l", "", "one piece more"),
    bind(PAGED, &[Key::PageUp], Action::PageUp, "PgUp", "", "a screen up"),
    bind(PAGED, &[Key::PageDown], Action::PageDown, "PgDn", "", "a screen down"),
    bind(PAGED, &[Key::Home, Key::Char('g')], Action::First, "g", "", "first"),
    bind(PAGED, &[Key::End, Key::Char('G')], Action::Last, "G", "", "last"),
    bind(
        &[C::Browse, C::Outcome, C::Orders, C::Order],
        &[Key::Char('R')],
        Action::Refresh,
        "R",
        "",
        "ask the shop again",
    ),
    bind(ANYWHERE_BUT_TEXT, &[Key::Char('?')], Action::Help, "?", "help", "show these keys"),
    bind(ANYWHERE_BUT_TEXT, &[Key::Char('q'), Key::Interrupt], Action::Quit, "q", "quit", "quit"),
    bind(TEXT, &[Key::Interrupt], Action::Quit, "Ctrl-C", "", "quit"),
    bind(&[C::Help, C::Leave], &[Key::Interrupt], Action::Confirm, "Ctrl-C", "", "quit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Context; 15] = [
        C::Browse,
        C::Search,
        C::Product,
        C::Cart,
        C::Review,
        C::Cards,
        C::Form,
        C::Confirm,
        C::Paying,
        C::Outcome,
        C::Orders,
        C::Order,
        C::Return,
        C::Help,
        C::Leave,
    ];

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in ALL {
            let keys: Vec<Key> = bindings(context).flat_map(|b| b.keys).copied().collect();
            for (at, key) in keys.iter().enumerate() {
                assert!(!keys[at + 1..].contains(key), "{context:?} binds one key twice");
            }
        }
    }

    #[test]
    fn only_p_on_the_confirm_step_pays() {
        for binding in BINDINGS.iter().filter(|b| b.action == Action::Pay) {
            assert!(binding.contexts == [C::Confirm]);
            assert!(binding.keys == [Key::Char('p'), Key::Char('P')]);
        }
    }

    #[test]
    fn text_fields_keep_every_letter() {
        for context in TEXT {
            let letters = bindings(*context).flat_map(|b| b.keys).any(|k| matches!(k, Key::Char(_)));
            assert!(!letters, "{context:?}");
        }
    }
}
