//! Scripts that are wrong, and expectations that are not met: said with the file and the line.

use std::fs;
use std::path::{Path, PathBuf};

use crate::played::play;
use crate::support::command::run;

fn written(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("a.kessai");
    fs::write(&file, text).expect("a script");
    file
}

#[test]
fn every_mistake_of_a_script_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "# fine\nkey Nonsense\nwait \"connected\"\nexpect nothing quoted\nresize 9x\npause soon\n\
                wait \"a\" for ever\nshop\nclock 5s\nsnapshot ../x\ntype \"open\n";
    let ended = play(&written(folder.path(), text), folder.path(), &[]);
    let lines = ended.complaint(2);
    let at: Vec<&str> = lines
        .iter()
        .map(|line| line.split_once("a.kessai:").expect(line).1.split(':').next().unwrap_or_default())
        .collect();
    assert_eq!(at, ["2", "4", "5", "6", "7", "8", "9", "10", "11"], "{lines:#?}");
}

#[test]
fn what_is_not_as_expected_is_told_with_what_was_on_the_screen() {
    for (line, said) in [
        ("expect \"No such words\"", "\"No such words\" is not there"),
        ("absent \"Connected\"", "\"Connected\" is there"),
        ("wait \"No such words\" within 200ms", "waited 200ms in vain for \"No such words\""),
        ("snapshot never-kept", "--update keeps the screen there"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("wait \"connected\"\n{line}\nkey q\n");
        let ended = play(&written(folder.path(), &text), folder.path(), &[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let first = ended.err.lines().next().unwrap_or_default();
        assert!(first.contains("a.kessai:2: ") && first.contains(said), "{line}: {first}");
        assert!(ended.err.contains("● connected"), "{}", ended.err);
    }
}

#[test]
fn what_nobody_outside_can_do_is_a_mistake_of_the_script() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = play(&written(folder.path(), "outside earthquake\n"), folder.path(), &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("a.kessai:1: nobody outside can do \"earthquake\""), "{}", ended.err);
}

#[test]
fn snapshots_are_kept_and_compared_for_each_size_and_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = written(folder.path(), "wait \"£\"\nsnapshot shelves\n");
    play(&script, folder.path(), &["--update"]).with(0);
    let kept = folder.path().join("a-shelves-80x24-en.txt");
    let text = fs::read_to_string(&kept).expect("a snapshot");
    assert!(text.contains('£'), "{text}");
    play(&script, folder.path(), &[]).with(0);
    play(&script, folder.path(), &["--size", "100x30"]).one_line_begins(1);
    play(&script, folder.path(), &["--size", "100x30", "--lang", "ja", "--update"]).with(0);
    assert!(folder.path().join("a-shelves-100x30-ja.txt").exists());
    fs::write(&kept, text.replace('£', "€")).expect("a snapshot");
    play(&script, folder.path(), &[]).one_line_begins(1);
}

#[test]
fn a_script_that_is_to_be_shown_needs_a_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = written(folder.path(), "wait \"connected\"\n");
    let ended = play(&script, folder.path(), &["--at-reading-speed"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("needs a terminal"), "{}", ended.err);
    assert!(run(["kessai", "script", "--help"]).with(0).contains("--at-reading-speed"));
}

#[test]
fn a_script_of_the_other_kind_is_refused_with_what_plays_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("nobody").display().to_string();
    let of_dashboard = written(folder.path(), "# An operator's.\ndashboard\nkey q\n").display().to_string();
    let ended = run(["kessai", "script", &of_dashboard, "--shop", "none.toml"]);
    assert!(ended.one_line(2).contains("play it with: kessai dashboard --script"), "{ended:?}");
    let of_shop = folder.path().join("shop.kessai");
    fs::write(&of_shop, "key q\n").expect("a script");
    let of_shop = of_shop.display().to_string();
    let ended = run(["kessai", "dashboard", "--seller-data", &data, "--script", &of_shop]);
    assert!(ended.one_line(2).contains("play it with: kessai script"), "{ended:?}");
    // How it is played means nothing without one, and lines are another thing.
    for more in [&["--record", "a.cast"][..], &["--update"], &["--script", &of_dashboard, "--plain"]] {
        let ended = run([&["kessai", "dashboard", "--seller-data", &data], more].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("--script"), "{ended:?}");
    }
}

#[test]
fn the_dashboards_own_command_plays_a_script_where_nobody_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("nobody").display().to_string();
    let play = |text: &str, more: &[&str]| {
        let script = written(folder.path(), text).display().to_string();
        run([&["kessai", "dashboard", "--seller-data", &data, "--script", &script], more].concat())
    };
    play("dashboard\nwait \"seller not reached\"\nabsent \"seller live\"\nkey q\n", &[]).with(0);
    play("dashboard\nwait \"seller not reached\"\nexpect \"READ ONLY\"\nkey q\n", &["--readonly"]).with(0);
    let ended = play("dashboard\nexpect \"seller live\"\n", &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("a.kessai:2: \"seller live\" is not there; on the screen:"), "{}", ended.err);
    let ended = play("dashboard\noutside halt-seller\n", &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("play this script with: kessai-demo script"), "{}", ended.err);
}

trait Begins {
    fn one_line_begins(self, code: i32);
}

impl Begins for crate::support::command::Ended {
    /// That it failed with this code and said where in the script.
    fn one_line_begins(self, code: i32) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.lines().next().is_some_and(|line| line.contains("a.kessai:2: ")), "{}", self.err);
    }
}
