//! The page that programs fetch: in good form by the rules that `promtool check metrics` has, and the same
//! figures as people are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use kessai_shared::measure::Count;

use super::support::command::run;
use super::support::until;
use super::{SELLER, SETTLEMENT, shop_with};

fn address(folder: &Path, side: &str) -> SocketAddr {
    let text = fs::read_to_string(folder.join(side).join("metrics.address")).expect("an address file");
    text.trim().parse().expect("an address")
}

/// What is answered to these bytes.
fn say(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
    stream.write_all(bytes).expect("it reads");
    let mut answer = String::new();
    // One who was sent away while he still wrote may be cut off.
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn page(at: SocketAddr) -> String {
    let answer = say(at, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    body.to_owned()
}

/// One sample of a page: name, labels, value.
type Sample<'a> = (&'a str, BTreeMap<&'a str, &'a str>, f64);

fn sample(line: &str) -> Sample<'_> {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = match series.split_once('{') {
        None => (series, ""),
        Some((name, labels)) => (name, labels.strip_suffix('}').expect("a brace")),
    };
    let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name, value.strip_suffix('"').expect("a quote"))
    });
    (name, labels.collect(), value.parse().unwrap_or_else(|_| panic!("{line}: no number")))
}

/// Checks a page as `promtool check metrics` would: what there is, and the rules of names.
fn check(page: &str, side: &str) -> BTreeMap<String, f64> {
    let (mut kinds, mut helped, mut seen) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    let mut open = String::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help");
            assert!(helped.insert(name) && help.len() > 5, "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(kinds.insert(name, kind).is_none(), "{name} has two types");
            assert!(helped.contains(name), "{name} has no help before its type");
            rules(name, kind, side);
            name.clone_into(&mut open);
        } else {
            let (name, labels, value) = sample(line);
            let of = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = of.filter(|of| kinds.get(of) == Some(&"histogram")).unwrap_or(name);
            assert_eq!(family, open, "{name} stands under another name");
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(seen.insert(format!("{name}{labels:?}"), value).is_none(), "{line} is there twice");
        }
    }
    histograms(page, &kinds);
    assert!(page.ends_with('\n') && kinds.len() > 20);
    seen
}

/// The rules of names: a prefix, lower case, base units, and `_total` for counters alone.
fn rules(name: &str, kind: &str, side: &str) {
    assert!(name.starts_with(&format!("kessai_{side}_")), "{name}");
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()), "{name}");
    assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    for unit in ["micros", "millis", "_ms", "_us", "minutes", "kilobytes", "_kb", "percent"] {
        assert!(!name.contains(unit), "{name} is not in a base unit");
    }
    for reserved in ["_bucket", "_count", "_sum"] {
        assert!(!name.ends_with(reserved), "{name} ends as only a part of a histogram may");
    }
    assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
}

/// Buckets are cumulative, in order, and the last has all.
fn histograms(page: &str, kinds: &BTreeMap<&str, &str>) {
    for name in kinds.iter().filter(|(_, kind)| **kind == "histogram").map(|(name, _)| *name) {
        let of = |end: &str| {
            let wanted = format!("{name}{end}");
            let lines = page.lines().filter(|line| !line.starts_with('#'));
            lines.map(sample).filter(|(name, ..)| **name == wanted).collect::<Vec<_>>()
        };
        let mut before = (f64::NEG_INFINITY, 0.0);
        for (_, labels, value) in of("_bucket") {
            let end =
                if labels["le"] == "+Inf" { f64::INFINITY } else { labels["le"].parse().expect("a bound") };
            assert!(end > before.0 && value >= before.1, "{name}: le={end} has {value} after {before:?}");
            before = (end, value);
        }
        let count = of("_count").first().expect("a count").2;
        assert_eq!(before, (f64::INFINITY, count), "{name}");
        assert_eq!(of("_sum").len(), 1, "{name}");
    }
}

/// Whether the page of a daemon says the same of the counts that a trade has.
pub fn agrees(folder: &Path, side: &str, sums: &BTreeMap<Count, u64>) {
    let told = check(&page(address(folder, side)), side);
    for (count, times) in sums {
        let row = count.row();
        let labels: BTreeMap<_, _> = row.label.into_iter().collect();
        let found = told.iter().find(|(series, _)| {
            ["", "_bytes"]
                .iter()
                .any(|unit| **series == format!("kessai_{side}_{}{unit}_total{labels:?}", row.name))
        });
        let (series, value) = found.unwrap_or_else(|| panic!("{count:?} is not on the page"));
        // What an operator's own commands cost may go on.
        let goes_on = matches!(count, Count::Connected(_) | Count::LinkPackets | Count::Refused(_));
        assert!(
            *value == *times as f64 || goes_on && *value > *times as f64,
            "{series}: {value}, and {times}"
        );
    }
}

#[test]
fn both_pages_are_in_good_form_and_nothing_else_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let shop = shop_with(folder, "metrics = \"127.0.0.1:0\"\n");
    for side in [SELLER, SETTLEMENT] {
        let at = address(folder, side);
        until("a second that is over", || page(at).contains(&format!("kessai_{side}_uptime_seconds ")));
        let told = check(&page(at), side);
        assert!(told.keys().any(|name| name.starts_with(&format!("kessai_{side}_build_info{{\"version\""))));
        for (asked, answer) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "404"),
            (b"POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "405"),
            (b"\x16\x03\x01 hello\r\n\r\n", "400"),
            (&[&b"GET /metrics HTTP/1.1\r\nX: "[..], &[b'x'; 9_000]].concat(), "400"),
        ] {
            let said = say(at, asked);
            assert!(said.starts_with(&format!("HTTP/1.1 {answer} ")), "{said}");
        }
        // Eight who say nothing keep nobody out for longer than their time.
        let silent: Vec<_> = (0..8).map(|_| TcpStream::connect(at).expect("it listens")).collect();
        check(&page(at), side);
        drop(silent);
    }
    assert_eq!(shop.stop("TERM"), Some(0));
    assert!(!folder.join("seller/metrics.address").exists(), "it is put away at the end");
}

#[test]
fn figures_are_told_to_nobody_on_other_machines() {
    let folder = tempfile::tempdir().expect("a folder");
    for (side, program, file) in
        [(SELLER, "kessai-server", "server.toml"), (SETTLEMENT, "kessai-settlement", "settlement.toml")]
    {
        let data = folder.path().join(side);
        fs::create_dir_all(&data).expect("a folder");
        fs::write(data.join(file), "metrics = \"0.0.0.0:9464\"\n").expect("settings");
        let ended = run([program, "serve", "--data", &data.display().to_string()]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("metrics: 0.0.0.0:9464 can be reached from other machines"), "{ended:?}");
    }
}
