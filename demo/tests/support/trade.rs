//! Trade from tables, replayed by the terminal.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::command::{Running, start, start_verbose};
use super::shop::Shop;
use super::terminal::Terminal;

/// The tables of a shop and of what happens in it, and where to write what is decided.
pub struct Trade {
    pub products: PathBuf,
    pub cardholders: PathBuf,
    pub traffic: PathBuf,
    pub decisions: PathBuf,
}

impl Trade {
    /// The same trade, with what the shoppers have in their own table of cards.
    pub fn with_cards(&self, cards: PathBuf) -> Self {
        let Self { products, traffic, decisions, .. } = self;
        let (products, traffic, decisions) = (products.clone(), traffic.clone(), decisions.clone());
        Self { products, cardholders: cards, traffic, decisions }
    }

    /// Opens a shop on these tables.
    pub fn open(&self, folder: &Path) -> Shop {
        let (products, cards) = (self.products.display().to_string(), self.cardholders.display().to_string());
        Shop::open_with(folder, &["--products", &products, "--cardholders", &cards])
    }

    /// Begins to replay and does not wait for the end.
    pub fn start(&self, terminal: &Terminal, connections: u16) -> Running {
        start(self.args(terminal, connections))
    }

    /// Begins to replay, and writes every log line there is to the end of a file.
    pub fn start_verbose(&self, terminal: &Terminal, connections: u16, log: &Path) -> Running {
        start_verbose(self.args(terminal, connections), log)
    }

    fn args(&self, terminal: &Terminal, connections: u16) -> Vec<OsString> {
        let mut args = terminal.args("replay", &["--connections", &connections.to_string()]);
        let files = [
            ("--traffic", &self.traffic),
            ("--cardholders", &self.cardholders),
            ("--decisions", &self.decisions),
        ];
        args.extend(files.into_iter().flat_map(|(name, file)| [name.into(), file.clone().into_os_string()]));
        args
    }

    /// Waits for the end of a replay, at which everything has to be decided.
    pub fn end(&self, replay: Running) {
        println!("{}", replay.end().with(0).trim());
    }

    pub fn replay(&self, terminal: &Terminal, connections: u16) {
        self.end(self.start(terminal, connections));
    }

    /// What the last replay that came to its end said was accepted: sequence and amount.
    pub fn accepted(&self) -> BTreeMap<u64, i64> {
        let mut rows = csv::Reader::from_path(&self.decisions).expect("decisions");
        let rows = rows.records().map(|row| row.expect("a row"));
        let orders = rows.filter(|row| &row[1] == "order" && &row[3] == "00");
        let number = |text: &str| text.parse::<i64>().expect("a number");
        orders.map(|row| (number(&row[0]).unsigned_abs(), number(&row[4]))).collect()
    }
}
