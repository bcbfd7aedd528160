//! Asking on the terminal, one line at a time: what is secret is not shown, and the terminal is given
//! back whatever happens.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal;
use futures_util::StreamExt;
use kessai_shared::console::Failure;
use kessai_shared::sealed_file::{MAX_PASSPHRASE_BYTES, Passphrase};
use zeroize::Zeroizing;

use super::{Wallet, WalletError, WalletFile};
use crate::terminal::FAULT;

/// Fewest characters of a new passphrase: what is shorter is soon guessed from a stolen file,
/// whatever each guess costs.
const MIN_NEW_CHARACTERS: usize = 8;
/// How often a passphrase is asked for until it opens the wallet.
const TRIES: usize = 3;
/// How often a new passphrase may be too short, or its two entries differ.
const NEW_TRIES: usize = 3;
/// Exit code of a program that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    Shown,
    Hidden,
}

/// Whoever sits at the terminal. From the first question on, the terminal shows no key by itself
/// until this is dropped, because what is typed ahead of a question may be a passphrase too.
#[derive(Default)]
pub struct Person {
    raw: Option<Raw>,
}

impl Person {
    /// # Errors
    /// [`Failure`] with what to do `instead` where nobody can be asked anything.
    pub fn need(instead: &str) -> Result<(), Failure> {
        if io::stdin().is_terminal() && tty().is_ok() {
            return Ok(());
        }
        Err(Failure::usage(format!("there is no terminal to ask on; {instead}")))
    }

    /// The wallet and what opens it. A passphrase that is typed may be mistyped.
    pub async fn open(
        &mut self,
        file: &WalletFile,
        given: Option<&Path>,
    ) -> Result<(Wallet, Passphrase), Failure> {
        // A file that cannot be a wallet is told of before anything is asked.
        if !file.is_there()? {
            return Err(WalletError::Missing(file.path().to_owned()).into());
        }
        let prompt = format!("Passphrase of {}: ", file.path().display());
        let mut tries = 1;
        loop {
            let passphrase = self.passphrase(given, &prompt).await?;
            match file.read(&passphrase) {
                Ok(wallet) => return Ok((wallet, passphrase)),
                Err(error) if given.is_none() && tries < TRIES && error.is_closed() => {
                    self.say(&error.to_string())?;
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A passphrase: the first line of the file that is given, or else what is typed.
    pub async fn passphrase(&mut self, given: Option<&Path>, prompt: &str) -> Result<Passphrase, Failure> {
        match given {
            Some(file) => Ok(Passphrase::from_file(file)?),
            None => self.typed(prompt).await,
        }
    }

    /// A passphrase for something new: long enough, and typed twice.
    pub async fn new_passphrase(&mut self, given: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
        if let Some(file) = given {
            let passphrase = Passphrase::from_file(file)?;
            return check_new(&passphrase)
                .map_err(|why| Failure::failed(format!("{}: {why}", file.display())))
                .map(|()| passphrase);
        }
        for _ in 0..NEW_TRIES {
            let passphrase = self.typed(&format!("New passphrase of {what}: ")).await?;
            if let Err(why) = check_new(&passphrase) {
                self.say(&why)?;
            } else if self.typed("The same again: ").await? == passphrase {
                return Ok(passphrase);
            } else {
                self.say("these were not the same")?;
            }
        }
        Err(Failure::failed("no new passphrase was chosen, and nothing was changed"))
    }

    /// One line that is typed, of at most so many bytes; what is longer is not taken in.
    pub async fn line(
        &mut self,
        prompt: &str,
        echo: Echo,
        most_bytes: usize,
    ) -> Result<Zeroizing<String>, Failure> {
        Self::need("run this where there is one")?;
        let raw = self.raw()?;
        // The buffer has its full size from the start: one that grows leaves an unwiped copy behind.
        let mut text = Zeroizing::new(String::with_capacity(most_bytes));
        raw.draw(prompt, "")?;
        loop {
            match press(raw.keys.next().await)? {
                Press::Enter => break,
                Press::Interrupt => {
                    return Err(Failure { code: INTERRUPTED, line: "stopped; nothing was changed".into() });
                }
                Press::Char(c) if text.len() + c.len_utf8() <= most_bytes => text.push(c),
                Press::Erase => drop(text.pop()),
                Press::EraseAll => text.clear(),
                Press::Char(_) | Press::Nothing => {}
            }
            if echo == Echo::Shown {
                raw.draw(prompt, &text)?;
            }
        }
        raw.end_line()?;
        Ok(text)
    }

    /// One line to whoever is asked.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        let raw = self.raw()?;
        raw.out.write_all(text.as_bytes()).map_err(unusable)?;
        raw.end_line()
    }

    async fn typed(&mut self, prompt: &str) -> Result<Passphrase, Failure> {
        Self::need("name a file that holds the passphrase, see --help")?;
        loop {
            let text = self.line(prompt, Echo::Hidden, MAX_PASSPHRASE_BYTES).await?;
            match Passphrase::new(&text) {
                Ok(passphrase) => return Ok(passphrase),
                Err(why) => self.say(&why.to_string())?,
            }
        }
    }

    fn raw(&mut self) -> Result<&mut Raw, Failure> {
        let raw = match self.raw.take() {
            Some(raw) => raw,
            None => Raw::enter()?,
        };
        Ok(self.raw.insert(raw))
    }
}

fn check_new(passphrase: &Passphrase) -> Result<(), String> {
    if passphrase.characters() < MIN_NEW_CHARACTERS {
        return Err(format!("a new passphrase has at least {MIN_NEW_CHARACTERS} characters"));
    }
    Ok(())
}

enum Press {
    Char(char),
    Enter,
    Erase,
    EraseAll,
    Interrupt,
    Nothing,
}

fn press(event: Option<io::Result<Event>>) -> Result<Press, Failure> {
    match event {
        Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => Ok(press_of(key)),
        Some(Ok(_)) => Ok(Press::Nothing),
        Some(Err(error)) => Err(unusable(error)),
        None => Err(Failure { code: FAULT, line: "the terminal went away".into() }),
    }
}

fn press_of(key: KeyEvent) -> Press {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c' | 'd') => Press::Interrupt,
            KeyCode::Char('u') => Press::EraseAll,
            KeyCode::Char('h') => Press::Erase,
            KeyCode::Char('j' | 'm') => Press::Enter,
            _ => Press::Nothing,
        };
    }
    match key.code {
        KeyCode::Enter => Press::Enter,
        KeyCode::Backspace => Press::Erase,
        KeyCode::Char(c) if !c.is_control() => Press::Char(c),
        _ => Press::Nothing,
    }
}

/// The terminal while each key is taken as it is pressed, and none is shown. It is given back when
/// this is dropped, and so also when a signal ends the asking.
struct Raw {
    out: File,
    keys: EventStream,
    /// Whether a line is begun and not ended.
    in_line: bool,
}

impl Raw {
    fn enter() -> Result<Self, Failure> {
        let out = tty()?;
        terminal::enable_raw_mode().map_err(unusable)?;
        Ok(Self { out, keys: EventStream::new(), in_line: false })
    }

    fn draw(&mut self, prompt: &str, text: &str) -> Result<(), Failure> {
        self.in_line = true;
        write!(self.out, "\r\x1b[K{prompt}{text}").map_err(unusable)
    }

    fn end_line(&mut self) -> Result<(), Failure> {
        self.in_line = false;
        self.out.write_all(b"\r\n").map_err(unusable)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone cannot be given back.
        if self.in_line {
            let _ = self.out.write_all(b"\r\n");
        }
        let _ = terminal::disable_raw_mode();
    }
}

// What is asked goes to the terminal itself, so that it is seen whatever the output is redirected to.
fn tty() -> Result<File, Failure> {
    OpenOptions::new().write(true).open("/dev/tty").map_err(unusable)
}

fn unusable(why: io::Error) -> Failure {
    Failure { code: FAULT, line: format!("the terminal cannot be used: {why}") }
}
