//! Carries what the books owe to the settlement, again and again until it is answered. Nothing here
//! is durable and nothing needs to be: after a restart the books name the same errands.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kessai_shared::exchange::CallError;
use kessai_shared::ids::{CaptureId, OrderId, RefundId};
use kessai_shared::measure::{Count, Registry, Spread};
use kessai_shared::money::Minor;
use kessai_shared::receipt::{Purchase, Verdict};
use kessai_shared::seal::Envelope;
use kessai_shared::settlement::{Refusal, Reply, Request, Standing};
use kessai_shared::trace::{self, Leg};
use kessai_shared::writer::hand_in;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::charge::Line;
use crate::sales::{Answer, Work};

/// How long the settlement may take for one answer.
const CALL_DEADLINE: Duration = Duration::from_secs(3);
/// How long the courier tries to get a decision before it takes the purchase back.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a terminal has to ask again after a restart has cost us its card.
const RESUBMIT_GRACE: Duration = Duration::from_secs(5);
/// The first and the longest pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest while a shopper waits.
const LONGEST_INQUIRY_PAUSE: Duration = Duration::from_millis(500);
/// The clearing batch of what cost nothing: there was no capture and no refund, so there is none.
const NO_BATCH: u32 = 0;

/// Most inquiries that are under way at once. Each holds a sealed card and some four kilobytes in all.
pub const MAX_INQUIRIES: usize = 8_192;
/// Most errands of other kinds that are under way at once. What is owed beyond waits in the books.
pub const MAX_OWED: usize = 2_048;

/// One message to the settlement, until it is answered.
pub struct Errand {
    pub work: Work,
}

/// The way of errands to the courier. Whoever sends keeps to both limits, so it is never full.
pub fn errands() -> (mpsc::Sender<Errand>, mpsc::Receiver<Errand>) {
    mpsc::channel(MAX_INQUIRIES + MAX_OWED)
}

/// The sealed cards of the orders that wait for a decision. In memory only.
#[derive(Clone, Default)]
pub struct Cards(Arc<Mutex<HashMap<OrderId, Envelope>>>);

impl Cards {
    pub fn put(&self, order: OrderId, card: Envelope) {
        self.lock().insert(order, card);
    }

    pub fn wipe(&self, order: OrderId) {
        self.lock().remove(&order);
    }

    fn get(&self, order: OrderId) -> Option<Envelope> {
        self.lock().get(&order).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OrderId, Envelope>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs errands until the clerk is gone, and hands each answer in as a `command` of the writer.
/// Dropping the future drops every errand under way.
pub async fn run<C: Send + 'static>(
    (link, registry): (Line, Registry),
    cards: Cards,
    mut errands: mpsc::Receiver<Errand>,
    writer: mpsc::Sender<C>,
    command: fn(Work, Answer, std::time::Instant) -> C,
) {
    let courier = Arc::new(Courier { link, cards, registry });
    let mut under_way = JoinSet::new();
    loop {
        tokio::select! {
            errand = errands.recv() => {
                let Some(Errand { work }) = errand else { return };
                let (courier, writer) = (Arc::clone(&courier), writer.clone());
                under_way.spawn(async move {
                    let leg = trace::begin(work.order(), leg(&work));
                    let answer = courier.carry(&work).await;
                    leg.end(outcome(&answer));
                    // A writer that is gone takes the daemon with it.
                    let _ = hand_in(&writer, command(work, answer, std::time::Instant::now())).await;
                });
            }
            Some(_) = under_way.join_next() => {}
        }
    }
}

fn leg(work: &Work) -> Leg {
    match *work {
        Work::Inquire { .. } => Leg::Inquiry,
        Work::Reverse { .. } => Leg::Reversal,
        Work::Capture { order, nth, .. } => Leg::Capture(CaptureId::of(order, nth)),
        Work::Release { given, order, .. } => Leg::Release(Work::refund_id(given, order)),
        Work::Refund { given, order, .. } => Leg::Refund(RefundId::of(given, order)),
        Work::Repay { refund, .. } => Leg::Refund(refund),
    }
}

fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Answer::Decided(decision) => match decision.statement.verdict {
            Verdict::Approved => "approved",
            Verdict::Declined => "declined",
        },
        Answer::Doubt => "unknown",
        Answer::Reversed => "reversed",
        Answer::Captured { .. } => "captured",
        Answer::Lapsed => "lapsed",
        Answer::Released => "released",
        Answer::Refunded { .. } => "refunded",
        Answer::Refused(_) => "refused",
    }
}

struct Courier {
    link: Line,
    cards: Cards,
    registry: Registry,
}

/// Whether a message was ever on its way.
#[derive(Default)]
struct Sent(bool);

impl Courier {
    /// Asks once, and counts that.
    async fn ask(&self, request: Request, sent: &mut Sent) -> Result<Reply, CallError> {
        let answer = self.link.ask(request, CALL_DEADLINE).await;
        if !matches!(answer, Err(CallError::NotSent(_) | CallError::TooLate)) {
            self.registry.count(Count::Sent);
            if std::mem::replace(&mut sent.0, true) {
                self.registry.count(Count::SentAgain);
            }
        }
        if answer.is_ok() {
            self.registry.count(Count::Answered);
        }
        answer
    }

    async fn carry(&self, work: &Work) -> Answer {
        match *work {
            Work::Capture { .. } if !work.moves_money() => Answer::Captured { batch: NO_BATCH },
            Work::Release { .. } if !work.moves_money() => Answer::Released,
            Work::Refund { .. } if !work.moves_money() => Answer::Refunded { batch: NO_BATCH },
            Work::Inquire { ref purchase } => self.inquire(purchase).await,
            Work::Reverse { order } => self.insist(order, Request::Reversal { order }, reversed).await,
            Work::Capture { order, nth, amount, last } => {
                let capture = CaptureId::of(order, nth);
                let request = Request::Capture { capture, order, amount, last };
                self.insist(order, request, |reply| captured(reply, amount)).await
            }
            Work::Release { given, order, amount } => {
                let release = Work::refund_id(given, order);
                self.insist(order, Request::Release { release, order, amount }, released).await
            }
            Work::Repay { order, refund, amount } => {
                let request = Request::Refund { refund, order, amount };
                self.insist(order, request, |reply| refunded(reply, amount)).await
            }
            Work::Refund { given, order, amount } => {
                let refund = RefundId::of(given, order);
                let request = Request::Refund { refund, order, amount };
                self.insist(order, request, |reply| refunded(reply, amount)).await
            }
        }
    }

    /// Gets a decision while there is hope for one in time: with the card by asking, without it by
    /// finding out whether there was one.
    async fn inquire(&self, purchase: &Purchase) -> Answer {
        let (begun, mut sent) = (Instant::now(), Sent::default());
        let mut pause = FIRST_PAUSE;
        loop {
            let card = self.cards.get(purchase.order);
            let had_card = card.is_some();
            let request = match card {
                Some(card) => Request::Inquiry { purchase: *purchase, card },
                None => Request::Status { order: purchase.order },
            };
            match self.ask(request, &mut sent).await {
                Ok(reply) => match decided(reply, purchase) {
                    Decided::Answer(answer) => {
                        if matches!(answer, Answer::Decided(_)) {
                            self.registry.took(Spread::DecidedIn, begun.elapsed());
                        }
                        return answer;
                    }
                    Decided::Never if !had_card && begun.elapsed() >= RESUBMIT_GRACE => return Answer::Doubt,
                    Decided::Never | Decided::NotNow => {}
                },
                // The next call waits for the link by itself, and has to be there when it is up.
                Err(error) => {
                    note(&error, purchase.order);
                    pause = FIRST_PAUSE;
                }
            }
            if begun.elapsed() >= PATIENCE {
                return Answer::Doubt;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_INQUIRY_PAUSE);
        }
    }

    /// Asks until there is an answer that ends it. A refusal that no repetition changes is one: nothing
    /// is asked for ever.
    async fn insist(
        &self,
        order: OrderId,
        request: Request,
        done: impl Fn(&Reply) -> Option<Answer>,
    ) -> Answer {
        let (mut pause, mut sent) = (FIRST_PAUSE, Sent::default());
        loop {
            match self.ask(request.clone(), &mut sent).await {
                Ok(reply) => {
                    if let Some(answer) = done(&reply) {
                        return answer;
                    }
                    match reply {
                        Reply::Refused(refusal) if !refusal.is_transient() => {
                            tracing::error!(
                                %order,
                                "the settlement refuses for good what our books say it owes ({refusal:?}); run \
                                 kessai reconcile"
                            );
                            return Answer::Refused(refusal);
                        }
                        Reply::Refused(_) => {}
                        Reply::Echo { .. }
                        | Reply::Decided(_)
                        | Reply::Status { .. }
                        | Reply::Reversed
                        | Reply::Captured { .. }
                        | Reply::Released { .. }
                        | Reply::Refunded { .. }
                        | Reply::Granted { .. }
                        | Reply::Beat
                        | Reply::Orders(_)
                        | Reply::Reconciled(_) => {
                            tracing::error!(%order, "the settlement answers what was not asked");
                        }
                    }
                }
                Err(CallError::PeerFault(fault)) => {
                    tracing::error!("the settlement broke the protocol: {fault}")
                }
                Err(_) => pause = FIRST_PAUSE,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

enum Decided {
    Answer(Answer),
    /// The settlement never heard of it.
    Never,
    NotNow,
}

fn decided(reply: Reply, purchase: &Purchase) -> Decided {
    match reply {
        Reply::Decided(decision)
        // Charged already: these books were put back from an older copy, and are brought forward.
        | Reply::Status {
            decision: Some(decision),
            standing: Standing::Held | Standing::Declined | Standing::Captured,
        }
            if decision.statement.purchase == *purchase =>
        {
            Decided::Answer(Answer::Decided(Box::new(decision)))
        }
        Reply::Status { standing: Standing::Unknown, .. } => Decided::Never,
        Reply::Refused(refusal) if refusal.is_transient() => Decided::NotNow,
        // Whatever else it is, it is no decision about this purchase that still stands.
        Reply::Decided(_)
        | Reply::Status { .. }
        | Reply::Refused(_)
        | Reply::Echo { .. }
        | Reply::Reversed
        | Reply::Captured { .. }
        | Reply::Released { .. }
        | Reply::Reconciled(_)
        | Reply::Granted { .. }
        | Reply::Beat
        | Reply::Orders(_)
        | Reply::Refunded { .. } => Decided::Answer(Answer::Doubt),
    }
}

fn reversed(reply: &Reply) -> Option<Answer> {
    matches!(reply, Reply::Reversed).then_some(Answer::Reversed)
}

fn captured(reply: &Reply, asked: Minor) -> Option<Answer> {
    match reply {
        Reply::Captured { amount, batch } if *amount == asked => Some(Answer::Captured { batch: *batch }),
        Reply::Refused(Refusal::Expired | Refusal::Reversed | Refusal::NotHeld) => Some(Answer::Lapsed),
        Reply::Refused(
            Refusal::Amount
            | Refusal::Captured
            | Refusal::Duplicate
            | Refusal::TryLater
            | Refusal::NotClosed
            | Refusal::Fenced { .. }
            | Refusal::Behind
            | Refusal::NotCaughtUp { .. }
            | Refusal::StillHeard,
        )
        | Reply::Captured { .. }
        | Reply::Echo { .. }
        | Reply::Decided(_)
        | Reply::Status { .. }
        | Reply::Reversed
        | Reply::Released { .. }
        | Reply::Reconciled(_)
        | Reply::Granted { .. }
        | Reply::Beat
        | Reply::Orders(_)
        | Reply::Refunded { .. } => None,
    }
}

/// A hold that is gone holds nothing of it either.
fn released(reply: &Reply) -> Option<Answer> {
    match reply {
        Reply::Released { .. } | Reply::Refused(Refusal::Expired | Refusal::Reversed | Refusal::NotHeld) => {
            Some(Answer::Released)
        }
        Reply::Refused(
            Refusal::Amount
            | Refusal::Captured
            | Refusal::Duplicate
            | Refusal::TryLater
            | Refusal::NotClosed
            | Refusal::Fenced { .. }
            | Refusal::Behind
            | Refusal::NotCaughtUp { .. }
            | Refusal::StillHeard,
        )
        | Reply::Echo { .. }
        | Reply::Decided(_)
        | Reply::Status { .. }
        | Reply::Reversed
        | Reply::Captured { .. }
        | Reply::Reconciled(_)
        | Reply::Granted { .. }
        | Reply::Beat
        | Reply::Orders(_)
        | Reply::Refunded { .. } => None,
    }
}

fn refunded(reply: &Reply, asked: Minor) -> Option<Answer> {
    match reply {
        Reply::Refunded { amount, batch } if *amount == asked => Some(Answer::Refunded { batch: *batch }),
        Reply::Refused(_)
        | Reply::Refunded { .. }
        | Reply::Echo { .. }
        | Reply::Decided(_)
        | Reply::Status { .. }
        | Reply::Reversed
        | Reply::Released { .. }
        | Reply::Reconciled(_)
        | Reply::Granted { .. }
        | Reply::Beat
        | Reply::Orders(_)
        | Reply::Captured { .. } => None,
    }
}

fn note(error: &CallError, order: OrderId) {
    tracing::debug!(%order, "no answer from the settlement: {error}");
}
