//! The calls of one connection that wait for their reply.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::error::{CallError, LinkError};
use crate::codec::PeerFault;

/// What a call waits for: the bytes of its reply.
pub(super) type Answer = Result<Vec<u8>, CallError>;

/// The calls that wait, and why no more can.
pub(super) struct Pending {
    calls: Mutex<Calls>,
    ended: watch::Sender<Option<LinkError>>,
}

struct Calls {
    waiting: HashMap<u64, Waiting>,
    next_id: u64,
    answers: u64,
    ended: Option<LinkError>,
}

struct Waiting {
    answer: oneshot::Sender<Answer>,
    sent: bool,
}

impl Pending {
    pub(super) fn new() -> Self {
        Self {
            calls: Mutex::new(Calls { waiting: HashMap::new(), next_id: 0, answers: 0, ended: None }),
            ended: watch::Sender::new(None),
        }
    }

    /// Gives a call its id.
    pub(super) fn register(self: &Arc<Self>) -> Result<(Ticket, oneshot::Receiver<Answer>), LinkError> {
        let mut calls = self.lock();
        if let Some(error) = &calls.ended {
            return Err(error.clone());
        }
        let id = calls.next_id;
        calls.next_id += 1;
        let (answer, reply) = oneshot::channel();
        let sent = false;
        calls.waiting.insert(id, Waiting { answer, sent });
        let pending = Arc::clone(self);
        Ok((Ticket { id, pending }, reply))
    }

    /// Marks a request as sent, unless its caller has given up: then it must not be sent, because
    /// the caller has been told so.
    pub(super) fn claim(&self, id: u64) -> bool {
        self.lock().waiting.get_mut(&id).map(|call| call.sent = true).is_some()
    }

    /// Hands a reply to its call. A reply that comes after its caller gave up is dropped.
    pub(super) fn answer(&self, id: u64, body: &[u8]) -> Result<(), PeerFault> {
        let mut calls = self.lock();
        if id >= calls.next_id {
            return Err(PeerFault::Unasked { id });
        }
        calls.answers += 1;
        if let Some(call) = calls.waiting.remove(&id) {
            // The caller may have gone this very moment, which is as good as before.
            let _ = call.answer.send(Ok(body.to_vec()));
        }
        Ok(())
    }

    /// Fails every call that waits and every one to come.
    pub(super) fn end(&self, error: &LinkError) {
        let waiting = {
            let mut calls = self.lock();
            calls.ended.get_or_insert_with(|| error.clone());
            std::mem::take(&mut calls.waiting)
        };
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert_with(|| error.clone());
            first
        });
        for call in waiting.into_values() {
            let outcome =
                if call.sent { CallError::Lost(error.clone()) } else { CallError::NotSent(error.clone()) };
            let _ = call.answer.send(Err(outcome));
        }
    }

    /// How many replies have come.
    pub(super) fn answers(&self) -> u64 {
        self.lock().answers
    }

    /// Whether calls are refused. It is so before any waiting call hears of the end, so that a
    /// caller who asks again at once does not meet the dead connection a second time.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended.is_some()
    }

    /// Told when the connection ends, and why.
    pub(super) fn ended(&self) -> watch::Receiver<Option<LinkError>> {
        self.ended.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // No code between lock and unlock leaves the table half changed, even if it panics.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place in the table, given up when the call is dropped for any reason.
pub(super) struct Ticket {
    pub(super) id: u64,
    pending: Arc<Pending>,
}

impl Ticket {
    /// Takes the call back, and says whether its request was sent before that.
    pub(super) fn withdraw(self) -> bool {
        let removed = self.pending.lock().waiting.remove(&self.id);
        // A call that is gone from the table has its answer on the way, so it was sent.
        removed.is_none_or(|call| call.sent)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pending.lock().waiting.remove(&self.id);
    }
}
