//! What is known of one daemon: its last hour, its last word, and how the connection to it is.

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::live::{Alarm, Beat, MAX_SECONDS, REMEMBERED, Second};
use kessai_shared::time::Timestamp;

use super::fresh::{Freshness, LATE};
use super::hour::{self, Hour};
use crate::words::Message;

/// How long to wait before a lost connection is tried again: at first, and at most, in microseconds.
const FIRST_RETRY: u64 = 500_000;
const LAST_RETRY: u64 = 5_000_000;
/// How many seconds of a daemon's clock may pass between two words that are a second apart.
const STEADY_MICROS: std::ops::RangeInclusive<u64> = 250_000..=4_000_000;

/// How the connection to a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    Connecting,
    Up,
    Down { retry_at: Timestamp },
}

pub struct Feed<S> {
    pub link: Link,
    /// Why there is no connection, until there is one.
    why: Option<Message>,
    pub hour: Hour,
    /// How the daemon said it is, and when it said so, by this machine's clock.
    pub status: Option<Box<S>>,
    pub status_at: Option<Timestamp>,
    /// Whether the daemon's writer did not answer for its last word.
    pub is_stuck: bool,
    pub alarms: Vec<Alarm>,
    /// When it was heard last, by this machine's clock.
    pub heard_at: Option<Timestamp>,
    /// Since when its clock does not go as it should, by this machine's.
    still_since: Option<Timestamp>,
    /// How often connecting failed in a row.
    failures: u32,
    /// Whether seconds of the past are being asked for.
    pub asked_past: bool,
    /// Whether there are none before those that are known.
    pub has_all: bool,
    /// What was there when the operator stopped it.
    held: Option<Held<S>>,
}

/// What a stopped screen goes on showing.
struct Held<S> {
    end: i64,
    status: Option<Box<S>>,
    alarms: Vec<Alarm>,
    is_stuck: bool,
}

impl<S> Default for Feed<S> {
    fn default() -> Self {
        Self {
            link: Link::Connecting,
            why: None,
            hour: Hour::default(),
            status: None,
            status_at: None,
            is_stuck: false,
            alarms: Vec::new(),
            heard_at: None,
            still_since: None,
            failures: 0,
            asked_past: false,
            has_all: false,
            held: None,
        }
    }
}

impl<S: Clone> Feed<S> {
    /// The daemon is there.
    pub fn reached(&mut self) {
        self.link = Link::Up;
        self.why = None;
        // Whatever was asked on another connection has no answer any more, and a daemon that was started
        // anew may remember something else.
        self.asked_past = false;
        self.has_all = false;
    }

    /// Takes its word in.
    pub fn heard(&mut self, beat: Beat<S>, now: Timestamp) {
        let Beat { second, status, alarms } = beat;
        self.link = Link::Up;
        self.why = None;
        self.failures = 0;
        self.heard_at = Some(now);
        self.watch_clock(&second, now);
        self.hour.push(second);
        self.is_stuck = status.is_none();
        if let Some(status) = status {
            self.status = Some(status);
            self.status_at = Some(now);
        }
        self.alarms = alarms;
    }

    // A clock that stands still makes a daemon's deadlines wrong, and its seconds look alike: the operator
    // has to know it of a daemon that seems alive.
    fn watch_clock(&mut self, second: &Second, now: Timestamp) {
        let Some(before) = self.hour.newest().and_then(|newest| self.hour.at(newest)) else { return };
        let ticks = second.tick.saturating_sub(before.tick);
        if ticks == 0 {
            return;
        }
        let passed = second.at.0.saturating_sub(before.at.0) / ticks;
        self.still_since = match STEADY_MICROS.contains(&passed) {
            true => None,
            false => self.still_since.or(Some(now)),
        };
    }

    /// The connection is gone, or did not come about.
    pub fn lost(&mut self, why: Message, now: Timestamp) {
        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(8)).min(LAST_RETRY);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Down { retry_at: Timestamp(now.0.saturating_add(wait)) };
        self.why = Some(why);
        self.asked_past = false;
    }

    /// Why there is no connection, when there is none.
    pub fn why_down(&self) -> Option<&Message> {
        self.why.as_ref()
    }

    /// Whether it is time to connect again.
    pub fn is_due(&self, now: Timestamp) -> bool {
        matches!(self.link, Link::Down { retry_at } if now >= retry_at)
    }

    /// How true what is shown is now, whether it was stopped or not.
    pub fn truth(&self, now: Timestamp) -> Freshness {
        let Some(heard_at) = self.heard_at else { return Freshness::Never };
        let age = now.0.saturating_sub(heard_at.0);
        let seconds = age / 1_000_000;
        match (&self.link, self.still_since) {
            (Link::Down { .. } | Link::Connecting, _) => Freshness::Lost { seconds },
            (Link::Up, _) if age >= LATE => Freshness::Silent { seconds },
            (Link::Up, Some(since)) => {
                Freshness::Still { seconds: now.0.saturating_sub(since.0) / 1_000_000 }
            }
            (Link::Up, None) => Freshness::Live,
        }
    }

    /// How true what the screen shows is.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        if self.held.is_some() { Freshness::Frozen } else { self.truth(now) }
    }

    /// When what is said of its age changes by itself.
    pub fn ages_at(&self, now: Timestamp) -> Option<Timestamp> {
        let next_second = Timestamp(now.0.saturating_add(1_000_000));
        let retry = match self.link {
            Link::Down { retry_at } => Some(retry_at),
            Link::Connecting | Link::Up => None,
        };
        let age = match self.truth(now) {
            Freshness::Never | Freshness::Frozen => None,
            Freshness::Live | Freshness::Still { .. } => {
                self.heard_at.map(|at| Timestamp(at.0.saturating_add(LATE)))
            }
            Freshness::Silent { .. } | Freshness::Lost { .. } => Some(next_second),
        };
        retry.into_iter().chain(age).min()
    }

    /// The place of the second that is shown as the last: the newest, and holes for those that did not come.
    pub fn end(&self, now: Timestamp) -> i64 {
        if let Some(held) = &self.held {
            return held.end;
        }
        let newest = self.hour.newest().unwrap_or(0);
        let age = self.heard_at.map_or(0, |at| now.0.saturating_sub(at.0));
        // A second that is on its way is no hole yet.
        let missing = if age < LATE { 0 } else { age / 1_000_000 };
        newest.saturating_add(i64::try_from(missing).unwrap_or(0).min(REMEMBERED as i64))
    }

    /// Stops what is shown.
    pub fn hold(&mut self, now: Timestamp) {
        if self.held.is_none() {
            let (end, status) = (self.end(now), self.status.clone());
            let (alarms, is_stuck) = (self.alarms.clone(), self.is_stuck);
            self.held = Some(Held { end, status, alarms, is_stuck });
        }
    }

    /// Lets it go on.
    pub fn release(&mut self) {
        self.held = None;
    }

    /// The status that is shown: of when it was stopped, or the last.
    pub fn shown_status(&self) -> Option<&S> {
        self.held.as_ref().map_or(self.status.as_deref(), |held| held.status.as_deref())
    }

    pub fn shown_alarms(&self) -> &[Alarm] {
        self.held.as_ref().map_or(&self.alarms, |held| &held.alarms)
    }

    /// Whether its writer did not answer, as shown.
    pub fn shows_stuck(&self) -> bool {
        self.held.as_ref().map_or(self.is_stuck, |held| held.is_stuck)
    }

    /// Whether an alarm went off, or stopped, since the screen was stopped.
    pub fn alarms_changed(&self) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let key = |alarm: &Alarm| (alarm.rule.clone(), alarm.tick);
            held.alarms.iter().map(key).ne(self.alarms.iter().map(key))
        })
    }

    /// Before which tick to ask for more of the past, when what is from `place` on is to be shown.
    pub fn wants_past(&self, place: i64) -> Option<u64> {
        if self.asked_past || self.has_all || self.link != Link::Up {
            return None;
        }
        let first = self.hour.first_tick()?;
        (self.hour.place_of(first) > place && self.hour.len() < REMEMBERED).then_some(first)
    }

    /// Takes in what was remembered.
    pub fn recalled(&mut self, past: Vec<Second>) {
        self.asked_past = false;
        let before = self.hour.len();
        let whole = past.len() >= usize::from(MAX_SECONDS);
        self.hour.recall(past);
        // An answer that brings nothing new would be asked for again and again.
        self.has_all = !whole || self.hour.len() == before;
    }
}

/// A daemon's hour as a screen looks at it: up to one second, so many seconds a column.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    pub hour: &'a Hour,
    /// The place of the last second that is looked at.
    pub end: i64,
    /// Seconds a column.
    pub step: i64,
}

/// The seconds over which what goes by the second is told.
pub const RATE_SECONDS: i64 = 10;
/// The seconds over which percentiles are told.
pub const SPREAD_SECONDS: i64 = 60;

impl<'a> Sight<'a> {
    /// The last second that is looked at; `None` where it was lost.
    pub fn second(&self) -> Option<&'a Second> {
        self.hour.until(self.end)
    }

    pub fn gauge(&self, what: Gauge) -> Option<i64> {
        self.second().and_then(|second| hour::gauge(second, what))
    }

    /// How often something happened a second, over the last [`RATE_SECONDS`], in tenths; `None` where nothing
    /// is known of them.
    pub fn rate(&self, what: &[Count]) -> Option<u64> {
        let (mut seconds, mut times) = (0_u64, 0_u64);
        for second in self.hour.range(self.end - RATE_SECONDS + 1, self.end) {
            seconds += 1;
            times = times.saturating_add(hour::counts(second, what));
        }
        times.saturating_mul(10).checked_div(seconds)
    }

    /// How often something happened in the seconds that are known, up to the last one.
    pub fn total(&self, what: &[Count]) -> u64 {
        let all = self.hour.range(i64::MIN, self.end);
        all.fold(0, |sum, second| sum.saturating_add(hour::counts(second, what)))
    }

    /// What was measured in the last [`SPREAD_SECONDS`].
    pub fn spread(&self, what: Spread) -> Buckets {
        let seconds = self.hour.range(self.end - SPREAD_SECONDS + 1, self.end);
        Buckets::all_of(seconds.filter_map(|second| hour::spread(second, what)))
    }
}
