//! Through a terminal of 40 columns that cannot move its cursor: it is told by lines by itself, and the number
//! of a card is not shown.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::command::PROGRAM;
use crate::support::shop::Shop;
use crate::support::until;

#[test]
fn a_card_that_is_typed_at_a_dumb_terminal_pays_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let size = PtySize { rows: 12, cols: 40, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(shop.terminal().args("shop", &["--lang", "en"]));
    command.env("TERM", "dumb");
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    let heard = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&heard);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    });
    let mut keys = pair.master.take_writer().expect("a writer");
    let text = || heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (line, then) in [
        ("", "cannot move its cursor"),
        ("", "1 of 43: "),
        ("search notebook", "2 of 2: Notebook"),
        ("1", "Quantity: 1"),
        ("add", "Added: "),
        ("cart", "Total at listed prices"),
        ("check out", "This price holds"),
        ("go on", "another card"),
        ("1", "Card number"),
        ("9999 9910 0000 0012", "Name as on the card"),
        ("Hanako Mori", "Birth date"),
        ("1988-04-12", "Expiry"),
        ("2031-09", "type the word"),
        ("pay", "Accepted. "),
        ("orders", "Your orders"),
        ("quit", "Goodbye."),
    ] {
        if !line.is_empty() {
            keys.write_all(format!("{line}\n").as_bytes()).expect("keys");
        }
        until(then, || text().contains(then));
    }
    assert!(child.wait().expect("an end").success());
    let heard = text();
    assert!(!heard.contains('\u{1b}'), "{heard}");
    let digits: String = heard.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    assert!(!digits.contains("99999910"), "the number is shown: {heard}");
    assert!(heard.contains("ending in 0012") && heard.contains("Hanako Mori"), "{heard}");
}
