//! The calls of one connection: those that wait to be written and those that wait for their reply.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::error::{CallError, LinkError};
use super::frame::{self, Frame};
use super::outbox::{Batch, Outbox, with_frame};
use crate::codec::PeerFault;

/// What a call waits for: the bytes of its reply.
type Answer = Result<Bytes, CallError>;

/// Requests that may wait to be written; callers beyond wait in turn.
const OUTBOX_FRAMES: usize = 256;

/// The calls that wait, and why no more can.
pub(super) struct Pending {
    calls: Mutex<Calls>,
    /// Places in the outbox.
    room: Semaphore,
    /// Told when the outbox is no longer empty.
    filled: Notify,
    /// Told when a call has less time than `alarm` allows for.
    hurry: Notify,
    ended: watch::Sender<Option<LinkError>>,
}

struct Calls {
    waiting: HashMap<u64, Call, BuildHasherDefault<Spread>>,
    outbox: Outbox<u64>,
    /// When the deadlines are looked at next: no call that waits has an earlier one.
    alarm: Option<Instant>,
    next_id: u64,
    answers: u64,
    ended: Option<LinkError>,
}

struct Call {
    state: State,
    until: Instant,
}

enum State {
    /// In the outbox.
    Queued(Waker),
    /// Written, or about to be.
    Sent(Waker),
    Answered(Answer),
}

impl Pending {
    pub(super) fn new() -> Self {
        let calls = Calls {
            waiting: HashMap::default(),
            outbox: Outbox::default(),
            alarm: None,
            next_id: 0,
            answers: 0,
            ended: None,
        };
        Self {
            calls: Mutex::new(calls),
            room: Semaphore::new(OUTBOX_FRAMES),
            filled: Notify::new(),
            hurry: Notify::new(),
            ended: watch::Sender::new(None),
        }
    }

    /// Puts a request into the outbox and waits for its reply, until its deadline.
    ///
    /// # Errors
    /// As [`super::Client::call`].
    pub(super) async fn ask<Req: Serialize>(&self, request: &Req, until: Instant) -> Answer {
        let place = match self.room.try_acquire() {
            Ok(place) => place,
            Err(_) => match timeout_at(until, self.room.acquire()).await {
                Ok(Ok(place)) => place,
                // Only the end closes the room.
                Ok(Err(_)) => return Err(CallError::NotSent(self.why_ended())),
                Err(_) => return Err(CallError::TooLate),
            },
        };
        let waker = std::future::poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let id = self.enter(request, until, waker)?;
        // Whoever takes the request out of the outbox gives its place back.
        place.forget();
        Reply { pending: self, id }.await
    }

    /// Gives a request its id and puts it into the outbox. Whoever asks has a place there.
    fn enter<Req: Serialize>(&self, request: &Req, until: Instant, waker: Waker) -> Result<u64, CallError> {
        let entered = with_frame(0, request, |frame| {
            let mut calls = self.lock();
            if let Some(error) = &calls.ended {
                return Err(CallError::NotSent(error.clone()));
            }
            let id = calls.next_id;
            calls.next_id += 1;
            frame::set_id(frame, id);
            calls.waiting.insert(id, Call { state: State::Queued(waker), until });
            let first = calls.outbox.is_empty();
            calls.outbox.push(frame, id);
            let hurry = calls.alarm.is_none_or(|alarm| until < alarm);
            if hurry {
                calls.alarm = Some(until);
            }
            Ok((id, first, hurry))
        });
        let (id, first, hurry) = entered.map_err(CallError::TooLarge)??;
        if first {
            self.filled.notify_one();
        }
        if hurry {
            self.hurry.notify_one();
        }
        Ok(id)
    }

    /// The next batch to write, as soon as there is one. Its requests count as sent from here on;
    /// those whose callers have given up are not in it, because their callers were told so.
    pub(super) async fn next_batch(&self) -> Batch<u64> {
        loop {
            if self.lock().outbox.is_empty() {
                self.filled.notified().await;
                // Whoever else is about to ask goes out in the same batch.
                tokio::task::yield_now().await;
            }
            let mut calls = self.lock();
            if let Some(mut batch) = calls.outbox.take() {
                let places = batch.len();
                batch.retain(|id| calls.claim(*id));
                drop(calls);
                self.room.add_permits(places);
                return batch;
            }
        }
    }

    /// Hands replies to their calls. One that comes after its caller gave up is dropped.
    ///
    /// # Errors
    /// [`PeerFault::Unasked`]; the replies before it have been handed over.
    pub(super) fn answer(&self, replies: &mut Vec<Frame>, wake: &mut Vec<Waker>) -> Result<(), PeerFault> {
        let taken = {
            let mut calls = self.lock();
            replies.drain(..).try_for_each(|frame| calls.answer(frame, wake))
        };
        wake.drain(..).for_each(Waker::wake);
        taken
    }

    /// Ends every call at its deadline, for as long as this is polled.
    pub(super) async fn watch_deadlines(&self) {
        let mut wake = Vec::new();
        loop {
            let alarm = self.lock().alarm;
            match alarm {
                None => self.hurry.notified().await,
                Some(alarm) => {
                    if timeout_at(alarm, self.hurry.notified()).await.is_err() {
                        self.lock().expire(Instant::now(), &mut wake);
                        wake.drain(..).for_each(Waker::wake);
                    }
                }
            }
        }
    }

    /// Fails every call that waits and every one to come.
    pub(super) fn end(&self, error: &LinkError) {
        let mut wake = Vec::new();
        {
            let mut calls = self.lock();
            if calls.ended.is_none() {
                calls.ended = Some(error.clone());
                calls.outbox = Outbox::default();
                for call in calls.waiting.values_mut() {
                    wake.extend(call.end(|sent| match sent {
                        true => CallError::Lost(error.clone()),
                        false => CallError::NotSent(error.clone()),
                    }));
                }
            }
        }
        self.room.close();
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert_with(|| error.clone());
            first
        });
        wake.into_iter().for_each(Waker::wake);
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

    fn why_ended(&self) -> LinkError {
        self.lock().ended.clone().unwrap_or(LinkError::Done)
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

impl Calls {
    /// Marks a request as sent, unless its caller has given up.
    fn claim(&mut self, id: u64) -> bool {
        let Some(call) = self.waiting.get_mut(&id) else {
            return false;
        };
        match std::mem::replace(&mut call.state, State::Answered(Err(CallError::TooLate))) {
            State::Queued(waker) => {
                call.state = State::Sent(waker);
                true
            }
            other => {
                call.state = other;
                false
            }
        }
    }

    fn answer(&mut self, reply: Frame, wake: &mut Vec<Waker>) -> Result<(), PeerFault> {
        let Frame { id, body } = reply;
        if id >= self.next_id {
            return Err(PeerFault::Unasked { id });
        }
        self.answers += 1;
        if let Some(call) = self.waiting.get_mut(&id) {
            match std::mem::replace(&mut call.state, State::Answered(Ok(body))) {
                State::Sent(waker) => wake.push(waker),
                State::Queued(waker) => {
                    call.state = State::Queued(waker);
                    return Err(PeerFault::Unasked { id });
                }
                // The first answer stands.
                first @ State::Answered(_) => call.state = first,
            }
        }
        Ok(())
    }

    fn expire(&mut self, now: Instant, wake: &mut Vec<Waker>) {
        self.alarm = None;
        for call in self.waiting.values_mut() {
            if matches!(call.state, State::Answered(_)) {
                continue;
            }
            if call.until <= now {
                wake.extend(call.end(|sent| if sent { CallError::Timeout } else { CallError::TooLate }));
            } else if self.alarm.is_none_or(|alarm| call.until < alarm) {
                self.alarm = Some(call.until);
            }
        }
    }
}

impl Call {
    /// Ends a call that has no answer. What it is told depends on whether its request was sent.
    fn end(&mut self, error: impl FnOnce(bool) -> CallError) -> Option<Waker> {
        let sent = match &self.state {
            State::Queued(_) => false,
            State::Sent(_) => true,
            State::Answered(_) => return None,
        };
        match std::mem::replace(&mut self.state, State::Answered(Err(error(sent)))) {
            State::Queued(waker) | State::Sent(waker) => Some(waker),
            State::Answered(_) => None,
        }
    }
}

/// Waits for one reply. A call that is dropped gives up its place in the table; if its request has
/// not been sent by then it never will be.
struct Reply<'a> {
    pending: &'a Pending,
    id: u64,
}

impl Future for Reply<'_> {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut calls = self.pending.lock();
        match calls.waiting.get_mut(&self.id).map(|call| &mut call.state) {
            Some(State::Queued(waker) | State::Sent(waker)) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
            Some(State::Answered(_)) => match calls.waiting.remove(&self.id).map(|call| call.state) {
                Some(State::Answered(answer)) => Poll::Ready(answer),
                _ => Poll::Pending,
            },
            None => Poll::Ready(Err(CallError::Lost(LinkError::Done))),
        }
    }
}

impl Drop for Reply<'_> {
    fn drop(&mut self) {
        self.pending.lock().waiting.remove(&self.id);
    }
}

/// Spreads request ids, which we give out one after another, over a table. A peer has no say in
/// them, so nothing has to be hidden from it.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, id: u64) {
        // The odd number nearest to 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests;
