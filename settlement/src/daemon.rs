//! The running settlement: opens its books, listens on the closed network, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kessai_shared::daemon::{self, Ground};
use kessai_shared::exchange::{Limits, Roster};
use kessai_shared::net::Net;
use kessai_shared::net::knock::Gate;
use kessai_shared::operator::keys::own_key;
use kessai_shared::operator::post::{Post, Posted};
use kessai_shared::operator::settlement::DAEMON;
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::PinSet;
use kessai_shared::settlement::ALPN;
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::{Clock, MAX_QUEUED};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clerk::policy::InForce;
use crate::clerk::{Clerk, Command};
use crate::heads::Heads;
use crate::keys::Keys;
use crate::ledger::{Books, Proposed};
use crate::operator::office::{self, Office};
use crate::operator::socket::Door;
use crate::operator_wire::Service as Operators;
use crate::policy_file::{self, AdoptError};
use crate::service::Service;
use crate::settings::{JOURNAL, Settings};
use crate::vault::LiveVault;

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
    let books = settings.data.join("journal");
    let vault = Arc::new(LiveVault::load_or_create(&settings.vault_key(), &books)?);
    let keys = Arc::new(settings.load_keys((ground.clock)())?);
    // What fails here is told again every hour; it keeps nobody from asking about old orders.
    keys.tend((ground.clock)()).unwrap_or_else(|why| tracing::error!("{why}"));
    let sellers = Arc::new(PinSet::load(&settings.sellers).map_err(|error| error.to_string())?);
    let peers = Peers::Pins(Arc::clone(&sellers));
    let tls = tls::server_config(&keys.identity, peers.clone(), ALPN, Migration::Refused)
        .map_err(|error| error.to_string())?;
    let as_task = ground.disk.is_some();
    let store =
        daemon::open::<Books>(&settings.data, JOURNAL, ground.disk).map_err(|fault| fault.to_string())?;
    vault.lease().fits(store.books())?;
    let (writer, queue) = mpsc::channel(MAX_QUEUED);
    // Books that never had a policy begin with the default, so that a later default changes nothing.
    let is_first = store.books().policies().in_force().is_none();
    let proposed = settings.policy.or_else(|| is_first.then(Proposed::default));
    let clerk = Clerk::new(ground.clock.clone()).with_terms(settings.terms).clearing(settings.clearing);
    let clock = ground.clock.clone();
    let mut ended =
        daemon::start(store, clerk, queue, ground.clock, as_task).map_err(|error| error.to_string())?;
    // Whoever writes the file is the operator of this machine.
    let by = own_key(&settings.data)?.pin();
    if let Some(proposed) = proposed {
        put_in_force(&writer, proposed, by, &settings.data, &mut ended).await?;
    }
    // Only now, with the books open, does it answer anybody.
    let gate = Gate::of_settlement(&keys.identity, &sellers).with_clock(clock.clone());
    let endpoint = ground.net.closed(&settings.closed, &gate, Some(tls)).map_err(text)?;
    let address = endpoint.local_addr().map_err(text)?;
    let by = office::local_operator(&settings.data)?;
    let office = Arc::new(Office::new(Arc::clone(&vault), writer.clone(), by, true));
    office.resume();
    // A simulated machine has no user who could be at a socket.
    let door = if as_task { None } else { open_door(&settings.data) };
    let door = door.map(|door| tokio::spawn(door.serve(Arc::clone(&office))));
    let operators = (&ground.net, settings.operator_listen);
    let post = Post::open(operators, &keys.identity, &settings.data, DAEMON)?;
    ready(Ready { address, pin: keys.identity.pin(), root: keys.root });
    let reload = tokio::spawn(follow(Arc::clone(&sellers), settings.sellers));
    let policy = tokio::spawn(policy_file::follow(policy_file::of(&settings.data), writer.clone(), by));
    let tending = tokio::spawn(tend(Arc::clone(&keys), clock.clone()));
    let (heads, roster) = (Heads::default(), Roster::default());
    let service = Arc::new(Service { keys, vault, writer: writer.clone(), clock, heads, roster });
    let operators = Operators::new((sellers, service.roster.clone(), gate), writer, settings.data);
    let posted = post.map(|post| post.serve(Arc::new(operators)));
    let end = daemon::serve(endpoint, peers, service, LIMITS, ended, stop, || {
        // Whatever holds the writer's queue open would keep it from its end.
        door.iter().for_each(JoinHandle::abort);
        policy.abort();
        office.close();
        drop(office);
        posted.into_iter().for_each(Posted::close);
    })
    .await;
    reload.abort();
    tending.abort();
    end
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
    let mut seen = modified(&file);
    loop {
        tokio::time::sleep(SELLERS_LOOK).await;
        let now = modified(&file);
        if now == seen {
            continue;
        }
        seen = now;
        match sellers.reload() {
            Ok(()) => tracing::info!("{} seller(s) may connect", sellers.len()),
            Err(error) => tracing::error!("the list of sellers stays as it was: {error}"),
        }
    }
}

fn modified(file: &Path) -> Option<(SystemTime, u64)> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
