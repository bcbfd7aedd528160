//! Who is heard when, and to whom anything may be sent.

use super::super::first::{self, NONCE_BYTES};
use super::super::replay;
use super::super::seen::{self, FAREWELL_MS, LINGER_MS};
use super::{Judge, OwnKey, Site, WALL_MS, address, at, initial, knock_at, pin, short};
use crate::identity::Identity;
use std::sync::Arc;

#[test]
fn a_knock_is_good_once_an_address_and_its_retransmissions_for_a_while() {
    let site = Site::with(&[pin(1), pin(2)]);
    let knock = initial(&knock_at(&site.key_of(&pin(2)), 0, 1));
    assert!(site.judge.hears(&knock, address(1), at(0)));
    assert!(site.judge.hears(&knock, address(1), at(10_000)), "the same again, as QUIC sends it");
    assert!(!site.judge.hears(&knock, address(2), at(10_000)), "from another address");
    assert!(!site.judge.hears(&knock, address(1), at(10_001)), "when no handshake lasts that long");
    let counts = site.judge.counts.read();
    assert_eq!((counts.knocks, counts.heard, counts.replayed), (1, 2, 2));
    // As long as its time is good, it is known.
    let ahead = initial(&knock_at(&site.key_of(&pin(2)), 130_000, 2));
    assert!(site.judge.hears(&ahead, address(1), at(100_000)));
    for since_ms in [100_000, 130_000, 160_000] {
        assert!(!site.judge.hears(&ahead, address(2), at(since_ms)), "{since_ms}");
    }
}

#[test]
fn one_knock_brings_no_stream_of_datagrams() {
    let site = Site::with(&[pin(1)]);
    let knock = initial(&knock_at(&site.key_of(&pin(1)), 0, 1));
    let heard = (0..1_000).filter(|_| site.judge.hears(&knock, address(1), at(1))).count();
    assert_eq!(heard, 64);
}

#[test]
fn what_a_former_process_heard_is_not_heard_again() {
    let identity = Identity::generate().unwrap();
    let before = Site::of(&identity, &[pin(1)]);
    let knock = initial(&first::mint(&before.key_of(&pin(1)), WALL_MS - 1, [0; NONCE_BYTES]));
    let own = short(&before.own.mint(), 60);
    let after = Site::of(&identity, &[pin(1)]);
    assert!(!after.judge.hears(&knock, address(1), at(0)));
    let anew = initial(&knock_at(&after.key_of(&pin(1)), 0, 0));
    assert!(after.judge.hears(&anew, address(1), at(1)));
    assert!(!after.judge.hears(&own, address(1), at(2)), "an id of the former process");
    let counts = after.judge.counts.read();
    assert_eq!((counts.old, counts.unmarked), (1, 1));
}

#[test]
fn an_id_that_was_read_on_the_way_is_good_for_nobody_else() {
    let site = Site::with(&[pin(1)]);
    let own = short(&site.own.mint(), 60);
    assert!(!site.judge.hears(&own, address(1), at(0)));
    assert!(site.judge.hears(&initial(&knock_at(&site.key_of(&pin(1)), 0, 1)), address(1), at(1)));
    assert!(site.judge.hears(&own, address(1), at(2)));
    assert!(!site.judge.hears(&own, address(2), at(2)));
    assert_eq!(site.judge.counts.read().elsewhere, 2);
}

#[test]
fn an_address_is_spoken_with_while_it_is_heard() {
    let site = Site::with(&[pin(1)]);
    let answer = short(&[9; 16], 60);
    assert!(!site.judge.may_leave(&answer, address(1), at(0)));
    assert_eq!(site.judge.counts.read().held_back, 1);
    let (knock, own) = (initial(&knock_at(&site.key_of(&pin(1)), 0, 1)), short(&site.own.mint(), 60));
    assert!(site.judge.hears(&knock, address(1), at(0)));
    assert!(!site.judge.may_leave(&answer, address(2), at(0)), "another port is another address");
    let half = LINGER_MS / 2;
    for turn in 1..10 {
        assert!(site.judge.may_leave(&answer, address(1), at(turn * half)), "{turn}");
        assert!(site.judge.hears(&own, address(1), at(turn * half)), "{turn}");
    }
    let last = 9 * half;
    assert!(site.judge.may_leave(&answer, address(1), at(last + LINGER_MS - 1)));
    assert!(!site.judge.may_leave(&answer, address(1), at(last + LINGER_MS)));
    assert!(!site.judge.hears(&own, address(1), at(last + LINGER_MS)), "it has to knock again");
}

#[test]
fn a_seller_that_leaves_the_list_is_a_stranger_after_a_farewell() {
    let site = Site::with(&[pin(1), pin(2)]);
    let key = site.key_of(&pin(1));
    let (own, answer) = (short(&site.own.mint(), 60), short(&[9; 16], 60));
    assert!(site.judge.hears(&initial(&knock_at(&key, 0, 1)), address(1), at(0)));
    assert!(site.judge.hears(&initial(&knock_at(&site.key_of(&pin(2)), 0, 1)), address(2), at(0)));
    site.list.replace([pin(2)]);
    site.judge.follow(at(10));
    assert!(!site.judge.hears(&initial(&knock_at(&key, 11, 2)), address(1), at(11)), "its knock is no more");
    // It is told that its connections are closed, and what it sends does not prolong that.
    for since_ms in [11, 10 + FAREWELL_MS - 1] {
        assert!(site.judge.may_leave(&answer, address(1), at(since_ms)));
        assert!(site.judge.hears(&own, address(1), at(since_ms)));
    }
    assert!(!site.judge.may_leave(&answer, address(1), at(10 + FAREWELL_MS)));
    assert!(!site.judge.hears(&own, address(1), at(10 + FAREWELL_MS)));
    assert!(site.judge.may_leave(&answer, address(2), at(10 + FAREWELL_MS)), "the other one stays");
    site.list.replace([pin(1), pin(2)]);
    site.judge.follow(at(20_000));
    assert!(site.judge.hears(&initial(&knock_at(&key, 20_000, 3)), address(1), at(20_000)));
    assert!(site.judge.may_leave(&answer, address(1), at(20_000 + FAREWELL_MS)));
}

#[test]
fn one_seller_does_not_fill_the_room_of_all() {
    let site = Site::with(&[pin(1), pin(2)]);
    let greedy = site.key_of(&pin(1));
    let knocks = |port: u16, nth: u32| {
        let [a, b, c, d] = nth.to_be_bytes();
        let knock = initial(&first::mint(&greedy, WALL_MS, [a, b, c, d, 0, 0]));
        site.judge.hears(&knock, address(port), at(0))
    };
    let most = u16::try_from(seen::MAX_OF_ONE).unwrap();
    let (own, other) = (short(&site.own.mint(), 60), initial(&knock_at(&site.key_of(&pin(2)), 0, 1)));
    assert!(site.judge.hears(&other, address(60_000), at(0)));
    assert!((0..most).all(|port| knocks(port, port.into())));
    // One more takes the place of the one of its own that was silent for the longest time.
    assert!((1..most).all(|port| site.judge.hears(&own, address(port), at(1))));
    assert!(knocks(most, most.into()));
    assert!(!site.judge.hears(&own, address(0), at(1)) && !site.judge.may_leave(&own, address(0), at(1)));
    assert!([1, most, 60_000].into_iter().all(|port| site.judge.hears(&own, address(port), at(1))));
    let more = (1_000_000..1_000_000 + 2 * replay::MAX_OF_ONE).filter(|nth| knocks(0, *nth)).count();
    assert_eq!(more, replay::MAX_OF_ONE as usize - seen::MAX_OF_ONE - 1);
    assert!(site.judge.hears(&initial(&knock_at(&site.key_of(&pin(2)), 0, 2)), address(60_001), at(0)));
    // What has lapsed makes room again.
    let late = initial(&knock_at(&greedy, LINGER_MS + 1, 1));
    assert!(site.judge.hears(&late, address(50_000), at(LINGER_MS + 1)));
}

#[test]
fn an_end_that_dials_hears_whom_it_dialled() {
    let key = Site::with(&[]).key_of(&pin(1));
    let own = Arc::new(OwnKey::new());
    let judge = Judge::that_dials(Arc::clone(&own), key.clone());
    let (knock, answer) = (initial(&knock_at(&key, 0, 1)), short(&own.mint(), 60));
    assert!(!judge.hears(&answer, address(1), at(0)));
    assert!(!judge.may_leave(&answer, address(1), at(0)), "a reset, as for a connection it has forgotten");
    let foreign = initial(&knock_at(&Site::with(&[]).key_of(&pin(1)), 0, 1));
    assert!(!judge.may_leave(&foreign, address(1), at(0)), "no knock of this end's");
    assert!(judge.may_leave(&knock, address(1), at(0)));
    assert!(judge.hears(&answer, address(1), at(1)));
    assert!(judge.may_leave(&answer, address(1), at(1)));
    assert!(!judge.hears(&answer, address(2), at(1)));
    assert!(!judge.hears(&knock, address(1), at(1)), "nobody knocks here, not even with its own key");
}
