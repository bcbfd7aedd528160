//! `sockaddr_ll`, for which the crates we use have no type.
#![allow(unsafe_code, reason = "a socket address reaches the kernel as a pointer and a length")]

use std::mem::size_of;

use rustix::net::SocketAddrAny;
use rustix::net::addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque};

use super::{Direction, Mac};

/// `AF_PACKET`.
const FAMILY: u16 = 17;

/// The bytes of a `struct sockaddr_ll` (packet(7)), each field in the order of bytes that it has there.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct LinkAddress {
    family: u16,
    /// In the network's order of bytes.
    protocol: u16,
    index: i32,
    hardware: u16,
    packet_type: u8,
    mac_len: u8,
    mac: [u8; 8],
}

impl LinkAddress {
    /// Where a socket is bound that is to have one interface's frames of one protocol.
    pub(super) fn of_interface(index: u32, protocol: u16) -> Self {
        Self { family: FAMILY, protocol: protocol.to_be(), index: index.cast_signed(), ..Self::default() }
    }

    /// The address in one that the kernel gave; `None` when it is of another family.
    pub(super) fn read(address: &SocketAddrAny) -> Option<Self> {
        let mut bytes = [0; size_of::<Self>()];
        let given = usize::try_from(address.addr_len()).ok()?.min(bytes.len());
        // SAFETY: `SocketAddrAny` guarantees that as many bytes as `addr_len` says are initialised
        // behind its pointer, no more than these are copied, and `bytes` has room for them.
        unsafe { std::ptr::copy_nonoverlapping(address.as_ptr().cast(), bytes.as_mut_ptr(), given) };
        let two = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
        let mut mac = [0; 8];
        mac.copy_from_slice(&bytes[12..]);
        (two(0) == FAMILY).then_some(Self {
            family: FAMILY,
            protocol: two(2),
            index: i32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
            hardware: two(8),
            packet_type: bytes[10],
            mac_len: bytes[11],
            mac,
        })
    }

    pub(super) fn protocol(&self) -> u16 {
        u16::from_be(self.protocol)
    }

    pub(super) fn index(&self) -> u32 {
        self.index.cast_unsigned()
    }

    /// `None` for what is no Ethernet.
    pub(super) fn mac(&self) -> Option<Mac> {
        let [a, b, c, d, e, f, _, _] = self.mac;
        (self.mac_len == 6).then_some([a, b, c, d, e, f])
    }

    pub(super) fn direction(&self) -> Direction {
        match self.packet_type {
            0 => Direction::Incoming,
            1 => Direction::Broadcast,
            2 => Direction::Multicast,
            4 => Direction::Outgoing,
            // What the kernel may tell of later is not for this station either.
            _ => Direction::ForAnother,
        }
    }
}

// SAFETY: the pointer is to this value, which is readable for its whole size and has the layout of a
// `sockaddr_ll` without padding.
unsafe impl SocketAddrArg for LinkAddress {
    unsafe fn with_sockaddr<R>(&self, f: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R) -> R {
        f(std::ptr::from_ref(self).cast(), size_of::<Self>() as SocketAddrLen)
    }
}
