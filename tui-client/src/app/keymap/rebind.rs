//! Giving actions other keys, and what must not come of it.
//!
//! Whatever is bound: text fields keep every letter, Esc goes back, Ctrl-C quits, no key means two things
//! in one place, and what each program has for rules of its own: [`KeyAction::clashes`].

use std::borrow::Cow;

use super::Key;
use super::map::{BindingOf, KeyAction, KeyContext, KeymapOf};

/// Most keys that one action may have.
pub const MAX_KEYS: usize = 8;

/// Why an action cannot have the keys that somebody wants for it, in words for the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash<A> {
    pub action: A,
    pub why: String,
}

impl<A: KeyAction> KeymapOf<A> {
    /// The keymap in which these actions have these keys instead of their own.
    ///
    /// # Errors
    /// Every [`Clash`], when there is any.
    pub fn rebound(changes: &[(A, Vec<Key>)]) -> Result<Self, Vec<Clash<A>>> {
        let mut clashes: Vec<Clash<A>> =
            changes.iter().flat_map(|(action, keys)| unfit(*action, keys)).collect();
        let mut keymap = Self::default();
        for (action, keys) in changes {
            keymap.bindings.iter_mut().filter(|binding| binding.action == *action).for_each(|binding| {
                let keys = with_what_stays(binding, keys);
                binding.keys = Cow::Owned(keys);
            });
        }
        if clashes.is_empty() {
            let is_changed = |action: A| changes.iter().any(|(changed, _)| *changed == action);
            clashes.extend(keymap.twice(&is_changed));
            clashes.extend(A::clashes(&keymap, &is_changed));
        }
        if clashes.is_empty() { Ok(keymap) } else { Err(clashes) }
    }

    /// Keys that would do two things in one place, each pair of actions once a key.
    fn twice(&self, is_changed: &dyn Fn(A) -> bool) -> Vec<Clash<A>> {
        let mut found: Vec<(A, A, Key, Vec<A::Context>)> = Vec::new();
        for context in A::Context::ALL.iter().copied() {
            let bound: Vec<(Key, A)> = self
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
        let clash = |(one, other, key, places): (A, A, Key, Vec<A::Context>)| {
            let (changed, kept) = if is_changed(other) { (other, one) } else { (one, other) };
            let names: Vec<&str> = places.into_iter().map(KeyContext::name).collect();
            let (key, kept, places) = (key.written(), kept.name(), names.join(", "));
            let why = format!("{key} is the key of {kept}, too ({places}); give one of them another key");
            Clash { action: changed, why }
        };
        found.into_iter().map(clash).collect()
    }
}

/// What no action may have, whatever else is bound.
fn unfit<A: KeyAction>(action: A, keys: &[Key]) -> Vec<Clash<A>> {
    let clash = |why: String| Clash { action, why };
    let mut clashes = Vec::new();
    if keys.is_empty() || keys.len() > MAX_KEYS {
        clashes.push(clash(format!("expected from 1 to {MAX_KEYS} keys")));
    }
    let has = |key: Key| A::BINDINGS.iter().any(|own| own.action == action && own.keys.contains(&key));
    for key in keys {
        let taken = match key {
            Key::Esc if has(Key::Esc) => continue,
            Key::Esc => "esc always goes back",
            Key::Interrupt => "ctrl-c always quits",
            Key::Ctrl('z') => "ctrl-z always suspends",
            Key::Backspace => "backspace always erases",
            key => match A::reserved(*key) {
                Some(taken) => taken,
                None => continue,
            },
        };
        clashes.push(clash(format!("{} cannot be bound: {taken}", key.written())));
    }
    clashes
}

/// The keys that are wanted, and those of the binding that nobody can do without: the way back, the way out,
/// and a key for each text field, where letters are text.
fn with_what_stays<A: KeyAction>(binding: &BindingOf<A>, wanted: &[Key]) -> Vec<Key> {
    let mut keys = wanted.to_vec();
    let stays = |key: &&Key| {
        let always = matches!(key, Key::Esc | Key::Interrupt);
        let only_one = |context: &A::Context| {
            wanted.iter().all(|wanted| context.types(*wanted)) && !context.types(**key)
        };
        always || binding.contexts.iter().any(only_one)
    };
    let is_own = |own: &&BindingOf<A>| own.contexts == binding.contexts && own.action == binding.action;
    let own = A::BINDINGS.iter().find(is_own).map_or(&[][..], |own| &own.keys);
    keys.extend(own.iter().filter(stays).filter(|key| !wanted.contains(key)));
    keys
}
