//! Frames of one interface, below IP: what the Ethernet line is made of, and what a tap sees.

mod address;

use std::io::{self, IoSlice, IoSliceMut};
use std::num::NonZero;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType,
    bind, getsockname, recvmsg, sendmsg, socket_with, sockopt,
};

use address::LinkAddress;

/// An Ethernet station's address.
pub type Mac = [u8; 6];

/// Every station on the wire.
pub const BROADCAST: Mac = [0xff; 6];

/// What stands before the payload of an Ethernet frame, in bytes: destination, source, EtherType.
pub const HEADER_BYTES: usize = 14;

/// `ETH_P_ALL`: frames of every EtherType, also those that this machine sends.
const ALL: u16 = 3;

/// Which frames a socket is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// All of them, also those that this machine sends: a tap.
    All,
    /// Those of one EtherType, and none that this machine sends.
    Ether(u16),
}

/// Which way a frame went (`sll_pkttype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It came in, for this station.
    Incoming,
    /// It came in, for every station.
    Broadcast,
    /// It came in, for a group of stations.
    Multicast,
    /// It came in and was meant for another station.
    ForAnother,
    /// This machine sent it. Only [`Protocol::All`] sees those.
    Outgoing,
}

/// A frame that came, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// How many bytes of it are in the buffer, from the destination address on and without the check sum.
    pub len: usize,
    /// How many bytes it had. More than `len` when the buffer was too short.
    pub whole: usize,
    /// The station that sent it.
    pub from: Mac,
    pub direction: Direction,
}

/// A raw packet socket on one interface. It never blocks.
#[derive(Debug)]
pub struct PacketSocket {
    descriptor: OwnedFd,
    index: u32,
    mac: Mac,
}

impl Protocol {
    const fn number(self) -> u16 {
        match self {
            Self::All => ALL,
            Self::Ether(ether_type) => ether_type,
        }
    }
}

impl PacketSocket {
    /// Opens one on the interface of this name, in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` without `CAP_NET_RAW`, `NotFound` when there is no such interface, and
    /// `InvalidInput` when it is none of Ethernet. Each names the interface.
    pub fn open(interface: &str, protocol: Protocol) -> io::Result<Self> {
        Self::try_open(interface, protocol).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::PermissionDenied => "needs root, or CAP_NET_RAW".to_owned(),
                io::ErrorKind::NotFound => "there is no such interface".to_owned(),
                _ => error.to_string(),
            };
            io::Error::new(error.kind(), format!("cannot open interface {interface}: {why}"))
        })
    }

    fn try_open(interface: &str, protocol: Protocol) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // Without a protocol it is given nothing before it is bound, which would be frames of every
        // interface.
        let descriptor = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
        let index = index_of(interface)?;
        bind(&descriptor, &LinkAddress::of_interface(index, protocol.number()))?;
        Self::over(descriptor)
    }

    /// Takes one over that somebody else opened, and sees to it that it is what it is said to be: a raw
    /// packet socket for this protocol that is bound to an interface, to `interface` where one is named.
    ///
    /// # Errors
    ///
    /// `InvalidInput` with a line on what the descriptor is instead.
    pub fn inherited(descriptor: OwnedFd, interface: Option<&str>, protocol: Protocol) -> io::Result<Self> {
        let not = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
        if sockopt::socket_domain(&descriptor).ok() != Some(AddressFamily::PACKET)
            || sockopt::socket_type(&descriptor)? != SocketType::RAW
        {
            return Err(not("it is no raw packet socket".to_owned()));
        }
        let address = LinkAddress::read(&getsockname(&descriptor)?).unwrap_or_default();
        if address.protocol() != protocol.number() {
            let (is, expected) = (address.protocol(), protocol.number());
            return Err(not(format!("it is for EtherType {is:#06x}, not {expected:#06x}")));
        }
        if address.index() == 0 {
            return Err(not("it is bound to no interface".to_owned()));
        }
        if let Some(name) = interface
            && index_of(name).ok() != Some(address.index())
        {
            return Err(not(format!("it is not on interface {name}")));
        }
        rustix::io::ioctl_fionbio(&descriptor, true)?;
        rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC)?;
        Self::over(descriptor)
    }

    fn over(descriptor: OwnedFd) -> io::Result<Self> {
        let address = LinkAddress::read(&getsockname(&descriptor)?).unwrap_or_default();
        let (index, mac) = (address.index(), address.mac());
        let mac = mac.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it is no Ethernet"))?;
        Ok(Self { descriptor, index, mac })
    }

    /// The address of this station.
    #[must_use]
    pub fn mac(&self) -> Mac {
        self.mac
    }

    /// The number of the interface.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Takes the next frame, from its destination address on.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is none; `NetworkDown` once when the interface went down.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<Arrived> {
        self.recv_parts(&mut [IoSliceMut::new(buffer)])
    }

    /// As [`PacketSocket::recv`], into several buffers, one after the other.
    ///
    /// # Errors
    ///
    /// As [`PacketSocket::recv`].
    pub fn recv_parts(&self, parts: &mut [IoSliceMut<'_>]) -> io::Result<Arrived> {
        let room: usize = parts.iter().map(|part| part.len()).sum();
        let mut nothing = RecvAncillaryBuffer::default();
        let message = recvmsg(&self.descriptor, parts, &mut nothing, RecvFlags::TRUNC)?;
        let address = message.address.as_ref().and_then(LinkAddress::read).unwrap_or_default();
        Ok(Arrived {
            len: message.bytes.min(room),
            whole: message.bytes,
            from: address.mac().unwrap_or_default(),
            direction: address.direction(),
        })
    }

    /// Sends a frame that is whole: from its destination address on, and without the check sum.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is no room for it now; otherwise the frame is lost, as when it is longer
    /// than the interface takes (`EMSGSIZE`) or the interface is down (`ENETDOWN`).
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.send_parts(&[IoSlice::new(frame)])
    }

    /// Sends a payload to a station, as a frame of an EtherType from this station.
    ///
    /// # Errors
    ///
    /// As [`PacketSocket::send`].
    pub fn send_to(&self, to: Mac, ether_type: u16, payload: &[&[u8]]) -> io::Result<()> {
        let mut header = [0; HEADER_BYTES];
        header[..6].copy_from_slice(&to);
        header[6..12].copy_from_slice(&self.mac);
        header[12..].copy_from_slice(&ether_type.to_be_bytes());
        let mut parts = [IoSlice::new(&header), IoSlice::new(&[]), IoSlice::new(&[])];
        let room = &mut parts[1..];
        if payload.len() > room.len() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        room.iter_mut().zip(payload).for_each(|(part, bytes)| *part = IoSlice::new(bytes));
        self.send_parts(&parts)
    }

    fn send_parts(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        sendmsg(&self.descriptor, parts, &mut SendAncillaryBuffer::default(), SendFlags::empty())?;
        Ok(())
    }

    /// The descriptor itself, to be handed on.
    #[must_use]
    pub fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// The number of an interface, in the network namespace of the calling thread.
///
/// # Errors
///
/// `NotFound` when there is none of this name.
pub fn index_of(interface: &str) -> io::Result<u32> {
    // Longer names are none (IFNAMSIZ), and the kernel interface would not take them.
    let any = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let index = rustix::net::netdevice::name_to_index(&any, interface)
        .map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
    NonZero::new(index).map(NonZero::get).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn what_is_no_packet_socket_is_not_taken_over() {
        let (one, _other) = UnixDatagram::pair().unwrap();
        let error = PacketSocket::inherited(one.into(), None, Protocol::All).unwrap_err();
        assert!(error.to_string().contains("no raw packet socket"), "{error}");
        let file = tempfile::tempfile().unwrap();
        assert!(PacketSocket::inherited(file.into(), None, Protocol::All).is_err());
    }

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        for name in ["kessai-none", "", "a name that is longer than any", "nul\0"] {
            let error = PacketSocket::open(name, Protocol::All).unwrap_err();
            assert!(error.to_string().starts_with("cannot open interface"), "{error}");
        }
    }
}
