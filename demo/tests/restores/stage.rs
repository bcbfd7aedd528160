//! A shop of two seller nodes and two settlement nodes, as processes on loopback, each with a standby that
//! follows it, and backups of whoever is in charge.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kessai_demo::ports;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Mode;
use kessai_tui_client::shop_file::ShopFile;
use serde_json::Value;

use crate::epochs::Epochs;
use crate::load::{self, SCARCE_STOCK};
use crate::support::command::{Ended, Running, run, start};
use crate::support::processes;
use crate::support::until;

/// Which of the two daemons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Seller,
    Settlement,
}

impl Role {
    pub fn program(self) -> &'static str {
        match self {
            Role::Seller => "kessai-server",
            Role::Settlement => "kessai-settlement",
        }
    }

    fn at(self) -> usize {
        self as usize
    }
}

/// One node of either daemon.
struct Node {
    data: PathBuf,
    feed: SocketAddr,
    process: Option<Running>,
}

/// Both nodes of a daemon, and which of them is in charge.
struct Pair {
    nodes: [Node; 2],
    in_charge: usize,
    /// How often a folder was put back; each time it is another.
    restored: usize,
}

pub struct Stage {
    folder: PathBuf,
    pub shop: ShopFile,
    pairs: [Pair; 2],
}

impl Stage {
    pub fn open(folder: &Path) -> Self {
        let address = || ports::lasting().expect("a free port");
        let (open, closed) = ([address(), address()], [address(), address()]);
        let pin = prepare(folder);
        let pair = |name: &str| Pair {
            nodes: [0, 1].map(|nth| Node {
                data: folder.join(format!("{name}-{nth}")),
                feed: address(),
                process: None,
            }),
            in_charge: 0,
            restored: 0,
        };
        let mut pairs = [pair("seller"), pair("settlement")];
        for (node, listen) in pairs[1].nodes.iter().zip(closed) {
            let text = format!("listen = '{listen}'\nstandby_listen = '{}'\n", node.feed);
            write(&node.data, "settlement.toml", &text);
        }
        pairs[1].nodes[0].start(Role::Settlement, &["serve"]);
        let words = run(["kessai-settlement", "keys", "--data", &pairs[1].nodes[0].at()]).with(0);
        let words: Vec<&str> = words.split_whitespace().collect();
        let after = |name: &str| words[words.iter().position(|word| *word == name).expect("a pin") + 1];
        let (settlement, root) = (after("settlement"), after("issuer"));
        for (node, listen) in pairs[0].nodes.iter().zip(open) {
            let text = format!(
                "listen = '{listen}'\nsettlement = ['{}', '{}']\nsettlement_pins = ['{settlement}']\n\
                 standby_listen = '{}'\nstandby = 'sync'\nstandby_gone = 'alone'\npromote = 'auto'\n\
                 recovered_for_seconds = 10\n",
                closed[0], closed[1], node.feed
            );
            write(&node.data, "server.toml", &text);
        }
        copy(&pairs[0].nodes[0].data.join("keys"), &pairs[0].nodes[1].data.join("keys"));
        fs::create_dir_all(pairs[1].nodes[1].data.join("keys")).expect("a folder");
        let key = |node: &Node| node.data.join("keys/settlement.key");
        fs::copy(key(&pairs[1].nodes[0]), key(&pairs[1].nodes[1])).expect("a key");
        for role in [Role::Seller, Role::Settlement] {
            let key = folder.join(format!("{}.key", role.program())).display().to_string();
            run([role.program(), "backup", "key", "--out", &key]).with(0);
        }
        let shop = ShopFile {
            addresses: open.to_vec(),
            seller_pins: vec![pin],
            issuer_roots: vec![root.parse().expect("a pin")],
        };
        let mut stage = Self { folder: folder.to_owned(), shop, pairs };
        stage.pairs[0].nodes[0].start(Role::Seller, &["serve"]);
        stage.follow(Role::Seller, 1, true);
        stage.follow(Role::Settlement, 1, true);
        stage
    }

    fn pair(&mut self, role: Role) -> &mut Pair {
        &mut self.pairs[role.at()]
    }

    /// The folders of the seller and the settlement that are in charge.
    pub fn folders(&self) -> [PathBuf; 2] {
        [Role::Seller, Role::Settlement]
            .map(|role| self.pairs[role.at()].nodes[self.in_charge(role)].data.clone())
    }

    pub fn in_charge(&self, role: Role) -> usize {
        self.pairs[role.at()].in_charge
    }

    /// Carries out a command of the daemon on the folder of one of its nodes.
    pub fn command(&self, role: Role, nth: usize, args: &[&str]) -> Ended {
        let data = self.pairs[role.at()].nodes[nth].at();
        let all = [role.program()].into_iter().chain(args.iter().copied()).chain(["--data", &data]);
        run(all.map(str::to_owned).collect::<Vec<_>>())
    }

    pub fn json(&self, role: Role, nth: usize, args: &[&str]) -> Value {
        let said = self.command(role, nth, &[args, &["--json"]].concat()).with(0);
        serde_json::from_str(&said).expect("JSON")
    }

    /// What a node says of itself and of those it knows.
    pub fn nodes(&self, role: Role, nth: usize) -> Value {
        self.json(role, nth, &["status"])["nodes"].clone()
    }

    /// What a node calls itself.
    pub fn node_id(&self, role: Role, nth: usize) -> String {
        let file = self.pairs[role.at()].nodes[nth].data.join("node.id");
        fs::read_to_string(file).expect("a node").trim().to_owned()
    }

    /// Waits until the seller in charge tells nobody anything that its standby has not, or until the
    /// settlement's standby has come as far as that.
    pub fn until_in_step(&self, role: Role) {
        let in_charge = self.in_charge(role);
        until("a standby that has everything", || match role {
            Role::Seller => {
                let (tenure, _) = Epochs::newest(&self.pairs[role.at()].nodes[in_charge].data, 0);
                tenure.is_some_and(|tenure| matches!(tenure.mode, Mode::Sync { .. }))
            }
            Role::Settlement => {
                let standbys = self.nodes(role, in_charge)["standbys"].clone();
                standbys.as_array().is_some_and(|all| all.iter().any(|one| one["lag_records"] == 0))
            }
        });
    }

    /// Backs up the one in charge: an increment, or a chain of its own.
    pub fn back_up(&self, role: Role, full: bool, round: usize) -> PathBuf {
        let own = if full { format!("-{round}") } else { format!("-of-{}", self.pairs[role.at()].restored) };
        let to = self.folder.join(format!("backups-{}{own}", role.program()));
        let (key, dir) = (self.backup_key(role), to.display().to_string());
        self.command(role, self.in_charge(role), &["backup", "--to", &dir, "--key", &key]).with(0);
        to
    }

    fn backup_key(&self, role: Role) -> String {
        self.folder.join(format!("{}.key", role.program())).display().to_string()
    }

    /// Puts a backup back as the folder of a node that is gone, with the keys that node had.
    pub fn restore(&mut self, role: Role, nth: usize, from: &Path) {
        let key = self.backup_key(role);
        let round = self.pair(role).restored + 1;
        let old = self.pair(role).nodes[nth].data.clone();
        let new = old.with_extension(round.to_string());
        let (from, data) = (from.display().to_string(), new.display().to_string());
        run([role.program(), "restore", "--from", &from, "--key", &key, "--data", &data]).with(0);
        copy(&old.join("keys"), &new.join("keys"));
        fs::remove_dir_all(&old).expect("a folder that goes away");
        let pair = self.pair(role);
        (pair.restored, pair.nodes[nth].data) = (round, new);
    }

    pub fn kill(&mut self, role: Role, nth: usize) {
        self.pair(role).nodes[nth].process.take().expect("a node that runs").kill();
    }

    pub fn serve(&mut self, role: Role, nth: usize) {
        self.pair(role).nodes[nth].start(role, &["serve"]);
    }

    /// Starts a daemon that is not expected to serve, and gives what it says until it does or ends.
    pub fn try_to_serve(&mut self, role: Role, nth: usize) -> Running {
        let data = self.pair(role).nodes[nth].at();
        start([role.program(), "serve", "--data", &data])
    }

    /// Starts a node as the standby of the other. With `anew` what is there is set aside before.
    pub fn follow(&mut self, role: Role, nth: usize, anew: bool) {
        let pair = self.pair(role);
        let feed = pair.nodes[1 - nth].feed.to_string();
        let mut args = vec!["standby", "--of", &feed];
        args.extend(anew.then_some("--rejoin"));
        pair.nodes[nth].start(role, &args);
    }

    pub fn turns(&mut self, role: Role) {
        let pair = self.pair(role);
        pair.in_charge = 1 - pair.in_charge;
    }

    /// Keeps both sellers from doing anything until the guards are dropped.
    pub fn hush(&self) -> Vec<processes::Paused> {
        let running = self.pairs[Role::Seller.at()].nodes.iter().filter_map(|node| node.process.as_ref());
        running.map(|process| processes::pause(process.pid())).collect()
    }

    pub fn complaints(&self, role: Role, nth: usize) -> String {
        self.pairs[role.at()].nodes[nth].process.as_ref().map(Running::complaints).unwrap_or_default()
    }
}

impl Node {
    fn at(&self) -> String {
        self.data.display().to_string()
    }

    fn start(&mut self, role: Role, args: &[&str]) {
        let data = self.at();
        let all = [role.program()].into_iter().chain(args.iter().copied()).chain(["--data", &data]);
        let mut running = start(all.map(str::to_owned).collect::<Vec<_>>());
        assert!(running.first_line().is_some(), "it does not start: {}", running.complaints());
        self.process = Some(running);
    }
}

/// Fills the first folder of either daemon; the shop's pin.
fn prepare(folder: &Path) -> Pin {
    let file = |name: &str, text: String| {
        fs::write(folder.join(name), text).expect("a table");
        folder.join(name).display().to_string()
    };
    let products = format!(
        "sku,name,unit_price_pence,stock\nCOMMON,Common,250,10000000\nSCARCE,Scarce,900,{SCARCE_STOCK}\n"
    );
    let (products, cards) = (file("products.csv", products), file("cards.csv", load::cards()));
    let [seller, settlement] =
        ["seller-0", "settlement-0"].map(|name| folder.join(name).display().to_string());
    run(["kessai-settlement", "import-accounts", &cards, "--data", &settlement]).with(0);
    run(["kessai-server", "import-products", &products, "--data", &seller]).with(0);
    let keys = run(["kessai-server", "keys", "--data", &seller]).with(0);
    let pin = keys.split_whitespace().nth(1).expect("a pin").to_owned();
    run(["kessai-settlement", "allow", &pin, "--data", &settlement]).with(0);
    let knock = folder.join("seller-0/keys/knock.key").display().to_string();
    run(["kessai-settlement", "knock-key", &pin, "--out", &knock, "--data", &settlement]).with(0);
    pin.parse().expect("a pin")
}

fn write(data: &Path, name: &str, text: &str) {
    fs::create_dir_all(data).expect("a folder");
    fs::write(data.join(name), text).expect("settings");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().expect("a kind").is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}
