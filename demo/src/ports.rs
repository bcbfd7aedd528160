//! Ports that stay free while the daemon that had one is started again.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The ports that are chosen from, unless the system gives away some of them by itself.
const CHOICE: Range<u16> = 16_384..32_768;
/// Where Linux says which ports it gives to whoever asks for any.
const GIVEN_AWAY: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// How many ports are tried before any will do.
const TRIES: usize = 64;
/// What this process was given already: it may not be bound yet, and would look free.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A free UDP port of this machine for a daemon that will come back to it. The system gives it to nobody who
/// merely asks for any port, so it is still free when the daemon was killed; one of the usual kind may be
/// somebody's by then. One process is given each port once.
pub fn lasting() -> Option<SocketAddr> {
    let choice = choice(&std::fs::read_to_string(GIVEN_AWAY).unwrap_or_default());
    (0..TRIES).find_map(|_| {
        let nth = RandomState::new().build_hasher().finish() % (choice.len() as u64).max(1);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, choice.start + u16::try_from(nth).ok()?));
        let is_new = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(address.port());
        (is_new && UdpSocket::bind(address).is_ok()).then_some(address)
    })
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
    fn nobody_is_given_a_port_twice() {
        let all: Vec<SocketAddr> = (0..2_000).map(|_| lasting().expect("a port")).collect();
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
