//! The incoming direction of a stream, in frames.

use quinn::{ReadError, RecvStream};

use super::frame::{Decoder, Frame};
use crate::codec::PeerFault;

/// The most that is read from a stream at once, in bytes.
const READ_BYTES: usize = 64 * 1024;

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
            self.decoder.keep();
            match self.stream.read_chunk(READ_BYTES, true).await? {
                Some(chunk) => self.decoder.push(chunk.bytes),
                None => {
                    self.decoder.finish()?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The next frame; `None` when the stream has ended between frames.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>, Broken> {
        self.wait().await?;
        Ok(self.decoder.take()?)
    }

    /// The next frame that has arrived already.
    pub(super) fn next_here(&mut self) -> Result<Option<Frame>, Broken> {
        Ok(self.decoder.take()?)
    }
}
