//! Turns at something that one has at a time, taken by addresses one after the other: however many wait at one
//! of them, whoever waits at another lets no more than one of these go before.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Addresses that are waited at, besides which no more are taken in before those are forgotten where nobody waits
/// any more. Where each waits for a place that is limited, too, there are never more.
const MAX_ADDRESSES: usize = 1_024;

/// Who waits for a turn, at addresses of this kind.
pub(super) struct Turns<K: Copy + Eq>(Mutex<Queue<K>>);

struct Queue<K: Copy + Eq> {
    taken: bool,
    /// Those that somebody waits at, in the order of their next turns.
    waiting: VecDeque<(K, VecDeque<oneshot::Sender<Turn<K>>>)>,
}

/// It is the holder's turn until this is dropped.
pub(super) struct Turn<K: Copy + Eq>(Option<Arc<Turns<K>>>);

impl<K: Copy + Eq> Turns<K> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Queue { taken: false, waiting: VecDeque::new() })))
    }

    /// Waits for a turn at this address. Whoever stops waiting gives it up.
    pub(super) async fn take(self: &Arc<Self>, at: K) -> Turn<K> {
        let Some(turn) = self.lock().wait(at) else { return Turn(Some(Arc::clone(self))) };
        // Whoever has the turn hands it on, and the queue outlives whoever has it.
        turn.await.unwrap_or(Turn(None))
    }

    fn lock(&self) -> MutexGuard<'_, Queue<K>> {
        // No code between lock and unlock leaves the queue half changed, even if it panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq> Queue<K> {
    /// Where the turn will come; `None` when it may be had at once.
    fn wait(&mut self, at: K) -> Option<oneshot::Receiver<Turn<K>>> {
        if !self.taken {
            self.taken = true;
            return None;
        }
        let (sender, turn) = oneshot::channel();
        match self.waiting.iter_mut().find(|(other, _)| *other == at) {
            Some((_, waiting)) => {
                waiting.retain(|other| !other.is_closed());
                waiting.push_back(sender);
            }
            None => {
                if self.waiting.len() >= MAX_ADDRESSES {
                    self.waiting.retain(|(_, waiting)| waiting.iter().any(|other| !other.is_closed()));
                }
                self.waiting.push_back((at, VecDeque::from([sender])));
            }
        }
        Some(turn)
    }

    /// Who is next; the turn is nobody's when nobody waits.
    fn next(&mut self) -> Option<oneshot::Sender<Turn<K>>> {
        while let Some((at, mut waiting)) = self.waiting.pop_front() {
            let next = waiting.pop_front();
            if !waiting.is_empty() {
                self.waiting.push_back((at, waiting));
            }
            if next.is_some() {
                return next;
            }
        }
        self.taken = false;
        None
    }
}

impl<K: Copy + Eq> Drop for Turn<K> {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else { return };
        loop {
            let Some(next) = turns.lock().next() else { return };
            match next.send(Self(Some(Arc::clone(&turns)))) {
                Ok(()) => return,
                // It has stopped waiting; what comes back must not hand the turn on a second time.
                Err(mut turn) => drop(turn.0.take()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;

    /// Lets those wait at these addresses, one after the other, and tells in which order they had their turns.
    async fn order_of(addresses: &[u8]) -> Vec<u8> {
        let turns = Turns::new();
        let first = turns.take(0).await;
        let (done, mut order) = mpsc::unbounded_channel();
        for at in addresses.iter().copied() {
            let (turns, done) = (Arc::clone(&turns), done.clone());
            tokio::spawn(async move {
                let _turn = turns.take(at).await;
                yield_now().await;
                let _ = done.send(at);
            });
            yield_now().await;
        }
        assert!(order.try_recv().is_err(), "it is still the turn of the first");
        drop((first, done));
        let mut had = Vec::new();
        while let Some(at) = order.recv().await {
            had.push(at);
        }
        had
    }

    #[tokio::test]
    async fn whoever_waits_at_another_address_lets_one_of_many_go_before() {
        assert_eq!(order_of(&[1, 1, 1, 1, 2, 1, 3, 2]).await, [1, 2, 3, 1, 2, 1, 1, 1]);
    }

    #[tokio::test]
    async fn one_address_is_served_in_the_order_of_coming() {
        let turns = Turns::new();
        let first = turns.take(1).await;
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(turns.take(1))).collect();
        for wait in &mut waiting {
            assert!(timeout(Duration::ZERO, wait).await.is_err());
        }
        drop(first);
        assert!(timeout(Duration::ZERO, &mut waiting[1]).await.is_err());
        let _turn = timeout(Duration::ZERO, &mut waiting[0]).await.expect("its turn");
    }

    #[tokio::test]
    async fn whoever_stopped_waiting_is_forgotten_before_there_are_many() {
        let turns = Turns::new();
        let _first = turns.take(0).await;
        for at in 0..MAX_ADDRESSES + 10 {
            assert!(timeout(Duration::ZERO, turns.take(at)).await.is_err());
            assert!(timeout(Duration::ZERO, turns.take(0)).await.is_err());
        }
        let queue = turns.lock();
        assert!(queue.waiting.len() <= MAX_ADDRESSES);
        assert!(queue.waiting.iter().all(|(_, waiting)| waiting.len() <= 2));
    }

    #[tokio::test]
    async fn whoever_stops_waiting_loses_nobody_a_turn() {
        let turns = Turns::new();
        let first = turns.take(1).await;
        let mut gone: Vec<_> = (0..100).map(|at| Box::pin(turns.take(at))).collect();
        for wait in &mut gone {
            assert!(timeout(Duration::ZERO, wait).await.is_err());
        }
        let mut last = Box::pin(turns.take(7));
        assert!(timeout(Duration::ZERO, &mut last).await.is_err());
        // One of them has the turn already when it stops, and the others only wait.
        drop(first);
        drop(gone);
        drop(timeout(Duration::from_secs(60), last).await.expect("its turn"));
        // Nobody has it now.
        let _turn = timeout(Duration::ZERO, turns.take(1)).await.expect("a free turn");
        assert!(timeout(Duration::ZERO, turns.take(1)).await.is_err());
    }
}
