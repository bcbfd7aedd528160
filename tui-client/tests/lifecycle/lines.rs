//! The shop by lines in a real terminal window: no code is sent, and the terminal shows what is typed again
//! after every way out.

use crate::played;
use crate::pty::{Window, is_stopped, signal};
use crate::suspended::under_a_shell;

const NUMBER: &str = "4929123456785678";

/// A window in which the card's number is asked for.
fn at_the_number(folder: &std::path::Path) -> Window {
    to_the_number(played::window("lines", folder))
}

fn to_the_number(mut window: Window) -> Window {
    for (line, then) in [
        ("", "Say: "),
        ("add", "Added: "),
        ("cart", "Total at listed prices"),
        ("check out", "This price holds"),
        ("go on", "another card"),
        ("3", "Card number"),
    ] {
        if !line.is_empty() {
            window.press(&format!("{line}\n"));
        }
        window.until(then, |window| heard(window).contains(then));
    }
    window.until("typing that is hidden", |window| !window.has_modes_as_before());
    window
}

fn heard(window: &Window) -> String {
    String::from_utf8_lossy(&window.bytes()).into_owned()
}

fn type_line(window: &mut Window, line: &str, then: &str) {
    window.press(&format!("{line}\n"));
    window.until(then, |window| heard(window).contains(then));
}

#[test]
fn a_number_that_is_typed_is_not_shown_and_everything_else_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = at_the_number(folder.path());
    type_line(&mut window, NUMBER, "Name as on the card");
    // What is typed is hidden for no longer than the number.
    window.until("typing that is shown", Window::has_modes_as_before);
    type_line(&mut window, "Ada Lovelace", "Birth date");
    type_line(&mut window, "1981-12-09", "Expiry");
    type_line(&mut window, "2029-08", "type the word");
    window.press("\n");
    type_line(&mut window, ":quit", "Goodbye.");
    assert_eq!(window.ended(), 0);
    let heard = heard(&window);
    assert!(heard.contains("Ada Lovelace") && heard.contains("ending in 5678"), "{heard}");
    assert!(!heard.contains(&NUMBER[..5]), "{heard}");
    assert!(!heard.contains('\u{1b}'), "a code was sent: {heard:?}");
    assert!(window.has_modes_as_before());
}

#[test]
fn every_signal_shows_what_is_typed_again() {
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut window = at_the_number(folder.path());
        window.signal(signal);
        assert_eq!(window.ended(), code, "{signal}");
        assert!(window.has_modes_as_before(), "{signal}");
    }
}

#[test]
fn ctrl_c_and_the_end_of_the_input_leave() {
    for key in ["\u{3}", "\u{4}"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut window = at_the_number(folder.path());
        window.press(key);
        assert_eq!(window.ended(), 0, "{key:?}");
        assert!(window.has_modes_as_before(), "{key:?}");
        window.until("a farewell", |window| heard(window).contains("Goodbye."));
    }
}

#[test]
fn whoever_stops_it_can_see_what_he_types_until_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = to_the_number(under_a_shell("lines", folder.path()));
    let (shell, group) = (window.pid(), format!("-{}", window.pid()));
    signal(&group, "TSTP");
    window.until("a program that is stopped", |window| is_stopped(shell) && window.has_modes_as_before());
    signal(&group, "CONT");
    window.until("typing that is hidden again", |window| !window.has_modes_as_before());
    type_line(&mut window, NUMBER, "Name as on the card");
    type_line(&mut window, ":quit", "Goodbye.");
    assert_eq!(window.ended(), 0);
    assert!(!heard(&window).contains(&NUMBER[..5]));
}

#[test]
fn a_panic_ends_it_with_one_line_and_one_in_a_task_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("lines_that_panic", folder.path());
    type_line(&mut window, "orders", "kessai: internal error: the talk fell over");
    assert_eq!(window.ended(), 1);
    assert!(window.has_modes_as_before());
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("lines_whose_task_panics", folder.path());
    type_line(&mut window, "orders", "kessai.log");
    type_line(&mut window, "back", "1,234 products");
    type_line(&mut window, "quit", "Goodbye.");
    assert_eq!(window.ended(), 0);
    assert!(!heard(&window).contains("the task fell over"));
}
