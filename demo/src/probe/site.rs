//! Where the probes take place: a closed network with the settlement, the seller and a stranger on it, an
//! open one with a terminal, and the two daemons at work.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::pin::Pin;
use kessai_tui_client::shop_file::ShopFile;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::bench::tables;
use crate::lan::{Host, Lan};
use crate::role::Role;

/// The wire that no stranger should be on, and the one of everybody. Interfaces have these names.
pub const CLOSED: &str = "closed";
const OPEN: &str = "open";

/// Where everybody stands.
pub const SETTLEMENT: SocketAddr = at([10, 77, 0, 1], 7_100);
pub const SELLER: SocketAddr = at([10, 77, 0, 2], 7_200);
/// The stranger has nothing but a place on the wire.
pub const STRANGER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 66);
/// An endpoint of the same protocol without a gate.
pub const CONTROL: SocketAddr = at([10, 77, 0, 3], 7_100);
const SHOP: SocketAddr = at([10, 78, 0, 1], 7_000);

/// Accounts and products: enough that purchases differ.
pub const ACCOUNTS: u64 = 1_000;
pub const PRODUCTS: u64 = 100;

/// How long a daemon may take to open its books and answer, and to stop in good order.
const START_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

const fn at([a, b, c, d]: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::V4(std::net::SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port))
}

/// The hosts, and the networks that they stand on.
pub struct Place {
    pub settlement: Host,
    pub seller: Host,
    pub stranger: Host,
    pub control: Host,
    pub terminal: Host,
    /// Last, because the hosts are on it.
    _lan: Lan,
}

impl Place {
    /// # Errors
    /// [`Failure`] with a line on why there can be no networks.
    pub fn new() -> Result<Self, Failure> {
        let lan = Lan::new("probe")?;
        let host = |name: &str| lan.host(name);
        let (settlement, seller, stranger) = (host("settlement")?, host("seller")?, host("stranger")?);
        let (control, terminal) = (host("control")?, host("terminal")?);
        let stranger_at = format!("{STRANGER}/24");
        let closed = [
            (&settlement, Some("10.77.0.1/24")),
            (&seller, Some("10.77.0.2/24")),
            (&control, Some("10.77.0.3/24")),
            (&stranger, Some(stranger_at.as_str())),
        ];
        lan.wire(CLOSED, &closed)?;
        lan.wire(OPEN, &[(&seller, Some("10.78.0.1/24")), (&terminal, Some("10.78.0.2/24"))])?;
        Ok(Self { settlement, seller, stranger, control, terminal, _lan: lan })
    }
}

/// Both daemons, each on its host.
pub struct Site {
    settlement: Daemon,
    seller: Daemon,
    pub shop: ShopFile,
    pub settlement_pin: Pin,
}

struct Daemon {
    role: Role,
    child: Child,
    lifeline: Option<ChildStdin>,
    ready: Vec<String>,
}

impl Site {
    /// Makes the tables, exchanges the keys and starts both daemons, the settlement with these words more.
    ///
    /// # Errors
    /// [`Failure`] when a file cannot be written or a daemon does not start.
    pub async fn open(place: &Place, folder: &Path, more: &[&str]) -> Result<Self, Failure> {
        let (settlement_data, seller_data) = (folder.join("settlement"), folder.join("seller"));
        let (accounts, products) = (folder.join("accounts.csv"), folder.join("products.csv"));
        tables::write_accounts(&accounts, ACCOUNTS)?;
        tables::write_products(&products, PRODUCTS)?;
        ask(Role::Settlement, &["import-accounts".as_ref(), accounts.as_ref()], &settlement_data).await?;
        ask(Role::Seller, &["import-products".as_ref(), products.as_ref()], &seller_data).await?;
        let keys = ask(Role::Seller, &["keys".as_ref()], &seller_data).await?;
        let pin = keys.split_whitespace().nth(1).unwrap_or_default().to_owned();
        ask(Role::Settlement, &["allow".as_ref(), pin.as_ref()], &settlement_data).await?;
        let knock = seller_data.join("keys").join("knock.key");
        let words = ["knock-key".as_ref(), pin.as_ref(), "--out".as_ref(), knock.as_path()];
        ask(Role::Settlement, &words, &settlement_data).await?;
        let here = SETTLEMENT.to_string();
        let listen: Vec<_> = ["--listen", &here].iter().chain(more).map(|word| (*word).to_owned()).collect();
        let log = folder.join("settlement.log");
        let settlement =
            Daemon::start(Role::Settlement, &place.settlement, (&settlement_data, &log), &listen).await?;
        let settlement_pin = settlement.pin(2)?;
        std::fs::write(seller_data.join("server.toml"), format!("closed_bind = \"{SELLER}\"\n"))?;
        let (there, pinned) = (SETTLEMENT.to_string(), settlement_pin.to_string());
        let args = ["--listen", &SHOP.to_string(), "--settlement", &there, "--settlement-pin", &pinned];
        let log = folder.join("seller.log");
        let args = args.map(str::to_owned);
        let seller = Daemon::start(Role::Seller, &place.seller, (&seller_data, &log), &args).await?;
        let shop = ShopFile {
            addresses: vec![SHOP],
            seller_pins: vec![seller.pin(2)?],
            issuer_roots: vec![settlement.pin(3)?],
        };
        Ok(Self { settlement, seller, shop, settlement_pin })
    }

    /// Stops both in good order.
    ///
    /// # Errors
    /// [`Failure`] when one has ended before, or does not end well.
    pub async fn close(self) -> Result<(), Failure> {
        self.seller.stop().await?;
        self.settlement.stop().await
    }
}

async fn ask(role: Role, words: &[&Path], data: &Path) -> Result<String, Failure> {
    let words = words.iter().copied().chain(["--data".as_ref(), data]);
    let words: Vec<_> = words.map(Path::as_os_str).collect();
    role.ask(&words).await
}

impl Daemon {
    async fn start(
        role: Role,
        host: &Host,
        (data, log): (&Path, &Path),
        more: &[String],
    ) -> Result<Self, Failure> {
        let mut command = role.command(Some(log))?;
        command.args(["serve", "--with-parent", "--data"]).arg(data).args(more).stdout(Stdio::piped());
        let runtime = Handle::current();
        let mut child = host.inside(|| {
            let _entered = runtime.enter();
            command.spawn()
        })??;
        let stdout = child.stdout.take().ok_or_else(|| Failure::failed("no pipe to the daemon"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_DEADLINE, lines.next_line()).await;
        let Ok(Ok(Some(line))) = line else {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let said = said.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(Failure::failed(format!("{} did not start: {said}", role.name())));
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let ready = line.split_whitespace().map(str::to_owned).collect();
        let lifeline = child.stdin.take();
        Ok(Self { role, child, lifeline, ready })
    }

    fn pin(&self, at: usize) -> Result<Pin, Failure> {
        let pin = self.ready.get(at).and_then(|word| word.parse().ok());
        pin.ok_or_else(|| Failure::failed(format!("{} did not say who it is", self.role.name())))
    }

    async fn stop(mut self) -> Result<(), Failure> {
        let name = self.role.name();
        if let Some(status) = self.child.try_wait()? {
            return Err(Failure::failed(format!("{name} has ended meanwhile ({status})")));
        }
        drop(self.lifeline.take());
        match timeout(STOP_DEADLINE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Failure::failed(format!("{name} ended badly ({status})"))),
            Ok(Err(error)) => Err(error.into()),
            // Whoever lets go of it kills it.
            Err(_) => Err(Failure::failed(format!("{name} does not stop"))),
        }
    }
}
