//! Counts, against counts made by hand.

use std::time::Duration;

use kessai_demo::chart::count::{Counts, by_mark};
use kessai_demo::chart::message::{Message, messages};
use kessai_demo::chart::parties::Parties;
use kessai_demo::chart::{Frame, Mark};

use super::given::{NAMES, SELLER, TERMINAL, line, long, purchase, short, udp};

pub fn understood(frames: &[Frame]) -> Vec<Message> {
    messages(frames, &Parties::of(&NAMES.map(str::to_owned)).expect("names"))
}

#[test]
fn frames_and_bytes_of_each_way_are_all_of_them() {
    let frames = purchase();
    let counts = Counts::of(&understood(&frames));
    assert_eq!(counts.frames(), frames.len());
    assert_eq!(counts.wire_bytes(), frames.iter().map(|frame| frame.bytes.len() as u64).sum::<u64>());
    let way = |from: &str, to: &str| {
        let way = counts.ways.iter().find(|way| way.from == from && way.to == to).expect("a way");
        (way.wire.as_str(), way.frames, way.acknowledgements, way.probes, way.payload_bytes)
    };
    assert_eq!(way("seller", "settlement"), ("closed network", 3, 0, 0, 1_200 + 160 + 1_180));
    assert_eq!(way("settlement", "seller"), ("closed network", 3, 1, 0, 1_200 + 38 + 349));
    assert_eq!(way("terminal", "seller"), ("open network", 5, 0, 0, 1_200 + 90 + 312 + 1_190 + 500));
    assert_eq!(way("seller", "terminal"), ("open network", 5, 1, 1, 1_200 + 34 + 1_452 + 420 + 553));
    assert_eq!(way("stranger", "seller"), ("open network", 40, 0, 0, 48_000));
    // Ethernet, IPv4 and UDP.
    assert!(counts.ways.iter().all(|way| way.wire_bytes == way.payload_bytes + 42 * way.frames as u64));
}

#[test]
fn flights_and_round_trips_are_what_the_definition_says() {
    let counts = Counts::of(&understood(&purchase()));
    let talk = |opener: &str, answerer: &str| {
        let talk = counts.talks.iter().find(|talk| talk.opener == opener && talk.answerer == answerer);
        let talk = talk.expect("a talk");
        (talk.flights, talk.round_trips, talk.handshake_round_trips)
    };
    // Initial, answer, [finish], inquiry | the finish and the inquiry are one flight, as only an
    // acknowledgement came between them.
    assert_eq!(talk("seller", "settlement"), (4, 2, 1));
    assert_eq!(talk("terminal", "seller"), (6, 3, 1));
    assert_eq!(talk("stranger", "seller"), (1, 0, 0));
    assert_eq!(counts.round_trips(), 5);
}

#[test]
fn a_purchase_is_what_lies_between_two_marks() {
    let mark = |at, what: &str| Mark { at: Duration::from_micros(at), what: what.to_owned() };
    let messages = understood(&purchase());
    let marked = by_mark(&messages, &[mark(905_900, "stranger"), mark(900_900, "purchase")]);
    assert_eq!(
        marked.iter().map(|marked| marked.what.as_str()).collect::<Vec<_>>(),
        ["purchase", "stranger"]
    );
    let (purchase, stranger) = (&marked[0], &marked[1]);
    assert_eq!((purchase.took_us, purchase.counts.frames()), (4_700, 9));
    // Quote and order on the open network, one inquiry on the closed one.
    assert_eq!(purchase.counts.round_trips(), 3);
    assert_eq!((stranger.counts.frames(), stranger.counts.round_trips()), (40, 0));
    // What comes in the moment of a mark belongs to that mark alone.
    let split = by_mark(&messages, &[mark(0, "before"), mark(905_600, "the answer and the stranger")]);
    assert_eq!(split.iter().map(|marked| marked.counts.frames()).collect::<Vec<_>>(), [15, 41]);
}

#[test]
fn what_is_small_is_an_acknowledgement_only_where_the_ids_are_known() {
    let small =
        |frames: &[Frame]| understood(frames).iter().map(|message| message.acknowledges).collect::<Vec<_>>();
    let (there, back) = (long(0, 1_200), long(2, 1_200));
    let opened = [udp(0, "w", TERMINAL, SELLER, &there), udp(1, "w", SELLER, TERMINAL, &back)];
    // One byte of header, eight of id, fifteen of number and acknowledgement, sixteen of tag.
    let with = |frame| small(&[&opened[..], &[frame]].concat());
    assert_eq!(with(udp(2, "w", TERMINAL, SELLER, &short(40))), [false, false, true]);
    assert_eq!(with(udp(2, "w", TERMINAL, SELLER, &short(41))), [false, false, false]);
    assert_eq!(small(&[line(0, 1, 2, &short(40))]), [false]);
    let told = Frame { label: Some("echo".into()), ..udp(2, "w", TERMINAL, SELLER, &short(30)) };
    assert_eq!(with(told), [false, false, false]);
}

#[test]
fn only_what_is_longer_than_all_before_tries_the_path() {
    let frames = [
        udp(0, "w", TERMINAL, SELLER, &long(0, 1_200)),
        udp(1, "w", SELLER, TERMINAL, &long(2, 1_200)),
        udp(2, "w", TERMINAL, SELLER, &short(1_200)),
        udp(3, "w", TERMINAL, SELLER, &short(1_326)),
        udp(4, "w", TERMINAL, SELLER, &short(1_326)),
        udp(5, "w", SELLER, TERMINAL, &short(1_300)),
    ];
    let probes: Vec<bool> = understood(&frames).iter().map(|message| message.probes).collect();
    assert_eq!(probes, [false, false, false, true, false, true]);
}
