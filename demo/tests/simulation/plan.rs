//! What the terminals set out to do, from a seed.

use std::time::Duration;

use kessai_shared::journal::Dice;
use kessai_shared::storefront::Line;

use crate::terminal::Deed;
use crate::world::{Card, line};

pub const TERMINALS: usize = 3;

/// The plans of all terminals.
pub fn plans(dice: &mut Dice) -> Vec<Vec<Deed>> {
    (0..TERMINALS).map(|_| plan(dice)).collect()
}

fn plan(dice: &mut Dice) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let mut bought: Vec<Vec<Line>> = Vec::new();
    for _ in 0..4 + dice.below(3) {
        deeds.push(Deed::Pause(millis(dice, 2_500)));
        let lines = cart(dice);
        bought.push(lines.clone());
        deeds.push(Deed::Buy {
            card: card(dice),
            lines,
            patience: Duration::from_secs(if dice.percent(30) { 2 } else { 30 }),
            insists: dice.percent(80),
            twice: dice.percent(20),
        });
        if dice.percent(10) {
            deeds.push(Deed::Clash { of: bought.len() - 1 });
        }
        if dice.percent(15) {
            deeds.push(Deed::Pause(millis(dice, 5_000)));
            deeds.push(Deed::Cancel { of: dice.below(bought.len()) });
        }
        if dice.percent(35) {
            // Now before and now after the goods are shipped.
            deeds.push(Deed::Pause(millis(dice, 6_000)));
            let of = dice.below(bought.len());
            let mut lines = bought[of].clone();
            if dice.percent(50) {
                lines.truncate(1);
                lines[0].quantity = 1;
            }
            deeds.push(Deed::GiveBack { of, lines, named: dice.percent(70), twice: dice.percent(30) });
        }
    }
    deeds
}

fn cart(dice: &mut Dice) -> Vec<Line> {
    let mut lines = vec![line(dice.below(3), 1 + dice.below(4) as u32)];
    if dice.percent(30) {
        // The scarce one; a second line of the same product may come out of it as well.
        lines.push(line(if dice.percent(70) { 3 } else { 2 }, 1 + dice.below(2) as u32));
    }
    lines
}

fn card(dice: &mut Dice) -> Card {
    match dice.below(100) {
        0..50 => Card::Good,
        50..70 => Card::Shared,
        70..85 => Card::Small,
        85..92 => Card::Expired,
        _ => Card::Wrong,
    }
}

pub fn millis(dice: &mut Dice, below: usize) -> Duration {
    Duration::from_millis(dice.below(below) as u64)
}
