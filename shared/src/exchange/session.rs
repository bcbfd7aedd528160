//! The answering side of one connection.

use std::sync::Arc;

use quinn::{Connection, ConnectionError, SendStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::admission::Pass;
use super::close;
use super::common::Share;
use super::counts::count;
use super::desk::{Desk, Opened, write_replies};
use super::pulse::Pulse;
use super::server::{DRAIN_DEADLINE, Server, Service};
use super::stream::{Broken, FrameReader, Watch};
use crate::codec::{self, PeerFault};
use crate::pin::Pin;

/// A connection that was let in.
pub(super) struct Guest {
    pub(super) peer: Pin,
    pub(super) pulse: Arc<Pulse>,
    pub(super) pass: Pass,
}

/// Answers the peer until either side has had enough.
pub(super) async fn run<S: Service>(connection: &Connection, guest: &Guest, server: &Arc<Server<S>>) {
    let peer = guest.peer;
    let end = tokio::select! {
        biased;
        // A connection that is closed, by whichever side, must not begin another call.
        _ = connection.closed() => End::Gone,
        end = converse(connection, guest, server) => end,
    };
    let (code, reason) = match end {
        // Closing a connection that is closed already does nothing.
        End::Gone | End::Quiet => (close::DONE, "done".to_string()),
        End::Stopped => (close::SHUTDOWN, "the server is going down".to_string()),
        End::Idle => {
            tracing::debug!(%peer, "closing: no request in time");
            count(&server.registry.counts.idle);
            (close::IDLE, "no request in time".to_string())
        }
        End::NoRoom => {
            tracing::info!(%peer, "closing: there is no room for the rest of a frame");
            count(&server.registry.counts.slow);
            (close::SLOW, "a frame took too long".to_string())
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
    /// The peer began a frame for whose rest there is no room.
    NoRoom,
    /// The peer broke the rules.
    Fault(PeerFault),
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Fault(fault) => Self::Fault(fault),
            Broken::Lost => Self::Gone,
            Broken::NoRoom => Self::NoRoom,
        }
    }
}

impl From<ConnectionError> for End {
    fn from(_: ConnectionError) -> Self {
        Self::Gone
    }
}

async fn converse<S: Service>(connection: &Connection, guest: &Guest, server: &Arc<Server<S>>) -> End {
    let mut stop = server.stop.clone();
    let opened = tokio::select! {
        opened = open(connection, guest, server) => opened,
        _ = stop.wait_for(|stop| *stop) => return End::Stopped,
    };
    let (send, mut reader) = match opened {
        Ok(opened) => opened,
        Err(end) => return end,
    };
    guest.pass.make_known(Instant::now());
    let desk = Opened(Arc::new(Desk::new(
        (guest.peer, Arc::clone(&guest.pulse)),
        connection.clone(),
        Arc::clone(server),
    )));
    let mut writer = tokio::spawn(write_replies(send, Arc::clone(&desk.0), Arc::clone(&guest.pulse)));
    let end = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => End::Stopped,
        // A client that refuses to read replies has no use for further calls.
        _ = &mut writer => End::Gone,
        second = connection.accept_bi() => match second {
            Ok(_) => End::Fault(PeerFault::SecondStream),
            Err(error) => error.into(),
        },
        end = take_requests(&mut reader, &desk.0) => end,
    };
    drop(desk);
    if matches!(end, End::Quiet | End::Stopped) {
        // The writer ends when the last call has its reply delivered.
        let _ = timeout(DRAIN_DEADLINE, writer).await;
    }
    end
}

/// Waits for the stream and the first frame on it.
async fn open<S>(
    connection: &Connection,
    guest: &Guest,
    server: &Server<S>,
) -> Result<(SendStream, FrameReader), End> {
    let until = Instant::now() + server.limits.first_frame_deadline;
    let opening = async {
        let (send, recv) = connection.accept_bi().await?;
        let watch = Watch { pulse: Arc::clone(&guest.pulse), share: Share::of(server.common.clone()) };
        let mut reader = FrameReader::watched(recv, server.limits.max_request_bytes, watch);
        reader.wait().await?;
        Ok((send, reader))
    };
    timeout_at(until, opening).await.unwrap_or(Err(End::Idle))
}

async fn take_requests<S: Service>(reader: &mut FrameReader, desk: &Arc<Desk<S>>) -> End {
    loop {
        let frame = match reader.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return End::Quiet,
            Err(broken) => return broken.into(),
        };
        // While this waits nothing is read, and in time the transport stops the client as well. What is decoded
        // may take many times its bytes, so that comes after.
        let seat = desk.seat(frame.body.len()).await;
        match codec::decode(&frame.body) {
            Ok(request) => seat.begin(frame.id, request),
            Err(fault) => return End::Fault(fault),
        }
    }
}
