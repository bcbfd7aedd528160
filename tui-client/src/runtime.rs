//! The one loop: keys, the clock, signals and the shop's answers go in; effects come out.

mod effects;
mod keys;
mod signals;

pub use signals::{advise, stoppable};

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::{FutureExt, StreamExt};
use kessai_shared::time::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::{self, Effect, Event, Model};
use crate::cards::LabelledCard;
use crate::shop::Shop;
use kessai_shared::console::Failure;

use crate::terminal::{self, FAULT, Screen};
use signals::Signals;

/// How often time is told to the model while something on the screen depends on it.
const TICK: Duration = Duration::from_secs(1);
/// Most happenings that are taken in before the screen is drawn, so that a flood of input cannot
/// keep it from being drawn.
const MAX_DRAIN: usize = 1_000;

/// Runs the terminal until the shopper leaves. Whatever happens, the screen is given back before
/// this returns.
///
/// # Errors
/// [`Failure`] when the terminal is unsuitable or goes away, on a signal, and after a panic.
pub async fn run(shop: Shop, cards: Vec<LabelledCard>) -> Result<(), Failure> {
    let mut screen = Screen::enter()?;
    let ended = AssertUnwindSafe(session(shop, cards, &mut screen)).catch_unwind().await;
    drop(screen);
    ended.unwrap_or_else(|_| Err(terminal::panic_failure()))
}

/// Whether the session goes on.
enum Next {
    GoOn,
    Leave,
}

enum Happening {
    Input(Option<std::io::Result<crossterm::event::Event>>),
    Answer(Result<Option<Event>, JoinError>),
    Tick,
    Stop(Failure),
}

struct Session {
    model: Model,
    shop: Shop,
    keys: EventStream,
    signals: Signals,
    clock: Interval,
    /// One task for each question that is under way, so that the screen never waits for the shop.
    tasks: JoinSet<Option<Event>>,
}

async fn session(shop: Shop, cards: Vec<LabelledCard>, screen: &mut Screen) -> Result<(), Failure> {
    let mut clock = tokio::time::interval(TICK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let model = Model::new(cards, screen.size()?, Timestamp::from_system_clock());
    let (keys, signals, tasks) = (EventStream::new(), Signals::listen()?, JoinSet::new());
    let mut session = Session { model, shop, keys, signals, clock, tasks };
    let effects = app::update::start(&mut session.model);
    session.carry_out(effects);
    loop {
        screen.draw(&session.model)?;
        let mut happening = Some(session.next().await);
        for _ in 0..MAX_DRAIN {
            let Some(what) = happening else { break };
            if let Next::Leave = session.take_in(what)? {
                return Ok(());
            }
            happening = session.pending().await;
        }
    }
}

impl Session {
    async fn next(&mut self) -> Happening {
        tokio::select! {
            biased;
            stop = self.signals.next() => Happening::Stop(stop),
            fault = terminal::panicked() => Happening::Stop(fault),
            input = self.keys.next() => Happening::Input(input),
            Some(answer) = self.tasks.join_next() => Happening::Answer(answer),
            _ = self.clock.tick(), if self.model.needs_ticks() => Happening::Tick,
        }
    }

    /// What has happened already, without waiting. The streams are polled with this task's own
    /// waker, because the key stream keeps the waker it is polled with.
    async fn pending(&mut self) -> Option<Happening> {
        tokio::select! {
            biased;
            what = self.next() => Some(what),
            () = std::future::ready(()) => None,
        }
    }

    fn take_in(&mut self, what: Happening) -> Result<Next, Failure> {
        match what {
            Happening::Input(Some(Ok(input))) => {
                Ok(keys::event(input).map_or(Next::GoOn, |event| self.happen_now(event)))
            }
            Happening::Input(Some(Err(why))) => {
                Err(Failure { line: format!("the terminal cannot be read: {why}"), code: FAULT })
            }
            Happening::Input(None) => Err(Failure { line: "the terminal went away".into(), code: FAULT }),
            Happening::Answer(Ok(Some(event))) => Ok(self.happen_now(event)),
            Happening::Answer(Ok(None)) => Ok(Next::GoOn),
            // The panic hook has given the screen back and kept what the task had to say.
            Happening::Answer(Err(_panicked)) => Err(terminal::panic_failure()),
            Happening::Tick => Ok(self.happen(Event::Tick(Timestamp::from_system_clock()))),
            Happening::Stop(why) => Err(why),
        }
    }

    /// What happens is judged by the time at which it happens, not by the last tick.
    fn happen_now(&mut self, event: Event) -> Next {
        match self.happen(Event::Tick(Timestamp::from_system_clock())) {
            Next::GoOn => self.happen(event),
            Next::Leave => Next::Leave,
        }
    }

    fn happen(&mut self, event: Event) -> Next {
        let effects = app::update(&mut self.model, event);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Next {
        for effect in effects {
            if matches!(effect, Effect::Quit) {
                return Next::Leave;
            }
            self.tasks.spawn(effects::perform(self.shop.clone(), effect));
        }
        Next::GoOn
    }
}
