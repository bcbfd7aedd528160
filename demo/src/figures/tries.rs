//! What strangers try with a system while it is open, and what comes of it. Whether something worked is read
//! off the books and the wires, never off what a system is said to be.

mod forge;
mod knock;
mod replay;
mod speak;
mod tongue;

use std::net::SocketAddr;
use std::time::Duration;

use kessai_shared::console::Failure;

use super::cards::{Planted, stranger_number};
use super::findings::{Tried, Verdict, What};
use super::interrupt;
use super::packet::view;
use super::stage::{SELLER, SETTLEMENT, Stage};
use super::system::System;
use crate::chart::Frame;
use crate::lan::Host;

/// How long after a try the wires are listened to at least.
const AFTERMATH: Duration = Duration::from_millis(150);

/// A stranger's ground: the open shop, and what was recorded of the purchases.
pub struct Ground<'a> {
    pub stage: &'a Stage,
    pub cards: &'a [Planted],
    /// All frames up to the last purchase.
    pub recorded: &'a [Frame],
    /// When the first purchase had ended.
    pub first_ended: Duration,
}

/// What the books of both daemons have come to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Books {
    decisions: u64,
    /// What is held on cards, in pence.
    held: i64,
    /// Orders that goods were given for.
    sold: u64,
}

/// Tries everything, one after the other.
///
/// # Errors
/// [`Failure`] when a try cannot even be made; that it does not work is what is wanted.
pub fn all(ground: &Ground<'_>) -> Result<Vec<Tried>, Failure> {
    type Try = fn(&Ground<'_>) -> Result<Vec<Tried>, Failure>;
    let all: [Try; 8] = [
        |ground| Ok(vec![knock::reach(ground)?]),
        |ground| Ok(vec![knock::scan(ground)?]),
        speak::foreign_key,
        |ground| Ok(vec![read(ground)]),
        |ground| Ok(vec![speak::spoof(ground)?]),
        |ground| Ok(vec![replay::replay(ground)?]),
        |ground| Ok(vec![speak::guess(ground)?]),
        |ground| Ok(vec![forge::forge(ground)?]),
    ];
    let mut tries = Vec::new();
    for attempt in all {
        interrupt::check()?;
        tries.extend(attempt(ground)?);
    }
    Ok(tries)
}

impl Ground<'_> {
    fn system(&self) -> System {
        self.stage.system
    }

    fn bank(&self) -> SocketAddr {
        self.stage.bank.address
    }

    fn books(&self) -> Result<Books, Failure> {
        let report =
            kessai_settlement::verify::verify(&self.stage.data(SETTLEMENT)).map_err(Failure::failed)?;
        let shop = self.stage.data(SELLER);
        let sold = if self.system().is_designed() {
            kessai_server::verify::verify(&shop).map_err(Failure::failed)?.accepted_orders
        } else {
            let orders = std::fs::read_to_string(shop.join("orders.log"))?;
            orders.lines().filter(|line| line.contains(" confirmed ")).count() as u64
        };
        Ok(Books { decisions: report.decisions, held: report.held_pence, sold })
    }

    /// Does something and gives what it gave, with the frames that went over the wires meanwhile.
    fn watch<T>(&self, act: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Vec<Frame>), Failure> {
        self.stage.tap.settle();
        let from = self.stage.tap.now();
        let done = act()?;
        std::thread::sleep(AFTERMATH);
        self.stage.tap.settle();
        Ok((done, self.stage.tap.since(from)))
    }

    /// Frames of the recording that are of a kind of stretch: what one party sent to another.
    fn between(&self, from: &str, to: &str) -> impl Iterator<Item = &Frame> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.recorded.iter().filter(move |seen| seen.from == from && seen.to == to)
    }

    /// The wires that a stranger stands on.
    fn exposed(&self) -> Vec<(&str, &Host)> {
        let here = |wire: &str, host| self.stage.wire(wire).map(|wire| (wire.name.as_str(), host));
        let inside = self.stage.intruder.as_ref().and_then(|host| here("closed", host));
        here(super::stage::OPEN, &self.stage.stranger).into_iter().chain(inside).collect()
    }

    /// A number that no account has.
    fn unknown_number(&self, nth: usize) -> Result<String, Failure> {
        stranger_number(nth)
    }
}

/// What a stranger reads who only listens, on every network that there is one on.
fn read(ground: &Ground<'_>) -> Tried {
    let wires: Vec<_> = ground.exposed().into_iter().map(|(wire, _)| wire.to_owned()).collect();
    let frames: Vec<_> = ground.recorded.iter().filter(|seen| wires.contains(&seen.wire)).collect();
    let texts: Vec<&[u8]> = ground.cards.iter().map(|card| card.name.as_bytes()).collect();
    let is_in = |text: &[u8]| {
        frames.iter().any(|seen| view(&seen.bytes).payload.windows(text.len()).any(|part| part == text))
    };
    let names = texts.iter().filter(|text| is_in(text)).count();
    let goods = is_in(super::cards::SKU.as_bytes());
    let stations = frames.iter().any(|seen| seen.from == SETTLEMENT || seen.to == SETTLEMENT);
    let sees = if stations {
        "sees that there is a settlement, and when it is asked"
    } else {
        "sees nothing of the settlement"
    };
    let what = if goods { "what is bought" } else { "nothing of what is bought" };
    let said = format!(
        "{} frames on {} ({}): {names} of {} holders' names, {what}; {sees}",
        frames.len(),
        if wires.len() == 1 { "the one network with a stranger" } else { "both networks" },
        wires.join(", "),
        texts.len()
    );
    let verdict = match frames.len() {
        // Of what was never listened to nobody knows what it holds.
        0 => Verdict::NotTried,
        _ if names > 0 || goods => Verdict::Broken,
        _ => Verdict::Safe,
    };
    let short = match (names, goods) {
        (0, false) => "nothing".to_owned(),
        (names, true) => format!("{names} holders' names, and the goods"),
        (names, false) => format!("{names} holders' names"),
    };
    Tried::new(What::Read, verdict, short, said)
}
