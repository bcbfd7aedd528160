//! What an operator should look at: rules with thresholds over what a daemon measures of itself, looked at
//! once a second.
//!
//! Nothing here asks a clock: a second says which one it is and when it was. A rule that is broken for as
//! long as it has to be raises one alarm; the alarm is over when the figure has been well clear of the
//! threshold for [`CALM_SECONDS`], so that a figure at its threshold does not come and go.

pub mod command;
mod guard;
mod rule;
mod seen;
mod settings;

use crate::operator::live::{Alarm, Second};
use crate::time::Timestamp;

pub use guard::Guard;
pub use rule::{ROWS, Row, Side, Way};
pub use seen::Seen;
pub use settings::{Set, Settings};

/// For how long a figure has to be clear of its threshold before an alarm is over, in seconds.
pub const CALM_SECONDS: u64 = 5;
/// How far beside its threshold it has to be then, as a part of the threshold: a tenth.
const CLEARANCE: u64 = 10;

/// The rules of a daemon, and which of them are broken.
pub struct Alarms {
    rules: Vec<Watched>,
    seen: Seen,
}

/// One rule, and how its figure has been.
struct Watched {
    set: Set,
    /// Since when it is broken without a break.
    broken: Option<(u64, Timestamp)>,
    /// Since which second it is clear, while its alarm goes on.
    clear: Option<u64>,
    raised: Option<Alarm>,
}

/// What has become of an alarm in a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Raised(Alarm),
    Over(Alarm),
}

impl Event {
    pub fn alarm(&self) -> &Alarm {
        match self {
            Event::Raised(alarm) | Event::Over(alarm) => alarm,
        }
    }

    /// The word that programs know it by.
    pub const fn word(&self) -> &'static str {
        match self {
            Event::Raised(_) => "raised",
            Event::Over(_) => "over",
        }
    }

    /// Writes it into the log: one line that begins with ALARM.
    pub fn log(&self) {
        let Alarm { rule, line, urgent, .. } = self.alarm();
        match self {
            Event::Raised(_) if *urgent => tracing::error!("ALARM {rule}: {line}"),
            Event::Raised(_) => tracing::warn!("ALARM {rule}: {line}"),
            Event::Over(_) => tracing::info!("ALARM {rule} is over: {line}"),
        }
    }
}

impl Alarms {
    pub fn new(rules: Vec<Set>) -> Self {
        let rules = rules.into_iter().map(|set| Watched { set, broken: None, clear: None, raised: None });
        Self { rules: rules.collect(), seen: Seen::default() }
    }

    /// Takes a second in, and says what it raised and what it ended.
    pub fn look(&mut self, second: &Second) -> Vec<Event> {
        self.seen.take(second);
        let seen = &self.seen;
        self.rules.iter_mut().filter_map(|rule| rule.look(seen, second)).collect()
    }

    /// The alarms that are not over, the oldest first.
    pub fn active(&self) -> Vec<Alarm> {
        let mut active: Vec<Alarm> = self.rules.iter().filter_map(|rule| rule.raised.clone()).collect();
        active.sort_by_key(|alarm| alarm.tick);
        active
    }
}

impl Watched {
    fn look(&mut self, seen: &Seen, second: &Second) -> Option<Event> {
        // What is not known now neither raises an alarm nor ends one: a figure that is gone is not well.
        let value = (self.set.row.read)(seen)?;
        let is_broken = self.set.is_broken(value);
        if is_broken {
            self.broken.get_or_insert((second.tick, second.at));
        } else {
            self.broken = None;
        }
        match &mut self.raised {
            None => {
                let (tick, since) = self.broken?;
                if second.tick.saturating_sub(tick) < self.set.for_seconds {
                    return None;
                }
                let alarm = Alarm {
                    rule: self.set.row.key.to_owned(),
                    since,
                    tick,
                    line: self.set.line(value),
                    urgent: self.set.urgent,
                };
                self.clear = None;
                self.raised = Some(alarm.clone());
                Some(Event::Raised(alarm))
            }
            Some(alarm) => {
                alarm.line = self.set.line(value);
                if !self.set.is_clear(value) {
                    self.clear = None;
                    return None;
                }
                let since = *self.clear.get_or_insert(second.tick);
                if second.tick.saturating_sub(since) < CALM_SECONDS {
                    return None;
                }
                self.raised.take().map(Event::Over)
            }
        }
    }
}

impl Set {
    fn is_broken(&self, value: u64) -> bool {
        match self.row.way {
            Way::AtLeast => value >= self.at,
            Way::AtMost => value <= self.at,
        }
    }

    fn is_clear(&self, value: u64) -> bool {
        let beside = self.at / CLEARANCE;
        match self.row.way {
            Way::AtLeast => value < self.at - beside,
            Way::AtMost => value > self.at.saturating_add(beside),
        }
    }

    /// What was found and what is allowed, for people.
    fn line(&self, value: u64) -> String {
        let Row { what, unit, way, .. } = self.row;
        let word = match way {
            Way::AtLeast => "from",
            Way::AtMost => "down to",
        };
        format!("{what}: {value}{unit}; the alarm is {word} {}{unit} on", self.at)
    }
}
