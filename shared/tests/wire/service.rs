//! A service for tests, and a server around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kessai_shared::exchange::{
    Broadcast, CallError, Client, Limits, LinkError, Roster, Service, TooMany, Watcher, serve,
};
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, client_config, server_config};
use quinn::Endpoint;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub const ALPN: &[u8] = b"kessai-test/1";
/// How long anything may take before a test gives it up. Nothing is expected to take this long; it only makes a
/// hang a failure, on a slow machine too.
pub const SOON: Duration = Duration::from_secs(60);
/// As a deadline of the exchange itself is 5 s, one who does not wait for it is done before that.
pub const BEFORE_ANY_DEADLINE: Duration = Duration::from_millis(4_500);
/// What takes so long is not over when a test looks, in milliseconds. Nobody waits for its end.
pub const FOR_EVER: u64 = 600_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    Echo(u64),
    Wait {
        millis: u64,
        value: u64,
    },
    Blob(Vec<u8>),
    /// A reply of so many bytes.
    Give(u32),
    Whoami,
    Panic,
    /// To be told whatever there is from now on.
    Watch,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Told {
    Value(u64),
    Blob(Vec<u8>),
    You(Pin),
}

#[derive(Default)]
pub struct Teller {
    pub calls: AtomicU64,
    pub done: AtomicU64,
    running: AtomicU64,
    pub most: AtomicU64,
    pub broadcast: Broadcast,
    pub roster: Roster,
}

impl Service for Teller {
    type Request = Ask;
    type Reply = Told;

    async fn call(self: Arc<Self>, peer: Pin, request: Ask) -> Told {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        let told = match request {
            Ask::Echo(value) => Told::Value(value),
            Ask::Wait { millis, value } => {
                sleep(Duration::from_millis(millis)).await;
                Told::Value(value)
            }
            Ask::Blob(bytes) => Told::Blob(bytes),
            Ask::Give(bytes) => Told::Blob(vec![0; bytes as usize]),
            Ask::Whoami => Told::You(peer),
            Ask::Panic => panic!("as asked"),
            Ask::Watch => panic!("it is answered where its stream begins"),
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.done.fetch_add(1, Ordering::SeqCst);
        told
    }

    fn watch(&self, peer: Pin, request: &Ask) -> Option<(Told, Option<Watcher>)> {
        (*request == Ask::Watch).then(|| match self.broadcast.join(peer) {
            Ok(watcher) => (Told::Value(1), Some(watcher)),
            Err(TooMany) => (Told::Value(0), None),
        })
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

pub struct TestServer {
    pub addr: SocketAddr,
    pub pin: Pin,
    pub teller: Arc<Teller>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl TestServer {
    pub fn open() -> Self {
        Self::with(&identity(), Peers::Any, Limits::default())
    }

    pub fn with(identity: &Identity, peers: Peers, limits: Limits) -> Self {
        Self::at(localhost(), identity, peers, limits)
    }

    pub fn at(addr: SocketAddr, identity: &Identity, peers: Peers, limits: Limits) -> Self {
        let config = server_config(identity, peers.clone(), ALPN, Migration::Allowed).unwrap();
        let net = RealNet::of_identity(identity);
        let endpoint = net.endpoint(addr, Some(config)).unwrap();
        let addr = endpoint.local_addr().unwrap();
        let teller = Arc::new(Teller::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve(endpoint, peers, Arc::clone(&teller), limits, shutdown));
        Self { addr, pin: identity.pin(), teller, stop, task }
    }

    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }

    pub fn calls(&self) -> u64 {
        self.teller.calls.load(Ordering::SeqCst)
    }

    pub async fn client(&self) -> Client {
        self.client_as(&identity()).await.unwrap()
    }

    pub async fn client_as(&self, identity: &Identity) -> Result<Client, LinkError> {
        let config = client_config(identity, Peers::pins([self.pin]), ALPN).unwrap();
        Client::connect(&endpoint(), self.addr, config, SERVER_NAME).await
    }
}

pub fn identity() -> Identity {
    Identity::generate().unwrap()
}

pub fn localhost() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

pub fn endpoint() -> Endpoint {
    RealNet::default().endpoint(localhost(), None).unwrap()
}

pub async fn echo(client: &Client, value: u64) -> Result<u64, CallError> {
    match client.call(&Ask::Echo(value), SOON).await? {
        Told::Value(value) => Ok(value),
        other => panic!("asked for a number, got {other:?}"),
    }
}

/// Waits until a number that is counted has come so far.
pub async fn until_counted(count: &AtomicU64, least: u64) {
    let counted = async {
        while count.load(Ordering::SeqCst) < least {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, counted).await.unwrap_or_else(|_| panic!("{least} were never counted"));
}

pub async fn wait(client: &Client, millis: u64, deadline: Duration) -> Result<Told, CallError> {
    client.call(&Ask::Wait { millis, value: 0 }, deadline).await
}
