//! What was to be seen, and from when on: the recording as a terminal shows it.

use std::time::Duration;

use vt100::Color;

use super::read::{Event, Recording};

/// What is shown for less than this is not seen by anybody, and goes with what comes after it.
const SHORTEST: Duration = Duration::from_millis(50);

/// A whole screen.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    pub at: Duration,
    pub rows: Vec<Row>,
    /// Column and row of the cursor, where it is shown.
    pub cursor: Option<(u16, u16)>,
}

/// One row, cell by cell. A wide character has its width in the first of its cells, and no cell of its own
/// for the second.
pub type Row = Vec<Cell>;

#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    pub column: u16,
    /// One or two columns.
    pub columns: u16,
    pub text: String,
    pub style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub fore: Option<Color>,
    pub back: Option<Color>,
    pub bold: bool,
    pub dim: bool,
    pub underline: bool,
    /// Whether the two colours change places.
    pub inverse: bool,
}

/// Every screen that differs from the one before it. Empty screens at both ends are left out.
pub fn frames(recording: &Recording) -> Vec<Frame> {
    let mut emulator = vt100::Parser::new(recording.size.rows, recording.size.columns, 0);
    let mut frames: Vec<Frame> = Vec::new();
    for (at, event) in &recording.events {
        match event {
            Event::Resize(size) => emulator.screen_mut().set_size(size.rows, size.columns),
            Event::Output(bytes) => emulator.process(bytes.as_bytes()),
        }
        let seen = seen(emulator.screen(), *at);
        match frames.last_mut() {
            Some(last) if last.rows == seen.rows && last.cursor == seen.cursor => {}
            Some(last) if at.saturating_sub(last.at) < SHORTEST => *last = Frame { at: last.at, ..seen },
            Some(_) | None => frames.push(seen),
        }
    }
    let empty = |frame: &Frame| frame.rows.iter().flatten().all(|cell| cell.text.trim().is_empty());
    while frames.last().is_some_and(empty) {
        frames.pop();
    }
    let first = frames.iter().position(|frame| !empty(frame)).unwrap_or(0);
    frames.split_off(first)
}

fn seen(screen: &vt100::Screen, at: Duration) -> Frame {
    let (rows, columns) = screen.size();
    let row = |row: u16| (0..columns.get()).filter_map(|column| cell(screen, row, column)).collect();
    let (row_of_cursor, column_of_cursor) = screen.cursor_position();
    let cursor = (!screen.hide_cursor()).then_some((column_of_cursor, row_of_cursor));
    Frame { at, rows: (0..rows.get()).map(row).collect(), cursor }
}

fn cell(screen: &vt100::Screen, row: u16, column: u16) -> Option<Cell> {
    let cell = screen.cell(row, column)?;
    if cell.is_wide_continuation() {
        return None;
    }
    let set = |colour: Color| (colour != Color::Default).then_some(colour);
    let style = Style {
        fore: set(cell.fgcolor()),
        back: set(cell.bgcolor()),
        bold: cell.bold(),
        dim: cell.dim(),
        underline: cell.underline(),
        inverse: cell.inverse(),
    };
    let columns = if cell.is_wide() { 2 } else { 1 };
    let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
    Some(Cell { column, columns, text, style })
}
