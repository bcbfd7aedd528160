//! A node that writes, and a node that follows it.

#[path = "../support/lasting.rs"]
mod lasting;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::identity::Identity;
use kessai_shared::ids::NodeId;
use kessai_shared::journal::{FileDisk, Head, Kind, Layout, Record, walk};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::replica::seed::{self, Wanted};
use kessai_shared::replica::{Dial, Feed, Feeding, Follower, Ground, Lost, WAITING, wire};
use kessai_shared::store::{Books, Copied, EachRow, Fault, Keep, Options, Stamp, Store};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{Migration, Peers, client_config, server_config};
use kessai_shared::writer::{self, Clerk, Desk, Gate, Standing};
use tokio::sync::{mpsc, oneshot, watch};

use lasting::lasting;

pub const KIND: Kind = Kind(b"TEST");
pub const SOON: Duration = Duration::from_secs(60);
/// Small, so that a short life fills many segments and makes checkpoints.
pub const SHORT: Options = Options {
    layout: Layout { segment_bytes: 256 << 10, ahead: true },
    checkpoint_after: 1 << 20,
    in_place: false,
    keep: Keep::USUAL,
};
/// The same without checkpoints.
pub const LONG: Options = Options { checkpoint_after: u64::MAX, ..SHORT };

/// Balances that changes add to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances(pub BTreeMap<u32, u64>);

impl Books for Balances {
    type Change = (u32, u64);
    type Key = u32;
    type Row = (u32, u64);

    fn encode_into(change: &(u32, u64), bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&change.0.to_le_bytes());
        bytes.extend_from_slice(&change.1.to_le_bytes());
    }

    fn decode(payload: &[u8]) -> Result<(u32, u64), String> {
        let (account, amount) = payload.split_first_chunk().ok_or("short")?;
        let amount = amount.try_into().map_err(|_| "no amount")?;
        Ok((u32::from_le_bytes(*account), u64::from_le_bytes(amount)))
    }

    fn apply(&mut self, change: &(u32, u64), _: Stamp) -> Result<(), String> {
        let balance = self.0.entry(change.0).or_default();
        *balance = balance.wrapping_add(change.1);
        Ok(())
    }

    fn touched(&self, change: &(u32, u64), each: &mut dyn FnMut(&u32)) {
        each(&change.0);
    }

    fn shelved(&self, each: &mut dyn FnMut(&u32)) {
        self.0.keys().for_each(each);
    }

    fn key(account: &u32) -> Vec<u8> {
        account.to_le_bytes().to_vec()
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let account = u32::from_le_bytes(key.try_into().ok()?);
        self.0.get(&account).map(|balance| balance.to_le_bytes().to_vec())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        self.0.iter().try_for_each(|(account, balance)| each(&account.to_le_bytes(), &balance.to_le_bytes()))
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<(u32, u64), String> {
        let account = key.try_into().map_err(|_| "no account")?;
        let balance = row.try_into().map_err(|_| "no balance")?;
        Ok((u32::from_le_bytes(account), u64::from_le_bytes(balance)))
    }

    fn take_row(&mut self, (account, balance): (u32, u64)) -> Result<(), String> {
        self.0.insert(account, balance);
        Ok(())
    }
}

pub enum Command {
    /// Adds these amounts, and tells the position of the last.
    Add(Vec<(u32, u64)>, oneshot::Sender<u64>),
    Look(oneshot::Sender<(Balances, u64)>),
}

/// Counts what was copied besides.
#[derive(Default)]
pub struct Adder {
    pub copied: Arc<std::sync::atomic::AtomicU64>,
}

impl Clerk for Adder {
    type Books = Balances;
    type Command = Command;

    fn handle(&mut self, command: Command, desk: &mut Desk<'_, Balances>) -> Result<(), Fault> {
        match command {
            Command::Add(amounts, tell) => {
                let mut last = 0;
                for change in &amounts {
                    last = desk.change(change)?.position;
                }
                desk.after(move |_| {
                    let _ = tell.send(last);
                });
            }
            Command::Look(tell) => {
                let last = desk.next_stamp().position - 1;
                desk.after(move |books| {
                    let _ = tell.send((books.clone(), last));
                });
            }
        }
        Ok(())
    }

    fn tick(&mut self, _: &mut Desk<'_, Balances>) -> Result<(), Fault> {
        Ok(())
    }

    fn copied(&mut self, groups: &[Copied<(u32, u64)>], _: &Balances, _: bool) {
        let changes: usize = groups.iter().map(|group| group.changes().len()).sum();
        self.copied.fetch_add(changes as u64, std::sync::atomic::Ordering::SeqCst);
    }
}

pub fn id(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 16])
}

pub fn key(byte: u8) -> Identity {
    Identity::from_seed(&[byte; 32]).expect("a key")
}

/// A node in charge.
pub struct Primary {
    pub writer: mpsc::Sender<Command>,
    pub urgent: mpsc::Sender<Command>,
    pub gate: Gate,
    pub feed: Arc<Feed>,
    pub address: SocketAddr,
    feeding: Option<Feeding>,
    endpoint: Option<quinn::Endpoint>,
    ended: oneshot::Receiver<Result<(), Fault>>,
}

impl Primary {
    pub fn start(folder: &Path, options: Options) -> Self {
        let (mut store, _) = Store::<Balances>::open_with(folder, KIND, options).expect("a whole store");
        let gate = Gate::default();
        let feed = Arc::new(Feed::new(id(1), store.source(), gate.clone()));
        let (writer, queue) = mpsc::channel(64);
        let (urgent, at_once) = mpsc::channel(4);
        let standing = Standing { gate: gate.clone(), copied: None, urgent: Some(at_once) };
        let clock = Arc::new(Timestamp::from_system_clock);
        let ended = writer::spawn(store, Adder::default(), queue, clock, standing).expect("a thread");
        let (endpoint, feeding, address) = open(&feed, &key(1), None);
        Self { writer, urgent, gate, feed, address, feeding: Some(feeding), endpoint: Some(endpoint), ended }
    }

    /// At an address that another had a moment ago.
    pub async fn start_at(folder: &Path, options: Options, address: SocketAddr) -> Self {
        let mut primary = Self::start(folder, options);
        primary.address = address;
        primary.cut().await;
        primary
    }

    /// Cuts everybody off, and answers again at the same address.
    pub async fn cut(&mut self) {
        if let Some(endpoint) = self.endpoint.take() {
            endpoint.close(9_u32.into(), b"cut");
        }
        drop(self.feeding.take());
        let begun = Instant::now();
        loop {
            let opened = try_open(&self.feed, &key(1), Some(self.address));
            match opened {
                Ok((endpoint, feeding, _)) => {
                    (self.endpoint, self.feeding) = (Some(endpoint), Some(feeding));
                    return;
                }
                // The socket of the one before is let go of a moment later.
                Err(error) if begun.elapsed() > SOON * 3 => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    pub async fn add(&self, amounts: Vec<(u32, u64)>) -> u64 {
        let (tell, told) = oneshot::channel();
        self.writer.send(Command::Add(amounts, tell)).await.expect("a writer");
        told.await.expect("told")
    }

    pub async fn look(&self) -> (Balances, u64) {
        look(&self.writer).await
    }

    pub async fn stop(mut self) {
        drop(self.feeding.take());
        self.endpoint.iter().for_each(|endpoint| endpoint.close(9_u32.into(), b"over"));
        drop((self.writer, self.urgent, self.feed));
        self.ended.await.expect("an end").expect("a good end");
    }
}

type Open = (quinn::Endpoint, Feeding, SocketAddr);

pub fn open(feed: &Arc<Feed>, key: &Identity, at: Option<SocketAddr>) -> Open {
    try_open(feed, key, at).expect("an endpoint")
}

fn try_open(feed: &Arc<Feed>, key: &Identity, at: Option<SocketAddr>) -> std::io::Result<Open> {
    let peers = Peers::pins([key.pin()]);
    let tls = server_config(key, peers.clone(), wire::ALPN, Migration::Refused).expect("a configuration");
    let endpoint = RealNet::default().endpoint(at.unwrap_or_else(lasting), Some(tls))?;
    let address = endpoint.local_addr()?;
    Ok((endpoint.clone(), feed.serve(endpoint, peers), address))
}

pub fn dial(address: SocketAddr, own: &Identity, theirs: &Identity) -> Dial {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let endpoint = RealNet::default().endpoint(any, None).expect("an endpoint");
    let config = client_config(own, Peers::pins([theirs.pin()]), wire::ALPN).expect("a configuration");
    Dial { endpoint, address, config }
}

/// A node that follows.
pub struct Standby {
    pub follower: Follower,
    pub writer: mpsc::Sender<Command>,
    pub copied: Arc<std::sync::atomic::AtomicU64>,
    ended: oneshot::Receiver<Result<(), Fault>>,
}

impl Standby {
    pub async fn start(folder: &Path, of: SocketAddr) -> Self {
        Self::try_start(folder, of, false).await.expect("it follows")
    }

    pub async fn try_start(folder: &Path, of: SocketAddr, rejoin: bool) -> Result<Self, String> {
        let dial = dial(of, &key(1), &key(1));
        let wanted = Wanted { data: folder, kind: KIND, node: id(2), dial: &dial, rejoin, keep: Keep::ALL };
        let seed::Seeded { mut store, mark, .. } = seed::open::<Balances>(&wanted).await?;
        let ground = Ground { dial, node: id(2), source: Arc::new(store.source()), seeding: mark };
        let (groups, copied) = mpsc::channel(WAITING);
        let (writer, queue) = mpsc::channel(64);
        let standing = Standing { gate: Gate::default(), copied: Some(copied), urgent: None };
        let adder = Adder::default();
        let counted = Arc::clone(&adder.copied);
        let clock = Arc::new(Timestamp::from_system_clock);
        let ended = writer::spawn(store, adder, queue, clock, standing).map_err(|error| error.to_string())?;
        let follower = Follower::start::<Balances>(ground, groups);
        Ok(Self { follower, writer, copied: counted, ended })
    }

    /// Waits until everything up to a position is durable here.
    pub async fn reaches(&self, position: u64) {
        let reached = async {
            while self.follower.durable().position < position {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let at = || (self.follower.durable().position, self.follower.status().borrow().clone());
        tokio::time::timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{position}: {:?}", at()));
    }

    /// Waits until a session goes on.
    pub async fn connects(&self) {
        let mut status = self.follower.status();
        let connected = status.wait_for(|status| status.connected);
        tokio::time::timeout(SOON, connected).await.expect("in time").expect("a follower");
    }

    /// Waits until following has ended by itself, then stops the writer; gives why it ended.
    pub async fn given_up(mut self) -> Lost {
        let why = tokio::time::timeout(SOON, self.follower.lost()).await.expect("an end");
        drop(self.writer);
        self.ended.await.expect("an end").expect("a good end");
        why
    }

    /// Stops following, then the writer; gives the end of the journal.
    pub async fn stop(self) -> Head {
        let head = self.follower.stop().await.expect("a good end");
        drop(self.writer);
        self.ended.await.expect("an end").expect("a good end");
        head
    }
}

pub async fn look(writer: &mpsc::Sender<Command>) -> (Balances, u64) {
    let (tell, told) = oneshot::channel();
    writer.send(Command::Look(tell)).await.expect("a writer");
    told.await.expect("told")
}

/// Every record that the files of a node have, with where the groups end.
pub fn records(folder: &Path) -> Vec<Record> {
    let disk = FileDisk::read_only(&folder.join("journal")).expect("a folder");
    let mut records = Vec::new();
    let mut each = |record: Record| -> Result<(), String> {
        records.push(record);
        Ok(())
    };
    walk(&disk, KIND, &mut each).expect("a whole journal");
    records
}

/// What the books of a stopped node are, and where its journal ends.
pub fn books(folder: &Path) -> (Balances, Head) {
    let (store, opened) = Store::<Balances>::open_with(folder, KIND, LONG).expect("a whole store");
    assert_eq!(opened.journal.dropped_bytes, 0);
    (store.books().clone(), store.head())
}

/// Adds groups of changes until it is told to stop; gives the last position.
pub async fn trade(writer: mpsc::Sender<Command>, stop: watch::Receiver<bool>) -> u64 {
    let (mut last, mut round) = (0, 0_u64);
    while !*stop.borrow() {
        round += 1;
        let amounts = (0..=round % 23).map(|nth| ((round * 7 + nth) as u32 % 500, round)).collect();
        let (tell, told) = oneshot::channel();
        writer.send(Command::Add(amounts, tell)).await.expect("a writer");
        last = told.await.expect("told");
    }
    last
}
