//! What was recorded is played again, from the address it came from and from a stranger's own.

use std::net::UdpSocket;

use kessai_shared::codec;
use kessai_shared::console::Failure;
use kessai_shared::exchange::HEADER_BYTES;
use kessai_shared::net::packet::{PacketSocket, Protocol};

use super::super::conventional::message::{ALPN, Ask};
use super::super::conventional::wire::Dress;
use super::super::findings::{Tried, Verdict, What};
use super::super::packet::{Kind, again, view};
use super::super::stage::{SELLER, TERMINAL};
use super::Ground;
use super::tongue::speak;
use crate::chart::Frame;

/// Most frames that are played again.
const MAX_REPLAYED: usize = 600;

/// Plays the first purchase again, with the setting up of its connections.
pub fn replay(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let before = ground.books()?;
    let wires = ground.exposed();
    let played: Vec<&Frame> = ground
        .recorded
        .iter()
        .filter(|seen| seen.at <= ground.first_ended && [TERMINAL, SELLER].contains(&seen.from.as_str()))
        .filter(|seen| wires.iter().any(|(wire, _)| *wire == seen.wire))
        .take(MAX_REPLAYED)
        .collect();
    let (sent, how) = if ground.system().dress() == Some(Dress::Clear) {
        (say_again(ground, &played)?, "questions said again on a connection of the stranger's own")
    } else {
        let (sent, _) = ground.watch(|| send_again(ground, &played))?;
        (sent, "recorded datagrams sent again, from the parties' addresses and from a stranger's own")
    };
    if sent == 0 {
        return Err(Failure::failed("nothing of the recorded purchase could be sent again"));
    }
    let after = ground.books()?;
    let (decisions, sold, held) =
        (after.decisions - before.decisions, after.sold - before.sold, after.held - before.held);
    let verdict = if before == after { Verdict::Safe } else { Verdict::Broken };
    let said =
        format!("{sent} {how}: {decisions} decisions more, {held} pence more held, {sold} orders more sold");
    let short = match (held, sold) {
        (0, 0) => "nothing in the books".to_owned(),
        (held, sold) => format!("{held} pence charged again, {sold} sold"),
    };
    Ok(Tried::new(What::Replay, verdict, short, said))
}

/// Each frame as it was, and its datagram once more from an address of the stranger's.
fn send_again(ground: &Ground<'_>, played: &[&Frame]) -> Result<usize, Failure> {
    let mut sent = 0;
    for (wire, host) in ground.exposed() {
        let (raw, own) = host.inside(|| {
            let raw = PacketSocket::open(wire, Protocol::All)?;
            Ok::<_, std::io::Error>((raw, UdpSocket::bind(("0.0.0.0", 0))?))
        })??;
        for seen in played.iter().filter(|seen| seen.wire == wire) {
            let view = view(&seen.bytes);
            if !matches!(view.kind, Kind::Udp | Kind::Line) {
                continue;
            }
            sent += usize::from(raw.send(&again(&seen.bytes)).is_ok());
            if view.kind == Kind::Udp {
                sent += usize::from(own.send_to(view.payload, view.to).is_ok());
            }
        }
    }
    Ok(sent)
}

/// Over TCP a segment alone is nothing, so what was said is said again.
fn say_again(ground: &Ground<'_>, played: &[&Frame]) -> Result<usize, Failure> {
    let mut said = 0;
    for seen in played {
        let view = view(&seen.bytes);
        let is_asked = view.payload.get(HEADER_BYTES..).and_then(|body| codec::decode::<Ask>(body).ok());
        match is_asked {
            None | Some(Ask::Price { .. }) => {}
            Some(Ask::Buy { .. } | Ask::Authorise { .. } | Ask::Collect { .. }) => {
                let to = (view.to.into(), ALPN);
                let heard = speak(&ground.stage.stranger, Some(Dress::Clear), to, &[view.payload.to_vec()])?;
                said += usize::from(heard.is_connected);
            }
        }
    }
    Ok(said)
}
