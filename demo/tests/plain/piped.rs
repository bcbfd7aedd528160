//! Through a pipe: every line waits for what came of the one before.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::books::verify;
use crate::support::command::PROGRAM;
use crate::support::shop::Shop;
use crate::support::terminal::Terminal;

/// Says these lines to the shop and hears everything that is said.
fn say(terminal: &Terminal, lang: &str, lines: &[&str]) -> String {
    let cards = terminal.cards.display().to_string();
    let args = terminal.args("shop", &["--plain", "--lang", lang, "--cards", &cards]);
    let mut child = Command::new(PROGRAM)
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let script = lines.join("\n");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("a pipe");
    let ended = child.wait_with_output().expect("an end");
    let (heard, complaints) = (String::from_utf8(ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let heard = heard.expect("UTF-8");
    assert!(ended.status.success() && complaints.is_empty(), "{complaints}\n{heard}");
    assert!(!heard.contains('\u{1b}') && !heard.contains('\r'), "{heard}");
    heard
}

#[track_caller]
fn in_order(heard: &str, parts: &[&str]) {
    let mut rest = heard;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("no {part:?} in its place:\n{heard}") };
        rest = after;
    }
}

#[test]
fn a_purchase_another_card_a_cancellation_and_a_return_by_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let heard = say(
        &terminal,
        "en",
        &["search sencha", "1", "2", "add", "cart", "check out", "go on", "1", "p", "", "pay", "orders", "1"],
    );
    in_order(
        &heard,
        &[
            "1 of 1: Sencha, first flush, 100 g, £14.50",
            "Quantity: 2",
            "Added: Sencha",
            "Total at listed prices: £29.00",
            "This price holds",
            "Approved, card ending in 0012",
            "Confirm the payment",
            "type the word pay in full",
            "Confirm the payment",
            "Accepted. £29.00 was approved.",
            "Your orders",
            "Payment: ",
            "Goodbye.",
        ],
    );
    // Another card, after one that is over its limit; then all of it is cancelled.
    let heard = say(
        &terminal,
        "en",
        &[
            "search mugi",
            "1",
            "add",
            "cart",
            "check out",
            "go on",
            "2",
            "pay",
            "try again",
            "go on",
            "1",
            "pay",
            "orders",
            "1",
            "cancel",
            "cancel",
        ],
    );
    in_order(
        &heard,
        &["Declined (code 51)", "Nothing was charged", "Accepted. £6.40", "Your orders", "£6.40"],
    );
    in_order(&heard, &["“cancel” again cancels the whole order", "Cancelled; nothing is charged"]);
    let heard = say(&terminal, "en", &["orders", "3", "return", "fewer", "give back", "back"]);
    in_order(&heard, &["Choose what goes back", "1 of 2 go back", "£14.50"]);
    let books = verify(folder.path());
    assert_eq!(books.sold("accepted_pence"), 2 * 1450 + 640);
    assert_eq!(books.sold("refunded_pence"), 1450, "what was cancelled was never charged");
}

#[test]
fn the_same_in_japanese_without_a_word_of_english() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let heard = say(
        &shop.terminal(),
        "ja",
        &[
            "検索 sencha",
            "１",
            "追加",
            "カート",
            "レジへ",
            "進む",
            "1",
            "pay",
            "注文",
            "1",
            "取消",
            "取消",
            "終了",
        ],
    );
    in_order(
        &heard,
        &[
            "1 件中 1：Sencha",
            "入れました",
            "合計",
            "「支払う」",
            "承認されました。金額は £14.50",
            "ありがとうございました。",
        ],
    );
    let known =
        ["Sencha, first flush, 100 g", "TEA-SENCHA", "Kessai", "UTC", "SKU", "Enter", "Tea", "Approved"];
    // Rows of the shelves, descriptions and labels of cards are others' own words.
    let shops = ["件中", "first leaves", "75 °C", "末尾"];
    let rows = |line: &&str| !shops.iter().any(|words| line.contains(words));
    for line in heard.lines().filter(rows) {
        let rest = known.iter().fold(line.to_owned(), |line, word| line.replace(word, ""));
        let english = rest.split(|c: char| !c.is_ascii_alphabetic()).find(|word| word.len() > 6);
        assert!(english.is_none(), "{english:?} in {line}");
    }
}
