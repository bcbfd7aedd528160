//! What was found, drawn: the table of all systems, the network of each, and the sequence of one purchase from
//! its own capture.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kessai_shared::console::Failure;

use super::conventional::wire::{Dress, label};
use super::findings::{Findings, Leg, Verdict, What};
use super::packet::view;
use super::readable::{self, WIRES_CLOSED, WIRES_OPEN};
use super::run::Ran;
use super::stage::{INTRUDER, OPEN, SELLER, SETTLEMENT, STRANGER, TERMINAL};
use super::traffic::addressed;
use crate::chart::comparison::{self, Cell, Comparison};
use crate::chart::message::messages;
use crate::chart::network::Network;
use crate::chart::parties::Parties;
use crate::chart::pcap::write_pcap;
use crate::chart::sequence::{Sequence, Settings};
use crate::chart::{Frame, Mark};

/// The purchase that is drawn: the second, for which all connections stand.
const DRAWN: usize = 1;
/// What the label of a message says that a card lies open in.
const IN_THE_OPEN: &str = "with the card";

/// All systems side by side.
pub fn comparison(found: &[&Findings]) -> Comparison {
    let names: Vec<_> = found.iter().map(|findings| findings.name.as_str()).collect();
    let mut table = Comparison::new("The four systems of the design, side by side", &names);
    for place in readable::PLACES {
        let cells = found.iter().map(|findings| match findings.searched(place) {
            Some(searched) if searched.verdict == Verdict::NotTried => {
                Cell::new(comparison::Verdict::NotTried, searched.said.clone())
            }
            Some(searched) => {
                Cell::new(drawn(searched.verdict), format!("{} of {}", searched.numbers, searched.of))
            }
            None => Cell::new(comparison::Verdict::Number, "nothing went there"),
        });
        table.row(format!("card numbers readable {place}"), cells);
    }
    for what in What::ALL {
        let cells = found.iter().map(|findings| match findings.tried(what) {
            Some(tried) => Cell::new(drawn(tried.verdict), tried.short.clone()),
            None => Cell::new(comparison::Verdict::NotTried, ""),
        });
        table.row(what.title(), cells);
    }
    let number = |of: &dyn Fn(&Findings) -> String| {
        found.iter().map(|findings| Cell::new(comparison::Verdict::Number, of(findings))).collect::<Vec<_>>()
    };
    let sum = |findings: &Findings, of: fn(&Leg) -> f64| findings.traffic.iter().map(of).sum::<f64>();
    table.row(
        "half of the purchases within",
        number(&|findings| format!("{:.1} ms", findings.purchases.p50_micros as f64 / 1_000.0)),
    );
    table.row("round trips a purchase", number(&|findings| each_leg(findings)));
    table.row("messages a purchase", number(&|findings| format!("{:.1}", sum(findings, |leg| leg.messages))));
    table.row(
        "bytes a purchase, on all wires",
        number(&|findings| format!("{:.0}", sum(findings, |leg| leg.bytes))),
    );
    table
}

/// The round trips of each stretch of wire.
fn each_leg(findings: &Findings) -> String {
    let legs = findings.traffic.iter().map(|leg| {
        let [one, other] = &leg.between;
        format!("{one}–{other} {:.1}", leg.round_trips)
    });
    legs.collect::<Vec<_>>().join(", ")
}

fn drawn(verdict: Verdict) -> comparison::Verdict {
    match verdict {
        Verdict::Safe => comparison::Verdict::Safe,
        Verdict::Broken => comparison::Verdict::Broken,
        Verdict::NotTried => comparison::Verdict::NotTried,
    }
}

/// Hosts and wires of a system, with where cards were readable.
pub fn network(findings: &Findings) -> Network {
    let count = |place: &str| findings.searched(place).map_or(0, |searched| searched.numbers);
    let mut network = Network::new(&format!("{}: {}", findings.name, findings.about));
    let reads = |numbers: usize| match numbers {
        0 => String::new(),
        numbers => format!("{numbers} card numbers readable"),
    };
    let seller = count(readable::MEMORY_SELLER).max(count(readable::DISK_SELLER));
    let terminal = network.host(TERMINAL, "the shopper's own cards", false);
    let seller = network.host(SELLER, &reads(seller), seller > 0);
    let bank = count(readable::DISK_SETTLEMENT);
    let settlement = network.host(SETTLEMENT, &reads(bank), bank > 0);
    let stranger = network.host(STRANGER, "", false);
    let (open, inner) = (count(WIRES_OPEN), count(WIRES_CLOSED));
    match findings.system {
        super::system::System::Closed => {
            let intruder = network.host(INTRUDER, "", false);
            network.wire(OPEN, &reads(open), open > 0, &[terminal, seller, stranger]);
            network.wire("closed", &reads(inner), inner > 0, &[seller, settlement, intruder]);
        }
        super::system::System::Line => {
            network.wire(OPEN, &reads(open), open > 0, &[terminal, seller, stranger]);
            network.wire("line", &reads(inner), inner > 0, &[seller, settlement]);
        }
        super::system::System::SellerAsks(_) | super::system::System::TerminalAsks(_) => {
            let all = open.max(inner);
            network.wire(OPEN, &reads(all), all > 0, &[terminal, seller, settlement, stranger]);
        }
    }
    network
}

/// The sequence of one purchase.
pub fn sequence(ran: &Ran) -> Sequence {
    let [from, until] =
        [DRAWN, DRAWN + 1].map(|nth| ran.marks.get(nth).map_or_else(Default::default, |mark| mark.at));
    // Read from the beginning: what a short packet is shows only in the handshake of its connection.
    let messages: Vec<_> = messages(&addressed(&labelled(ran)), &Parties::default());
    let drawn: Vec<_> = messages.into_iter().filter(|message| (from..until).contains(&message.at)).collect();
    let marks: Vec<Mark> = ran.marks.get(DRAWN).cloned().into_iter().collect();
    let settings = Settings {
        title: format!("{}: one purchase", ran.findings.name),
        full: false,
        exposed: BTreeSet::from([IN_THE_OPEN.to_owned()]),
    };
    Sequence::of(&drawn, &marks, &settings)
}

/// The capture, with what the conventional messages say where anybody can read it.
pub fn labelled(ran: &Ran) -> Vec<Frame> {
    let is_clear = ran.findings.system.dress() == Some(Dress::Clear);
    let label = |frame: &Frame| label(view(&frame.bytes).payload).filter(|_| is_clear).map(str::to_owned);
    ran.frames.iter().map(|frame| Frame { label: label(frame), ..frame.clone() }).collect()
}

/// Writes the pictures of all systems into a folder.
///
/// # Errors
/// [`Failure`] when it cannot be written.
pub fn svg(ran: &[Ran], folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let found: Vec<_> = ran.iter().map(|ran| &ran.findings).collect();
    write(&folder.join("comparison.svg"), comparison(&found).svg().as_bytes())?;
    for ran in ran {
        let slug = ran.findings.system.slug();
        write(&folder.join(format!("{slug}-network.svg")), network(&ran.findings).svg().as_bytes())?;
        write(&folder.join(format!("{slug}-purchase.svg")), sequence(ran).svg().as_bytes())?;
    }
    Ok(())
}

/// Writes the captures of all systems into a folder, for `kessai-demo chart`, tcpdump and Wireshark.
///
/// # Errors
/// [`Failure`] when it cannot be written.
pub fn captures(ran: &[Ran], folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    for ran in ran {
        let mut bytes = Vec::new();
        write_pcap(&mut bytes, &labelled(ran))?;
        write(&folder.join(format!("{}.pcapng", ran.findings.system.slug())), &bytes)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}
