//! Readers of what strangers wrote: there is an answer to any bytes, and it is right where they are right.

use std::time::Duration;

use kessai_demo::chart::Frame;
use kessai_demo::chart::message::{Kind, messages};
use kessai_demo::chart::packet::{Carrier, Packet, Station};
use kessai_demo::chart::parties::Parties;
use kessai_demo::chart::pcap::{self, Flaw, MOST_FRAME_BYTES, write_pcap};
use kessai_demo::chart::quic;
use kessai_demo::chart::sequence::{Sequence, Settings};
use proptest::collection::vec;
use proptest::prelude::*;

use super::given::{SELLER, SETTLEMENT, TERMINAL, ether, line, long, purchase, short, udp};

/// A classic capture of these frames: whether large parts come first, and how many parts a second has.
fn classic(frames: &[Frame], big: bool, nanoseconds: bool) -> Vec<u8> {
    let four = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let two = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut bytes = [&four(magic)[..], &two(2), &two(4), &[0; 8], &four(262_144), &four(1)].concat();
    for frame in frames {
        let part = frame.at.subsec_nanos() / if nanoseconds { 1 } else { 1_000 };
        let length = u32::try_from(frame.bytes.len()).expect("short");
        let seconds = u32::try_from(frame.at.as_secs()).expect("soon") + 1_700_000_000;
        bytes.extend([four(seconds), four(part), four(length), four(length)].concat());
        bytes.extend(&frame.bytes);
    }
    bytes
}

fn written(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_pcap(&mut bytes, frames).expect("written");
    bytes
}

/// All that is done with a capture.
fn draw(frames: &[Frame]) {
    let messages = messages(frames, &Parties::default());
    assert_eq!(messages.len(), frames.len());
    for full in [false, true] {
        let settings = Settings { full, ..Settings::default() };
        let sequence = Sequence::of(&messages, &[], &settings);
        for width in [1, 60, 100] {
            let ink = kessai_demo::chart::draw::Ink { width, unicode: false, colour: false };
            let text = sequence.text(ink);
            assert!(text.is_ascii() && text.lines().all(|line| line.len() <= width.max(60)), "{text}");
        }
        sequence.svg();
    }
}

#[test]
fn what_was_written_is_read_again_in_every_form() {
    let frames = purchase();
    let named: Vec<Frame> = frames
        .iter()
        .map(|frame| Frame {
            from: "緑茶".into(),
            to: "b".into(),
            label: Some("0100 inquiry".into()),
            ..frame.clone()
        })
        .collect();
    for frames in [&frames, &named] {
        assert_eq!(pcap::read(&written(frames), "wire").expect("a capture"), *frames);
    }
    for (big, nanoseconds) in [(false, false), (true, false), (false, true), (true, true)] {
        let read = pcap::read(&classic(&frames, big, nanoseconds), "tap").expect("a capture");
        let expected = frames.iter().map(|frame| Frame { wire: "tap".into(), ..frame.clone() });
        assert_eq!(read, expected.collect::<Vec<_>>(), "big {big}, nanoseconds {nanoseconds}");
    }
}

#[test]
fn a_capture_that_is_wrong_says_where() {
    let whole = classic(&purchase()[..2], false, false);
    let read = |bytes: &[u8]| pcap::read(bytes, "wire").expect_err("no capture");
    let flaw = |at, what: &str| Flaw { at, what: what.to_owned() };
    assert_eq!(read(&[1, 2]), flaw(0, "no capture: it is shorter than any"));
    assert_eq!(read(b"GET / HTTP"), flaw(0, "no capture: it is neither pcap nor pcapng"));
    let cut = read(&whole[..50]);
    assert_eq!(cut, flaw(40, "the capture ends here: 1242 bytes are to follow, and there are 10"));
    let patched = |at: usize, bytes: &[u8]| {
        let mut patched = whole.clone();
        patched[at..at + bytes.len()].copy_from_slice(bytes);
        read(&patched)
    };
    assert_eq!(patched(4, &[9]), flaw(4, "version 9.4; only 2.4 is known"));
    assert!(patched(20, &[113]).what.starts_with("link type 113; only Ethernet"));
    assert_eq!(patched(28, &[0xff; 4]).at, 28);
    let long = patched(32, &(u32::try_from(MOST_FRAME_BYTES + 1).expect("small")).to_le_bytes());
    assert_eq!(long, flaw(40, "a frame of 262145 bytes; 262144 are the most"));
    let mut next = written(&purchase()[..2]);
    let last = next.len() - 4;
    next[last] ^= 4;
    assert_eq!(read(&next), flaw(last, "a block whose two lengths differ"));
}

#[test]
fn every_end_of_a_capture_is_an_answer() {
    for bytes in [written(&purchase()[..4]), classic(&purchase()[..4], true, true)] {
        let whole = (0..bytes.len()).filter(|end| pcap::read(&bytes[..*end], "wire").is_ok()).count();
        // Only between two frames or blocks is there nothing missing.
        assert!((4..10).contains(&whole), "{whole}");
    }
}

#[test]
fn ip_of_both_versions_and_the_line_are_read() {
    let packet = |frame: &Frame, carrier: Carrier, payload: &[u8]| {
        let packet = Packet::read(&frame.bytes);
        assert_eq!((packet.carrier, packet.payload), (carrier, payload));
        (packet.from.to_string(), packet.to.to_string())
    };
    let of = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let four = udp(0, "w", TERMINAL, SELLER, b"content");
    assert_eq!(packet(&four, Carrier::Udp, b"content"), of(TERMINAL, SELLER));
    let six = udp(0, "w", "[fd00::1]:1", "[fd00::2]:2", b"content");
    assert_eq!(packet(&six, Carrier::Udp, b"content"), of("[fd00::1]:1", "[fd00::2]:2"));
    // What fills a short frame up is not the datagram's.
    let line = line(0, 1, 2, b"content");
    assert_eq!(packet(&line, Carrier::Line, b"content"), of("02:00:00:00:00:01", "02:00:00:00:00:02"));
    let mut tagged = four.bytes[..12].to_vec();
    tagged.extend([0x81, 0, 0, 5]);
    tagged.extend(&four.bytes[12..]);
    assert_eq!(Packet::read(&tagged).payload, b"content");
    assert!(matches!(Packet::read(&four.bytes).from, Station::Port(_)));
    for (bytes, carrier) in [
        (ether(0x0806).to_vec(), Carrier::Arp),
        (ether(0x1234).to_vec(), Carrier::OtherEther(0x1234)),
        (ether(0x0800).to_vec(), Carrier::Unreadable),
        (Vec::new(), Carrier::Unreadable),
    ] {
        assert_eq!(Packet::read(&bytes).carrier, carrier);
    }
}

#[test]
fn short_headers_are_known_by_what_came_before() {
    let names = |frames: &[Frame]| -> Vec<String> {
        messages(frames, &Parties::default()).iter().map(|message| message.kind.name()).collect()
    };
    let alone = udp(5, "w", SELLER, SETTLEMENT, &short(100));
    assert_eq!(names(std::slice::from_ref(&alone)), ["UDP"]);
    let known = [udp(1, "w", SETTLEMENT, SELLER, &[long(0, 300), long(2, 400)].concat()), alone.clone()];
    assert_eq!(names(&known), ["Initial + Handshake", "1-RTT"]);
    // Another wire is another conversation.
    assert_eq!(names(&[udp(1, "v", SETTLEMENT, SELLER, &long(0, 300)), alone]), ["Initial", "UDP"]);
    assert_eq!(names(&[line(0, 1, 2, &short(100))]), ["1-RTT"]);
    // An id of more than twenty bytes is none of version 1.
    let mut long_id = long(0, 300);
    long_id[5] = 21;
    assert_eq!(quic::datagram(&long_id), None);
    let told = Frame { label: Some("0100 inquiry".into()), ..udp(0, "w", SELLER, SETTLEMENT, b"x") };
    let message = &messages(&[told], &Parties::default())[0];
    assert_eq!(message.kind, Kind::Told("0100 inquiry".into()));
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_that_can_be_drawn(
        all in vec((0_u64..3_000_000, vec(any::<u8>(), 0..120)), 0..30),
        kind in prop::sample::select(vec![0x0800_u16, 0x86dd, 0x88b5, 0x8100, 0x0806, 0x9999]),
    ) {
        let frames: Vec<Frame> = all.into_iter().map(|(at, rest)| Frame {
            at: Duration::from_micros(at),
            wire: "w".into(),
            bytes: [&ether(kind)[..], &rest].concat(),
            ..Frame::default()
        }).collect();
        draw(&frames);
    }

    #[test]
    fn any_bytes_are_a_datagram(
        all in vec((any::<bool>(), prop::sample::select(vec![0x00_u8, 0x40, 0xc0, 0xd0, 0xe0, 0xf0]),
            vec(any::<u8>(), 0..80), any::<bool>()), 0..30),
    ) {
        let mut at = 0;
        let frames: Vec<Frame> = all.into_iter().map(|(back, form, rest, version)| {
            at += 10;
            let version: &[u8] = if version { &[0, 0, 0, 1] } else { &[] };
            let payload = [&[form][..], version, &rest].concat();
            if let Some(packets) = quic::datagram(&payload) {
                assert!(packets.iter().map(|packet| packet.bytes).sum::<usize>() <= payload.len());
            }
            let (from, to) = if back { (SELLER, TERMINAL) } else { (TERMINAL, SELLER) };
            udp(at, "w", from, to, &payload)
        }).collect();
        draw(&frames);
    }

    #[test]
    fn any_bytes_are_a_file_that_is_read_or_refused(
        head in 0_usize..5, rest in vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let mut bytes = match head {
            0 => rest,
            1 => [&0x0a0d_0d0a_u32.to_le_bytes()[..], &rest].concat(),
            2 => [&classic(&[], false, false)[..], &rest].concat(),
            3 => written(&purchase()[..6]),
            _ => classic(&purchase()[..6], true, false),
        };
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        match pcap::read(&bytes, "wire") {
            Ok(frames) => draw(&frames),
            Err(flaw) => assert!(flaw.at <= bytes.len() && !flaw.what.contains('\n')),
        }
    }
}
