//! Random lives of the shop's books: orders, decisions, doubts, shipments in parts, cancellations,
//! deliveries, returns, goods that come in and counts that differ, in any order, while answers are lost,
//! late and doubled. Few products, lines that name a product twice, and goods that cost nothing. A model
//! that follows every single piece says what must come of each.
//!
//! `KESSAI_LIVES=100000` runs more of them, `KESSAI_LIFE=7` runs one.

#[path = "lives/life.rs"]
mod life;
#[path = "lives/lost.rs"]
mod lost;
#[path = "lives/model.rs"]
mod model;
#[path = "lives/named.rs"]
mod named;
#[path = "lives/ops.rs"]
mod ops;
#[path = "lives/restored.rs"]
mod restored;
#[path = "lives/shelf.rs"]
mod shelf;
#[path = "lives/till.rs"]
mod till;

use life::Life;
use ops::{Dice, op};
use proptest::prelude::*;

/// How many lives are lived unless the environment says otherwise.
const LIVES: u64 = 10_000;
/// How many things happen in each.
const LENGTH: u64 = 60;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: expected a number, not {text}")))
}

/// Lives one life, and tells which it was when it does not end well.
fn live(seed: u64) {
    let told = std::panic::catch_unwind(|| {
        let mut dice = Dice(seed);
        let mut life = Life::new();
        for _ in 0..dice.roll() % LENGTH {
            life.step(&dice.op());
            life.check_lightly();
        }
        life.finish();
    });
    if let Err(why) = told {
        eprintln!("life {seed} went wrong: KESSAI_LIFE={seed} lives it again");
        std::panic::resume_unwind(why);
    }
}

#[test]
fn every_life_ends_with_every_order_final_and_every_piece_and_penny_accounted_for() {
    if let Some(seed) = number("KESSAI_LIFE") {
        return live(seed);
    }
    let lives = number("KESSAI_LIVES").unwrap_or(LIVES);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (thread..lives).step_by(threads as usize).for_each(live));
        }
    });
}

/// F18: books that were put back to any moment of a life catch up from the settlement, and everybody has goods
/// or money in the end.
#[test]
fn every_life_that_is_put_back_to_an_older_copy_ends_with_goods_or_money() {
    if let Some(seed) = number("KESSAI_LIFE") {
        return restored::live(seed);
    }
    for seed in 0..number("KESSAI_LIVES").unwrap_or(LIVES / 10) {
        let told = std::panic::catch_unwind(|| restored::live(seed));
        if let Err(why) = told {
            eprintln!("life {seed} went wrong: KESSAI_LIFE={seed} lives it again");
            std::panic::resume_unwind(why);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_the_invariants_after_every_change(ops in prop::collection::vec(op(), 1..60)) {
        let mut life = Life::new();
        for op in &ops {
            let before = life.changes.len();
            life.step(op);
            if life.changes.len() > before {
                life.check();
            }
        }
        life.finish();
    }
}
