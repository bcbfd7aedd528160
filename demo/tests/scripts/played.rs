//! The demos from their beginning to their end; one of them is recorded as it plays.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::books::verify;
use crate::support::command::{Ended, run};

pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(format!("{name}.kessai"))
}

pub fn play(script: &Path, folder: &Path, more: &[&str]) -> Ended {
    let (script, folder) = (script.display().to_string(), folder.display().to_string());
    let args = ["script", &script, "--data", &folder, "--seed", "7"];
    run(args.iter().copied().chain(more.iter().copied()))
}

/// What of a recording goes to the terminal, and that it is one.
fn recorded(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a recording");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let head = lines.next().expect("a head");
    assert_eq!((&head["version"], &head["width"], &head["height"]), (&2.into(), &80.into(), &24.into()));
    let (mut bytes, mut last) = (String::new(), 0.0);
    for line in lines {
        let (at, kind) = (line[0].as_f64().expect("a time"), line[1].as_str().expect("a kind"));
        assert!(at >= last, "time goes back in {}", file.display());
        last = at;
        if kind == "o" {
            bytes.push_str(line[2].as_str().expect("output"));
        }
    }
    assert!(last > 5.0, "nobody can read as fast as {} s", last);
    // As every session on a terminal: taken over first, and given back at the end.
    assert!(bytes.starts_with("\u{1b}[?1049h") && bytes.ends_with("\u{1b}[?25h"), "{bytes:?}");
    bytes
}

#[test]
fn a_first_purchase_is_paid_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let cast = folder.path().join("out.cast");
    let cast_name = cast.display().to_string();
    play(&script("first-purchase"), folder.path(), &["--record", &cast_name]).with(0);
    assert!(recorded(&cast).contains("Sencha"));
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("approved")), (1, 1));
    assert_eq!(books.sold("accepted_orders"), 1);
}

#[test]
fn after_a_decline_another_card_pays() {
    let folder = tempfile::tempdir().expect("a folder");
    play(&script("declined-another-card"), folder.path(), &[]).with(0);
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("approved")), (2, 1));
    assert_eq!(books.sold("accepted_orders"), 1);
}

#[test]
fn a_payment_whose_link_is_lost_is_found_out_about_and_charged_once() {
    let folder = tempfile::tempdir().expect("a folder");
    play(&script("link-lost"), folder.path(), &[]).with(0);
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("approved")), (1, 1));
    assert_eq!(books.sold("accepted_orders"), 1);
    // The order that is in the books is the one the terminal wrote down before it sent anything.
    let kept = fs::read_to_string(folder.path().join("terminal/orders.txt")).expect("the orders");
    assert_eq!(kept.lines().count(), 1, "{kept}");
}

#[test]
fn an_operator_blocks_a_stolen_card_and_sees_the_settlement_fall_silent() {
    let folder = tempfile::tempdir().expect("a folder");
    play(&script("dashboard"), folder.path(), &["--size", "100x30"]).with(0);
    // What the others bought meanwhile is sound on both sides, and some of it was declined.
    let books = verify(folder.path());
    let (decided, approved) = (books.owed("decisions"), books.owed("approved"));
    assert!(approved > 0 && decided > approved, "{approved} of {decided} were approved");
}
