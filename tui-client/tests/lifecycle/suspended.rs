//! Suspended and resumed: the shell has its terminal meanwhile, and afterwards the whole screen is there.

use portable_pty::CommandBuilder;

use crate::played;
use crate::pty::{Window, is_stopped, signal};

/// The play under a shell that waits for it, as it stands in a shopper's window: the shell is the first
/// process there.
pub fn under_a_shell(play: &str, folder: &std::path::Path) -> Window {
    let inner = played::command(play, folder);
    let words: Vec<_> = inner.get_argv().iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "\"$@\"; exit $?", "sh"]);
    command.args(words);
    command.env("TERM", "xterm-256color");
    command.env("KESSAI_TEST_FOLDER", folder);
    Window::open(command, 80, 24)
}

/// Changes the window while the program is stopped, lets it go on and quits.
fn assert_comes_back(window: &mut Window, before: &str, stopped: u32, whom: &str) {
    window.resize(100, 30);
    let written = window.bytes().len();
    signal(whom, "CONT");
    window.assert_taken();
    window.wait_for("Blue stoneware mug");
    window.until("a screen of the new size", |window| {
        window.text().lines().count() == 30 && window.text() != before
    });
    assert!(window.bytes().len() > written);
    assert!(!is_stopped(stopped));
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_until_it_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = under_a_shell("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    let before = window.text();
    window.press("\u{1a}");
    window.until("a program that is stopped", |window| is_stopped(window.pid()));
    window.assert_given_back();
    let (shell, group) = (window.pid(), format!("-{}", window.pid()));
    assert_comes_back(&mut window, &before, shell, &group);
}

#[test]
fn a_stop_from_outside_gives_the_terminal_back_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    let (before, pid) = (window.text(), window.pid());
    window.signal("TSTP");
    window.until("a program that is stopped", |_| is_stopped(pid));
    window.assert_given_back();
    assert_comes_back(&mut window, &before, pid, &pid.to_string());
}

#[test]
fn after_a_stop_without_a_warning_the_terminal_is_taken_over_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    let (before, pid) = (window.text(), window.pid());
    window.signal("STOP");
    window.until("a program that is stopped", |_| is_stopped(pid));
    window.spoil();
    assert_comes_back(&mut window, &before, pid, &pid.to_string());
}

#[test]
fn ctrl_z_where_nobody_could_let_it_go_on_is_no_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    window.press("\u{1a}");
    window.press("?");
    window.wait_for("Keys");
    window.assert_taken();
}

#[test]
fn it_can_be_stopped_for_good_while_it_is_suspended() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    let pid = window.pid();
    window.signal("TSTP");
    window.until("a program that is stopped", |_| is_stopped(pid));
    window.signal("TERM");
    window.signal("CONT");
    assert_eq!(window.ended(), 143);
    window.assert_given_back();
}
