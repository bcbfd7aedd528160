//! A keymap of any program: bindings of keys to actions, each in its contexts.

use std::borrow::Cow;
use std::fmt::Debug;

use super::Key;
use super::rebind::Clash;

/// Where somebody is, as far as keys are concerned.
pub trait KeyContext: Copy + Eq + Debug + 'static {
    const ALL: &'static [Self];

    /// What it is called where keys are written down.
    fn name(self) -> &'static str;

    /// Whether `key` is text here, so that no binding can take it away from the field.
    fn types(self, key: Key) -> bool;
}

/// What keys can be bound to.
pub trait KeyAction: Copy + Eq + Debug + 'static {
    type Context: KeyContext;
    /// The keys that everything has by itself, the most needed first.
    const BINDINGS: &'static [BindingOf<Self>];

    /// Its name in the configuration file, which stays the same.
    fn name(self) -> &'static str;

    /// What a key is for that no action may have, if it is one.
    fn reserved(key: Key) -> Option<&'static str>;

    /// What else must not come of giving actions other keys.
    fn clashes(keymap: &KeymapOf<Self>, is_changed: &dyn Fn(Self) -> bool) -> Vec<Clash<Self>>;

    /// The action with this name.
    fn named(name: &str) -> Option<Self> {
        Self::BINDINGS.iter().map(|binding| binding.action).find(|action| action.name() == name)
    }
}

#[derive(Clone)]
pub struct BindingOf<A: KeyAction> {
    pub contexts: &'static [A::Context],
    /// The one that the status bar shows comes first.
    pub keys: Cow<'static, [Key]>,
    pub action: A,
    /// The id of one word for the status bar; empty for what goes without saying there.
    pub word: &'static str,
    /// The id of what the help says.
    pub help: &'static str,
}

/// Which key does what for this person.
#[derive(Clone)]
pub struct KeymapOf<A: KeyAction> {
    pub(super) bindings: Vec<BindingOf<A>>,
}

impl<A: KeyAction> Default for KeymapOf<A> {
    fn default() -> Self {
        Self { bindings: A::BINDINGS.to_vec() }
    }
}

impl<A: KeyAction> KeymapOf<A> {
    /// What `key` does in `context`, if anything.
    pub fn action(&self, context: A::Context, key: Key) -> Option<A> {
        if context.types(key) {
            return None;
        }
        self.bindings(context).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
    }

    /// The keys that do `action` in `context`, the one to tell people first.
    pub fn keys(&self, context: A::Context, action: A) -> impl Iterator<Item = Key> {
        let bindings = self.bindings(context).filter(move |binding| binding.action == action);
        bindings.flat_map(|binding| binding.keys.iter().copied()).filter(move |key| !context.types(*key))
    }

    /// The key to tell people for `action`: in `context`, or elsewhere where it does nothing there.
    pub fn key(&self, context: A::Context, action: A) -> Option<Key> {
        let anywhere =
            || self.bindings.iter().find(|binding| binding.action == action)?.keys.first().copied();
        self.keys(context, action).next().or_else(anywhere)
    }

    /// The keys that do `action` anywhere.
    pub fn keys_of(&self, action: A) -> impl Iterator<Item = Key> {
        let bindings = self.bindings.iter().filter(move |binding| binding.action == action);
        bindings.flat_map(|binding| binding.keys.iter().copied())
    }

    /// Every binding, the most needed first.
    pub fn all(&self) -> &[BindingOf<A>] {
        &self.bindings
    }

    /// All that the keyboard can do in `context`, the most needed first.
    pub fn bindings(&self, context: A::Context) -> impl Iterator<Item = &BindingOf<A>> {
        self.bindings.iter().filter(move |binding| binding.contexts.contains(&context))
    }
}
