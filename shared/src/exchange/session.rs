//! The answering side of one connection.

use std::sync::Arc;

use quinn::{Connection, ConnectionError, SendStream, VarInt, WriteError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::server::{DRAIN_DEADLINE, Server, Service};
use super::stream::{Broken, FrameReader, Outgoing, write_queued};
use super::{close, frame};
use crate::codec::{self, PeerFault};
use crate::pin::Pin;

/// Answers the peer until either side has had enough.
pub(super) async fn run<S: Service>(connection: &Connection, peer: Pin, server: &Arc<Server<S>>) {
    let end = tokio::select! {
        biased;
        // A connection that is closed, by whichever side, must not begin another call.
        _ = connection.closed() => End::Gone,
        end = converse(connection, peer, server) => end,
    };
    let (code, reason) = match end {
        // Closing a connection that is closed already does nothing.
        End::Gone | End::Quiet => (close::DONE, "done".to_string()),
        End::Stopped => (close::SHUTDOWN, "the server is going down".to_string()),
        End::Idle => {
            tracing::debug!(%peer, "closing: no request in time");
            (close::IDLE, "no request in time".to_string())
        }
        End::Fault(fault) => {
            tracing::warn!(%peer, %fault, "closing a connection because of its peer");
            (close::FAULT, fault.to_string())
        }
    };
    connection.close(code, reason.as_bytes());
}

/// How a conversation ends.
enum End {
    /// The connection, or the stream on it, is no more.
    Gone,
    /// The peer has no more requests, and has its replies.
    Quiet,
    /// The server is going down.
    Stopped,
    /// The peer connected and asked nothing.
    Idle,
    /// The peer broke the rules.
    Fault(PeerFault),
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Fault(fault) => Self::Fault(fault),
            Broken::Lost => Self::Gone,
        }
    }
}

impl From<ConnectionError> for End {
    fn from(_: ConnectionError) -> Self {
        Self::Gone
    }
}

async fn converse<S: Service>(connection: &Connection, peer: Pin, server: &Arc<Server<S>>) -> End {
    let mut stop = server.stop.clone();
    let opened = tokio::select! {
        opened = open(connection, server) => opened,
        _ = stop.wait_for(|stop| *stop) => return End::Stopped,
    };
    let (send, mut reader) = match opened {
        Ok(opened) => opened,
        Err(end) => return end,
    };
    let room = server.limits.max_in_flight_per_connection.max(1) as usize;
    let (replies, queue) = mpsc::channel(room);
    let writer = tokio::spawn(write_replies(send, queue));
    let calls = Calls { peer, server, replies, room: Arc::new(Semaphore::new(room)) };
    let end = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => End::Stopped,
        // A client that refuses to read replies has no use for further calls.
        () = calls.replies.closed() => End::Gone,
        second = connection.accept_bi() => match second {
            Ok(_) => End::Fault(PeerFault::SecondStream),
            Err(error) => error.into(),
        },
        end = take_requests(&mut reader, &calls) => end,
    };
    drop(calls);
    if matches!(end, End::Quiet | End::Stopped) {
        // The writer ends when the last call has its reply delivered.
        let _ = timeout(DRAIN_DEADLINE, writer).await;
    }
    end
}

/// Waits for the stream and the first frame on it.
async fn open<S>(connection: &Connection, server: &Server<S>) -> Result<(SendStream, FrameReader), End> {
    let until = Instant::now() + server.limits.first_frame_deadline;
    let opening = async {
        let (send, recv) = connection.accept_bi().await?;
        let mut reader = FrameReader::new(recv);
        reader.wait().await?;
        Ok((send, reader))
    };
    timeout_at(until, opening).await.unwrap_or(Err(End::Idle))
}

/// What every call of a connection needs.
struct Calls<'a, S> {
    peer: Pin,
    server: &'a Server<S>,
    replies: mpsc::Sender<Reply>,
    room: Arc<Semaphore>,
}

async fn take_requests<S: Service>(reader: &mut FrameReader, calls: &Calls<'_, S>) -> End {
    loop {
        let frame = match reader.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return End::Quiet,
            Err(broken) => return broken.into(),
        };
        let id = frame.id;
        let request = match codec::decode(frame.body) {
            Ok(request) => request,
            Err(fault) => return End::Fault(fault),
        };
        // While this waits nothing is read, and in time the transport stops the client as well.
        let Ok(permit) = Arc::clone(&calls.room).acquire_owned().await else {
            return End::Gone;
        };
        calls.begin(id, request, permit);
    }
}

impl<S: Service> Calls<'_, S> {
    fn begin(&self, id: u64, request: S::Request, permit: OwnedSemaphorePermit) {
        let service = Arc::clone(&self.server.service);
        let (peer, replies, busy) = (self.peer, self.replies.clone(), self.server.busy.clone());
        tokio::spawn(async move {
            let reply = service.call(peer, request).await;
            match frame::encode(id, &reply) {
                Ok(frame) => {
                    let reply = Reply { frame, _permit: permit };
                    // The peer may be gone; the call has had its effect all the same.
                    let _ = replies.send(reply).await;
                }
                Err(bytes) => tracing::error!(%peer, id, bytes, "a reply fits in no frame"),
            }
            drop(busy);
        });
    }
}

/// A reply that waits to be written. It counts as in progress until then, so that a client which
/// does not read its replies cannot make the server keep more than its share.
struct Reply {
    frame: Vec<u8>,
    _permit: OwnedSemaphorePermit,
}

impl Outgoing for Reply {
    fn claim(&self) -> Option<&[u8]> {
        Some(&self.frame)
    }
}

async fn write_replies(
    mut send: SendStream,
    mut queue: mpsc::Receiver<Reply>,
) -> Result<Option<VarInt>, WriteError> {
    write_queued(&mut send, &mut queue).await?;
    // Nobody else ends this stream, so ending it cannot fail.
    let _ = send.finish();
    Ok(send.stopped().await.unwrap_or_default())
}
