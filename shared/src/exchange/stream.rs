//! The incoming direction of a stream, in frames.

use std::sync::Arc;

use quinn::{ReadError, RecvStream};

use super::common::Share;
use super::frame::{Decoder, Frame};
use super::limits::FRAME_ALLOWANCE;
use super::pulse::Pulse;
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
    /// There is no room for what of a frame has come so far.
    NoRoom,
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
    watch: Option<Watch>,
}

/// How a server keeps an eye on frames that begin and do not end.
pub(super) struct Watch {
    pub(super) pulse: Arc<Pulse>,
    pub(super) share: Share,
}

impl Watch {
    fn begun(&mut self, held: usize) -> Result<(), Broken> {
        if held > 0 {
            self.pulse.frame_begun();
        }
        if self.share.cover(held, FRAME_ALLOWANCE) { Ok(()) } else { Err(Broken::NoRoom) }
    }
}

impl FrameReader {
    pub(super) fn new(stream: RecvStream) -> Self {
        Self { stream, decoder: Decoder::default(), watch: None }
    }

    /// Takes frames up to a length, in bytes, and shows when one takes its time.
    pub(super) fn watched(stream: RecvStream, longest: usize, watch: Watch) -> Self {
        Self { stream, decoder: Decoder::up_to(longest), watch: Some(watch) }
    }

    /// Waits until a frame is there to take; `false` when the stream has ended between frames.
    /// A caller that stops waiting loses nothing.
    pub(super) async fn wait(&mut self) -> Result<bool, Broken> {
        while !self.decoder.ready()? {
            self.decoder.keep();
            if let Some(watch) = &mut self.watch {
                watch.begun(self.decoder.held())?;
            }
            match self.stream.read_chunk(READ_BYTES, true).await? {
                Some(chunk) => self.decoder.push(chunk.bytes),
                None => {
                    self.decoder.finish()?;
                    return Ok(false);
                }
            }
        }
        if let Some(watch) = &self.watch {
            watch.pulse.frame_done();
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
