//! Where the calls of one connection are answered, and their replies wait to be written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quinn::SendStream;
use tokio::sync::{Notify, Semaphore};

use super::outbox::{Batch, Outbox, with_frame};
use super::server::{Server, Service};
use crate::pin::Pin;

/// What the calls of a connection share. The server waits for it when it goes down.
pub(super) struct Desk<S> {
    peer: Pin,
    server: Arc<Server<S>>,
    replies: Mutex<Outbox<()>>,
    /// Places for calls that have begun and whose replies are not written yet.
    room: Semaphore,
    places: usize,
    /// Told when there is a reply, or perhaps nothing left to wait for.
    changed: Notify,
    closed: AtomicBool,
}

impl<S> Desk<S> {
    pub(super) fn new(peer: Pin, server: Arc<Server<S>>) -> Self {
        let places = server.limits.max_in_flight_per_connection.max(1) as usize;
        Self {
            peer,
            server,
            replies: Mutex::default(),
            room: Semaphore::new(places),
            places,
            changed: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Waits for a place for one more call.
    pub(super) async fn seat(self: &Arc<Self>) -> Seat<S> {
        match self.room.try_acquire() {
            Ok(place) => place.forget(),
            // Nobody closes the room, so a place is all that can come.
            Err(_) => self.room.acquire().await.into_iter().for_each(|place| place.forget()),
        }
        Seat { desk: Arc::clone(self), taken: true }
    }

    /// The next batch of replies, as soon as there is one; `None` when there will be no more.
    async fn next_batch(&self) -> Option<Batch<()>> {
        loop {
            if let Some(batch) = self.lock().take() {
                return Some(batch);
            }
            // A call gives up its place only when its reply is written or will never come.
            if self.closed.load(Ordering::Acquire) && self.room.available_permits() == self.places {
                return None;
            }
            self.changed.notified().await;
            // Whoever else is about to reply goes out in the same batch.
            tokio::task::yield_now().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Outbox<()>> {
        // No code between lock and unlock leaves the outbox half changed, even if it panics.
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a desk open to further calls. Once it is dropped the writer ends, when the calls that have
/// begun have their replies delivered.
pub(super) struct Opened<S>(pub(super) Arc<Desk<S>>);

impl<S> Drop for Opened<S> {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}

/// The place of one call. It is taken until the reply is written, so that a client which does not
/// read its replies cannot make the server keep more than its share.
pub(super) struct Seat<S> {
    desk: Arc<Desk<S>>,
    taken: bool,
}

impl<S: Service> Seat<S> {
    /// Begins a call, in a task of its own: it is carried through whatever becomes of the connection,
    /// takes nobody's time but its own, and a panic in it ends nothing else.
    pub(super) fn begin(self, id: u64, request: S::Request) {
        let service = Arc::clone(&self.desk.server.service);
        let peer = self.desk.peer;
        tokio::spawn(async move {
            let reply = service.call(peer, request).await;
            self.reply(id, &reply);
        });
    }

    fn reply(mut self, id: u64, reply: &S::Reply) {
        let queued = with_frame(id, reply, |frame| {
            let mut replies = self.desk.lock();
            let first = replies.is_empty();
            replies.push(frame, ());
            first
        });
        match queued {
            Ok(first) => {
                // From here on the place is the writer's to give up.
                self.taken = false;
                if first {
                    self.desk.changed.notify_one();
                }
            }
            Err(bytes) => tracing::error!(peer = %self.desk.peer, id, bytes, "a reply fits in no frame"),
        }
    }
}

impl<S> Drop for Seat<S> {
    fn drop(&mut self) {
        if self.taken {
            self.desk.room.add_permits(1);
            self.desk.changed.notify_one();
        }
    }
}

/// Writes replies until there will be no more, and waits for them to be delivered.
pub(super) async fn write_replies<S>(mut stream: SendStream, desk: Arc<Desk<S>>) {
    while let Some(batch) = desk.next_batch().await {
        let places = batch.len();
        // The peer may be gone; the calls have had their effect all the same.
        if stream.write_chunk(batch.into_bytes().into()).await.is_err() {
            return;
        }
        desk.room.add_permits(places);
    }
    // Nobody else ends this stream, so ending it cannot fail.
    let _ = stream.finish();
    let _ = stream.stopped().await;
}
