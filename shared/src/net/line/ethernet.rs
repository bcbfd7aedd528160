//! Datagrams as Ethernet frames.
//!
//! A frame's payload is the length of the datagram in two bytes, most significant first, and the datagram:
//! cards fill short frames up to 60 bytes, and QUIC would take the filling for a part of its packet.
//!
//! Without a `peer` frames go to every station, always. To learn the peer's address from what comes would
//! let one frame of whoever else is on the wire turn the line away from its other end.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, OwnedFd};

use super::{Wire, card};
use crate::net::packet::{Arrived, BROADCAST, Direction, HEADER_BYTES, Mac, PacketSocket};

/// The EtherType of our frames: the first one that IEEE 802 sets aside for experiments of one's own.
pub const ETHER_TYPE: u16 = 0x88b5;

/// The length before each datagram, in bytes.
pub(super) const LENGTH_BYTES: usize = 2;

/// What the kernel is asked to hold in either direction, in bytes, as for UDP.
pub(super) const BUFFER_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Ethernet {
    socket: PacketSocket,
    peer: Option<Mac>,
}

impl Ethernet {
    /// Over a socket of [`ETHER_TYPE`].
    ///
    /// # Errors
    ///
    /// When the interface is too short for QUIC.
    pub(super) fn over(socket: PacketSocket, peer: Option<Mac>) -> io::Result<Self> {
        card::must_be_long_enough(socket.index())?;
        Ok(Self { socket, peer })
    }
}

impl Wire for Ethernet {
    fn ends(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        let again = || self.socket.as_fd().try_clone_to_owned();
        Ok((again()?, again()?))
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let length = u16::try_from(datagram.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let parts = [&length.to_be_bytes()[..], datagram];
        self.socket.send_to(self.peer.unwrap_or(BROADCAST), ETHER_TYPE, &parts)
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut head = [0; HEADER_BYTES + LENGTH_BYTES];
        let room = buffer.len();
        let mut parts = [IoSliceMut::new(&mut head), IoSliceMut::new(buffer)];
        let frame = self.socket.recv_parts(&mut parts)?;
        let [.., high, low] = head;
        Ok(length(&frame, u16::from_be_bytes([high, low]), room)
            .filter(|_| is_for_us(&frame, self.socket.mac(), self.peer)))
    }
}

/// Whether a frame came from the other end of this line.
fn is_for_us(frame: &Arrived, here: Mac, peer: Option<Mac>) -> bool {
    let is_for_here = match frame.direction {
        Direction::Incoming | Direction::Broadcast => true,
        Direction::Multicast | Direction::ForAnother | Direction::Outgoing => false,
    };
    // A wire that reflects frames gives us our own again.
    is_for_here && frame.from != here && peer.is_none_or(|peer| peer == frame.from)
}

/// How much of a frame is its datagram, when it says what can be true.
fn length(frame: &Arrived, said: u16, room: usize) -> Option<usize> {
    let said = usize::from(said);
    let came = frame.whole.checked_sub(HEADER_BYTES + LENGTH_BYTES)?;
    (said > 0 && said <= came && said <= room).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(whole: usize) -> Arrived {
        Arrived { len: whole, whole, from: [2; 6], direction: Direction::Incoming }
    }

    #[test]
    fn only_the_other_end_is_heard() {
        let (here, peer, stranger) = ([1; 6], [2; 6], [4; 6]);
        assert!(is_for_us(&frame(60), here, None) && is_for_us(&frame(60), here, Some(peer)));
        assert!(!is_for_us(&frame(60), here, Some(stranger)));
        assert!(!is_for_us(&frame(60), peer, None), "our own, reflected");
        assert!(is_for_us(&Arrived { direction: Direction::Broadcast, ..frame(60) }, here, Some(peer)));
        for direction in [Direction::Multicast, Direction::ForAnother, Direction::Outgoing] {
            assert!(!is_for_us(&Arrived { direction, ..frame(60) }, here, None), "{direction:?}");
        }
    }

    #[test]
    fn a_length_is_believed_only_when_it_can_be_true() {
        let cases = [
            // A datagram that fills its frame, and one that was filled up to 60 bytes.
            (frame(16 + 1200), 1200, Some(1200)),
            (frame(60), 21, Some(21)),
            // Longer than what came, longer than the room, nothing, and frames cut off in their head.
            (frame(16 + 1199), 1200, None),
            (frame(16 + 9000), 9000, None),
            (frame(60), 0, None),
            (frame(15), 1, None),
            (frame(0), 1, None),
            (frame(16), u16::MAX, None),
        ];
        for (frame, said, expected) in cases {
            assert_eq!(length(&frame, said, 8_952), expected, "{frame:?} that says {said}");
        }
    }
}
