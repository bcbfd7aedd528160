//! What one request costs on the exchange, between two processes over loopback:
//! `cargo bench -p kessai-shared --bench exchange -- [--seconds S] [--workers N] [--only TEXT]`.
//! A line a case: requests a second, CPU of each side for one request, and how long one takes. The
//! `floor` lines are the same bytes over one plain QUIC stream, with no exchange: compare within a
//! run, because machines differ and are noisy.

use std::fmt;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kessai_shared::exchange::{Client, HEADER_BYTES, Limits, Service, serve};
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, client_config, server_config};
use quinn::{Connection, Endpoint};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const ALPN: &[u8] = b"kessai-bench/1";
const FLOOR_ALPN: &[u8] = b"kessai-bench-floor/1";

/// Nothing here waits longer for one reply.
const DEADLINE: Duration = Duration::from_secs(10);

/// Outstanding requests of one case never pass this many a connection, as on the closed wire.
const MAX_IN_FLIGHT: u32 = 4096;

/// Handshakes of one line.
const HANDSHAKES: u32 = 400;

/// Message sizes as on our wires, in bytes: what it is, the request, the reply.
const SIZES: [(&str, usize, usize); 3] = [("quote", 100, 350), ("place", 1600, 900), ("inquiry", 1600, 500)];

/// How many requests are outstanding over how many connections.
const LOADS: [(usize, usize); 5] = [(1, 1), (64, 1), (1024, 1), (64, 8), (1024, 8)];

/// Bytes that are encoded and decoded at once, so that their codec costs next to nothing.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Bytes, A::Error> {
                Ok(Bytes(Vec::new()))
            }
        }
        deserializer.deserialize_bytes(Whole)
    }
}

#[derive(Serialize, Deserialize)]
struct Ask {
    reply_bytes: u32,
    body: Bytes,
}

struct Echo;

impl Service for Echo {
    type Request = Ask;
    type Reply = Bytes;

    async fn call(self: Arc<Self>, _: Pin, ask: Ask) -> Bytes {
        // What a peer asks for stays within a frame, also in a bench.
        let bytes = (ask.reply_bytes as usize).min(1 << 16);
        let mut body = ask.body.0;
        body.resize(bytes, 7);
        Bytes(body)
    }
}

struct Options {
    seconds: f64,
    workers: Option<usize>,
    only: String,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut options = Options { seconds: 1.0, workers: None, only: String::new() };
    let mut role = None;
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value after the option");
        match arg.as_str() {
            "--seconds" => options.seconds = value().parse().expect("seconds"),
            "--workers" => options.workers = Some(value().parse().expect("a number of threads")),
            "--only" => options.only = value(),
            "--serve" => role = Some(value()),
            // What cargo adds.
            "--bench" => {}
            other => panic!("no such option: {other}"),
        }
    }
    match role.as_deref() {
        Some("exchange") => runtime(options.workers).block_on(serve_exchange()),
        Some("floor") => runtime(options.workers).block_on(serve_floor()),
        Some(other) => panic!("no such role: {other}"),
        None => measure(&options),
    }
}

fn runtime(workers: Option<usize>) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.enable_all().build().expect("a runtime")
}

fn localhost() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Tells the parent where this server is and who, and goes down with the parent.
fn announce(endpoint: &Endpoint, key: &Identity) -> impl Future<Output = ()> + use<> {
    println!("{} {}", endpoint.local_addr().expect("an address"), key.pin());
    async {
        let gone = tokio::task::spawn_blocking(|| std::io::stdin().lines().next());
        drop(gone.await);
    }
}

async fn serve_exchange() {
    let key = Identity::generate().expect("random bytes");
    let config = server_config(&key, Peers::Any, ALPN, Migration::Allowed).expect("a config");
    let endpoint = RealNet::of_identity(&key).endpoint(localhost(), Some(config)).expect("an endpoint");
    let limits = Limits {
        max_connections_per_peer: 64,
        max_in_flight_per_connection: MAX_IN_FLIGHT,
        ..Limits::default()
    };
    let stop = announce(&endpoint, &key);
    serve(endpoint, Peers::Any, Arc::new(Echo), limits, stop).await;
    std::process::exit(0);
}

/// The same bytes with no exchange: each stream says first how long requests and replies are.
async fn serve_floor() {
    let key = Identity::generate().expect("random bytes");
    let config = server_config(&key, Peers::Any, FLOOR_ALPN, Migration::Allowed).expect("a config");
    let endpoint = RealNet::of_identity(&key).endpoint(localhost(), Some(config)).expect("an endpoint");
    let stop = announce(&endpoint, &key);
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(async move {
                let connection = incoming.await.ok()?;
                answer_floor(&connection).await
            });
        }
    });
    stop.await;
    std::process::exit(0);
}

async fn answer_floor(connection: &Connection) -> Option<()> {
    let (mut send, mut recv) = connection.accept_bi().await.ok()?;
    let mut sizes = [0; 8];
    recv.read_exact(&mut sizes).await.ok()?;
    let size = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes")) as usize;
    let (request, reply) = (size(&sizes[..4]), size(&sizes[4..]));
    let (mut held, mut answer) = (0, Vec::new());
    while let Some(chunk) = recv.read_chunk(1 << 16, true).await.ok()? {
        held += chunk.bytes.len();
        answer.resize(held / request * reply, 7);
        held %= request;
        send.write_all(&answer).await.ok()?;
    }
    Some(())
}

/// A server in a process of its own, which goes when this is dropped.
struct Other {
    child: Child,
    addr: SocketAddr,
    pin: Pin,
}

impl Other {
    fn start(role: &str, workers: Option<usize>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--serve", role]);
        if let Some(workers) = workers {
            command.args(["--workers", &workers.to_string()]);
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a second process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let (addr, pin) = line.trim().split_once(' ').expect("an address and a pin");
        Self { child, addr: addr.parse().expect("an address"), pin: pin.parse().expect("a pin") }
    }

    fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// CPU time that a process has used, to a hundredth of a second.
fn cpu_of(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process is there");
    let (_, fields) = stat.rsplit_once(')').expect("the name of the program");
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|ticks| ticks.parse::<u64>().ok()).expect("ticks");
    Duration::from_millis((next() + next()) * 10)
}

fn measure(options: &Options) {
    println!(
        "{:<10} {:<8} {:>11} {:>6} {:>10} {:>10} {:>10} {:>9} {:>9} {:>6}",
        "path", "message", "outstanding", "conns", "req/s", "ask µs", "answer µs", "p50 µs", "p99 µs", "mtu"
    );
    let runtime = runtime(options.workers);
    for (message, request, reply) in SIZES {
        for (outstanding, connections) in LOADS {
            for path in ["exchange", "floor"] {
                let name = format!("{path}/{message}/{outstanding}/{connections}");
                if !name.contains(&options.only) {
                    continue;
                }
                let other = Other::start(path, options.workers);
                let load = Load { request, reply, outstanding, connections };
                let seconds = Duration::from_secs_f64(options.seconds);
                let figures = runtime.block_on(load.run(path == "floor", &other, seconds));
                println!("{path:<10} {message:<8} {outstanding:>11} {connections:>6} {figures}");
            }
        }
    }
    for path in ["exchange", "floor"] {
        if format!("{path}/handshake").contains(&options.only) {
            let other = Other::start(path, options.workers);
            let figures = runtime.block_on(handshakes(path == "floor", &other));
            println!("{path:<10} {:<8} {:>11} {:>6} {figures}", "hello", 1, "-");
        }
    }
}

struct Figures {
    rate: f64,
    ask: f64,
    answer: f64,
    p50: f64,
    p99: f64,
    mtu: u16,
}

impl Figures {
    fn of(mut times: Vec<Duration>, begun: Start, other: &Other, mtu: u16) -> Self {
        times.sort_unstable();
        let done = times.len().max(1) as f64;
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let at = |part: f64| times.get((done * part) as usize).copied().map_or(f64::NAN, micros);
        Self {
            rate: done / begun.at.elapsed().as_secs_f64(),
            ask: micros(cpu_of(std::process::id()) - begun.ask) / done,
            answer: micros(other.cpu() - begun.answer) / done,
            p50: at(0.5),
            p99: at(0.99),
            mtu,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, ask, answer, p50, p99, mtu } = self;
        write!(f, "{rate:>10.0} {ask:>10.2} {answer:>10.2} {p50:>9.0} {p99:>9.0} {mtu:>6}")
    }
}

struct Start {
    at: Instant,
    ask: Duration,
    answer: Duration,
}

impl Start {
    fn now(other: &Other) -> Self {
        Self { at: Instant::now(), ask: cpu_of(std::process::id()), answer: other.cpu() }
    }
}

struct Load {
    request: usize,
    reply: usize,
    outstanding: usize,
    connections: usize,
}

impl Load {
    /// Keeps so many requests outstanding for a while, after a quarter of it to warm up.
    async fn run(&self, floor: bool, other: &Other, time: Duration) -> Figures {
        let stop = Arc::new(AtomicBool::new(false));
        let counting = Arc::new(AtomicBool::new(false));
        let mut askers = tokio::task::JoinSet::new();
        let mut endpoints = Vec::new();
        for _ in 0..self.connections {
            let share = self.outstanding / self.connections;
            let key = Identity::generate().expect("random bytes");
            let endpoint = RealNet::default().endpoint(localhost(), None).expect("an endpoint");
            let alpn = if floor { FLOOR_ALPN } else { ALPN };
            let config = client_config(&key, Peers::pins([other.pin]), alpn).expect("a config");
            let flags = (Arc::clone(&stop), Arc::clone(&counting));
            if floor {
                let connecting = endpoint.connect_with(config, other.addr, SERVER_NAME);
                let connection = connecting.expect("an address").await.expect("a connection");
                askers.spawn(pour(connection, share, self.request, self.reply, flags));
            } else {
                let client = Client::connect(&endpoint, other.addr, config, SERVER_NAME).await;
                let client = client.expect("a connection");
                for _ in 0..share {
                    askers.spawn(ask(client.clone(), self.request, self.reply, flags.clone()));
                }
            }
            endpoints.push(endpoint);
        }
        tokio::time::sleep(time / 4).await;
        let begun = Start::now(other);
        counting.store(true, Ordering::Relaxed);
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        let mut mtu = 0;
        while let Some(asked) = askers.join_next().await {
            let (some, seen) = asked.expect("no panic");
            times.extend(some);
            mtu = mtu.max(seen);
        }
        Figures::of(times, begun, other, mtu)
    }
}

type Flags = (Arc<AtomicBool>, Arc<AtomicBool>);

async fn ask(client: Client, request: usize, reply: usize, (stop, counting): Flags) -> (Vec<Duration>, u16) {
    let overhead = 6;
    let ask = Ask { reply_bytes: reply as u32, body: Bytes(vec![7; request - overhead]) };
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let told: Bytes = client.call(&ask, DEADLINE).await.expect("a reply");
        assert_eq!(told.0.len(), reply);
        if counting.load(Ordering::Relaxed) {
            times.push(begun.elapsed());
        }
    }
    (times, 0)
}

/// As `ask`, many at once on one stream.
async fn pour(
    connection: Connection,
    outstanding: usize,
    request: usize,
    reply: usize,
    (stop, counting): Flags,
) -> (Vec<Duration>, u16) {
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    let (request, reply) = (request + HEADER_BYTES, reply + HEADER_BYTES);
    let sizes = [(request as u32).to_le_bytes(), (reply as u32).to_le_bytes()].concat();
    send.write_all(&sizes).await.expect("the server listens");
    let asks = vec![7; outstanding * request];
    send.write_all(&asks).await.expect("the server listens");
    let mut asked: std::collections::VecDeque<Instant> = vec![Instant::now(); outstanding].into();
    let (mut held, mut times) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let chunk = recv.read_chunk(1 << 16, true).await.expect("a reply").expect("no end");
        held += chunk.bytes.len();
        let told = held / reply;
        held %= reply;
        let now = Instant::now();
        for begun in asked.drain(..told) {
            if counting.load(Ordering::Relaxed) {
                times.push(now - begun);
            }
        }
        asked.extend(std::iter::repeat_n(now, told));
        send.write_all(&asks[..told * request]).await.expect("the server listens");
    }
    (times, connection.stats().path.current_mtu)
}

/// Connects, asks once and leaves, one after another.
async fn handshakes(floor: bool, other: &Other) -> Figures {
    let key = Identity::generate().expect("random bytes");
    let endpoint = RealNet::default().endpoint(localhost(), None).expect("an endpoint");
    let alpn = if floor { FLOOR_ALPN } else { ALPN };
    let config = client_config(&key, Peers::pins([other.pin]), alpn).expect("a config");
    let begun = Start::now(other);
    let mut times = Vec::new();
    for _ in 0..HANDSHAKES {
        let started = Instant::now();
        if floor {
            let connecting = endpoint.connect_with(config.clone(), other.addr, SERVER_NAME);
            let connection = connecting.expect("an address").await.expect("a connection");
            let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
            let sizes = [112_u32.to_le_bytes(), 112_u32.to_le_bytes()].concat();
            send.write_all(&[sizes, vec![7; 112]].concat()).await.expect("the server listens");
            recv.read_exact(&mut [0; 112]).await.expect("a reply");
            connection.close(quinn::VarInt::from_u32(0), b"done");
        } else {
            let client = Client::connect(&endpoint, other.addr, config.clone(), SERVER_NAME).await;
            let ask = Ask { reply_bytes: 100, body: Bytes(vec![7; 94]) };
            let told: Bytes = client.expect("a connection").call(&ask, DEADLINE).await.expect("a reply");
            assert_eq!(told.0.len(), 100);
        }
        times.push(started.elapsed());
    }
    Figures::of(times, begun, other, 0)
}
