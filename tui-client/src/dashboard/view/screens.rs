//! What each screen tells: its panes, each a list of figures.

mod disk;
mod goods;
mod latency;
mod link;
mod outcomes;
mod overview;
mod peers;

pub use outcomes::{DECIDED, DECLINED};
use ratatui::text::Line;

use super::pane::{Pane, Tone};
use crate::dashboard::event::Daemon;
use crate::dashboard::model::{Model, Screen};
use crate::view::Look;

/// A screen while its panes are put together.
pub struct Panes<'a> {
    model: &'a Model,
    look: Look,
    width: usize,
    /// Rows of the whole window.
    rows: usize,
    done: Vec<Vec<Line<'static>>>,
}

/// The panes of the screen that is shown, each so many columns wide.
pub fn panes(model: &Model, look: Look, width: usize, rows: usize) -> Vec<Vec<Line<'static>>> {
    let mut panes = Panes { model, look, width, rows, done: Vec::new() };
    match model.screen {
        Screen::Overview => overview::fill(&mut panes),
        Screen::Latency => latency::fill(&mut panes),
        Screen::Outcomes => outcomes::fill(&mut panes),
        Screen::Link => link::fill(&mut panes),
        Screen::Goods => goods::fill(&mut panes),
        Screen::Disk => disk::fill(&mut panes),
        Screen::Peers => peers::fill(&mut panes),
        // The alarms are a list, in which one is chosen.
        Screen::Alarms => {}
    }
    panes.done
}

impl Panes<'_> {
    /// One more pane about a daemon, if it is watched.
    fn add(&mut self, daemon: Daemon, heading: &str, fill: impl FnOnce(&mut Pane<'_>)) {
        let Some((sight, fresh)) = self.model.sight(daemon).zip(self.model.freshness(daemon)) else { return };
        let name = self.look.say(daemon.word());
        let heading = format!("{name} {} {}", self.look.signs.dot, self.look.say(heading));
        let mut pane = Pane::new(self.look, sight, fresh, self.width, &heading);
        fill(&mut pane);
        self.done.push(pane.done());
    }

    /// Whether the status of a daemon belongs to the second that is shown: it is not remembered as its figures
    /// are.
    fn is_of_now(&self) -> bool {
        self.model.moment.is_none_or(|moment| moment.back == 0)
    }
}

/// Whether anything at all is something to look at, or to be worried about.
fn any(tone: Tone) -> impl Fn(i64) -> Tone {
    move |value| if value > 0 { tone } else { Tone::Plain }
}
