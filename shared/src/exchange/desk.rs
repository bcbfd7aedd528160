//! Where the calls of one connection are answered, and their replies wait to be written.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use quinn::{Connection, SendStream, VarInt};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::close;
use super::common::Share;
use super::counts::count;
use super::limits::{NARROW_REPLIES, PLACE_BYTES, READ_BEFORE_WIDE, WIDE_REPLIES};
use super::outbox::{Batch, Outbox, with_frame};
use super::pulse::Pulse;
use super::push::{self, Watcher};
use super::server::{Server, Service};
use crate::pin::Pin;
use crate::tls::WINDOW_BYTES;

/// What the calls of a connection share. The server waits for it when it goes down.
pub(super) struct Desk<S> {
    peer: Pin,
    connection: Connection,
    server: Arc<Server<S>>,
    replies: Mutex<Replies>,
    /// Places for calls that have begun and whose replies are not written yet.
    room: Semaphore,
    places: AtomicUsize,
    /// Replies that were written, up to as many as it takes to be wide.
    written: AtomicUsize,
    /// Kept while the connection is one of the wide ones.
    wide: OnceLock<OwnedSemaphorePermit>,
    /// Told when there is a reply, or perhaps nothing left to wait for.
    changed: Notify,
    closed: AtomicBool,
    pulse: Arc<Pulse>,
    /// What tells the peer, where it watches.
    telling: OnceLock<AbortHandle>,
}

/// What waits to be written.
struct Replies {
    /// Each with the places that its call takes.
    outbox: Outbox<u32>,
    /// Bytes of all that, and of what is being written.
    waiting: usize,
    share: Share,
    allowance: usize,
}

impl<S> Desk<S> {
    pub(super) fn new(
        (peer, pulse): (Pin, Arc<Pulse>),
        connection: Connection,
        server: Arc<Server<S>>,
    ) -> Self {
        let most = server.limits.max_in_flight_per_connection;
        let narrow = server.limits.strangers.map_or(most, |strangers| strangers.narrow_in_flight.min(most));
        let places = narrow.max(1) as usize;
        let share = Share::of(server.common.clone());
        let replies = Replies { outbox: Outbox::default(), waiting: 0, share, allowance: NARROW_REPLIES };
        Self {
            peer,
            connection,
            server,
            replies: Mutex::new(replies),
            room: Semaphore::new(places),
            places: AtomicUsize::new(places),
            written: AtomicUsize::new(0),
            wide: OnceLock::new(),
            changed: Notify::new(),
            closed: AtomicBool::new(false),
            pulse,
            telling: OnceLock::new(),
        }
    }

    /// Waits for room for one more call, whose request has so many bytes.
    pub(super) async fn seat(self: &Arc<Self>, bytes: usize) -> Seat<S> {
        let places = (1 + bytes / PLACE_BYTES).min(self.places.load(Ordering::Acquire)) as u32;
        if let Ok(place) = self.room.try_acquire_many(places) {
            place.forget();
        } else {
            self.widen();
            // Nobody closes the room, so a place is all that can come.
            self.room.acquire_many(places).await.into_iter().for_each(|place| place.forget());
        }
        Seat { desk: Arc::clone(self), taken: places }
    }

    /// Gives a connection that has use for it as much as one of a trusted peer has, if there is room for
    /// one more of them.
    fn widen(&self) {
        let most = self.server.limits.max_in_flight_per_connection as usize;
        let places = self.places.load(Ordering::Acquire);
        let reads = self.written.load(Ordering::Relaxed) >= READ_BEFORE_WIDE;
        if most <= places || !reads || self.wide.get().is_some() {
            return;
        }
        let Ok(permit) = Arc::clone(&self.server.wide).try_acquire_owned() else { return };
        // Only the task that reads requests widens, so it happens once.
        let _ = self.wide.set(permit);
        self.lock().allowance = WIDE_REPLIES;
        self.connection.set_receive_window(VarInt::from_u32(WINDOW_BYTES));
        self.connection.set_send_window(u64::from(WINDOW_BYTES));
        self.places.store(most, Ordering::Release);
        self.room.add_permits(most - places);
    }

    /// The next batch of replies, as soon as there is one; `None` when there will be no more. So many bytes
    /// of the last one were `written`.
    async fn next_batch(&self, mut written: usize) -> Option<Batch<u32>> {
        loop {
            {
                let mut replies = self.lock();
                let Replies { outbox, waiting, share, allowance } = &mut *replies;
                *waiting -= std::mem::take(&mut written);
                // It holds less than before, so there is room for it.
                share.cover(*waiting, *allowance);
                if let Some(batch) = outbox.take() {
                    return Some(batch);
                }
            }
            // A call gives up its place only when its reply is written or will never come.
            let places = self.places.load(Ordering::Acquire);
            if self.closed.load(Ordering::Acquire) && self.room.available_permits() == places {
                return None;
            }
            self.changed.notified().await;
            // Whoever else is about to reply goes out in the same batch.
            tokio::task::yield_now().await;
        }
    }

    /// Tells the peer what others who watch are told, until its connection ends.
    fn tell(&self, watcher: Watcher) {
        if self.telling.get().is_some() {
            return;
        }
        let eyes = (Arc::clone(&self.pulse), Arc::clone(&self.server.registry));
        let patience = self.server.limits.reply_deadline;
        let telling = tokio::spawn(push::push(self.connection.clone(), watcher, eyes, patience));
        // Requests are taken by one task, one after the other, so it is set once.
        let _ = self.telling.set(telling.abort_handle());
    }

    /// Closes the connection of a peer that asks more than it reads, at a time when there is no room for
    /// that.
    fn give_up(&self) {
        tracing::info!(peer = %self.peer, "closing: replies are not read and there is no room for more");
        count(&self.server.registry.counts.slow);
        self.connection.close(close::SLOW, b"replies are not read");
    }

    fn lock(&self) -> MutexGuard<'_, Replies> {
        // No code between lock and unlock leaves the outbox half changed, even if it panics.
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a desk open to further calls. Once it is dropped the writer ends, when the calls that have
/// begun have their replies delivered.
pub(super) struct Opened<S>(pub(super) Arc<Desk<S>>);

impl<S> Drop for Opened<S> {
    fn drop(&mut self) {
        self.0.telling.get().inspect(|telling| telling.abort());
        self.0.closed.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}

/// The place of one call. It is taken until the reply is written, so that a client which does not
/// read its replies cannot make the server keep more than its share.
pub(super) struct Seat<S> {
    desk: Arc<Desk<S>>,
    taken: u32,
}

/// What became of a reply.
enum Queued {
    /// It is the first that waits, so the writer has to be told.
    First,
    Behind,
    /// There is no more room for replies that nobody reads.
    NoRoom,
}

impl<S: Service> Seat<S> {
    /// Begins a call, in a task of its own: it is carried through whatever becomes of the connection,
    /// takes nobody's time but its own, and a panic in it ends nothing else.
    pub(super) fn begin(self, id: u64, request: S::Request) {
        let service = Arc::clone(&self.desk.server.service);
        let peer = self.desk.peer;
        if let Some((reply, watcher)) = service.watch(peer, &request) {
            let desk = Arc::clone(&self.desk);
            self.reply(id, &reply);
            watcher.into_iter().for_each(|watcher| desk.tell(watcher));
            return;
        }
        tokio::spawn(async move {
            let reply = service.call(peer, request).await;
            self.reply(id, &reply);
        });
    }

    fn reply(mut self, id: u64, reply: &S::Reply) {
        let queued = with_frame(id, reply, |frame| {
            let mut replies = self.desk.lock();
            let Replies { outbox, waiting, share, allowance } = &mut *replies;
            let held = *waiting + frame.len();
            if !share.cover(held, *allowance) {
                return Queued::NoRoom;
            }
            *waiting = held;
            let first = outbox.is_empty();
            outbox.push(frame, self.taken);
            if first { Queued::First } else { Queued::Behind }
        });
        match queued {
            Ok(Queued::NoRoom) => self.desk.give_up(),
            // From here on the places are the writer's to give up.
            Ok(Queued::Behind) => self.taken = 0,
            Ok(Queued::First) => {
                self.taken = 0;
                self.desk.changed.notify_one();
            }
            Err(bytes) => tracing::error!(peer = %self.desk.peer, id, bytes, "a reply fits in no frame"),
        }
    }
}

impl<S> Drop for Seat<S> {
    fn drop(&mut self) {
        if self.taken > 0 {
            self.desk.room.add_permits(self.taken as usize);
            self.desk.changed.notify_one();
        }
    }
}

/// Writes replies until there will be no more, and waits for them to be delivered.
pub(super) async fn write_replies<S>(mut stream: SendStream, desk: Arc<Desk<S>>, pulse: Arc<Pulse>) {
    let mut written = 0;
    while let Some(batch) = desk.next_batch(written).await {
        let (replies, places) = (batch.len(), batch.items().sum::<u32>());
        written = batch.bytes();
        pulse.write_begun();
        // The peer may be gone; the calls have had their effect all the same.
        if stream.write_chunk(batch.into_bytes().into()).await.is_err() {
            return;
        }
        pulse.write_done();
        if desk.wide.get().is_none() {
            desk.written.fetch_add(replies, Ordering::Relaxed);
        }
        desk.room.add_permits(places as usize);
    }
    // Nobody else ends this stream, so ending it cannot fail.
    let _ = stream.finish();
    let _ = stream.stopped().await;
}
