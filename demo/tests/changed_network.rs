//! The shopper's machine moves to another address in the middle of a payment, as one does that is carried
//! from one network to another: the order is accepted once, and the connection stays the same.

mod support;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kessai_demo::lan::{self, Host, Lan, Wire};
use kessai_shared::ids::Sku;
use kessai_shared::net::knock::Gate;
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Ending, Leg, Shop};
use kessai_tui_client::shop_file::ShopFile;
use support::command::{PROGRAM, Running, launch, run};

const CARD: &str = "9999993000000018";
/// How long the shopper's machine is without any network.
const AWAY: Duration = Duration::from_secs(2);

#[test]
fn a_payment_survives_another_address_on_the_same_connection() {
    payment_through("move", |shopper| {
        // In this order: with the first address of a network the system takes its others away, too.
        ip(shopper, &["address", "del", "10.78.1.2/24", "dev", "shop"]);
        ip(shopper, &["address", "add", "10.78.1.3/24", "dev", "shop"]);
    });
}

#[test]
fn a_payment_survives_an_interface_that_goes_away_and_comes_back_as_another() {
    payment_through("away", |shopper| {
        ip(shopper, &["address", "del", "10.78.1.2/24", "dev", "shop"]);
        ip(shopper, &["link", "set", "shop", "down"]);
        std::thread::sleep(AWAY);
        ip(shopper, &["link", "set", "shop", "up"]);
        ip(shopper, &["address", "add", "10.78.1.4/24", "dev", "shop"]);
    });
}

/// Pays, does something to the shopper's network while the order is pending, and looks at what came of it.
fn payment_through(tag: &str, befall: impl FnOnce(&Host)) {
    if let Err(why) = lan::may() {
        println!("SKIPPED: a payment through a changed network: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::open(folder.path(), tag);
    let legs = Arc::new(Mutex::new(Vec::new()));
    let net = Counted::default();
    // Nothing of this order gets to the settlement before the network has changed.
    stage.link.plug("settlement", false).expect("unplugged");
    let ending = std::thread::scope(|scope| {
        let paying = scope.spawn(|| {
            let pay = pay(&stage.shop, folder.path(), net.clone(), Arc::clone(&legs));
            stage.shopper.inside(|| runtime().block_on(pay)).expect("a host")
        });
        let held = |leg: &Leg| matches!(leg, Leg::Held { .. });
        support::until("an order that the shop has", || legs.lock().unwrap().iter().any(held));
        befall(&stage.shopper);
        stage.link.plug("settlement", true).expect("plugged in");
        paying.join().expect("a payment")
    });
    assert!(matches!(ending, Ending::Accepted { .. }), "{ending:?}");
    let legs = legs.lock().unwrap();
    assert_eq!(legs.first(), Some(&Leg::Sent));
    assert_eq!(legs.last(), Some(&Leg::Verified));
    assert_eq!(net.handshakes(), 1, "another connection was made: {legs:?}");
    let books = support::books::verify(folder.path());
    assert_eq!(books.owed("exposure_pence"), 250, "charged once");
}

struct Stage {
    shop: ShopFile,
    shopper: Host,
    /// Between seller and settlement.
    link: Wire,
    // Fields are dropped in this order: whoever is on a host before the host.
    _daemons: [Running; 2],
    _lan: Lan,
}

impl Stage {
    fn open(folder: &Path, tag: &str) -> Self {
        let lan = Lan::new(tag).expect("a place for networks");
        let [shopper, seller, settlement] =
            ["shopper", "seller", "settlement"].map(|name| lan.host(name).expect("a host"));
        let shop = [(&shopper, Some("10.78.1.2/24")), (&seller, Some("10.78.1.1/24"))];
        lan.wire("shop", &shop).expect("a wire");
        let link = [(&seller, Some("10.78.2.1/24")), (&settlement, Some("10.78.2.2/24"))];
        let link = lan.wire("link", &link).expect("a wire");
        let seller_pin = prepare(folder);
        let data = |name: &str| folder.join(name).display().to_string();
        let serve =
            ["kessai-settlement", "serve", "--data", &data("settlement"), "--listen", "10.78.2.2:7100"];
        let (decides, words) = start(&settlement, &serve);
        let (pin, root) = (words[2].clone(), words[3].parse::<Pin>().expect("a pin"));
        let serve = [
            "kessai-server",
            "serve",
            "--data",
            &data("seller"),
            "--settlement",
            "10.78.2.2:7100",
            "--settlement-pin",
            &pin,
            "--listen",
            "10.78.1.1:7000",
        ];
        let (sells, words) = start(&seller, &serve);
        let shop = ShopFile {
            addresses: vec![words[1].parse().expect("an address")],
            seller_pins: vec![seller_pin],
            issuer_roots: vec![root],
        };
        Self { shop, shopper, link, _daemons: [sells, decides], _lan: lan }
    }
}

async fn pay(file: &ShopFile, folder: &Path, net: Counted, legs: Arc<Mutex<Vec<Leg>>>) -> Ending {
    let clock = Arc::new(Timestamp::from_system_clock);
    let shop = Shop::new(file.clone(), Home::new(folder.join("terminal")), &net, clock).expect("a shop");
    let order = shop.open_checkout().expect("an order id");
    let lines = [Line { sku: Sku::new("COMMON").expect("a SKU"), quantity: 1 }];
    let quote = shop.quote(order, &lines).await.expect("a quote");
    let card = kessai_shared::card::Particulars {
        number: CARD.parse().expect("a number"),
        name: "HOLDER".parse().expect("a name"),
        birth_date: "1980-01-02".parse().expect("a day"),
        expiry: "2090-06".parse().expect("a month"),
    };
    let tell = move |leg| legs.lock().unwrap().push(leg);
    let ending = shop.pay_telling(&quote, &card.into(), &tell).await.expect("an ending");
    shop.leave().await;
    ending
}

/// Fills both folders; the seller's pin.
fn prepare(folder: &Path) -> Pin {
    let file = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("a table");
        folder.join(name).display().to_string()
    };
    let products = file("products.csv", "sku,name,unit_price_pence,stock\nCOMMON,Common,250,100\n");
    let heads = "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history";
    let cards = file("cards.csv", &format!("{heads}\n{CARD},HOLDER,1980-01-02,2090-06,900000,0,0,0;0\n"));
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

/// Starts the program on a host; the words of its first line.
fn start(host: &Host, args: &[&str]) -> (Running, Vec<String>) {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    let mut running = host.inside(|| launch(command)).expect("a host");
    let line = running.first_line().unwrap_or_else(|| panic!("it does not start: {}", running.complaints()));
    (running, line.split_whitespace().map(str::to_owned).collect())
}

fn ip(host: &Host, args: &[&str]) {
    let done = Command::new("ip").args(["-n", host.namespace()]).args(args).status();
    assert!(done.expect("ip is there").success(), "ip {args:?}");
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(1).enable_all().build().expect("a runtime")
}

/// The real network, and how many handshakes were begun on it.
#[derive(Clone, Default)]
struct Counted {
    net: RealNet,
    endpoints: Arc<Mutex<Vec<quinn::Endpoint>>>,
}

impl Counted {
    fn handshakes(&self) -> u64 {
        self.endpoints.lock().unwrap().iter().map(|endpoint| endpoint.stats().outgoing_handshakes).sum()
    }
}

impl Net for Counted {
    fn endpoint(&self, addr: SocketAddr, server: Option<quinn::ServerConfig>) -> io::Result<quinn::Endpoint> {
        let endpoint = self.net.endpoint(addr, server)?;
        self.endpoints.lock().unwrap().push(endpoint.clone());
        Ok(endpoint)
    }

    fn closed(
        &self,
        side: &Side,
        gate: &Gate,
        server: Option<quinn::ServerConfig>,
    ) -> io::Result<quinn::Endpoint> {
        self.net.closed(side, gate, server)
    }
}
