//! Configuration files: TOML, read once, every mistake reported together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// Largest configuration file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A configuration file while its keys are taken out of it.
pub struct Config {
    file: PathBuf,
    table: Table,
    mistakes: Vec<String>,
    /// On which line each key stands, `table.key` for those inside a table; where mistakes tell lines.
    lines: BTreeMap<String, usize>,
}

/// Everything that is wrong with a configuration file, one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads a file. One that is not there is empty: every key has its default then.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read or is no TOML.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::empty(file)),
            Ok(meta) if meta.len() > MAX_BYTES => {
                return Err(ConfigError(vec![format!("{}: larger than {MAX_BYTES} bytes", file.display())]));
            }
            Ok(_) | Err(_) => {}
        }
        Self::need(file)
    }

    /// Reads a file that has to be there.
    ///
    /// # Errors
    /// As [`Config::read`], and when there is no such file.
    pub fn need(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError(vec![format!("{}: cannot be read: {error}", file.display())]))?;
        Self::of_text(file, &text)
    }

    /// Reads what a file would hold; mistakes are told under its name.
    ///
    /// # Errors
    /// [`ConfigError`] when the text is no TOML.
    pub fn of_text(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            ConfigError(vec![format!("{}:{line}: {}", file.display(), error.message())])
        })?;
        Ok(Self { file: file.to_owned(), table, mistakes: Vec::new(), lines: BTreeMap::new() })
    }

    /// Lets each mistake tell the line that it stands on.
    ///
    /// # Errors
    /// When the text is not what this was read from.
    pub fn telling_lines(mut self, text: &str) -> Result<Self, ConfigError> {
        let parsed = DeTable::parse(text)
            .map_err(|error| ConfigError(vec![format!("{}: {}", self.file.display(), error.message())]))?;
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        for (key, value) in parsed.get_ref() {
            self.lines.insert(key.get_ref().to_string(), line(key.span().start));
            if let DeValue::Table(table) = value.get_ref() {
                let inside = table.keys().map(|inner| {
                    (format!("{}.{}", key.get_ref(), inner.get_ref()), line(inner.span().start))
                });
                self.lines.extend(inside);
            }
        }
        Ok(self)
    }

    fn empty(file: &Path) -> Self {
        let lines = BTreeMap::new();
        Self { file: file.to_owned(), table: Table::new(), mistakes: Vec::new(), lines }
    }

    /// Whether a key is there and was not taken out yet.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A path as the file means it: one that is not absolute begins in the file's own folder.
    #[must_use]
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// Takes a key out. `None` when it is not there or is not as expected, which is noted.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        match value.try_into() {
            Ok(value) => Some(value),
            Err(_) => {
                self.mistake(&format!("{key}: expected {expected}"));
                None
            }
        }
    }

    /// Takes a text out and parses it.
    pub fn take_parsed<T: std::str::FromStr>(&mut self, key: &str, expected: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            self.mistake(&format!("{key}: expected {expected}"));
        }
        parsed
    }

    /// As [`Config::take_parsed`], for a key that has to be there.
    pub fn need_parsed<T: std::str::FromStr>(&mut self, key: &str, expected: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.mistake(&format!("{key}: is missing; expected {expected}"));
        }
        self.take_parsed(key, expected)
    }

    /// A list of texts, or one text alone.
    pub fn take_list<T: std::str::FromStr>(&mut self, key: &str, expected: &str) -> Vec<T> {
        let texts = match self.table.remove(key) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        };
        let parsed: Vec<T> =
            texts.iter().filter_map(Value::as_str).filter_map(|text| text.parse().ok()).collect();
        if parsed.len() != texts.len() || parsed.is_empty() {
            self.mistake(&format!("{key}: expected {expected}"));
        }
        parsed
    }

    /// Notes a mistake that only the values together show. A key that is wrong already is told
    /// once: what else its value is not follows from that.
    pub fn mistake(&mut self, what: &str) {
        let line = what.split_once(": ").and_then(|(key, _)| self.lines.get(key));
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let start = |what: &str| format!("{}{line}: {what}", self.file.display());
        let same_key = what.split_once(": ").map(|(key, _)| start(&format!("{key}: ")));
        if !same_key.is_some_and(|key| self.mistakes.iter().any(|told| told.starts_with(&key))) {
            self.mistakes.push(start(what));
        }
    }

    /// Notes one of several mistakes that one key can have at the same time.
    pub fn mistake_too(&mut self, what: &str) {
        let before = std::mem::take(&mut self.mistakes);
        self.mistake(what);
        self.mistakes.splice(0..0, before);
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake, and every key that nobody asked for.
    pub fn finish(mut self) -> Result<(), ConfigError> {
        let strange: Vec<String> = self.table.keys().cloned().collect();
        strange.iter().for_each(|key| self.mistake(&format!("{key}: there is no such key")));
        if self.mistakes.is_empty() { Ok(()) } else { Err(ConfigError(self.mistakes)) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "a = 'x'\nb = 7\nstrange = 1\nlist = ['1', 'two']\n").expect("written");
        let mut config = Config::read(file.path()).expect("TOML");
        assert_eq!(config.take::<u8>("a", "a small number"), None);
        assert_eq!(config.take::<u8>("b", "a small number"), Some(7));
        config.take_list::<u8>("list", "small numbers");
        config.need_parsed::<u8>("gone", "a number");
        let ConfigError(mistakes) = config.finish().expect_err("mistakes");
        let name = file.path().display();
        let expected = [
            format!("{name}: a: expected a small number"),
            format!("{name}: list: expected small numbers"),
            format!("{name}: gone: is missing; expected a number"),
            format!("{name}: strange: there is no such key"),
        ];
        assert_eq!(mistakes, expected);
    }

    #[test]
    fn mistakes_tell_their_lines_where_they_are_known() {
        let text = "a = 1\n\n[keys]\n# not this one\npay = 7\n";
        let config = Config::of_text(Path::new("x.toml"), text).expect("TOML");
        let mut config = config.telling_lines(text).expect("the same text");
        config.mistake("keys.pay: no key");
        config.take::<String>("a", "a text");
        config.take::<Table>("keys", "a table");
        config.mistake("all of it is wrong");
        let ConfigError(mistakes) = config.finish().expect_err("mistakes");
        let expected =
            ["x.toml:5: keys.pay: no key", "x.toml:1: a: expected a text", "x.toml: all of it is wrong"];
        assert_eq!(mistakes, expected);
    }

    #[test]
    fn broken_toml_names_its_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "a = 1\nb = = 2\n").expect("written");
        let ConfigError(mistakes) = Config::read(file.path()).err().expect("no TOML");
        assert!(mistakes[0].contains(":2: "), "{mistakes:?}");
    }
}
