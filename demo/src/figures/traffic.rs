//! Messages, bytes and round trips of each stretch of wire, a purchase on average.

use std::collections::BTreeMap;

use kessai_shared::net::packet::BROADCAST;

use super::findings::Leg;
use crate::chart::count::by_mark;
use crate::chart::message::messages;
use crate::chart::parties::Parties;
use crate::chart::{Frame, Mark};

/// A wire and the two hosts that talk over it.
type Stretch = (String, [String; 2]);

#[derive(Default)]
struct Sum {
    frames: usize,
    messages: usize,
    bytes: u64,
    round_trips: usize,
}

/// What went between these marks, of which the last only ends the one before it.
pub fn legs(frames: &[Frame], marks: &[Mark]) -> Vec<Leg> {
    let spans = by_mark(&messages(&addressed(frames), &Parties::default()), marks);
    let spans = spans.split_last().map(|(_, spans)| spans).unwrap_or_default();
    let mut sums: BTreeMap<Stretch, Sum> = BTreeMap::new();
    for counts in spans.iter().map(|span| &span.counts) {
        for talk in &counts.talks {
            sums.entry(stretch(&talk.wire, &talk.opener, &talk.answerer)).or_default().round_trips +=
                talk.round_trips;
        }
        for way in &counts.ways {
            // Who asks the whole network for an address talks to nobody.
            if let Some(sum) = sums.get_mut(&stretch(&way.wire, &way.from, &way.to)) {
                sum.frames += way.frames;
                sum.messages += way.frames - way.acknowledgements;
                sum.bytes += way.wire_bytes;
            }
        }
    }
    let each = |number: f64| number / spans.len().max(1) as f64;
    let leg = |((wire, between), sum): (Stretch, Sum)| Leg {
        wire,
        between,
        frames: each(sum.frames as f64),
        bytes: each(sum.bytes as f64),
        messages: each(sum.messages as f64),
        round_trips: each(sum.round_trips as f64),
    };
    sums.into_iter().map(leg).collect()
}

/// The frames, each for the station that it went to. On a line with two ends they are for every station, and
/// two ends that both speak to all would seem to have no conversation with each other.
pub fn addressed(frames: &[Frame]) -> Vec<Frame> {
    let station = |frame: &Frame| frame.bytes.get(6..12).map(<[u8]>::to_vec);
    // A host has another station on each wire.
    let at = |wire: &str, host: &str| (wire.to_owned(), host.to_owned());
    let stations: BTreeMap<(String, String), Vec<u8>> =
        frames.iter().filter_map(|frame| Some((at(&frame.wire, &frame.from), station(frame)?))).collect();
    let mut addressed = frames.to_vec();
    for frame in &mut addressed {
        if let (Some(to), Some(station)) =
            (frame.bytes.get_mut(..6), stations.get(&at(&frame.wire, &frame.to)))
            && to == BROADCAST
        {
            to.copy_from_slice(station);
        }
    }
    addressed
}

fn stretch(wire: &str, one: &str, other: &str) -> Stretch {
    let mut between = [one.to_owned(), other.to_owned()];
    between.sort();
    (wire.to_owned(), between)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};
    use std::time::Duration;

    use super::super::packet::forged;
    use super::*;

    #[test]
    fn turns_and_bytes_are_counted_a_purchase() {
        let at = |octet| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, octet), 1);
        let frame = |millis, from: &str, to: &str, payload| Frame {
            at: Duration::from_millis(millis),
            wire: "open".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            bytes: match from {
                "a" => forged(&[0; 14], at(1), at(2), &vec![1; payload]),
                _ => forged(&[0; 14], at(2), at(1), &vec![1; payload]),
            },
            label: None,
        };
        let frames = [
            // Before the first purchase that counts, and after the last.
            frame(1, "a", "b", 1_000),
            frame(10, "a", "b", 100),
            frame(12, "b", "a", 200),
            frame(13, "a", "b", 100),
            frame(14, "b", "a", 100),
            frame(20, "a", "b", 100),
            frame(21, "b", "a", 100),
            frame(40, "b", "a", 100),
        ];
        let marks = [10, 20, 30].map(|at| Mark { at: Duration::from_millis(at), what: String::new() });
        let legs = legs(&frames, &marks);
        assert_eq!(legs.len(), 1);
        assert_eq!(legs[0].between, ["a", "b"]);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(close(legs[0].frames, 3.0) && close(legs[0].messages, 3.0));
        assert!(close(legs[0].round_trips, 1.5));
        assert!(close(legs[0].bytes, (700.0 + 6.0 * 42.0) / 2.0), "{}", legs[0].bytes);
    }
}
