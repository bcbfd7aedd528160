//! What a run found of one system. Every cell comes from something that was done in that run.

use serde::Serialize;

use super::system::System;

/// What something came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was tried and did not work, or was searched for and not found.
    Safe,
    /// It worked, or was found.
    Broken,
    /// It could not be tried in this run.
    NotTried,
}

/// Everything that was found of one system.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    pub system: System,
    pub figure: &'static str,
    pub name: String,
    pub about: &'static str,
    pub purchases: Purchases,
    /// Where card numbers were searched for.
    pub readable: Vec<Searched>,
    /// What a stranger tried.
    pub tries: Vec<Tried>,
    /// What went over each stretch of wire.
    pub traffic: Vec<Leg>,
    /// Whether what is broken is exactly what the design says of this system.
    pub as_designed: bool,
    /// Whether there were more frames than are kept, so that the counts are too low.
    pub is_cut: bool,
}

/// The purchases, and how long they took by the shopper's clock.
#[derive(Clone, Debug, Serialize)]
pub struct Purchases {
    pub made: usize,
    pub approved: usize,
    pub declined: usize,
    pub p50_micros: u64,
    pub slowest_micros: u64,
}

/// A place that was searched for planted card numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    pub place: &'static str,
    pub verdict: Verdict,
    /// How many of the planted numbers were found, of how many.
    pub numbers: usize,
    pub of: usize,
    pub bytes: u64,
    /// The forms they were found in.
    pub encodings: Vec<&'static str>,
    /// What was searched, or why it could not be.
    pub said: String,
}

/// Something that a stranger tried.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    pub what: What,
    pub verdict: Verdict,
    /// What came of it, in a few words.
    pub short: String,
    /// What was done and what came of it.
    pub said: String,
}

impl Tried {
    pub fn new(what: What, verdict: Verdict, short: impl Into<String>, said: impl Into<String>) -> Self {
        Self { what, verdict, short: short.into(), said: said.into() }
    }
}

/// What strangers try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Reach,
    Scan,
    LearnKey,
    ForeignKey,
    Read,
    Spoof,
    Replay,
    Guess,
    Forge,
}

impl What {
    pub const ALL: [Self; 9] = [
        Self::Reach,
        Self::Scan,
        Self::LearnKey,
        Self::ForeignKey,
        Self::Read,
        Self::Spoof,
        Self::Replay,
        Self::Guess,
        Self::Forge,
    ];

    /// The row of the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reach => "the settlement reached from the open network",
            Self::Scan => "a scan of the settlement answered",
            Self::LearnKey => "the settlement's key learned",
            Self::ForeignKey => "a foreign key served by the settlement",
            Self::Read => "purchases read on a wire",
            Self::Spoof => "a question in another's name",
            Self::Replay => "a recorded purchase played again",
            Self::Guess => "cards guessed at the settlement",
            Self::Forge => "goods for a forged approval",
        }
    }
}

/// What went between two hosts over a wire, a purchase on average, without the first purchase, whose share
/// the setting up of connections is.
#[derive(Clone, Debug, Serialize)]
pub struct Leg {
    pub wire: String,
    pub between: [String; 2],
    pub frames: f64,
    /// Bytes of whole Ethernet frames.
    pub bytes: f64,
    /// Frames that hold more than an acknowledgement.
    pub messages: f64,
    /// So many times somebody waited for the other end, as `chart::count` has it.
    pub round_trips: f64,
}

impl Findings {
    pub fn tried(&self, what: What) -> Option<&Tried> {
        self.tries.iter().find(|tried| tried.what == what)
    }

    pub fn searched(&self, place: &str) -> Option<&Searched> {
        self.readable.iter().find(|searched| searched.place == place)
    }
}
