//! The sequence as SVG.

use unicode_width::UnicodeWidthStr;

use super::{Sequence, What, time};
use crate::chart::draw::svg::{CELL, Svg, fill_class, wire_class};
use crate::chart::draw::wrap::{clip, wrap};

/// All in pixels.
const MARGIN: usize = 24;
const GUTTER: usize = 104;
const LANE: usize = 270;
const NARROW_LANE: usize = 190;
const ROW: usize = 34;
const HEAD: usize = 30;
/// Parties from which on lanes are narrow.
const MANY: usize = 5;

struct Drawing<'a> {
    sequence: &'a Sequence,
    svg: Svg,
    lanes: Vec<usize>,
    width: usize,
    y: usize,
}

impl Sequence {
    /// Draws it as a file of its own.
    pub fn svg(&self) -> String {
        let (svg, height) = self.picture();
        svg.finish(height)
    }

    /// The picture, and how high it is in pixels.
    pub fn picture(&self) -> (Svg, usize) {
        let apart = if self.parties.len() >= MANY { NARROW_LANE } else { LANE };
        let first = MARGIN + GUTTER + apart / 3;
        let lanes: Vec<usize> = (0..self.parties.len()).map(|at| first + at * apart).collect();
        let width = lanes.last().map_or(first, |last| *last) + apart / 3 + MARGIN;
        let title = if self.title.is_empty() { "Sequence of messages" } else { &self.title };
        let svg = Svg::new(title, &self.about(), width);
        let mut drawing = Drawing { sequence: self, svg, lanes, width, y: MARGIN };
        drawing.draw();
        (drawing.svg, drawing.y + MARGIN)
    }

    /// What those are told who cannot see it.
    fn about(&self) -> String {
        let mut about =
            format!("{} messages and handshakes between {}.", self.steps.len(), self.parties.join(", "));
        let named = |at: &usize| self.parties.get(*at).cloned().unwrap_or_default();
        for step in self.steps.iter().take(60) {
            let told = match &step.what {
                What::Arrow { from, to, text, .. } => format!("{} to {}: {text}", named(from), named(to)),
                What::Bar { ends: (a, b), text, detail, .. } => {
                    format!("{text} of {} and {}: {detail}", named(a), named(b))
                }
                What::Mark(text) | What::Silence(text) => text.clone(),
            };
            about += &format!(" {}: {told}.", time(step.at));
        }
        about
    }
}

impl Drawing<'_> {
    fn draw(&mut self) {
        self.y += 14;
        if !self.sequence.title.is_empty() {
            for line in wrap(&self.sequence.title, (self.width - 2 * MARGIN) / (CELL + 2)) {
                self.svg.text(MARGIN, self.y, "start", "title", &line);
                self.y += 26;
            }
            self.y += 4;
        }
        self.legend();
        let top = self.y;
        self.y += HEAD + 14;
        let bottom = self.y + self.sequence.steps.iter().map(|step| height(&step.what)).sum::<usize>();
        for (name, lane) in self.sequence.parties.iter().zip(self.lanes.clone()) {
            self.svg.line((lane, top + HEAD), (lane, bottom), "life");
            let name = clip(name, 20);
            let width = (name.width() * (CELL + 1) + 28).max(100);
            self.svg.rect((lane - width / 2, top), (width, HEAD), "box");
            self.svg.text(lane, top + 20, "middle", "strong", &name);
        }
        for (step, moment) in self.sequence.steps.iter().zip(self.sequence.moments()) {
            self.step(&step.what, &moment);
        }
        if !self.sequence.omitted.is_empty() {
            self.y += 26;
            let text = format!("Not drawn: {}.", self.sequence.omitted.join(", "));
            self.svg.text(MARGIN, self.y, "start", "small dim", &text);
        }
    }

    fn legend(&mut self) {
        if self.sequence.wires.len() < 2 {
            return;
        }
        let mut x = MARGIN;
        for (at, wire) in self.sequence.wires.iter().enumerate().take(6) {
            self.svg.line((x, self.y - 5), (x + 26, self.y - 5), &format!("go {}", wire_class(at, false)));
            let wire = clip(wire, 24);
            self.svg.text(x + 34, self.y, "start", "small", &wire);
            x += 34 + wire.width() * CELL + 26;
        }
        self.y += 18;
    }

    fn step(&mut self, what: &What, moment: &str) {
        let line = self.y + height(what) - 12;
        self.svg.text(MARGIN + GUTTER - 24, line + 4, "end", "mono dim", moment);
        match what {
            What::Mark(text) => {
                self.svg.line((MARGIN + GUTTER, line), (self.width - MARGIN, line), "rule");
                self.svg.text(MARGIN + GUTTER + 8, line + 5, "start", "strong halo", text);
            }
            What::Silence(text) => {
                let middle = (MARGIN + GUTTER + self.width - MARGIN) / 2;
                self.svg.text(middle, line, "middle", "small dim halo", text);
            }
            What::Bar { ends: (a, b), wire, text, detail } => {
                let (low, high) = (self.lane(*a.min(b)), self.lane(*a.max(b)));
                self.svg.rect((low, line - 30), (high - low, 38), "box");
                self.svg.line((low, line - 30), (low, line + 8), &format!("go {}", wire_class(*wire, false)));
                self.svg.line(
                    (high, line - 30),
                    (high, line + 8),
                    &format!("go {}", wire_class(*wire, false)),
                );
                self.svg.text((low + high) / 2, line - 14, "middle", "small strong", text);
                self.svg.text((low + high) / 2, line + 2, "middle", "small dim", detail);
            }
            What::Arrow { from, to, wire, text, exposed } => {
                let (start, end) = (self.lane(*from), self.lane(*to));
                let class = wire_class(*wire, *exposed);
                let label = if *exposed { "danger strong halo" } else { "halo" };
                if from == to {
                    self.svg.text(start + 10, line + 4, "start", label, text);
                } else {
                    self.svg.line((start, line), (end, line), &format!("go {class}"));
                    self.svg.head(end, line, start < end, &fill_class(*wire, *exposed));
                    let text = clip(text, start.abs_diff(end) / CELL);
                    self.svg.text((start + end) / 2, line - 6, "middle", label, &text);
                }
            }
        }
        self.y += height(what);
    }

    fn lane(&self, at: usize) -> usize {
        self.lanes.get(at).copied().unwrap_or(MARGIN + GUTTER)
    }
}

fn height(what: &What) -> usize {
    match what {
        What::Arrow { .. } | What::Silence(_) | What::Mark(_) => ROW,
        What::Bar { .. } => ROW + 16,
    }
}
