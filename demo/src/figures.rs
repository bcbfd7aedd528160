//! The four systems of the design side by side, each in networks of its own, with a tap on every wire and a
//! stranger on every network.

pub mod cards;
pub mod conventional;
pub mod draw;
pub mod expected;
pub mod findings;
pub mod interrupt;
pub mod memory;
pub mod overview;
pub mod packet;
pub mod part;
pub mod process;
pub mod readable;
pub mod report;
pub mod run;
pub mod shopper;
pub mod stage;
pub mod system;
pub mod tap;
pub mod traffic;
pub mod tries;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::{FAILED, Failure, OK};
use serde::Serialize;

use crate::bench::place::Place;
use crate::chart::command::ink;
use crate::lan;
use findings::Findings;
use system::System;

/// Fewest and most purchases of a run: with fewer not every fate of a card is met, and more tell no more.
const PURCHASES: std::ops::RangeInclusive<u16> = 5..=1_000;

/// What is compared, and how it is told.
#[derive(Args)]
pub struct Figures {
    /// The figures of the design to run, such as 1,3 or 4/5.
    #[arg(long, value_name = "FIGURES", value_delimiter = ',', value_parser = ["1", "3", "4/5", "4/6"])]
    only: Vec<String>,
    /// Purchases in each system, from 5 to 1000.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = purchases)]
    purchases: u16,
    /// Draw the table, the networks and one purchase of each system into SVG files in this folder.
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Write what went over the wires into a capture (pcapng) for each system in this folder.
    #[arg(long, value_name = "DIR")]
    captures: Option<PathBuf>,
    /// Write everything that was found as JSON to standard output.
    #[arg(long)]
    json: bool,
}

/// What all runs found.
#[derive(Serialize)]
struct Report<'a> {
    purchases: u16,
    systems: Vec<&'a Findings>,
}

fn purchases(text: &str) -> Result<u16, String> {
    let count = text.parse().ok().filter(|count| PURCHASES.contains(count));
    count.ok_or_else(|| format!("expected a number from {} to {}", PURCHASES.start(), PURCHASES.end()))
}

/// Builds each system in namespaces of its own, shops in it, attacks it, and tells what was found.
///
/// # Errors
/// [`Failure`] when there can be no namespaces, or a system cannot be run at all.
pub fn run(data: Option<PathBuf>, figures: &Figures) -> Result<u8, Failure> {
    lan::enter()?;
    for folder in [&figures.svg, &figures.captures].into_iter().flatten() {
        // Found out now and not after a minute of work.
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::failed(format!("{}: cannot be used: {error}", folder.display())))?;
    }
    interrupt::listen()?;
    let place = Place::of(data)?;
    let wanted = |system: &System| {
        figures.only.is_empty() || figures.only.iter().any(|figure| figure == system.figure())
    };
    let systems: Vec<_> = System::ALL.into_iter().filter(wanted).collect();
    let mut ran = Vec::new();
    for (at, system) in systems.iter().enumerate() {
        let tell = |what: &str| eprintln!("{}/{} {system}: {what} …", at + 1, systems.len());
        let folder = place.path().join(system.slug());
        match run::run(*system, figures.purchases.into(), &folder, &tell) {
            Ok(one) => ran.push(one),
            // What was stopped on its way shows nothing, whatever it broke off with.
            Err(_) if interrupt::is_wanted() => return Err(interrupt::stopped()),
            Err(failure) => {
                return Err(place.keep(Failure { line: format!("{system}: {}", failure.line), ..failure }));
            }
        }
    }
    if let Some(folder) = &figures.svg {
        draw::svg(&ran, folder)?;
    }
    if let Some(folder) = &figures.captures {
        draw::captures(&ran, folder)?;
    }
    let text = if figures.json {
        let systems = ran.iter().map(|ran| &ran.findings).collect();
        serde_json::to_string_pretty(&Report { purchases: figures.purchases, systems })? + "\n"
    } else {
        report::text(&ran, ink())
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever stopped reading has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    let differences: Vec<_> = ran.iter().flat_map(|ran| differences(&ran.findings)).collect();
    if differences.is_empty() { Ok(OK) } else { Err(Failure { code: FAILED, line: differences.join("\n") }) }
}

/// What was found otherwise than the design says.
fn differences(findings: &Findings) -> Vec<String> {
    let found = expected::differences(findings.system, &findings.readable, &findings.tries);
    found.into_iter().map(|line| format!("{}: {line}", findings.name)).collect()
}
