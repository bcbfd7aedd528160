//! Asking on the terminal for what must not stand on a command line, where every process can read it.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use kessai_shared::card::CardNumber;
use kessai_shared::console::Failure;
use kessai_shared::sealed_file::{MAX_PASSPHRASE_BYTES, Passphrase};
use zeroize::Zeroizing;

/// Fewest characters of a card file's passphrase: what is shorter is soon guessed by whoever has the file.
const MIN_PASSPHRASE_CHARACTERS: usize = 8;
/// Most bytes of a card number with the spaces that people put into it.
const MAX_NUMBER_BYTES: usize = 64;
const OTHERS: u32 = 0o077;
/// Exit code of a program that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// The card number in the first line of a file, or as it is typed.
///
/// # Errors
/// [`Failure`] when there is none, or the file is open to others.
pub fn number(file: Option<&Path>) -> Result<CardNumber, Failure> {
    let text = match file {
        Some(file) => first_line(file)?,
        None => hidden("Card number: ", MAX_NUMBER_BYTES, "name a file with --number-file")?,
    };
    let number: CardNumber = text.parse().map_err(Failure::failed)?;
    if !number.passes_luhn() {
        return Err(Failure::failed("this is no card number: its check digit is wrong"));
    }
    Ok(number)
}

/// The passphrase in the first line of a file, or as it is typed twice.
///
/// # Errors
/// [`Failure`] when there is none, it is too short, or the file is open to others.
pub fn new_passphrase(file: Option<&Path>) -> Result<Passphrase, Failure> {
    let typed = |prompt| {
        let text = hidden(prompt, MAX_PASSPHRASE_BYTES, "name a file with --passphrase-file")?;
        Passphrase::new(&text).map_err(Failure::from)
    };
    let passphrase = match file {
        Some(file) => Passphrase::from_file(file)?,
        None => typed("New passphrase of the card file: ")?,
    };
    if passphrase.characters() < MIN_PASSPHRASE_CHARACTERS {
        let line = format!("a new passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters");
        return Err(Failure::failed(line));
    }
    if file.is_none() && typed("The same again: ")? != passphrase {
        return Err(Failure::failed("these were not the same; nothing was changed"));
    }
    Ok(passphrase)
}

fn first_line(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |error: io::Error| Failure::failed(format!("{}: cannot be read: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & OTHERS != 0 {
        let path = path.display();
        return Err(Failure::failed(format!("{path}: others may read this file; run: chmod 600 {path}")));
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_NUMBER_BYTES));
    file.take(MAX_NUMBER_BYTES as u64).read_to_string(&mut text).map_err(failed)?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

/// One line that is typed and not shown, of at most so many bytes; what is longer is not taken in.
fn hidden(prompt: &str, most_bytes: usize, instead: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::usage(format!("there is no terminal to ask on; {instead}")));
    }
    let raw = Raw::enter(prompt)?;
    // The buffer has its full size from the start: one that grows leaves an unwiped copy behind.
    let mut text = Zeroizing::new(String::with_capacity(most_bytes));
    loop {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
            (KeyCode::Char('c' | 'd'), true) => {
                drop(raw);
                return Err(Failure { code: INTERRUPTED, line: "stopped; nothing was changed".into() });
            }
            (KeyCode::Char('u'), true) => text.clear(),
            (KeyCode::Enter, _) | (KeyCode::Char('j' | 'm'), true) => return Ok(text),
            (KeyCode::Backspace, _) => drop(text.pop()),
            (KeyCode::Char(c), false) if text.len() + c.len_utf8() <= most_bytes => text.push(c),
            _ => {}
        }
    }
}

/// The terminal while no key is shown; given back when this is dropped.
struct Raw;

impl Raw {
    fn enter(prompt: &str) -> Result<Self, Failure> {
        eprint!("{prompt}");
        io::stderr().flush()?;
        terminal::enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nobody to tell when the terminal is gone.
        let _ = terminal::disable_raw_mode();
        eprintln!();
    }
}
