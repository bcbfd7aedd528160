//! What a server tells whoever watches it, without being asked each time: on a stream of its own, which the
//! server opens once a request to watch is answered, and which lasts as long as the connection.
//!
//! Only the newest message is kept, once for all who watch. Whoever reads slowly misses some and makes the
//! server hold nothing; a number in the message shows what is missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use quinn::{Connection, VarInt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::{CONNECT_DEADLINE, Client};
use super::close;
use super::counts::count;
use super::error::LinkError;
use super::frame::{Frame, encode_into};
use super::pulse::Pulse;
use super::registry::Registry;
use super::stream::{Broken, FrameReader};
use crate::codec;
use crate::pin::Pin;

/// Most watchers of one key, and in all. The operators' endpoint takes more connections than these, so that
/// watchers keep nobody from acting.
pub const WATCHERS_PER_KEY: usize = 12;
pub const WATCHERS: usize = 24;

/// What may be under way to a watcher without being acknowledged, in bytes. One that has stopped reading
/// costs the server no more.
const WINDOW_BYTES: u32 = 128 * 1024;

/// Tells many the same. Clones tell the same ones.
#[derive(Clone)]
pub struct Broadcast(Arc<Inner>);

struct Inner {
    newest: watch::Sender<Bytes>,
    watching: Mutex<HashMap<Pin, usize>>,
}

/// One who is told. Its place is free again once it is dropped.
pub struct Watcher {
    newest: watch::Receiver<Bytes>,
    peer: Pin,
    of: Broadcast,
}

/// There are as many watchers as there may be, of this key or in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Default for Broadcast {
    fn default() -> Self {
        Self(Arc::new(Inner { newest: watch::Sender::new(Bytes::new()), watching: Mutex::default() }))
    }
}

impl Broadcast {
    /// Takes in one more.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn join(&self, peer: Pin) -> Result<Watcher, TooMany> {
        let mut watching = self.lock();
        let of_peer = watching.get(&peer).copied().unwrap_or_default();
        if of_peer >= WATCHERS_PER_KEY || watching.values().sum::<usize>() >= WATCHERS {
            return Err(TooMany);
        }
        watching.insert(peer, of_peer + 1);
        let mut newest = self.0.newest.subscribe();
        // What was told before is not news.
        newest.mark_unchanged();
        Ok(Watcher { newest, peer, of: self.clone() })
    }

    /// Whether anybody is told.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Tells all of them. Whoever has not taken the message before misses that.
    pub fn tell<T: Serialize>(&self, nth: u64, message: &T) {
        if !self.is_watched() {
            return;
        }
        match encode_into(Vec::new(), nth, message) {
            Ok(frame) => drop(self.0.newest.send_replace(frame.into())),
            Err(bytes) => tracing::error!(nth, bytes, "what watchers are told fits in no frame"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pin, usize>> {
        // No code between lock and unlock leaves the table half changed, even if it panics.
        self.0.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut watching = self.of.lock();
        if let Some(left) = watching.get_mut(&self.peer) {
            *left -= 1;
            if *left == 0 {
                watching.remove(&self.peer);
            }
        }
    }
}

/// Tells a peer until it is gone. One that takes longer than `patience` over a message is closed.
pub(super) async fn push(
    connection: Connection,
    mut watcher: Watcher,
    (pulse, registry): (Arc<Pulse>, Arc<Registry>),
    patience: Duration,
) {
    connection.set_send_window(u64::from(WINDOW_BYTES));
    let telling = async {
        // Whoever takes no stream is not told; it was its own wish to be.
        let mut stream = timeout(patience, connection.open_uni()).await.ok()?.ok()?;
        while watcher.newest.changed().await.is_ok() {
            let frame = watcher.newest.borrow_and_update().clone();
            match timeout(patience, stream.write_chunk(frame)).await {
                Ok(written) => written.ok()?,
                Err(_) => {
                    tracing::info!(peer = %watcher.peer, "closing: a watcher that does not read");
                    count(&registry.counts.slow);
                    connection.close(close::SLOW, b"what is told is not read");
                    return None;
                }
            }
            // It asks nothing, and is not idle all the same.
            pulse.told();
        }
        Some(())
    };
    tokio::select! {
        _ = connection.closed() => {}
        _ = telling => {}
    }
}

/// What a server tells without being asked each time.
pub struct Pushed {
    client: Client,
    connection: Connection,
    /// The stream that it is told on, which shows itself with the first that is told.
    reader: Option<FrameReader>,
}

impl Pushed {
    pub(super) fn on(client: Client, connection: Connection) -> Self {
        Self { client, connection, reader: None }
    }

    /// The next message, and its number. A caller that stops waiting loses nothing.
    ///
    /// # Errors
    /// Any [`LinkError`], once the server or the connection is gone.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<(u64, T), LinkError> {
        let frame = match self.frame().await {
            Ok(frame) => frame,
            Err(Broken::Fault(fault)) => return Err(self.client.accuse(fault)),
            // The client knows why: a server that goes down ends the stream first, and its reason follows.
            Err(Broken::Lost | Broken::NoRoom) => {
                let why = timeout(CONNECT_DEADLINE, self.client.closed()).await;
                return Err(why.unwrap_or(LinkError::Silent));
            }
        };
        codec::decode(&frame.body).map(|told| (frame.id, told)).map_err(|fault| self.client.accuse(fault))
    }

    async fn frame(&mut self) -> Result<Frame, Broken> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                let stream = self.connection.accept_uni().await.map_err(|_| Broken::Lost)?;
                none.insert(FrameReader::new(stream))
            }
        };
        reader.next().await?.ok_or(Broken::Lost)
    }
}

/// What a client lets a server tell it: one stream, of which so much may lie unread, in bytes. What is
/// told is news, and nobody gains by a long line of old ones.
pub(crate) fn listen(transport: &mut quinn::TransportConfig) {
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(1))
        .stream_receive_window(VarInt::from_u32(UNREAD_BYTES));
}

const UNREAD_BYTES: u32 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(broadcast: &Broadcast, peer: Pin) -> Watcher {
        let Ok(watcher) = broadcast.join(peer) else { panic!("there is no place") };
        watcher
    }

    #[test]
    fn there_are_so_many_watchers_of_a_key_and_in_all_and_places_come_free() {
        let broadcast = Broadcast::default();
        let pin = |byte: u8| Pin([byte; 32]);
        let mut all: Vec<_> = (0..WATCHERS_PER_KEY).map(|_| place(&broadcast, pin(1))).collect();
        assert!(broadcast.join(pin(1)).is_err());
        all.extend((WATCHERS_PER_KEY..WATCHERS).map(|_| place(&broadcast, pin(2))));
        assert!(broadcast.join(pin(3)).is_err());
        drop(all.pop());
        assert!(broadcast.join(pin(3)).is_ok());
        drop(all);
        assert!(!broadcast.is_watched());
    }

    #[test]
    fn only_the_newest_message_is_kept() {
        let broadcast = Broadcast::default();
        let mut watcher = place(&broadcast, Pin([1; 32]));
        (1..=1_000_u64).for_each(|number| broadcast.tell(number, &number));
        let newest = watcher.newest.borrow_and_update().clone();
        let mut decoder = super::super::Decoder::default();
        decoder.push(newest);
        let frame = decoder.take().expect("no fault").expect("a frame");
        assert_eq!((frame.id, codec::decode::<u64>(&frame.body)), (1_000, Ok(1_000)));
        assert_eq!(decoder.take(), Ok(None));
    }
}
