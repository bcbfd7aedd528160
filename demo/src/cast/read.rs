//! Reading asciicast v2 (<https://docs.asciinema.org/manual/asciicast/v2/>).

use std::num::NonZeroU16;
use std::path::Path;
use std::time::Duration;

use kessai_shared::console::Failure;
use serde::Deserialize;

/// Most bytes of a recording.
const MOST_BYTES: u64 = 64 << 20;
/// Longest recording, in seconds.
const LONGEST: f64 = 3_600.0;
/// Most columns or rows.
const MOST_CELLS: u16 = 500;

/// What a terminal was sent, and when.
pub struct Recording {
    pub size: Size,
    pub events: Vec<(Duration, Event)>,
}

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub columns: NonZeroU16,
    pub rows: NonZeroU16,
}

pub enum Event {
    Output(String),
    Resize(Size),
}

#[derive(Deserialize)]
struct Head {
    version: u8,
    width: u16,
    height: u16,
}

/// Reads a recording.
///
/// # Errors
/// [`Failure`] with the file, the line and what is wrong there.
pub fn read(path: &Path) -> Result<Recording, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::failed(format!("{}: {why}", path.display()));
    let bytes = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if bytes > MOST_BYTES {
        return Err(wrong(&format!("a recording has at most {MOST_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    parse(&text).map_err(|(line, why)| Failure::failed(format!("{}:{line}: {why}", path.display())))
}

fn parse(text: &str) -> Result<Recording, (usize, String)> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let (_, head) = lines.next().ok_or((1, "a recording begins with a line about itself".to_owned()))?;
    let head: Head = serde_json::from_str(head).map_err(|error| (1, error.to_string()))?;
    if head.version != 2 {
        return Err((1, format!("expected version 2, found {}", head.version)));
    }
    let size = size(head.width, head.height).map_err(|why| (1, why))?;
    let mut events = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let (seconds, kind, what): (f64, String, String) =
            serde_json::from_str(line).map_err(|error| (at, error.to_string()))?;
        let time = Some(seconds).filter(|seconds| (0.0..=LONGEST).contains(seconds));
        let time = time.ok_or_else(|| (at, format!("expected seconds up to {LONGEST}, found {seconds}")))?;
        let event = match kind.as_str() {
            "o" => Event::Output(what),
            "r" => Event::Resize(resized(&what).map_err(|why| (at, why))?),
            // Input and marks are not to be seen.
            _unseen => continue,
        };
        events.push((Duration::from_secs_f64(time), event));
    }
    Ok(Recording { size, events })
}

fn resized(text: &str) -> Result<Size, String> {
    let wrong = || format!("expected a size such as 80x24, found {text:?}");
    let (columns, rows) = text.split_once('x').ok_or_else(wrong)?;
    size(columns.parse().map_err(|_| wrong())?, rows.parse().map_err(|_| wrong())?)
}

fn size(columns: u16, rows: u16) -> Result<Size, String> {
    let number = |cells: u16| NonZeroU16::new(cells).filter(|cells| cells.get() <= MOST_CELLS);
    match (number(columns), number(rows)) {
        (Some(columns), Some(rows)) => Ok(Size { columns, rows }),
        _out_of_range => Err(format!("expected 1 to {MOST_CELLS} columns and rows, found {columns}x{rows}")),
    }
}
