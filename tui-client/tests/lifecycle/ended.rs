//! Beginning and ending in good order: the terminal is the shopper's again, as it was.

use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

use crate::played;
use crate::pty::{SURROUNDINGS, Window};

const KESSAI: &str = env!("CARGO_BIN_EXE_kessai");

/// The real program at a shop that nobody answers for.
pub fn at_nobodys_shop(folder: &std::path::Path) -> CommandBuilder {
    let pin = "ab".repeat(32);
    let text = format!("address = \"127.0.0.1:9\"\nseller_pins = [\"{pin}\"]\nissuer_roots = [\"{pin}\"]\n");
    let file = folder.join("shop.toml");
    std::fs::write(&file, text).expect("a shop file");
    let mut command = CommandBuilder::new(KESSAI);
    command.env("TERM", "xterm-256color");
    for word in ["shop", "--shop"] {
        command.arg(word);
    }
    command.arg(&file);
    command.arg("--data");
    command.arg(folder.join("terminal"));
    command
}

#[test]
fn the_real_program_starts_without_a_shop_and_quits_without_a_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open(at_nobodys_shop(folder.path()), 80, 24);
    window.assert_taken();
    window.wait_for("connect");
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
    assert_eq!(window.text().trim(), "", "something was left on the shopper's own screen");
}

#[test]
fn quitting_gives_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    window.assert_taken();
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
    assert!(!window.text().contains("mug"));
}

#[test]
fn every_signal_that_ends_it_gives_everything_back() {
    for (signal, name, code) in
        [("TERM", "SIGTERM", 143), ("HUP", "SIGHUP", 129), ("INT", "SIGINT", 130), ("QUIT", "SIGQUIT", 131)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let mut window = played::window("shop", folder.path());
        window.wait_for("Blue stoneware mug");
        window.signal(signal);
        assert_eq!(window.ended(), code, "{name}");
        window.assert_given_back();
        window.wait_for(&format!("kessai: stopped by {name}"));
    }
}

#[test]
fn ctrl_c_quits_as_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    window.press("\u{3}");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn a_mouse_that_was_watched_is_let_go_and_a_log_line_is_not_on_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("log_line_and_mouse", folder.path());
    window.wait_for("Blue stoneware mug");
    window.press("o");
    window.until("a mouse that is watched", |window| {
        window.look(|screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None)
    });
    let log = folder.path().join("kessai.log");
    window.until("a log line", |_| {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("a line for the log"))
    });
    assert!(!String::from_utf8_lossy(&window.bytes()).contains("a line for the log"));
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn without_a_terminal_there_is_no_escape_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = at_nobodys_shop(folder.path());
    let shop: Vec<_> = shop.get_argv().iter().skip(1).cloned().collect();
    let commands: [Vec<std::ffi::OsString>; 5] = [
        shop,
        vec!["--help".into()],
        vec!["wallet".into(), "list".into(), "--data".into(), folder.path().into()],
        vec!["nonsense".into()],
        vec!["generate".into(), "completions".into(), "bash".into()],
    ];
    for arguments in commands {
        let mut command = Command::new(KESSAI);
        for name in SURROUNDINGS {
            command.env_remove(name);
        }
        let ended = command.args(&arguments).env("TERM", "xterm-256color").stdin(Stdio::null()).output();
        let ended = ended.expect("the program starts");
        for said in [&ended.stdout, &ended.stderr] {
            assert!(!said.contains(&0x1b), "{arguments:?}: {}", String::from_utf8_lossy(said));
        }
        assert!(!(ended.stdout.is_empty() && ended.stderr.is_empty()), "{arguments:?} said nothing");
    }
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_no_escape_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = at_nobodys_shop(folder.path());
    command.env("TERM", "dumb");
    let mut window = Window::open(command, 80, 24);
    window.until("a word", |window| !window.text().trim().is_empty());
    assert!(!window.bytes().contains(&0x1b), "{}", window.text());
    // Whether it ends or goes on in lines, the terminal's modes stay the shell's.
    window.signal("TERM");
    window.ended();
    assert!(!window.bytes().contains(&0x1b));
    assert!(window.has_modes_as_before());
}
