//! What a configuration file wishes for.

use std::path::{Path, PathBuf};

use kessai_shared::config::{Config, ConfigError};
use toml::{Table, Value};

use super::{LangChoice, ThemeChoice};
use crate::app::event::Key;
use crate::app::keymap::{KeyAction, Keymap, KeymapOf, MAX_KEYS};
use crate::app::settings::{Colour, Pictures};
use crate::dashboard::keymap as dashboard;

/// The tables of keys: the shop's and the dashboard's.
const SHOP_KEYS: &str = "keys";
const DASHBOARD_KEYS: &str = "dashboard_keys";
/// Largest configuration file, in bytes.
const MAX_BYTES: u64 = 1 << 16;

const LANGUAGES: [(&str, LangChoice); 3] =
    [("auto", LangChoice::Auto), ("en", LangChoice::En), ("ja", LangChoice::Ja)];
const THEMES: [(&str, ThemeChoice); 5] = [
    ("auto", ThemeChoice::Auto),
    ("terminal", ThemeChoice::Terminal),
    ("dark", ThemeChoice::Dark),
    ("light", ThemeChoice::Light),
    ("contrast", ThemeChoice::Contrast),
];

/// The values of a file; what it does not speak of is not there.
#[derive(Default)]
pub struct Wishes {
    pub language: Option<LangChoice>,
    pub theme: Option<ThemeChoice>,
    pub colour: Option<Colour>,
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    pub reduced_motion: Option<bool>,
    pub pictures: Option<Pictures>,
    pub plain: Option<bool>,
    pub shop: Option<PathBuf>,
    pub cards: Option<PathBuf>,
    pub keys: Keymap,
    pub dashboard_keys: dashboard::Keymap,
    /// Whether any action of the shop's, or of the dashboard's, has other keys than its own.
    pub rebinds: bool,
    pub rebinds_dashboard: bool,
}

impl Wishes {
    /// Reads a file; one that is not there wishes for nothing.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is wrong with it.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Ok(_) | Err(_) => Self::need(file),
        }
    }

    /// Reads a file that has to be there.
    ///
    /// # Errors
    /// As [`Wishes::read`], and when there is no such file.
    pub fn need(file: &Path) -> Result<Self, ConfigError> {
        let wrong = |what: String| ConfigError(vec![format!("{}: {what}", file.display())]);
        let meta = std::fs::metadata(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if !meta.is_file() {
            return Err(wrong("is no file; name a file of TOML".to_owned()));
        }
        if meta.len() > MAX_BYTES {
            return Err(wrong(format!(
                "is larger than {MAX_BYTES} bytes, so it is no configuration of kessai"
            )));
        }
        let text =
            std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        Self::of_text(file, &text)
    }

    /// Reads what a file would hold.
    ///
    /// # Errors
    /// As [`Wishes::read`].
    pub fn of_text(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config = Config::of_text(file, text)?.telling_lines(text)?;
        let colour = one_of(&mut config, "colour", &[("auto", Colour::Some), ("never", Colour::None)]);
        let mut wishes = Self {
            language: one_of(&mut config, "language", &LANGUAGES),
            theme: one_of(&mut config, "theme", &THEMES),
            colour,
            ascii: switch(&mut config, "ascii"),
            mouse: switch(&mut config, "mouse"),
            reduced_motion: switch(&mut config, "reduced_motion"),
            pictures: one_of(
                &mut config,
                "pictures",
                &Pictures::ALL.map(|pictures| (pictures.name(), pictures)),
            ),
            plain: switch(&mut config, "plain"),
            shop: path(&mut config, "shop", "the file that a shop hands out, as in \"shop.toml\""),
            cards: path(&mut config, "cards", "a table of cards, as in \"cards.csv\""),
            ..Self::default()
        };
        for (name, table) in tables(&mut config) {
            let is_any = !table.is_empty();
            if name == SHOP_KEYS {
                wishes.rebinds = is_any;
                wishes.keys = keymap(&mut config, name, &table).unwrap_or_default();
            } else {
                wishes.rebinds_dashboard = is_any;
                wishes.dashboard_keys = keymap(&mut config, name, &table).unwrap_or_default();
            }
        }
        config.finish()?;
        Ok(wishes)
    }
}

/// A value that has one of these names.
fn one_of<T: Copy>(config: &mut Config, key: &str, values: &[(&str, T)]) -> Option<T> {
    let names: Vec<String> = values.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let expected = format!("one of {}", names.join(", "));
    let wanted: String = config.take(key, &expected)?;
    let found = values.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    if found.is_none() {
        config.mistake(&format!("{key}: expected {expected}, and not \"{}\"", shown(&wanted)));
    }
    found
}

fn switch(config: &mut Config, key: &str) -> Option<bool> {
    config.take(key, "true or false")
}

fn path(config: &mut Config, key: &str, expected: &str) -> Option<PathBuf> {
    let path: PathBuf = config.take(key, expected)?;
    if path.as_os_str().is_empty() {
        config.mistake(&format!("{key}: expected {expected}"));
        return None;
    }
    Some(config.beside(&path))
}

/// The tables of keys that are there, with their names.
fn tables(config: &mut Config) -> Vec<(&'static str, Table)> {
    let known = [(SHOP_KEYS, "pay = [\"p\"]"), (DASHBOARD_KEYS, "stop = [\"space\"]")];
    let table = |(name, example): (&'static str, &str)| {
        let expected = format!("a table, as in [{name}] and below it {example}");
        config.take::<Table>(name, &expected).map(|table| (name, table))
    };
    known.into_iter().filter_map(table).collect()
}

/// The keymap with the changes of the table, or `None` when something about them is wrong, which is noted.
fn keymap<A: KeyAction>(config: &mut Config, of: &str, table: &Table) -> Option<KeymapOf<A>> {
    let (mut changes, mut right) = (Vec::new(), true);
    for (name, value) in table {
        let Some(action) = A::named(name) else {
            config.mistake(&format!("{of}.{name}: there is no such action; `kessai config keys` lists them"));
            right = false;
            continue;
        };
        match keys(value) {
            Ok(keys) => changes.push((action, keys)),
            Err(why) => {
                config.mistake(&format!("{of}.{name}: {why}"));
                right = false;
            }
        }
    }
    match KeymapOf::rebound(&changes) {
        Ok(keymap) => right.then_some(keymap),
        Err(clashes) => {
            let lines: Vec<String> =
                clashes.iter().map(|clash| format!("{of}.{}: {}", clash.action.name(), clash.why)).collect();
            lines.iter().for_each(|line| config.mistake_too(line));
            None
        }
    }
}

/// A list of keys, or one key alone.
fn keys(value: &Value) -> Result<Vec<Key>, String> {
    let texts = match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    if texts.is_empty() || texts.len() > MAX_KEYS {
        return Err(format!("expected from 1 to {MAX_KEYS} keys, as in [\"p\"]"));
    }
    let mut keys: Vec<Key> = Vec::new();
    for text in texts {
        let text = text.as_str().ok_or("expected keys between quotation marks, as in [\"p\"]")?;
        let key = text.parse().map_err(|()| {
            format!(
                "\"{}\" is no key; keys are \"p\", \"P\", \"space\", \"ctrl-p\", \"f1\", \"shift-tab\"",
                shown(text)
            )
        })?;
        if keys.contains(&key) {
            return Err(format!("\"{}\" is there twice", shown(text)));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// A value of the file as an error line may show it.
fn shown(text: &str) -> String {
    const MOST: usize = 40;
    crate::view::text::cut(text, MOST)
}
