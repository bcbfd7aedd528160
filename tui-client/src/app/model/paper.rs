//! A receipt looked at: what it proves, what stands in it, and its code.

use crate::app::TextField;
use crate::app::event::Seq;
use crate::receipt_code::Code;
use crate::receipt_file::{Check, Receipt};
use crate::words::Message;

/// Longest path that a receipt is saved under, in bytes.
pub const MAX_PATH_BYTES: usize = 1_000;

/// A receipt with what was found out about it.
pub struct Proved {
    pub receipt: Receipt,
    pub checks: Vec<Check>,
    /// What its code says, and how that looks.
    pub code_text: String,
    pub code: Option<Code>,
    /// Where it could be saved.
    pub path: String,
}

/// A receipt on the screen.
pub struct Paper {
    pub asked: Option<Seq>,
    pub found: Option<Box<Proved>>,
    pub problem: Option<Message>,
    pub sheet: PaperSheet,
    /// How many rows are above the window.
    pub top: usize,
    pub saving: Option<Saving>,
}

/// Which side of a receipt is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaperSheet {
    /// What it proves, step by step.
    #[default]
    Proof,
    /// Its own lines.
    Lines,
    Code,
}

/// A receipt about to be written.
pub struct Saving {
    pub path: TextField,
    pub asked: Option<Seq>,
    pub problem: Option<Message>,
}

impl PaperSheet {
    pub const ALL: [PaperSheet; 3] = [PaperSheet::Proof, PaperSheet::Lines, PaperSheet::Code];
}

impl Paper {
    pub fn asked(seq: Seq) -> Self {
        Self { asked: Some(seq), found: None, problem: None, sheet: PaperSheet::Proof, top: 0, saving: None }
    }

    /// About how many rows a side takes, so that the window does not run away.
    pub fn rows(&self) -> usize {
        let Some(found) = &self.found else { return 0 };
        match self.sheet {
            PaperSheet::Proof => found.checks.len() * 3 + 4,
            PaperSheet::Lines => found.receipt.quote.quote.lines.len() + 16,
            PaperSheet::Code => 0,
        }
    }
}
