//! The running settlement: opens its books, listens on the closed network, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::alarm::Guard;
use kessai_shared::backup::schedule::{Board, Schedule};
use kessai_shared::daemon::{self, Ground};
use kessai_shared::exchange::{Limits, Roster};
use kessai_shared::journal::Disk;
use kessai_shared::measure::eyes::Eyes;
use kessai_shared::measure::look::Machine;
use kessai_shared::measure::scrape::Scrape;
use kessai_shared::measure::{self, Hour, Keeping, Registry};
use kessai_shared::net::Net;
use kessai_shared::net::knock::Gate;
use kessai_shared::operator::keys::own_key;
use kessai_shared::operator::post::{self, Post, Posted};
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::settlement::DAEMON;
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::{News, PinSet};
use kessai_shared::replica::seed::refuse_half_seeded;
use kessai_shared::settlement::ALPN;
use kessai_shared::store::Floors;
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::trail::Operated;
use kessai_shared::writer::{Clock, MAX_QUEUED};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::backup;
use crate::clerk::policy::InForce;
use crate::clerk::{Clerk, Command};
use crate::epoch_file;
use crate::heads::Heads;
use crate::keys::Keys;
use crate::ledger::{Books, Proposed};
use crate::operator::office::{self, Office};
use crate::operator::socket::Door;
use crate::operator_wire::{Hand, Recording, Service as Operators};
use crate::policy_file::{self, AdoptError};
use crate::service::Service;
use crate::settings::{JOURNAL, Settings};
use crate::standby::{self, Own};
use crate::vault::LiveVault;
use crate::witness::Witnessing;

/// How often the list of sellers is looked at for changes.
const SELLERS_LOOK: Duration = Duration::from_millis(500);
/// How often the sealing keys are seen to.
const KEYS_LOOK: Duration = Duration::from_secs(1);
/// How long before the last signed key ends the operator is told, and how often, in seconds.
const KEYS_WARNING_SECONDS: u64 = 7 * 24 * 3_600;
const KEYS_WARNING_AGAIN_SECONDS: u64 = 3_600;
/// Most connections of one seller. It needs one; those that a crash or a cut left behind count until
/// they time out, and a seller that comes back again and again must not be kept out by its own.
const MAX_CONNECTIONS_PER_SELLER: usize = 64;
/// Most calls in progress on the one connection of a seller.
const MAX_IN_FLIGHT: u32 = 4_096;

/// What sellers may take of it at once.
const LIMITS: Limits = Limits {
    max_in_flight_per_connection: MAX_IN_FLIGHT,
    max_connections_per_peer: MAX_CONNECTIONS_PER_SELLER,
    // Whoever has knocked is asked for nothing more: a Retry could be recorded, and what came of it would be
    // answered when it is too old.
    retry_above: None,
    ..Limits::USUAL
};

/// What those who wait for the daemon need to know.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    pub address: SocketAddr,
    pub pin: Pin,
    pub root: Pin,
}

/// Runs until `stop` is done or the disk fails.
///
/// # Errors
/// A line on what keeps it from running.
pub async fn run<N: Net>(
    settings: Settings,
    ground: Ground<N>,
    ready: impl FnOnce(Ready),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), String> {
    let (net, clock) = (ground.net, Arc::clone(&ground.clock));
    let (as_task, registry) = (ground.disk.is_some(), Registry::default());
    let opened = Open::of(&settings, (&net, ground.disk), (&clock, &registry), as_task)?;
    let Open { vault, keys, sellers, own, floors, witnessing, writer, mut ended, is_first } = opened;
    let peers = Peers::Pins(Arc::clone(&sellers));
    let tls = tls::server_config(&keys.identity, peers.clone(), ALPN, Migration::Refused).map_err(text)?;
    // Whoever writes the file is the operator of this machine.
    let by = own_key(&settings.data)?.pin();
    // Books that never had a policy begin with the default, so that a later default changes nothing.
    if let Some(proposed) = settings.policy.or_else(|| is_first.then(Proposed::default)) {
        put_in_force(&writer, proposed, by, &settings.data, &mut ended).await?;
    }
    // Only now, with the books open, does it answer anybody.
    let gate = Gate::of_settlement(&keys.identity, &sellers).with_clock(clock.clone());
    let endpoint = net.closed(&settings.closed, &gate, Some(tls)).map_err(text)?;
    let address = endpoint.local_addr().map_err(text)?;
    let (office, door) = open_office((&vault, &writer), by, &settings.data, as_task);
    let operators = (&net, settings.operator_listen);
    let post = Post::open(operators, &keys.identity, &settings.data, DAEMON)?;
    let (backups, hour) = (Board::default().measured(&registry), Hour::new(registry.clone()));
    let counted = (hour.clone(), measure::Side::Settlement);
    let scrape = Scrape::open(settings.metrics, counted, &settings.data)?;
    // It ends with this function, whichever way that goes.
    let plan = (settings.data.as_path(), settings.backup);
    let schedule = backup::start(plan, floors, &writer, backups.clone())?;
    ready(Ready { address, pin: keys.identity.pin(), root: keys.root });
    let reload = tokio::spawn(follow(Arc::clone(&sellers), settings.sellers.clone()));
    let policy = tokio::spawn(policy_file::follow(policy_file::of(&settings.data), writer.clone(), by));
    let tending = tokio::spawn(tend(Arc::clone(&keys), clock.clone()));
    let hand = Hand { vault: Arc::clone(&vault), office: Arc::clone(&office), sellers: settings.sellers };
    let around = (Arc::clone(&clock), settings.promote_after, registry);
    let service = Arc::new(answering((keys, vault), writer.clone(), witnessing, around));
    record_promotion(&settings.data, &writer).await?;
    let rights = post::rights(post.as_ref(), &settings.data)?;
    let recording = Recording::start(post.as_ref().map(|_| &rights), &sellers, (&writer, by));
    let about = (sellers, service.roster.clone(), gate);
    let machine = Machine::of(&settings.data);
    let live = (Arc::clone(&clock), hour.clone());
    let registrar = Registrar::new(rights, settings.data.clone(), schedule.as_ref().map(Schedule::asker));
    let of_itself = (own.nodes, registrar);
    let operators = Operators::new(about, writer, (settings.data, backups), of_itself, live);
    let operators = Arc::new(operators.holding(hand));
    // A simulated machine has nobody who would watch it.
    let guard = || Guard::of(settings.alarms, DAEMON.word);
    let eyes = || Eyes { service: Arc::clone(&operators), machine, guard: guard() };
    let keeping = (!as_task).then(|| Keeping::start(hour, Arc::clone(&clock), eyes()));
    let posted = post.map(|post| post.serve(operators));
    let end = daemon::serve(endpoint, peers, service, LIMITS, ended, stop, || {
        // Whatever holds the writer's queue open would keep it from its end: who waits for a backup, too.
        schedule.iter().for_each(Schedule::stop);
        door.iter().for_each(JoinHandle::abort);
        policy.abort();
        office.close();
        drop((office, keeping, scrape, recording));
        posted.into_iter().for_each(Posted::close);
    })
    .await;
    reload.abort();
    tending.abort();
    if let Some(feeding) = own.feeding {
        feeding.close().await;
    }
    end
}

/// What sellers are answered by.
fn answering(
    (keys, vault): (Arc<Keys>, Arc<LiveVault>),
    writer: mpsc::Sender<Command>,
    witnessing: Witnessing,
    (clock, promote_after, registry): (Clock, Duration, Registry),
) -> Service {
    let (heads, roster) = (Heads::default(), Roster::default());
    Service { keys, vault, writer, clock, heads, roster, witnessing, promote_after, registry }
}

/// The operator's office, and the door to it where there can be one.
fn open_office(
    (vault, writer): (&Arc<LiveVault>, &mpsc::Sender<Command>),
    by: Pin,
    data: &Path,
    as_task: bool,
) -> (Arc<Office>, Option<JoinHandle<()>>) {
    let office = Arc::new(Office::new(Arc::clone(vault), writer.clone(), by, true));
    office.resume();
    // A simulated machine has no user who could be at a socket.
    let door = if as_task { None } else { open_door(data) };
    let door = door.map(|door| tokio::spawn(door.serve(Arc::clone(&office))));
    (office, door)
}

/// The books of a settlement, open, with its keys and their writer.
struct Open {
    vault: Arc<LiveVault>,
    keys: Arc<Keys>,
    sellers: Arc<PinSet>,
    own: Own,
    floors: Floors,
    witnessing: Witnessing,
    writer: mpsc::Sender<Command>,
    ended: daemon::Ended,
    /// Whether there was never a policy.
    is_first: bool,
}

impl Open {
    fn of<N: Net>(
        settings: &Settings,
        (net, disk): (&N, Option<Box<dyn Disk>>),
        (clock, registry): (&Clock, &Registry),
        as_task: bool,
    ) -> Result<Self, String> {
        let books = settings.data.join("journal");
        let vault = Arc::new(LiveVault::load_or_create(&settings.vault_key(), &books)?);
        let keys = Arc::new(settings.load_keys(clock())?);
        // What fails here is told again every hour; it keeps nobody from asking about old orders.
        keys.tend(clock()).unwrap_or_else(|why| tracing::error!("{why}"));
        let sellers = Arc::new(PinSet::load(&settings.sellers).map_err(text)?);
        refuse_half_seeded(&settings.data)?;
        let store = daemon::open_keeping::<Books>(&settings.data, JOURNAL, disk, settings.keep);
        let mut store = store.map_err(text)?;
        store.measure(registry);
        vault.lease().fits(store.books())?;
        let own = standby::lead(settings, net, &keys.identity, (&mut store, clock))?;
        let (floors, is_first) = (store.floors(), store.books().policies().in_force().is_none());
        let (writer, queue) = mpsc::channel(MAX_QUEUED);
        let witnessing = Witnessing::new(&keys.identity, store.head());
        witnessing.under(own.epoch);
        let clerk = Clerk::new(Arc::clone(clock)).with_terms(settings.terms).clearing(settings.clearing);
        let clerk = clerk.fencing(witnessing.clone(), settings.promote_after).measuring(registry);
        let ended = daemon::start(store, clerk, queue, Arc::clone(clock), as_task).map_err(text)?;
        Ok(Self { vault, keys, sellers, own, floors, witnessing, writer, ended, is_first })
    }
}

/// Puts the policy of the file in force before anything is decided.
async fn put_in_force(
    writer: &mpsc::Sender<Command>,
    proposed: Proposed,
    by: Pin,
    data: &Path,
    ended: &mut daemon::Ended,
) -> Result<(), String> {
    match policy_file::adopt(writer, proposed, by).await {
        // That a first start has the default is no news.
        Ok(InForce { adopted, is_new: true }) if policy_file::of(data).exists() => {
            tracing::info!("{} is in force", policy_file::name(&adopted));
        }
        Ok(InForce { .. }) => {}
        Err(AdoptError::Refused(why)) => return Err(format!("{}: {why}", policy_file::of(data).display())),
        Err(AdoptError::WriterGone) => {
            // The writer knows best why it is gone.
            let end = ended.await.map_err(|_| "stopped: the writer is gone".to_owned())?;
            return Err(end.err().map_or("stopped".to_owned(), |fault| format!("stopped: {fault}")));
        }
    }
    Ok(())
}

/// Makes a record of who had this node promoted, unless there is one: a promotion is written down before the
/// settlement proper has begun.
async fn record_promotion(data: &Path, writer: &mpsc::Sender<Command>) -> Result<(), String> {
    let promoted = epoch_file::read(data)?.and_then(|known| Some((known.epoch, known.by?)));
    let Some((epoch, by)) = promoted else { return Ok(()) };
    office::note(writer, (Operated::Promoted { epoch }, by), String::new()).await.map(|_| ())
}

/// The operator's socket. A settlement without one still serves its sellers.
fn open_door(data: &Path) -> Option<Door> {
    Door::open(data).map_err(|why| tracing::error!("{why}")).ok()
}

/// Sees to the sealing keys: makes the next, takes in what was signed elsewhere, destroys the old.
async fn tend(keys: Arc<Keys>, clock: Clock) {
    let (mut told, mut warned) = (String::new(), Timestamp::default());
    let mut shown = keys.current(clock());
    loop {
        tokio::time::sleep(KEYS_LOOK).await;
        let now = clock();
        // The same trouble is told once an hour, not every second.
        let again = warned <= now.minus_seconds(KEYS_WARNING_AGAIN_SECONDS) || now < warned;
        match keys.tend(now) {
            Err(why) if why != told || again => {
                tracing::error!("{why}");
                told = why;
            }
            Err(_) => {}
            Ok(()) => told.clear(),
        }
        let current = keys.current(now);
        let soon = keys.runs_out().filter(|ends| *ends < now.plus_seconds(KEYS_WARNING_SECONDS));
        if current.is_none() && (again || shown.is_some()) {
            tracing::error!(
                "no sealing key is valid now, so nobody can pay; have the root sign more of them"
            );
        } else if let Some(ends) = soon.filter(|_| again) {
            tracing::warn!("sealing keys are signed until {ends} only; have the root sign more of them");
        } else if current != shown && current.is_some() {
            tracing::info!("terminals are given the next sealing key");
        }
        shown = current;
        if again {
            warned = now;
        }
    }
}

/// Takes changes of the list of sellers over while running.
async fn follow(sellers: Arc<PinSet>, file: PathBuf) {
    let mut news = News::of(file);
    let mut told = String::new();
    loop {
        tokio::time::sleep(SELLERS_LOOK).await;
        if !news.may_be() {
            continue;
        }
        match sellers.reload().map_err(text) {
            Ok(changed) => {
                told.clear();
                if changed {
                    tracing::info!("{} seller(s) may connect", sellers.len());
                }
            }
            // The same slip is told once.
            Err(why) if why != told => {
                tracing::error!("the list of sellers stays as it was: {why}");
                told = why;
            }
            Err(_) => {}
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
