//! The two directions of a stream, in frames.

use quinn::{ReadError, RecvStream, SendStream, WriteError};
use tokio::sync::mpsc;

use super::frame::{Decoder, Frame};
use crate::codec::PeerFault;

/// The most that is read from a stream at once, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// Queued frames are gathered into one write until it has so many bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// Why a stream yields no further frame.
#[derive(Debug)]
pub(super) enum Broken {
    /// The peer broke the rules.
    Fault(PeerFault),
    /// The connection or the stream is gone.
    Lost,
}

impl From<PeerFault> for Broken {
    fn from(fault: PeerFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ReadError> for Broken {
    fn from(_: ReadError) -> Self {
        Self::Lost
    }
}

/// The frames of the incoming direction.
pub(super) struct FrameReader {
    stream: RecvStream,
    decoder: Decoder,
}

impl FrameReader {
    pub(super) fn new(stream: RecvStream) -> Self {
        Self { stream, decoder: Decoder::default() }
    }

    /// Waits until a frame is there to take; `false` when the stream has ended between frames.
    /// A caller that stops waiting loses nothing.
    pub(super) async fn wait(&mut self) -> Result<bool, Broken> {
        while !self.decoder.ready()? {
            match self.stream.read_chunk(READ_BYTES, true).await? {
                Some(chunk) => self.decoder.push(&chunk.bytes),
                None => {
                    self.decoder.finish()?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The next frame; `None` when the stream has ended between frames.
    pub(super) async fn next(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        self.wait().await?;
        Ok(self.decoder.take()?)
    }
}

/// Something that waits to be written.
pub(super) trait Outgoing {
    /// The frame, unless nobody needs it any more. Whoever asks for it goes on to write it.
    fn claim(&self) -> Option<&[u8]>;
}

/// Writes what is queued until the queue is closed and empty. Whatever has gathered during one
/// write goes out together in the next, so that batches grow with the load and no timer is needed.
/// An item is dropped only when it has been written.
pub(super) async fn write_queued<T: Outgoing>(
    stream: &mut SendStream,
    queue: &mut mpsc::Receiver<T>,
) -> Result<(), WriteError> {
    let mut batch = Vec::new();
    let mut items = Vec::new();
    while let Some(first) = queue.recv().await {
        let mut next = Some(first);
        while let Some(item) = next {
            batch.extend_from_slice(item.claim().unwrap_or_default());
            items.push(item);
            next = (batch.len() < BATCH_BYTES).then(|| queue.try_recv().ok()).flatten();
        }
        stream.write_all(&batch).await?;
        batch.clear();
        batch.shrink_to(BATCH_BYTES);
        items.clear();
    }
    Ok(())
}
