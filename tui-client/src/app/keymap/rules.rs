//! What the shop's keys have for rules of their own: the key that pays leads nowhere near the step where it
//! pays, and digits are quantities.

use super::map::{KeyAction, KeyContext};
use super::rebind::Clash;
use super::{Action, BINDINGS, Binding, Context, Key, Keymap};

impl KeyContext for Context {
    const ALL: &'static [Self] = &Context::ALL;

    fn name(self) -> &'static str {
        Context::name(self)
    }

    fn types(self, key: Key) -> bool {
        Context::types(self, key)
    }
}

impl KeyAction for Action {
    type Context = Context;
    const BINDINGS: &'static [Binding] = BINDINGS;

    fn name(self) -> &'static str {
        Action::name(self)
    }

    fn reserved(key: Key) -> Option<&'static str> {
        let typed = matches!(key, Key::Char('0'..='9' | '.'));
        typed.then_some("digits and points are typed as quantities and prices")
    }

    /// A key that is held down, or pressed once too often, must not go on to the confirm step and pay there.
    fn clashes(keymap: &Keymap, is_changed: &dyn Fn(Self) -> bool) -> Vec<Clash<Self>> {
        let shared =
            keymap.keys_of(Action::Pay).find(|key| keymap.keys_of(Action::Next).any(|next| next == *key));
        let action = if is_changed(Action::Pay) { Action::Pay } else { Action::Next };
        let clash = |key: Key| Clash {
            action,
            why: format!(
                "{} would go on to the confirm step and pay there: pay needs a key of its own",
                key.written()
            ),
        };
        shared.into_iter().map(clash).collect()
    }
}
