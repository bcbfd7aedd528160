//! Seller and settlement as processes on hosts of their own, with two bad wires between them.

use std::path::{Path, PathBuf};
use std::process::Command;

use kessai_demo::lan::{Carrier, Faults, Host, Lan};
use kessai_shared::pin::Pin;
use kessai_tui_client::shop_file::ShopFile;

use crate::load;
use crate::support::command::{PROGRAM, Running, launch, run};

/// Pieces of the scarce product: fewer than are wanted.
pub const SCARCE_STOCK: u64 = 40;
/// Where the settlement is on each wire.
const SETTLEMENT: [&str; 2] = ["10.77.1.2:7100", "10.77.2.2:7100"];

pub struct Stage {
    pub folder: PathBuf,
    pub shop: ShopFile,
    pub seller_host: Host,
    settlement_host: Host,
    settlement: Option<Running>,
    carriers: Vec<Carrier>,
    // Fields are dropped in this order: whoever is on a host before the host.
    _seller: Running,
    _lan: Lan,
}

impl Stage {
    pub fn open(folder: &Path) -> Self {
        let lan = Lan::new("link").expect("a place for networks");
        let [seller_host, settlement_host] =
            ["seller", "settlement"].map(|name| lan.host(name).expect("a host"));
        let carriers = [("one", 1), ("two", 2)].map(|(name, net)| {
            let (here, there) = (format!("10.77.{net}.1/24"), format!("10.77.{net}.2/24"));
            let ends = [(&seller_host, Some(here.as_str())), (&settlement_host, Some(there.as_str()))];
            let wire = lan.open_wire(name, &ends).expect("a wire");
            Carrier::start(&wire, net).expect("a carrier")
        });
        let seller_pin = prepare(folder);
        let (settlement, words) = start_settlement(folder, &settlement_host);
        let (settlement_pin, root) = (words[2].clone(), words[3].parse::<Pin>().expect("a pin"));
        let data = folder.join("seller").display().to_string();
        let mut args = vec!["kessai-server", "serve", "--data", &data, "--settlement-pin", &settlement_pin];
        SETTLEMENT.iter().for_each(|address| args.extend(["--settlement", address]));
        let (seller, words) = start(&seller_host, &args);
        let shop = ShopFile {
            addresses: vec![words[1].parse().expect("an address")],
            seller_pins: vec![seller_pin],
            issuer_roots: vec![root],
        };
        Self {
            folder: folder.to_owned(),
            shop,
            seller_host,
            settlement_host,
            settlement: Some(settlement),
            carriers: carriers.into(),
            _seller: seller,
            _lan: lan,
        }
    }

    /// What happens to both wires from now on.
    pub fn suffer(&self, faults: Faults) {
        self.carriers.iter().for_each(|carrier| carrier.suffer(faults));
    }

    pub fn suffer_on(&self, wire: usize, faults: Faults) {
        self.carriers[wire].suffer(faults);
    }

    pub fn kill_settlement(&mut self) {
        self.settlement.take().expect("a settlement that runs").kill();
    }

    pub fn start_settlement(&mut self) {
        self.settlement = Some(start_settlement(&self.folder, &self.settlement_host).0);
    }

    /// How the link is, as the seller tells its operators, with the exit code of that.
    pub fn link(&self) -> (Option<i32>, serde_json::Value) {
        let data = self.folder.join("seller").display().to_string();
        let ask = || run(["kessai-server", "link", "--json", "--data", &data]);
        let link = self.seller_host.inside(ask).expect("a host");
        (link.code, serde_json::from_str(&link.out).expect("JSON"))
    }

    /// On which wire the seller speaks with the settlement, as it tells its operators; none while the link
    /// is not up.
    pub fn wire_in_use(&self) -> Option<usize> {
        let (code, said) = self.link();
        assert_eq!(said["kind"], "closed-network", "{said}");
        if (code, &said["state"]) != (Some(0), &"up".into()) {
            return None;
        }
        let wire = SETTLEMENT.iter().position(|address| said["address"] == *address);
        Some(wire.expect("one of the two"))
    }
}

/// Fills both folders; the seller's pin.
fn prepare(folder: &Path) -> Pin {
    let file = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("a table");
        folder.join(name).display().to_string()
    };
    let products = format!(
        "sku,name,unit_price_pence,stock\nCOMMON,Common,250,1000000\nSCARCE,Scarce,900,{SCARCE_STOCK}\n"
    );
    let (products, cards) = (file("products.csv", products), file("cards.csv", load::cards()));
    let [seller, settlement] = ["seller", "settlement"].map(|name| folder.join(name).display().to_string());
    run(["kessai-settlement", "import-accounts", &cards, "--data", &settlement]).with(0);
    run(["kessai-server", "import-products", &products, "--data", &seller]).with(0);
    let keys = run(["kessai-server", "keys", "--data", &seller]).with(0);
    let pin = keys.split_whitespace().nth(1).expect("a pin").to_owned();
    run(["kessai-settlement", "allow", &pin, "--data", &settlement]).with(0);
    let knock = folder.join("seller/keys/knock.key").display().to_string();
    run(["kessai-settlement", "knock-key", &pin, "--out", &knock, "--data", &settlement]).with(0);
    pin.parse().expect("a pin")
}

fn start_settlement(folder: &Path, host: &Host) -> (Running, Vec<String>) {
    let data = folder.join("settlement").display().to_string();
    start(host, &["kessai-settlement", "serve", "--data", &data, "--listen", "0.0.0.0:7100"])
}

/// Starts the program on a host; the words of its first line.
fn start(host: &Host, args: &[&str]) -> (Running, Vec<String>) {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    let mut running = host.inside(|| launch(command)).expect("a host");
    let line = running.first_line().unwrap_or_else(|| panic!("it does not start: {}", running.complaints()));
    (running, line.split_whitespace().map(str::to_owned).collect())
}
