//! What a daemon tells whoever watches it, once a second, and what it remembers of the last hour.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::measure::{Buckets, Count, Gauge, Spread};
use crate::time::Timestamp;

/// How many seconds a daemon remembers.
pub const REMEMBERED: usize = 3_600;
/// Most seconds that one request for the past gets.
pub const MAX_SECONDS: u16 = 60;

/// What is said to somebody who cannot watch because others do.
pub const TOO_MANY_WATCH: &str = "as many watch this daemon as may; end one that is not needed";

/// What is watched: how a daemon says how it is, and how it is asked to go on saying it.
pub trait Watched: DeserializeOwned {
    type Request: Serialize;
    type Reply: DeserializeOwned;

    fn watch() -> Self::Request;

    /// # Errors
    /// Why it was refused; `None` for a reply to something else.
    fn watching(reply: Self::Reply) -> Result<Watching, Option<String>>;

    fn past(before: Option<u64>, limit: u16) -> Self::Request;

    /// # Errors
    /// As [`Watched::watching`].
    fn seconds(reply: Self::Reply) -> Result<Vec<Second>, Option<String>>;
}

/// What whoever begins to watch is told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    /// The last second that has ended; 0 before the first has.
    pub tick: u64,
    /// How many seconds the daemon remembers now, that one among them.
    pub remembered: u16,
    /// The time by the daemon's clock.
    pub now: Timestamp,
}

/// One second of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// Grows by one with each second that the daemon runs: a gap is a second that was lost on the way.
    pub tick: u64,
    /// When it ended, by the daemon's clock.
    pub at: Timestamp,
    /// What happened in this second; what did not happen is left out.
    pub counts: Vec<(Count, u64)>,
    pub spreads: Vec<(Spread, Buckets)>,
    /// What was so at its end.
    pub gauges: Vec<(Gauge, i64)>,
}

/// What is told each second to whoever watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat<S> {
    pub second: Second,
    /// How the daemon is; `None` when its writer did not answer in time, which is worth knowing.
    pub status: Option<Box<S>>,
    /// What has gone past a threshold of the configuration and has not come back, the oldest first.
    pub alarms: Vec<Alarm>,
}

/// Something that an operator should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The name of the rule, as the configuration has it.
    pub rule: String,
    /// Since when, by the daemon's clock, and in which second.
    pub since: Timestamp,
    pub tick: u64,
    /// What was found, and what the rule allows, as a line for people.
    pub line: String,
    pub urgent: bool,
}
