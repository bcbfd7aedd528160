//! The one connection of a daemon to another, kept up whether anybody asks or not.
//!
//! A [`super::Link`] connects when there is something to ask, and hears from a server that was started
//! again that its connections are gone. The settlement tells nobody anything, so a trunk goes by what it
//! does not hear: while calls wait and nothing of what was sent is acknowledged, a second connection is
//! made beside the first, at all addresses in turn, and whichever is heard first is the one. Calls on the
//! other fail at once. A request is sent once at most; whether to ask again is for the caller to decide.

mod dialler;
mod health;
mod silence;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quinn::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::client::Client;
use super::error::{CallError, LinkError};
use dialler::Dialler;
use health::Record;
pub use health::{Health, State};
use silence::Silence;

/// Most addresses of one server.
pub const MAX_ADDRESSES: usize = 8;

/// How often a connection is listened to.
const LISTEN_EVERY: Duration = Duration::from_millis(50);

/// A server that is always connected to. Clones share one connection, which ends with the last of them.
#[derive(Clone)]
pub struct Trunk {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

/// What the keeper and the callers share.
struct Shared {
    endpoint: Endpoint,
    config: quinn::ClientConfig,
    /// Never empty; the one that answered last first.
    addresses: Mutex<Vec<SocketAddr>>,
    /// The connection that calls go on, while there is one that is not silent.
    line: watch::Sender<Option<Client>>,
    waiting: AtomicU64,
    in_flight: AtomicU64,
    /// Told when somebody begins to wait for a connection.
    wanted: Notify,
    record: Mutex<Record>,
}

/// Hears of the connections of a trunk.
pub struct Following(watch::Receiver<Option<Client>>);

impl Trunk {
    /// Begins to connect, to the first of these addresses (at most [`MAX_ADDRESSES`] count) that answers.
    /// It has to be called on a runtime.
    ///
    /// # Errors
    ///
    /// [`LinkError::Local`] without an address.
    pub fn new(
        endpoint: Endpoint,
        addresses: &[SocketAddr],
        config: quinn::ClientConfig,
    ) -> Result<Self, LinkError> {
        if addresses.is_empty() {
            return Err(LinkError::Local("there is no address to connect to".to_owned()));
        }
        let shared = Arc::new(Shared {
            endpoint,
            config,
            addresses: Mutex::new(addresses.iter().copied().take(MAX_ADDRESSES).collect()),
            line: watch::Sender::new(None),
            waiting: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            wanted: Notify::new(),
            record: Mutex::new(Record::new()),
        });
        let keeper = tokio::spawn(keep(Arc::clone(&shared))).abort_handle();
        Ok(Self { inner: Arc::new(Inner { shared, keeper }) })
    }

    /// Asks, waiting for a connection first when there is none, as long as the deadline allows.
    ///
    /// # Errors
    ///
    /// Any [`CallError`].
    pub async fn call<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        request: &Req,
        deadline: Duration,
    ) -> Result<Rep, CallError> {
        let (shared, until) = (&*self.inner.shared, Instant::now() + deadline);
        let client = match shared.line() {
            Some(client) => client,
            None => shared.wait_for_line(until).await?,
        };
        let _counted = Counted::of(&shared.in_flight);
        client.call(request, until.saturating_duration_since(Instant::now())).await
    }

    /// Hears of its connections from now on.
    #[must_use]
    pub fn follow(&self) -> Following {
        Following(self.inner.shared.line.subscribe())
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let shared = &self.inner.shared;
        let calls = (shared.waiting.load(Ordering::Relaxed), shared.in_flight.load(Ordering::Relaxed));
        shared.record().health(shared.addresses(), calls)
    }
}

impl Following {
    /// Waits until there is a connection to speak on.
    pub async fn up(&mut self) {
        let live = |client: &Option<Client>| client.as_ref().is_some_and(|client| !client.is_closed());
        let gone = self.0.wait_for(live).await.is_err();
        if gone {
            // The trunk is gone, and nothing comes up any more.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until there is another connection, or none.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    fn line(&self) -> Option<Client> {
        self.line.borrow().as_ref().filter(|client| !client.is_closed()).cloned()
    }

    async fn wait_for_line(&self, until: Instant) -> Result<Client, CallError> {
        let mut line = self.line.subscribe();
        let _counted = Counted::of(&self.waiting);
        self.wanted.notify_one();
        let live = line.wait_for(|client| client.as_ref().is_some_and(|client| !client.is_closed()));
        match timeout_at(until, live).await {
            Ok(Ok(client)) => client.clone().ok_or(CallError::NotSent(LinkError::Done)),
            // The keeper goes only with the last caller.
            Ok(Err(_)) => Err(CallError::NotSent(LinkError::Done)),
            Err(_) => Err(CallError::NotSent(self.record().last_error().unwrap_or(LinkError::Silent))),
        }
    }

    fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts an address first that has answered.
    fn prefer(&self, address: SocketAddr) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = addresses.iter().position(|known| *known == address) {
            addresses[..=at].rotate_right(1);
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // No code between lock and unlock leaves the record half changed, even if it panics.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as long as it is there.
struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    fn of(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How listening to a connection ends.
enum Heard {
    Ended(LinkError),
    Silent,
}

/// Keeps a trunk up, for as long as it is polled.
async fn keep(shared: Arc<Shared>) {
    let mut dialler = Dialler::new(Arc::clone(&shared));
    let (mut address, mut client) = dialler.reach(false).await;
    shared.record().connected(&client, address);
    loop {
        shared.line.send_replace(Some(client.clone()));
        match listen(&shared, &client, address).await {
            Heard::Ended(error) => {
                shared.line.send_replace(None);
                shared.record().ended(error);
                dialler.note_end(&client);
                (address, client) = dialler.reach(false).await;
                shared.record().connected(&client, address);
            }
            Heard::Silent => {
                // Who asks from now on waits for what comes of it, which is not long.
                shared.line.send_replace(None);
                shared.record().silent();
                tokio::select! {
                    () = heard_again(&shared, &client) => shared.record().heard_again(),
                    (there, other) = dialler.reach(true) => {
                        tracing::debug!(%there, "a connection that fell silent is replaced");
                        client.give_up(&LinkError::Silent);
                        shared.record().ended(LinkError::Silent);
                        (address, client) = (there, other);
                        shared.record().connected(&client, address);
                    }
                }
            }
        }
    }
}

/// Listens to a connection until it has ended or is silent.
async fn listen(shared: &Shared, client: &Client, address: SocketAddr) -> Heard {
    let mut ended = std::pin::pin!(client.closed());
    let (mut silence, mut answered) = (Silence::default(), false);
    let mut looks = interval(LISTEN_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            error = &mut ended => return Heard::Ended(error),
            _ = looks.tick() => {}
        }
        if !answered && client.answers() > 0 {
            answered = true;
            shared.prefer(address);
            shared.record().answered();
        }
        let busy = shared.in_flight.load(Ordering::Relaxed) > 0;
        if silence.observe(Instant::now(), busy, client.signs()) {
            return Heard::Silent;
        }
    }
}

/// Waits until anything more is heard on a connection, for ever when it has ended.
async fn heard_again(shared: &Shared, client: &Client) {
    let (mut ended, before) = (std::pin::pin!(client.closed()), client.signs().heard);
    let mut looks = interval(LISTEN_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            error = &mut ended => {
                shared.record().ended(error);
                return std::future::pending().await;
            }
            _ = looks.tick() => {}
        }
        if client.signs().heard > before {
            return;
        }
    }
}
