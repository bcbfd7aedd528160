//! Giving actions other keys, and what must not come of it.
//!
//! Whatever is bound: text fields keep every letter, Esc goes back, Ctrl-C quits, no key means two things
//! in one place, and the key that pays leads nowhere near the step where it pays.

use std::borrow::Cow;

use super::{Action, BINDINGS, Binding, Context, Key, Keymap};

/// Most keys that one action may have.
pub const MAX_KEYS: usize = 8;

/// Why an action cannot have the keys that somebody wants for it, in words for the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    pub action: Action,
    pub why: String,
}

impl Keymap {
    /// The keymap in which these actions have these keys instead of their own.
    ///
    /// # Errors
    /// Every [`Clash`], when there is any.
    pub fn rebound(changes: &[(Action, Vec<Key>)]) -> Result<Self, Vec<Clash>> {
        let mut clashes: Vec<Clash> =
            changes.iter().flat_map(|(action, keys)| unfit(*action, keys)).collect();
        let mut keymap = Self::default();
        for (action, keys) in changes {
            keymap.bindings.iter_mut().filter(|binding| binding.action == *action).for_each(|binding| {
                let keys = with_what_stays(binding, keys);
                binding.keys = Cow::Owned(keys);
            });
        }
        if clashes.is_empty() {
            clashes.extend(keymap.twice(changes));
            clashes.extend(keymap.pay_beside_next(changes));
        }
        if clashes.is_empty() { Ok(keymap) } else { Err(clashes) }
    }

    /// Keys that would do two things in one place, each pair of actions once a key.
    fn twice(&self, changes: &[(Action, Vec<Key>)]) -> Vec<Clash> {
        let mut found: Vec<(Action, Action, Key, Vec<Context>)> = Vec::new();
        for context in Context::ALL {
            let bound: Vec<(Key, Action)> = self
                .bindings(context)
                .flat_map(|binding| binding.keys.iter().map(|key| (*key, binding.action)))
                .filter(|(key, _)| !context.types(*key))
                .collect();
            for (at, (key, action)) in bound.iter().enumerate() {
                let others = bound[at + 1..].iter().filter(|(other, _)| other == key);
                for (_, other) in others.filter(|(_, other)| other != action) {
                    match found.iter_mut().find(|(a, b, k, _)| (a, b, k) == (action, other, key)) {
                        Some((.., places)) => places.push(context),
                        None => found.push((*action, *other, *key, vec![context])),
                    }
                }
            }
        }
        let is_changed = |action: Action| changes.iter().any(|(changed, _)| *changed == action);
        let clash = |(one, other, key, places): (Action, Action, Key, Vec<Context>)| {
            let (changed, kept) = if is_changed(other) { (other, one) } else { (one, other) };
            let names: Vec<&str> = places.into_iter().map(Context::name).collect();
            let (key, kept, places) = (key.written(), kept.name(), names.join(", "));
            let why = format!("{key} is the key of {kept}, too ({places}); give one of them another key");
            Clash { action: changed, why }
        };
        found.into_iter().map(clash).collect()
    }

    /// A key that is held down, or pressed once too often, must not go on to the confirm step and pay there.
    fn pay_beside_next(&self, changes: &[(Action, Vec<Key>)]) -> Vec<Clash> {
        let of = |action: Action| {
            let bindings = self.bindings.iter().filter(move |binding| binding.action == action);
            bindings.flat_map(|binding| binding.keys.iter().copied())
        };
        let shared = of(Action::Pay).find(|key| of(Action::Next).any(|next| next == *key));
        let action =
            if changes.iter().any(|(action, _)| *action == Action::Pay) { Action::Pay } else { Action::Next };
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

/// What no action may have, whatever else is bound.
fn unfit(action: Action, keys: &[Key]) -> Vec<Clash> {
    let clash = |why: String| Clash { action, why };
    let mut clashes = Vec::new();
    if keys.is_empty() || keys.len() > MAX_KEYS {
        clashes.push(clash(format!("expected from 1 to {MAX_KEYS} keys")));
    }
    for key in keys {
        let taken = match key {
            Key::Esc if action == Action::Back => continue,
            Key::Esc => "esc always goes back",
            Key::Interrupt => "ctrl-c always quits",
            Key::Ctrl('z') => "ctrl-z always suspends",
            Key::Backspace => "backspace always erases",
            Key::Char('0'..='9' | '.') => "digits and points are typed as quantities and prices",
            Key::Char(_)
            | Key::Ctrl(_)
            | Key::F(_)
            | Key::Enter
            | Key::Delete
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End => continue,
        };
        clashes.push(clash(format!("{} cannot be bound: {taken}", key.written())));
    }
    clashes
}

/// The keys that are wanted, and those of the binding that nobody can do without: the way back, the way out,
/// and a key for each text field, where letters are text.
fn with_what_stays(binding: &Binding, wanted: &[Key]) -> Vec<Key> {
    let mut keys = wanted.to_vec();
    let stays = |key: &&Key| {
        let always = matches!(key, Key::Esc | Key::Interrupt);
        let only_one =
            |context: &Context| wanted.iter().all(|wanted| context.types(*wanted)) && !context.types(**key);
        always || binding.contexts.iter().any(only_one)
    };
    let own = BINDINGS.iter().find(|own| own.contexts == binding.contexts && own.action == binding.action);
    let own = own.map_or(&[][..], |own| &own.keys);
    keys.extend(own.iter().filter(stays).filter(|key| !wanted.contains(key)));
    keys
}
