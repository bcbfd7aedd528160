//! The seller's configuration: `server.toml` in its data folder.

mod nodes;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::alarm;
use kessai_shared::backup::schedule::Plan;
use kessai_shared::config::{Config, ConfigError};
use kessai_shared::console::LogFormat;
use kessai_shared::credentials;
use kessai_shared::exchange::{Limits, MAX_ADDRESSES, Strangers};
use kessai_shared::folder::FolderKind;
use kessai_shared::journal::Kind;
use kessai_shared::measure::scrape;
use kessai_shared::net::side::{Bind, End, GivenLink, Interface, SETTLEMENT_END, Side};
use kessai_shared::pin::Pin;
use kessai_shared::store::Keep;
use kessai_shared::trace;

use crate::sales::Terms;
use crate::stocks::FEW;

pub use nodes::{Gone, Nodes, Wait};

/// What a data folder of the seller says it is.
pub const FOLDER: FolderKind = kessai_shared::operator::seller::DAEMON.folder;
/// What its journal says it is.
pub const JOURNAL: Kind = Kind(b"SELL");
/// How long a quote stands, in seconds, unless the file says otherwise.
const QUOTE_SECONDS: u64 = 15 * 60;
/// How long after its confirmation an order is shipped, in seconds, unless the file says otherwise.
const SHIP_AFTER_SECONDS: u64 = 24 * 3_600;
/// How long after its confirmation what was not shipped is cancelled, in seconds, unless the file says
/// otherwise: a day before a hold of the usual seven days runs out.
const SHIP_WITHIN_SECONDS: u64 = 6 * 24 * 3_600;
/// How long after it was shipped an order counts as delivered, in seconds, unless the file says otherwise.
const DELIVER_AFTER_SECONDS: u64 = 7 * 24 * 3_600;
/// How long an order that was recovered from the settlement's books waits for its terminal, in seconds,
/// unless the file says otherwise: whoever bought yesterday looks after it today.
const RECOVERED_FOR_SECONDS: u64 = 24 * 3_600;
/// Most connections with one key: a till that serves many customers has many.
const MAX_CONNECTIONS_PER_TERMINAL: usize = 300;
/// Most connections that the open endpoint may be given room for; each can take some 300 KiB.
const MAX_CONNECTIONS: u64 = 16_384;
/// Most new connections a second that may be let in of one address, or of all newcomers.
const MAX_NEW_PER_SECOND: u64 = 10_000;
/// Most seconds that any of them may be: a hundred years.
const MAX_SECONDS: u64 = 100 * 365 * 24 * 3_600;

#[derive(Clone)]
pub struct Settings {
    pub data: PathBuf,
    pub shop: String,
    /// Where terminals connect, on the open network.
    pub listen: SocketAddr,
    /// The one interface where terminals are heard.
    pub open_interface: Option<String>,
    /// Where operators connect; nowhere on a machine that has none, as a simulated one.
    pub operator_listen: Option<SocketAddr>,
    /// Where this seller stands on the closed side.
    pub closed: Side,
    /// The file with the key to knock on the settlement with.
    pub knock_key: PathBuf,
    /// Where the settlement may be, each address on a way of its own.
    pub settlement: Vec<SocketAddr>,
    /// The settlement's pins: one, or two while it changes its key.
    pub settlement_pins: Vec<Pin>,
    pub quote_valid: Duration,
    pub terms: Terms,
    /// What the open endpoint takes on.
    pub limits: Limits,
    /// The backups it makes by itself.
    pub backup: Option<Plan>,
    /// The other nodes of the shop.
    pub nodes: Nodes,
    /// How long journal is kept for standbys and backups that stay behind.
    pub keep: Keep,
    /// From how few pieces on a product is running out.
    pub running_out: u32,
    /// Where the figures are fetched by a program; nowhere unless the file says so.
    pub metrics: Option<SocketAddr>,
    /// What operators are told of at once.
    pub alarms: alarm::Settings,
    /// How log lines are written, where the command line does not say.
    pub log: LogFormat,
    /// Where spans of purchases go; nowhere when it is not said.
    pub traces: Option<trace::Settings>,
}

/// What the command line says before the file.
#[derive(Clone, Default)]
pub struct Given {
    pub listen: Option<SocketAddr>,
    pub operator_listen: Option<SocketAddr>,
    pub settlement: Vec<SocketAddr>,
    pub settlement_pins: Vec<Pin>,
    pub link: GivenLink,
    pub standby_of: Option<SocketAddr>,
    pub standby_listen: Option<SocketAddr>,
    /// Whether the journal that is here is set aside before this node follows another.
    pub rejoin: bool,
    /// Whether this node is to follow, whatever its journal says.
    pub insists: bool,
}

impl Settings {
    /// Reads the settings of a data folder.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake in the file.
    pub fn read(data: &Path, given: Given) -> Result<Self, ConfigError> {
        let mut config = Config::read(&data.join("server.toml"))?;
        let address = "an address such as \"127.0.0.1:7000\"";
        let listen = config.take_parsed("listen", address);
        let open_interface =
            config.take_parsed("open_interface", "the name of an interface such as \"eth0\"");
        let operator_listen = config.take_parsed("operator_listen", address);
        let addresses = format!("one to {MAX_ADDRESSES} addresses such as \"127.0.0.1:7000\"");
        let settlement = config.take_list("settlement", &addresses);
        let closed_bind = config.take_parsed("closed_bind", address);
        let knock_key: Option<PathBuf> = config.take("knock_key", "a file name");
        let pins = config.take_list("settlement_pins", "one or two pins of 64 hexadecimal digits");
        let seconds = "a number of seconds, at least 1";
        let quote = config.take::<u64>("quote_seconds", seconds).unwrap_or(QUOTE_SECONDS);
        let terms = terms(&mut config);
        let limits = limits(&mut config);
        let backup = Plan::take(&mut config);
        let nodes = Nodes::take(&mut config, &given);
        let keep = Keep::take(&mut config);
        let few = "a number of pieces";
        let running_out = config.take::<u32>("running_out", few).unwrap_or(FEW);
        let metrics = scrape::take(&mut config);
        let alarms = alarm::Settings::take(&mut config, alarm::Side::Seller);
        let log = config.take_parsed("log", LogFormat::EXPECTED).unwrap_or_default();
        let traces = trace::Settings::take(&mut config);
        let shop: String = config.take("shop", "a name").unwrap_or_else(|| "Kessai".to_owned());
        if quote == 0 {
            config.mistake(&format!("quote_seconds: expected {seconds}"));
        }
        let settlement = if given.settlement.is_empty() { settlement } else { given.settlement };
        check_addresses(&mut config, &settlement, &addresses);
        let pins = if given.settlement_pins.is_empty() { pins } else { given.settlement_pins };
        if pins.is_empty() || pins.len() > 2 {
            config.mistake("settlement_pins: one or two pins are needed, here or as --settlement-pin");
        }
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bind = Bind { key: "closed_bind", named: closed_bind, otherwise: closed_any(&settlement) };
        let closed = Side::take(&mut config, given.link, End::Seller, &bind);
        let settlement = other_end(&mut config, settlement, closed.is_line());
        config.finish()?;
        Ok(Self {
            data: data.to_owned(),
            shop,
            listen: given.listen.or(listen).unwrap_or(any),
            open_interface: open_interface.map(|Interface(name)| name),
            operator_listen: given.operator_listen.or(operator_listen).or(Some(any)),
            closed,
            knock_key: credentials::instead_of(
                &data.join(knock_key.unwrap_or_else(|| "keys/knock.key".into())),
            ),
            settlement,
            settlement_pins: pins,
            quote_valid: Duration::from_secs(quote),
            terms,
            limits,
            backup,
            nodes,
            keep,
            running_out,
            metrics,
            alarms,
            log,
            traces,
        })
    }
}

fn check_addresses(config: &mut Config, settlement: &[SocketAddr], expected: &str) {
    if settlement.len() > MAX_ADDRESSES {
        config.mistake(&format!("settlement: expected {expected}"));
    }
    if settlement.iter().any(SocketAddr::is_ipv4) && settlement.iter().any(SocketAddr::is_ipv6) {
        config.mistake("settlement: expected addresses of one kind, IPv4 or IPv6: one socket speaks to all");
    }
}

/// Where the settlement is: at its addresses, or at the other end of a line.
fn other_end(config: &mut Config, settlement: Vec<SocketAddr>, is_line: bool) -> Vec<SocketAddr> {
    match (settlement.is_empty(), is_line) {
        (true, true) => return vec![SETTLEMENT_END],
        (false, true) => {
            config.mistake("settlement: on a line there is one other end, without an address; leave it out");
        }
        (true, false) => {
            config.mistake("settlement: is missing; the settlement's address, here or as --settlement");
        }
        (false, false) => {}
    }
    settlement
}

/// Unless it is told where it stands on the closed network, the system finds the way there.
fn closed_any(settlement: &[SocketAddr]) -> SocketAddr {
    match settlement.first() {
        Some(SocketAddr::V6(_)) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        Some(SocketAddr::V4(_)) | None => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
    }
}

/// What the open endpoint takes on, unless the file says otherwise.
#[must_use]
pub fn usual_limits() -> Limits {
    Limits { max_connections_per_peer: MAX_CONNECTIONS_PER_TERMINAL, ..Limits::OPEN }
}

fn limits(config: &mut Config) -> Limits {
    let mut number = |name: &str, most: u64, usual: usize| {
        let expected = format!("a number from 1 to {most}");
        let number = config.take::<u64>(name, &expected).unwrap_or(usual as u64);
        if number == 0 || number > most {
            config.mistake(&format!("{name}: expected {expected}"));
        }
        number as usize
    };
    let usual = Strangers::USUAL;
    let max_connections = number("max_connections", MAX_CONNECTIONS, Limits::OPEN.max_connections);
    let connections_per_address =
        number("connections_per_address", MAX_CONNECTIONS, usual.connections_per_address);
    let mut rate = |name: &str, usual: u32| number(name, MAX_NEW_PER_SECOND, usual as usize) as u32;
    let new_per_second = rate("new_per_second_and_address", usual.new_per_second);
    let newcomers_per_second = rate("newcomers_per_second", usual.newcomers_per_second);
    let strangers = Strangers { connections_per_address, new_per_second, newcomers_per_second, ..usual };
    Limits { max_connections, strangers: Some(strangers), ..usual_limits() }
}

fn terms(config: &mut Config) -> Terms {
    let mut seconds = |name: &str, usual: u64| {
        let seconds = config.take::<u64>(name, "a number of seconds").unwrap_or(usual);
        if seconds > MAX_SECONDS {
            config.mistake(&format!("{name}: expected at most {MAX_SECONDS} seconds"));
        }
        seconds
    };
    let ship_after = seconds("ship_after_seconds", SHIP_AFTER_SECONDS);
    let ship_within = seconds("ship_within_seconds", SHIP_WITHIN_SECONDS);
    let deliver_after = seconds("deliver_after_seconds", DELIVER_AFTER_SECONDS);
    let recovered_for = seconds("recovered_for_seconds", RECOVERED_FOR_SECONDS);
    let ship: String = config.take("ship", "\"by_itself\" or \"by_hand\"").unwrap_or_default();
    let by_hand = match ship.as_str() {
        "" | "by_itself" => false,
        "by_hand" => true,
        _ => {
            config.mistake("ship: expected \"by_itself\" or \"by_hand\"");
            false
        }
    };
    if !by_hand && ship_within <= ship_after {
        config.mistake("ship_within_seconds: expected more than ship_after_seconds");
    }
    Terms { ship_after: (!by_hand).then_some(ship_after), ship_within, deliver_after, recovered_for }
}
