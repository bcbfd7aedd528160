//! The comparison as SVG.

use super::{Comparison, Verdict};
use crate::chart::draw::svg::{CELL, Svg};
use crate::chart::draw::wrap::wrap;

/// All in pixels.
const MARGIN: usize = 24;
const FIRST: usize = 210;
const COLUMN: usize = 200;
const LINE: usize = 19;
const PADDING: usize = 10;

impl Comparison {
    /// Draws it as a file of its own.
    pub fn svg(&self) -> String {
        let width = 2 * MARGIN + FIRST + self.systems.len() * COLUMN;
        let mut svg = Svg::new(&self.title, &self.about(), width);
        let mut y = MARGIN + 14;
        for line in wrap(&self.title, (width - 2 * MARGIN) / (CELL + 2)) {
            svg.text(MARGIN, y, "start", "title", &line);
            y += 26;
        }
        let heads: Vec<_> = self.systems.iter().map(|system| wrap(system, cells(COLUMN))).collect();
        for (at, lines) in heads.iter().enumerate() {
            put(&mut svg, (column(at) + PADDING, y + LINE), lines, "strong");
        }
        y += heads.iter().map(Vec::len).max().unwrap_or_default() * LINE + PADDING;
        for row in &self.rows {
            let what = wrap(&row.what, cells(FIRST));
            let told: Vec<_> = (0..self.systems.len()).map(|at| self.cell(row, at)).collect();
            let lines: Vec<_> = told.iter().map(|cell| wrap(&cell.line(), cells(COLUMN))).collect();
            let most = lines.iter().map(Vec::len).chain([what.len()]).max().unwrap_or(1);
            let height = most * LINE + PADDING;
            for (at, (cell, lines)) in told.iter().zip(&lines).enumerate() {
                if let Some(class) = shade(cell.verdict) {
                    svg.rect((column(at) + 2, y + 2), (COLUMN - 4, height - 4), class);
                }
                put(&mut svg, (column(at) + PADDING, y + LINE), lines, ink(cell.verdict));
            }
            svg.line((MARGIN, y), (width - MARGIN, y), "rule");
            put(&mut svg, (MARGIN, y + LINE), &what, "");
            y += height;
        }
        svg.line((MARGIN, y), (width - MARGIN, y), "rule");
        svg.finish(y + MARGIN)
    }

    fn about(&self) -> String {
        let mut about = String::new();
        for row in &self.rows {
            let cells = self.systems.iter().enumerate().map(|(at, system)| {
                let cell = self.cell(row, at);
                format!("{system}: {}, {}", cell.verdict.word(), cell.text)
            });
            about += &format!("{}. {}. ", row.what, cells.collect::<Vec<_>>().join("; "));
        }
        about.trim_end().to_owned()
    }
}

const fn column(at: usize) -> usize {
    MARGIN + FIRST + at * COLUMN
}

/// How many cells of text fit into so many pixels.
const fn cells(pixels: usize) -> usize {
    (pixels - 2 * PADDING) / CELL
}

fn put(svg: &mut Svg, (x, y): (usize, usize), lines: &[String], class: &str) {
    for (at, line) in lines.iter().enumerate() {
        svg.text(x, y + at * LINE, "start", class, line);
    }
}

const fn shade(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Safe => Some("cell-safe"),
        Verdict::Broken => Some("cell-danger"),
        Verdict::NotTried | Verdict::Number => None,
    }
}

const fn ink(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "safe",
        Verdict::Broken => "danger strong",
        Verdict::NotTried => "dim",
        Verdict::Number => "",
    }
}
