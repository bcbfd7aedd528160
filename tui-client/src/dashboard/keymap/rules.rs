//! What the dashboard's keys have for rules of their own: the key that says yes says nothing else anywhere.

use super::{Action, BINDINGS, Binding, Context, Keymap};
use crate::app::Key;
use crate::app::keymap::{Clash, KeyAction, KeyContext};

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

    fn reserved(_key: Key) -> Option<&'static str> {
        None
    }

    /// A key that is pressed for something else must not answer a question that nobody has read yet.
    fn clashes(keymap: &Keymap, is_changed: &dyn Fn(Self) -> bool) -> Vec<Clash<Self>> {
        let others = keymap.all().iter().filter(|binding| binding.action != Action::Confirm);
        let shared = others.flat_map(|binding| binding.keys.iter().map(move |key| (binding.action, *key)));
        let mut shared = shared.filter(|(_, key)| keymap.keys_of(Action::Confirm).any(|yes| yes == *key));
        let clash = |(other, key): (Action, Key)| Clash {
            action: if is_changed(Action::Confirm) { Action::Confirm } else { other },
            why: format!(
                "{} would say yes to a question that nobody has read, because it is the key of {}, too: confirm \
                 needs a key of its own",
                key.written(),
                if is_changed(Action::Confirm) { other.name() } else { Action::Confirm.name() }
            ),
        };
        shared.next().map(clash).into_iter().collect()
    }
}
