//! The comparison in a terminal: columns where there is room for them, one block a system where there is none.

use super::{Comparison, Verdict};
use crate::chart::draw::wrap::wrap;
use crate::chart::draw::{Canvas, Ink, Paint};

/// A column with fewer cells than this breaks every other word.
const NARROWEST_COLUMN: usize = 19;
/// What was tried, in cells.
const FIRST_COLUMN: usize = 22;
/// Between two columns.
const GAP: usize = 2;

impl Comparison {
    /// Draws it for a terminal, or for a file without colours.
    pub fn text(&self, ink: Ink) -> String {
        let ink = ink.wide_enough();
        let mut canvas = Canvas::new(ink.width);
        let mut y = 0;
        for line in wrap(&self.title, ink.width).into_iter().filter(|line| !line.is_empty()) {
            canvas.put(0, y, &line, Paint::Strong);
            y += 1;
        }
        if y > 0 {
            y += 1;
        }
        let systems = self.systems.len().max(1);
        let column = ink.width.saturating_sub(FIRST_COLUMN) / systems;
        if column >= NARROWEST_COLUMN + GAP {
            self.columns(&mut canvas, y, column - GAP);
        } else {
            self.blocks(&mut canvas, y, ink.width);
        }
        canvas.text(ink)
    }

    fn columns(&self, canvas: &mut Canvas, mut y: usize, width: usize) {
        let x = |system: usize| FIRST_COLUMN + system * (width + GAP) + GAP;
        let end = x(self.systems.len()).saturating_sub(GAP);
        let heads = self.systems.iter().map(|system| (Paint::Strong, wrap(system, width)));
        let heads: Vec<_> = heads.collect();
        y += beside(canvas, y, &heads, x);
        canvas.line(0, y, end, '─', Paint::Dim);
        y += 1;
        for row in &self.rows {
            let what = wrap(&row.what, FIRST_COLUMN);
            for (line, text) in what.iter().enumerate() {
                canvas.put(0, y + line, text, Paint::Plain);
            }
            let cells = (0..self.systems.len()).map(|system| {
                let cell = self.cell(row, system);
                (paint(cell.verdict), wrap(&cell.line(), width))
            });
            let cells: Vec<_> = cells.collect();
            y += beside(canvas, y, &cells, x).max(what.len());
        }
    }

    fn blocks(&self, canvas: &mut Canvas, mut y: usize, width: usize) {
        for (at, system) in self.systems.iter().enumerate() {
            if at > 0 {
                y += 1;
            }
            canvas.line(0, y, width, '─', Paint::Dim);
            canvas.put(2, y, &format!(" {system} "), Paint::Strong);
            y += 1;
            for row in &self.rows {
                let cell = self.cell(row, at);
                let what = wrap(&row.what, FIRST_COLUMN);
                let told = wrap(&cell.line(), width - FIRST_COLUMN - GAP);
                for (line, text) in what.iter().enumerate() {
                    canvas.put(0, y + line, text, Paint::Plain);
                }
                y +=
                    beside(canvas, y, &[(paint(cell.verdict), told)], |_| FIRST_COLUMN + GAP).max(what.len());
            }
        }
    }
}

/// Writes texts side by side; how many rows they took.
fn beside(
    canvas: &mut Canvas,
    y: usize,
    cells: &[(Paint, Vec<String>)],
    x: impl Fn(usize) -> usize,
) -> usize {
    for (at, (paint, lines)) in cells.iter().enumerate() {
        for (line, text) in lines.iter().enumerate() {
            canvas.put(x(at), y + line, text, *paint);
        }
    }
    cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or_default()
}

fn paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Safe => Paint::Safe,
        Verdict::Broken => Paint::Danger,
        Verdict::NotTried => Paint::Dim,
        Verdict::Number => Paint::Plain,
    }
}
