//! The shop's other nodes: the one that this node follows, and those that follow it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::daemon;
use kessai_shared::identity::Identity;
use kessai_shared::ids::NodeId;
use kessai_shared::journal::{Disk, Head};
use kessai_shared::net::Net;
use kessai_shared::node_file;
use kessai_shared::operator::nodes::Nodes;
use kessai_shared::replica::seed::{self, Seeded, Wanted};
use kessai_shared::replica::{Dial, Feed, Feeding, Follower, Following, Ground, Lost, WAITING, wire};
use kessai_shared::settlement::Mode;
use kessai_shared::store::{Keep, Source, Store};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::{self, CopiedGroups, Gate, Rule};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::charge::Charge;
use crate::clerk::{Clerk, Command};
use crate::sales::Books;
use crate::settings::{JOURNAL, Nodes as Settings, Wait};

/// Where standbys are listened for, for whoever is on the same machine: `ADDRESS PIN` on one line.
const ADDRESS_FILE: &str = "standby.address";
/// Most urgent commands that may wait.
const MAX_URGENT: usize = 16;
/// A standby that lacks no more than this is near enough to be waited for, in records.
const NEAR_RECORDS: u64 = 10_000;
/// How often it is looked whether a standby is still there.
const LOOK: Duration = Duration::from_millis(50);

/// A node that follows another one.
pub struct Standby {
    ground: Ground,
    groups: mpsc::Sender<CopiedGroups<Books>>,
    follower: Mutex<Option<Follower>>,
    status: watch::Sender<Following>,
    /// Whether it is to follow now.
    follows: watch::Sender<bool>,
}

/// The other nodes of the shop, as this one stands to them. Clones are the same.
#[derive(Clone)]
pub struct Others {
    /// `None` at a node that never followed anybody since its start.
    pub standby: Option<Arc<Standby>>,
    pub guard: Guard,
    /// Commands that wait for no other and for no gate.
    pub urgent: mpsc::Sender<Command>,
}

/// What a node in charge has of those who follow it. Clones are the same.
#[derive(Clone)]
pub struct Guard {
    pub gate: Gate,
    pub feed: Option<Arc<Feed>>,
    pub wait: Wait,
}

/// How a node that was opened goes on following.
pub struct Followed {
    dial: Dial,
    mark: Option<PathBuf>,
}

/// Opens the books of a node that follows nobody, or whatever the settings say it is to follow.
///
/// # Errors
/// A line on what is wrong with the folder, or keeps it from following.
pub async fn open_books<N: Net>(
    (data, nodes): (&Path, &Settings),
    node: NodeId,
    identity: &Identity,
    (net, disk, keep): (&N, Option<Box<dyn Disk>>, Keep),
) -> Result<(Store<Books>, Option<Followed>), String> {
    if let Some(of) = nodes.standby_of.filter(|_| disk.is_none()) {
        // One that was promoted needs nobody to be started again, least of all a node that follows it by now.
        if !nodes.rejoin
            && !nodes.insists
            && seed::has_journal(data)
            && seed::refuse_half_seeded(data).is_ok()
        {
            let store = daemon::open_keeping::<Books>(data, JOURNAL, None, keep).map_err(text)?;
            if store.books().tenure().is_some_and(|tenure| tenure.node == node) {
                return Ok((store, None));
            }
        }
        let (store, followed) = open(net, (data, node, of), identity, (nodes.rejoin, keep)).await?;
        // The journal says who is in charge. A node that was promoted is started again like any other.
        let in_charge = store.books().tenure().is_some_and(|tenure| tenure.node == node);
        return Ok((store, Some(followed).filter(|_| nodes.insists || !in_charge)));
    }
    seed::refuse_half_seeded(data)?;
    Ok((daemon::open_keeping::<Books>(data, JOURNAL, disk, keep).map_err(text)?, None))
}

/// Opens the store of a node that is to follow, which may take until the node in charge answers.
///
/// # Errors
/// A line on what keeps it from following.
async fn open<N: Net>(
    net: &N,
    (data, node, of): (&Path, NodeId, SocketAddr),
    identity: &Identity,
    (rejoin, keep): (bool, Keep),
) -> Result<(Store<Books>, Followed), String> {
    let any = if of.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let any = any.parse().map_err(text)?;
    let endpoint = net.endpoint(any, None).map_err(text)?;
    let peers = Peers::pins([identity.pin()]);
    let config = tls::closed_client_config(identity, peers, wire::ALPN).map_err(text)?;
    let dial = Dial { endpoint, address: of, config };
    let wanted = Wanted { data, kind: JOURNAL, node, dial: &dial, rejoin, keep };
    let Seeded { store, mark, is_anew, .. } = seed::open(&wanted).await?;
    if is_anew {
        // That a standby has all that was acknowledged is said of a node, and is not true of an empty folder.
        node_file::renew(data)?;
    }
    Ok((store, Followed { dial, mark }))
}

impl Others {
    /// Of a node whose store was just opened, and how its writer stands to them.
    pub fn of(
        store: &mut Store<Books>,
        followed: Option<Followed>,
        (node, nodes): (NodeId, &Settings),
    ) -> (Self, writer::Standing<Clerk>) {
        let (urgent, at_once) = mpsc::channel(MAX_URGENT);
        let gate = Gate::default();
        let feed = nodes.standby_listen.map(|_| Arc::new(Feed::new(node, store.source(), gate.clone())));
        let guard = Guard { gate: gate.clone(), feed, wait: nodes.wait };
        let (standby, copied) = followed.map(|followed| Standby::of(followed, node, store.source())).unzip();
        let standing = writer::Standing { gate, copied, urgent: Some(at_once) };
        (Self { standby: standby.map(Arc::new), guard, urgent }, standing)
    }

    /// What operators are told of the nodes.
    pub fn report(&self, charge: &Charge, now: Timestamp) -> Nodes {
        let follows = self.standby.as_ref().filter(|standby| *standby.follows.borrow());
        let position = match (&self.standby, &self.guard.feed) {
            (Some(standby), _) => standby.durable().position,
            (None, Some(feed)) => feed.source().ring().head().borrow().position,
            (None, None) => charge.sender().at,
        };
        Nodes {
            node: charge.node(),
            in_charge: charge.is_in_charge(),
            epoch: charge.epoch(),
            position,
            follows: follows.map(|standby| standby.status.borrow().report(standby.durable())),
            standbys: self.guard.feed.as_ref().map(|feed| feed.report(now)).unwrap_or_default(),
        }
    }

    /// Follows whenever it is to, and says why when it cannot any longer.
    pub async fn follow(&self, charge: &Charge) -> Lost {
        match &self.standby {
            Some(standby) => standby.follow_on(charge).await,
            None => std::future::pending().await,
        }
    }
}

impl Standby {
    fn of(
        Followed { dial, mark }: Followed,
        node: NodeId,
        source: Source,
    ) -> (Self, mpsc::Receiver<CopiedGroups<Books>>) {
        let (groups, copied) = mpsc::channel(WAITING);
        let ground = Ground { dial, node, source: Arc::new(source), seeding: mark };
        let (follower, status) = (Mutex::new(None), watch::Sender::default());
        (Self { ground, groups, follower, status, follows: watch::Sender::new(true) }, copied)
    }

    /// How it follows; whoever holds this hears of every change.
    pub fn status(&self) -> watch::Receiver<Following> {
        self.status.subscribe()
    }

    /// What is durable here.
    pub fn durable(&self) -> Head {
        *self.ground.source.ring().head().borrow()
    }

    /// Ends following in good order: everything that was received is durable and in the books when this
    /// returns. Gives the end of the journal.
    ///
    /// # Errors
    /// A line when it had come to its end already.
    pub async fn stop(&self) -> Result<Head, String> {
        self.follows.send_replace(false);
        match self.follower.lock().await.take() {
            Some(follower) => follower.stop().await.map_err(text),
            None => Ok(self.durable()),
        }
    }

    /// Follows again after a stop.
    pub fn resume(&self) {
        self.follows.send_replace(true);
    }

    async fn follow_on(&self, charge: &Charge) -> Lost {
        loop {
            // The sender lives in `self`.
            let _ = self.follows.subscribe().wait_for(|follows| *follows).await;
            if let Err(lost) = self.follow(charge).await {
                return lost;
            }
        }
    }

    /// Follows until it is stopped, and shows terminals how old what is here may be.
    async fn follow(&self, charge: &Charge) -> Result<(), Lost> {
        let mut status = {
            let mut place = self.follower.lock().await;
            let follower = Follower::start::<Books>(self.ground.clone(), self.groups.clone());
            let status = follower.status();
            *place = Some(follower);
            status
        };
        if !*self.follows.borrow() {
            // It was stopped in between, by one who has not seen this follower.
            let _ = self.stop().await;
        }
        let mut as_of = None;
        loop {
            let now = status.borrow_and_update().clone();
            // Everything that the node in charge had when it last said anything is here.
            if now.connected && self.durable().position >= now.theirs.position {
                as_of = now.heard_at;
            }
            charge.follows(as_of);
            self.status.send_replace(now);
            if status.changed().await.is_err() {
                // Its end is its own, or somebody has taken it to stop it.
                return match self.follower.lock().await.take() {
                    Some(mut follower) => Err(follower.lost().await),
                    None => Ok(()),
                };
            }
        }
    }
}

impl Guard {
    /// A standby that is connected and has all but the newest records: one that `sync` can wait for.
    pub fn candidate(&self) -> Option<NodeId> {
        let feed = self.feed.as_ref()?;
        let head = feed.source().ring().head().borrow().position;
        let followers = feed.followers();
        let followers = followers.borrow();
        let near = followers.iter().filter(|(_, standby)| standby.is_connected());
        // Of several, the one that lacks least.
        let best = near.max_by_key(|(_, standby)| standby.durable.position)?;
        (head.saturating_sub(best.1.durable.position) <= NEAR_RECORDS).then_some(*best.0)
    }

    /// Whether a standby was heard a moment ago.
    pub fn is_connected(&self, node: NodeId) -> bool {
        let followers = self.feed.as_ref().map(|feed| feed.followers());
        followers.is_some_and(|all| all.borrow().get(&node).is_some_and(|standby| standby.is_connected()))
    }

    /// Waits for what a mode says from now on.
    pub fn take(&self, mode: Mode) {
        let standby = match mode {
            Mode::Sync { standby } => Some(standby),
            Mode::Alone | Mode::Async => None,
        };
        self.feed.iter().for_each(|feed| feed.guard(standby));
        self.gate.set(if standby.is_some() { Rule::Standby } else { Rule::Open });
    }

    /// Waits until a standby was not heard for so long.
    pub async fn gone(&self, node: NodeId, after: Duration) {
        let begun = Instant::now();
        loop {
            let followers = self.feed.as_ref().map(|feed| feed.followers());
            let heard = followers.and_then(|all| all.borrow().get(&node).map(|standby| standby.heard_at));
            if heard.unwrap_or(begun).max(begun).elapsed() >= after {
                return;
            }
            sleep(LOOK).await;
        }
    }
}

/// Lets standbys follow, where the settings say so; whoever is on this machine finds the address in a file.
///
/// # Errors
/// A line on what is wrong with the address.
pub fn listen<N: Net>(
    net: &N,
    (data, nodes): (&Path, &Settings),
    identity: &Identity,
    feed: Option<&Arc<Feed>>,
) -> Result<Option<Feeding>, String> {
    let Some((listen, feed)) = nodes.standby_listen.zip(feed) else { return Ok(None) };
    let peers = Peers::pins([identity.pin()]);
    let tls = tls::server_config(identity, peers.clone(), wire::ALPN, Migration::Refused).map_err(text)?;
    let endpoint = net
        .endpoint(listen, Some(tls))
        .map_err(|error| format!("the standbys' endpoint: {error}; see standby_listen"))?;
    let address = endpoint.local_addr().map_err(text)?;
    let file = data.join(ADDRESS_FILE);
    let draft = file.with_extension("new");
    std::fs::write(&draft, format!("{address} {}\n", identity.pin()))
        .and_then(|()| std::fs::rename(&draft, &file))
        .map_err(|error| format!("{}: cannot be written: {error}", file.display()))?;
    Ok(Some(feed.serve(endpoint, peers)))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
