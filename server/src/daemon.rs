//! The running seller: opens its books, stands on both networks, and stops in good order.

mod parts;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::alarm::{self, Guard};
use kessai_shared::backup::schedule::{Board, Schedule};
use kessai_shared::console::{FENCED, Failure};
use kessai_shared::credentials;
use kessai_shared::daemon::{self, Ground};
use kessai_shared::exchange::{Roster, Trunk};
use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::ids::Epoch;
use kessai_shared::measure::eyes::Eyes;
use kessai_shared::measure::look::Machine;
use kessai_shared::measure::scrape::Scrape;
use kessai_shared::measure::{self, Hour, Keeping, Registry};
use kessai_shared::money::Currency;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, refuse_forwarding};
use kessai_shared::node_file;
use kessai_shared::operator::post::{self, Post, Posted};
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::seller::DAEMON;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::ALPN as SETTLEMENT_ALPN;
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::Clock;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::backup;
use crate::catalogue::Live;
use crate::charge::Charge;
use crate::clerk::Command;
use crate::operator::{self, Recording, Service as Operators};
use crate::pictures::Pictures;
use crate::quotes::Quotes;
use crate::reader::Reader;
use crate::service::{ClosedLink, PICTURES_AT_ONCE, Service};
use crate::settings::Settings;
use crate::shown::Shown;
use crate::standby::{self, Others};
use crate::standing::Standing;
use parts::{Open, Tasks};

/// What those who wait for the daemon need to know.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    pub address: SocketAddr,
    pub pin: Pin,
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
) -> Result<(), Failure> {
    let mut lost = None;
    let end = stand(settings, ground, ready, stop, &mut lost).await;
    match lost {
        Some(epoch) => Err(Failure { code: FENCED, line: fenced(epoch) }),
        None => end.map_err(Failure::failed),
    }
}

fn fenced(epoch: Epoch) -> String {
    format!(
        "another node is in charge of this shop, under epoch {epoch}; this one has stopped and acknowledges \
         nothing more. Start it as a standby of that node, or promote it"
    )
}

/// Runs, and says in `lost` when it ended because another node is in charge.
async fn stand<N: Net>(
    settings: Settings,
    ground: Ground<N>,
    ready: impl FnOnce(Ready),
    stop: impl Future<Output = ()> + Send,
    lost: &mut Option<Epoch>,
) -> Result<(), String> {
    let identity = load_identity(&settings.data)?;
    no_thoroughfare(&settings)?;
    let link = closed_link(&settings, &identity, &ground)?;
    let mut stop = std::pin::pin!(stop);
    let Ground { net, clock, disk } = ground;
    let (as_task, registry) = (disk.is_some(), Registry::default());
    let node = node_file::load_or_create(&settings.data)?;
    let whose = (settings.data.as_path(), &settings.nodes);
    let opened = tokio::select! {
        opened = standby::open_books(whose, node, &identity, (&net, disk, settings.keep)) => opened?,
        // A standby that has nothing waits for the node in charge.
        () = &mut stop => return Ok(()),
    };
    let books = Open::of(&settings, link.clone(), opened, (&clock, &registry, as_task))?;
    let Open { reader, floors, shown, catalogue, line, others, writer, ended, errands } = books;
    let (charge, promotion) = (line.charge.clone(), settings.nodes.promotion);
    // Only now, with the books open, does it answer anybody.
    let endpoint = open_endpoint(&settings, &net, &identity)?;
    let here = Ready { address: endpoint.local_addr().map_err(text)?, pin: identity.pin() };
    let post = Post::open((&net, settings.operator_listen), &identity, &settings.data, DAEMON)?;
    let (backups, hour) = (Board::default().measured(&registry), Hour::new(registry.clone()));
    let scrape = Scrape::open(settings.metrics, (hour.clone(), measure::Side::Seller), &settings.data)?;
    // It ends with this function, whichever way that goes.
    let plan = (settings.data.as_path(), settings.backup);
    let schedule = backup::start(plan, floors, &writer, backups.clone())?;
    let feeding = standby::listen(&net, whose, &identity, others.guard.feed.as_ref())?;
    // Nothing is claimed by a node that cannot serve.
    let ahead = (errands, registry.clone());
    let mut tasks = Tasks::start(&settings.data, (&line, &writer), ahead, (&others, promotion, as_task));
    let shop = (settings.shop, settings.quote_valid, settings.data.as_path());
    let shelves = (catalogue, shown, reader);
    let ways = (writer.clone(), tasks.settlement.clone(), charge.standing());
    let service = Arc::new(storefront(shop, identity, (clock, registry), shelves, ways));
    let of = (charge.clone(), others.clone(), tasks.promotions.clone());
    let way = (link, operator::kind(&settings.closed));
    let rights = post::rights(post.as_ref(), &settings.data)?;
    let recording = post.is_some().then(|| Recording::start(rights.clone(), &writer));
    let machine = Machine::of(&settings.data);
    let registrar = Registrar::new(rights, settings.data, schedule.as_ref().map(Schedule::asker));
    let of_itself = (backups, hour.clone(), registrar);
    let operators = Arc::new(Operators::new((Arc::clone(&service), writer), way, of, of_itself));
    let eyes = eyes(&operators, machine, settings.alarms);
    // A simulated machine has nobody who would watch it.
    let keeping = (!as_task).then(|| Keeping::start(hour, Arc::clone(&service.clock), eyes));
    let posted = post.map(|post| post.serve(operators));
    if others.standby.is_none() {
        tasks.settled(&charge).await;
    }
    ready(here);
    let release = || {
        // Whoever waits for a backup would be waited for.
        schedule.iter().for_each(Schedule::stop);
        drop((tasks, keeping, scrape, recording));
        posted.into_iter().for_each(Posted::close);
    };
    let mut strayed = None;
    let until = over(stop, (&charge, &others), (lost, &mut strayed));
    let end = daemon::serve(endpoint, Peers::Any, service, settings.limits, ended, until, release).await;
    if let Some(feeding) = feeding {
        feeding.close().await;
    }
    strayed.map_or(end, Err)
}

/// What looks at the seller once a second.
fn eyes(operators: &Arc<Operators>, machine: Machine, alarms: alarm::Settings) -> Eyes<Operators> {
    Eyes { service: Arc::clone(operators), machine, guard: Guard::of(alarms, DAEMON.word) }
}

/// What terminals are answered by.
fn storefront(
    (shop, quote_valid, data): (String, Duration, &Path),
    identity: Identity,
    (clock, registry): (Clock, Registry),
    (catalogue, shown, reader): (Live, Shown, Reader),
    (writer, settlement, standing): (
        mpsc::Sender<Command>,
        watch::Receiver<ClosedLink>,
        watch::Receiver<Standing>,
    ),
) -> Service {
    Service {
        shop,
        currency: Currency::Gbp,
        quotes: Quotes::new(identity),
        quote_valid,
        clock,
        catalogue,
        shown,
        reader,
        pictures: Pictures::in_folder(data),
        readers: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
        writer,
        settlement,
        standing,
        roster: Roster::default(),
        registry,
    }
}

/// Waits until this node is to stop, has lost its charge, or cannot follow any longer.
async fn over(
    stop: impl Future<Output = ()>,
    (charge, others): (&Charge, &Others),
    (lost, strayed): (&mut Option<Epoch>, &mut Option<String>),
) {
    tokio::select! {
        () = stop => {}
        epoch = charge.fenced() => *lost = Some(epoch),
        why = others.follow(charge) => *strayed = Some(why.to_string()),
    }
}

/// The seller's key, which is also what its quotes are signed with.
///
/// # Errors
/// A line on what is wrong with the key file.
pub fn load_identity(data: &Path) -> Result<Identity, String> {
    let key = credentials::instead_of(&data.join("keys").join("seller.key"));
    // With another key neither terminals nor the settlement would know this shop again.
    may_make_key(&key, &data.join("journal"))?;
    Identity::load_or_create(key).map_err(text)
}

/// Where terminals connect.
fn open_endpoint<N: Net>(
    settings: &Settings,
    net: &N,
    identity: &Identity,
) -> Result<quinn::Endpoint, String> {
    let tls = tls::server_config(identity, Peers::Any, ALPN, Migration::Allowed).map_err(text)?;
    let tls = match settings.limits.strangers {
        Some(strangers) => tls::narrow(tls, strangers.narrow_window_bytes),
        None => tls,
    };
    let Some(open) = &settings.open_interface else {
        return net.endpoint(settings.listen, Some(tls)).map_err(text);
    };
    net.endpoint_on(open, settings.listen, Some(tls)).map_err(text)
}

/// Keeps a host that stands on two interfaces from being a way from the one to the other.
fn no_thoroughfare(settings: &Settings) -> Result<(), String> {
    match (&settings.open_interface, &settings.closed) {
        (Some(open), Side::Network { interface: Some(closed), .. }) => {
            refuse_forwarding([open, closed]).map_err(text)
        }
        (None, _) | (Some(_), Side::Network { .. } | Side::Ethernet { .. } | Side::Unix { .. }) => Ok(()),
    }
}

fn closed_link<N: Net>(
    settings: &Settings,
    identity: &Identity,
    ground: &Ground<N>,
) -> Result<Trunk, String> {
    let peers = Peers::pins(settings.settlement_pins.iter().copied());
    let key = KnockKey::read(&settings.knock_key).map_err(text)?;
    let gate = Gate::of_seller(&key).with_clock(Arc::clone(&ground.clock));
    let config =
        gate.client_config(tls::closed_client_config(identity, peers, SETTLEMENT_ALPN).map_err(text)?);
    let endpoint = ground.net.closed(&settings.closed, &gate, None).map_err(text)?;
    Trunk::new(endpoint, &settings.settlement, config).map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
