//! Systems side by side: what was tried and measured, and what it came to in each of them.

mod svg;
mod text;

use serde::Serialize;

/// What came of one try or one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was tried, and the system held.
    Safe,
    /// It was tried, and it went through.
    Broken,
    /// It could not be tried here, which says nothing about the system.
    NotTried,
    /// A measurement, which is neither.
    Number,
}

/// What one system came to in one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub verdict: Verdict,
    pub text: String,
}

/// What was tried, and the cells of it, one a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub what: String,
    pub cells: Vec<Cell>,
}

/// A table of systems. A row with fewer cells than there are systems was not tried in the last ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub title: String,
    pub systems: Vec<String>,
    pub rows: Vec<Row>,
}

impl Verdict {
    /// The sign before a cell, so that nothing depends on colours.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Safe => "✓",
            Self::Broken => "✗",
            Self::NotTried => "–",
            Self::Number => "",
        }
    }

    /// The word for those who hear the table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Broken => "broken",
            Self::NotTried => "not tried",
            Self::Number => "measured",
        }
    }
}

impl Cell {
    pub fn new(verdict: Verdict, text: impl Into<String>) -> Self {
        Self { verdict, text: text.into() }
    }

    /// What stands in its place, the sign first.
    pub fn line(&self) -> String {
        match (self.verdict.sign(), self.text.as_str()) {
            ("", text) => text.to_owned(),
            (sign, "") => format!("{sign} {}", self.verdict.word()),
            (sign, text) => format!("{sign} {text}"),
        }
    }
}

impl Comparison {
    pub fn new(title: &str, systems: &[&str]) -> Self {
        let systems = systems.iter().map(|system| (*system).to_owned()).collect();
        Self { title: title.to_owned(), systems, rows: Vec::new() }
    }

    pub fn row(&mut self, what: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row { what: what.into(), cells: cells.into_iter().collect() });
    }

    /// The cell of a system in a row.
    fn cell(&self, row: &Row, system: usize) -> Cell {
        row.cells.get(system).cloned().unwrap_or_else(|| Cell::new(Verdict::NotTried, ""))
    }
}
