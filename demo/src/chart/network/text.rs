//! The network in a terminal.

use unicode_width::UnicodeWidthStr;

use super::{Host, Network};
use crate::chart::draw::wrap::wrap;
use crate::chart::draw::{Canvas, Ink, Paint};

/// Between two hosts, in cells.
const GAP: usize = 2;
/// Wider than this no host has to be, in cells, with its frame.
const WIDEST_HOST: usize = 26;

impl Network {
    /// Draws it for a terminal, or for a file without colours.
    pub fn text(&self, ink: Ink) -> String {
        let ink = ink.wide_enough();
        let (hosts, wires) = self.drawn();
        let mut canvas = Canvas::new(ink.width);
        let mut y = 0;
        for line in wrap(&self.title, ink.width).into_iter().filter(|line| !line.is_empty()) {
            canvas.put(0, y, &line, Paint::Strong);
            y += 1;
        }
        let count = hosts.len().max(1);
        let width = (ink.width.saturating_sub(GAP * (count - 1) + 2) / count).min(WIDEST_HOST);
        let left = |host: usize| 1 + host * (width + GAP);
        let texts: Vec<_> = hosts.iter().map(|host| lines(host, width - 2)).collect();
        let height = texts.iter().map(Vec::len).max().unwrap_or(1);
        for (at, (host, lines)) in hosts.iter().zip(&texts).enumerate() {
            draw(&mut canvas, (left(at), y), (width, height), lines, host.exposed);
        }
        let floor = y + height + 1;
        let drops = self.drops(left, width);
        let end = left(count - 1) + width + 1;
        let mut row = floor + 2;
        let mut rows = Vec::new();
        for (at, wire) in wires.iter().enumerate() {
            let paint = if wire.exposed { Paint::Danger } else { Paint::Plain };
            canvas.line(0, row, end, '═', paint);
            let crossing = drops.iter().filter(|(_, wire)| *wire > at).map(|(x, _)| *x);
            let (x, room) = widest_gap(crossing, ink.width);
            let caption = wrap(&wire.caption(), room);
            for (line, text) in caption.iter().enumerate() {
                canvas.put(x, row + 1 + line, text, paint);
            }
            rows.push(row);
            row += caption.len() + 2;
        }
        for (x, wire) in drops {
            let Some(floor_of_wire) = rows.get(wire) else { continue };
            canvas.put(x, floor, "┬", Paint::Plain);
            for down in floor + 1..*floor_of_wire {
                canvas.put(x, down, if rows.contains(&down) { "╪" } else { "│" }, Paint::Plain);
            }
            canvas.put(x, *floor_of_wire, "●", Paint::Plain);
        }
        canvas.text(ink)
    }

    /// Where each host's way down to each of its wires stands, from the left. Each wire has a way of its own,
    /// so that one that crosses another is not joined to it.
    fn drops(&self, left: impl Fn(usize) -> usize, width: usize) -> Vec<(usize, usize)> {
        let mut drops = Vec::new();
        for host in 0..self.drawn().0.len() {
            let joined = self.wires_of(host);
            for (place, wire) in joined.iter().enumerate() {
                drops.push((left(host) + (place + 1) * width / (joined.len() + 1), *wire));
            }
        }
        drops
    }
}

/// Where a caption has most room between those that cross its row, and how much.
fn widest_gap(crossing: impl Iterator<Item = usize>, width: usize) -> (usize, usize) {
    let mut begin = 1;
    let mut widest = (1, 0);
    for x in crossing.chain([width]) {
        let room = x.saturating_sub(begin + 1);
        // The first of two that are as wide, so that captions stand in one column where they can.
        if room > widest.1 {
            widest = (begin, room);
        }
        begin = x + 2;
    }
    widest
}

fn lines(host: &Host, width: usize) -> Vec<String> {
    let note = if host.note.is_empty() { Vec::new() } else { wrap(&host.note, width) };
    wrap(&host.name, width).into_iter().chain(note).collect()
}

fn draw(
    canvas: &mut Canvas,
    (x, y): (usize, usize),
    (width, height): (usize, usize),
    lines: &[String],
    red: bool,
) {
    let paint = if red { Paint::Danger } else { Paint::Plain };
    let edge = "─".repeat(width - 2);
    canvas.put(x, y, &format!("┌{edge}┐"), paint);
    for row in 1..=height {
        canvas.put(x, y + row, "│", paint);
        canvas.put(x + width - 1, y + row, "│", paint);
    }
    canvas.put(x, y + height + 1, &format!("└{edge}┘"), paint);
    for (at, line) in lines.iter().enumerate() {
        let inset = (width - 2).saturating_sub(line.width()) / 2;
        let paint = if at == 0 && !red { Paint::Strong } else { paint };
        canvas.put(x + 1 + inset, y + 1 + at, line, paint);
    }
}
