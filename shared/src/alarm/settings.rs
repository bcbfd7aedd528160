//! The table `alarms` of a daemon's configuration.

use std::path::Path;

use toml::{Table, Value};

use super::rule::{ROWS, Row, Side};
use crate::config::Config;

/// Most parts of a command line, its program included, and the most bytes that one has.
const MAX_PARTS: usize = 32;
const MAX_PART_BYTES: usize = 4_096;
/// For how long a rule may have to be broken, in seconds: an hour.
const MAX_FOR_SECONDS: u64 = 3_600;
/// What a rule may be in the file.
const EXPECTED: &str =
    "expected a number, false, or a table such as { at = 5, for_seconds = 10, urgent = true }";

/// A rule with the threshold that it has here.
#[derive(Clone, Copy)]
pub struct Set {
    pub row: &'static Row,
    pub at: u64,
    pub for_seconds: u64,
    pub urgent: bool,
}

/// What the configuration says of alarms.
#[derive(Clone, Default)]
pub struct Settings {
    /// The rules that are on.
    pub rules: Vec<Set>,
    /// The program that is told of each alarm, and its arguments; empty when nobody is.
    pub command: Vec<String>,
}

impl Settings {
    /// The rules of a daemon whose configuration says nothing.
    #[must_use]
    pub fn usual(side: Side) -> Self {
        let rules = ROWS.iter().filter(|row| side.has(row.side)).filter_map(Set::usual);
        Self { rules: rules.collect(), command: Vec::new() }
    }

    /// Takes the table `alarms` out of a configuration; what it does not name is as usual.
    pub fn take(config: &mut Config, side: Side) -> Self {
        let table = config.take::<Table>("alarms", "a table such as [alarms]");
        let Some(mut table) = table else { return Self::usual(side) };
        let command = command(config, table.remove("command"));
        let mut rules = Vec::new();
        for row in ROWS.iter().filter(|row| side.has(row.side)) {
            match table.remove(row.key) {
                None => rules.extend(Set::usual(row)),
                Some(value) => match Set::of(row, &value) {
                    Ok(set) => rules.extend(set),
                    Err(why) => config.mistake(&format!("alarms.{}: {why}", row.key)),
                },
            }
        }
        for key in table.keys() {
            config.mistake(&format!("alarms.{key}: there is no such rule"));
        }
        Self { rules, command }
    }
}

impl Set {
    fn usual(row: &'static Row) -> Option<Self> {
        let Row { for_seconds, urgent, .. } = *row;
        row.usual.map(|at| Self { row, at, for_seconds, urgent })
    }

    /// `None` when the rule is switched off.
    fn of(row: &'static Row, value: &Value) -> Result<Option<Self>, String> {
        let whole = |value: &Value| value.as_integer().and_then(|at| u64::try_from(at).ok());
        let usual =
            Self { row, at: row.usual.unwrap_or(0), for_seconds: row.for_seconds, urgent: row.urgent };
        let set = match value {
            Value::Boolean(false) => return Ok(None),
            Value::Integer(_) => Self { at: whole(value).ok_or(EXPECTED)?, ..usual },
            Value::Table(table) => {
                let mut set = usual;
                // Without a threshold of its own it keeps the usual one, if there is one.
                let mut has_one = row.usual.is_some();
                for (key, value) in table {
                    match key.as_str() {
                        "at" => (set.at, has_one) = (whole(value).ok_or(EXPECTED)?, true),
                        "for_seconds" => set.for_seconds = whole(value).ok_or(EXPECTED)?,
                        "urgent" => set.urgent = value.as_bool().ok_or(EXPECTED)?,
                        _ => return Err(EXPECTED.to_owned()),
                    }
                }
                if !has_one {
                    return Err("at: is missing; this rule has no usual threshold".to_owned());
                }
                set
            }
            Value::String(_)
            | Value::Float(_)
            | Value::Boolean(true)
            | Value::Datetime(_)
            | Value::Array(_) => {
                return Err(EXPECTED.to_owned());
            }
        };
        if set.for_seconds > MAX_FOR_SECONDS {
            return Err(format!("for_seconds is at most {MAX_FOR_SECONDS}"));
        }
        if set.at == 0 && row.way == super::Way::AtLeast {
            return Err("from 0 on it would never be over; false switches it off".to_owned());
        }
        Ok(Some(set))
    }
}

/// The command, whose program is named from the root on: nothing is looked for in a path that the daemon
/// may have been given by somebody else.
fn command(config: &mut Config, value: Option<Value>) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    let parts: Option<Vec<String>> = value.try_into().ok();
    let is_good = |parts: &Vec<String>| {
        (1..=MAX_PARTS).contains(&parts.len())
            && parts.iter().all(|part| part.len() <= MAX_PART_BYTES && !part.contains('\0'))
            && Path::new(&parts[0]).is_absolute()
    };
    match parts.filter(is_good) {
        Some(parts) => parts,
        None => {
            config.mistake(&format!(
                "alarms.command: expected one to {MAX_PARTS} texts such as [\"/usr/local/bin/page\", \"shop\"], \
                 the program with its whole path"
            ));
            Vec::new()
        }
    }
}
