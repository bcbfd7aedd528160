//! What can be set, in words: for the file that `kessai config init` writes, and for its manual page.

use std::fmt::Write;

use crate::app::keymap::{BindingOf, KeyAction, KeyContext, Keymap, KeymapOf};
use crate::dashboard::keymap as dashboard;

/// One thing that can be set.
pub struct Entry {
    pub key: &'static str,
    /// Its default, as the file writes it; empty where there is none.
    pub default: &'static str,
    pub help: &'static str,
}

pub const ENTRIES: [Entry; 10] = [
    Entry {
        key: "language",
        default: "\"auto\"",
        help: "\"en\", \"ja\", or \"auto\": as LC_ALL, LC_MESSAGES or LANG say.",
    },
    Entry {
        key: "theme",
        default: "\"auto\"",
        help: "\"terminal\" (its own sixteen colours), \"dark\", \"light\", \"contrast\" (seven to one and more), \
               or \"auto\": dark or light, as the terminal's background is.",
    },
    Entry { key: "colour", default: "\"auto\"", help: "\"never\" does without any; so does NO_COLOR." },
    Entry {
        key: "ascii",
        default: "false",
        help: "Signs and lines of ASCII only. Names and prices keep their letters.",
    },
    Entry {
        key: "reduced_motion",
        default: "false",
        help: "Nothing moves by itself, and times change every ten seconds at most.",
    },
    Entry {
        key: "mouse",
        default: "false",
        help: "Clicks and the wheel are listened to. No click pays. The terminal marks text with Shift then.",
    },
    Entry {
        key: "pictures",
        default: "\"auto\"",
        help: "\"auto\", \"blocks\" (right in every terminal with colours), \"kitty\", \"sixel\", \"iterm2\" or \"never\".",
    },
    Entry {
        key: "plain",
        default: "false",
        help: "Lines instead of screens, as a screen reader likes them.",
    },
    Entry { key: "shop", default: "", help: "The file of the shop to open when --shop names none." },
    Entry { key: "cards", default: "", help: "A table of cards to pay with, instead of the wallet." },
];

/// An action that keys can be bound to.
pub struct Bound {
    pub name: &'static str,
    /// The keys, as the file writes them.
    pub keys: Vec<String>,
    pub contexts: Vec<&'static str>,
    /// The ids of what it does, in the order of the help.
    pub help: Vec<&'static str>,
}

/// Every action once, the most needed first.
pub fn actions<A: KeyAction>(keymap: &KeymapOf<A>) -> Vec<Bound> {
    let mut all: Vec<Bound> = Vec::new();
    for binding in keymap.all() {
        match all.iter_mut().find(|bound| bound.name == binding.action.name()) {
            Some(bound) => join(bound, binding),
            None => {
                let mut bound = Bound {
                    name: binding.action.name(),
                    keys: Vec::new(),
                    contexts: Vec::new(),
                    help: Vec::new(),
                };
                join(&mut bound, binding);
                all.push(bound);
            }
        }
    }
    all
}

fn join<A: KeyAction>(bound: &mut Bound, binding: &BindingOf<A>) {
    let keys = binding.keys.iter().map(|key| key.written());
    let (keys, contexts) = (keys.collect::<Vec<_>>(), binding.contexts.iter().map(|context| context.name()));
    keys.into_iter().for_each(|key| add(&mut bound.keys, key));
    contexts.for_each(|context| add(&mut bound.contexts, context));
    add(&mut bound.help, binding.help);
}

fn add<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}

/// A file in which everything stands as it is without one, to be changed where wanted.
pub fn file() -> String {
    let mut text =
        String::from("# How kessai should be. `kessai config check` finds mistakes in this file.\n");
    for Entry { key, default, help } in ENTRIES {
        let example = match (default, key) {
            ("", "shop") => "\"shop.toml\"",
            ("", _) => "\"cards.csv\"",
            (default, _) => default,
        };
        let _ = write!(text, "\n# {help}\n# {key} = {example}\n");
    }
    text.push_str(
        "\n# Other keys for what can be done: \"p\", \"P\", \"space\", \"ctrl-p\", \"f1\", \"shift-tab\".\n\
         # `kessai config keys` lists every action with its keys. An action here has only the keys named here,\n\
         # but Esc always goes back and Ctrl-C always quits.\n# [keys]\n# pay = [\"p\", \"P\"]\n\n\
         # The same for the operators' dashboard.\n# [dashboard_keys]\n# stop = [\"space\"]\n",
    );
    text
}

/// The manual page of the file, in the language of man(7).
pub fn page() -> String {
    let mut page = String::from(
        ".TH KESSAI-CONFIG 5\n.SH NAME\nkessai\\-config \\- how the shopper's terminal should be\n.SH DESCRIPTION\n\
         The file \\fI$XDG_CONFIG_HOME/kessai/config.toml\\fR is TOML and need not be there. Options of the command\n\
         line go before it. Every mistake in it is told with its line, and then nothing is started.\n.SH KEYS\n",
    );
    for Entry { key, default, help } in ENTRIES {
        let default = if default.is_empty() { String::new() } else { format!(" Default: {default}.") };
        let _ = write!(page, ".TP\n\\fB{key}\\fR\n{}{}\n", escaped(help), escaped(&default));
    }
    let shop = actions(&Keymap::default());
    list_actions(&mut page, ".SH ACTIONS\nThe table \\fB[keys]\\fR gives actions other keys.\n", shop);
    let heading = ".SH ACTIONS OF THE DASHBOARD\nThe table \\fB[dashboard_keys]\\fR gives those of\n\\fBkessai \
                   dashboard\\fR other keys.\n";
    list_actions(&mut page, heading, actions(&dashboard::Keymap::default()));
    page
}

fn list_actions(page: &mut String, heading: &str, actions: Vec<Bound>) {
    page.push_str(heading);
    for bound in actions {
        let (keys, places) = (bound.keys.join(", "), bound.contexts.join(", "));
        let _ = write!(page, ".TP\n\\fB{}\\fR\n{} ({places})\n", escaped(bound.name), escaped(&keys));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
