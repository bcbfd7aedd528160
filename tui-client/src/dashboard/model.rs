//! All that the dashboard knows. The views read it; only [`update`](super::update()) changes it.

use kessai_shared::operator::live::Alarm;
use kessai_shared::operator::{seller, settlement};
use kessai_shared::time::Timestamp;

use super::confirm::Confirm;
use super::event::Daemon;
use super::feed::{Feed, Sight};
use super::fresh::Freshness;
use super::keymap::{Binding, Context, Keymap};
use super::page::Page;
use super::palette::Palette;
use crate::app::Settings;
use crate::app::model::{Counter, Notice, Size};
use crate::words::Message;

/// How many seconds a column may be.
pub const STEPS: [i64; 5] = [1, 5, 15, 30, 60];
/// How far back what is shown may go, in seconds.
pub const MOST_BACK: i64 = kessai_shared::operator::live::REMEMBERED as i64 - 1;

pub struct Model {
    pub settings: Settings,
    pub size: Size,
    /// The last time anybody told the model what time it is. It never goes back.
    pub now: Timestamp,
    /// The daemons that are watched.
    pub seller: Option<Feed<seller::Status>>,
    pub settlement: Option<Feed<settlement::Status>>,
    /// Nothing is sent that changes anything.
    pub readonly: bool,
    pub screen: Screen,
    /// What was stopped, when it was.
    pub moment: Option<Moment>,
    /// The place among [`STEPS`] of how many seconds a column is.
    pub step: usize,
    /// The first row that is shown of a screen that has more of them.
    pub top: usize,
    /// The alarm that is chosen.
    pub cursor: usize,
    /// What was drilled down to, the newest last.
    pub pages: Vec<Box<dyn Page>>,
    pub confirm: Option<Box<Confirm>>,
    pub overlay: Option<Overlay>,
    pub palette: Palette,
    pub notice: Option<Notice>,
    pub counter: Counter,
}

/// A screen that is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub since: Timestamp,
    /// By how many seconds what is shown is before what was shown when it was stopped.
    pub back: i64,
}

/// The screens that go by themselves, in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Overview,
    Latency,
    Outcomes,
    Link,
    Goods,
    Disk,
    Peers,
    Alarms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    Help { top: usize },
    Palette,
}

impl Screen {
    pub const ALL: [Self; 8] = [
        Screen::Overview,
        Screen::Latency,
        Screen::Outcomes,
        Screen::Link,
        Screen::Goods,
        Screen::Disk,
        Screen::Peers,
        Screen::Alarms,
    ];

    /// The id of what it is called.
    pub const fn word(self) -> &'static str {
        match self {
            Screen::Overview => "dash-overview",
            Screen::Latency => "dash-latency",
            Screen::Outcomes => "dash-outcomes",
            Screen::Link => "dash-link",
            Screen::Goods => "dash-goods",
            Screen::Disk => "dash-disk",
            Screen::Peers => "dash-peers",
            Screen::Alarms => "dash-alarms",
        }
    }
}

impl Model {
    /// A dashboard of these daemons, of which nothing is known yet.
    pub fn new(settings: Settings, watched: &[Daemon], readonly: bool, size: Size, now: Timestamp) -> Self {
        Self {
            settings,
            size,
            now,
            seller: watched.contains(&Daemon::Seller).then(Feed::default),
            settlement: watched.contains(&Daemon::Settlement).then(Feed::default),
            readonly,
            screen: Screen::Overview,
            moment: None,
            step: 0,
            top: 0,
            cursor: 0,
            pages: Vec::new(),
            confirm: None,
            overlay: None,
            palette: Palette::default(),
            notice: None,
            counter: Counter::default(),
        }
    }

    /// The daemons that are watched.
    pub fn watched(&self) -> impl Iterator<Item = Daemon> {
        let (seller, settlement) = (self.seller.is_some(), self.settlement.is_some());
        Daemon::ALL.into_iter().filter(move |daemon| match daemon {
            Daemon::Seller => seller,
            Daemon::Settlement => settlement,
        })
    }

    pub fn context(&self) -> Context {
        match (&self.confirm, self.overlay) {
            (Some(_), _) => Context::Confirm,
            (None, Some(Overlay::Help { .. })) => Context::Help,
            (None, Some(Overlay::Palette)) => Context::Palette,
            (None, None) => self.context_below(),
        }
    }

    /// The context without what lies over it, which is what the help speaks of.
    pub fn context_below(&self) -> Context {
        match self.pages.last() {
            Some(page) => page.context(),
            None if self.screen == Screen::Alarms => Context::Alarms,
            None => Context::Watching,
        }
    }

    /// Which key does what for this operator.
    pub fn keys(&self) -> &Keymap {
        &self.settings.dashboard_keys
    }

    /// What can be done in `context`, each with its place in the keymap.
    pub fn offered(&self, context: Context) -> impl Iterator<Item = (usize, &Binding)> {
        self.keys().offered(context, self.readonly)
    }

    /// The hour of a daemon as it is shown; `None` when it is not watched.
    pub fn sight(&self, daemon: Daemon) -> Option<Sight<'_>> {
        let back = self.moment.map_or(0, |moment| moment.back);
        let step = STEPS[self.step.min(STEPS.len() - 1)];
        let (hour, end) = match daemon {
            Daemon::Seller => self.seller.as_ref().map(|feed| (&feed.hour, feed.end(self.now)))?,
            Daemon::Settlement => self.settlement.as_ref().map(|feed| (&feed.hour, feed.end(self.now)))?,
        };
        Some(Sight { hour, end: end.saturating_sub(back), step })
    }

    /// How true what is shown of a daemon is; `None` when it is not watched.
    pub fn freshness(&self, daemon: Daemon) -> Option<Freshness> {
        match daemon {
            Daemon::Seller => self.seller.as_ref().map(|feed| feed.freshness(self.now)),
            Daemon::Settlement => self.settlement.as_ref().map(|feed| feed.freshness(self.now)),
        }
    }

    /// The same of what is so now, whether the screen is stopped or not.
    pub fn truth(&self, daemon: Daemon) -> Option<Freshness> {
        match daemon {
            Daemon::Seller => self.seller.as_ref().map(|feed| feed.truth(self.now)),
            Daemon::Settlement => self.settlement.as_ref().map(|feed| feed.truth(self.now)),
        }
    }

    /// The alarms of all daemons, as they are shown: those of the seller first, the oldest of each first.
    pub fn alarms(&self) -> Vec<(Daemon, &Alarm)> {
        let seller = self.seller.iter().flat_map(|feed| feed.shown_alarms());
        let settlement = self.settlement.iter().flat_map(|feed| feed.shown_alarms());
        let seller = seller.map(|alarm| (Daemon::Seller, alarm));
        seller.chain(settlement.map(|alarm| (Daemon::Settlement, alarm))).collect()
    }

    /// Whether what is shown is stopped.
    pub fn is_frozen(&self) -> bool {
        self.moment.is_some()
    }

    /// When the time has to be told again, because what is said of an age changes by itself.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let seller = self.seller.as_ref().and_then(|feed| feed.ages_at(self.now));
        let settlement = self.settlement.as_ref().and_then(|feed| feed.ages_at(self.now));
        let wake = seller.into_iter().chain(settlement).min()?;
        Some(wake.max(Timestamp(self.now.0.saturating_add(1))))
    }

    pub fn say(&mut self, message: Message) {
        self.notice = Some(Notice { message, grave: false });
    }

    pub fn warn(&mut self, message: Message) {
        self.notice = Some(Notice { message, grave: true });
    }
}
