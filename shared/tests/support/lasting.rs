//! Addresses to come back to.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// A free address of this machine, which is given here once. The system gives its port to nobody who asks for any,
/// so it is still free when whoever had it is gone for a moment.
pub fn lasting() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let given_away = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let first = given_away.split_whitespace().next().and_then(|port| port.parse().ok()).unwrap_or(32_768_u16);
    // Tests that run at the same time begin in different places.
    let begin = 10_000 + u16::try_from(std::process::id() % 5_000).expect("a small number");
    let choice = first.saturating_sub(begin).max(1_000);
    let free = (0..choice).find_map(|_| {
        let port = begin + GIVEN.fetch_add(1, Ordering::Relaxed) % choice;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        UdpSocket::bind(address).is_ok().then_some(address)
    });
    free.expect("a free port")
}
