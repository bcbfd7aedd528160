//! A whole shop on one machine: settlement and seller as processes of their own, each with its own
//! data folder, started together, watched, and stopped together.

mod pair;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_shared::console::{FENCED, Failure};
use kessai_shared::folder::{DataFolder, FolderError};
use kessai_shared::pin::Pin;
use kessai_tui_client::shop_file::ShopFile;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;

use crate::ports;
use crate::role::Role;
use pair::Nodes;

/// How long a daemon may take to open its books and answer.
const START_DEADLINE: Duration = Duration::from_secs(120);
/// How long a daemon may take to stop in good order.
const STOP_DEADLINE: Duration = Duration::from_secs(15);
/// A daemon that dies sooner than this after its start is not started again and again.
const SETTLED: Duration = Duration::from_secs(2);
const MAX_QUICK_DEATHS: u32 = 3;

/// What a shop is opened with.
pub struct Plan {
    pub data: PathBuf,
    pub products: PathBuf,
    pub cardholders: PathBuf,
    /// The address on the open network; the last one, or any, when it is not given.
    pub listen: Option<SocketAddr>,
    /// Whether a Unix line is between the daemons, instead of a network.
    pub on_line: bool,
    /// Whether a second seller node stands by the first.
    pub standby: bool,
    /// Whether the daemons log into files, because a screen is open.
    pub quiet: bool,
    /// Whether they log what only measuring needs, such as the bytes of each connection.
    pub verbose: bool,
}

/// A shop that is open.
pub struct House {
    plan: Plan,
    settlement: Daemon,
    seller: Daemon,
    /// The second seller node, and what the two know of each other, if there is one.
    standby: Option<(Daemon, Nodes)>,
    pub shop: ShopFile,
}

struct Daemon {
    role: Role,
    child: Child,
    /// Kept apart from the child, because waiting for a child closes the pipe it still holds.
    lifeline: Option<ChildStdin>,
    args: Vec<String>,
    started: Instant,
    quick_deaths: u32,
    /// What it said when it was ready, word by word.
    ready: Vec<String>,
}

impl House {
    /// Opens the shop: takes the tables in, starts both daemons, and writes `shop.toml`.
    ///
    /// # Errors
    /// [`Failure`] when a table, a data folder or an address is not as it should be.
    pub async fn open(plan: Plan) -> Result<Self, Failure> {
        std::fs::create_dir_all(&plan.data)
            .map_err(|error| Failure::failed(format!("{}: cannot be made: {error}", plan.data.display())))?;
        let (settlement_data, seller_data) = (plan.data.join("settlement"), plan.data.join("seller"));
        // A shop that is open already keeps its accounts and products as they are.
        let ours = [
            (&settlement_data, kessai_settlement::settings::FOLDER),
            (&seller_data, kessai_server::settings::FOLDER),
        ];
        for (data, kind) in ours {
            if DataFolder::is_live(data, kind).unwrap_or(false) {
                return Err(FolderError::InUse(data.clone()).into());
            }
        }
        import(Role::Settlement, "import-accounts", &plan.cardholders, &settlement_data).await?;
        import(Role::Seller, "import-products", &plan.products, &seller_data).await?;
        let keys = Role::Seller.ask(&["keys".as_ref(), "--data".as_ref(), seller_data.as_ref()]).await?;
        let pin = keys.split_whitespace().nth(1).unwrap_or_default().to_owned();
        Role::Settlement
            .ask(&["allow".as_ref(), pin.as_ref(), "--data".as_ref(), settlement_data.as_ref()])
            .await?;
        hand_over_knock_key(&pin, &settlement_data, &seller_data).await?;
        let address = plan.data.join("settlement.address");
        // On a line there are no addresses to come back to.
        let closed = last_address(&address).filter(|_| !plan.on_line);
        let settlement = start_settlement(&plan, closed).await?;
        if !plan.on_line {
            save_address(&address, settlement.address()?)?;
        }
        let known = ShopFile::read(&plan.data.join("shop.toml")).map_or(Vec::new(), |shop| shop.addresses);
        let (seller, standby) = if plan.standby {
            let (seller, standby, nodes) = pair::open(&plan, &known, &settlement).await?;
            (seller, Some((standby, nodes)))
        } else {
            (start_seller(&plan, known.first().copied(), &settlement).await?, None)
        };
        let addresses = [Some(&seller), standby.as_ref().map(|(standby, _)| standby)];
        let shop = ShopFile {
            addresses: addresses.into_iter().flatten().map(Daemon::address).collect::<Result<_, _>>()?,
            seller_pins: vec![seller.pin(2)?],
            issuer_roots: vec![settlement.pin(3)?],
        };
        save(&plan.data.join("shop.toml"), &shop.text())?;
        Ok(Self { plan, settlement, seller, standby, shop })
    }

    /// Watches the daemons and starts one again that was killed, until one fails for a reason. Of two seller
    /// nodes it is started again as the standby of the other, which takes over by itself.
    pub async fn watch(&mut self) -> Failure {
        loop {
            let standby = self.standby.as_mut().map(|(daemon, _)| daemon);
            let (which, ended) = tokio::select! {
                ended = self.settlement.child.wait() => (Which::Settlement, ended),
                ended = self.seller.child.wait() => (Which::Seller, ended),
                ended = ended(standby) => (Which::Standby, ended),
            };
            let status = match ended {
                Ok(status) => status,
                Err(error) => return Failure::from(error),
            };
            let nodes = self.standby.as_ref().map(|(_, nodes)| nodes);
            let follow = |at| nodes.map(|nodes| nodes.follow_anew(at));
            let (daemon, follow) = match which {
                Which::Settlement => (&mut self.settlement, None),
                Which::Seller => (&mut self.seller, follow(0)),
                Which::Standby => match &mut self.standby {
                    Some((daemon, nodes)) => (daemon, Some(nodes.follow_anew(1))),
                    None => return Failure::failed("a daemon ended that was never started"),
                },
            };
            if let Some(failure) = daemon.revive(status, follow, &self.plan).await {
                return failure;
            }
        }
    }

    /// The processes of seller and settlement, of those that run.
    pub fn pids(&self) -> [Option<u32>; 2] {
        [self.seller.child.id(), self.settlement.child.id()]
    }

    /// Where the settlement stands on the closed network, and its pin.
    ///
    /// # Errors
    /// [`Failure`] when it did not say so.
    pub fn settlement(&self) -> Result<(SocketAddr, Pin), Failure> {
        Ok((self.settlement.address()?, self.settlement.pin(2)?))
    }

    /// Stops the daemons in good order: the sellers first, because they still have things to say. A standby goes
    /// before the node in charge, which would wait for it otherwise.
    pub async fn close(mut self) {
        if let Some((standby, nodes)) = &mut self.standby {
            // Whichever follows; the other one of them has more to say.
            if nodes.is_in_charge(standby.address().ok()).await {
                self.seller.stop().await;
            }
            standby.stop().await;
        }
        self.seller.stop().await;
        self.settlement.stop().await;
    }
}

/// Which daemon has ended.
#[derive(Clone, Copy)]
enum Which {
    Settlement,
    Seller,
    Standby,
}

/// How a daemon ended; never, when there is none.
async fn ended(daemon: Option<&mut Daemon>) -> std::io::Result<std::process::ExitStatus> {
    match daemon {
        Some(daemon) => daemon.child.wait().await,
        None => std::future::pending().await,
    }
}

impl Daemon {
    async fn start(role: Role, args: Vec<String>, plan: &Plan) -> Result<Self, Failure> {
        let log = plan.quiet.then(|| plan.data.join(format!("{}.log", role.name())));
        let mut command = role.command(log.as_deref())?;
        if plan.verbose {
            command.env("RUST_LOG", "debug");
        }
        let mut child = command.args(&args).stdout(std::process::Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::failed("no pipe to the daemon"))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = match timeout(START_DEADLINE, lines.next_line()).await {
            Ok(Ok(Some(line))) => line,
            Ok(_) => {
                let status = child.wait().await?;
                if let (None, Some(code)) = (&log, status.code().and_then(|code| u8::try_from(code).ok())) {
                    // It has said why, on the standard error that is ours too.
                    return Err(Failure { code: code.max(1), line: String::new() });
                }
                let log = log.map_or(String::new(), |log| format!("; see {}", log.display()));
                let line = format!("{} did not start ({status}){log}", role.name());
                return Err(Failure::failed(line));
            }
            Err(_) => return Err(Failure::failed(format!("{} does not answer", role.name()))),
        };
        // A daemon that prints more later must not find its pipe closed.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let ready = line.split_whitespace().map(str::to_owned).collect();
        let lifeline = child.stdin.take();
        Ok(Self { role, child, lifeline, args, started: Instant::now(), quick_deaths: 0, ready })
    }

    /// Starts a daemon again that somebody killed, or a node that found out that its time is over, with other
    /// arguments if there are some. One that ended by itself for anything else had a reason.
    async fn revive(
        &mut self,
        status: std::process::ExitStatus,
        follow: Option<Vec<String>>,
        plan: &Plan,
    ) -> Option<Failure> {
        use std::os::unix::process::ExitStatusExt;
        let name = self.role.name();
        let fenced = follow.is_some() && status.code() == Some(i32::from(FENCED));
        let signal = match status.signal() {
            Some(signal) => signal,
            None if fenced => 0,
            None => return Some(Failure::failed(format!("{name} ended ({status})"))),
        };
        self.quick_deaths = if self.started.elapsed() < SETTLED { self.quick_deaths + 1 } else { 0 };
        if self.quick_deaths > MAX_QUICK_DEATHS {
            return Some(Failure::failed(format!("{name} is killed again and again (signal {signal})")));
        }
        if !plan.quiet {
            eprintln!("kessai-demo: {name} was killed (signal {signal}); starting it again");
        }
        let address = self.ready.get(1).cloned().unwrap_or_default();
        let mut args = follow.unwrap_or_else(|| self.args.clone());
        if self.role == Role::Seller || !plan.on_line {
            set_listen(&mut args, &address);
        }
        match Daemon::start(self.role, args, plan).await {
            Ok(daemon) => {
                *self = Daemon { quick_deaths: self.quick_deaths, ..daemon };
                None
            }
            Err(failure) => Some(failure),
        }
    }

    fn address(&self) -> Result<SocketAddr, Failure> {
        let address = self.ready.get(1).and_then(|word| word.parse().ok());
        address.ok_or_else(|| Failure::failed(format!("{} did not say where it is", self.role.name())))
    }

    fn pin(&self, at: usize) -> Result<Pin, Failure> {
        let pin = self.ready.get(at).and_then(|word| word.parse().ok());
        pin.ok_or_else(|| Failure::failed(format!("{} did not say who it is", self.role.name())))
    }

    /// The end of its standard input is how a daemon hears that its parent is done.
    async fn stop(&mut self) {
        drop(self.lifeline.take());
        if timeout(STOP_DEADLINE, self.child.wait()).await.is_err() {
            // One that hangs is killed: what it acknowledged is on the disk.
            let _ = self.child.kill().await;
        }
    }
}

async fn start_settlement(plan: &Plan, last: Option<SocketAddr>) -> Result<Daemon, Failure> {
    let data = plan.data.join("settlement").display().to_string();
    let mut args = ["serve", "--with-parent", "--data", &data].map(str::to_owned).to_vec();
    if plan.on_line {
        args.extend(line(plan));
        return Daemon::start(Role::Settlement, args, plan).await;
    }
    start_somewhere(Role::Settlement, args, last, plan).await
}

async fn start_seller(plan: &Plan, last: Option<SocketAddr>, settlement: &Daemon) -> Result<Daemon, Failure> {
    let data = plan.data.join("seller").display().to_string();
    let (address, pin) = (settlement.address()?.to_string(), settlement.pin(2)?.to_string());
    let args = ["serve", "--with-parent", "--data", &data, "--settlement-pin", &pin];
    let mut args = args.map(str::to_owned).to_vec();
    if plan.on_line {
        args.extend(line(plan));
    } else {
        args.extend(["--settlement".to_owned(), address]);
    }
    match plan.listen {
        // An address that was asked for is the one, or none.
        Some(listen) => {
            set_listen(&mut args, &listen.to_string());
            Daemon::start(Role::Seller, args, plan).await
        }
        None => start_somewhere(Role::Seller, args, last, plan).await,
    }
}

/// The same words make both ends of one line.
fn line(plan: &Plan) -> [String; 4] {
    let folder = plan.data.join("line").display().to_string();
    ["--link".to_owned(), "unix-line".to_owned(), "--link-path".to_owned(), folder]
}

/// Starts a daemon where it was the last time, so that terminals still find it, or where it can come back to.
async fn start_somewhere(
    role: Role,
    args: Vec<String>,
    last: Option<SocketAddr>,
    plan: &Plan,
) -> Result<Daemon, Failure> {
    let free = last.filter(|address| std::net::UdpSocket::bind(address).is_ok());
    let mut args = args;
    if let Some(address) = free.or_else(ports::lasting) {
        set_listen(&mut args, &address.to_string());
    }
    Daemon::start(role, args, plan).await
}

fn set_listen(args: &mut Vec<String>, address: &str) {
    if let Some(at) = args.iter().position(|arg| arg == "--listen") {
        args.drain(at..at + 2);
    }
    args.extend(["--listen".to_owned(), address.to_owned()]);
}

/// What an operator carries from the one machine to the other.
async fn hand_over_knock_key(pin: &str, settlement: &Path, seller: &Path) -> Result<(), Failure> {
    let file = seller.join("keys").join("knock.key");
    // A settlement that was made anew has other keys.
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let words = ["knock-key", pin, "--out"].map(AsRef::as_ref);
    let args = [&words[..], &[file.as_os_str(), "--data".as_ref(), settlement.as_os_str()]].concat();
    Role::Settlement.ask(&args).await.map(drop)
}

async fn import(role: Role, act: &str, table: &Path, data: &Path) -> Result<(), Failure> {
    let args = [act.as_ref(), table.as_os_str(), "--data".as_ref(), data.as_os_str()];
    let said = role.ask(&args).await?;
    tracing::debug!("{}: {}", role.name(), said.trim());
    Ok(())
}

fn last_address(path: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn save_address(path: &Path, address: SocketAddr) -> Result<(), Failure> {
    save(path, &format!("{address}\n"))
}

/// Written aside and renamed, so that whoever reads it finds a whole file.
fn save(path: &Path, text: &str) -> Result<(), Failure> {
    let draft = path.with_extension("new");
    std::fs::write(&draft, text)?;
    std::fs::rename(&draft, path)?;
    Ok(())
}
