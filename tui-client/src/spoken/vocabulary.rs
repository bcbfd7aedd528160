//! The words that can be typed, made from the keymap: each action that a key does here has a word for it in
//! every language, besides the key.

use crate::app::keymap::{Action, Binding, Context};
use crate::app::model::Model;
use crate::view::Look;
use crate::words::{Lang, Words};

/// One thing that can be said.
pub struct Word {
    pub action: Action,
    /// The word in the shopper's language.
    pub said: String,
    /// The keys that do the same, as people read them.
    pub keys: String,
    /// The id of what the help says.
    pub help: &'static str,
    /// Whether it is told with every screen, not only in the help.
    pub offered: bool,
}

/// What can be said in `context`, the most needed first; each action once.
pub fn here(model: &Model, context: Context) -> Vec<Word> {
    let look = Look::of(model);
    let mut words: Vec<Word> = Vec::new();
    let keymap = &model.settings.keys;
    for binding in keymap.bindings(context) {
        if !words.iter().any(|word| word.action == binding.action) {
            let keys: Vec<String> =
                keymap.keys(context, binding.action).map(|key| key.label(look.ascii)).collect();
            words.push(Word {
                action: binding.action,
                said: look.say(id(binding)),
                keys: keys.join(" "),
                help: binding.help,
                offered: is_offered(binding),
            });
        }
    }
    words
}

/// What a word does in `context`: a word of any language, so that nobody is shut out by a setting.
pub fn action(model: &Model, context: Context, said: &str) -> Option<Action> {
    let said = said.to_lowercase();
    let is_said =
        |id: &str| Lang::ALL.iter().any(|lang| Words::of(*lang).tell(id, &[]).to_lowercase() == said);
    let keymap = &model.settings.keys;
    // What is offered here comes first: a word that means something else elsewhere must not be taken for it.
    let offered = keymap.bindings(context).find(|binding| is_said(id(binding)));
    let found =
        offered.or_else(|| keymap.bindings(context).find(|binding| is_said(by_itself(binding.action))));
    found.map(|binding| binding.action)
}

/// What to type for `action` where a text names it: the word in quotes, as it stands in a sentence.
pub fn name(look: Look, model: &Model, action: Action) -> String {
    let keymap = &model.settings.keys;
    let here = keymap.bindings(model.context()).find(|binding| binding.action == action);
    let word = look.say(here.map_or_else(|| by_itself(action), id));
    look.tell("plain-quoted", &[("word", word.into())])
}

/// Whether a number that is typed chooses a row here.
pub fn chooses_rows(context: Context) -> bool {
    match context {
        Context::Browse
        | Context::Cart
        | Context::Addresses
        | Context::Cards
        | Context::Filters
        | Context::Orders
        | Context::Order
        | Context::Return => true,
        Context::Search
        | Context::OrdersSearch
        | Context::Receipt
        | Context::SaveReceipt
        | Context::Product
        | Context::Review
        | Context::AddressForm
        | Context::Form
        | Context::Confirm
        | Context::Paying
        | Context::Outcome
        | Context::Help
        | Context::Palette
        | Context::Leave => false,
    }
}

/// The word that the status bar shows for it, or else the action's own.
fn id(binding: &Binding) -> &'static str {
    if binding.word.is_empty() { by_itself(binding.action) } else { binding.word }
}

/// The id of the word that means this action wherever it can be done.
fn by_itself(action: Action) -> &'static str {
    match action {
        Action::Up => "plain-word-up",
        Action::Down => "plain-word-down",
        Action::Left => "plain-word-left",
        Action::Right => "plain-word-right",
        Action::PageUp => "plain-word-page-up",
        Action::PageDown => "plain-word-page-down",
        Action::First => "plain-word-first",
        Action::Last => "plain-word-last",
        Action::Next => "word-go-on",
        Action::Back => "word-back",
        Action::Pay => "word-pay",
        Action::Add => "word-add",
        Action::More => "word-more",
        Action::Fewer => "word-fewer",
        Action::Remove => "word-remove",
        Action::Undo => "word-undo",
        Action::Fit => "word-fit",
        Action::Addresses => "word-deliver-to",
        Action::Edit => "word-edit",
        Action::Prefer => "word-default",
        Action::Search => "word-search",
        Action::Filters => "word-filter",
        Action::Sort => "word-sort",
        Action::TryAgain => "plain-word-try-again",
        Action::Return => "word-return",
        Action::Everything => "word-all",
        Action::Refresh => "plain-word-refresh",
        Action::Cart => "word-cart",
        Action::Orders => "word-orders",
        Action::Help => "word-help",
        Action::Quit => "word-quit",
        Action::Confirm => "word-quit",
        Action::Cancel => "word-cancel",
        Action::Receipt => "word-receipt",
        Action::Save => "word-save",
        Action::Palette => "word-palette",
    }
}

// What the status bar leaves out goes without saying on a screen, but somebody who listens has to be told
// how a list goes on, and how a failed purchase is tried again.
fn is_offered(binding: &Binding) -> bool {
    let needed = match binding.action {
        Action::PageUp
        | Action::PageDown
        | Action::Left
        | Action::Right
        | Action::TryAgain
        | Action::Next
        | Action::Back => true,
        Action::Up
        | Action::Down
        | Action::First
        | Action::Last
        | Action::Pay
        | Action::Add
        | Action::More
        | Action::Fewer
        | Action::Remove
        | Action::Undo
        | Action::Fit
        | Action::Addresses
        | Action::Edit
        | Action::Prefer
        | Action::Search
        | Action::Filters
        | Action::Sort
        | Action::Return
        | Action::Everything
        | Action::Refresh
        | Action::Cart
        | Action::Orders
        | Action::Help
        | Action::Quit
        | Action::Confirm
        | Action::Receipt
        | Action::Save
        | Action::Cancel
        | Action::Palette => false,
    };
    needed || !binding.word.is_empty()
}
