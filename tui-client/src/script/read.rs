//! Reading a script, with every mistake in it told at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::console::{Failure, USAGE};
use zeroize::Zeroizing;

use crate::app::Key;
use crate::app::model::Size;

/// Most bytes of a script.
const MOST_BYTES: u64 = 256 * 1024;
/// Longest time that a script may name: an hour.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Most columns or rows of a window.
const MOST_CELLS: u16 = 500;
/// How long is waited for a text when nothing is said.
const WITHIN: Duration = Duration::from_secs(30);

/// A script that was read. It has no `Debug`: what it types may be a card.
pub struct Script {
    pub path: PathBuf,
    pub kind: Kind,
    pub steps: Vec<Step>,
    /// How long a payment is waited for before it counts as unknown.
    pub patience: Option<Duration>,
}

/// What a script plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Shop,
    Dashboard,
}

pub struct Step {
    /// Counted from 1.
    pub line: usize,
    pub act: Act,
}

pub enum Act {
    Key(Key),
    Keys(Zeroizing<String>),
    Type(Zeroizing<String>),
    Paste(Zeroizing<String>),
    Resize(Size),
    Wait { text: String, within: Duration },
    Expect(String),
    Absent(String),
    Snapshot(String),
    Pause(Duration),
    Clock(Duration),
    Outside(String),
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`Failure`] with [`USAGE`] and a line for each mistake, after the file's name and its line.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", path.display()));
        let bytes = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
        if bytes > MOST_BYTES {
            return Err(unreadable(&format!("a script has at most {MOST_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
        Self::parse(path, &text)
    }

    /// What a text says that stands in the file at `path`.
    ///
    /// # Errors
    /// As [`Script::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let mut script = Self { path: path.to_owned(), kind: Kind::Shop, steps: Vec::new(), patience: None };
        let (mut mistakes, mut is_first) = (Vec::new(), true);
        for (at, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match command(line).and_then(|command| script.take(command, at, is_first)) {
                Ok(()) => {}
                Err(mistake) => mistakes.push(format!("{}:{at}: {mistake}", path.display())),
            }
            is_first = false;
        }
        if mistakes.is_empty() { Ok(script) } else { Err(Failure { code: USAGE, line: mistakes.join("\n") }) }
    }

    fn take(&mut self, command: Command, line: usize, is_first: bool) -> Result<(), String> {
        match (command, self.kind) {
            (Command::Dashboard, _) if is_first => self.kind = Kind::Dashboard,
            (Command::Dashboard, _) => return Err("dashboard stands before every other command".to_owned()),
            (Command::Act(Act::Clock(_)), Kind::Dashboard) => {
                return Err("the daemons have clocks of their own; wait for a text instead".to_owned());
            }
            (Command::Patience(_), Kind::Dashboard) => {
                return Err("nothing is paid on the dashboard".to_owned());
            }
            (Command::Act(act), _) => self.steps.push(Step { line, act }),
            (Command::Patience(patience), Kind::Shop) => self.patience = Some(patience),
        }
        Ok(())
    }

    /// That this is a script of that kind.
    ///
    /// # Errors
    /// [`Failure`] with [`USAGE`], and how it is played instead.
    pub fn must_be(&self, kind: Kind) -> Result<(), Failure> {
        let why = match (self.kind, kind) {
            (Kind::Dashboard, Kind::Shop) => {
                "plays the operators' dashboard; play it with: kessai dashboard --script"
            }
            (Kind::Shop, Kind::Dashboard) => {
                "plays the shop, because its first command is not dashboard; play it with: kessai script"
            }
            (Kind::Shop, Kind::Shop) | (Kind::Dashboard, Kind::Dashboard) => return Ok(()),
        };
        Err(Failure::usage(format!("{}: this script {why}", self.path.display())))
    }
}

enum Command {
    Act(Act),
    Patience(Duration),
    Dashboard,
}

fn command(line: &str) -> Result<Command, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let act = match word {
        "key" => Act::Key(rest.parse().map_err(|()| format!("no key is called {rest:?}"))?),
        "keys" => Act::Keys(Zeroizing::new(only_quoted(rest)?)),
        "type" => Act::Type(Zeroizing::new(only_quoted(rest)?)),
        "paste" => Act::Paste(Zeroizing::new(only_quoted(rest)?)),
        "resize" => Act::Resize(parse_size(rest)?),
        "wait" => wait(rest)?,
        "expect" => Act::Expect(only_quoted(rest)?),
        "absent" => Act::Absent(only_quoted(rest)?),
        "snapshot" => Act::Snapshot(name(rest)?),
        "pause" => Act::Pause(duration(rest)?),
        "clock" => Act::Clock(duration(rest.strip_prefix('+').ok_or("expected a time such as +65s")?)?),
        "outside" => Act::Outside(name(rest)?),
        "patience" => return Ok(Command::Patience(duration(rest)?)),
        "dashboard" if rest.is_empty() => return Ok(Command::Dashboard),
        "dashboard" => return Err(format!("expected nothing after dashboard; found {rest:?}")),
        unknown => return Err(format!("there is no command {unknown:?}")),
    };
    Ok(Command::Act(act))
}

fn wait(rest: &str) -> Result<Act, String> {
    let (text, rest) = quoted(rest)?;
    let within = match rest.strip_prefix("within") {
        None if rest.is_empty() => WITHIN,
        None => return Err(format!("expected nothing more, or: within 10s; found {rest:?}")),
        Some(time) => duration(time.trim())?,
    };
    Ok(Act::Wait { text, within })
}

fn only_quoted(rest: &str) -> Result<String, String> {
    match quoted(rest)? {
        (text, "") => Ok(text),
        (_, more) => Err(format!("expected nothing after the text; found {more:?}")),
    }
}

/// A text in quotation marks, and what comes after it.
fn quoted(rest: &str) -> Result<(String, &str), String> {
    let inner = rest.strip_prefix('"').ok_or("expected a text in quotation marks")?;
    let (mut text, mut letters) = (String::new(), inner.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if text.is_empty() => return Err("an empty text says nothing".to_owned()),
            '"' => return Ok((text, inner[at + 1..].trim())),
            '\\' => match letters.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some(_) | None => return Err("after a \\ stands \" or \\".to_owned()),
            },
            letter => text.push(letter),
        }
    }
    Err("the text has no end: a quotation mark is missing".to_owned())
}

/// A name that can be a part of a file's name.
fn name(rest: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match rest {
        "" => Err("expected a name".to_owned()),
        name if name.chars().all(good) => Ok(name.to_owned()),
        other => Err(format!("a name has letters, digits and -; found {other:?}")),
    }
}

/// A time as 300ms, 2s or 3m, an hour at most.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a time such as 300ms, 2s or 3m; found {text:?}");
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let number: u64 = text[..unit].parse().map_err(|_| wrong())?;
    let milliseconds = match &text[unit..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _unknown => return Err(wrong()),
    };
    let time = Duration::from_millis(number.saturating_mul(milliseconds));
    if time > LONGEST { Err("at most an hour".to_owned()) } else { Ok(time) }
}

/// A window's size, as 80x24.
///
/// # Errors
/// What is wrong with it.
pub fn parse_size(text: &str) -> Result<Size, String> {
    let number = |text: &str| text.parse().ok().filter(|number| (1..=MOST_CELLS).contains(number));
    text.split_once('x')
        .and_then(|(columns, rows)| Some(Size { columns: number(columns)?, rows: number(rows)? }))
        .ok_or_else(|| {
            format!("expected columns and rows such as 80x24, at most {MOST_CELLS}; found {text:?}")
        })
}
