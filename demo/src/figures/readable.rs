//! Where a card number was readable: on the wires, in the memory of each party, on its disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::outcome::ResponseCode;

use super::cards::{Planted, scanner};
use super::expected::places;
use super::findings::{Searched, Verdict};
use super::memory;
use super::packet::view;
use super::process::Party;
use super::shopper::Bought;
use super::stage::{SELLER, SETTLEMENT, Stage, as_planted};
use super::system::System;
use crate::chart::Frame;
use crate::search::scanner::{Hits, Scanner};

/// The places, as the table names them.
pub const WIRES_OPEN: &str = "on the open network";
pub const WIRES_CLOSED: &str = "between seller and settlement";
pub const MEMORY_TERMINAL: &str = "in the terminal's memory (control)";
pub const MEMORY_SELLER: &str = "in the seller's memory";
pub const DISK_SELLER: &str = "on the seller's disk and in its log";
pub const DISK_SETTLEMENT: &str = "on the settlement's disk and in its log";

/// All of them where a number has no business.
pub const PLACES: [&str; 5] = [WIRES_OPEN, WIRES_CLOSED, MEMORY_SELLER, DISK_SELLER, DISK_SETTLEMENT];

/// How long a purchase is given to be on its way everywhere while the settlement sleeps.
const UNDER_WAY: Duration = Duration::from_millis(600);

/// The card for a second purchase: the first one planted, which is approved.
const SPARE: usize = 0;

/// Whether somebody stopped waiting for an answer, rather than having got one.
fn was_too_late(bought: &Bought) -> bool {
    let late = [ResponseCode::TOO_LATE, ResponseCode::UNAVAILABLE].map(|code| code.to_string());
    // What is no response code at all is a word on why there is none.
    !bought.goods && (late.contains(&bought.code) || bought.code.len() != late[0].len())
}

/// The search for all planted cards.
pub struct Search<'a> {
    cards: &'a [Planted],
    scanner: Scanner,
}

impl<'a> Search<'a> {
    pub fn of(cards: &'a [Planted]) -> Self {
        Self { cards, scanner: scanner(cards) }
    }

    /// Stops the settlement while a purchase is under way, and searches the memory of terminal and seller.
    /// The terminal has to have its own card in memory: a search that finds nothing anywhere proves nothing.
    ///
    /// # Errors
    /// [`Failure`] when the purchase does not end as it should, once the settlement goes on.
    pub fn memories(&self, stage: &mut Stage) -> Result<Vec<Searched>, Failure> {
        let last = self.cards.len() - 1;
        let (mut found, mut bought) = self.held_up(stage, last)?;
        if was_too_late(&bought) {
            // On a slow machine the search may take longer than anybody waits for an answer. The card that was
            // asked about may have a hold by now, so the second time is with another, which is as good.
            (found, bought) = self.held_up(stage, SPARE)?;
            as_planted(&self.cards[SPARE], &bought)?;
        } else {
            as_planted(&self.cards[last], &bought)?;
        }
        if found[0].verdict == Verdict::Safe {
            let line = "the search finds no card in the memory of the terminal, which has them all";
            return Err(Failure::failed(line));
        }
        Ok(found.into())
    }

    /// One purchase that the settlement sleeps through until both memories were searched.
    fn held_up(&self, stage: &mut Stage, card: usize) -> Result<([Searched; 2], Bought), Failure> {
        let paused = stage.settlement.pause()?;
        stage.shopper.tell(&card.to_string())?;
        std::thread::sleep(UNDER_WAY);
        let found = [self.memory(MEMORY_TERMINAL, &stage.shopper), self.memory(MEMORY_SELLER, &stage.seller)];
        drop(paused);
        Ok((found, stage.bought()?))
    }

    fn memory(&self, place: &'static str, party: &Party) -> Searched {
        match memory::search(&self.scanner, party.pid()) {
            Ok(found) => self.searched(place, found.bytes, &found.hits, "all pages that are there"),
            Err(error) => {
                let said = format!("the kernel shows nobody here this memory ({error}); run it as root");
                self.unsearched(place, said)
            }
        }
    }

    fn unsearched(&self, place: &'static str, said: String) -> Searched {
        let (verdict, of) = (Verdict::NotTried, self.cards.len());
        Searched { place, verdict, numbers: 0, of, bytes: 0, encodings: Vec::new(), said }
    }

    /// Searches what went over the wires: the open one, and what is between seller and settlement.
    pub fn wires(&self, system: System, frames: &[Frame]) -> Vec<Searched> {
        let expected = places(system);
        let is_inner = |seen: &Frame| {
            let ends = [seen.from.as_str(), seen.to.as_str()];
            ends.contains(&SELLER) && ends.contains(&SETTLEMENT)
        };
        let open: Vec<_> = frames.iter().filter(|seen| !is_inner(seen)).collect();
        let inner: Vec<_> = frames.iter().filter(|seen| is_inner(seen)).collect();
        [(WIRES_OPEN, open), (WIRES_CLOSED, inner)]
            .into_iter()
            .filter(|(place, frames)| !frames.is_empty() || expected.contains(place))
            .map(|(place, frames)| {
                if frames.is_empty() {
                    return self.unsearched(place, "no frame was heard there".to_owned());
                }
                let bytes: u64 = frames.iter().map(|seen| seen.bytes.len() as u64).sum();
                let said = format!("every frame of the capture, {} of them", frames.len());
                self.searched(place, bytes, &self.payloads(&frames), &said)
            })
            .collect()
    }

    fn payloads(&self, frames: &[&Frame]) -> Hits {
        let mut all = Vec::new();
        for seen in frames {
            // What a number is cut by is found when the parts of a stream lie side by side.
            all.extend_from_slice(view(&seen.bytes).payload);
        }
        // Reading from memory does not fail.
        self.scanner.read(&all[..]).map(|(_, hits)| hits).unwrap_or_default()
    }

    /// Searches the folders and logs of the daemons.
    ///
    /// # Errors
    /// [`Failure`] when they cannot be read.
    pub fn disks(&self, stage: &Stage) -> Result<Vec<Searched>, Failure> {
        [(DISK_SELLER, SELLER), (DISK_SETTLEMENT, SETTLEMENT)]
            .into_iter()
            .map(|(place, party)| {
                let mut hits = Hits::new();
                let (mut bytes, mut files) = (0, 0);
                for path in [stage.data(party), super::part::log(&stage.folder, party)] {
                    let found = self.scanner.place(&path)?;
                    bytes += found.bytes;
                    files += found.files;
                    found.hits.into_values().for_each(|found| hits.extend(found));
                }
                Ok(self.searched(place, bytes, &hits, &format!("{files} files, with every log line")))
            })
            .collect()
    }

    fn searched(&self, place: &'static str, bytes: u64, hits: &Hits, said: &str) -> Searched {
        let numbers = self.scanner.numbers(hits).len();
        let verdict = if numbers == 0 { Verdict::Safe } else { Verdict::Broken };
        let encodings: BTreeSet<_> = self.scanner.encodings(hits);
        let said = said.to_owned();
        let encodings = encodings.into_iter().collect();
        Searched { place, verdict, numbers, of: self.cards.len(), bytes, encodings, said }
    }

    /// Whether the search finds a number in a file that is there for it.
    ///
    /// # Errors
    /// [`Failure`] when it is blind.
    pub fn control(&self, folder: &Path) -> Result<(), Failure> {
        let given = self.scanner.place(folder)?;
        let found: BTreeSet<_> = given.hits.values().flat_map(|hits| self.scanner.numbers(hits)).collect();
        if found.len() == self.cards.len() {
            return Ok(());
        }
        let line = format!(
            "the search finds {} of {} numbers in the shopper's own table",
            found.len(),
            self.cards.len()
        );
        Err(Failure::failed(line))
    }
}
