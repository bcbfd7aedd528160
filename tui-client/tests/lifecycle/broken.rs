//! Panics: one of the screen's thread ends the session and gives the terminal back; any other does neither.

use std::fs;
use std::path::Path;

use crate::played;
use crate::pty::Window;

fn shop(play: &str, folder: &Path) -> Window {
    let window = played::window(play, folder);
    window.wait_for("Blue stoneware mug");
    window
}

/// That the session goes on, told the shopper once, and wrote the panic down where it is out of the way.
fn assert_unharmed(window: &mut Window, folder: &Path, said: &str) {
    window.assert_taken();
    let log = fs::read_to_string(folder.join("kessai.log")).expect("a log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains(&format!("internal error: {said} at ")), "{log}");
    let bytes = window.bytes();
    assert!(!String::from_utf8_lossy(&bytes).contains(said), "the panic's words went to the terminal");
    window.press("?");
    window.wait_for("Keys");
    window.press("\u{1b}");
    // An escape with a key at its heels would be one key.
    window.until("help that is closed", |window| !window.text().contains("Keys"));
    window.press("\u{3}");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn a_task_that_panics_does_not_break_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = shop("task_that_panics", folder.path());
    window.press("o");
    window.wait_for("kessai.log");
    assert_unharmed(&mut window, folder.path(), "the task fell over");
}

#[test]
fn a_thread_that_panics_does_not_break_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = shop("thread_that_panics", folder.path());
    window.press("o");
    window.wait_for("kessai.log");
    assert_unharmed(&mut window, folder.path(), "the thread fell over");
}

#[test]
fn a_payment_that_panics_is_unknown_and_not_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = shop("payment_that_panics", folder.path());
    played::pay(&mut window);
    window.wait_for("kessai.log");
    window.wait_for("payment unknown");
    assert!(!window.text().contains("Nothing was paid"));
    assert_unharmed(&mut window, folder.path(), "the payment fell over");
}

#[test]
fn a_panic_of_the_thread_that_draws_gives_the_terminal_back_and_says_so_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = shop("screen_that_panics", folder.path());
    window.press("o");
    assert_eq!(window.ended(), 1);
    window.assert_given_back();
    window.wait_for("the screen fell over");
    let text = window.text();
    let said: Vec<&str> = text.lines().filter(|line| line.contains("the screen fell over")).collect();
    assert_eq!(said.len(), 1, "{text}");
    assert!(said[0].starts_with("kessai: internal error: the screen fell over"), "{text}");
}
