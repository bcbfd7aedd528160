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
        let row = |wire: usize| floor + 2 + wire * 3;
        let end = left(count - 1) + width;
        for (at, wire) in wires.iter().enumerate() {
            let paint = if wire.exposed { Paint::Danger } else { Paint::Plain };
            canvas.line(0, row(at), end + 1, '═', paint);
            for (line, text) in wrap(&wire.caption(), ink.width - 2).iter().take(2).enumerate() {
                canvas.put(1, row(at) + 1 + line, text, paint);
            }
        }
        for (at, _) in hosts.iter().enumerate() {
            let joined = self.wires_of(at);
            for (place, wire) in joined.iter().enumerate() {
                // Each wire has a way down of its own, so that one that crosses another is not joined to it.
                let x = left(at) + (place + 1) * width / (joined.len() + 1);
                canvas.put(x, floor, "┬", Paint::Plain);
                for down in floor + 1..row(*wire) {
                    let crossed = (0..*wire).any(|other| row(other) == down);
                    canvas.put(x, down, if crossed { "╪" } else { "│" }, Paint::Plain);
                }
                canvas.put(x, row(*wire), "●", Paint::Plain);
            }
        }
        canvas.text(ink)
    }
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
