//! All systems side by side where there is no room for words: a sign for each try, and the numbers.

use std::fmt::Write;

use super::conventional::wire::Dress;
use super::findings::{Findings, Leg, Verdict, What};
use super::readable;
use crate::chart::draw::Ink;

/// The width of the first column, and of the others, in cells.
const FIRST: usize = 52;
const OTHERS: usize = 8;

/// The overview, in lines for people.
pub fn text(found: &[&Findings], ink: Ink) -> String {
    let mut text = String::new();
    let mut row = |what: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>OTHERS$}")).collect();
        // Writing to memory does not fail.
        let _ = writeln!(text, "{what:<FIRST$}{cells}");
    };
    let each = |of: &dyn Fn(&Findings) -> String| found.iter().map(|findings| of(findings)).collect();
    row("Figure", each(&|findings| findings.figure.to_owned()));
    row("", each(&|findings| dress(findings).to_owned()));
    for place in readable::PLACES {
        let cell = |findings: &Findings| match findings.searched(place) {
            Some(searched) if searched.verdict == Verdict::Broken => {
                format!("{} {}", sign(searched.verdict, ink), searched.numbers)
            }
            Some(searched) => sign(searched.verdict, ink).to_owned(),
            // In Figure 4/6 seller and settlement do not talk at all.
            None => "none".to_owned(),
        };
        row(&format!("card numbers {place}"), each(&cell));
    }
    for what in What::ALL {
        let verdict =
            |findings: &Findings| findings.tried(what).map_or(Verdict::NotTried, |tried| tried.verdict);
        row(what.title(), each(&|findings| sign(verdict(findings), ink).to_owned()));
    }
    row(
        "milliseconds within which half of the purchases were",
        each(&|findings| format!("{:.1}", findings.purchases.p50_micros as f64 / 1_000.0)),
    );
    let sum = |findings: &Findings, of: fn(&Leg) -> f64| findings.traffic.iter().map(of).sum::<f64>();
    row(
        "round trips a purchase, all wires",
        each(&|findings| format!("{:.1}", sum(findings, |leg| leg.round_trips))),
    );
    row(
        "messages a purchase, all wires",
        each(&|findings| format!("{:.1}", sum(findings, |leg| leg.messages))),
    );
    row("bytes a purchase, all wires", each(&|findings| format!("{:.0}", sum(findings, |leg| leg.bytes))));
    let [held, broken, open] =
        [Verdict::Safe, Verdict::Broken, Verdict::NotTried].map(|verdict| sign(verdict, ink));
    let _ = writeln!(
        text,
        "\n{held} it was tried and did not work, or was searched for and not found; {broken} it worked, or was \
         found; {open} could not be tried"
    );
    text
}

fn dress(findings: &Findings) -> &'static str {
    match findings.system.dress() {
        None => "",
        Some(Dress::Clear) => "clear",
        Some(Dress::Tls) => "TLS",
    }
}

/// The sign of a verdict, of ASCII where there is nothing else.
pub fn sign(verdict: Verdict, ink: Ink) -> &'static str {
    match (verdict, ink.unicode) {
        (Verdict::Safe, true) => "✓",
        (Verdict::Safe, false) => "+",
        (Verdict::Broken, true) => "✗",
        (Verdict::Broken, false) => "X",
        (Verdict::NotTried, _) => "?",
    }
}
