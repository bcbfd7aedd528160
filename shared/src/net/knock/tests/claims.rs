//! What a datagram says it is: nothing gets through whose id is not one of ours, bit for bit.

use proptest::prelude::*;

use super::super::datagram::{Claim, NotOurs, SHORTEST_FIRST, VERSION, read};
use super::super::own::OWN_ID_BYTES;
use super::{Site, address, at, initial, knock_at, long, pin, short};

const KNOCKER: u16 = 7_001;

/// What it is, the datagram, and how many bytes at its beginning are read.
type Good = (&'static str, Vec<u8>, usize);

/// A judge that has heard one knock, and good datagrams of each kind.
fn with_good_ones() -> (Site, Vec<Good>) {
    let site = Site::with(&[pin(1)]);
    let knock = initial(&knock_at(&site.key_of(&pin(1)), 0, 1));
    assert!(site.judge.hears(&knock, address(KNOCKER), at(0)));
    let own = site.own.mint();
    let good = vec![
        ("a knock", knock, 6 + 20),
        ("an Initial after a Retry", long(0xc0, VERSION, &own, SHORTEST_FIRST), 6 + OWN_ID_BYTES),
        ("a Handshake", long(0xe1, VERSION, &own, 200), 6 + OWN_ID_BYTES),
        ("a short one", short(&own, 60), 1 + OWN_ID_BYTES),
    ];
    (site, good)
}

#[test]
fn any_flipped_bit_of_what_is_read_silences_a_good_datagram() {
    let (site, good) = with_good_ones();
    for (what, datagram, read) in good {
        assert!(site.judge.hears(&datagram, address(KNOCKER), at(1)), "{what}");
        for bit in 0..8 * read {
            let mut flipped = datagram.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            // The rest of the first byte is under header protection, or, but for a knock, a type that an own id
            // may come with: whoever flips it has an id that is good all the same.
            let means_nothing = match what {
                "a knock" => (4..8).contains(&bit),
                "a short one" => (2..8).contains(&bit),
                _ => (2..8).contains(&bit),
            };
            let heard = site.judge.hears(&flipped, address(KNOCKER), at(2));
            assert_eq!(heard, means_nothing, "{what}, bit {bit}");
        }
    }
}

#[test]
fn a_datagram_that_was_cut_is_not_heard() {
    let (site, good) = with_good_ones();
    for (what, datagram, read) in good {
        // A knock comes in a datagram of full length, a short packet has at least room for its protection.
        let shortest = match what {
            "a knock" => SHORTEST_FIRST,
            "a short one" => read + 20,
            _ => read,
        };
        for length in 0..datagram.len() {
            let heard = site.judge.hears(&datagram[..length], address(KNOCKER), at(2));
            assert_eq!(heard, length >= shortest, "{what}, {length} bytes");
        }
    }
}

#[test]
fn no_other_version_and_no_other_length_is_spoken() {
    let (_, good) = with_good_ones();
    let (_, knock, _) = &good[0];
    for version in [0, 2, 0x0a1a_2a3a, 0x6b33_43cf, 0xff00_001d, 0xff00_0022, u32::MAX] {
        let mut other = knock.clone();
        other[1..5].copy_from_slice(&u32::to_be_bytes(version));
        assert_eq!(read(&other), Err(NotOurs::Version), "{version:#x}");
    }
    for length in (0..=255).filter(|length| ![16, 20].contains(length)) {
        let mut other = knock.clone();
        other[5] = length;
        assert_eq!(read(&other), Err(NotOurs::Malformed), "an id of {length} bytes");
    }
    // A first id begins nothing but a connection.
    for first in [0xd0, 0xe0, 0xf0] {
        let mut other = knock.clone();
        other[0] = first;
        assert_eq!(read(&other), Err(NotOurs::Malformed), "{first:#x}");
    }
    assert!(matches!(read(knock), Ok(Claim::First(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_not_heard(noise in prop::collection::vec(any::<u8>(), 0..1_400)) {
        let (site, _) = with_good_ones();
        prop_assert!(!site.judge.hears(&noise, address(KNOCKER), at(1)));
    }

    #[test]
    fn nor_is_noise_in_the_form_of_quic(
        first in 0_u8..16, kind in 0_usize..3, id: [u8; 20], length in 1_200_usize..1_500
    ) {
        let (site, _) = with_good_ones();
        let own = *id.first_chunk().unwrap();
        let datagram = match kind {
            0 => long(0xc0 | first, VERSION, &id, length),
            1 => long(0xc0 | first, VERSION, &own, length),
            _ => short(&own, length),
        };
        prop_assert!(!site.judge.hears(&datagram, address(KNOCKER), at(1)));
        prop_assert_eq!(site.judge.counts.read().unmarked, 1);
    }
}
