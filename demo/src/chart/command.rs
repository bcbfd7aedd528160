//! `kessai-demo chart`: any capture, drawn.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::{Failure, OK};
use serde::Serialize;

use super::count::{Counts, Marked, micros};
use super::draw::Ink;
use super::message::{Message, messages};
use super::parties::Parties;
use super::pcap;
use super::sequence::{Sequence, Settings};

/// The widest terminal that is drawn for, in cells.
const MOST_COLUMNS: usize = 400;

#[derive(Args)]
pub struct Chart {
    /// A capture: pcap or pcapng, of Ethernet frames, as tcpdump and Wireshark write them.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Call an address by a name; an address with its port goes first. May be repeated.
    #[arg(long = "name", value_name = "ADDRESS=NAME")]
    names: Vec<String>,
    /// Every frame by itself: handshakes, acknowledgements and upkeep too.
    #[arg(long)]
    full: bool,
    /// Draw the sequence into an SVG file as well.
    #[arg(long, value_name = "OUT")]
    svg: Option<PathBuf>,
    /// Everything that was read and counted, for programs.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
pub struct Report<'a> {
    frames: usize,
    wire_bytes: u64,
    round_trips: usize,
    counts: Counts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marked: Vec<Marked>,
    messages: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    at_us: u64,
    wire: &'a str,
    from: &'a str,
    to: &'a str,
    kind: String,
    payload_bytes: usize,
    wire_bytes: usize,
    acknowledges: bool,
    probes: bool,
    handshake: bool,
}

impl<'a> Report<'a> {
    /// What there is to say of these messages, with what was counted between marks.
    pub fn of(messages: &'a [Message], marked: Vec<Marked>) -> Self {
        let counts = Counts::of(messages);
        Self {
            frames: counts.frames(),
            wire_bytes: counts.wire_bytes(),
            round_trips: counts.round_trips(),
            counts,
            marked,
            messages: messages.iter().map(Line::of).collect(),
        }
    }
}

impl<'a> Line<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            at_us: micros(message.at),
            wire: &message.wire,
            from: &message.from,
            to: &message.to,
            kind: message.kind.name(),
            payload_bytes: message.payload,
            wire_bytes: message.frame,
            acknowledges: message.acknowledges,
            probes: message.probes,
            handshake: message.kind.is_handshake(),
        }
    }
}

/// Reads, counts and draws a capture.
///
/// # Errors
/// [`Failure`] for a name that is none, a capture that cannot be read, or a file that cannot be written.
pub fn run(chart: &Chart) -> Result<u8, Failure> {
    let parties = Parties::of(&chart.names).map_err(Failure::usage)?;
    let frames = pcap::open(&chart.file)?;
    let messages = messages(&frames, &parties);
    let name = chart.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = Settings { title: name, full: chart.full, ..Settings::default() };
    let sequence = Sequence::of(&messages, &[], &settings);
    if let Some(path) = &chart.svg {
        let written = fs::write(path, sequence.svg());
        written.map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    }
    let text = if chart.json {
        serde_json::to_string_pretty(&Report::of(&messages, Vec::new()))? + "\n"
    } else {
        let counts = Counts::of(&messages);
        format!("{}\n{}\n{}", sequence.text(ink()), counts.table(), counts.talk_table())
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever stopped reading has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(OK),
    }
}

/// What standard output can show, by what the surroundings say (<https://no-color.org>).
pub fn ink() -> Ink {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said).unwrap_or_default();
    let locale = locale.to_uppercase();
    let dumb = said("TERM").as_deref() == Some("dumb");
    let terminal = io::stdout().is_terminal();
    Ink {
        width: said("COLUMNS")
            .and_then(|columns| columns.parse().ok())
            .unwrap_or_else(columns)
            .min(MOST_COLUMNS),
        unicode: !dumb && (locale.contains("UTF-8") || locale.contains("UTF8")),
        colour: terminal && !dumb && said("NO_COLOR").is_none(),
    }
    .wide_enough()
}

/// The terminal's own width, in cells.
fn columns() -> usize {
    let size = if io::stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
    size.map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0).unwrap_or(Ink::USUAL)
}
