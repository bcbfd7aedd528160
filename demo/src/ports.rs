//! Ports that stay free while the daemon that had one is started again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, socket_with};

/// The ports that are chosen from, unless the system gives away some of them by itself.
const CHOICE: Range<u16> = 16_384..32_768;
/// Where Linux says which ports it gives to whoever asks for any.
const GIVEN_AWAY: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// How many ports are tried before any will do.
const TRIES: usize = 64;
/// What this process was given already. It may not be bound yet, or its daemon is down for a moment, and it would
/// look free: so the TCP port of the same number is kept, which is of no use to anybody here, as long as this
/// process lasts.
static GIVEN: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());

/// A free UDP port of this machine for a daemon that will come back to it. The system gives it to nobody who
/// merely asks for any port, so it is still free when the daemon was killed; one of the usual kind may be
/// somebody's by then. Nobody else who asks here is given it as long as this process lasts.
pub fn lasting() -> Option<SocketAddr> {
    let choice = choice(&std::fs::read_to_string(GIVEN_AWAY).unwrap_or_default());
    (0..TRIES).find_map(|_| {
        let nth = RandomState::new().build_hasher().finish() % (choice.len() as u64).max(1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, choice.start + u16::try_from(nth).ok()?));
        let kept = keep(address).ok()?;
        UdpSocket::bind(address).ok()?;
        GIVEN.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        Some(address)
    })
}

/// Keeps the TCP port from everybody else, and takes nothing that comes to it.
fn keep(address: SocketAddr) -> io::Result<OwnedFd> {
    let kept =
        socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::TCP))?;
    bind(&kept, &address)?;
    Ok(kept)
}

/// What is below the ports that the system gives away, or above them where that is more.
fn choice(given_away: &str) -> Range<u16> {
    let mut ends = given_away.split_whitespace().map_while(|word| word.parse::<u16>().ok());
    let (Some(first), Some(last)) = (ends.next(), ends.next()) else { return CHOICE };
    let below = CHOICE.start..CHOICE.end.min(first);
    let above = last.saturating_add(1)..u16::MAX;
    let longer = if below.len() >= above.len() { below } else { above };
    // Where all are given away, none is better than another.
    if longer.is_empty() { CHOICE } else { longer }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_is_given_a_port_of_the_choice() {
        assert_eq!(choice("32768\t60999\n"), 16_384..32_768);
        assert_eq!(choice("20000 60999"), 61_000..65_535);
        assert_eq!(choice("1024 65535"), CHOICE);
        assert_eq!(choice("no numbers"), CHOICE);
        let one = lasting().expect("a port");
        assert!(CHOICE.contains(&one.port()) || one.port() > CHOICE.end);
    }

    #[test]
    fn what_somebody_was_given_is_kept_from_all_others() {
        let one = lasting().expect("a port");
        assert!(keep(one).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse), "{one}");
        UdpSocket::bind(one).expect("free for its daemon");
        let all: BTreeSet<SocketAddr> = (0..200).map(|_| lasting().expect("a port")).collect();
        assert!(all.len() == 200 && !all.contains(&one));
    }
}
