//! The dashboard in a window: the same care of the terminal as the shop's, while something comes each second.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use kessai_shared::operator::live::Beat;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::Settings;
use kessai_tui_client::dashboard::Model;
use kessai_tui_client::dashboard::event::{Daemon, Effect, Event};
use kessai_tui_client::runtime::{Perform, Performance, Tell, run_program};

use crate::played::{self, on_stage};
use crate::pty::{SURROUNDINGS, Window, is_stopped};

#[allow(dead_code, reason = "each test uses its own part of what is made up")]
#[path = "../dashboard/made.rs"]
mod made;

const KESSAI: &str = env!("CARGO_BIN_EXE_kessai");
/// A text that is on every screen of a daemon that is heard.
const LIVE: &str = "seller live";

fn window(play: &str, folder: &std::path::Path) -> Window {
    Window::open(played::command_of("dashboard", play, folder), 80, 24)
}

#[test]
#[ignore = "a part that others start in a window"]
fn beating() {
    play(Arc::new(|effect, tell| answered(effect, tell, u64::MAX)));
}

/// Says a little, and then nothing more.
#[test]
#[ignore = "a part that others start in a window"]
fn falling_silent() {
    play(Arc::new(|effect, tell| answered(effect, tell, 30)));
}

#[test]
#[ignore = "a part that others start in a window"]
fn breaking() {
    play(Arc::new(|effect, tell| match effect {
        Effect::Ask { .. } => async { panic!("the question fell over") }.boxed(),
        other => answered(other, tell, u64::MAX),
    }));
}

#[test]
#[ignore = "a part that others start in a window"]
fn falling_over() {
    play(Arc::new(|effect, tell| match effect {
        Effect::Ask { .. } => panic!("the dashboard fell over"),
        other => answered(other, tell, u64::MAX),
    }));
}

fn play(perform: Perform<Model>) {
    let make = |size, now| Model::new(Settings::default(), &[Daemon::Seller], false, size, now);
    let clock = Arc::new(Timestamp::from_system_clock);
    on_stage(run_program(perform, std::future::pending(), Box::new(make), clock));
}

/// A seller that tells so many seconds, ten times as fast as a real one so that the test is short.
fn answered(effect: Effect, tell: Tell<Model>, beats: u64) -> Performance<Model> {
    async move {
        let Effect::Watch(daemon) = effect else { return std::future::pending().await };
        tell.send(Event::Reached(daemon)).await.ok()?;
        for tick in 1..=beats {
            let beat =
                Beat { second: made::sold(tick), status: Some(made::seller_status()), alarms: Vec::new() };
            tell.send(Event::SellerBeat(Box::new(beat))).await.ok()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        std::future::pending().await
    }
    .boxed()
}

#[test]
fn it_goes_by_itself_and_quitting_gives_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("beating", folder.path());
    window.wait_for(LIVE);
    window.assert_taken();
    let before = window.text();
    window.until("another second", |window| window.text() != before);
    window.press(" ");
    window.wait_for("STOPPED");
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
    assert!(!window.text().contains(LIVE));
}

#[test]
fn every_signal_ends_it_in_good_order() {
    for (signal, name, code) in [("TERM", "SIGTERM", 143), ("HUP", "SIGHUP", 129), ("INT", "SIGINT", 130)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut window = window("beating", folder.path());
        window.wait_for(LIVE);
        window.signal(signal);
        assert_eq!(window.ended(), code, "{name}");
        window.assert_given_back();
        window.wait_for(&format!("kessai: stopped by {name}"));
    }
}

#[test]
fn it_is_suspended_and_comes_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("beating", folder.path());
    window.wait_for(LIVE);
    let pid = window.pid();
    window.signal("TSTP");
    window.until("a program that is stopped", |_| is_stopped(pid));
    window.assert_given_back();
    window.resize(100, 30);
    window.signal("CONT");
    window.assert_taken();
    window.wait_for(LIVE);
    window.until("a screen of the new size", |window| window.text().lines().count() == 30);
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn it_follows_the_window_to_a_wall_and_down_to_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("beating", folder.path());
    window.wait_for(LIVE);
    for (columns, rows) in [(200, 60), (40, 12), (120, 40)] {
        window.resize(columns, rows);
        window.until(&format!("a screen of {columns}×{rows}"), |window| {
            let last = window.look(|screen| screen.contents_between(rows - 1, 0, rows - 1, columns));
            last.contains("help") && window.text().contains(LIVE)
        });
    }
    for (columns, rows) in [(20, 5), (5, 2), (1, 1)] {
        window.resize(columns, rows);
        window.until("a window that has settled", |window| !window.text().contains(LIVE));
    }
    window.resize(80, 24);
    window.wait_for(LIVE);
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn a_question_that_panics_does_not_break_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("breaking", folder.path());
    window.wait_for(LIVE);
    window.press("o");
    window.wait_for("kessai.log");
    window.assert_taken();
    let log = std::fs::read_to_string(folder.path().join("kessai.log")).expect("a log");
    assert!(log.contains("internal error: the question fell over at "), "{log}");
    window.press("\u{3}");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn a_panic_of_the_thread_that_draws_gives_the_terminal_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("falling_over", folder.path());
    window.wait_for(LIVE);
    window.press("o");
    assert_eq!(window.ended(), 1);
    window.assert_given_back();
    window.wait_for("kessai: internal error: the dashboard fell over");
}

#[test]
fn what_falls_silent_is_said_to_be_and_costs_next_to_nothing_from_then_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = window("falling_silent", folder.path());
    window.wait_for(LIVE);
    // A busy machine may pass over a second.
    let silent_for = |seconds: u64| {
        window.until(&format!("a silence of {seconds} s"), |window| silence(window) >= Some(seconds));
        (silence(&window).expect("a silence"), window.bytes().len())
    };
    silent_for(1);
    assert!(!window.text().contains(LIVE));
    let (from, before) = silent_for(2);
    let (to, after) = silent_for(from + 2);
    // Some seconds, of which only the age and the holes in the rows are new.
    let written = (after - before) as u64;
    assert!(written < 2_000 * (to - from), "{written} bytes in {} s", to - from);
    window.press("q");
    assert_eq!(window.ended(), 0);
}

/// For how many seconds the seller was not heard, as the screen says it.
fn silence(window: &Window) -> Option<u64> {
    let text = window.text();
    text.split("no word for ").nth(1)?.split(' ').next()?.parse().ok()
}

/// The real program at a seller that is not there.
fn at_nobodys(folder: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(KESSAI);
    for name in SURROUNDINGS {
        command.env_remove(name);
    }
    command.arg("dashboard").arg("--seller-data").arg(folder.join("none")).args(args);
    command.env("TERM", "xterm-256color").stdin(Stdio::null());
    command
}

#[test]
fn without_a_terminal_there_is_no_escape_code_and_lines_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = at_nobodys(folder.path(), &[]).output().expect("the program starts");
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("--plain works without one"), "{ended:?}");
    for (args, said) in [
        (&["--plain"][..], "seller not reached: "),
        (&["--on-change"], "seller not reached: "),
        (&["--json"], "\"live\":false"),
    ] {
        let mut child = at_nobodys(folder.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let begun = Instant::now();
        let mut lines =
            std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
        let found = lines.by_ref().map(|line| line.expect("a line")).find(|line| {
            assert!(!line.contains('\u{1b}'), "{args:?}: {line:?}");
            line.contains(said) || begun.elapsed() > Duration::from_secs(60)
        });
        assert!(found.is_some_and(|line| line.contains(said)), "{args:?}");
        // Who reads no more ends it, and that is no failure.
        crate::pty::signal(child.id(), "TERM");
        assert_eq!(child.wait().expect("an end").code(), Some(143), "{args:?}");
    }
}

#[test]
fn the_real_program_shows_itself_before_anybody_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = portable_pty::CommandBuilder::new(KESSAI);
    command.args(["dashboard", "--readonly", "--seller-data"]);
    command.arg(folder.path().join("none"));
    command.env("TERM", "xterm-256color");
    let mut window = Window::open(command, 80, 24);
    window.assert_taken();
    window.wait_for("READ ONLY");
    window.wait_for("seller not reached");
    window.wait_for("no data folder here");
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}
