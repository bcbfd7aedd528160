//! The four systems side by side, for real: each in namespaces of its own, with the product's own daemons where
//! the design is the product, and with every stranger's try made.

#[path = "../support/mod.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use kessai_demo::lan;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Somebody who is not root (the user `nobody`).
const NOBODY: u32 = 65_534;
/// Set for a program that is inside namespaces already, so that it does not look for any other way to them.
const INSIDE: &str = "KESSAI_INSIDE_NAMESPACES";

const OPEN: &str = "on the open network";
const INNER: &str = "between seller and settlement";
const SELLER: &str = "in the seller's memory";

/// What has to be broken in each system, and nothing else: places with card numbers, and tries.
const BROKEN: [(&str, &[&str], &[&str]); 6] = [
    ("figure-1", &[], &[]),
    ("figure-3", &[], &[]),
    (
        "figure-4-5-clear",
        &[OPEN, INNER, SELLER],
        &["reach", "scan", "learn_key", "foreign_key", "read", "spoof", "replay", "guess"],
    ),
    ("figure-4-5-tls", &[SELLER], &["reach", "scan", "learn_key"]),
    (
        "figure-4-6-clear",
        &[OPEN],
        &["reach", "scan", "learn_key", "foreign_key", "read", "spoof", "replay", "guess", "forge"],
    ),
    ("figure-4-6-tls", &[], &["reach", "scan", "learn_key", "foreign_key", "spoof", "guess", "forge"]),
];
/// Everything that is tried.
const TRIES: usize = 9;
const PURCHASES: u64 = 5;

#[test]
fn the_conventional_systems_fail_where_the_design_says_and_its_own_do_not() {
    if let Err(why) = lan::may() {
        println!("SKIPPED: the four systems side by side: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let count = PURCHASES.to_string();
    let out = support::command::run([
        "figures",
        "--json",
        "--purchases",
        &count,
        "--svg",
        &at("svg"),
        "--captures",
        &at("captures"),
    ]);
    let report: Value = serde_json::from_str(&out.with(0)).expect("JSON");
    let systems = report["systems"].as_array().expect("systems");
    let names: Vec<_> = systems.iter().filter_map(|system| system["system"].as_str()).collect();
    assert_eq!(names, BROKEN.map(|(name, _, _)| name));
    for (system, (name, places, tries)) in systems.iter().zip(BROKEN) {
        is_broken_in(system, places, tries);
        is_measured(system);
        for file in ["network.svg", "purchase.svg"] {
            let svg = std::fs::read_to_string(folder.path().join("svg").join(format!("{name}-{file}")));
            assert!(svg.expect("a picture").starts_with("<svg"), "{name}");
        }
        let capture = folder.path().join("captures").join(format!("{name}.pcapng"));
        assert!(std::fs::metadata(capture).expect("a capture").len() > 2_000, "{name}");
    }
    let table = std::fs::read_to_string(folder.path().join("svg").join("comparison.svg"));
    assert!(table.expect("a table").contains("Figure 4/6, with TLS"));
}

/// Holds every verdict of a system against what it has to be.
fn is_broken_in(system: &Value, places: &[&str], tries: &[&str]) {
    let broken = |list: &str, name: &str| -> Vec<String> {
        let list = system[list].as_array().expect("a list");
        let broken = list.iter().filter(|cell| cell["verdict"] == "broken");
        broken.filter_map(|cell| cell[name].as_str()).map(str::to_owned).collect()
    };
    let found = broken("tries", "what");
    assert_eq!(found, tries, "{system:#}");
    let control = "in the terminal's memory (control)";
    let found: Vec<_> = broken("readable", "place").into_iter().filter(|place| place != control).collect();
    assert_eq!(found, places, "{system:#}");
    assert_eq!(system["as_designed"], true, "{system:#}");
    assert_eq!(system["tries"].as_array().expect("a list").len(), TRIES);
    // Every try was made here: a machine on which some cannot be would pass without them.
    let all = ["tries", "readable"].iter().flat_map(|list| system[list].as_array().expect("a list"));
    assert!(all.clone().all(|cell| cell["verdict"] != "not_tried"), "{system:#}");
    assert!(all.clone().all(|cell| cell["said"].as_str().is_some_and(|said| !said.is_empty())));
}

/// A search or a tap that saw nothing would find every system safe.
fn is_measured(system: &Value) {
    let of = |place: &str| {
        let list = system["readable"].as_array().expect("a list");
        list.iter().find(|searched| searched["place"] == place)
    };
    let number = |place: &str, what: &str| of(place).and_then(|searched| searched[what].as_u64());
    let control = "in the terminal's memory (control)";
    assert_eq!(number(control, "numbers"), Some(PURCHASES + 1), "{system:#}");
    for place in [control, SELLER] {
        assert!(number(place, "bytes") > Some(1 << 20), "{place} was hardly read: {system:#}");
    }
    assert!(number(OPEN, "bytes") > Some(1_000), "{system:#}");
    let is_asked_by_seller = system["figure"].as_str().is_some_and(|figure| figure != "4/6");
    assert_eq!(of(INNER).is_some(), is_asked_by_seller, "{system:#}");
    if number(OPEN, "numbers") > Some(0) {
        assert_eq!(number(OPEN, "numbers"), Some(PURCHASES + 1), "{system:#}");
    }
    let legs = system["traffic"].as_array().expect("a list");
    assert_eq!(legs.len(), 2, "{system:#}");
    for leg in legs {
        for what in ["messages", "bytes", "frames"] {
            assert!(leg[what].as_f64() > Some(1.0), "{what}: {leg:#}");
        }
        assert!((0.5..4.0).contains(&leg["round_trips"].as_f64().expect("a number")), "{leg:#}");
    }
    assert_eq!(system["purchases"]["made"], PURCHASES);
    assert!(system["purchases"]["p50_micros"].as_u64() > Some(100), "{system:#}");
    assert_eq!(system["is_cut"], false);
}

#[test]
fn whoever_may_not_is_told_so_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = as_nobody(folder.path());
    command.arg("figures").env(INSIDE, "1");
    let ended = support::command::launch(command).end();
    let said = ended.one_line(1);
    assert!(said.contains("needs root"), "{said}");
}

#[test]
fn whoever_is_not_root_gets_a_line_of_his_own_where_the_kernel_allows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = as_nobody(folder.path());
    command.args(["figures", "--only", "3", "--purchases", &PURCHASES.to_string(), "--json"]);
    let ended = support::command::launch(command).end();
    if ended.code == Some(1) && ended.err.lines().count() == 1 && ended.err.contains("needs root") {
        println!("SKIPPED: a dedicated line of a user's own: this kernel gives users no namespaces");
        return;
    }
    let report: Value = serde_json::from_str(&ended.with(0)).expect("JSON");
    let (name, places, tries) = BROKEN[1];
    assert_eq!(report["systems"][0]["system"], name);
    is_broken_in(&report["systems"][0], places, tries);
    is_measured(&report["systems"][0]);
}

/// The program for somebody who is not root. Where the build is, he may not be allowed to go, so he gets a copy.
fn as_nobody(folder: &Path) -> Command {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))
        .expect("a folder that nobody may enter");
    let program = folder.join("kessai-demo");
    std::fs::copy(support::command::PROGRAM, &program).expect("a copy");
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn whoever_is_stopped_leaves_no_namespace_and_no_process() {
    if let Err(why) = lan::may() {
        println!("SKIPPED: figures that are stopped: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    for (signal, step) in [
        (Signal::TERM, "buying"),
        (Signal::INT, "searching for card numbers"),
        (Signal::HUP, "what strangers try"),
    ] {
        let running = support::command::start(["figures", "--only", "1", "--purchases", "100"]);
        let pid = running.pid();
        support::until("a step of the run", || running.complaints().contains(step));
        assert!(!namespaces(pid).is_empty());
        let children = children(pid);
        // The three parties, and maybe a command that is just being run.
        assert!(children.len() >= 3, "{children:?}");
        kill_process(Pid::from_raw(pid.cast_signed()).expect("a process"), signal).expect("a signal");
        let ended = running.end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let last = ended.err.lines().last();
        assert!(last.is_some_and(|line| line.contains("stopped by a signal")), "{ended:?}");
        assert_eq!(namespaces(pid), Vec::<String>::new());
        for child in children {
            assert!(!Path::new("/proc").join(&child).exists(), "process {child} is still there");
        }
    }
}

/// The namespaces of a run, by their names.
fn namespaces(pid: u32) -> Vec<String> {
    let entries = std::fs::read_dir("/run/netns").expect("a folder").flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.contains(&format!("-{pid}-"))).collect()
}

/// The processes that one has begun, as words.
fn children(pid: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a folder").flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_the_work() {
    if let Err(why) = lan::may() {
        println!("SKIPPED: figures with a wrong folder: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    let wrong = file.path().join("in-a-file").display().to_string();
    for option in ["--svg", "--captures"] {
        let out = support::command::run(["figures", option, &wrong]);
        assert!(out.one_line(1).contains("cannot be used"), "{out:?}");
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("a process")) == 0
}

#[test]
fn figures_and_counts_that_are_none_are_refused() {
    for wrong in [["--only", "2"], ["--purchases", "4"], ["--purchases", "1001"]] {
        let out = support::command::run(["figures", wrong[0], wrong[1]]);
        out.with(2);
    }
}
