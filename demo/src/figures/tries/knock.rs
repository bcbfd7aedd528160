//! Who is there? Datagrams from where a stranger stands, and what comes back.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::net::packet::{BROADCAST, PacketSocket, Protocol};

use super::super::findings::{Tried, Verdict, What};
use super::super::packet::{Kind, TYPE_LINE, view};
use super::super::stage::{INTRUDER, OPEN, SETTLEMENT, STRANGER};
use super::super::system::System;
use super::Ground;
use crate::chart::Frame;
use crate::lan::Host;

/// Probes of each kind.
const PROBES: usize = 20;
/// How long a TCP connection may take.
const TCP_DEADLINE: Duration = Duration::from_millis(300);
/// The least length of a datagram that asks a QUIC server for a version (RFC 9000 14.1, 6.1), in bytes.
const INITIAL_BYTES: usize = 1_200;
/// A version that no server speaks, of those set aside to find that out (RFC 9000 15).
const NO_VERSION: [u8; 4] = [0x1a, 0x2a, 0x3a, 0x4a];
/// What marks probes, so that they are known again on another wire.
const MARK: &[u8] = b"a stranger's probe";
/// Who is no party.
const STRANGE: [&str; 2] = [STRANGER, INTRUDER];

/// What came back.
#[derive(Default)]
struct Back {
    datagrams: usize,
    bytes: usize,
    unreachable: usize,
    taken: bool,
}

/// From the open network: does anything of a stranger reach the settlement, or come back from it?
pub fn reach(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let stage = ground.stage;
    if ground.system().is_designed() {
        // The way that a network with a router would have: through the seller.
        let network = format!("{}/24", stage.bank_v4().ip());
        let via = stage.shop.address.ip().to_string();
        let namespace = stage.stranger.namespace();
        let network = network.replace(".1/", ".0/");
        let args = ["-n", namespace, "route", "replace", &network, "via", &via];
        let said = Command::new("ip").args(args).stdin(Stdio::null()).output()?;
        if !said.status.success() {
            let said = String::from_utf8_lossy(&said.stderr).trim().to_owned();
            return Err(Failure::failed(format!("the stranger has no route to the settlement: {said}")));
        }
    }
    let (taken, seen) = ground.watch(|| {
        if ground.system() == System::Line {
            shout(&stage.stranger)?;
        }
        knock(&stage.stranger, ground.bank())
    })?;
    let sent = left(&seen)?;
    let back = answers(&seen, taken);
    let beyond = seen.iter().filter(|seen| seen.wire != OPEN && has(&seen.bytes, MARK)).count();
    let is_reached = back.datagrams > 0 || back.taken || beyond > 0;
    let verdict = if is_reached { Verdict::Broken } else { Verdict::Safe };
    let said = if ground.system().is_designed() {
        format!("{sent} probes by way of the seller: {beyond} carried on to another wire, {}", told(&back))
    } else {
        format!("{sent} probes: {}", told(&back))
    };
    Ok(Tried::new(What::Reach, verdict, short(&back), said))
}

/// From where a stranger stands nearest: what the settlement's port answers, and what the port beside it.
pub fn scan(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let stage = ground.stage;
    if let (System::Line, Some(line)) = (ground.system(), stage.wire("line")) {
        // There is no third end: all that can be done is what was done from the open network.
        let ends: Vec<_> = line.ports.iter().map(|port| port.host.name()).collect();
        let ((), seen) = ground.watch(|| shout(&stage.stranger))?;
        let sent = left(&seen)?;
        let heard = seen.iter().filter(|seen| seen.wire == line.name && has(&seen.bytes, MARK)).count();
        let verdict = if heard == 0 && ends.len() == 2 { Verdict::Safe } else { Verdict::Broken };
        let said = format!(
            "the line has {} ends, of {}: nowhere to stand; of {sent} frames of its own EtherType shouted on \
             the open network, {heard} were on it",
            ends.len(),
            ends.join(" and "),
        );
        return Ok(Tried::new(What::Scan, verdict, "nowhere to stand", said));
    }
    let (taken, seen) = ground.watch(|| knock(stage.nearest(), ground.bank()))?;
    let (sent, back) = (left(&seen)?, answers(&seen, taken));
    let mut beside = ground.bank();
    beside.set_port(beside.port() + 1);
    let (taken, seen) = ground.watch(|| knock(stage.nearest(), beside))?;
    let (aside, neighbour) = (left(&seen)?, answers(&seen, taken));
    let verdict = if back.datagrams > 0 || back.taken { Verdict::Broken } else { Verdict::Safe };
    let said = format!(
        "{sent} probes from the {}: {}; {aside} to the port beside it, which nobody has: {}",
        stage.nearest().name(),
        told(&back),
        told(&neighbour)
    );
    Ok(Tried::new(What::Scan, verdict, short(&back), said))
}

/// Knocks at a port in every way that a scanner has; whether a TCP connection was taken.
fn knock(from: &Host, to: SocketAddr) -> Result<bool, Failure> {
    let probes = probes();
    from.inside(|| {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        for probe in &probes {
            // That nobody is there is an answer too, and shows on the wire.
            let _ = socket.send_to(probe, to);
        }
        Ok(TcpStream::connect_timeout(&to, TCP_DEADLINE).is_ok())
    })?
}

/// Frames of the dedicated line's EtherType, for all stations of the open network.
fn shout(from: &Host) -> Result<(), Failure> {
    let socket = from.inside(|| PacketSocket::open(OPEN, Protocol::All))??;
    for probe in probes().iter().take(PROBES) {
        let length = u16::try_from(probe.len()).unwrap_or(u16::MAX).to_be_bytes();
        // A frame that finds no room is lost, as on any wire.
        let _ = socket.send_to(BROADCAST, TYPE_LINE, &[&length, probe]);
    }
    Ok(())
}

/// Datagrams that ask for a version, that belong to no connection, and that are nothing at all.
pub(super) fn probes() -> Vec<Vec<u8>> {
    let marked = |head: &[u8], nth: usize, length: usize| {
        let mut probe = [head, MARK, &nth.to_be_bytes()].concat();
        probe.resize(length, 0x5a);
        probe
    };
    let long = [&[0xc0][..], &NO_VERSION, &[8, 1, 2, 3, 4, 5, 6, 7, 8, 0]].concat();
    (0..PROBES)
        .flat_map(|nth| [marked(&long, nth, INITIAL_BYTES), marked(&[0x40], nth, 60), marked(&[], nth, 100)])
        .collect()
}

/// How many probes are on a wire, at the port of whoever was to send them: a try that never left finds every
/// system safe.
fn left(seen: &[Frame]) -> Result<usize, Failure> {
    let sent = seen.iter().filter(|seen| STRANGE.contains(&seen.from.as_str()) && has(&seen.bytes, MARK));
    match sent.count() {
        0 => Err(Failure::failed("none of the stranger's probes was seen on a wire")),
        sent => Ok(sent),
    }
}

/// What the settlement sent, ARP apart, which is the kernel's, to a stranger or in answer to one.
fn answers(seen: &[Frame], taken: bool) -> Back {
    let mut back = Back { taken, ..Back::default() };
    for seen in seen.iter().filter(|seen| seen.from == SETTLEMENT && STRANGE.contains(&seen.to.as_str())) {
        match view(&seen.bytes).kind {
            Kind::Udp | Kind::Line => {
                back.datagrams += 1;
                back.bytes += seen.bytes.len();
            }
            Kind::Icmp => back.unreachable += 1,
            Kind::Tcp | Kind::Reset | Kind::Arp | Kind::Other => {}
        }
    }
    back
}

fn told(back: &Back) -> String {
    let Back { datagrams, bytes, unreachable, taken } = back;
    let mut told = match (datagrams, taken) {
        (0, false) => "0 bytes back".to_owned(),
        (0, true) => "TCP connections taken".to_owned(),
        (_, _) => format!("{datagrams} datagrams of {bytes} bytes back"),
    };
    if *unreachable > 0 {
        told += &format!(" ({unreachable} ICMP of the kernel: nobody is here)");
    }
    told
}

fn short(back: &Back) -> &'static str {
    match (back.datagrams, back.taken) {
        (0, false) => "0 bytes back",
        (0, true) => "connections taken",
        (_, _) => "datagrams back",
    }
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part == text)
}
