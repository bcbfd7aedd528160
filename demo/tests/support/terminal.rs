//! The terminal's commands at one shop.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::command::{Ended, Running, run, start};

/// A terminal with a key of its own.
pub struct Terminal {
    pub shop: PathBuf,
    pub data: PathBuf,
    pub cards: PathBuf,
}

impl Terminal {
    /// The terminal of this name at the shop in `folder`, with the sample's cards.
    pub fn of(folder: &Path, name: &str) -> Self {
        Self {
            shop: folder.join("shop.toml"),
            data: folder.join(name),
            cards: folder.join("sample").join("cards.csv"),
        }
    }

    pub fn buy(&self, card: &str, more: &[&str]) -> Ended {
        run(self.buying(card, more))
    }

    /// Begins to buy and does not wait for the end.
    pub fn start_to_buy(&self, card: &str, more: &[&str]) -> Running {
        start(self.buying(card, more))
    }

    fn buying(&self, card: &str, more: &[&str]) -> Vec<OsString> {
        let mut args = self.args("buy", &["--card", card]);
        args.extend(["--cards".into(), self.cards.clone().into_os_string()]);
        args.extend(more.iter().map(OsString::from));
        args
    }

    /// What a purchase with `--json` says, when it ends with this code.
    pub fn buy_json(&self, card: &str, more: &[&str], code: i32) -> Value {
        let args: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
        let out = self.buy(card, &args).with(code);
        serde_json::from_str(&out).expect("JSON")
    }

    /// This terminal's orders, newest first.
    pub fn orders(&self) -> Vec<Value> {
        let out = run(self.args("orders", &["--json"])).with(0);
        serde_json::from_str(&out).expect("a list")
    }

    pub fn orders_text(&self) -> String {
        run(self.args("orders", &[])).with(0)
    }

    pub fn give_back(&self, order: &str, more: &[&str]) -> Ended {
        let more: Vec<&str> = [order].into_iter().chain(more.iter().copied()).collect();
        run(self.args("return", &more))
    }

    /// The arguments of any command of the terminal.
    pub fn args(&self, act: &str, more: &[&str]) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["kessai".into(), act.into()];
        args.extend(["--shop".into(), self.shop.clone().into_os_string()]);
        args.extend(["--data".into(), self.data.clone().into_os_string()]);
        args.extend(more.iter().map(OsString::from));
        args
    }
}
