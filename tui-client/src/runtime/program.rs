//! What a terminal can show: a pure model, which is told what happens, asks for what it needs, and is drawn.
//! The shop is one, the operators' dashboard another; the loop, the screen and its care are the same.

use kessai_shared::time::Timestamp;
use ratatui::buffer::Buffer;

use super::effects;
use crate::app::model::Size;
use crate::app::{self, Effect, Event, Model, Outside, Settings};
use crate::dashboard;
use crate::picture::Painter;
use crate::view::{self, Drawn};
use crate::words::Message;

/// A model with everything that a session needs of it.
pub trait Program: Send + 'static {
    /// What can happen to it.
    type Event: From<Outside> + Send + 'static;
    /// What it asks for.
    type Effect: Send + 'static;
    /// Whether what it shows goes by the clocks of others, which no script can move on.
    const KEEPS_REAL_TIME: bool = false;

    /// What has to be done before anything has happened.
    fn start(&mut self) -> Vec<Self::Effect>;
    fn update(&mut self, event: Self::Event) -> Vec<Self::Effect>;
    /// Whether the session ends with this.
    fn is_last(effect: &Self::Effect) -> bool;
    /// What the model is told when what carried `effect` out broke.
    fn unanswered(effect: &Self::Effect) -> Option<Self::Event>;
    fn settings(&self) -> &Settings;
    /// Whether it has to be told the time once a second.
    fn needs_ticks(&self) -> bool;
    /// When it has to be told the time again, besides.
    fn wake_at(&self) -> Option<Timestamp> {
        None
    }
    fn draw(&self, cells: &mut Buffer) -> Drawn;
    /// Draws what is more than cells, in a terminal that takes it.
    fn paint(&self, _painter: &mut Painter, _drawn: &Drawn, _cells: &mut Buffer) {}
}

/// The shop.
impl Program for Model {
    type Event = Event;
    type Effect = Effect;

    fn start(&mut self) -> Vec<Effect> {
        app::update::start(self)
    }

    fn update(&mut self, event: Event) -> Vec<Effect> {
        app::update(self, event)
    }

    fn is_last(effect: &Effect) -> bool {
        matches!(effect, Effect::Quit)
    }

    fn unanswered(effect: &Effect) -> Option<Event> {
        effects::unanswered(effect)
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn needs_ticks(&self) -> bool {
        Model::needs_ticks(self)
    }

    fn draw(&self, cells: &mut Buffer) -> Drawn {
        view::draw(self, cells)
    }

    fn paint(&self, painter: &mut Painter, drawn: &Drawn, cells: &mut Buffer) {
        painter.paint(self, drawn, cells);
    }
}

/// The operators' dashboard.
impl Program for dashboard::Model {
    type Event = dashboard::Event;
    type Effect = dashboard::Effect;
    const KEEPS_REAL_TIME: bool = true;

    fn start(&mut self) -> Vec<dashboard::Effect> {
        dashboard::start(self)
    }

    fn update(&mut self, event: dashboard::Event) -> Vec<dashboard::Effect> {
        dashboard::update(self, event)
    }

    fn is_last(effect: &dashboard::Effect) -> bool {
        matches!(effect, dashboard::Effect::Quit)
    }

    fn unanswered(effect: &dashboard::Effect) -> Option<dashboard::Event> {
        use dashboard::{Effect, Event};
        let broke = || Message::new("broke");
        match effect {
            Effect::Watch(daemon) => Some(Event::Lost(*daemon, broke())),
            Effect::LoadPast { daemon, .. } => Some(Event::Past(*daemon, Err(broke()))),
            Effect::Ask { seq, .. } => Some(Event::Answered(*seq, Err(broke()))),
            Effect::Quit => None,
        }
    }

    fn settings(&self) -> &Settings {
        &self.settings
    }

    // What it shows changes with what it is told, and with ages that it names itself.
    fn needs_ticks(&self) -> bool {
        false
    }

    fn wake_at(&self) -> Option<Timestamp> {
        dashboard::Model::wake_at(self)
    }

    fn draw(&self, cells: &mut Buffer) -> Drawn {
        dashboard::view::draw(self, cells)
    }
}

/// Makes a program for a window of a size, at a time.
pub type Make<P> = Box<dyn FnOnce(Size, Timestamp) -> P + Send>;
