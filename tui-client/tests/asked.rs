//! The wallet's commands as a person runs them: the real program on a real pseudo-terminal, which
//! `script` of util-linux makes. Without it these tests say so and pass.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kessai");
const PATIENCE: Duration = Duration::from_secs(60);
const PASSPHRASE: &str = "correct horse 緑茶";
const NUMBER: &str = "5391827364501746";

/// A command on a terminal of its own.
struct Person {
    child: Child,
    keys: ChildStdin,
    seen: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// How much of what was seen has been looked at.
    read: usize,
}

impl Person {
    /// Starts the program with these arguments; `None` where there is no `script`. What `stty` says
    /// of the terminal afterwards is the end of what is seen.
    fn start(arguments: &str) -> Option<Self> {
        let line = format!("stty rows 24 cols 80; {PROGRAM} {arguments}; code=$?; stty -a; exit $code");
        let child = Command::new("script")
            .args(["-qefc", &line, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("NOT TESTED: there is no `script` here, which makes pseudo-terminals");
            return None;
        };
        let (keys, mut out) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let seen = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let (mut bytes, mut all) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                all.extend_from_slice(&bytes[..count]);
                *into.lock().unwrap_or_else(PoisonError::into_inner) =
                    String::from_utf8_lossy(&all).into_owned();
            }
        });
        Some(Self { child, keys, seen, reader: Some(reader), read: 0 })
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until something new is seen that holds this text.
    fn sees(&mut self, text: &str) {
        let begun = Instant::now();
        loop {
            let seen = self.seen();
            if let Some(at) = seen[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for '{text}': {seen}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("it takes keys");
    }

    fn answers(&mut self, question: &str, answer: &str) {
        self.sees(question);
        self.types(&format!("{answer}\r"));
    }

    /// Waits for the end. The terminal has to be as it was, and nothing secret may have been seen.
    fn end(mut self, code: i32) -> String {
        self.sees("speed");
        let status = self.child.wait().expect("a child of ours");
        self.reader.take().map(JoinHandle::join).expect("a reader").expect("all is read");
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(status.code(), Some(code), "{seen}");
        let (told, terminal) = seen.split_once("speed").expect("what stty says");
        for on in ["icanon", "echo", "isig", "opost"] {
            assert!(terminal.split_whitespace().any(|word| word == on), "{on} is off: {terminal}");
        }
        for secret in [NUMBER, &NUMBER[..6], "5391 8273", "correct horse", "wrong horse"] {
            assert!(!told.contains(secret), "{secret} was seen: {told}");
        }
        assert!(!told.contains("panicked"), "{told}");
        told.to_owned()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        // A test that fails leaves nobody sitting at a terminal; the program goes with its terminal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on(folder: &Path, act: &str) -> Option<Person> {
    Person::start(&format!("wallet {act} --data {}", folder.display()))
}

/// A wallet with one card, as a person adds it; `None` where it cannot be tested.
fn add_one(folder: &Path) -> Option<()> {
    let mut person = on(folder, "add")?;
    person.answers("New passphrase of", PASSPHRASE);
    person.answers("The same again:", PASSPHRASE);
    person.answers("Card number", "5391 8273 6450 1746");
    person.answers("Name on the card:", "Ada Lovelacf\u{7f}e");
    person.answers("Birth date", "1981-12-09");
    person.answers("Expiry", "2029-08");
    person.answers("What to call it [•••• 1746]:", "Everyday");
    let told = person.end(0);
    assert!(told.contains("'Everyday' added"), "{told}");
    Some(())
}

#[test]
fn a_card_is_asked_for_field_by_field_and_listed_masked() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    let mut person = on(folder.path(), "list").expect("a terminal");
    person.answers("Passphrase of", "wrong horse");
    person.answers("which of the two cannot be told", "");
    person.answers("cannot be empty", PASSPHRASE);
    let told = person.end(0);
    assert!(told.contains("* Everyday  •••• 1746  2029-08"), "{told}");
    let bytes = fs::read(folder.path().join("wallet.kessai")).expect("a wallet");
    assert!(!bytes.windows(4).any(|part| part == b"5391" || part == b"Ada "));
}

#[test]
fn what_is_mistyped_is_asked_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut person) = on(folder.path(), "add --label Mine") else { return };
    person.answers("New passphrase of", "short");
    person.answers("at least 8 characters", PASSPHRASE);
    person.answers("The same again:", "wrong horse");
    person.sees("these were not the same");
    person.answers("New passphrase of", &format!("wrong horse\u{15}{PASSPHRASE}"));
    person.answers("The same again:", PASSPHRASE);
    person.answers("Card number", "5391");
    person.answers("expected 12 to 19 digits", &format!("{NUMBER}\u{1b}[A"));
    person.answers("Name on the card:", "  ");
    person.answers("expected 1 to 64 bytes", "Ada Lovelace");
    person.answers("Birth date", "1981-13-09");
    person.answers("expected a day", "1981-12-09");
    person.answers("Expiry", "08/29");
    person.answers("expected a month", "2029-08");
    let told = person.end(0);
    assert!(told.contains("'Mine' added"), "{told}");
}

#[test]
fn three_wrong_passphrases_are_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    let mut person = on(folder.path(), "remove Everyday").expect("a terminal");
    for _ in 0..3 {
        person.answers("Passphrase of", "wrong horse");
    }
    let told = person.end(1);
    assert_eq!(told.matches("Passphrase of").count(), 3, "{told}");
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was_and_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut person) = on(folder.path(), "add") else { return };
    person.answers("New passphrase of", PASSPHRASE);
    person.sees("The same again:");
    person.types("correct\u{3}");
    let told = person.end(130);
    assert!(told.contains("stopped; nothing was changed"), "{told}");
    assert!(!folder.path().join("wallet.kessai").exists());
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was_too() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    let mut person = on(folder.path(), "list").expect("a terminal");
    person.sees("Passphrase of");
    person.types("correct");
    let data = folder.path().display().to_string();
    let asking = fs::read_dir("/proc").expect("processes").flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        (words.next()? == PROGRAM && words.any(|word| word == data)).then_some(pid)
    });
    let pid = asking.expect("the program is running").to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill is there").success());
    let told = person.end(128 + 15);
    assert!(told.contains("stopped by SIGTERM"), "{told}");
}

#[test]
fn the_passphrase_is_changed_by_typing() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    let mut person = on(folder.path(), "passphrase").expect("a terminal");
    person.answers("Passphrase of", PASSPHRASE);
    person.answers("New passphrase of", "wrong horse battery");
    person.answers("The same again:", "wrong horse battery");
    person.end(0);
    let mut person = on(folder.path(), "list --json").expect("a terminal");
    person.answers("Passphrase of", "wrong horse battery");
    let told = person.end(0);
    assert!(told.contains(r#""label":"Everyday""#), "{told}");
}

#[test]
fn the_shop_asks_for_the_passphrase_before_its_screen_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    // Nobody listens there, which is all the same to the screen.
    let shop = folder.path().join("shop.toml");
    let pin = "ab".repeat(32);
    let text = format!("address = \"127.0.0.1:9\"\nseller_pins = [\"{pin}\"]\nissuer_roots = [\"{pin}\"]\n");
    fs::write(&shop, text).expect("written");
    let arguments = format!("shop --shop {} --data {}", shop.display(), folder.path().display());
    let mut person = Person::start(&arguments).expect("a terminal");
    person.sees("Passphrase of");
    assert!(!person.seen().contains("\u{1b}[?1049h"), "the screen is open before the wallet is");
    person.types(&format!("{PASSPHRASE}\r"));
    person.sees("\u{1b}[?1049h");
    person.sees("help");
    person.types("q");
    person.end(0);
    let mut person = Person::start(&arguments).expect("a terminal");
    for _ in 0..3 {
        person.answers("Passphrase of", "wrong horse");
    }
    let told = person.end(1);
    assert!(!told.contains("\u{1b}[?1049h"), "{told}");
}

#[test]
fn what_is_typed_ahead_of_a_question_is_not_shown_either() {
    let folder = tempfile::tempdir().expect("a folder");
    if add_one(folder.path()).is_none() {
        return;
    }
    let mut person = on(folder.path(), "list").expect("a terminal");
    person.sees("Passphrase of");
    // While the first is tried, which takes a while, the second is typed already.
    person.types("wrong horse\r");
    std::thread::sleep(Duration::from_millis(30));
    person.types(PASSPHRASE);
    person.sees("which of the two cannot be told");
    person.types("\r");
    let told = person.end(0);
    assert!(told.contains("* Everyday"), "{told}");
}
