//! A thousand purchases at a real shop, with everything kept that a thief might get hold of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::capture::{self, Capture};
use super::dump::{dump, memory_of};
use super::planted::{self, Card};
use super::support::processes::{pause, sockets};
use super::support::shop::Shop;
use super::support::terminal::Terminal;
use super::support::trade::Trade;
use super::support::until;

/// Connections of the replay, so that many cards are under way at once.
const CONNECTIONS: u16 = 16;
/// After so long without a request nothing is under way any more.
const IDLE: Duration = Duration::from_secs(2);
/// Fewer packets than any capture of so many purchases can have.
const FEW_PACKETS: usize = 1_000;

/// The folders of one run.
pub struct Run {
    folder: PathBuf,
    pub trade: Trade,
}

impl Run {
    /// Writes the tables of these cards. The shoppers' own table is what they believe of them.
    pub fn new(folder: &Path, cards: &[Card]) -> Self {
        let trade = planted::write(cards, &folder.join("given"));
        for name in ["logs", "wires"] {
            fs::create_dir(folder.join(name)).expect("a folder");
        }
        Self { folder: folder.to_owned(), trade }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Buys, dumps, copies, stops, and looks at every place where something is left, by the name of
    /// its folder. `in_the_clear` is sent over the captured wire as it is.
    pub fn carry_out(&self, cards: &[Card], in_the_clear: &[u8], mut look: impl FnMut(&str)) {
        let capture = Capture::start(&self.at("wires"));
        capture.send(in_the_clear);
        let tables = [&self.trade.products, &self.trade.cardholders].map(|path| path.display().to_string());
        let more = ["--products", &tables[0], "--cardholders", &tables[1]];
        let shop = Shop::open_verbose(&self.at("shop"), &more, &self.at("logs").join("shop.log"));
        let ports = ["kessai-server", "kessai-settlement"].map(|role| shop.address(role).port());
        let buying = self.trade.with_cards(planted::write_given(cards, &self.at("given")));
        self.buy(&buying, &shop.terminal());
        std::thread::sleep(IDLE);
        self.dump_all(&buying, &shop, &mut look);
        // As a backup would take it, from under the running daemons.
        let copied = Command::new("cp").arg("-r").args([self.at("shop"), self.at("backup")]).status();
        assert!(copied.expect("cp").success());
        assert_eq!(shop.stop("TERM"), Some(0));
        let captured = capture.stop();
        for port in ports {
            let packets = capture::packets(&captured, port);
            println!("{packets} packets captured of port {port}");
            assert!(packets > FEW_PACKETS, "a wire that was not captured");
        }
        for log in ["shop.log", "terminal.log"] {
            let said = fs::read_to_string(self.at("logs").join(log)).expect("a log");
            assert!(said.contains(" TRACE "), "{log} has not every line there is");
        }
        for name in ["shop/seller", "shop/settlement", "shop/terminal", "backup", "logs", "wires", "given"] {
            look(name);
        }
    }

    fn buy(&self, trade: &Trade, terminal: &Terminal) {
        let begun = Instant::now();
        let replay = trade.start_verbose(terminal, CONNECTIONS, &self.at("logs").join("terminal.log"));
        let said = replay.end().with(0);
        println!("{} (with every log line: {:.1} s)", said.trim(), begun.elapsed().as_secs_f64());
        fs::write(self.at("logs").join("terminal.out"), said).expect("written");
        let mut decided = BTreeMap::<_, usize>::new();
        let mut rows = csv::Reader::from_path(&trade.decisions).expect("decisions");
        for row in rows.records().map(|row| row.expect("a row")) {
            *decided.entry((row[1].to_owned(), row[3].to_owned())).or_default() += 1;
        }
        assert_eq!(decided, planted::expected());
    }

    /// Dumps one process after the other and looks at each dump, which takes the disk the space of
    /// all that the process has mapped. The settlement comes first, before anything else uses its memory.
    fn dump_all(&self, trade: &Trade, shop: &Shop, look: &mut impl FnMut(&str)) {
        let (seller, settlement) = (shop.daemon("kessai-server"), shop.daemon("kessai-settlement"));
        for (name, pid) in
            [("settlement-memory", settlement), ("seller-memory", seller), ("house-memory", shop.house())]
        {
            println!("{name}: {}", memory_of(pid));
            self.dump(name, pid, look);
        }
        // A terminal that waits for an answer has its cards in memory, and there they have to be
        // found: a search that finds nothing anywhere proves nothing.
        let paused = pause(seller);
        let terminal = Terminal { data: self.at("terminal"), ..shop.terminal() };
        let waiting = trade.start(&terminal, CONNECTIONS);
        // It connects once it has read its cards, with a socket for each connection.
        until("a terminal that has read its cards", || sockets(waiting.pid()) >= usize::from(CONNECTIONS));
        println!("terminal-memory: {}", memory_of(waiting.pid()));
        self.dump("terminal-memory", waiting.pid(), look);
        waiting.kill();
        drop(paused);
    }

    fn dump(&self, name: &str, pid: u32, look: &mut impl FnMut(&str)) {
        let folder = self.at(name);
        fs::create_dir(&folder).expect("a folder");
        dump(pid, &folder);
        look(name);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
