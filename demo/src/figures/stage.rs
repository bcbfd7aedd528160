//! One system on a stage of its own: a host for each party, the wires between them, a tap on each wire, and
//! a stranger on every network that there is one on.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;
use kessai_shared::pin::Pin;
use kessai_tui_client::shop_file::ShopFile;

use super::cards::{PRICE, Planted, SKU, Tables};
use super::conventional::wire::Whom;
use super::conventional::{seller, settlement};
use super::part::{self, Part};
use super::process::Party;
use super::shopper::{At, Bought, Plan};
use super::system::System;
use super::tap::Tap;
use crate::lan::{Host, Lan, Wire};
use crate::role::Role;

/// The parties, as hosts are called.
pub const TERMINAL: &str = "terminal";
pub const SELLER: &str = "seller";
pub const SETTLEMENT: &str = "settlement";
/// Whoever is on the open network, and whoever has got onto the closed one.
pub const STRANGER: &str = "stranger";
pub const INTRUDER: &str = "intruder";

/// The wires.
pub const OPEN: &str = "open";
const CLOSED: &str = "closed";
const LINE: &str = "line";

const SETTLEMENT_PORT: u16 = 7100;
const SELLER_PORT: u16 = 7000;
const TERMINAL_AT: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 3);
const SELLER_AT: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 2);
const STRANGER_AT: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 66);
/// The settlement of a conventional system.
const SETTLEMENT_OPEN: Ipv4Addr = Ipv4Addr::new(10, 66, 0, 1);
const SETTLEMENT_CLOSED: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const SELLER_CLOSED: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const INTRUDER_AT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 66);

/// A system that is open for business.
pub struct Stage {
    pub system: System,
    pub shopper: Party,
    pub seller: Party,
    pub settlement: Party,
    pub tap: Tap,
    pub wires: Vec<Wire>,
    pub stranger: Host,
    pub intruder: Option<Host>,
    pub folder: PathBuf,
    /// Where the seller is on the open network, and its key.
    pub shop: Whom,
    /// Where the settlement is, or would be if its line had addresses, and its key.
    pub bank: Whom,
    /// The hosts and wires; last, so that all else is gone before them.
    _lan: Lan,
}

/// The hosts of the parties themselves.
struct Hosts {
    terminal: Host,
    seller: Host,
    settlement: Host,
}

impl Stage {
    /// Lays the wires and opens the shop.
    ///
    /// # Errors
    /// [`Failure`] when there can be no namespaces or a party does not start.
    pub fn open(system: System, folder: &Path, tables: &Tables) -> Result<Self, Failure> {
        let lan = Lan::new(&format!("figures-{}", system.slug()))?;
        let stranger = lan.host(STRANGER)?;
        let intruder = (system == System::Closed).then(|| lan.host(INTRUDER)).transpose()?;
        let [terminal, seller, settlement] = [TERMINAL, SELLER, SETTLEMENT].map(|name| lan.host(name));
        let hosts = Hosts { terminal: terminal?, seller: seller?, settlement: settlement? };
        // The kernel says "nobody is here" a few times a second at most, and then two scans of the same port
        // differ (icmp(7)).
        hosts.settlement.sysctl("net/ipv4/icmp_ratelimit", "0")?;
        let wires = lay(system, &lan, &hosts, (&stranger, intruder.as_ref()))?;
        let tap = Tap::on(&wires.iter().collect::<Vec<_>>())?;
        let opened = match system {
            System::Closed | System::Line => open_product(system, folder, tables, &hosts)?,
            System::SellerAsks(_) | System::TerminalAsks(_) => {
                open_conventional(system, folder, tables, &hosts)?
            }
        };
        let Opened { settlement, seller, bank, shop, at } = opened;
        let plan = Plan { data: folder.join(TERMINAL), cards: tables.cards.clone(), at };
        let command = Part::Shopper(plan).command()?;
        let shopper = Party::start(TERMINAL, &hosts.terminal, command, &part::log(folder, TERMINAL))?;
        let folder = folder.to_owned();
        let (wires, _lan) = (wires, lan);
        Ok(Self {
            system,
            shopper,
            seller,
            settlement,
            tap,
            wires,
            stranger,
            intruder,
            folder,
            shop,
            bank,
            _lan,
        })
    }

    /// Buys a piece with the card of this number in the table.
    ///
    /// # Errors
    /// [`Failure`] when the shopper is gone.
    pub fn buy(&mut self, nth: usize) -> Result<Bought, Failure> {
        self.shopper.tell(&nth.to_string())?;
        self.bought()
    }

    /// How the purchase that was begun has ended.
    ///
    /// # Errors
    /// As [`Stage::buy`].
    pub fn bought(&mut self) -> Result<Bought, Failure> {
        Ok(serde_json::from_str(&self.shopper.answer()?)?)
    }

    /// The data folder of a party.
    pub fn data(&self, party: &str) -> PathBuf {
        self.folder.join(party)
    }

    /// Where a stranger stands who has a way to the settlement, or the best that there is.
    pub fn nearest(&self) -> &Host {
        self.intruder.as_ref().unwrap_or(&self.stranger)
    }

    /// The wire of this name.
    pub fn wire(&self, name: &str) -> Option<&Wire> {
        self.wires.iter().find(|wire| wire.name == name)
    }

    /// The settlement's address; a line has none, and then it is one that it might have.
    pub fn bank_v4(&self) -> SocketAddrV4 {
        v4(self.bank.address)
    }

    /// Whether the books of the settlement, and of the seller where they are the product's, are sound.
    ///
    /// # Errors
    /// [`Failure`] with what is wrong with them.
    pub fn check_books(&self) -> Result<(), Failure> {
        let report = kessai_settlement::verify::verify(&self.data(SETTLEMENT)).map_err(Failure::failed)?;
        let mut problems = report.problems;
        if self.system.is_designed() {
            problems
                .extend(kessai_server::verify::verify(&self.data(SELLER)).map_err(Failure::failed)?.problems);
        }
        match problems.first() {
            None => Ok(()),
            Some(problem) => Err(Failure::failed(format!("{}: the books: {problem}", self.system))),
        }
    }

    /// Stops everything: the seller before the settlement, because it still has things to say.
    pub fn close(self) {
        self.shopper.stop();
        self.seller.stop();
        self.settlement.stop();
    }
}

/// What has been opened, before anybody shops.
struct Opened {
    settlement: Party,
    seller: Party,
    bank: Whom,
    shop: Whom,
    at: At,
}

fn lay(
    system: System,
    lan: &Lan,
    hosts: &Hosts,
    (stranger, intruder): (&Host, Option<&Host>),
) -> Result<Vec<Wire>, Failure> {
    let at = |address: Ipv4Addr| format!("{address}/24");
    let (terminal, seller, strange) = (at(TERMINAL_AT), at(SELLER_AT), at(STRANGER_AT));
    let mut open: Vec<(&Host, Option<&str>)> =
        vec![(&hosts.terminal, Some(&terminal)), (&hosts.seller, Some(&seller)), (stranger, Some(&strange))];
    let (bank, near, inside) = (at(SETTLEMENT_CLOSED), at(SELLER_CLOSED), at(INTRUDER_AT));
    let bank_open = at(SETTLEMENT_OPEN);
    Ok(match system {
        System::Closed => {
            let mut ends = vec![(&hosts.seller, Some(&*near)), (&hosts.settlement, Some(&*bank))];
            ends.extend(intruder.map(|intruder| (intruder, Some(&*inside))));
            vec![lan.wire(OPEN, &open)?, lan.wire(CLOSED, &ends)?]
        }
        System::Line => {
            let ends = [(&hosts.seller, None), (&hosts.settlement, None)];
            vec![lan.wire(OPEN, &open)?, lan.wire(LINE, &ends)?]
        }
        System::SellerAsks(_) | System::TerminalAsks(_) => {
            open.push((&hosts.settlement, Some(&bank_open)));
            vec![lan.wire(OPEN, &open)?]
        }
    })
}

fn open_product(system: System, folder: &Path, tables: &Tables, hosts: &Hosts) -> Result<Opened, Failure> {
    let (bank_data, shop_data) = (folder.join(SETTLEMENT), folder.join(SELLER));
    let file = |path: &Path| path.display().to_string();
    part::ask(Role::Settlement, &["import-accounts", &file(&tables.accounts)], &bank_data)?;
    part::ask(Role::Seller, &["import-products", &file(&tables.products)], &shop_data)?;
    let keys = part::ask(Role::Seller, &["keys"], &shop_data)?;
    let pin = keys.split_whitespace().nth(1).unwrap_or_default().to_owned();
    part::ask(Role::Settlement, &["allow", &pin], &bank_data)?;
    let knock_key = file(&shop_data.join("keys").join("knock.key"));
    part::ask(Role::Settlement, &["knock-key", &pin, "--out", &knock_key], &bank_data)?;
    let bank_at = SocketAddrV4::new(SETTLEMENT_CLOSED, SETTLEMENT_PORT);
    let (bank_link, shop_link) = match system {
        System::Line => {
            let link = format!("link = \"ethernet-line\"\nlink_interface = \"{LINE}\"\n");
            (link.clone(), link)
        }
        System::Closed | System::SellerAsks(_) | System::TerminalAsks(_) => (
            format!(
                "listen = \"{bank_at}\"\nlink_interface = \"{CLOSED}\"\nlink_peers = [\"{SELLER_CLOSED}:0\"]\n"
            ),
            format!(
                "closed_bind = \"{SELLER_CLOSED}:0\"\nsettlement = \"{bank_at}\"\nlink_interface = \"{CLOSED}\"\nopen_interface = \"{OPEN}\"\n"
            ),
        ),
    };
    std::fs::write(bank_data.join("settlement.toml"), bank_link)?;
    let serve = |role: Role, data: &Path| -> Result<_, Failure> {
        let mut command = part::itself(role)?;
        command.args(["serve", "--with-parent", "--data"]).arg(data);
        Ok(command)
    };
    let settlement = Party::start(
        SETTLEMENT,
        &hosts.settlement,
        serve(Role::Settlement, &bank_data)?,
        &part::log(folder, SETTLEMENT),
    )?;
    let (bank_pin, root): (Pin, Pin) = (settlement.word(2)?, settlement.word(3)?);
    let listen = SocketAddr::from((SELLER_AT, SELLER_PORT));
    let text = format!("listen = \"{listen}\"\nsettlement_pins = [\"{bank_pin}\"]\n{shop_link}");
    std::fs::write(shop_data.join("server.toml"), text)?;
    let command = serve(Role::Seller, &shop_data)?;
    let seller = Party::start(SELLER, &hosts.seller, command, &part::log(folder, SELLER))?;
    let shop = Whom { address: listen, pin: seller.word(2)? };
    let shop_file =
        ShopFile { addresses: vec![shop.address], seller_pins: vec![shop.pin], issuer_roots: vec![root] };
    let path = folder.join("shop.toml");
    std::fs::write(&path, shop_file.text())?;
    let bank = Whom { address: bank_at.into(), pin: bank_pin };
    Ok(Opened { settlement, seller, bank, shop, at: At::Product(path) })
}

fn open_conventional(
    system: System,
    folder: &Path,
    tables: &Tables,
    hosts: &Hosts,
) -> Result<Opened, Failure> {
    let Some(dress) = system.dress() else {
        return Err(Failure::failed("the design's own systems are opened otherwise"));
    };
    let (bank_data, shop_data) = (folder.join(SETTLEMENT), folder.join(SELLER));
    let accounts = tables.accounts.display().to_string();
    part::ask(Role::Settlement, &["import-accounts", &accounts], &bank_data)?;
    let asks = matches!(system, System::SellerAsks(_));
    let merchant = seller::identity(&shop_data)?.pin();
    // A terminal is anybody, so a settlement that terminals ask has to answer everybody.
    let merchants = if asks { vec![merchant] } else { Vec::new() };
    let listen = SocketAddr::from((SETTLEMENT_OPEN, SETTLEMENT_PORT));
    let plan = Part::Settlement(settlement::Plan { data: bank_data, listen, dress, merchants });
    let log = |who| part::log(folder, who);
    let settlement = Party::start(SETTLEMENT, &hosts.settlement, plan.command()?, &log(SETTLEMENT))?;
    let bank = Whom { address: listen, pin: settlement.word(2)? };
    let listen = SocketAddr::from((SELLER_AT, SELLER_PORT));
    let plan = Part::Seller(seller::Plan {
        data: shop_data,
        listen,
        dress,
        sku: SKU.to_owned(),
        price: PRICE,
        settlement: asks.then_some(bank),
    });
    let seller = Party::start(SELLER, &hosts.seller, plan.command()?, &log(SELLER))?;
    let shop = Whom { address: listen, pin: seller.word(2)? };
    let at = if asks {
        At::Seller(dress, shop)
    } else {
        At::Both { dress, seller: shop, settlement: bank, merchant }
    };
    Ok(Opened { settlement, seller, bank, shop, at })
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, address.port()),
    }
}

/// How a purchase with a planted card has to end, or why it did not.
///
/// # Errors
/// [`Failure`] with what was told instead.
pub fn as_planted(card: &Planted, bought: &Bought) -> Result<(), Failure> {
    let expected = (card.fate.code(), card.fate == super::cards::Fate::Approved);
    if (bought.code.as_str(), bought.goods) == expected {
        return Ok(());
    }
    let Bought { code, goods, .. } = bought;
    let line = format!("a purchase ended with {code} (goods: {goods}), and should have with {expected:?}");
    Err(Failure::failed(line))
}
