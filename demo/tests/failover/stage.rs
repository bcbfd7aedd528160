//! A shop of two seller nodes and one settlement, as processes: on loopback, or each on a host of its own,
//! joined by wires that can be unplugged.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use kessai_demo::lan::{Host, Lan, Wire};
use kessai_demo::ports;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::Mode;
use kessai_tui_client::shop_file::ShopFile;

use crate::epochs::Epochs;
use crate::load::{self, SCARCE_STOCK};
use crate::support::command::{Ended, PROGRAM, Running, launch, run};
use crate::support::processes::{Paused, pause};

/// The nodes of the shop, by the names of their data folders and hosts.
const NODES: [&str; 2] = ["seller-a", "seller-b"];

/// One node of the shop.
struct Node {
    data: PathBuf,
    host: Option<Host>,
    /// Where terminals find it, and where its standby does.
    open: SocketAddr,
    feed: SocketAddr,
    process: Option<Running>,
    /// How it was last put in charge, as its journal says up to this position.
    mode: Option<Mode>,
    read: u64,
}

pub struct Stage {
    folder: PathBuf,
    pub shop: ShopFile,
    nodes: [Node; 2],
    /// Which node was made the one in charge last.
    in_charge: usize,
    _settlement: Running,
    // Fields are dropped in this order: whoever is on a host before the host.
    wires: Option<Wires>,
}

/// The networks, where the shop is not all on loopback.
struct Wires {
    shoppers: Host,
    hosts: [Host; 2],
    settlement: Host,
    /// Terminals and sellers; sellers and settlement.
    wires: [Wire; 2],
    _lan: Lan,
}

impl Stage {
    /// Opens a shop whose first node is in charge and whose second one follows it.
    pub fn open(folder: &Path, on_wires: bool) -> Self {
        let wires = on_wires.then(Wires::lay);
        let at = |net: u8, host: u8, port: u16| match &wires {
            Some(_) => SocketAddr::from(([10, 78, net, host], port)),
            None => ports::lasting().expect("a free port"),
        };
        let closed = at(2, 9, 7_100);
        let nodes = [0, 1].map(|nth: u8| Node {
            data: folder.join(NODES[usize::from(nth)]),
            host: wires.as_ref().map(|wires| wires.hosts[usize::from(nth)].clone()),
            open: at(1, nth + 1, 7_000),
            feed: at(2, nth + 1, 7_200),
            process: None,
            mode: None,
            read: 0,
        });
        let seller_pin = prepare(folder);
        let data = folder.join("settlement").display().to_string();
        let host = wires.as_ref().map(|wires| &wires.settlement);
        let listen = closed.to_string();
        let args = ["kessai-settlement", "serve", "--data", &data, "--listen", &listen];
        let (settlement, words) = start(host, &args);
        for node in &nodes {
            node.configure(closed, &words[2]);
        }
        // What an operator carries from one machine to the other before the first start.
        copy(&nodes[0].data.join("keys"), &nodes[1].data.join("keys"));
        let shop = ShopFile {
            addresses: nodes.iter().map(|node| node.open).collect(),
            seller_pins: vec![seller_pin],
            issuer_roots: vec![words[3].parse().expect("a pin")],
        };
        let folder = folder.to_owned();
        let mut stage = Self { folder, shop, nodes, in_charge: 0, _settlement: settlement, wires };
        stage.nodes[0].serve();
        stage.follow(1);
        stage
    }

    /// Where the terminals are.
    pub fn shoppers(&self) -> Option<Host> {
        self.wires.as_ref().map(|wires| wires.shoppers.clone())
    }

    /// Where the node is found by terminals that is in charge as far as this stage knows, and its standby.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.nodes[self.in_charge].open, self.nodes[1 - self.in_charge].open]
    }

    /// The folder of the node in charge, and that of the settlement.
    pub fn folders(&self) -> [PathBuf; 2] {
        [self.nodes[self.in_charge].data.clone(), self.folder.join("settlement")]
    }

    /// Does something where terminals are.
    pub fn among_shoppers<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        match &self.wires {
            Some(wires) => wires.shoppers.inside(act).expect("a host"),
            None => act(),
        }
    }

    /// Waits until the node in charge tells nobody anything that its standby has not.
    pub fn until_in_step(&mut self) {
        let node = &mut self.nodes[self.in_charge];
        crate::support::until("a standby that has everything", || {
            let (tenure, at) = Epochs::newest(&node.data, node.read);
            node.read = at;
            node.mode = tenure.map(|tenure| tenure.mode).or(node.mode);
            matches!(node.mode, Some(Mode::Sync { .. }))
        });
    }

    pub fn kill(&mut self) {
        self.nodes[self.in_charge].process.take().expect("a node that runs").kill();
    }

    /// Stops the node in charge where it stands, until the guard is dropped.
    pub fn pause(&self) -> Paused {
        pause(self.nodes[self.in_charge].process.as_ref().expect("a node that runs").pid())
    }

    /// Unplugs the node in charge from everybody, or plugs it in again.
    pub fn plug(&self, node: usize, is_in: bool) {
        let wires = self.wires.as_ref().expect("wires");
        wires.wires.iter().for_each(|wire| wire.plug(NODES[node], is_in).expect("a port"));
    }

    /// Which node is in charge.
    pub fn in_charge(&self) -> usize {
        self.in_charge
    }

    /// The standby was promoted.
    pub fn turns(&mut self) {
        self.in_charge = 1 - self.in_charge;
    }

    /// Waits until a node has found out that its time is over.
    pub fn end_of(&mut self, node: usize, within: Duration) -> Ended {
        let mut process = self.nodes[node].process.take().expect("a node that was left");
        let begun = Instant::now();
        while process.is_running() {
            assert!(begun.elapsed() < within, "a node whose time is over goes on: {}", process.complaints());
            std::thread::sleep(Duration::from_millis(10));
        }
        process.end()
    }

    /// Starts a node as the standby of the other, setting aside what it has that the other has not.
    pub fn follow(&mut self, node: usize) {
        let feed = self.nodes[1 - node].feed.to_string();
        (self.nodes[node].mode, self.nodes[node].read) = (None, 0);
        // What was set aside after earlier rounds would fill a disk in five hundred of them.
        for entry in std::fs::read_dir(&self.nodes[node].data).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("journal.aside-") {
                std::fs::remove_dir_all(entry.path()).expect("a folder that goes away");
            }
        }
        self.nodes[node].follow(&feed);
    }
}

impl Node {
    fn configure(&self, settlement: SocketAddr, pin: &str) {
        let Self { open, feed, .. } = self;
        let text = format!(
            "listen = \"{open}\"\nsettlement = [\"{settlement}\"]\nsettlement_pins = [\"{pin}\"]\n\
             standby_listen = \"{feed}\"\nstandby = \"sync\"\nstandby_gone = \"alone\"\npromote = \"auto\"\n"
        );
        std::fs::create_dir_all(&self.data).expect("a folder");
        std::fs::write(self.data.join("server.toml"), text).expect("a configuration");
    }

    fn serve(&mut self) {
        let data = self.data.display().to_string();
        self.process = Some(start(self.host.as_ref(), &["kessai-server", "serve", "--data", &data]).0);
    }

    fn follow(&mut self, feed: &str) {
        let data = self.data.display().to_string();
        let args = ["kessai-server", "standby", "--of", feed, "--rejoin", "--data", &data];
        self.process = Some(start(self.host.as_ref(), &args).0);
    }
}

impl Wires {
    fn lay() -> Self {
        let lan = Lan::new("fail").expect("a place for networks");
        let host = |name| lan.host(name).expect("a host");
        let (shoppers, hosts, settlement) = (host("shoppers"), NODES.map(host), host("settlement"));
        let [a, b] = [&hosts[0], &hosts[1]];
        let (open_a, open_b) = ((a, Some("10.78.1.1/24")), (b, Some("10.78.1.2/24")));
        let (closed_a, closed_b) = ((a, Some("10.78.2.1/24")), (b, Some("10.78.2.2/24")));
        let open = lan.wire("open", &[open_a, open_b, (&shoppers, Some("10.78.1.8/24"))]);
        let closed = lan.wire("closed", &[closed_a, closed_b, (&settlement, Some("10.78.2.9/24"))]);
        let wires = [open, closed].map(|wire| wire.expect("a wire"));
        Self { shoppers, hosts, settlement, wires, _lan: lan }
    }
}

/// Fills the settlement's folder and that of the first node; the shop's pin.
fn prepare(folder: &Path) -> Pin {
    let file = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("a table");
        folder.join(name).display().to_string()
    };
    let products = format!(
        "sku,name,unit_price_pence,stock\nCOMMON,Common,250,10000000\nSCARCE,Scarce,900,{SCARCE_STOCK}\n"
    );
    let (products, cards) = (file("products.csv", products), file("cards.csv", load::cards()));
    let [seller, settlement] = [NODES[0], "settlement"].map(|name| folder.join(name).display().to_string());
    run(["kessai-settlement", "import-accounts", &cards, "--data", &settlement]).with(0);
    run(["kessai-server", "import-products", &products, "--data", &seller]).with(0);
    let keys = run(["kessai-server", "keys", "--data", &seller]).with(0);
    let pin = keys.split_whitespace().nth(1).expect("a pin").to_owned();
    run(["kessai-settlement", "allow", &pin, "--data", &settlement]).with(0);
    let knock = folder.join(NODES[0]).join("keys/knock.key").display().to_string();
    run(["kessai-settlement", "knock-key", &pin, "--out", &knock, "--data", &settlement]).with(0);
    pin.parse().expect("a pin")
}

/// Starts the program on a host, if there is one; the words of its first line.
fn start(host: Option<&Host>, args: &[&str]) -> (Running, Vec<String>) {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    let mut running = match host {
        Some(host) => host.inside(|| launch(command)).expect("a host"),
        None => launch(command),
    };
    let line = running.first_line().unwrap_or_else(|| panic!("it does not start: {}", running.complaints()));
    (running, line.split_whitespace().map(str::to_owned).collect())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
