//! Which key does what, and where. The status bar and the help are made from the same table, so
//! that they cannot say anything else than what the keys do.

mod map;
mod names;
mod rebind;
mod rules;

use std::borrow::Cow;

use super::event::Key;
use super::text_field::Edit;
pub use map::{BindingOf, KeyAction, KeyContext, KeymapOf};
pub use rebind::{Clash, MAX_KEYS};

/// Where the shopper is, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Browse,
    Search,
    Filters,
    Product,
    Cart,
    Review,
    Addresses,
    AddressForm,
    Cards,
    Form,
    Confirm,
    Paying,
    Outcome,
    Orders,
    Order,
    Return,
    Help,
    Palette,
    Leave,
    /// The text that the orders are searched for.
    OrdersSearch,
    Receipt,
    /// The path that a receipt is saved under.
    SaveReceipt,
}

impl Context {
    pub const ALL: [Context; 22] = [
        C::Browse,
        C::Search,
        C::Filters,
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
        C::Palette,
        C::Leave,
        C::OrdersSearch,
        C::Receipt,
        C::SaveReceipt,
        C::Addresses,
        C::AddressForm,
    ];

    /// What it is called where keys are written down.
    pub const fn name(self) -> &'static str {
        match self {
            C::Browse => "shelves",
            C::Search => "search field",
            C::Filters => "filters",
            C::Product => "product",
            C::Cart => "cart",
            C::Review => "price",
            C::Cards => "cards",
            C::Form => "card form",
            C::Confirm => "confirm",
            C::Paying => "paying",
            C::Outcome => "outcome",
            C::Orders => "orders",
            C::Order => "order",
            C::Return => "return",
            C::Help => "help",
            C::Palette => "palette",
            C::Leave => "quit question",
            C::OrdersSearch => "order search",
            C::Receipt => "receipt",
            C::Addresses => "addresses",
            C::AddressForm => "address form",
            C::SaveReceipt => "receipt path",
        }
    }

    /// Whether letters are text here rather than keys.
    pub fn takes_text(self) -> bool {
        TEXT.contains(&self)
    }

    /// Whether `key` is text here, so that no binding can take it away from the field.
    pub fn types(self, key: Key) -> bool {
        self.takes_text() && (matches!(key, Key::Char(_)) || Edit::of(key).is_some())
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
    /// Brings back what was last taken away.
    Undo,
    /// Sets a line to what the shop has of it.
    Fit,
    /// Chooses where the goods go.
    Addresses,
    Edit,
    /// Makes it the one that is taken when nobody chooses.
    Prefer,
    Search,
    /// Opens what narrows the list.
    Filters,
    /// Puts the list into the next order.
    Sort,
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
    Receipt,
    Save,
    Palette,
}

impl Action {
    /// Its name in the configuration file, which stays the same.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Up => "up",
            Action::Down => "down",
            Action::Left => "left",
            Action::Right => "right",
            Action::PageUp => "page-up",
            Action::PageDown => "page-down",
            Action::First => "first",
            Action::Last => "last",
            Action::Next => "next",
            Action::Back => "back",
            Action::Pay => "pay",
            Action::Add => "add",
            Action::More => "more",
            Action::Fewer => "fewer",
            Action::Remove => "remove",
            Action::Undo => "undo",
            Action::Fit => "fit",
            Action::Addresses => "addresses",
            Action::Edit => "edit",
            Action::Prefer => "default",
            Action::Search => "search",
            Action::Filters => "filters",
            Action::Sort => "sort",
            Action::TryAgain => "try-again",
            Action::Return => "return",
            Action::Everything => "everything",
            Action::Refresh => "refresh",
            Action::Cart => "cart",
            Action::Orders => "orders",
            Action::Help => "help",
            Action::Quit => "quit",
            Action::Confirm => "confirm",
            Action::Cancel => "cancel",
            Action::Receipt => "receipt",
            Action::Save => "save",
            Action::Palette => "palette",
        }
    }
}

/// A binding of the shop's, and all of them.
pub type Binding = BindingOf<Action>;
pub type Keymap = KeymapOf<Action>;

use Context as C;

const LISTS: &[Context] = &[
    C::Browse,
    C::Search,
    C::Filters,
    C::Product,
    C::Cart,
    C::Review,
    C::Addresses,
    C::AddressForm,
    C::Cards,
    C::Form,
    C::Outcome,
    C::Orders,
    C::Order,
    C::Return,
    C::Help,
    C::OrdersSearch,
    C::Receipt,
    C::Palette,
];
const PAGED: &[Context] = &[
    C::Browse,
    C::Product,
    C::Cart,
    C::Review,
    C::Addresses,
    C::Orders,
    C::Order,
    C::Return,
    C::Help,
    C::Receipt,
];
const SHELVES: &[Context] = &[C::Browse, C::Product, C::Cart, C::Outcome, C::Orders, C::Order];
const ANYWHERE: &[Context] = &[
    C::Browse,
    C::Search,
    C::Filters,
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
    C::OrdersSearch,
    C::Receipt,
    C::SaveReceipt,
    C::Addresses,
    C::AddressForm,
];
const ANYWHERE_BUT_TEXT: &[Context] = &[
    C::Browse,
    C::Filters,
    C::Product,
    C::Cart,
    C::Review,
    C::Addresses,
    C::Cards,
    C::Confirm,
    C::Paying,
    C::Outcome,
    C::Orders,
    C::Order,
    C::Return,
    C::Receipt,
];
const TEXT: &[Context] = &[C::Search, C::Form, C::AddressForm, C::OrdersSearch, C::SaveReceipt, C::Palette];
/// Screens of several parts, one of which is shown.
const PARTED: &[Context] = &[C::Orders, C::Order, C::Receipt];
const QUANTITIES: &[Context] = &[C::Product, C::Cart, C::Return];

const fn bind(
    contexts: &'static [Context],
    keys: &'static [Key],
    action: Action,
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding { contexts, keys: Cow::Borrowed(keys), action, word, help }
}

const BINDINGS: &[Binding] = &[
    bind(&[C::Confirm], &[Key::Char('p'), Key::Char('P')], Action::Pay, "word-pay", "do-pay-what-is-shown"),
    bind(&[C::Leave], &[Key::Char('y'), Key::Char('Y')], Action::Confirm, "word-quit", "do-quit"),
    bind(&[C::Leave], &[Key::Char('n'), Key::Char('N'), Key::Esc], Action::Back, "word-stay", "do-stay"),
    bind(&[C::Help], &[Key::Esc, Key::Char('?'), Key::Char('q')], Action::Back, "word-close", "do-close"),
    bind(&[C::Browse], &[Key::Enter], Action::Next, "word-look", "do-look-at-the-product"),
    bind(&[C::Browse, C::Product], &[Key::Char('a')], Action::Add, "word-add", "do-add-to-the-cart"),
    bind(&[C::Product], &[Key::Enter], Action::Next, "", "do-go-to-the-cart"),
    bind(&[C::Cart], &[Key::Enter], Action::Next, "word-check-out", "do-check-out"),
    bind(&[C::Search], &[Key::Enter], Action::Next, "word-look", "do-look-at-the-product"),
    bind(&[C::Filters], &[Key::Enter, Key::Char(' ')], Action::Next, "word-change", "do-change-this-filter"),
    bind(&[C::Filters], &[Key::Esc, Key::Char('f')], Action::Back, "word-close", "do-close-the-filters"),
    bind(&[C::Filters], &[Key::Left, Key::Char('h')], Action::Left, "", "do-change-this-filter-back"),
    bind(&[C::Filters], &[Key::Right, Key::Char('l')], Action::Right, "", "do-change-this-filter"),
    bind(&[C::Search], &[Key::Esc], Action::Back, "word-leave", "do-leave-the-search-field"),
    bind(&[C::Review], &[Key::Enter], Action::Next, "word-go-on", "do-go-on-to-the-card"),
    bind(&[C::Cards], &[Key::Enter], Action::Next, "word-take", "do-take-this-card"),
    bind(&[C::Form], &[Key::Enter], Action::Next, "word-next", "do-next-field-or-go-on"),
    bind(&[C::Outcome], &[Key::Enter], Action::Next, "word-go-on", "do-go-on-shopping"),
    bind(&[C::Outcome], &[Key::Char('t')], Action::TryAgain, "", "do-try-again"),
    bind(&[C::Orders], &[Key::Enter], Action::Next, "word-look", "do-look-at-the-order"),
    bind(
        &[C::Return],
        &[Key::Char('y'), Key::Char('Y')],
        Action::Confirm,
        "word-give-back",
        "do-give-back-what-is-chosen",
    ),
    bind(&[C::Order], &[Key::Char('r')], Action::Return, "word-return", "do-return-goods-of-this-order"),
    bind(&[C::Order], &[Key::Char('x')], Action::Cancel, "word-cancel", "do-cancel-what-was-not-sent-yet"),
    bind(&[C::Order], &[Key::Char('v')], Action::Receipt, "word-receipt", "do-look-at-the-receipt"),
    bind(&[C::Receipt], &[Key::Char('w')], Action::Save, "word-save", "do-save-the-receipt"),
    bind(&[C::SaveReceipt], &[Key::Enter], Action::Save, "word-save", "do-write-it-there"),
    bind(&[C::OrdersSearch], &[Key::Enter], Action::Next, "word-search", "do-search-for-this"),
    bind(&[C::OrdersSearch], &[Key::Esc], Action::Back, "word-leave", "do-leave-the-search-field"),
    bind(&[C::Orders], &[Key::Char('/')], Action::Search, "word-search", "do-search-your-orders"),
    bind(
        QUANTITIES,
        &[Key::Char('+'), Key::Char('='), Key::Right, Key::Char('l')],
        Action::More,
        "word-more",
        "do-one-piece-more",
    ),
    bind(
        QUANTITIES,
        &[Key::Char('-'), Key::Char('_'), Key::Left, Key::Char('h')],
        Action::Fewer,
        "word-fewer",
        "do-one-piece-fewer",
    ),
    bind(&[C::Return], &[Key::Char('a')], Action::Everything, "word-all", "do-all-pieces-of-every-line"),
    bind(&[C::Cart], &[Key::Char('x'), Key::Delete], Action::Remove, "word-remove", "do-take-off-the-cart"),
    bind(&[C::Browse], &[Key::Char('/')], Action::Search, "word-search", "do-search-by-name-or-sku"),
    bind(&[C::Browse], &[Key::Char('f')], Action::Filters, "word-filter", "do-open-the-filters"),
    bind(&[C::Browse], &[Key::Char('s')], Action::Sort, "word-sort", "do-sort-by-something-else"),
    bind(&[C::Addresses], &[Key::Enter], Action::Next, "word-take", "do-deliver-to-this-address"),
    bind(&[C::Addresses], &[Key::Char('e')], Action::Edit, "word-edit", "do-change-this-address"),
    bind(
        &[C::Addresses],
        &[Key::Char('*'), Key::Char('d')],
        Action::Prefer,
        "word-default",
        "do-make-it-the-default",
    ),
    bind(
        &[C::Addresses],
        &[Key::Char('x'), Key::Delete],
        Action::Remove,
        "word-remove",
        "do-take-out-of-the-book",
    ),
    bind(&[C::AddressForm], &[Key::Enter], Action::Next, "word-next", "do-next-field-or-keep"),
    bind(&[C::Cart], &[Key::Char('f')], Action::Fit, "word-fit", "do-take-what-the-shop-has"),
    bind(&[C::Cart, C::Addresses], &[Key::Char('u')], Action::Undo, "word-undo", "do-bring-it-back"),
    bind(
        &[C::Review, C::Cards, C::Confirm],
        &[Key::Char('d')],
        Action::Addresses,
        "word-deliver-to",
        "do-choose-where-it-goes",
    ),
    bind(
        &[
            C::Product,
            C::Cart,
            C::Review,
            C::Addresses,
            C::AddressForm,
            C::Cards,
            C::Form,
            C::Confirm,
            C::Orders,
            C::Order,
            C::Return,
            C::Receipt,
            C::SaveReceipt,
        ],
        &[Key::Esc],
        Action::Back,
        "word-back",
        "do-go-back",
    ),
    bind(&[C::Outcome], &[Key::Esc], Action::Back, "", "do-go-back-to-the-shelves"),
    bind(&[C::Browse], &[Key::Esc], Action::Back, "", "do-clear-the-search"),
    bind(SHELVES, &[Key::Char('c')], Action::Cart, "word-cart", "do-see-the-cart"),
    bind(SHELVES, &[Key::Char('o')], Action::Orders, "word-orders", "do-see-your-orders"),
    bind(&[C::Browse], &[Key::Left, Key::Char('h'), Key::BackTab], Action::Left, "", "do-category-before"),
    bind(&[C::Browse], &[Key::Right, Key::Char('l'), Key::Tab], Action::Right, "", "do-next-category"),
    bind(PARTED, &[Key::Left, Key::Char('h'), Key::BackTab], Action::Left, "", "do-part-before"),
    bind(PARTED, &[Key::Right, Key::Char('l'), Key::Tab], Action::Right, "", "do-next-part"),
    bind(&[C::Form, C::AddressForm], &[Key::BackTab], Action::Up, "", "do-field-before"),
    bind(&[C::Form, C::AddressForm], &[Key::Tab], Action::Down, "", "do-next-field"),
    bind(LISTS, &[Key::Up, Key::Char('k')], Action::Up, "", "do-up"),
    bind(LISTS, &[Key::Down, Key::Char('j')], Action::Down, "", "do-down"),
    bind(&[C::Search], &[Key::PageUp], Action::PageUp, "", "do-a-screen-up"),
    bind(&[C::Search], &[Key::PageDown], Action::PageDown, "", "do-a-screen-down"),
    bind(PAGED, &[Key::PageUp], Action::PageUp, "", "do-a-screen-up"),
    bind(PAGED, &[Key::PageDown], Action::PageDown, "", "do-a-screen-down"),
    bind(PAGED, &[Key::Char('g'), Key::Home], Action::First, "", "do-first"),
    bind(PAGED, &[Key::Char('G'), Key::End], Action::Last, "", "do-last"),
    bind(
        &[C::Browse, C::Product, C::Cart, C::Review, C::Outcome, C::Orders, C::Order],
        &[Key::Char('R')],
        Action::Refresh,
        "",
        "do-ask-the-shop-again",
    ),
    bind(&[C::Palette], &[Key::Enter], Action::Next, "word-run", "do-run-what-is-chosen"),
    bind(&[C::Palette], &[Key::Esc], Action::Back, "word-close", "do-close"),
    bind(ANYWHERE, &[Key::Char(':'), Key::Ctrl('p')], Action::Palette, "", "do-open-the-palette"),
    bind(ANYWHERE_BUT_TEXT, &[Key::Char('?')], Action::Help, "word-help", "do-show-these-keys"),
    bind(ANYWHERE_BUT_TEXT, &[Key::Char('q'), Key::Interrupt], Action::Quit, "word-quit", "do-quit"),
    bind(TEXT, &[Key::Interrupt], Action::Quit, "", "do-quit"),
    bind(&[C::Help, C::Leave], &[Key::Interrupt], Action::Confirm, "", "do-quit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let keymap = Keymap::default();
            let keys: Vec<Key> = keymap
                .bindings(context)
                .flat_map(|b| b.keys.iter())
                .copied()
                .filter(|key| !context.types(*key))
                .collect();
            for (at, key) in keys.iter().enumerate() {
                assert!(!keys[at + 1..].contains(key), "{context:?} binds one key twice");
            }
        }
    }

    #[test]
    fn only_p_on_the_confirm_step_pays() {
        for binding in BINDINGS.iter().filter(|b| b.action == Action::Pay) {
            assert!(binding.contexts == [C::Confirm]);
            assert!(*binding.keys == [Key::Char('p'), Key::Char('P')]);
        }
    }

    #[test]
    fn text_fields_keep_every_letter() {
        for context in TEXT {
            let keymap = Keymap::default();
            assert!((' '..='~').all(|c| keymap.action(*context, Key::Char(c)).is_none()), "{context:?}");
        }
    }
}
