//! The picture itself: all screens below each other, and a window over them that jumps from one to the next.
//! It is CSS that moves it, which GitHub lets through where it would not let a script. Rows that were seen
//! before are only pointed to, and every run of letters says how wide it is, so that columns meet in any font.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use super::frames::{Cell, Frame, Style};
use super::glyph;
use super::palette::{self, BACK, FORE};

/// A cell, in pixels.
const WIDE: f32 = 8.4;
const HIGH: f32 = 18.0;
/// From the top of a cell to the line that letters stand on.
const BASE: f32 = 13.5;
/// What is around the screen, and the bar above it.
const MARGIN: f32 = 12.0;
const BAR: f32 = 26.0;
/// How much of what is dim is seen.
const DIM: f32 = 0.62;
/// How long the last screen stays before it begins again.
const LAST: Duration = Duration::from_secs(4);

/// Draws an animated picture of screens.
pub fn draw(frames: &[Frame]) -> String {
    let columns = frames.iter().flat_map(|frame| &frame.rows).map(|row| columns(row)).max().unwrap_or(1);
    let rows = frames.iter().map(|frame| frame.rows.len()).max().unwrap_or(1);
    let (inner_width, inner_height) = (columns as f32 * WIDE, rows as f32 * HIGH);
    let (width, height) = (inner_width + 2.0 * MARGIN, inner_height + BAR + MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<style>\n{}</style>\n",
        style(frames, inner_height)
    );
    let (defined, uses) = rows_and_uses(frames, inner_height);
    let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACK}\"/>");
    for (at, colour) in ["#e0606b", "#d9b25f", "#7fbf6b"].into_iter().enumerate() {
        let _ = writeln!(out, "<circle cx=\"{}\" cy=\"13\" r=\"5\" fill=\"{colour}\"/>", 18 + at * 16);
    }
    let _ = write!(
        out,
        "<defs>\n{defined}</defs>\n<svg x=\"{MARGIN}\" y=\"{BAR}\" width=\"{inner_width:.1}\" \
         height=\"{inner_height:.1}\">\n<g class=\"film\">\n{uses}</g>\n</svg>\n</svg>\n"
    );
    out
}

fn columns(row: &[Cell]) -> usize {
    row.last().map_or(0, |cell| usize::from(cell.column + cell.columns))
}

// Where nothing moves, because the picture is printed or the reader wants no motion, the last screen is shown.
fn style(frames: &[Frame], high: f32) -> String {
    let begin = frames.first().map_or(Duration::ZERO, |frame| frame.at);
    let end = frames.last().map_or(Duration::ZERO, |frame| frame.at) + LAST - begin;
    let last = (frames.len() - 1) as f32 * high;
    let mut css = format!(
        "text {{ font: 14px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK JP', \
         monospace; white-space: pre; fill: {FORE}; }}\n.b {{ font-weight: 700; }}\n.d {{ opacity: {DIM}; }}\n\
         .u {{ text-decoration: underline; }}\n.film {{ transform: translateY(-{last:.1}px); \
         animation: film {:.2}s step-end infinite; }}\n@keyframes film {{\n",
        end.as_secs_f32()
    );
    for (at, frame) in frames.iter().enumerate() {
        let when = (frame.at - begin).as_secs_f32() / end.as_secs_f32() * 100.0;
        let _ = writeln!(css, "{when:.3}% {{ transform: translateY(-{:.1}px); }}", at as f32 * high);
    }
    css.push_str("}\n@media (prefers-reduced-motion: reduce) { .film { animation: none; } }\n");
    css
}

/// Every row that is seen, once, and each frame as pointers to its rows.
fn rows_and_uses(frames: &[Frame], high: f32) -> (String, String) {
    let (mut known, mut defined, mut uses) = (HashMap::<String, usize>::new(), String::new(), String::new());
    for (number, frame) in frames.iter().enumerate() {
        let top = number as f32 * high;
        for (at, row) in frame.rows.iter().enumerate() {
            let drawn = draw_row(row);
            if drawn.is_empty() {
                continue;
            }
            let next = known.len();
            let id = *known.entry(drawn).or_insert_with_key(|drawn| {
                let _ = writeln!(defined, "<g id=\"r{next}\">{drawn}</g>");
                next
            });
            let _ = writeln!(uses, "<use href=\"#r{id}\" y=\"{:.1}\"/>", top + at as f32 * HIGH);
        }
        if let Some((column, row)) = frame.cursor {
            let (x, y) = (f32::from(column) * WIDE, top + f32::from(row) * HIGH + 1.0);
            let _ = writeln!(
                uses,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{WIDE}\" height=\"{:.1}\" fill=\"{FORE}\" opacity=\"0.45\"/>",
                HIGH - 2.0
            );
        }
    }
    (defined, uses)
}

fn draw_row(row: &[Cell]) -> String {
    let mut out = String::new();
    for run in row.chunk_by(|one, next| one.style == next.style) {
        if let (Some(first), (_, Some(ground))) = (run.first(), palette::paints(run[0].style)) {
            rect(&mut out, f32::from(first.column) * WIDE, 0.0, columns_of(run) * WIDE, HIGH, &ground, 1.0);
        }
    }
    for run in row.chunk_by(belongs_together) {
        draw_run(&mut out, run);
    }
    out
}

/// What a cell is drawn as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letters,
    /// Of another width, or perhaps from another font: each by itself.
    Alone,
    Line,
    Block,
}

fn kind(cell: &Cell) -> Kind {
    let mut letters = cell.text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if glyph::arms(letter).is_some() => Kind::Line,
        (Some(letter), None) if glyph::block(letter).is_some() => Kind::Block,
        (Some(letter), None) if letter.is_ascii() => Kind::Letters,
        _others => Kind::Alone,
    }
}

fn belongs_together(one: &Cell, next: &Cell) -> bool {
    let alike = one.style == next.style && kind(one) == kind(next);
    alike
        && match kind(one) {
            Kind::Letters => true,
            Kind::Line | Kind::Block => one.text == next.text,
            Kind::Alone => false,
        }
}

fn draw_run(out: &mut String, run: &[Cell]) {
    let Some(first) = run.first() else { return };
    let (x, wide) = (f32::from(first.column) * WIDE, columns_of(run) * WIDE);
    let (paint, _) = palette::paints(first.style);
    let letter = first.text.chars().next().unwrap_or(' ');
    match (kind(first), glyph::arms(letter), glyph::block(letter)) {
        (Kind::Line, Some(arms), _) => line(out, run, arms, &paint, first.style),
        (Kind::Block, _, Some(block)) => {
            let part = |eighths: u8| f32::from(eighths) / 8.0;
            let (top, high) = (part(block.top) * HIGH, part(block.bottom - block.top) * HIGH);
            let density = if first.style.dim { block.density * DIM } else { block.density };
            // Blocks as wide as their cells are one, however many there are.
            if (block.left, block.right) == (0, 8) {
                return rect(out, x, top, wide, high, &paint, density);
            }
            for cell in run {
                let left = f32::from(cell.column) * WIDE + part(block.left) * WIDE;
                rect(out, left, top, part(block.right - block.left) * WIDE, high, &paint, density);
            }
        }
        (Kind::Letters | Kind::Alone | Kind::Line | Kind::Block, _, _) => {
            let text: String = run.iter().map(|cell| cell.text.as_str()).collect();
            if text.trim().is_empty() && !first.style.underline {
                return;
            }
            letters(out, x, wide, &text, &paint, first.style);
        }
    }
}

// Where more than one blank stands between two words, each begins at a place of its own: not every program
// keeps blanks.
fn letters(out: &mut String, x: f32, wide: f32, text: &str, paint: &str, style: Style) {
    let mut classes = Vec::new();
    classes.extend(style.bold.then_some("b"));
    classes.extend(style.dim.then_some("d"));
    classes.extend(style.underline.then_some("u"));
    let class = if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) };
    let fill = if paint == FORE { String::new() } else { format!(" style=\"fill:{paint}\"") };
    // Letters of more than one byte stand by themselves, so that a run of many has one column a byte.
    let words = if text.is_ascii() { words(text) } else { vec![(0, text)] };
    for (at, word) in words {
        let wide = if text.is_ascii() { word.len() as f32 * WIDE } else { wide };
        let (x, shown) = (x + at as f32 * WIDE, word.replace('&', "&amp;").replace('<', "&lt;"));
        let _ = write!(
            out,
            "<text x=\"{x:.1}\" y=\"{BASE}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\"{class}\
             {fill}>{shown}</text>"
        );
    }
}

/// What stands between two blanks or more, and where.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split("  ") {
        let word = part.trim();
        if !word.is_empty() {
            words.push((at + part.len() - part.trim_start().len(), word));
        }
        at += part.len() + 2;
    }
    words
}

fn line(out: &mut String, run: &[Cell], arms: glyph::Arms, paint: &str, style: Style) {
    let opacity = if style.dim { format!(" opacity=\"{DIM}\"") } else { String::new() };
    let mut path = String::new();
    let (Some(first), middle) = (run.first(), HIGH / 2.0) else { return };
    let x = f32::from(first.column) * WIDE;
    // A rule is one line, however long it is.
    if arms.left && arms.right && !arms.up && !arms.down {
        let _ = write!(path, "M{x:.1} {middle}h{:.1}", columns_of(run) * WIDE);
    } else {
        for cell in run {
            let x = f32::from(cell.column) * WIDE + WIDE / 2.0;
            for (there, by) in [
                (arms.up, format!("v-{middle}")),
                (arms.right, format!("h{:.1}", WIDE / 2.0)),
                (arms.down, format!("v{middle}")),
                (arms.left, format!("h-{:.1}", WIDE / 2.0)),
            ] {
                if there {
                    let _ = write!(path, "M{x:.1} {middle}{by}");
                }
            }
        }
    }
    let _ = write!(out, "<path d=\"{path}\" stroke=\"{paint}\" stroke-width=\"1.2\"{opacity}/>");
}

fn rect(out: &mut String, x: f32, y: f32, wide: f32, high: f32, paint: &str, density: f32) {
    let opacity = if density < 1.0 { format!(" opacity=\"{density}\"") } else { String::new() };
    let _ = write!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" fill=\"{paint}\"{opacity}/>"
    );
}

fn columns_of(run: &[Cell]) -> f32 {
    run.iter().map(|cell| f32::from(cell.columns)).sum()
}
