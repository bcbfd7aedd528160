//! First ids and own ids.

use proptest::prelude::*;

use super::super::first::{self, NONCE_BYTES, Untimely, WINDOW_MS};
use super::super::own::OwnKey;
use super::super::{KnockKey, Moment};
use super::{WALL_MS, at, knock_at, pin};
use crate::identity::Identity;

proptest! {
    #[test]
    fn a_first_id_is_good_under_its_own_key_and_as_it_is(
        wall_ms in 0..1_u64 << 48, nonce: [u8; NONCE_BYTES], bit in 0..160_usize
    ) {
        let settlement = Identity::from_seed(&[7; 32]).unwrap();
        let key = |seller| KnockKey::of_seller(&settlement, &pin(seller)).for_macs();
        let mut id = first::mint(&key(1), wall_ms, nonce);
        prop_assert!(first::is_of(&key(1), &id));
        prop_assert!(!first::is_of(&key(2), &id));
        id[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!first::is_of(&key(1), &id), "bit {bit}");
    }

    #[test]
    fn an_own_id_is_good_with_its_process_and_as_it_is(bit in 0..128_usize) {
        let (process, next) = (OwnKey::new(), OwnKey::new());
        let mut id = process.mint();
        prop_assert!(process.knows(&id));
        prop_assert!(!next.knows(&id));
        id[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!process.knows(&id), "bit {bit}");
    }
}

#[test]
fn settlements_give_one_seller_different_keys_and_each_the_same_again() {
    let (one, other) = (Identity::from_seed(&[1; 32]).unwrap(), Identity::from_seed(&[2; 32]).unwrap());
    let key = |settlement, seller| *KnockKey::of_seller(settlement, &pin(seller)).0;
    assert_eq!(key(&one, 1), key(&one, 1));
    assert_ne!(key(&one, 1), key(&other, 1));
    assert_ne!(key(&one, 1), key(&one, 2));
}

#[test]
fn a_knock_is_good_for_half_a_minute_before_and_after() {
    let key = KnockKey::of_seller(&Identity::from_seed(&[7; 32]).unwrap(), &pin(1)).for_macs();
    let now = at(100_000);
    let heard = |since_ms| first::is_timely(&knock_at(&key, since_ms, 0), now);
    assert_eq!(heard(100_000 - WINDOW_MS), Ok(()));
    assert_eq!(heard(100_000 + WINDOW_MS), Ok(()));
    assert_eq!(heard(100_000 - WINDOW_MS - 1), Err(Untimely::Clock(WINDOW_MS + 1)));
    assert_eq!(heard(100_000 + WINDOW_MS + 1), Err(Untimely::Clock(WINDOW_MS + 1)));
    // The last that six bytes hold, and the first.
    let far = first::mint(&key, (1 << 48) - 1, [0; NONCE_BYTES]);
    assert!(matches!(first::is_timely(&far, now), Err(Untimely::Clock(_))));
    let never = first::mint(&key, 0, [0; NONCE_BYTES]);
    assert_eq!(first::is_timely(&never, now), Err(Untimely::Clock(now.wall_ms)));
}

#[test]
fn a_knock_from_before_the_process_is_old_whatever_became_of_the_clock() {
    let key = KnockKey::of_seller(&Identity::from_seed(&[7; 32]).unwrap(), &pin(1)).for_macs();
    let old = first::mint(&key, WALL_MS - 1, [0; NONCE_BYTES]);
    let begun = first::mint(&key, WALL_MS, [0; NONCE_BYTES]);
    for since_ms in [0, 1, 20_000] {
        assert_eq!(first::is_timely(&old, at(since_ms)), Err(Untimely::Old));
        assert_eq!(first::is_timely(&begun, at(since_ms)), Ok(()));
    }
    // The clock is set back by an hour: knocks by the clock as it is now are heard, not those before.
    let set_back = Moment { wall_ms: WALL_MS - 3_600_000, since_ms: 10_000 };
    let by_it = first::mint(&key, set_back.wall_ms, [0; NONCE_BYTES]);
    assert_eq!(first::is_timely(&by_it, set_back), Ok(()));
    let before = first::mint(&key, set_back.wall_ms - 10_001, [0; NONCE_BYTES]);
    assert_eq!(first::is_timely(&before, set_back), Err(Untimely::Old));
}
