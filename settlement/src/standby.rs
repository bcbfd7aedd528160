//! A settlement that follows another one until an operator promotes it, and those that follow this one.
//!
//! While it follows it is silent to sellers: it does not listen where they connect. It takes over journal and
//! key files, and answers its operators. A promotion ends that in good order, writes the next epoch down, and
//! starts the settlement proper on what is there.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::alarm::Guard;
use kessai_shared::backup::schedule::Board;
use kessai_shared::daemon;
use kessai_shared::exchange::Roster;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::journal::{Head, Ring};
use kessai_shared::measure::eyes::Eyes;
use kessai_shared::measure::look::Machine;
use kessai_shared::measure::{Hour, Keeping, Registry};
use kessai_shared::net::Net;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::node_file;
use kessai_shared::notify::Changeover;
use kessai_shared::operator::nodes::Nodes;
use kessai_shared::operator::post::{self, Post, Posted};
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::settlement::DAEMON;
use kessai_shared::pin_set::PinSet;
use kessai_shared::replica::keys::{self as key_files, Files};
use kessai_shared::replica::seed::{self, Seeded, Wanted};
use kessai_shared::replica::{self, Dial, Feed, Feeding, Follower, Ground, WAITING, wire};
use kessai_shared::store::{Fault, Store};
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::{self, Clock, Desk, MAX_QUEUED, Standing};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::clerk::Command;
use crate::epoch_file::{self, EPOCH_FILE, InCharge};
use crate::ledger::Books;
use crate::operator_wire::{Promoted, Promotion, Service as Operators, TellNodes};
use crate::settings::{JOURNAL, Settings};

/// The key that the nodes of a settlement know each other by, in the folder of keys.
const OWN_KEY: &str = "settlement.key";
/// How often a node that has no keys yet asks for them.
const AGAIN: Duration = Duration::from_millis(500);
/// How often it is looked whether a sealing key's time is over.
const KEYS_LOOK: Duration = Duration::from_secs(1);
/// How long the answer to a promotion has to be on its way before the operators' endpoint is opened anew.
const FAREWELL: Duration = Duration::from_millis(200);

/// How following ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Stopped,
    /// This node is in charge now.
    Promoted(Epoch),
}

/// What a settlement in charge has for those who follow it.
pub struct Own {
    pub epoch: Epoch,
    pub nodes: TellNodes,
    /// The end of the standbys' endpoint comes with its being dropped.
    pub feeding: Option<Feeding>,
}

/// Whom to follow, and whether the journal that is here is set aside first.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    pub of: SocketAddr,
    pub rejoin: bool,
}

/// Opens the standbys' endpoint of a settlement in charge, where its settings say so.
///
/// # Errors
/// A line when another node is in charge by this folder's own word, or the endpoint cannot be opened.
pub fn lead<N: Net>(
    settings: &Settings,
    net: &N,
    identity: &Identity,
    (store, clock): (&mut Store<Books>, &Clock),
) -> Result<Own, String> {
    let known = epoch_file::read(&settings.data)?;
    let Some(listen) = settings.standby_listen else {
        let epoch = known.map_or(Epoch::NONE, |known| known.epoch);
        let node = if known.is_some() { node_file::load_or_create(&settings.data)? } else { NOBODY };
        must_be_own(&settings.data, known, node)?;
        let ring = store.source().ring().clone();
        return Ok(Own { epoch, nodes: telling(node, epoch, ring, None, clock), feeding: None });
    };
    let node = node_file::load_or_create(&settings.data)?;
    must_be_own(&settings.data, known, node)?;
    if known.is_none() {
        epoch_file::write(&settings.data, InCharge { epoch: Epoch::NONE, node, by: None })?;
    }
    let epoch = known.map_or(Epoch::NONE, |known| known.epoch);
    let feed = Feed::new(node, store.source(), writer::Gate::default()).with_keys(files(settings));
    let feed = Arc::new(feed);
    let own = Arc::new(PinSet::of([identity.pin()]));
    let peers = Peers::Pins(Arc::clone(&own));
    let tls = tls::server_config(identity, peers.clone(), wire::ALPN, Migration::Refused).map_err(text)?;
    let gate = Gate::of_settlement(identity, &own).with_clock(Arc::clone(clock));
    let endpoint = net
        .closed(&Side::at(listen), &gate, Some(tls))
        .map_err(|error| format!("the standbys' endpoint: {error}; see standby_listen"))?;
    let address = endpoint.local_addr().map_err(text)?;
    let file = settings.data.join("standby.address");
    std::fs::write(&file, format!("{address} {}\n", identity.pin()))
        .map_err(|error| format!("{}: cannot be written: {error}", file.display()))?;
    let feeding = feed.serve_silently(endpoint, peers);
    let ring = feed.source().ring().clone();
    Ok(Own { epoch, nodes: telling(node, epoch, ring, Some(feed), clock), feeding: Some(feeding) })
}

/// A settlement that has no name for itself: it never had a standby.
const NOBODY: NodeId = NodeId::from_bytes([0; 16]);

fn must_be_own(data: &Path, known: Option<InCharge>, own: NodeId) -> Result<(), String> {
    match known {
        Some(known) if known.node != own => Err(format!(
            "{}: node {} is in charge under epoch {} as far as is known here, and this one is {own}; run \
             `kessai-settlement standby`, or `promote` when that node is gone",
            data.display(),
            known.node,
            known.epoch
        )),
        Some(_) | None => Ok(()),
    }
}

/// What operators of a node that follows are told of the nodes.
fn following_nodes(
    settings: &Settings,
    node: NodeId,
    status: watch::Receiver<replica::Following>,
    ring: Ring,
) -> TellNodes {
    let data = settings.data.clone();
    Box::new(move || {
        let known = epoch_file::read(&data).ok().flatten();
        let durable = *ring.head().borrow();
        Nodes {
            node,
            in_charge: false,
            epoch: known.map_or(Epoch::NONE, |known| known.epoch),
            position: durable.position,
            follows: Some(status.borrow().report(durable)),
            standbys: Vec::new(),
        }
    })
}

fn must_not_be_own(data: &Path, known: Option<InCharge>, own: NodeId) -> Result<(), String> {
    match known {
        Some(known) if known.node == own => Err(format!(
            "{}: this node was put in charge under epoch {}; run `kessai-settlement serve`, or `standby --rejoin` \
             when another one is in charge now",
            data.display(),
            known.epoch
        )),
        Some(_) | None => Ok(()),
    }
}

fn telling(node: NodeId, epoch: Epoch, ring: Ring, feed: Option<Arc<Feed>>, clock: &Clock) -> TellNodes {
    let clock = Arc::clone(clock);
    Box::new(move || Nodes {
        node,
        in_charge: true,
        epoch,
        position: ring.head().borrow().position,
        follows: None,
        standbys: feed.as_ref().map(|feed| feed.report(clock())).unwrap_or_default(),
    })
}

/// The files besides the journal that a promoted node needs.
fn files(settings: &Settings) -> Files {
    let others = vec![(EPOCH_FILE, settings.data.join(EPOCH_FILE)), ("sellers", settings.sellers.clone())];
    Files { folder: settings.keys.clone(), others }
}

/// Follows until an operator promotes this node or `stop` is done.
///
/// # Errors
/// A line on what keeps it from following.
pub async fn follow<N: Net>(
    settings: &Settings,
    net: &N,
    clock: Clock,
    following: Following,
    ready: impl FnOnce(&Identity),
    mut stop: Pinned<&mut impl Future<Output = ()>>,
) -> Result<End, String> {
    let identity = own_identity(&settings.keys)?;
    let node = node_file::load_or_create(&settings.data)?;
    let known = epoch_file::read(&settings.data)?;
    must_not_be_own(&settings.data, known.filter(|_| !following.rejoin), node)?;
    let dial = dial(net, &identity, following.of, &clock)?;
    let opening = open(settings, &dial, node, following.rejoin);
    let Seeded { mut store, mark, .. } = tokio::select! {
        opened = opening => opened?,
        () = &mut stop => return Ok(End::Stopped),
    };
    let source = Arc::new(store.source());
    let ring = source.ring().clone();
    let ground = Ground { dial, node, source, seeding: mark };
    let registry = Registry::default();
    store.measure(&registry);
    let (groups, copied) = mpsc::channel(WAITING);
    let (writer, queue) = mpsc::channel(MAX_QUEUED);
    let standing = Standing { copied: Some(copied), ..Standing::alone() };
    let ended = daemon::start_with(store, Reading, queue, Arc::clone(&clock), (false, standing));
    let ended = ended.map_err(text)?;
    let mut follower = Follower::start::<Books>(ground, groups);
    let (promoting, mut promotions) = mpsc::channel(1);
    let nodes = following_nodes(settings, node, follower.status(), ring);
    let asked = (writer.clone(), nodes);
    let (posted, keeping) =
        answer_operators((settings, net), &identity, asked, promoting, (Arc::clone(&clock), registry))?;
    let (stop_keys, keys_stopped) = watch::channel(false);
    let keys = tokio::spawn(key_files::follow(follower.link(), files(settings), keys_stopped, || ()));
    let tending = tokio::spawn(tend(settings.clone(), Arc::clone(&clock)));
    ready(&identity);
    let promotion = loop {
        tokio::select! {
            promotion = promotions.recv() => match promotion.map(|asked| considered(asked, &follower)) {
                Some(None) => {}
                Some(allowed) => break allowed,
                None => break None,
            },
            () = &mut stop => break None,
            lost = follower.lost() => {
                // The writer knows best why it is gone.
                return Err(lost.to_string());
            }
        }
    };
    let _changeover = Changeover::begin();
    let head = follower.stop().await.map_err(text);
    stop_keys.send_replace(true);
    let _ = keys.await;
    tending.abort();
    let promoted = match promotion {
        None => None,
        Some((promotion, lacks)) => Some(promoted(settings, (node, head?.position, lacks), promotion)?),
    };
    sleep(FAREWELL).await;
    posted.into_iter().for_each(Posted::close);
    drop((writer, keeping));
    ended
        .await
        .map_err(|_| "stopped: the writer is gone".to_owned())?
        .map_err(|fault| format!("stopped: {fault}"))?;
    Ok(promoted.map_or(End::Stopped, End::Promoted))
}

/// A promotion that may go on, and how many records this node lacks; whoever asked for another is told why not.
fn considered(promotion: Promotion, follower: &Follower) -> Option<(Promotion, Option<u64>)> {
    let lacks = lacks(&follower.status().borrow(), follower.durable());
    match may_be_promoted(lacks, promotion.force) {
        Ok(()) => Some((promotion, lacks)),
        Err(refused) => {
            // Whoever asked may have gone meanwhile.
            let _ = promotion.tell.send(Err(refused));
            None
        }
    }
}

fn may_be_promoted(lacks: Option<u64>, force: bool) -> Result<(), String> {
    match lacks {
        Some(lacks @ 1..) if !force => Err(format!(
            "this standby lacks {lacks} records that the node it followed had; start that one, or take the loss \
             with --force"
        )),
        // Of one that was never heard of since the start, nobody here knows what it had.
        Some(_) | None => Ok(()),
    }
}

/// How many records are missing here of those that the node that is followed had when it last said so.
fn lacks(following: &replica::Following, durable: Head) -> Option<u64> {
    following.of.map(|_| following.theirs.position.saturating_sub(durable.position))
}

fn promoted(
    settings: &Settings,
    (node, position, lacks): (NodeId, u64, Option<u64>),
    Promotion { by, tell, .. }: Promotion,
) -> Result<Epoch, String> {
    let promoted = epoch_file::promote(&settings.data, node, by);
    // Whoever asked may have gone meanwhile; it is on the disk all the same.
    let _ = tell.send(promoted.clone().map(|epoch| Promoted { epoch, position, lacks }));
    if let Ok(epoch) = promoted {
        tracing::info!("promoted: in charge under epoch {epoch}, from record {position} on");
    }
    promoted
}

/// The key by which the nodes know each other, which no network carries.
fn own_identity(keys: &Path) -> Result<Identity, String> {
    let key = keys.join(OWN_KEY);
    if !key.exists() {
        return Err(format!(
            "{}: is missing; copy it from the node in charge, which is known by it",
            key.display()
        ));
    }
    Identity::load_or_create(key).map_err(text)
}

/// How the node in charge is reached: it is silent to whoever does not knock.
fn dial<N: Net>(net: &N, identity: &Identity, of: SocketAddr, clock: &Clock) -> Result<Dial, String> {
    let key = KnockKey::of_seller(identity, &identity.pin());
    let gate = Gate::of_seller(&key).with_clock(Arc::clone(clock));
    let peers = Peers::pins([identity.pin()]);
    let config = tls::closed_client_config(identity, peers, wire::ALPN).map_err(text)?;
    let any = if of.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let side = Side::at(any.parse().map_err(text)?);
    let endpoint = net.closed(&side, &gate, None).map_err(text)?;
    Ok(Dial { endpoint, address: of, config: gate.client_config(config) })
}

/// Takes over the key files, and opens the books or makes them.
async fn open(settings: &Settings, dial: &Dial, node: NodeId, rejoin: bool) -> Result<Seeded<Books>, String> {
    let files = files(settings);
    // A folder that has both takes newer key files only of a node that has no less than it: one that was put
    // back to an older copy may have older keys.
    let has_both = !rejoin && settings.vault_key().exists() && seed::has_journal(&settings.data);
    if !has_both {
        first_keys(settings, dial, &files, rejoin).await;
    }
    let wanted = Wanted { data: &settings.data, kind: JOURNAL, node, dial, rejoin, keep: settings.keep };
    let seeded = seed::open(&wanted).await?;
    if has_both
        && seeded.is_welcome
        && let Err(why) = key_files::mirror(dial, &files).await
    {
        tracing::warn!("starting with the key files that are here: {why}");
    }
    Ok(seeded)
}

/// Waits for the key files of the node in charge, unless there are some that this node can be promoted with.
async fn first_keys(settings: &Settings, dial: &Dial, files: &Files, rejoin: bool) {
    let mut told = String::new();
    while let Err(why) = key_files::mirror(dial, files).await {
        // Whoever has been given the keys before can be promoted without the other node.
        if settings.vault_key().exists() && !rejoin {
            tracing::warn!("starting with the key files that are here: {why}");
            return;
        }
        if why != told {
            tracing::warn!("waiting for the key files of the node in charge: {why}");
            told = why;
        }
        sleep(AGAIN).await;
    }
}

fn answer_operators<N: Net>(
    (settings, net): (&Settings, &N),
    identity: &Identity,
    (writer, nodes): (mpsc::Sender<Command>, TellNodes),
    promoting: mpsc::Sender<Promotion>,
    (clock, registry): (Clock, Registry),
) -> Result<(Option<Posted>, Keeping), String> {
    let sellers = Arc::new(PinSet::load(&settings.sellers).map_err(text)?);
    let gate = Gate::of_settlement(identity, &sellers);
    let post = Post::open((net, settings.operator_listen), identity, &settings.data, DAEMON)?;
    let about = (sellers, Roster::default(), gate);
    let hour = Hour::new(registry);
    let live = (Arc::clone(&clock), hour.clone());
    let books = (settings.data.clone(), Board::default());
    let rights = post::rights(post.as_ref(), &settings.data)?;
    let nodes = (nodes, Registrar::new(rights, settings.data.clone(), None));
    let operators = Arc::new(Operators::new(about, writer, books, nodes, live).promoting(promoting));
    let guard = Guard::of(settings.alarms.clone(), DAEMON.word);
    let eyes = Eyes { service: Arc::clone(&operators), machine: Machine::of(&settings.data), guard };
    let keeping = Keeping::start(hour, clock, eyes);
    Ok((post.map(|post| post.serve(operators)), keeping))
}

/// Destroys sealing keys on their day, also while the node in charge is away; makes none.
async fn tend(settings: Settings, clock: Clock) {
    let mut looks = interval(KEYS_LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut keys = None;
    loop {
        looks.tick().await;
        let now = clock();
        if keys.is_none() {
            keys = settings.load_keys(now).map_err(|why| tracing::warn!("{why}")).ok();
        }
        if let Some(Err(why)) = keys.as_ref().map(|keys| keys.follow(now)) {
            tracing::debug!("{why}");
        }
    }
}

/// The clerk of a node that follows: whoever looks at the books may, and nobody changes them.
struct Reading;

impl writer::Clerk for Reading {
    type Books = Books;
    type Command = Command;

    fn handle(&mut self, command: Command, desk: &mut Desk<'_, Books>) -> Result<(), Fault> {
        match command {
            Command::Read(look) => {
                let last = desk.next_stamp().position.saturating_sub(1);
                desk.after(move |books| look(books, last));
            }
            // Whoever waits hears that nobody carries it out.
            Command::Inquiry { .. }
            | Command::Status { .. }
            | Command::Approved { .. }
            | Command::Reversal { .. }
            | Command::Money(_)
            | Command::Fence(_)
            | Command::Cards(_)
            | Command::Clearing(_)
            | Command::Accounts(_)
            | Command::Trail(_)
            | Command::Policy(_) => {}
        }
        Ok(())
    }

    fn tick(&mut self, _: &mut Desk<'_, Books>) -> Result<(), Fault> {
        Ok(())
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_that_is_known_to_lack_something_is_promoted_only_by_force() {
        let head = |position| Head { position, ..Head::default() };
        let heard = |theirs| replica::Following {
            of: Some(NodeId::from_bytes([1; 16])),
            theirs: head(theirs),
            ..replica::Following::default()
        };
        assert_eq!(lacks(&replica::Following::default(), head(7)), None, "nobody was heard of");
        assert_eq!(lacks(&heard(9), head(7)), Some(2));
        assert_eq!(lacks(&heard(7), head(7)), Some(0));
        assert_eq!(lacks(&heard(5), head(7)), Some(0), "what it said before is here, and more");
        let refused = may_be_promoted(Some(2), false).expect_err("a loss that nobody takes");
        assert!(refused.contains("lacks 2 records") && refused.contains("--force"), "{refused}");
        assert_eq!(may_be_promoted(Some(2), true), Ok(()));
        assert_eq!(may_be_promoted(Some(0), false), Ok(()));
        assert_eq!(may_be_promoted(None, false), Ok(()));
    }
}
