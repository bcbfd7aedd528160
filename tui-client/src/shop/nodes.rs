//! The nodes of a shop: several hosts that hold its one key, of which one at a time is in charge. A question
//! goes to that one. While it is silent the others are asked who they are, and when another one is in charge
//! the same question goes there, beside the first: every question of a terminal is safe to ask again. What the
//! shop must not make up, a decision of its settlement, is checked by whoever asked.

mod known;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kessai_shared::exchange::{CallError, Link, LinkError};
use kessai_shared::ids::Epoch;
use kessai_shared::storefront::{Answered, Refusal, Reply, Request, Standing};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::ShopError;
use known::{Known, Word};

/// How long a question waits before the other nodes are asked who they are: longer than most answers take.
const LOOK_AFTER: Duration = Duration::from_millis(400);
/// How often they are asked again while a question waits. A promotion is seen so long after it at the latest.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long one such look may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(1);
/// How old a look may be before a purchase looks anew, so that a connection is there if it is needed.
const WARM: Duration = Duration::from_secs(20);
/// The pause before a node is asked again that gave no answer, or is not in charge.
const AGAIN_AFTER: Duration = Duration::from_millis(150);
/// How much longer than its deadline a question is waited for, so that its connection notices first.
const GRACE: Duration = Duration::from_millis(20);

/// Where a question is handed to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    First,
    /// At another node, while the one before has not answered.
    Elsewhere,
}

/// How fresh is what the shop showed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// By the node in charge.
    #[default]
    Fresh,
    /// By a standby, which knew so many milliseconds ago all that the node in charge did, if it knows.
    Standby { behind_ms: Option<u64> },
}

#[derive(Clone)]
pub struct Nodes {
    inner: Arc<Inner>,
}

struct Inner {
    /// Never empty.
    nodes: Vec<Node>,
    known: watch::Sender<Known>,
    /// By what right the last answer was given, and when.
    shown: Mutex<Option<(Standing, Instant)>>,
}

struct Node {
    address: SocketAddr,
    link: Link,
    /// When it was asked last who it is.
    looked_at: Mutex<Option<Instant>>,
}

/// What an answer, or the lack of one, means for the question.
enum Judged {
    Answer(Answered),
    /// What a standby has: good enough when nobody in charge answers.
    Shown(Answered),
    NotInCharge,
    Failed(ShopError),
}

/// What came of a question so far.
#[derive(Default)]
struct Search {
    shown: Option<Answered>,
    not_in_charge: bool,
    /// How many nodes in a row gave no answer at all, and why the last did not.
    failed: usize,
    why: Option<ShopError>,
    /// It was sent somewhere and not answered there.
    doubt: bool,
}

impl Nodes {
    /// One link for each address, which are at least one.
    pub fn of(links: Vec<(SocketAddr, Link)>) -> Self {
        let node = |(address, link)| Node { address, link, looked_at: Mutex::new(None) };
        let nodes: Vec<Node> = links.into_iter().map(node).collect();
        let known = watch::Sender::new(Known::of(nodes.len()));
        Self { inner: Arc::new(Inner { nodes, known, shown: Mutex::default() }) }
    }

    /// Asks, and calls `handed` whenever it is handed to a connection.
    ///
    /// # Errors
    /// [`ShopError`]: [`Refusal::NotInCharge`] in it when nodes answer and none is in charge, which says
    /// that nothing has happened.
    pub async fn ask(
        &self,
        request: &Request,
        deadline: Duration,
        handed: impl Fn(Handed) + Send + Sync,
    ) -> Result<Reply, ShopError> {
        let answered = if let [node] = &self.inner.nodes[..] {
            node.ask(request, Instant::now() + deadline, handed).await?
        } else {
            self.search(request, deadline, handed).await?
        };
        *self.shown_cell() = Some((answered.standing, Instant::now()));
        match answered.reply {
            Reply::Refused(refusal) => Err(ShopError::Refused(refusal)),
            reply => Ok(reply),
        }
    }

    /// How fresh is what was answered last.
    pub fn shown(&self) -> Shown {
        match *self.shown_cell() {
            None | Some((Standing::InCharge { .. }, _)) => Shown::Fresh,
            Some((Standing::Standby { behind_ms }, at)) => {
                let since = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
                Shown::Standby { behind_ms: behind_ms.map(|behind| behind.saturating_add(since)) }
            }
        }
    }

    /// Under which epoch the last answer was given, if it was one of the node in charge.
    pub fn told_under(&self) -> Option<Epoch> {
        match *self.shown_cell() {
            Some((Standing::InCharge { epoch }, _)) => Some(epoch),
            None | Some((Standing::Standby { .. }, _)) => None,
        }
    }

    /// Whether there is more than one address.
    pub fn are_several(&self) -> bool {
        self.inner.nodes.len() > 1
    }

    /// Which address is asked at the moment.
    pub fn asks(&self) -> SocketAddr {
        let at = self.inner.known.borrow().at();
        self.inner.nodes[at].address
    }

    /// Says goodbye to all of them; nothing can be asked afterwards.
    pub async fn leave(&self) {
        let leaving: FuturesUnordered<_> = self.inner.nodes.iter().map(|node| node.link.leave()).collect();
        leaving.collect::<()>().await;
    }

    async fn search(
        &self,
        request: &Request,
        deadline: Duration,
        handed: impl Fn(Handed) + Send + Sync,
    ) -> Result<Answered, ShopError> {
        let Inner { nodes, known, .. } = &*self.inner;
        let (begun, needs_charge) = (Instant::now(), request.needs_charge());
        let (until, sent) = (begun + deadline, AtomicU32::new(0));
        let tell = || {
            let before = sent.fetch_add(1, Ordering::Relaxed);
            handed(if before == 0 { Handed::First } else { Handed::Elsewhere });
        };
        let attempt = async |at: usize| {
            let left = until.saturating_duration_since(Instant::now());
            (at, nodes[at].link.call_telling::<_, Answered>(request, left, tell).await)
        };
        let mut search = Search::default();
        let mut under_way = FuturesUnordered::new();
        let mut asked = vec![false; nodes.len()];
        let mut not_before = vec![begun; nodes.len()];
        let (mut news, mut look_at) = (known.subscribe(), begun + LOOK_AFTER);
        if needs_charge {
            self.look_around(&asked, WARM);
        }
        loop {
            let (at, shows) = {
                let known = news.borrow_and_update();
                (known.at(), known.shows())
            };
            let waited = begun.elapsed() >= LOOK_AFTER;
            if waited && let Some(shown) = search.shown.take() {
                return Ok(shown);
            }
            let now = Instant::now();
            // A purchase is nothing for a standby; what it shows is better than nothing.
            let beside = shows.filter(|_| waited && !needs_charge);
            for at in [Some(at), beside].into_iter().flatten() {
                if !asked[at] && not_before[at] <= now {
                    asked[at] = true;
                    under_way.push(attempt(at));
                }
            }
            let again_at = if asked[at] { until } else { not_before[at] };
            tokio::select! {
                biased;
                Some((at, answer)) = under_way.next(), if !under_way.is_empty() => {
                    (asked[at], not_before[at]) = (false, Instant::now() + AGAIN_AFTER);
                    let judged = self.judge(at, answer, needs_charge, &mut search);
                    if let Some(end) = self.take_in(judged, &mut search, &asked) {
                        return end;
                    }
                }
                changed = news.changed() => {
                    // It is ours, so it is there as long as we are.
                    debug_assert!(changed.is_ok(), "the nodes are gone");
                }
                () = sleep_until(look_at) => {
                    look_at = Instant::now() + LOOK_EVERY;
                    known.send_if_modified(|known| changes(known, |known| known.doubts(at)));
                    self.look_around(&asked, LOOK_EVERY);
                }
                () = sleep_until(again_at), if !asked[at] => {}
                () = sleep_until(until + GRACE) => {
                    search.doubt |= !under_way.is_empty() && sent.load(Ordering::Relaxed) > 0;
                    return search.end(self);
                }
            }
        }
    }

    /// Takes in what a node answered, and decides who is asked next.
    fn judge(
        &self,
        at: usize,
        answer: Result<Answered, CallError>,
        needs_charge: bool,
        search: &mut Search,
    ) -> Judged {
        let answered = match answer {
            Ok(answered) => answered,
            Err(error) => {
                self.pass_by(at);
                search.failed += 1;
                search.doubt |= error.may_have_happened();
                return Judged::Failed(self.inner.nodes[at].error(error));
            }
        };
        search.failed = 0;
        match self.hear(at, answered.standing) {
            Word::InCharge => Judged::Answer(answered),
            Word::Standby | Word::Outdated
                if matches!(answered.reply, Reply::Refused(Refusal::NotInCharge)) =>
            {
                self.pass_by(at);
                Judged::NotInCharge
            }
            // It was in charge when it was asked. Whether that is an outcome shows in the settlement's signature.
            Word::Standby if needs_charge => {
                self.pass_by(at);
                Judged::Answer(answered)
            }
            Word::Standby => {
                self.pass_by(at);
                Judged::Shown(answered)
            }
            Word::Outdated => {
                self.pass_by(at);
                search.doubt |= needs_charge;
                Judged::NotInCharge
            }
        }
    }

    /// What a search ends with, if it does.
    fn take_in(
        &self,
        judged: Judged,
        search: &mut Search,
        asked: &[bool],
    ) -> Option<Result<Answered, ShopError>> {
        match judged {
            Judged::Answer(answered) => return Some(Ok(answered)),
            Judged::Shown(answered) => {
                search.shown = Some(answered);
                self.look_around(asked, LOOK_EVERY);
            }
            Judged::NotInCharge => search.not_in_charge = true,
            Judged::Failed(why) if search.failed >= self.inner.nodes.len() => {
                return Some(Err(std::mem::take(search).error(why)));
            }
            Judged::Failed(why) => search.why = Some(why),
        }
        None
    }

    /// Asks all nodes that are not being asked anything who they are, if that is longer ago than this.
    fn look_around(&self, asked: &[bool], fresh: Duration) {
        for (at, node) in self.inner.nodes.iter().enumerate() {
            let mut looked_at = node.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
            if asked[at] || looked_at.is_some_and(|looked_at| looked_at.elapsed() < fresh) {
                continue;
            }
            *looked_at = Some(Instant::now());
            let nodes = self.clone();
            tokio::spawn(async move {
                let link = &nodes.inner.nodes[at].link;
                if let Ok(Answered { standing, .. }) = link.call(&Request::Hello, LOOK_DEADLINE).await {
                    nodes.hear(at, standing);
                }
            });
        }
    }

    fn hear(&self, at: usize, standing: Standing) -> Word {
        let mut word = Word::Standby;
        self.inner.known.send_if_modified(|known| changes(known, |known| word = known.hears(at, standing)));
        word
    }

    fn pass_by(&self, at: usize) {
        self.inner.known.send_if_modified(|known| changes(known, |known| known.passes_by(at)));
    }

    fn shown_cell(&self) -> std::sync::MutexGuard<'_, Option<(Standing, Instant)>> {
        // It is replaced as a whole, so nothing is half changed even after a panic.
        self.inner.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is known is something else afterwards: only then does anybody have to hear of it.
fn changes(known: &mut Known, change: impl FnOnce(&mut Known)) -> bool {
    let before = known.clone();
    change(known);
    *known != before
}

impl Search {
    /// What is told when no node has answered at all.
    fn error(self, last: ShopError) -> ShopError {
        match (last, self.why) {
            (why @ ShopError::Untrusted(_), _) | (_, Some(why @ ShopError::Untrusted(_))) => why,
            _ if self.doubt => ShopError::NoAnswer,
            (last, _) => last,
        }
    }

    /// What is told when the time is over.
    fn end(self, nodes: &Nodes) -> Result<Answered, ShopError> {
        match (self.shown, self.why) {
            (Some(shown), _) => Ok(shown),
            (None, _) if self.doubt => Err(ShopError::NoAnswer),
            (None, _) if self.not_in_charge => Err(ShopError::Refused(Refusal::NotInCharge)),
            (None, Some(why)) => Err(why),
            (None, None) => {
                let all = nodes.inner.nodes.iter().map(|node| node.address.to_string());
                let all = all.collect::<Vec<_>>().join(", ");
                Err(ShopError::Unreachable(format!("{all}: nobody answers there")))
            }
        }
    }
}

impl Node {
    /// Asks the only node there is. One that has just started may not be in charge for a moment.
    async fn ask(
        &self,
        request: &Request,
        until: Instant,
        handed: impl Fn(Handed) + Send + Sync,
    ) -> Result<Answered, ShopError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = self.link.call_telling(request, left, || handed(Handed::First)).await;
            let answered: Answered = answer.map_err(|error| self.error(error))?;
            let waits = matches!(answered.reply, Reply::Refused(Refusal::NotInCharge));
            if !waits || Instant::now() + AGAIN_AFTER >= until {
                return Ok(answered);
            }
            sleep(AGAIN_AFTER).await;
        }
    }

    fn error(&self, error: CallError) -> ShopError {
        let address = self.address;
        match error {
            CallError::PeerFault(fault) => ShopError::Untrusted(fault.to_string()),
            CallError::NotSent(LinkError::Untrusted(why)) => {
                ShopError::Untrusted(format!("who answers at {address} is not the shop we know: {why}"))
            }
            CallError::TooLate => ShopError::Unreachable(format!("{address}: nobody answers there")),
            error if error.may_have_happened() => ShopError::NoAnswer,
            error => ShopError::Unreachable(format!("{address}: {error}")),
        }
    }
}
