//! Configuration files and command lines that are not as they should be.

use std::fs;
use std::path::Path;

use super::support::shop::Shop;
use super::support::terminal::Terminal;
use super::{on, refused_start};
use crate::support::command::run;

/// What is said about the files of a folder, without the names of program and folder.
fn told<'a>(lines: &[&'a str], folder: &Path) -> Vec<&'a str> {
    let folder = format!("{}/", folder.display());
    lines.iter().map(|line| line.split_once(&folder).unwrap_or_else(|| panic!("{line}")).1).collect()
}

#[test]
fn every_mistake_of_the_seller_s_file_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    fs::write(&file, "listen = 'x'\nstrange = 1\nquote_seconds = 0\nship_after_seconds = 'soon'\n")
        .expect("a file");
    let ended = refused_start("kessai-server", folder.path(), 2);
    let expected = [
        "server.toml: listen: expected an address such as \"127.0.0.1:7000\"",
        "server.toml: ship_after_seconds: expected a number of seconds",
        "server.toml: quote_seconds: expected a number of seconds, at least 1",
        "server.toml: strange: there is no such key",
    ];
    assert_eq!(told(&ended.complaint(2), folder.path()), expected);
    fs::write(&file, "settlement_pins = ['zz']\n").expect("a file");
    let ended = on(folder.path(), &["kessai-server", "serve"]);
    let expected = [
        "server.toml: settlement_pins: expected one or two pins of 64 hexadecimal digits",
        "server.toml: settlement: is missing; the settlement's address, here or as --settlement",
    ];
    assert_eq!(told(&ended.complaint(2), folder.path()), expected);
    fs::write(&file, "listen = '127.0.0.1:0'\nlisten = = 2\n").expect("a file");
    let ended = refused_start("kessai-server", folder.path(), 2);
    assert!(told(&[ended.one_line(2)], folder.path())[0].starts_with("server.toml:2: "), "{ended:?}");
    // A start that never was must leave nothing behind that a good start would trip over.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_settlement_has_one_to_eight_addresses() {
    let folder = tempfile::tempdir().expect("a folder");
    let pins = format!("settlement_pins = '{}'\n", "7".repeat(64));
    let nine = (1..10).map(|port| format!("'127.0.0.1:{port}'")).collect::<Vec<_>>().join(", ");
    for bad in [format!("[{nine}]"), "['127.0.0.1:7100', 'nowhere']".to_owned(), "[]".to_owned()] {
        fs::write(folder.path().join("server.toml"), format!("{pins}settlement = {bad}\n")).expect("a file");
        let ended = on(folder.path(), &["kessai-server", "serve"]);
        let told = "server.toml: settlement: expected one to 8 addresses such as \"127.0.0.1:7000\"";
        assert!(ended.complaint(2).iter().any(|line| line.ends_with(told)), "{bad}: {ended:?}");
    }
}

#[test]
fn every_mistake_of_both_files_of_the_settlement_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("settlement.toml"), "listen = 7\nsuite = 'rot13'\n").expect("a file");
    let policy = "tries = 7\nmax_months_late = 'x'\nhold_seconds = 0\nhistory_months = 200\n";
    fs::write(folder.path().join("policy.toml"), policy).expect("a file");
    let ended = refused_start("kessai-settlement", folder.path(), 2);
    let expected = [
        "settlement.toml: listen: expected an address such as \"127.0.0.1:7100\"",
        "settlement.toml: suite: expected \"x-wing\" or \"x25519\"",
        "policy.toml: max_months_late: expected a number of months",
        "policy.toml: tries: expected a table such as { seconds = 86400, max = 5 }",
        "policy.toml: hold_seconds is at least 1",
        "policy.toml: history_months is from 1 to 24",
    ];
    let mut lines = told(&ended.complaint(2), folder.path());
    lines[2..].sort_unstable();
    let mut expected = expected.to_vec();
    expected[2..].sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn every_mistake_of_the_shop_s_file_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let terminal = Terminal::of(folder.path(), "terminal");
    let told = |text: &str| -> Vec<String> {
        fs::write(&terminal.shop, text).expect("a file");
        let ended = run(terminal.args("orders", &[]));
        told(&ended.complaint(2), folder.path()).into_iter().map(str::to_owned).collect()
    };
    let expected = [
        "shop.toml: address: is missing; expected an address such as \"127.0.0.1:7000\"",
        "shop.toml: seller_pins: expected one or two pins of 64 hexadecimal digits",
        "shop.toml: issuer_roots: expected at least one pin of 64 hexadecimal digits",
        "shop.toml: colour: there is no such key",
    ];
    assert_eq!(told("seller_pins = []\ncolour = 'red'\n"), expected);
    assert_eq!(told("address = 'a'\nseller_pins = 'a'\nissuer_roots = ['b', 7]\n").len(), 3);
    assert!(told("address = \n")[0].starts_with("shop.toml:1: "));
    fs::remove_file(&terminal.shop).expect("a file");
    assert!(run(terminal.args("orders", &[])).one_line(2).contains("shop.toml: cannot be read"));
    assert!(!terminal.data.exists(), "nothing may be made for a shop that cannot be found");
}

#[test]
fn a_shop_with_a_bad_file_inside_says_what_is_wrong_once() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    for (file, bad) in [("seller/server.toml", "shop = 7\n"), ("settlement/policy.toml", "tries = 7\n")] {
        let path = folder.path().join(file);
        fs::write(&path, bad).expect("a file");
        let ended = Shop::try_open(folder.path(), &[]).err().expect("no shop");
        assert!(ended.one_line(2).contains(&path.display().to_string()), "{ended:?}");
        fs::remove_file(&path).expect("a file");
    }
    Shop::open(folder.path()).terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

#[test]
fn a_port_in_use_is_named_and_nothing_keeps_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = Shop::try_open(folder.path(), &["--listen", &address]).err().expect("no shop");
    let line = ended.one_line(1);
    assert!(line.contains(&format!("cannot bind UDP {address}")), "{line}");
    assert_eq!(super::support::processes::on_folder(folder.path()), Vec::<u32>::new());
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

#[test]
fn a_screen_is_refused_where_there_is_none_and_nothing_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let terminal = Terminal::of(folder.path(), "terminal");
    let without_a_screen = run(terminal.args("shop", &[]));
    assert!(without_a_screen.one_line(2).contains("this needs a terminal"), "{without_a_screen:?}");
    assert!(!without_a_screen.err.contains('\u{1b}'), "{without_a_screen:?}");
    let data = folder.path().join("demo");
    let demo = on(&data, &[]);
    assert!(demo.one_line(2).contains("run: kessai-demo serve"), "{demo:?}");
    assert!(!data.exists());
}
