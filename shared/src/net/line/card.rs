//! What has to be true of an interface before it can be a line.

use std::io;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with, sockopt,
};

use super::ethernet::{BUFFER_BYTES, ETHER_TYPE, LENGTH_BYTES};
use crate::net::packet::{PacketSocket, Protocol};

/// The shortest MTU of a line, in bytes: QUIC needs datagrams of 1,200 (RFC 9000, section 14), each with its
/// length before it.
pub const MIN_MTU: u32 = 1_200 + LENGTH_BYTES as u32;

/// Room for what the kernel tells of one interface, in bytes; it takes some 2,000.
const ANSWER_BYTES: usize = 32 * 1024;

/// `RTM_GETLINK`, `RTM_NEWLINK`, `NLM_F_REQUEST` and `IFLA_MTU` of rtnetlink(7).
const GET_LINK: u16 = 18;
const NEW_LINK: u16 = 16;
const REQUEST: u16 = 1;
const MTU: u16 = 4;
/// A `struct nlmsghdr`, and a `struct ifinfomsg`, in bytes.
const MESSAGE_HEAD: usize = 16;
const LINK_HEAD: usize = 16;

/// Opens an interface as a line.
///
/// # Errors
///
/// A line that names the interface when it is not there, may not be opened, or has an address: then it is a
/// part of some IP network, and anyone there could send frames of ours too.
pub(super) fn open(interface: &str) -> io::Result<PacketSocket> {
    let socket = PacketSocket::open(interface, Protocol::Ether(ETHER_TYPE))?;
    must_have_no_address(interface)?;
    must_be_long_enough(socket.index()).map_err(|error| {
        io::Error::new(error.kind(), format!("interface {interface} cannot be a line: {error}"))
    })?;
    // Only who is privileged gets more than `net.core.rmem_max`; less costs retransmissions under load.
    let _ = sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER_BYTES);
    let _ = sockopt::set_socket_send_buffer_size_force(&socket, BUFFER_BYTES);
    Ok(socket)
}

fn must_have_no_address(interface: &str) -> io::Result<()> {
    // An address may go by a label of its own, such as `eth1:1`.
    let is_its = |name: &str| name.split(':').next() == Some(interface);
    let addresses = nix::ifaddrs::getifaddrs()?.filter(|entry| is_its(&entry.interface_name));
    for entry in addresses {
        let Some(address) = entry.address else { continue };
        let ip = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) => v4.ip().to_string(),
            (None, Some(v6)) => v6.ip().to_string(),
            (None, None) => continue,
        };
        let why = format!(
            "interface {interface} has the address {ip}, so it is part of an IP network; a line is an \
             interface without one (ip link set {interface} addrgenmode none; ip address flush dev {interface})"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(())
}

/// Sees to it that QUIC fits into the frames of an interface.
///
/// # Errors
///
/// A line that says how long they are.
pub(super) fn must_be_long_enough(index: u32) -> io::Result<()> {
    let mtu = mtu(index)?;
    if mtu < MIN_MTU {
        let why = format!("the interface takes {mtu} bytes a frame (MTU), and the line needs {MIN_MTU}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(())
}

/// Asks the kernel, in the network namespace of the calling thread.
fn mtu(index: u32) -> io::Result<u32> {
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    const LEN: usize = MESSAGE_HEAD + LINK_HEAD;
    let mut request = [0; LEN];
    request[..4].copy_from_slice(&(LEN as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&GET_LINK.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
    request[20..24].copy_from_slice(&index.to_ne_bytes());
    send(&kernel, &request, SendFlags::empty())?;
    let mut answer = vec![0; ANSWER_BYTES];
    let (len, _) = recv(&kernel, &mut answer[..], RecvFlags::empty())?;
    answer.truncate(len);
    let unheard = || io::Error::new(io::ErrorKind::NotFound, "the kernel does not tell of the interface");
    mtu_in(&answer).ok_or_else(unheard)
}

fn mtu_in(message: &[u8]) -> Option<u32> {
    if word(message, 4)? != NEW_LINK {
        return None;
    }
    let mut attributes = message.get(MESSAGE_HEAD + LINK_HEAD..)?;
    loop {
        let len = usize::from(word(attributes, 0)?);
        if word(attributes, 2)? == MTU {
            let bytes = attributes.get(4..8).filter(|_| len == 8)?;
            return Some(u32::from_ne_bytes(bytes.try_into().ok()?));
        }
        // Each begins at a multiple of four; one that is shorter than its head would never end.
        attributes = attributes.get(len.max(4).next_multiple_of(4)..)?;
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::packet::index_of;

    #[test]
    fn the_kernel_tells_how_long_frames_are() {
        // Every namespace has one, and nobody makes it shorter.
        assert!(mtu(index_of("lo").unwrap()).unwrap() >= MIN_MTU);
        assert_eq!(mtu(u32::MAX >> 1).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn an_answer_that_is_cut_off_or_circular_ends() {
        let mut answer = vec![0; 32];
        answer[4..6].copy_from_slice(&NEW_LINK.to_ne_bytes());
        answer.extend([0; 400]);
        assert_eq!(mtu_in(&answer), None);
        for len in 0..answer.len() {
            assert_eq!(mtu_in(&answer[..len]), None);
        }
    }
}
