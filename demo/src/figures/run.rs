//! One system from the laying of its wires to what was found.

use std::path::Path;
use std::time::Duration;

use kessai_shared::console::Failure;

use super::cards::{self, Fate, Planted};
use super::expected;
use super::findings::{Findings, Purchases};
use super::interrupt;
use super::readable::Search;
use super::stage::{Stage, as_planted};
use super::system::System;
use super::traffic;
use super::tries::{self, Ground};
use crate::chart::{Frame, Mark};

/// How long seller and settlement are given to find each other before anybody shops.
const FIRST_TALK: Duration = Duration::from_millis(300);

/// What a run gives: what was found, and the capture.
pub struct Ran {
    pub findings: Findings,
    pub frames: Vec<Frame>,
    /// When each purchase began and the last ended.
    pub marks: Vec<Mark>,
}

/// Runs one system with so many purchases, in a folder of its own.
///
/// # Errors
/// [`Failure`] when a party does not start, a purchase does not end as it has to, or a search is blind.
pub fn run(system: System, purchases: usize, folder: &Path, tell: &dyn Fn(&str)) -> Result<Ran, Failure> {
    let cards = cards::planted(purchases)?;
    let given = folder.join("given");
    let tables = cards::write(&cards, &given)?;
    let search = Search::of(&cards);
    search.control(&given)?;
    tell("opening the shop");
    let mut stage = Stage::open(system, folder, &tables)?;
    std::thread::sleep(FIRST_TALK);
    interrupt::check()?;
    tell("buying");
    let (mut marks, bought) = buy(&mut stage, &cards[..purchases])?;
    stage.tap.settle();
    let ended = marks.pop().unwrap_or_default();
    interrupt::check()?;
    tell("searching for card numbers");
    let memories = search.memories(&mut stage)?;
    stage.tap.settle();
    let recorded = stage.tap.since(Duration::ZERO);
    let mut readable = search.wires(system, &recorded);
    readable.extend(memories);
    tell("trying what strangers try");
    let first_ended = marks.get(1).copied().unwrap_or(ended);
    let ground = Ground { stage: &stage, cards: &cards, recorded: &recorded, first_ended };
    let tries = tries::all(&ground)?;
    // Whatever was tried, an honest shopper still buys.
    let still = stage.buy(0)?;
    as_planted(&cards[0], &still)?;
    readable.extend(search.disks(&stage)?);
    stage.check_books()?;
    let is_cut = stage.tap.is_cut();
    marks.push(ended);
    let marks = named(&marks);
    // The share of the first purchase is the setting up of connections.
    let traffic = traffic::legs(&recorded, marks.get(1..).unwrap_or_default());
    stage.close();
    let as_designed = expected::differences(system, &readable, &tries).is_empty();
    let findings = Findings {
        system,
        figure: system.figure(),
        name: system.to_string(),
        about: system.about(),
        purchases: bought,
        readable,
        tries,
        traffic,
        as_designed,
        is_cut,
    };
    Ok(Ran { findings, frames: recorded, marks })
}

/// Buys with each card in turn. The times at which each began, and the last ended; and how long they took.
fn buy(stage: &mut Stage, cards: &[Planted]) -> Result<(Vec<Duration>, Purchases), Failure> {
    let (mut marks, mut micros) = (Vec::new(), Vec::new());
    for (nth, card) in cards.iter().enumerate() {
        interrupt::check()?;
        marks.push(stage.tap.now());
        let bought = stage.buy(nth)?;
        as_planted(card, &bought)?;
        micros.push(bought.micros);
    }
    marks.push(stage.tap.now());
    // The first sets connections up in some systems and not in others.
    let mut usual = micros.get(1..).unwrap_or_default().to_vec();
    usual.sort_unstable();
    let approved = cards.iter().filter(|card| card.fate == Fate::Approved).count();
    let purchases = Purchases {
        made: cards.len(),
        approved,
        declined: cards.len() - approved,
        p50_micros: usual.get(usual.len() / 2).copied().unwrap_or_default(),
        slowest_micros: usual.last().copied().unwrap_or_default(),
    };
    Ok((marks, purchases))
}

fn named(times: &[Duration]) -> Vec<Mark> {
    let what = |nth: usize| {
        if nth + 1 == times.len() { "the last has ended".to_owned() } else { format!("purchase {}", nth + 1) }
    };
    times.iter().enumerate().map(|(nth, at)| Mark { at: *at, what: what(nth) }).collect()
}
