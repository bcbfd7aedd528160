//! The bench, briefly: that it completes, tells what it should, and leaves sound books behind. How fast
//! it is depends on the machine and is nobody's to assert.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::books::verify;
use support::command::{run, start};
use support::processes::{child_of, on_folder, signal};

/// Small tables and a short clock.
const BRIEF: [&str; 10] =
    ["bench", "--json", "--seconds", "1", "--warm-up", "0.2", "--accounts", "200", "--products", "50"];

fn bench(data: &Path, more: &[&str]) -> Value {
    let data = data.display().to_string();
    let out = run(BRIEF.iter().chain(more).chain(&["--data", &data])).with(0);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// A number in a report, which has to be above zero.
fn number(report: &Value, path: &str) -> f64 {
    let number = report.pointer(path).and_then(Value::as_f64);
    let number = number.unwrap_or_else(|| panic!("no number at {path}: {report:#}"));
    assert!(number > 0.0, "{path} is {number}: {report:#}");
    number
}

/// How often a run is made that a machine which stands still for a moment spoils: the marks at which the clock
/// starts and stops are set by one process and seen by another.
const TRIES: usize = 4;

/// Whether the clock and the journal tell of the same purchases, but for those that were under way when it
/// started and stopped: each purchase is one decision.
fn is_of_one_mind(level: &Value) -> bool {
    let number = |path: &str| level.pointer(path).and_then(Value::as_f64).unwrap_or_default();
    let (decisions, told) = (number("/settlement_journal/records"), number("/purchases"));
    told > 0.0 && (decisions - told).abs() <= 2.0 * number("/outstanding") + 4.0
}

#[test]
fn a_brief_run_tells_everything_and_leaves_sound_books() {
    let folder = tempfile::tempdir().expect("a folder");
    let plot = folder.path().join("plot.svg");
    let plotted = plot.display().to_string();
    let run = |nth: usize| {
        let data = folder.path().join(format!("data-{nth}"));
        (bench(&data, &["--outstanding", "1,8", "--plot", &plotted]), data)
    };
    let is_sound = |report: &Value| report["levels"].as_array().expect("levels").iter().all(is_of_one_mind);
    let (mut report, mut data) = run(0);
    for nth in 1..TRIES {
        if is_sound(&report) {
            break;
        }
        (report, data) = run(nth);
    }
    for path in [
        "/purchases_per_second",
        "/p50_us",
        "/p99_us",
        "/p999_us",
        "/closed_wire_bytes_per_purchase/sent",
        "/closed_wire_bytes_per_purchase/received",
        "/floor/floor/p50_us",
        "/floor/write/p50_us",
        "/floor/round_trip/p50_us",
        "/floor/ratio",
    ] {
        number(&report, path);
    }
    let levels = report["levels"].as_array().expect("levels");
    assert_eq!(levels.len(), 2);
    for level in levels {
        for path in [
            "/purchases_per_second",
            "/quote/p50_us",
            "/pay/p999_us",
            "/whole/p99_us",
            "/cpu_us_per_purchase/load",
            "/cpu_us_per_purchase/seller",
            "/cpu_us_per_purchase/settlement",
            "/bytes_per_purchase/open_wire/sent",
            "/bytes_per_purchase/open_wire/received",
            "/bytes_per_purchase/seller_journal",
            "/bytes_per_purchase/settlement_journal",
            "/seller_journal/fsyncs_per_second",
            "/settlement_journal/records_per_group",
        ] {
            number(level, path);
        }
        assert_eq!(level["pay"]["samples"], level["purchases"], "a sample was left out: {level:#}");
        assert!(number(level, "/whole/p50_us") >= number(level, "/pay/p50_us"), "{level:#}");
        assert!(is_of_one_mind(level), "{level:#}");
        // A card is sealed, so a purchase sends at least the encapsulated key.
        assert!(number(level, "/bytes_per_purchase/open_wire/sent") > 1_120.0, "{level:#}");
    }
    assert!(number(&report, "/closed_wire_bytes_per_purchase/sent") > 1_120.0, "{report:#}");
    assert!(fs::read_to_string(&plot).expect("a plot").starts_with("<svg"));
    // What it verified it can be asked again, because the folder was named.
    let books = verify(&data);
    assert_eq!(books.seller["accepted_orders"], report["verify"]["seller"]["accepted_orders"]);
    assert_eq!(books.settlement["approved"], report["verify"]["settlement"]["approved"]);
    assert!(books.sold("accepted_orders") as f64 >= levels.iter().map(|l| number(l, "/purchases")).sum());
    assert_eq!(on_folder(&data), [0_u32; 0], "something was left running");
}

#[test]
fn arrivals_keep_to_their_schedule() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = bench(&folder.path().join("data"), &["--rate", "50", "--outstanding", "40"]);
    let level = &report["levels"][0];
    // Fifty a second for one second, however fast the machine is.
    let samples = number(level, "/whole/samples");
    assert!((49.0..=51.0).contains(&samples), "{level:#}");
    assert_eq!(level["rate"], 50.0);
}

#[test]
fn arrivals_that_nobody_can_serve_show_as_a_queue() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = bench(&folder.path().join("data"), &["--rate", "20000", "--outstanding", "1"]);
    let level = &report["levels"][0];
    let kept_waiting = ["late_starts", "never_started"].map(|name| level[name].as_u64().expect("a count"));
    assert!(kept_waiting.iter().sum::<u64>() > 10_000, "{level:#}");
    assert!(number(level, "/whole/p99_us") > 100_000.0, "the queue is hidden: {level:#}");
    // What never began is counted too, with the time that it has waited.
    assert!(number(level, "/whole/samples") > 19_000.0, "{level:#}");
}

#[test]
fn the_settlement_alone_decides_all_it_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = bench(&folder.path().join("data"), &["--settlement-alone", "--inquiries", "2000"]);
    number(&report, "/decisions_per_second");
    number(&report, "/settlement_cpu_us");
    assert_eq!(report["verify"]["settlement"]["approved"], 2_000);
    assert_eq!(report["decisions"], 1_600, "the clock leaves a tenth out at each end");
}

#[test]
fn grown_tables_are_compared_and_restarted() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = bench(&folder.path().join("data"), &["--grow", "400", "--rounds", "1", "--orders", "500"]);
    let shops = report["shops"].as_array().expect("shops");
    let sizes: Vec<_> = shops.iter().map(|shop| (&shop["accounts"], &shop["products"])).collect();
    assert_eq!(format!("{sizes:?}").matches("400").count(), 2, "{report:#}");
    for shop in shops {
        for path in ["/ratio", "/restart_settlement_seconds", "/restart_seller_seconds"] {
            number(shop, path);
        }
        assert!(number(shop, "/seller_disk/disk_bytes") > number(shop, "/seller_disk/live_bytes"));
    }
    assert!(number(&shops[0], "/orders") >= 500.0);
}

#[test]
fn a_peer_runs_in_turn_with_ours() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("run.sh");
    fs::write(&script, "#!/bin/sh\necho \"$1 $2 $3\" >> asked\necho fn purchases/s=10\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
    let peer = folder.path().display().to_string();
    let more = ["--outstanding", "4", "--compare", &peer, "--rounds", "2"];
    let report = bench(&folder.path().join("data"), &more);
    let ratio = number(&report, "/compare/0/ratio");
    let ours = number(&report, "/compare/0/ours_per_second");
    assert!((ratio - ours / 10.0).abs() < 1e-6, "{report:#}");
    assert_eq!(report["compare"][0]["peer"], "fn");
    assert_eq!(fs::read_to_string(folder.path().join("asked")).expect("asked"), "1 2 4\n1 2 4\n");
}

#[test]
fn what_cannot_be_run_is_told_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a"), "b").expect("written");
    let path = folder.path().display().to_string();
    for (more, expected) in [
        (["--outstanding", "0"], "--outstanding"),
        (["--data", path.as_str()], "is not empty"),
        (["--compare", path.as_str()], "run.sh"),
    ] {
        let ended = run(["bench"].iter().chain(&more));
        assert!(ended.one_line(2).contains(expected), "{ended:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "something was written");
}

#[test]
fn books_that_are_spoilt_meanwhile_fail_the_run() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let path = data.display().to_string();
    let mut bench = start(BRIEF.iter().chain(&["--outstanding", "4", "--data", &path]));
    support::until("a load", || {
        assert!(bench.is_running(), "{}", bench.complaints());
        child_of(bench.pid(), "kessai-bench-load").is_some()
    });
    let journal = fs::read_dir(data.join("seller/journal")).expect("a journal").flatten();
    let segment = journal.map(|entry| entry.path()).filter(|path| !path.ends_with("lock")).min();
    // Both copies of the first group, behind the two headers of the file.
    let file = fs::File::options().write(true).open(segment.expect("a segment")).expect("a segment");
    file.write_all_at(&[0xFF; 8 * 4_096], 2 * 4_096).expect("spoilt");
    let ended = bench.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("could not verify"), "{ended:?}");
    assert!(data.is_dir(), "what failed is kept");
}

#[test]
fn a_bench_that_is_stopped_leaves_nothing_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let path = data.display().to_string();
    let mut bench = start(["bench", "--seconds", "600", "--accounts", "100", "--data", &path]);
    support::until("a load", || {
        assert!(bench.is_running(), "{}", bench.complaints());
        child_of(bench.pid(), "kessai-bench-load").is_some()
    });
    signal(bench.pid(), "INT");
    let ended = bench.end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("stopped before the end"), "{ended:?}");
    support::until("the end of all", || on_folder(&data).is_empty());
}
