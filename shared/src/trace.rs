//! What one purchase goes through in all three programs: each leg is a log line that names its order and,
//! where a configuration says so, a span of a trace for OpenTelemetry.
//!
//! Nothing of it is on any wire. The sixteen bytes of the order's id are the trace's, and whoever knows an
//! order can work out the id of every span that another program hangs its own under ([`Leg::span`]). Whether
//! an order is sampled comes from its id too, so that all programs with the same ratio sample the same ones.
//! A trace says nothing of who buys, what, and with which card: order, leg, times and outcome are all.

mod export;
mod otlp;
mod settings;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use crate::digest::sha256;
use crate::ids::{CaptureId, OrderId, RefundId};
use crate::time::Timestamp;

pub use settings::Settings;

/// Separates span ids from every other digest.
const SPAN_LABEL: &[u8] = b"kessai span 1";
/// Most spans that wait to be sent; what comes beyond is dropped and counted.
const MOST_WAITING: usize = 8_192;

/// A part of a purchase's way. A leg that others hang theirs under happens once an order, or once an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    // At the terminal.
    /// From sealing the card until the outcome is verified: the root of the trace.
    Purchase,

    // At the seller.
    /// From the arrival of a purchase until its terminal is answered.
    Order,
    /// Errands to the settlement, from the durable record that owes them until they are answered.
    Inquiry,
    Reversal,
    Capture(CaptureId),
    Release(RefundId),
    Refund(RefundId),

    // At the settlement.
    /// From the arrival of an inquiry until it is answered; within it, the seal, and the durable decision.
    Decision,
    Opening,
    Deciding,
    /// What was asked, by what the seller calls its errand.
    Reversing,
    Capturing(CaptureId),
    Releasing(RefundId),
    Refunding(RefundId),
    /// A seller that lost its own answer asks what became of an inquiry.
    Asking,
}

/// The id of a span within its trace.
pub type SpanId = [u8; 8];

/// Where the spans of this process go. There is one for all of it, as there is one log.
static SAMPLED: OnceLock<Sampled> = OnceLock::new();

struct Sampled {
    /// An order whose last seven bytes are not above this is sampled.
    most: u64,
    queue: mpsc::Sender<Job>,
    counts: Arc<Counts>,
}

/// What whoever sends spans is given.
enum Job {
    Send(Span),
    /// Tells when all before it is sent or dropped.
    Flush(oneshot::Sender<()>),
}

/// What became of spans since the start.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    /// Those that found the queue full, and those that no collector took.
    dropped: AtomicU64,
}

/// One leg that has ended.
struct Span {
    order: OrderId,
    leg: Leg,
    id: SpanId,
    parent: Option<SpanId>,
    begun: Timestamp,
    micros: u64,
    outcome: String,
}

/// A leg that is under way. One that is dropped without an end tells of none.
#[must_use]
pub struct Begun {
    order: OrderId,
    leg: Leg,
    /// When it began; nothing while neither its line nor its span is wanted.
    at: Option<(Timestamp, Instant)>,
    id: SpanId,
    parent: Option<SpanId>,
}

impl Leg {
    pub const fn name(self) -> &'static str {
        match self {
            Leg::Purchase => "purchase",
            Leg::Order => "order",
            Leg::Inquiry => "inquiry",
            Leg::Reversal => "reversal",
            Leg::Capture(_) => "capture",
            Leg::Release(_) => "release",
            Leg::Refund(_) => "refund",
            Leg::Decision => "decision",
            Leg::Opening => "opening",
            Leg::Deciding => "deciding",
            Leg::Reversing => "reversing",
            Leg::Capturing(_) => "capturing",
            Leg::Releasing(_) => "releasing",
            Leg::Refunding(_) => "refunding",
            Leg::Asking => "asking",
        }
    }

    /// What it is a part of.
    pub const fn parent(self) -> Option<Leg> {
        match self {
            Leg::Purchase => None,
            Leg::Order => Some(Leg::Purchase),
            Leg::Inquiry | Leg::Reversal | Leg::Capture(_) | Leg::Release(_) | Leg::Refund(_) => {
                Some(Leg::Order)
            }
            Leg::Decision | Leg::Asking => Some(Leg::Inquiry),
            Leg::Opening | Leg::Deciding => Some(Leg::Decision),
            Leg::Reversing => Some(Leg::Reversal),
            Leg::Capturing(id) => Some(Leg::Capture(id)),
            Leg::Releasing(id) => Some(Leg::Release(id)),
            Leg::Refunding(id) => Some(Leg::Refund(id)),
        }
    }

    /// Whether other programs hang theirs under it, so that its span has to be one that they can work out.
    const fn is_joint(self) -> bool {
        match self {
            Leg::Purchase
            | Leg::Order
            | Leg::Inquiry
            | Leg::Reversal
            | Leg::Capture(_)
            | Leg::Release(_)
            | Leg::Refund(_) => true,
            Leg::Decision
            | Leg::Opening
            | Leg::Deciding
            | Leg::Reversing
            | Leg::Capturing(_)
            | Leg::Releasing(_)
            | Leg::Refunding(_)
            | Leg::Asking => false,
        }
    }

    /// The span in the trace of an order that others hang theirs under: SHA-256 of label, order, name and
    /// what tells it from others of its name, cut to eight bytes.
    pub fn span(self, order: OrderId) -> SpanId {
        span(order, self, &[])
    }

    /// A span that only this process knows, and only this once.
    fn own_span(self, order: OrderId, at: Timestamp) -> SpanId {
        static NTH: AtomicU64 = AtomicU64::new(0);
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        let apart = [at.0, nth, u64::from(std::process::id())].map(u64::to_le_bytes).concat();
        span(order, self, &apart)
    }

    fn id(self) -> [u8; 16] {
        match self {
            Leg::Capture(id) | Leg::Capturing(id) => *id.as_bytes(),
            Leg::Release(id) | Leg::Releasing(id) | Leg::Refund(id) | Leg::Refunding(id) => *id.as_bytes(),
            Leg::Purchase
            | Leg::Order
            | Leg::Inquiry
            | Leg::Reversal
            | Leg::Decision
            | Leg::Opening
            | Leg::Deciding
            | Leg::Reversing
            | Leg::Asking => [0; 16],
        }
    }
}

fn span(order: OrderId, leg: Leg, apart: &[u8]) -> SpanId {
    let digest = sha256(&[SPAN_LABEL, order.as_bytes(), leg.name().as_bytes(), &leg.id(), apart]);
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}

/// Starts whoever sends the spans of this process to a collector, on the runtime of the caller. `service` is
/// what it is called there. A process starts it once; what is begun before is not traced.
pub fn start(settings: Option<&Settings>, service: &'static str) {
    let Some(settings) = settings else { return };
    let (queue, jobs) = mpsc::channel(MOST_WAITING);
    let counts = Arc::new(Counts::default());
    let exporting = export::run(settings.endpoint, service, jobs, Arc::clone(&counts));
    if SAMPLED.set(Sampled { most: settings.most(), queue, counts }).is_ok() {
        tokio::spawn(exporting);
    }
}

/// Begins a leg of an order.
pub fn begin(order: OrderId, leg: Leg) -> Begun {
    begin_under(order, leg, leg.parent().map(|parent| parent.span(order)))
}

fn begin_under(order: OrderId, leg: Leg, parent: Option<SpanId>) -> Begun {
    let is_traced = samples(order).is_some();
    let is_wanted = is_traced || tracing::enabled!(tracing::Level::DEBUG);
    let at = is_wanted.then(|| (Timestamp::from_system_clock(), Instant::now()));
    let id = match &at {
        Some(_) if is_traced && leg.is_joint() => leg.span(order),
        Some((at, _)) if is_traced => leg.own_span(order, *at),
        Some(_) | None => SpanId::default(),
    };
    Begun { order, leg, at, id, parent }
}

/// Waits until all spans so far are sent or dropped, or for so long.
pub async fn flush(most: Duration) {
    let Some(sampled) = SAMPLED.get() else { return };
    let (tell, told) = oneshot::channel();
    let _ = tokio::time::timeout(most, async {
        // One that does not send any more has nothing to wait for.
        if sampled.queue.send(Job::Flush(tell)).await.is_ok() {
            let _ = told.await;
        }
    })
    .await;
}

/// How many spans were sent, and how many dropped; nothing where none are made.
pub fn counts() -> Option<(u64, u64)> {
    let Counts { sent, dropped } = &*SAMPLED.get()?.counts;
    Some((sent.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed)))
}

/// Where the spans of an order go, if it is one of those that are traced.
fn samples(order: OrderId) -> Option<&'static Sampled> {
    // The id begins with the time, and then says of which kind it is (RFC 9562): only its last seven bytes
    // are as good as chance, as the trace ids of W3C Trace Context Level 2 have it.
    let [.., a, b, c, d, e, f, g] = *order.as_bytes();
    SAMPLED.get().filter(|sampled| u64::from_be_bytes([0, a, b, c, d, e, f, g]) <= sampled.most)
}

impl Begun {
    /// The same leg, for an order that had it already: a span of its own, under which nobody hangs any.
    pub fn again(self) -> Self {
        let own = self.at.as_ref().map(|(at, _)| self.leg.own_span(self.order, *at));
        Self { id: own.unwrap_or_default(), ..self }
    }

    /// Begins a part of it.
    pub fn part(&self, leg: Leg) -> Begun {
        begin_under(self.order, leg, Some(self.id))
    }

    /// Says how the leg ended: in the log, and to the collector.
    pub fn end(self, outcome: &str) {
        let Self { order, leg, at: Some((begun, at)), id, parent } = self else { return };
        let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(%order, leg = leg.name(), micros, "{outcome}");
        let Some(sampled) = samples(order) else { return };
        let span = Span { order, leg, id, parent, begun, micros, outcome: outcome.to_owned() };
        // A purchase never waits for a collector.
        if sampled.queue.try_send(Job::Send(span)).is_err() {
            sampled.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
