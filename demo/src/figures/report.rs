//! The findings for people: a block for each system.

use std::fmt::Write;

use super::findings::{Findings, Verdict};

/// Everything that was found, in lines for people.
pub fn text(found: &[Findings]) -> String {
    let mut text = String::new();
    for findings in found {
        // Writing to memory does not fail.
        let _ = write_one(&mut text, findings);
    }
    text
}

fn write_one(text: &mut String, findings: &Findings) -> std::fmt::Result {
    writeln!(text, "{}: {}", findings.name, findings.about)?;
    let bought = &findings.purchases;
    let millis = |micros: u64| micros as f64 / 1_000.0;
    writeln!(
        text,
        "  {} purchases, {} approved; half of them within {:.1} ms",
        bought.made,
        bought.approved,
        millis(bought.p50_micros)
    )?;
    for searched in &findings.readable {
        let sign = sign(searched.verdict);
        let (numbers, of) = (searched.numbers, searched.of);
        writeln!(text, "  {sign} card numbers {}: {numbers} of {of}", searched.place)?;
    }
    for tried in &findings.tries {
        writeln!(text, "  {} {}: {}", sign(tried.verdict), tried.what.title(), tried.said)?;
    }
    for leg in &findings.traffic {
        let [one, other] = &leg.between;
        writeln!(
            text,
            "    {one} - {other} on {}: {:.1} messages, {:.0} bytes, {:.1} round trips a purchase",
            leg.wire, leg.messages, leg.bytes, leg.round_trips
        )?;
    }
    writeln!(text)
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "ok    ",
        Verdict::Broken => "BROKEN",
        Verdict::NotTried => "?     ",
    }
}
