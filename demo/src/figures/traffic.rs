//! Messages, bytes and round trips of each stretch of wire, from a capture.

use std::collections::BTreeMap;
use std::time::Duration;

use super::findings::Leg;
use super::packet::{Kind, view};
use super::tap::Seen;

/// The longest QUIC packet that carries nothing but an acknowledgement here, in bytes: a short header with an
/// id of 16 bytes, an ACK frame with a few ranges, and the tag.
const LONGEST_ACK: usize = 52;

/// What went between the times at which purchases began, a purchase on average.
pub fn legs(frames: &[Seen], begins: &[Duration], ends: Duration) -> Vec<Leg> {
    let spans: Vec<_> = begins.iter().copied().zip(begins.iter().skip(1).copied().chain([ends])).collect();
    let mut sums: BTreeMap<(String, [String; 2]), Sum> = BTreeMap::new();
    for (from, until) in &spans {
        let mut last: BTreeMap<(String, [String; 2]), (String, u32)> = BTreeMap::new();
        for seen in frames.iter().filter(|seen| (*from..*until).contains(&seen.at)) {
            let Some(is_message) = is_message(&seen.bytes) else { continue };
            let mut between = [seen.from.clone(), seen.to.clone()];
            between.sort();
            let leg = (seen.wire.clone(), between);
            let sum = sums.entry(leg.clone()).or_default();
            sum.frames += 1;
            sum.bytes += seen.bytes.len() as u64;
            if is_message {
                sum.messages += 1;
                let (speaker, turns) = last.entry(leg).or_default();
                if *speaker != seen.from {
                    speaker.clone_from(&seen.from);
                    *turns += 1;
                }
            }
        }
        for (leg, (_, turns)) in last {
            sums.entry(leg).or_default().turns += u64::from(turns);
        }
    }
    let count = spans.len().max(1) as f64;
    let each = |(leg, sum): ((String, [String; 2]), Sum)| Leg {
        wire: leg.0,
        between: leg.1,
        frames: sum.frames as f64 / count,
        bytes: sum.bytes as f64 / count,
        messages: sum.messages as f64 / count,
        round_trips: sum.turns as f64 / 2.0 / count,
    };
    sums.into_iter().map(each).collect()
}

#[derive(Default)]
struct Sum {
    frames: u64,
    bytes: u64,
    messages: u64,
    turns: u64,
}

/// Whether a frame carries more than an acknowledgement; `None` for what is no part of a purchase.
fn is_message(frame: &[u8]) -> Option<bool> {
    let view = view(frame);
    match view.kind {
        Kind::Udp | Kind::Line => Some(view.payload.len() > LONGEST_ACK),
        Kind::Tcp | Kind::Reset => Some(!view.payload.is_empty()),
        Kind::Icmp => Some(false),
        Kind::Arp | Kind::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use super::super::packet::forged;
    use super::*;

    #[test]
    fn turns_and_bytes_are_counted_a_purchase() {
        let at = |octet| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, octet), 1);
        let frame = |millis, from: &str, to: &str, payload| Seen {
            at: Duration::from_millis(millis),
            wire: "open".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            bytes: forged(&[0; 14], at(1), at(2), &vec![1; payload]),
        };
        let frames = [
            // Before the first purchase that counts.
            frame(1, "a", "b", 1_000),
            frame(10, "a", "b", 100),
            frame(11, "b", "a", 30),
            frame(12, "b", "a", 200),
            frame(13, "a", "b", 100),
            frame(14, "b", "a", 100),
            frame(20, "a", "b", 100),
            frame(21, "b", "a", 100),
        ];
        let begins = [10, 20].map(Duration::from_millis);
        let legs = legs(&frames, &begins, Duration::from_millis(30));
        assert_eq!(legs.len(), 1);
        assert_eq!(legs[0].between, ["a", "b"]);
        assert!((legs[0].frames - 3.5).abs() < 1e-9 && (legs[0].messages - 3.0).abs() < 1e-9);
        assert!((legs[0].round_trips - 1.5).abs() < 1e-9);
        assert!((legs[0].bytes - (730.0 + 7.0 * 42.0) / 2.0).abs() < 1e-9);
    }
}
