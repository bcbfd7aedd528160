//! What a simulated shop is made of: keys, goods and card accounts, put in before the time begins.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kessai_server::sales;
use kessai_settlement::keys::{EpochTerms, Keys};
use kessai_settlement::ledger::{self, Policy, Proposed};
use kessai_settlement::vault::Vault;
use kessai_shared::card::Particulars;
use kessai_shared::identity::Identity;
use kessai_shared::ids::Sku;
use kessai_shared::journal::MemoryDisk;
use kessai_shared::net::knock::KnockKey;
use kessai_shared::net::side::Side;
use kessai_shared::net::{lasting_config, reset_key};
use kessai_shared::pin::Pin;
use kessai_shared::seal::Suite;
use kessai_shared::store::Store;
use kessai_shared::storefront::Line;
use tempfile::TempDir;

use crate::sim_net::SimNet;
use crate::site::{Site, now};
use crate::terminal::{Deed, Notes};

pub const SETTLEMENT: &str = "settlement";
pub const SELLER: &str = "seller";
const SETTLEMENT_PORT: u16 = 7100;
const SELLER_PORT: u16 = 7000;
/// The prices, in pence, and the stock of the products `P0`, `P1` and so on. The last is scarce.
const GOODS: [(i64, u64); 4] = [(450, 400), (1_250, 300), (99, 500), (2_000, 6)];

/// Sealing keys that change many times while a simulation lasts.
const EPOCHS: EpochTerms = EpochTerms { epoch_seconds: 40, overlap_seconds: 80 };

/// What differs from one simulation to the next, besides what happens in it.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub seed: u64,
    /// Of 256 datagrams, how many are lost and how many arrive twice.
    pub loss: u8,
    pub twice: u8,
    pub ship_after: u64,
    pub hold_seconds: u64,
}

impl Terms {
    /// A quiet network and an unhurried shop.
    pub fn quiet(seed: u64) -> Self {
        Self { seed, loss: 0, twice: 0, ship_after: 3, hold_seconds: 7 * 24 * 3_600 }
    }
}

/// What a terminal's card is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    Good,
    /// Enough for a few small purchases.
    Small,
    Expired,
    /// Good, but with another birth date than the bank knows.
    Wrong,
    /// The card of [`Card::Wrong`] with the right one.
    Right,
    /// One account that all terminals use.
    Shared,
}

pub struct World {
    pub terms: Terms,
    pub settlement: Arc<Site>,
    pub seller: Arc<Site>,
    pub seller_pin: Pin,
    pub root: Pin,
    pub settlement_pin: Pin,
    pub plans: Vec<Vec<Deed>>,
    pub notes: Vec<Arc<Mutex<Notes>>>,
    /// How many terminals wait for the outcome of a purchase right now.
    pub paying: AtomicUsize,
    /// Set once nothing goes wrong any more.
    pub healed: AtomicBool,
    /// Set once all is over, so that the terminals ask for every outcome once more.
    pub calm: AtomicBool,
    nets: AtomicUsize,
    folder: TempDir,
}

impl World {
    pub fn new(terms: Terms, plans: Vec<Vec<Deed>>) -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (closed, open) = (folder.path().join(SETTLEMENT), folder.path().join(SELLER));
        std::fs::create_dir_all(closed.join("keys")).unwrap();
        std::fs::create_dir_all(open.join("keys")).unwrap();
        let seller_key = Identity::load_or_create(open.join("keys/seller.key")).unwrap();
        std::fs::write(closed.join("sellers.txt"), format!("{}\n", seller_key.pin())).unwrap();
        let plan = (Suite::X25519, EPOCHS);
        let keys = Keys::load_or_create(&closed.join("keys"), &closed.join("journal"), plan, now()).unwrap();
        let knock_key = KnockKey::of_seller(&keys.identity, &seller_key.pin());
        knock_key.write(&open.join("keys/knock.key")).unwrap();
        let accounts_disk = open_accounts(&closed, plans.len());
        let goods_disk = stock_goods(&open);
        let notes = plans.iter().map(|_| Arc::default()).collect();
        Arc::new(Self {
            terms,
            settlement: Site::new(SETTLEMENT, closed, accounts_disk),
            seller: Site::new(SELLER, open, goods_disk),
            seller_pin: seller_key.pin(),
            root: keys.root,
            settlement_pin: keys.identity.pin(),
            plans,
            notes,
            paying: AtomicUsize::new(0),
            healed: AtomicBool::new(false),
            calm: AtomicBool::new(false),
            nets: AtomicUsize::new(0),
            folder,
        })
    }

    pub fn site(&self, name: &str) -> &Arc<Site> {
        if name == SELLER { &self.seller } else { &self.settlement }
    }

    /// A net of its own for each start of each host, so that each has its own dice.
    pub fn net(&self) -> SimNet {
        let nth = self.nets.fetch_add(1, Ordering::Relaxed) as u64;
        let Terms { seed, loss, twice, .. } = self.terms;
        SimNet::losing(seed.wrapping_mul(0x9e37_79b9) ^ (nth << 40 | 0x5eed), loss).doubling(twice)
    }

    pub fn seller_net(&self) -> SimNet {
        self.net().with_config(lasting_config(Arc::new(reset_key(&self.seller_key()))))
    }

    pub fn seller_key(&self) -> Identity {
        Identity::load_or_create(self.seller.data.join("keys/seller.key")).unwrap()
    }

    pub fn home(&self, terminal: usize) -> PathBuf {
        self.folder.path().join(format!("terminal-{terminal}"))
    }

    pub fn settlement_settings(&self) -> kessai_settlement::settings::Settings {
        let data = self.settlement.data.clone();
        let policy = Policy {
            hold_seconds: self.terms.hold_seconds,
            // A simulation is over long before the grace of a real shop is.
            hold_grace_seconds: 0,
            ..Policy::default()
        };
        kessai_settlement::settings::Settings {
            closed: Side::at(any(SETTLEMENT_PORT)),
            operator_listen: None,
            sellers: data.join("sellers.txt"),
            keys: data.join("keys"),
            suite: Suite::X25519,
            epochs: EPOCHS,
            clearing: ledger::ClearingTerms::default(),
            terms: ledger::Terms::default(),
            backup: None,
            keep: kessai_shared::store::Keep::ALL,
            metrics: None,
            alarms: kessai_shared::alarm::Settings::default(),
            log: kessai_shared::console::LogFormat::Text,
            traces: None,
            promote_after: kessai_settlement::clerk::fence::PROMOTE_AFTER,
            standby_of: None,
            standby_listen: None,
            policy: Some(Proposed { version: None, policy }),
            data,
        }
    }

    pub fn seller_settings(&self) -> kessai_server::settings::Settings {
        let data = self.seller.data.clone();
        kessai_server::settings::Settings {
            shop: "Kessai".to_owned(),
            listen: any(SELLER_PORT),
            open_interface: None,
            operator_listen: None,
            closed: Side::at(any(0)),
            knock_key: data.join("keys/knock.key"),
            limits: kessai_server::settings::usual_limits(),
            nodes: kessai_server::settings::Nodes::default(),
            keep: kessai_shared::store::Keep::ALL,
            metrics: None,
            running_out: kessai_server::stocks::FEW,
            alarms: kessai_shared::alarm::Settings::default(),
            log: kessai_shared::console::LogFormat::Text,
            traces: None,
            settlement: vec![self.settlement_address()],
            settlement_pins: vec![self.settlement_pin],
            quote_valid: Duration::from_secs(15 * 60),
            terms: kessai_server::sales::Terms {
                ship_after: Some(self.terms.ship_after),
                ship_within: 6 * 24 * 3_600,
                deliver_after: 7 * 24 * 3_600,
                recovered_for: 24 * 3_600,
            },
            backup: None,
            data,
        }
    }

    pub fn settlement_address(&self) -> SocketAddr {
        SocketAddr::new(turmoil::lookup(SETTLEMENT), SETTLEMENT_PORT)
    }

    pub fn shop_address(&self) -> SocketAddr {
        SocketAddr::new(turmoil::lookup(SELLER), SELLER_PORT)
    }
}

/// A card of a terminal as its holder gives it.
pub fn particulars(terminal: usize, card: Card) -> Particulars {
    let (holder, expiry) = match card {
        Card::Shared => (0, "2031-09"),
        Card::Expired => (holder(terminal, card), "2024-01"),
        Card::Good | Card::Small | Card::Wrong | Card::Right => (holder(terminal, card), "2031-09"),
    };
    let birth_date = if card == Card::Wrong { "1988-04-13" } else { "1988-04-12" };
    Particulars {
        number: number(holder).parse().unwrap(),
        name: format!("HOLDER {holder}").parse().unwrap(),
        birth_date: birth_date.parse().unwrap(),
        expiry: expiry.parse().unwrap(),
    }
}

pub fn line(product: usize, quantity: u32) -> Line {
    Line { sku: Sku::new(&format!("P{product}")).unwrap(), quantity }
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)
}

fn holder(terminal: usize, card: Card) -> usize {
    let kind = match card {
        Card::Shared => return 0,
        Card::Good => 1,
        Card::Small => 2,
        Card::Expired => 3,
        Card::Wrong | Card::Right => 4,
    };
    terminal * 10 + 10 + kind
}

/// A number of a range that no issuer has, with its check digit.
fn number(holder: usize) -> String {
    let body = format!("999999100000{holder:03}");
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = body.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits.enumerate().map(|(at, d)| if at % 2 == 0 { doubled(d) } else { d }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn open_accounts(data: &Path, terminals: usize) -> MemoryDisk {
    let mut table =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n".to_owned();
    let mut account = |holder: usize, expiry: &str, limit: u32, balance: u32| {
        let number = number(holder);
        writeln!(table, "{number},HOLDER {holder},1988-04-12,{expiry},{limit},{balance},0,0;0").unwrap();
    };
    account(0, "2031-09", 9_000, 1_000);
    for terminal in 0..terminals {
        account(holder(terminal, Card::Good), "2031-09", 500_000, 12_000);
        account(holder(terminal, Card::Small), "2031-09", 4_000, 700);
        account(holder(terminal, Card::Expired), "2024-01", 500_000, 0);
        account(holder(terminal, Card::Wrong), "2031-09", 500_000, 0);
    }
    let file = data.join("accounts.csv");
    std::fs::write(&file, table).unwrap();
    let vault = Vault::load_or_create(&data.join("keys/vault.key"), &data.join("journal")).unwrap();
    let accounts = kessai_settlement::import::accounts(&file, &vault).unwrap().rows;
    let changes = accounts
        .into_iter()
        .map(|stated| ledger::acts::open(stated.account, kessai_shared::pin::Pin([0; 32])));
    begin::<ledger::Books>(data, kessai_settlement::settings::JOURNAL, changes)
}

fn stock_goods(data: &Path) -> MemoryDisk {
    let changes = GOODS.iter().enumerate().map(|(at, (price, stock))| sales::Change::Stocked {
        sku: line(at, 1).sku,
        name: format!("Product {at}"),
        category: "Goods".to_owned(),
        unit_price: kessai_shared::money::Minor(*price),
        received: *stock,
    });
    begin::<sales::Books>(data, kessai_server::settings::JOURNAL, changes)
}

fn begin<B: kessai_shared::store::Books>(
    data: &Path,
    kind: kessai_shared::journal::Kind,
    changes: impl Iterator<Item = B::Change>,
) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let shelf = data.join("shelf");
    let (mut store, _) = Store::<B>::open_on(Box::new(disk.clone()), &shelf, kind).unwrap();
    store.begin(now());
    for change in changes {
        store.change(&change).unwrap();
    }
    store.commit().unwrap();
    store.close().unwrap();
    disk
}
