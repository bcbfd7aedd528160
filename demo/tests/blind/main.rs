//! The seller is blind, and a thief of a disk or a dump is no better off: a thousand purchases with
//! numbers that exist nowhere else, and then a search of everything that is left of them.

#[path = "../support/mod.rs"]
mod support;

mod capture;
mod dump;
mod planted;
mod run;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use kessai_demo::search::encodings::{OF_NUMBERS, OF_TEXTS};
use kessai_demo::search::scanner::{Needles, Place, Scanner};
use planted::Card;
use run::Run;

/// The file that is put into every place, with a number of its own in all encodings.
const CONTROL: &str = "control.bin";
/// The terminal's dump and the tables are full of cards, and have to be found so.
const FULL_OF_CARDS: [&str; 2] = ["terminal-memory", "given"];

#[test]
fn no_disk_dump_wire_or_log_has_a_card_in_it() {
    if let Some(missing) = missing() {
        println!("SKIPPED: the search of disks, dumps and wires needs {missing}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let cards = planted::cards();
    let scanner = scanner(&cards);
    let folder = tempfile::tempdir().expect("a folder");
    let run = Run::new(folder.path(), &cards);
    let (begun, mut leaked) = (Instant::now(), String::new());
    run.carry_out(&cards, &control().control(), |name| {
        if FULL_OF_CARDS.contains(&name) {
            is_full_of(&scanner, &cards, &run.at(name));
        } else {
            leaked += &leaks(&scanner, &run.at(name));
        }
    });
    println!(
        "in {:.1} s; the search: {}",
        begun.elapsed().as_secs_f64(),
        dump::memory_of(std::process::id())
    );
    assert!(leaked.is_empty(), "there are cards where none may be:\n{leaked}");
}

/// The search has to find every number here; one that finds nothing is worse than none.
fn is_full_of(scanner: &Scanner, cards: &[Card], folder: &Path) {
    let place = scanner.place(folder).expect("a place");
    let numbers = cards.iter().filter(|card| {
        let is_this = |what: &str, how: &str| what == card.number && how == "ASCII";
        place.hits.values().any(|hits| scanner.missing(hits, is_this).is_empty())
    });
    let found = numbers.count();
    println!("{}: {} bytes, {found} of the numbers, as it has to be", folder.display(), place.bytes);
    assert_eq!(found, cards.len(), "the search does not find what is there");
}

/// Searches one place. Its control file, and what went over the wire in the clear, has to be found.
fn leaks(scanner: &Scanner, folder: &Path) -> String {
    fs::write(folder.join(CONTROL), control().control()).expect("a control file");
    let mut place = scanner.place(folder).expect("a place");
    let control = planted::control_number();
    let (mut controls, mut patterns) = (0, 0);
    for (path, hits) in &mut place.hits {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if file == CONTROL || file == capture::FILE {
            let missing = scanner.missing(hits, |what, _| what == control);
            assert_eq!(missing, Vec::<String>::new(), "{}: the search is blind", path.display());
            scanner.forget(hits, &control);
            controls += 1;
        }
        patterns += hits.len();
    }
    let expected = if folder.ends_with("wires") { 2 } else { 1 };
    assert_eq!(controls, expected, "{}: the controls were not searched", folder.display());
    place.hits.retain(|_, hits| !hits.is_empty());
    let (name, Place { files, bytes, .. }) = (folder.display(), &place);
    println!("{name}: {files} files, {bytes} bytes, {patterns} hits, {controls} controls found");
    scanner.tell(&place)
}

fn scanner(cards: &[Card]) -> Scanner {
    let mut needles = control();
    for card in cards {
        needles.plant(&card.number, &OF_NUMBERS);
        // Those that a shopper gave wrongly are somebody's all the same.
        for text in card.texts() {
            needles.plant(text, &OF_TEXTS);
        }
    }
    println!("{} patterns of {} cards", needles.len(), cards.len());
    needles.scanner()
}

fn control() -> Needles {
    let mut needles = Needles::default();
    needles.plant(&planted::control_number(), &OF_NUMBERS);
    needles
}

/// What this machine lacks for the search, if it lacks anything.
fn missing() -> Option<&'static str> {
    let is_there = |program: &str| {
        let mut command = Command::new(program);
        let command =
            command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !root {
        Some("root, to read the memory of processes and the wire")
    } else if !is_there("gdb") || !is_there("gcore") {
        Some("gcore, which comes with gdb")
    } else if !is_there("tcpdump") {
        Some("tcpdump")
    } else {
        None
    }
}
