//! The dashboard as an operator has it: on a screen, beside real daemons.

use std::path::Path;

use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::pty::Window;
use crate::support::command::{PROGRAM, run};
use crate::support::processes::pause;
use crate::support::shop::Shop;
use crate::support::until;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

/// Opens the dashboard on both daemons of a shop, and waits until both are heard.
fn open(folder: &Path, more: &[&str]) -> Window {
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(["kessai", "dashboard", "--lang", "en", "--seller-data"]);
    command.arg(folder.join("seller"));
    command.arg("--settlement-data");
    command.arg(folder.join("settlement"));
    command.args(more);
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    // Neither the settings nor the log of whoever runs this.
    command.env("HOME", folder);
    ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"]
        .into_iter()
        .for_each(|name| command.env_remove(name));
    let window = Window::open(command, COLUMNS, ROWS);
    see(&window, "seller live");
    see(&window, "settlement live");
    window
}

fn see(window: &Window, text: &str) {
    until(text, || window.text().contains(text));
}

/// Presses keys and waits for what they lead to.
fn press(window: &mut Window, keys: &str, then: &str) {
    window.press(keys);
    see(window, then);
}

/// Presses keys that lead from a list to what is asked of a daemon, again and again until it is there.
fn press_until(window: &mut Window, keys: &str, then: &str) {
    until(then, || {
        window.press(keys);
        std::thread::sleep(std::time::Duration::from_millis(300));
        window.text().contains(then)
    });
}

fn acts(folder: &Path) -> Vec<Value> {
    let data = folder.join("settlement").display().to_string();
    let told = run(["kessai-settlement", "acts", "--json", "--data", &data]).with(0);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    told["acts"].as_array().expect("a list").clone()
}

#[test]
fn an_act_is_done_through_the_screen_and_stands_among_the_acts() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    assert_eq!(terminal.buy_json("Approved", &["TEA-MUGI"], 0)["outcome"], "00");
    let mut window = open(folder.path(), &[]);
    let before = acts(folder.path()).len();
    // The order, the account that pays for it, and what can be done about that.
    press(&mut window, "/", "the beginning of an order");
    // It is found once nothing else is searched for than what is typed.
    press(&mut window, "tea-mugi", "> tea-mugi");
    see(&window, " found");
    press(&mut window, "\r", "What happened");
    see(&window, "approved · £0.00 · £6.40");
    press(&mut window, "\r", "Open to buy");
    press(&mut window, "x", "Block this card as stolen");
    press(&mut window, "jj\r", "a reason for the audit trail");
    press(&mut window, "by telephone\r", "Really?");
    see(&window, "You have typed: by telephone");
    // Whatever is no yes is no, and nothing was sent.
    press(&mut window, "y", "Nothing was done.");
    assert_eq!(acts(folder.path()).len(), before);
    press(&mut window, "\r", "Really?");
    press(&mut window, "Y", "Done.");
    see(&window, "Record ");
    let after = acts(folder.path());
    assert_eq!(after.len(), before + 1, "{after:#?}");
    assert!(after[0].to_string().contains("by telephone"), "{}", after[0]);
    // The same on the screen, and in what is decided from now on.
    window.press("\u{1b}");
    see(&window, "Block this card as restricted");
    press(&mut window, "\u{1b}", "Open to buy");
    press(&mut window, "\u{1b}", "What happened");
    press(&mut window, "\u{1b}", "> tea-mugi");
    press(&mut window, "\u{1b}", "[1 Overview]");
    press(&mut window, "d", "Acts at the settlement");
    press(&mut window, "G\r", "by telephone");
    assert_eq!(terminal.buy_json("Approved", &["TEA-MUGI"], 10)["outcome"], "43");
    press_until(&mut window, "\u{1b}", "[1 Overview]");
    press(&mut window, "3", "card stolen");
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
    assert_eq!(shop.stop("TERM"), Some(0));
}

#[test]
fn with_readonly_no_key_leads_to_an_act() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let mut window = open(folder.path(), &["--readonly"]);
    see(&window, "READ ONLY");
    let before = acts(folder.path()).len();
    window.press("x\r\rY");
    press(&mut window, "?", "next screen");
    assert!(!window.text().contains("what can be done about it"), "{}", window.text());
    assert_eq!(acts(folder.path()).len(), before);
    window.press("\u{3}");
    assert_eq!(window.ended(), 0);
    assert_eq!(shop.stop("TERM"), Some(0));
}

/// Whether anything green is in the row with this text.
fn green(window: &Window, text: &str) -> Option<bool> {
    window.look(|screen| {
        let row = (0..ROWS).find(|row| screen.contents_between(*row, 0, *row, COLUMNS).contains(text))?;
        let greens = [vt100::Color::Idx(2), vt100::Color::Idx(10)];
        let is_green =
            |column: u16| screen.cell(row, column).is_some_and(|cell| greens.contains(&cell.fgcolor()));
        Some((0..COLUMNS).any(is_green))
    })
}

#[test]
fn a_settlement_that_stands_still_is_not_green_and_alarms() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let mut window = open(folder.path(), &[]);
    until("what is live is green", || green(&window, "settlement live") == Some(true));
    let paused = pause(shop.daemon("kessai-settlement"));
    until("a settlement that is silent", || {
        let green = green(&window, "! settlement");
        assert_ne!(green, Some(true), "what is old is green:\n{}", window.text());
        green == Some(false)
    });
    assert!(!window.text().contains("settlement live"), "{}", window.text());
    see(&window, "link_down_seconds");
    assert_ne!(green(&window, "! settlement"), Some(true));
    drop(paused);
    until("a settlement that goes on", || green(&window, "settlement live") == Some(true));
    window.press("q");
    assert_eq!(window.ended(), 0);
    assert_eq!(shop.stop("TERM"), Some(0));
}
