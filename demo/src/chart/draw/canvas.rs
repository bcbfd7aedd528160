//! Rows of cells, for a terminal or for a file.

use kessai_shared::columns::plain;
use unicode_width::UnicodeWidthChar;

/// The most rows of a picture.
const MOST_ROWS: usize = 20_000;
/// Of its cells, the second half of a wide character.
const COVERED: char = '\0';

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Columns of cells; [`Ink::NARROWEST`] at least.
    pub width: usize,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    pub colour: bool,
}

impl Ink {
    /// Nothing is drawn for terminals that are narrower, in cells.
    pub const NARROWEST: usize = 60;
    /// What a file has, and whoever is not known, in cells.
    pub const USUAL: usize = 100;

    /// This ink on what is at least as wide as pictures are.
    #[must_use]
    pub fn wide_enough(self) -> Self {
        Self { width: self.width.max(Self::NARROWEST), ..self }
    }
}

/// What something means, which colour only repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    #[default]
    Plain,
    Strong,
    Dim,
    Danger,
    Safe,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "\u{1b}[0m",
            Self::Strong => "\u{1b}[0;1m",
            Self::Dim => "\u{1b}[0;2m",
            Self::Danger => "\u{1b}[0;1;31m",
            Self::Safe => "\u{1b}[0;32m",
        }
    }
}

#[derive(Clone, Copy)]
struct Cell(char, Paint);

/// A picture that grows downwards.
pub struct Canvas {
    width: usize,
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    pub fn new(width: usize) -> Self {
        Self { width, rows: Vec::new() }
    }

    /// Writes from this cell on; what does not fit is cut off.
    pub fn put(&mut self, x: usize, y: usize, text: &str, paint: Paint) {
        if y >= MOST_ROWS {
            return;
        }
        while self.rows.len() <= y {
            self.rows.push(vec![Cell(' ', Paint::Plain); self.width]);
        }
        let mut at = x;
        for c in plain(text).chars() {
            let c = if c == '\u{a0}' { ' ' } else { c };
            let wide = c.width().unwrap_or(0);
            if wide == 0 || at + wide > self.width {
                continue;
            }
            self.rows[y][at] = Cell(c, paint);
            (1..wide).for_each(|more| self.rows[y][at + more] = Cell(COVERED, paint));
            at += wide;
        }
    }

    /// Writes so many of one character.
    pub fn line(&mut self, x: usize, y: usize, count: usize, c: char, paint: Paint) {
        self.put(x, y, &c.to_string().repeat(count.min(self.width)), paint);
    }

    /// The rows as text, each with its end of line and no blanks before it.
    pub fn text(&self, ink: Ink) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let end = row.iter().rposition(|cell| cell.0 != ' ').map_or(0, |last| last + 1);
            let mut now = Paint::Plain;
            for Cell(c, paint) in row[..end].iter().filter(|cell| cell.0 != COVERED) {
                if ink.colour && *paint != now {
                    text.push_str(paint.code());
                    now = *paint;
                }
                if ink.unicode {
                    text.push(*c);
                } else {
                    text.push_str(&in_ascii(*c));
                }
            }
            if ink.colour && now != Paint::Plain {
                text.push_str(Paint::Plain.code());
            }
            text.push('\n');
        }
        text
    }
}

/// As wide as the character, in ASCII.
fn in_ascii(c: char) -> String {
    let same = match c {
        '│' | '┊' => '|',
        '─' => '-',
        '═' => '=',
        '▶' => '>',
        '◀' => '<',
        '×' => 'x',
        '·' | '…' => '.',
        '–' => '-',
        'µ' => 'u',
        '→' => '>',
        '●' => 'o',
        '✓' => '+',
        '✗' => '!',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╞' | '╡' | '╪' => '+',
        c if c.is_ascii() => c,
        _ => '?',
    };
    same.to_string().repeat(c.width().unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Ink = Ink { width: 10, unicode: true, colour: false };

    #[test]
    fn wide_characters_cover_two_cells_and_nothing_steers_a_terminal() {
        let mut canvas = Canvas::new(10);
        canvas.put(0, 0, "緑茶|", Paint::Plain);
        canvas.put(8, 0, "緑緑", Paint::Plain);
        canvas.put(0, 1, "a\u{1b}[2Jb\u{301}", Paint::Danger);
        assert_eq!(canvas.text(INK), "緑茶|   緑\na\u{fffd}[2Jb\n");
        assert_eq!(canvas.text(Ink { unicode: false, ..INK }), "????|   ??\na?[2Jb\n");
        let coloured = canvas.text(Ink { colour: true, ..INK });
        assert!(coloured.ends_with("\u{1b}[0;1;31ma\u{fffd}[2Jb\u{1b}[0m\n"), "{coloured:?}");
    }
}
