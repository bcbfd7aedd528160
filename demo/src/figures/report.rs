//! The findings for people: for each system its network, one purchase, and what was done and came of it; and
//! all systems side by side.

use std::fmt::Write;

use super::draw;
use super::findings::Findings;
use super::overview::{self, sign};
use super::run::Ran;
use crate::chart::draw::Ink;

/// A terminal that has room for the words of all six systems, in cells.
const WIDE: usize = 150;

/// Everything that was found, in lines for people.
pub fn text(ran: &[Ran], ink: Ink) -> String {
    let mut text = String::new();
    for ran in ran {
        text += &draw::network(&ran.findings).text(ink);
        text += "\n";
        text += &draw::sequence(ran).text(ink);
        text += "\n";
        // Writing to memory does not fail.
        let _ = write_one(&mut text, &ran.findings, ink);
    }
    let found: Vec<_> = ran.iter().map(|ran| &ran.findings).collect();
    // Narrower, the table becomes a block for each system, and nothing stands side by side any more.
    if ink.width < WIDE {
        text + &overview::text(&found, ink)
    } else {
        text + &draw::comparison(&found).text(ink)
    }
}

/// What was done to one system, line by line.
fn write_one(text: &mut String, findings: &Findings, ink: Ink) -> std::fmt::Result {
    writeln!(text, "What was searched and tried ({}):", findings.name)?;
    for searched in &findings.readable {
        let (numbers, of, said) = (searched.numbers, searched.of, &searched.said);
        // In the terminal a card has to be found, or the search would prove nothing.
        let sign = if searched.place == super::readable::MEMORY_TERMINAL {
            " "
        } else {
            sign(searched.verdict, ink)
        };
        write!(text, "{sign} card numbers {}: {numbers} of {of} ({said}", searched.place)?;
        match searched.encodings.as_slice() {
            [] => writeln!(text, ")")?,
            encodings => writeln!(text, "; {})", encodings.join(", "))?,
        }
    }
    for tried in &findings.tries {
        writeln!(text, "{} {}: {}", sign(tried.verdict, ink), tried.what.title(), tried.said)?;
    }
    for leg in &findings.traffic {
        let [one, other] = &leg.between;
        writeln!(
            text,
            "  {one} and {other} on the wire \"{}\": {:.1} messages, {:.0} bytes, {:.1} round trips a purchase",
            leg.wire, leg.messages, leg.bytes, leg.round_trips
        )?;
    }
    if findings.is_cut {
        writeln!(text, "  there were more frames than are kept: the counts are too low")?;
    }
    writeln!(text)
}
