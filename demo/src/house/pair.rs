//! Two seller nodes of one shop: what they are configured with, which of them is in charge when the shop is
//! opened again, and how one follows the other.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::console::{FENCED, Failure};
use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{ALPN, Answered, Request, Standing};
use kessai_shared::tls::{self, Peers};
use tokio::time::{Instant, sleep};

use super::{Daemon, Plan, set_listen, start_seller};
use crate::ports;
use crate::role::Role;

/// The data folders of the two nodes.
const FOLDERS: [&str; 2] = ["seller", "standby"];
/// How long a node may take to be put in charge when nobody else can be.
const DECIDED: Duration = Duration::from_secs(60);
/// The same when the other node may be in charge, and is tried next: far longer than a claim takes.
const TRIED: Duration = Duration::from_secs(10);
/// How long one question takes at most, and how often it is asked.
const QUESTION: Duration = Duration::from_secs(1);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// What the two nodes know of each other.
pub(super) struct Nodes {
    data: [PathBuf; 2],
    /// Where each is followed.
    feeds: [SocketAddr; 2],
    /// What both need to find the settlement.
    settlement: [String; 4],
    seller: Pin,
}

/// Starts the node that is in charge and the other one as its standby: the node in `seller` and the one in
/// `standby`. A shop that is opened for the first time has the first one in charge.
pub(super) async fn open(
    plan: &Plan,
    known: &[SocketAddr],
    settlement: &Daemon,
) -> Result<(Daemon, Daemon, Nodes), Failure> {
    let data = FOLDERS.map(|name| plan.data.join(name));
    let mut feeds = Vec::with_capacity(2);
    for folder in &data {
        feeds.push(configure(folder)?);
    }
    copy_keys(&data[0], &data[1])?;
    let (address, pin) = (settlement.address()?.to_string(), settlement.pin(2)?.to_string());
    let settlement_args = ["--settlement".to_owned(), address, "--settlement-pin".to_owned(), pin];
    let mut first = start_seller(plan, known.first().copied(), settlement).await?;
    let seller = first.pin(2)?;
    let nodes = Nodes { data, feeds: [feeds[0], feeds[1]], settlement: settlement_args, seller };
    let listen = listen(known.get(1).copied());
    let alone = !nodes.data[1].join("journal").exists();
    if nodes.comes_into_charge(&mut first, if alone { DECIDED } else { TRIED }).await? {
        let second = nodes.start_to_follow(1, listen, plan).await?;
        return Ok((first, second, nodes));
    }
    // The other one was promoted when the shop was open last.
    let address = first.address()?;
    first.stop().await;
    let mut second = nodes.start(1, nodes.serve(1), listen, plan).await?;
    if !nodes.comes_into_charge(&mut second, DECIDED).await? {
        return Err(Failure::failed("neither node of the shop is put in charge by its settlement"));
    }
    let first = nodes.start_to_follow(0, Some(address), plan).await?;
    Ok((first, second, nodes))
}

impl Nodes {
    /// The arguments with which a node that was killed follows the other one. What it has that the other has not is
    /// set aside: it was never told to anybody.
    pub(super) fn follow_anew(&self, at: usize) -> Vec<String> {
        let mut args = self.follow(at);
        args.push("--rejoin".to_owned());
        args
    }

    /// Whether the node at this address says that it is in charge.
    pub(super) async fn is_in_charge(&self, address: Option<SocketAddr>) -> bool {
        let Some(address) = address else { return false };
        let asked = async {
            let identity = Identity::generate().map_err(|error| error.to_string())?;
            let config = tls::client_config(&identity, Peers::pins([self.seller]), ALPN);
            let config = config.map_err(|error| error.to_string())?;
            let any = SocketAddr::from(([0, 0, 0, 0], 0));
            let endpoint = RealNet::default().endpoint(any, None).map_err(|error| error.to_string())?;
            let link = Link::new(endpoint, address, config);
            let answered: Answered =
                link.call(&Request::Hello, QUESTION).await.map_err(|error| error.to_string())?;
            link.leave().await;
            Ok::<_, String>(matches!(answered.standing, Standing::InCharge { .. }))
        };
        asked.await.unwrap_or_else(|why| {
            tracing::debug!(%address, "nobody says whether this node is in charge: {why}");
            false
        })
    }

    fn follow(&self, at: usize) -> Vec<String> {
        let feed = self.feeds[1 - at].to_string();
        self.args(at, ["standby", "--of", &feed].map(str::to_owned).to_vec())
    }

    /// With what it has, or anew when that is not what the other one has.
    async fn start_to_follow(
        &self,
        at: usize,
        listen: Option<SocketAddr>,
        plan: &Plan,
    ) -> Result<Daemon, Failure> {
        match self.start(at, self.follow(at), listen, plan).await {
            Ok(daemon) => Ok(daemon),
            Err(_it_has_said_why) => self.start(at, self.follow_anew(at), listen, plan).await,
        }
    }

    fn serve(&self, at: usize) -> Vec<String> {
        self.args(at, vec!["serve".to_owned()])
    }

    fn args(&self, at: usize, mut args: Vec<String>) -> Vec<String> {
        args.extend(["--with-parent", "--data"].map(str::to_owned));
        args.push(self.data[at].display().to_string());
        args.extend(self.settlement.iter().cloned());
        args
    }

    async fn start(
        &self,
        at: usize,
        mut args: Vec<String>,
        listen: Option<SocketAddr>,
        plan: &Plan,
    ) -> Result<Daemon, Failure> {
        tracing::debug!("starting the node in {}", self.data[at].display());
        if let Some(listen) = listen {
            set_listen(&mut args, &listen.to_string());
        }
        Daemon::start(Role::Seller, args, plan).await
    }

    /// Waits for so long until a node is put in charge. Whether it was: another one may be.
    async fn comes_into_charge(&self, daemon: &mut Daemon, patience: Duration) -> Result<bool, Failure> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            match daemon.child.try_wait()? {
                Some(status) if status.code() == Some(i32::from(FENCED)) => return Ok(false),
                Some(status) => return Err(Failure::failed(format!("a seller node ended ({status})"))),
                None if self.is_in_charge(daemon.address().ok()).await => return Ok(true),
                None => sleep(ASK_EVERY).await,
            }
        }
        Ok(false)
    }
}

/// Where the node was the last time, if that is free, or where it can come back to.
fn listen(last: Option<SocketAddr>) -> Option<SocketAddr> {
    last.filter(|address| std::net::UdpSocket::bind(address).is_ok()).or_else(ports::lasting)
}

/// Gives a node the configuration of one of two, unless its folder has one; where it is followed.
fn configure(folder: &Path) -> Result<SocketAddr, Failure> {
    let path = folder.join("server.toml");
    let none = || Failure::failed(format!("{}: names no standby_listen", path.display()));
    if let Ok(text) = std::fs::read_to_string(&path) {
        let line = text.lines().find(|line| line.starts_with("standby_listen"));
        return line.and_then(|line| line.split('"').nth(1)?.parse().ok()).ok_or_else(none);
    }
    let feed = ports::lasting().ok_or_else(|| Failure::failed("this machine has no free port"))?;
    std::fs::create_dir_all(folder)?;
    let text = format!(
        "# One of two nodes of a shop. Whichever follows takes over when the other is not heard any more.\n\
         standby_listen = \"{feed}\"\nstandby = \"sync\"\nstandby_gone = \"alone\"\npromote = \"auto\"\n"
    );
    std::fs::write(&path, text)?;
    Ok(feed)
}

/// What an operator carries from the one machine to the other before the first start.
fn copy_keys(from: &Path, to: &Path) -> Result<(), Failure> {
    let (from, to) = (from.join("keys"), to.join("keys"));
    std::fs::create_dir_all(&to)?;
    for name in ["seller.key", "knock.key"] {
        let (from, to) = (from.join(name), to.join(name));
        // A copy keeps who may read it.
        std::fs::copy(&from, &to)
            .map_err(|error| Failure::failed(format!("{}: cannot be made: {error}", to.display())))?;
    }
    Ok(())
}
