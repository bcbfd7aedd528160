//! Where strangers may come, handshakes begin one after the other. What the first packet of one costs, a key
//! exchange and a signature, is paid in one go on a thread that connections share, so a burst of them would
//! keep each of these waiting for the sum.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::admission::{Pass, Source};
use super::turns::Turns;

/// The longest rest. A machine that stood still for a moment keeps nobody waiting for a multiple of that.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// The lanes of one endpoint.
pub(super) struct Lanes {
    newcomers: Lane,
    /// Whoever is known does not queue with strangers.
    known: Lane,
}

/// Handshakes that begin one after the other, those of several addresses in turn.
struct Lane {
    turns: Arc<Turns<Source>>,
    /// Since when the next may begin; changed by the one whose turn it is.
    free_from: Mutex<Instant>,
}

impl Lanes {
    pub(super) fn new(now: Instant) -> Self {
        let lane = || Lane { turns: Turns::new(), free_from: Mutex::new(now) };
        Self { newcomers: lane(), known: lane() }
    }

    /// Begins a handshake when it is its turn, and tells how long that took. Whoever stops waiting gives its
    /// turn up.
    pub(super) async fn begin<T>(&self, pass: &Pass, begin: impl FnOnce() -> T) -> (T, Duration) {
        let lane = if pass.is_newcomer() { &self.newcomers } else { &self.known };
        let _turn = lane.turns.take(pass.source()).await;
        let free_from = lane.free_from();
        if Instant::now() < free_from {
            sleep_until(free_from).await;
        }
        let begun = Instant::now();
        let outcome = begin();
        let took = begun.elapsed();
        lane.rest(begun + took + rest_after(took, pass.share()));
        (outcome, took)
    }
}

/// How long a lane rests after a handshake whose beginning took so long: so its share of a processor is taken
/// evenly, and never a second's worth at once.
fn rest_after(took: Duration, share: f64) -> Duration {
    took.mul_f64(1.0 / share - 1.0).min(LONGEST_REST)
}

impl Lane {
    fn free_from(&self) -> Instant {
        *self.free_from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self, until: Instant) {
        *self.free_from.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use tokio::task::{JoinSet, yield_now};
    use tokio::time::timeout;

    use super::super::admission::{Admission, Verdict};
    use super::super::limits::Limits;
    use super::*;

    /// What one handshake takes here.
    const TAKES: Duration = Duration::from_millis(4);

    fn admission() -> Arc<Admission> {
        Admission::new(&Limits::OPEN, Instant::now())
    }

    fn enter(admission: &Arc<Admission>, address: IpAddr) -> Pass {
        match admission.admit(address, Instant::now()) {
            Verdict::Enter(pass, _) => pass,
            Verdict::Later | Verdict::Full => panic!("turned away"),
        }
    }

    fn newcomer(last: u8) -> Pass {
        enter(&admission(), IpAddr::from([127, 0, 0, last]))
    }

    /// One at an address that something was asked from before.
    fn known() -> Pass {
        let (admission, address) = (admission(), IpAddr::from([127, 0, 1, 1]));
        enter(&admission, address).make_known(Instant::now());
        enter(&admission, address)
    }

    fn work() {
        thread::sleep(TAKES);
    }

    #[tokio::test]
    async fn a_burst_takes_its_share_of_the_time_and_others_get_theirs_in_between() {
        let lanes = Arc::new(Lanes::new(Instant::now()));
        let (turns, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, begun) = (10, Instant::now());
        let mut burst = JoinSet::new();
        for _ in 0..count {
            let (lanes, turns, most) = (Arc::clone(&lanes), Arc::clone(&turns), Arc::clone(&most));
            burst.spawn(async move {
                lanes.begin(&newcomer(1), work).await;
                // How many have begun since somebody else had a turn.
                most.fetch_max(turns.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            });
        }
        while !burst.is_empty() {
            turns.store(0, Ordering::Relaxed);
            tokio::select! {
                biased;
                Some(_) = burst.join_next() => {}
                () = yield_now() => {}
            }
        }
        assert_eq!(most.load(Ordering::Relaxed), 1);
        // The last one's rest is after the burst.
        let least = (TAKES + rest_after(TAKES, newcomer(1).share())) * (count - 1) + TAKES;
        assert!(begun.elapsed() >= least, "{:?} is less than {least:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn whoever_is_known_does_not_queue_with_newcomers() {
        let lanes = Arc::new(Lanes::new(Instant::now()));
        let begun_at = |pass: Pass| {
            let lanes = Arc::clone(&lanes);
            tokio::spawn(async move {
                lanes.begin(&pass, work).await;
                Instant::now()
            })
        };
        let newcomers: Vec<_> = (0..10).map(|at| begun_at(newcomer(at))).collect();
        let known = begun_at(known()).await.unwrap();
        let mut behind = 0;
        for newcomer in newcomers {
            behind += usize::from(newcomer.await.unwrap() > known);
        }
        assert!(behind >= 8, "{behind}");
    }

    /// How often something is measured that a machine which stands still for a moment spoils.
    const TRIES: usize = 8;

    #[tokio::test]
    async fn whoever_stops_waiting_keeps_nobody_waiting() {
        let mut rests = Vec::new();
        while rests.iter().all(|rest| *rest >= LONGEST_REST) && rests.len() < TRIES {
            rests.push(rest_after_one_who_gave_up().await);
        }
        assert!(rests.iter().any(|rest| *rest < LONGEST_REST), "{rests:?}");
    }

    async fn rest_after_one_who_gave_up() -> Duration {
        let lanes = Lanes::new(Instant::now());
        lanes.begin(&newcomer(1), || thread::sleep(LONGEST_REST)).await;
        // This one gives up in the middle of the rest, and the next one has no more than what is left of it.
        let gave_up =
            timeout(LONGEST_REST / 5, lanes.begin(&newcomer(1), || panic!("it did not give up"))).await;
        assert!(gave_up.is_err());
        let begun = Instant::now();
        lanes.begin(&newcomer(1), || ()).await;
        begun.elapsed()
    }

    #[tokio::test]
    async fn a_moment_that_took_long_is_no_long_rest() {
        let due = LONGEST_REST * 9 / 10..LONGEST_REST * 3;
        let mut rests = Vec::new();
        while !rests.iter().any(|rest| due.contains(rest)) && rests.len() < TRIES {
            rests.push(rest_after_a_long_moment().await);
        }
        assert!(rests.iter().any(|rest| due.contains(rest)), "{rests:?}");
    }

    async fn rest_after_a_long_moment() -> Duration {
        let lanes = Lanes::new(Instant::now());
        lanes.begin(&newcomer(1), || thread::sleep(LONGEST_REST * 3)).await;
        let begun = Instant::now();
        lanes.begin(&newcomer(1), || ()).await;
        begun.elapsed()
    }
}
