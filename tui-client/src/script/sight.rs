//! Where a script is seen: always on paper, on the screen when people watch, in a recording when one is made.

use std::time::Duration;

use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt;
use kessai_shared::console::Failure;

use super::cast::Cast;
use super::paper::Paper;
use super::player::Manner;
use crate::app::model::Size;
use crate::app::{Key, Outside};
use crate::runtime::{self, Program, Signals};
use crate::terminal::Screen;

/// Exit code of a program that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

pub struct Sight {
    pub paper: Paper,
    /// The recording, and what a terminal that plays it shows.
    cast: Option<(Cast, Paper)>,
    screen: Option<Watched>,
    signals: Signals,
}

/// The screen while people watch: the script types, and they can only end it.
struct Watched {
    screen: Screen,
    keys: EventStream,
}

impl Sight {
    pub fn open(manner: &Manner) -> Result<Self, Failure> {
        let paper = Paper::new(manner.size)?;
        let cast = match manner.record.as_deref() {
            Some(path) => Some((Cast::begin(path, manner.size)?, Paper::new(manner.size)?)),
            None => None,
        };
        let signals = Signals::listen()?;
        let screen = match manner.at_reading_speed {
            true => Some(Watched { screen: Screen::enter()?, keys: EventStream::new() }),
            false => None,
        };
        Ok(Self { paper, cast, screen, signals })
    }

    /// Draws the model wherever it is seen.
    pub fn show(&mut self, model: &impl Program) -> Result<(), Failure> {
        self.glance(model)?;
        if let Some((cast, played)) = &mut self.cast {
            cast.output(&played.draw(model)?);
        }
        match &mut self.screen {
            Some(watched) => watched.screen.draw(model),
            None => Ok(()),
        }
    }

    /// Draws the model on the paper only, and not into the recording: what comes and goes while something is
    /// waited for depends on the machine.
    pub fn glance(&mut self, model: &impl Program) -> Result<(), Failure> {
        self.paper.draw(model).map(drop)
    }

    pub fn resize(&mut self, size: Size) -> Result<(), Failure> {
        if let Some((cast, played)) = &mut self.cast {
            cast.resize(size);
            played.resize(size)?;
        }
        self.paper.resize(size)
    }

    pub fn advance(&mut self, by: Duration) {
        if let Some((cast, _)) = &mut self.cast {
            cast.advance(by);
        }
    }

    /// What comes next is so long after the beginning of the recording.
    pub fn advance_to(&mut self, at: Duration) {
        if let Some((cast, _)) = &mut self.cast {
            cast.advance_to(at);
        }
    }

    /// Resolves when whoever watches wants no more of it, or a signal came.
    pub async fn stopped(&mut self) -> Failure {
        let signal = self.signals.next();
        let Some(watched) = &mut self.screen else { return signal.await };
        let interrupt = async {
            loop {
                match watched.keys.next().await {
                    Some(Ok(input)) if !is_interrupt(input.clone()) => {}
                    Some(Ok(_interrupt)) => break,
                    Some(Err(_)) | None => break,
                }
            }
            Failure { code: INTERRUPTED, line: "interrupted".to_owned() }
        };
        tokio::select! {
            biased;
            failure = signal => failure,
            failure = interrupt => failure,
        }
    }

    /// Gives the screen back and writes the recording.
    pub fn close(&mut self) -> Result<(), Failure> {
        self.screen = None;
        self.cast.take().map_or(Ok(()), |(cast, _)| cast.end())
    }
}

fn is_interrupt(input: Input) -> bool {
    matches!(runtime::event_of(input), Some(Outside::Key(Key::Interrupt)))
}
