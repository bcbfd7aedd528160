//! One purchase followed by its order: through three logs, and as one trace of three programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::collector::{Collector, Taken};
use crate::support;
use crate::support::command::PROGRAM;
use crate::support::shop::Shop;

/// The legs of a purchase that is approved, by the program that tells of them.
const LEGS: [(&str, &[&str]); 3] = [
    ("kessai", &["purchase"]),
    ("kessai-server", &["inquiry", "order"]),
    ("kessai-settlement", &["deciding", "decision", "opening"]),
];

#[test]
fn an_order_is_followed_through_json_logs_and_as_one_trace() {
    let (folder, collector) = (tempfile::tempdir().expect("a folder"), Collector::open());
    let traces = format!("http://{}", collector.address);
    let settings = format!("log = 'json'\n[traces]\nendpoint = '{traces}'\n");
    let log = folder.path().join("log");
    let shop = open(folder.path(), &settings, &log);
    let (order, said) = buy(&shop, &["--log-format", "json", "--traces", &traces]);

    let lines: Vec<Value> = own_lines(&said).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    told(&lines, "kessai", &order);
    for (program, _) in &LEGS[1..] {
        support::until("all legs in a log", || {
            legs(&read(&log), program, &order).len() >= legs_of(program).len()
        });
        told(&read(&log), program, &order);
    }

    let trace = order.replace('-', "");
    let of_order = || collector.spans().into_iter().filter(|span| span.trace == trace).collect::<Vec<_>>();
    // Each leg of each program: one that was asked twice has two of them.
    let is_there = |spans: &[Taken], service: &str, leg: &str| {
        spans.iter().any(|span| span.service == service && span.name == leg)
    };
    support::until("all spans", || {
        let spans = of_order();
        LEGS.iter().all(|(service, legs)| legs.iter().all(|leg| is_there(&spans, service, leg)))
    });
    joined(&of_order(), &order);
    // A return, which is an errand of another kind, hangs under the same order.
    shop.terminal().give_back(&order, &[]).with(0);
    support::until("a released hold", || of_order().iter().any(|span| span.name == "releasing"));
    joined(&of_order(), &order);
    assert_eq!(shop.stop("TERM"), Some(0));
    let text = fs::read_to_string(&log).expect("a log");
    assert!(!text.contains("traces are dropped"), "the collector was there all the while");
}

#[test]
fn an_order_is_followed_through_text_logs_and_a_collector_that_is_away_costs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    // A port where nobody listens, and that is given to nobody who asks for any.
    let gone = "127.0.0.1:9";
    let shop = open(folder.path(), &format!("log = 'text'\n[traces]\nendpoint = 'http://{gone}'\n"), &log);
    let (order, said) = buy(&shop, &["--traces", &format!("http://{gone}")]);
    let has = |text: &str, leg: &str| {
        text.lines()
            .any(|line| line.contains(&format!("order={order} ")) && line.contains(&format!("leg=\"{leg}\"")))
    };
    assert!(has(&said, "purchase"), "{said}");
    for leg in LEGS[1..].iter().flat_map(|(_, legs)| *legs) {
        support::until(leg, || has(&fs::read_to_string(&log).expect("a log"), leg));
    }
    support::until("a warning of each daemon", || {
        fs::read_to_string(&log).expect("a log").matches("traces are dropped: the collector at").count() == 2
    });
    assert_eq!(shop.stop("TERM"), Some(0));
}

/// A shop whose daemons have these settings, and write every line into one file.
fn open(folder: &Path, settings: &str, log: &Path) -> Shop {
    for (data, file) in [("seller", "server.toml"), ("settlement", "settlement.toml")] {
        fs::create_dir_all(folder.join(data)).expect("a folder");
        fs::write(folder.join(data).join(file), settings).expect("settings");
    }
    Shop::open_verbose(folder, &[], log)
}

/// Buys something, and gives the order and what the terminal logged.
fn buy(shop: &Shop, more: &[&str]) -> (String, String) {
    let terminal = shop.terminal();
    let mut args = terminal.args("buy", &["--card", "Approved", "TEA-SENCHA", "--json"]);
    args.extend(["--cards".into(), terminal.cards.clone().into_os_string()]);
    args.extend(more.iter().map(Into::into));
    let ended = Command::new(PROGRAM).args(args).env("RUST_LOG", "debug").output().expect("a terminal");
    let said = String::from_utf8(ended.stderr).expect("text");
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    (report["order"].as_str().expect("an order").to_owned(), said)
}

/// The JSON lines of a file to which processes write that log in text too.
fn read(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).expect("a log");
    own_lines(&text).filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn own_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.contains("kessai"))
}

fn legs_of(program: &str) -> BTreeSet<&'static str> {
    let (_, legs) = LEGS.iter().find(|(name, _)| *name == program).expect("a program");
    legs.iter().copied().collect()
}

/// The legs that a program tells of for an order.
fn legs<'a>(lines: &'a [Value], program: &str, order: &str) -> BTreeSet<&'a str> {
    let its = lines.iter().filter(|line| line["order"] == order && is_of(line, program));
    its.filter_map(|line| line["leg"].as_str()).collect()
}

/// The terminal is the demo's own program under another first word.
fn is_of(line: &Value, program: &str) -> bool {
    line["program"] == program || program == "kessai" && line["program"] == "kessai-demo"
}

fn told(lines: &[Value], program: &str, order: &str) {
    assert_eq!(legs(lines, program, order), legs_of(program), "{program}");
    for line in lines.iter().filter(|line| line["order"] == order) {
        for key in ["at", "level", "target", "message"] {
            assert!(line[key].is_string(), "{key}: {line}");
        }
        assert!(line["at"].as_str().expect("a time").ends_with('Z') && line["level"] == "debug", "{line}");
    }
}

/// One trace: one root, each parent is there, each part within what it is a part of, and nothing of a card.
fn joined(spans: &[Taken], order: &str) {
    let by_id: BTreeMap<&str, &Taken> = spans.iter().map(|span| (span.span.as_str(), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "two spans have one id: {spans:?}");
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    assert_eq!(roots.len(), 1, "{spans:?}");
    assert_eq!((roots[0].service.as_str(), roots[0].name.as_str()), ("kessai", "purchase"));
    for (service, legs) in LEGS {
        let theirs: BTreeSet<_> = spans.iter().filter(|span| span.service == service).collect_names();
        assert!(legs.iter().all(|leg| theirs.contains(leg)), "{service}: {theirs:?}");
    }
    for span in spans {
        assert_eq!(span.attributes["kessai.order"], order);
        let outcome = &span.attributes["kessai.outcome"];
        assert!(outcome.len() < 20 && (1..=3).contains(&span.kind) && span.begun <= span.ended, "{span:?}");
        let Some(parent) = by_id.get(span.parent.as_str()) else {
            assert!(span.parent.is_empty(), "nobody knows the parent of {span:?}");
            continue;
        };
        // All three go by one clock here.
        assert!(span.begun >= parent.begun, "{span:?} begins before {parent:?}");
    }
    let parent = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).expect("a span");
        by_id[span.parent.as_str()].name.as_str()
    };
    let found = ["order", "inquiry", "decision", "opening", "deciding"].map(parent);
    assert_eq!(found, ["purchase", "order", "inquiry", "decision", "decision"]);
}

trait Names<'a> {
    fn collect_names(self) -> BTreeSet<&'a str>;
}

impl<'a, I: Iterator<Item = &'a Taken>> Names<'a> for I {
    fn collect_names(self) -> BTreeSet<&'a str> {
        self.map(|span| span.name.as_str()).collect()
    }
}
