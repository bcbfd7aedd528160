//! The sequence in a terminal.

use unicode_width::UnicodeWidthStr;

use super::{Sequence, What};
use crate::chart::draw::wrap::{clip, wrap};
use crate::chart::draw::{Canvas, Ink, Paint};

/// The column of times, in cells.
const GUTTER: usize = 11;
/// Lanes that are further apart are harder to read across, in cells.
const WIDEST_LANE: usize = 34;
/// What an arrow has beside its label, at the least, in cells: a line and a blank, and a blank and the head.
const AROUND_LABEL: usize = 6;

struct Drawing<'a> {
    sequence: &'a Sequence,
    canvas: Canvas,
    lanes: Vec<usize>,
    width: usize,
    y: usize,
}

impl Sequence {
    /// Draws it for a terminal, or for a file without colours.
    pub fn text(&self, ink: Ink) -> String {
        let ink = ink.wide_enough();
        let lanes = lanes(&self.parties, ink.width);
        let mut drawing =
            Drawing { sequence: self, canvas: Canvas::new(ink.width), lanes, width: ink.width, y: 0 };
        drawing.head();
        for (step, moment) in self.steps.iter().zip(self.moments()) {
            drawing.step(&step.what, &moment);
        }
        drawing.lifelines(drawing.y);
        drawing.y += 1;
        drawing.foot();
        drawing.canvas.text(ink)
    }
}

/// Where the lifelines stand.
fn lanes(parties: &[String], width: usize) -> Vec<usize> {
    let half = |name: Option<&String>| name.map_or(0, |name| name.width().div_ceil(2));
    let first = GUTTER + half(parties.first());
    let last = width.saturating_sub(1 + half(parties.last())).max(first);
    let gaps = parties.len().saturating_sub(1).max(1);
    let apart = ((last - first) / gaps).min(WIDEST_LANE);
    (0..parties.len()).map(|at| first + at * apart).collect()
}

impl Drawing<'_> {
    fn head(&mut self) {
        if !self.sequence.title.is_empty() {
            self.canvas.put(0, 0, &clip(&self.sequence.title, self.width), Paint::Strong);
            self.y = 2;
        }
        let apart = self.lanes.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(self.width);
        for (name, lane) in self.sequence.parties.iter().zip(&self.lanes) {
            let name = clip(name, apart.saturating_sub(1).max(3));
            self.canvas.put(lane.saturating_sub(name.width() / 2), self.y, &name, Paint::Strong);
        }
        self.y += 1;
        self.lifelines(self.y);
        self.y += 1;
    }

    fn lifelines(&mut self, y: usize) {
        for lane in &self.lanes {
            self.canvas.put(*lane, y, "│", Paint::Dim);
        }
    }

    fn step(&mut self, what: &What, moment: &str) {
        match what {
            What::Mark(text) => {
                self.lifelines(self.y);
                self.y += 1;
                let end = self.lanes.last().map_or(self.width, |last| last + 1);
                self.canvas.line(GUTTER, self.y, end.saturating_sub(GUTTER), '─', Paint::Dim);
                let text = format!(" {} ", clip(text, end.saturating_sub(GUTTER + 8)));
                self.canvas.put(GUTTER + 2, self.y, &text, Paint::Strong);
                self.moment(moment);
                self.y += 1;
            }
            What::Silence(text) => {
                for lane in &self.lanes {
                    self.canvas.put(*lane, self.y, "┊", Paint::Dim);
                }
                let x = self.lanes.first().map_or(GUTTER, |first| first + 2);
                self.canvas.put(x, self.y, text, Paint::Dim);
                self.y += 1;
            }
            What::Bar { ends: (a, b), text, detail, .. } => {
                let (low, high) = self.span(*a, *b);
                self.lifelines(self.y);
                self.moment(moment);
                self.canvas.line(low, self.y, high - low + 1, '═', Paint::Plain);
                self.canvas.put(low, self.y, "╞", Paint::Plain);
                self.canvas.put(high, self.y, "╡", Paint::Plain);
                self.centred(
                    low,
                    high,
                    &format!(" {} ", clip(text, (high - low).saturating_sub(3))),
                    Paint::Plain,
                );
                self.y += 1;
                self.wrapped(low, high, detail, Paint::Dim);
            }
            What::Arrow { from, to, text, exposed, .. } => {
                let paint = if *exposed { Paint::Danger } else { Paint::Plain };
                self.arrow(*from, *to, text, paint, moment);
            }
        }
    }

    fn arrow(&mut self, from: usize, to: usize, text: &str, paint: Paint, moment: &str) {
        let (low, high) = self.span(from, to);
        let inline = from != to && text.width() + AROUND_LABEL <= high - low;
        if !inline {
            self.wrapped(low, high, text, paint);
        }
        self.lifelines(self.y);
        self.moment(moment);
        if from == to {
            self.canvas.put(low + 1, self.y, "◀─", paint);
            self.y += 1;
            return;
        }
        self.canvas.line(low + 1, self.y, high - low - 1, '─', paint);
        for lane in self.lanes.iter().filter(|lane| (low + 1..high).contains(lane)) {
            self.canvas.put(*lane, self.y, "┼", paint);
        }
        if from < to {
            self.canvas.put(high - 1, self.y, "▶", paint);
        } else {
            self.canvas.put(low + 1, self.y, "◀", paint);
        }
        if inline {
            self.centred(low, high, &format!(" {text} "), paint);
        }
        self.y += 1;
    }

    /// The lifelines between which something is drawn, the left one first.
    fn span(&self, a: usize, b: usize) -> (usize, usize) {
        let lane = |at: usize| self.lanes.get(at).copied().unwrap_or(GUTTER);
        let (low, high) = (lane(a.min(b)), lane(a.max(b)));
        // What somebody sends to himself is told beside him.
        if low == high {
            (low, (low + AROUND_LABEL * 4).min(self.width - 1).max(low + 2))
        } else {
            (low, high)
        }
    }

    fn moment(&mut self, moment: &str) {
        let x = (GUTTER - 2).saturating_sub(moment.width());
        self.canvas.put(x, self.y, moment, Paint::Dim);
    }

    fn centred(&mut self, low: usize, high: usize, text: &str, paint: Paint) {
        let inner = high - low - 1;
        let x = low + 1 + inner.saturating_sub(text.width()) / 2;
        self.canvas.put(x, self.y, text, paint);
    }

    /// Lines of their own between two lifelines.
    fn wrapped(&mut self, low: usize, high: usize, text: &str, paint: Paint) {
        for line in wrap(text, (high - low).saturating_sub(3)) {
            self.lifelines(self.y);
            self.centred(low, high, &format!(" {line} "), paint);
            self.y += 1;
        }
    }

    fn foot(&mut self) {
        if self.sequence.omitted.is_empty() {
            return;
        }
        let text = format!("Not drawn: {}.", self.sequence.omitted.join(", "));
        for line in wrap(&text, self.width) {
            self.canvas.put(0, self.y, &line, Paint::Dim);
            self.y += 1;
        }
    }
}
