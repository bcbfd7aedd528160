//! The settlement by itself: the load acts as a seller that is on its list, and asks for decisions as
//! fast as they come, many at a time on each connection. The cards are sealed before the clock starts,
//! because that is the terminals' work, and one session a connection seals them all, as theirs does.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::digest::sha256;
use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{NodeId, OrderId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::net::Net;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, Purchase, Verdict};
use kessai_shared::seal::{Envelope, ResponseSecret, SealedCard, SealingSession};
use kessai_shared::settlement::{ALPN, Reply, Request};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Peers};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::counted_net::{CountedNet, WireBytes};
use super::histogram::{Histogram, Percentiles};
use super::load::{BEGUN, OVER};
use super::tables::Counter;
use crate::voice::Voice;

/// How long one decision may take.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long the purchases stand, in seconds.
const VALID_SECONDS: u64 = 3_600;
/// One decision in so many has its signature checked; what is in the books is checked of all of them.
const CHECKED: u64 = 256;
/// The share of all inquiries that goes before the clock starts, and at most after it has stopped.
const MARGIN: u64 = 10;

/// What to ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub address: SocketAddr,
    pub settlement: Pin,
    /// The key file of the seller that the load is.
    pub key: PathBuf,
    /// The file with the key that it knocks with.
    pub knock_key: PathBuf,
    pub connections: u32,
    pub outstanding: u32,
    /// How many inquiries there are in all.
    pub inquiries: u64,
    pub accounts: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Decisions while the clock ran, and how long it ran.
    pub decisions: u64,
    pub seconds: f64,
    pub latency: Percentiles,
    pub wire: WireBytes,
}

/// An inquiry that only has to be sent; the encapsulated key is the same for all of a session.
struct Ready {
    purchase: Purchase,
    ciphertext: Vec<u8>,
}

struct Asking {
    ready: Vec<Ready>,
    /// An envelope of the session, whose ciphertext is another one each time.
    session: Envelope,
    decision_key: [u8; 32],
    next: AtomicU64,
    done: AtomicU64,
    clock: [OnceLock<Instant>; 2],
    times: Mutex<Histogram>,
}

/// Asks everything.
///
/// # Errors
/// [`Failure`] at the first answer that is no approval.
pub async fn ask_all(plan: &Plan) -> Result<Found, Failure> {
    let net = CountedNet::default();
    let identity = Identity::load_or_create(plan.key.clone())?;
    let gate = Gate::of_seller(&KnockKey::read(&plan.knock_key)?);
    let side = Side::at(SocketAddr::from(([0, 0, 0, 0], 0)));
    let node = NodeId::from_bytes([1; 16]);
    let mut links = Vec::new();
    for _ in 0..plan.connections {
        let config = tls::client_config(&identity, Peers::pins([plan.settlement]), ALPN)?;
        let (config, endpoint) = (gate.client_config(config), net.closed(&side, &gate, None)?);
        links.push(Voice::of(Link::new(endpoint, plan.address, config), node).await?);
    }
    let keys = issuer_keys(links.first()).await?;
    let asking = Arc::new(Asking::prepare(plan, identity.pin(), &keys)?);
    let mut askers = JoinSet::new();
    for link in links.iter().cycle().take(plan.outstanding as usize) {
        askers.spawn(ask(link.clone(), Arc::clone(&asking)));
    }
    while let Some(ended) = askers.join_next().await {
        ended?.map_err(|why| Failure::failed(format!("an inquiry: {why}")))?;
    }
    for link in &links {
        link.link.leave().await;
    }
    let [begun, over] = &asking.clock;
    let (Some(begun), Some(over)) = (begun.get(), over.get()) else {
        return Err(Failure::failed("too few inquiries for a clock to run"));
    };
    let times = asking.times.lock().unwrap_or_else(PoisonError::into_inner).percentiles();
    let (from, to) = asking.span();
    let seconds = (*over - *begun).as_secs_f64();
    Ok(Found { decisions: to - from, seconds, latency: times, wire: net.bytes() })
}

async fn issuer_keys(link: Option<&Voice>) -> Result<IssuerKeys, Failure> {
    let link = link.ok_or_else(|| Failure::usage("no connection"))?;
    match link.ask(Request::Echo, DEADLINE).await? {
        Reply::Echo { issuer_keys, .. } => {
            let now = Timestamp::from_system_clock();
            let current = issuer_keys.into_iter().map(|signed| signed.keys).find(|k| k.span_contains(now));
            current.ok_or_else(|| Failure::failed("the settlement shows no sealing key"))
        }
        _ => Err(Failure::failed("the settlement answers something else than an echo")),
    }
}

async fn ask(link: Voice, asking: Arc<Asking>) -> Result<(), String> {
    loop {
        let nth = asking.next.fetch_add(1, Ordering::Relaxed);
        let Some(ready) = asking.ready.get(usize::try_from(nth).unwrap_or(usize::MAX)) else { return Ok(()) };
        let card = Envelope { ciphertext: ready.ciphertext.clone(), ..asking.session.clone() };
        let begun = Instant::now();
        let request = Request::Inquiry { purchase: ready.purchase, card };
        let decision = match link.ask(request, DEADLINE).await {
            Ok(Reply::Decided(decision)) => decision,
            Ok(Reply::Refused(refusal)) => return Err(format!("refused: {refusal:?}")),
            Ok(_) => return Err("the answer is no decision".to_owned()),
            Err(failure) => return Err(failure.line),
        };
        let said = &decision.statement;
        if said.purchase != ready.purchase || said.verdict != Verdict::Approved {
            return Err("the decision is no approval of this purchase".to_owned());
        }
        if nth.is_multiple_of(CHECKED) {
            let checked = decision.verify(&ready.purchase, &asking.decision_key);
            checked.map_err(|forged| format!("the decision is not proved: {forged:?}"))?;
        }
        asking.count(begun.elapsed());
    }
}

impl Asking {
    /// Seals every card, on all cores.
    fn prepare(plan: &Plan, seller: Pin, keys: &IssuerKeys) -> Result<Self, Failure> {
        // One product stands for any: the settlement never sees the lines of an order.
        let counter = Counter::new(plan.accounts, super::tables::LINES).map_err(Failure::failed)?;
        let sealing = |_| Failure::failed("the sealing key is of an unknown kind");
        let session = SealingSession::begin(keys).map_err(sealing)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
        let share = plan.inquiries.div_ceil(cores).max(1);
        let seal = |numbers: std::ops::Range<u64>| {
            numbers.map(|nth| ready(&counter, &session, seller, nth)).collect::<Result<Vec<_>, String>>()
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let part = |at: u64| at * share..((at + 1) * share).min(plan.inquiries);
            let threads: Vec<_> = (0..cores).map(|at| scope.spawn(move || seal(part(at)))).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        let mut ready = Vec::new();
        let mut first = None;
        for part in parts {
            let part = part.map_err(|_| Failure::failed("a sealing thread has failed"))?;
            for (purchase, envelope) in part.map_err(Failure::failed)? {
                ready.push(Ready { purchase, ciphertext: envelope.ciphertext.clone() });
                first.get_or_insert(envelope);
            }
        }
        Ok(Self {
            ready,
            session: first.ok_or_else(|| Failure::usage("no inquiries"))?,
            decision_key: keys.decision_key,
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
            clock: [OnceLock::new(), OnceLock::new()],
            times: Mutex::default(),
        })
    }

    /// Between which decisions the clock runs: not while the first set out, nor while the last come in.
    fn span(&self) -> (u64, u64) {
        let all = self.ready.len() as u64;
        (all / MARGIN, all - all / MARGIN)
    }

    fn count(&self, time: Duration) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let (from, to) = self.span();
        if (from..to).contains(&done) {
            self.times.lock().unwrap_or_else(PoisonError::into_inner).add(time);
        }
        for (at, (clock, sign)) in [from, to].into_iter().zip(self.clock.iter().zip([BEGUN, OVER])) {
            if done == at && clock.set(Instant::now()).is_ok() {
                println!("{sign}");
            }
        }
    }
}

fn ready(
    counter: &Counter,
    session: &SealingSession,
    seller: Pin,
    nth: u64,
) -> Result<(Purchase, Envelope), String> {
    let now = Timestamp::from_system_clock();
    let digest = sha256(&[b"kessai bench inquiry", &seller.0, &now.0.to_le_bytes(), &nth.to_le_bytes()]);
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    let purchase = Purchase {
        seller,
        order: OrderId::mint(now, random),
        amount: Minor(100 + i64::try_from(nth % 1_000).unwrap_or_default()),
        currency: Currency::Gbp,
        quote_hash: digest,
        deadline: now.plus_seconds(VALID_SECONDS),
    };
    let card = counter.basket(nth)?.card.card;
    let sealed = SealedCard { card, response: ResponseSecret(digest), holder: None };
    let envelope = session.seal(&sealed, &purchase).map_err(|error| error.to_string())?;
    Ok((purchase, envelope))
}
