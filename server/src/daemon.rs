//! The running seller: opens its books, stands on both networks, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::daemon::{self, Ground};
use kessai_shared::exchange::{Limits, Link, Roster};
use kessai_shared::folder::may_make_key;
use kessai_shared::identity::Identity;
use kessai_shared::money::Currency;
use kessai_shared::net::Net;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::operator::post::{Post, Posted};
use kessai_shared::operator::seller::ALPN as OPERATOR_ALPN;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{ALPN as SETTLEMENT_ALPN, Reply, Request};
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{self, Migration, Peers};
use kessai_shared::writer::{MAX_QUEUED, hand_in};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use crate::catalogue::Catalogue;
use crate::clerk::{Clerk, Command};
use crate::courier::{self, Cards};
use crate::heard_keys::HeardKeys;
use crate::operator::Service as Operators;
use crate::quotes::Quotes;
use crate::reader::Reader;
use crate::reconciler;
use crate::sales::Books;
use crate::service::{ClosedLink, Service};
use crate::settings::{JOURNAL, Settings};
use crate::shown::Shown;

/// How long the shop waits for its settlement before it opens without.
const SETTLEMENT_WAIT: Duration = Duration::from_secs(1);
/// How often the settlement is asked whether it is there (0800), and how long it may take.
const ECHO_EVERY: Duration = Duration::from_secs(2);
const ECHO_DEADLINE: Duration = Duration::from_secs(2);
/// How soon it is asked again while it has not answered yet.
const ECHO_RETRY: Duration = Duration::from_millis(100);
/// Most connections with one key: a till that serves many customers has many.
const MAX_CONNECTIONS_PER_TERMINAL: usize = 300;

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
    let tls = tls::server_config(&identity, Peers::Any, ALPN, Migration::Allowed).map_err(text)?;
    let link = closed_link(&settings, &identity, &ground)?;
    let as_task = ground.disk.is_some();
    let mut store = daemon::open::<Books>(&settings.data, JOURNAL, ground.disk).map_err(text)?;
    // Pages are read from the shelf, which otherwise follows in its own time.
    store.catch_up().map_err(text)?;
    let reader = Reader::new(store.shelf());
    let catalogue = Catalogue::of(store.books().products().cloned().collect());
    let (writer, queue) = mpsc::channel(MAX_QUEUED);
    let (errands, to_carry) = mpsc::unbounded_channel();
    let cards = Cards::default();
    let shown = Shown::of(store.books());
    let clock = Arc::clone(&ground.clock);
    let clerk = Clerk::new(clock, settings.terms, cards.clone(), shown.clone(), errands);
    let (tell, to_tell) = mpsc::unbounded_channel();
    let clerk = clerk.reconciling(tell);
    let ended = daemon::start(store, clerk, queue, Arc::clone(&ground.clock), as_task).map_err(text)?;
    let courier =
        tokio::spawn(courier::run(link.clone(), cards, to_carry, writer.clone(), Command::Answered));
    let reconciler =
        tokio::spawn(reconciler::run(link.clone(), to_tell, writer.clone(), Command::Reconciled));
    let heard = HeardKeys::in_folder(&settings.data);
    let issuer_keys = heard.load();
    let (seen, settlement) = watch::channel(ClosedLink { issuer_keys, ..ClosedLink::default() });
    let mut settlement_up = settlement.clone();
    let echo = tokio::spawn(keep_in_touch(link, seen, heard, writer.clone()));
    // Only now, with the books open, does it answer anybody.
    let endpoint = ground.net.endpoint(settings.listen, Some(tls)).map_err(text)?;
    let address = endpoint.local_addr().map_err(text)?;
    let pin = identity.pin();
    let operators = (&ground.net, settings.operator_listen);
    let post = Post::open(operators, &identity, &settings.data, OPERATOR_ALPN)?;
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
    let operators = Operators { shop: Arc::clone(&service), writer, roster: Roster::default() };
    let posted = post.map(|post| post.serve(Arc::new(operators)));
    // Whoever opens a shop wants to find its payments up. A settlement that is away keeps nobody waiting
    // for long.
    let _ = timeout(SETTLEMENT_WAIT, settlement_up.wait_for(|link| link.up)).await;
    ready(Ready { address, pin });
    let limits = Limits { max_connections_per_peer: MAX_CONNECTIONS_PER_TERMINAL, ..Limits::default() };
    let release = || {
        courier.abort();
        echo.abort();
        reconciler.abort();
        posted.into_iter().for_each(Posted::close);
    };
    daemon::serve(endpoint, Peers::Any, service, limits, ended, stop, release).await
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

fn closed_link<N: Net>(settings: &Settings, identity: &Identity, ground: &Ground<N>) -> Result<Link, String> {
    let peers = Peers::pins(settings.settlement_pins.iter().copied());
    let key = KnockKey::read(&settings.knock_key).map_err(text)?;
    let gate = Gate::of_seller(&key).with_clock(Arc::clone(&ground.clock));
    let config = gate.client_config(tls::client_config(identity, peers, SETTLEMENT_ALPN).map_err(text)?);
    let endpoint = ground.net.closed(&settings.closed, &gate, None).map_err(text)?;
    Ok(Link::new(endpoint, settings.settlement, config))
}

/// Asks the settlement now and then whether it is there, and keeps the issuer keys it passes on.
async fn keep_in_touch(
    link: Link,
    seen: watch::Sender<ClosedLink>,
    heard: HeardKeys,
    writer: mpsc::Sender<Command>,
) {
    let mut told = false;
    loop {
        let answer = link.call::<_, Reply>(&Request::Echo, ECHO_DEADLINE).await;
        // An operator wants to know once, not every time it is asked in vain.
        match &answer {
            Err(error) if !told => tracing::warn!("no answer from the settlement: {error}"),
            Ok(_) if told => tracing::info!("the settlement answers again"),
            Err(_) | Ok(_) => {}
        }
        told = answer.is_err();
        let up = match answer {
            Ok(Reply::Echo { issuer_keys, open_batch }) => {
                // A settlement that shows none has none to seal with; old decisions still have to be
                // checked with what it showed before.
                let known = || seen.borrow().issuer_keys.clone();
                let issuer_keys = if issuer_keys.is_empty() { known() } else { issuer_keys };
                if seen.borrow().issuer_keys != issuer_keys {
                    heard.keep(&issuer_keys);
                }
                seen.send_replace(ClosedLink { up: true, issuer_keys, open_batch: Some(open_batch) });
                // A writer that is gone takes the daemon with it.
                let _ = hand_in(&writer, Command::OpenBatch(open_batch)).await;
                true
            }
            Ok(_) | Err(_) => {
                seen.send_if_modified(|link| std::mem::replace(&mut link.up, false));
                false
            }
        };
        sleep(if up { ECHO_EVERY } else { ECHO_RETRY }).await;
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
