//! The running seller: opens its books, stands on both networks, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::daemon::{self, Ground};
use kessai_shared::exchange::{Roster, Trunk};
use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::money::Currency;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, refuse_forwarding};
use kessai_shared::operator::post::{Post, Posted};
use kessai_shared::operator::seller::DAEMON;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::ALPN as SETTLEMENT_ALPN;
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::MAX_QUEUED;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::catalogue::Catalogue;
use crate::clerk::{Clerk, Command};
use crate::courier::{self, Cards};
use crate::heard_keys::HeardKeys;
use crate::keep_in_touch;
use crate::operator::{self, Service as Operators};
use crate::quotes::Quotes;
use crate::reader::Reader;
use crate::reconciler;
use crate::sales::Books;
use crate::service::{ClosedLink, Service};
use crate::settings::{JOURNAL, Settings};
use crate::shown::Shown;

/// How long the shop waits for its settlement before it opens without.
const SETTLEMENT_WAIT: Duration = Duration::from_secs(1);

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
) -> Result<(), String> {
    let identity = load_identity(&settings.data)?;
    no_thoroughfare(&settings)?;
    let link = closed_link(&settings, &identity, &ground)?;
    let as_task = ground.disk.is_some();
    let mut store = daemon::open::<Books>(&settings.data, JOURNAL, ground.disk).map_err(text)?;
    // Pages are read from the shelf, which otherwise follows in its own time.
    store.catch_up().map_err(text)?;
    let reader = Reader::new(store.shelf());
    let catalogue = Catalogue::of(store.books().products().cloned().collect());
    let (writer, queue) = mpsc::channel(MAX_QUEUED);
    let (errands, to_carry) = courier::errands();
    let cards = Cards::default();
    let shown = Shown::of(store.books());
    let clock = Arc::clone(&ground.clock);
    let clerk = Clerk::new(clock, settings.terms, cards.clone(), shown.clone(), errands);
    let (tell, to_tell) = reconciler::to_tell();
    let clerk = clerk.reconciling(tell);
    let ended = daemon::start(store, clerk, queue, Arc::clone(&ground.clock), as_task).map_err(text)?;
    let courier =
        tokio::spawn(courier::run(link.clone(), cards, to_carry, writer.clone(), Command::Answered));
    let reconciler =
        tokio::spawn(reconciler::run(link.clone(), to_tell, writer.clone(), Command::Reconciled));
    let heard = HeardKeys::in_folder(&settings.data);
    let issuer_keys = heard.load();
    let away_since = Some(Instant::now());
    let unheard = ClosedLink { issuer_keys, away_since, ..ClosedLink::default() };
    let (seen, settlement) = watch::channel(unheard);
    let mut settlement_up = settlement.clone();
    let echo = tokio::spawn(keep_in_touch::run(link.clone(), seen, heard, writer.clone()));
    // Only now, with the books open, does it answer anybody.
    let endpoint = open_endpoint(&settings, &ground.net, &identity)?;
    let address = endpoint.local_addr().map_err(text)?;
    let pin = identity.pin();
    let operators = (&ground.net, settings.operator_listen);
    let post = Post::open(operators, &identity, &settings.data, DAEMON)?;
    let service = Arc::new(Service {
        shop: settings.shop,
        currency: Currency::Gbp,
        quotes: Quotes::new(identity),
        quote_valid: settings.quote_valid,
        clock: ground.clock,
        catalogue,
        shown,
        reader,
        writer: writer.clone(),
        settlement,
        roster: Roster::default(),
    });
    let kind = operator::kind(&settings.closed);
    let operators = Operators { shop: Arc::clone(&service), writer, roster: Roster::default(), link, kind };
    let posted = post.map(|post| post.serve(Arc::new(operators)));
    // Whoever opens a shop wants to find its payments up. A settlement that is away keeps nobody waiting
    // for long.
    let _ = timeout(SETTLEMENT_WAIT, settlement_up.wait_for(|link| link.up)).await;
    ready(Ready { address, pin });
    let release = || {
        courier.abort();
        echo.abort();
        reconciler.abort();
        posted.into_iter().for_each(Posted::close);
    };
    daemon::serve(endpoint, Peers::Any, service, settings.limits, ended, stop, release).await
}

/// The seller's key, which is also what its quotes are signed with.
///
/// # Errors
/// A line on what is wrong with the key file.
pub fn load_identity(data: &Path) -> Result<Identity, String> {
    let key = data.join("keys").join("seller.key");
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
