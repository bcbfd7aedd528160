//! The one loop: keys, the clock, signals and the shop's answers go in; effects come out.

mod background;
mod effects;
mod kept;
mod keys;
mod opening;
mod pointer;
mod program;
mod session;
pub(crate) mod signals;

pub use keys::event as event_of;
pub use opening::at_shop;
pub use program::{Make, Program};
pub use session::{Answer, Next, Perform, Performance, Session, Tell};
pub use signals::{Signals, advise, stoppable};

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Input, EventStream};
use futures_util::{FutureExt, StreamExt};
use kessai_shared::console::Failure;
use kessai_shared::time::Timestamp;
use kessai_shared::writer::Clock;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::{Model, Outside, Settings};
use crate::cards::LabelledCard;
use crate::shop::{Shop, ShopError};
use crate::terminal::{FAULT, Screen, hold, panics};
use background::{Heard, Listener};
use signals::{Job, JobControl};

/// How often time is told to the model while something on the screen depends on it.
pub const TICK: Duration = Duration::from_secs(1);
/// How often time is told otherwise, so that what grows old on the screen does not look fresh.
const SLOW_TICK: Duration = Duration::from_secs(30);
/// Most happenings that are taken in before the screen is drawn, so that a flood of input cannot
/// keep it from being drawn.
const MAX_DRAIN: usize = 1_000;

/// Runs the terminal at a shop until the shopper leaves. The first frame is drawn before the shop is
/// opened. Whatever happens, the screen is given back before this returns.
///
/// # Errors
/// [`Failure`] when the terminal is unsuitable or goes away, when the shop cannot be opened, on a signal,
/// and after a panic.
pub async fn run(
    open: impl FnOnce() -> Result<Shop, ShopError> + Send + 'static,
    cards: Vec<LabelledCard>,
    settings: Settings,
    folder: &Path,
) -> Result<(), Failure> {
    panics::log_into(folder);
    let (perform, opening) = at_shop(open);
    run_with(perform, opening, cards, settings).await
}

/// Runs the terminal with anything that carries effects out, until the shopper leaves or `failing` ends.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    perform: Perform,
    failing: impl Future<Output = Failure>,
    cards: Vec<LabelledCard>,
    settings: Settings,
) -> Result<(), Failure> {
    let make = move |size, now| Model::new(settings, cards, size, now);
    let clock: Clock = Arc::new(Timestamp::from_system_clock);
    run_program(perform, failing, Box::new(make), clock).await
}

/// Runs any program on the terminal, until its user leaves or `failing` ends.
///
/// # Errors
/// As [`run`].
pub async fn run_program<P: Program>(
    perform: Perform<P>,
    failing: impl Future<Output = Failure>,
    make: Make<P>,
    clock: Clock,
) -> Result<(), Failure> {
    let mut screen = Screen::enter()?;
    let model = make(screen.size()?, clock());
    let ended = AssertUnwindSafe(async {
        let mut stage = Stage::set(&mut screen, perform, model, clock)?;
        tokio::pin!(failing);
        stage.play(failing).await
    });
    let ended = ended.catch_unwind().await;
    drop(screen);
    ended.unwrap_or_else(|_| Err(panics::failure()))
}

enum Happening<P: Program> {
    Input(Option<std::io::Result<Input>>),
    Answer(Answer<P>),
    Tick,
    Job(Job),
    /// Something panicked that nobody waits for.
    Broke,
    Stop(Failure),
}

/// A session on the screen, and everything that makes something happen in it.
struct Stage<'a, P: Program> {
    screen: &'a mut Screen,
    session: Session<P>,
    clock: Clock,
    keys: EventStream,
    signals: Signals,
    jobs: JobControl,
    ticks: Interval,
    slow_ticks: Interval,
    listener: Listener,
    /// Whether the terminal was asked what is behind its text.
    asked: bool,
}

impl<'a, P: Program> Stage<'a, P> {
    fn set(screen: &'a mut Screen, perform: Perform<P>, model: P, clock: Clock) -> Result<Self, Failure> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut slow_ticks = tokio::time::interval(SLOW_TICK);
        slow_ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let session = Session::new(model, perform, Arc::clone(&clock));
        let (signals, jobs) = (Signals::listen()?, JobControl::listen()?);
        let (keys, listener, asked) = (EventStream::new(), Listener::default(), false);
        Ok(Self { screen, session, clock, keys, signals, jobs, ticks, slow_ticks, listener, asked })
    }

    async fn play(&mut self, mut failing: impl Future<Output = Failure> + Unpin) -> Result<(), Failure> {
        // Nothing is asked of anybody before the shopper sees something.
        self.screen.draw(&self.session.model)?;
        if self.session.begin() == Next::Leave {
            return Ok(());
        }
        loop {
            self.screen.draw(&self.session.model)?;
            self.ask_background()?;
            let mut happening = Some(self.next(&mut failing).await);
            for _ in 0..MAX_DRAIN {
                let Some(what) = happening else { break };
                if self.take_in(what).await? == Next::Leave {
                    return Ok(());
                }
                happening = self.pending(&mut failing).await;
            }
        }
    }

    async fn next(&mut self, failing: &mut (impl Future<Output = Failure> + Unpin)) -> Happening<P> {
        let wake = self.session.model.wake_at().map(|at| at.0.saturating_sub((self.clock)().0));
        let wake = wake.map(Duration::from_micros);
        tokio::select! {
            biased;
            stop = self.signals.next() => Happening::Stop(stop),
            job = self.jobs.next() => Happening::Job(job),
            input = self.keys.next() => Happening::Input(input),
            answer = self.session.answer() => Happening::Answer(answer),
            () = panics::elsewhere() => Happening::Broke,
            _ = self.ticks.tick(), if self.session.model.needs_ticks() => Happening::Tick,
            _ = self.slow_ticks.tick() => Happening::Tick,
            () = tokio::time::sleep(wake.unwrap_or_default()), if wake.is_some() => Happening::Tick,
            failure = failing => Happening::Stop(failure),
        }
    }

    /// What has happened already, without waiting. The streams are polled with this task's own
    /// waker, because the key stream keeps the waker it is polled with.
    async fn pending(
        &mut self,
        failing: &mut (impl Future<Output = Failure> + Unpin),
    ) -> Option<Happening<P>> {
        tokio::select! {
            biased;
            what = self.next(failing) => Some(what),
            () = std::future::ready(()) => None,
        }
    }

    async fn take_in(&mut self, what: Happening<P>) -> Result<Next, Failure> {
        match what {
            Happening::Input(Some(Ok(input))) if keys::is_suspend(&input) => {
                if hold::can_be_resumed() {
                    self.suspend().await
                } else {
                    Ok(Next::GoOn)
                }
            }
            Happening::Input(Some(Ok(Input::Mouse(mouse)))) => {
                let event = pointer::event(mouse, self.screen.drawn());
                Ok(event.map_or(Next::GoOn, |event| self.session.happen(event.into())))
            }
            Happening::Input(Some(Ok(Input::Resize(columns, rows)))) => {
                self.screen.resized()?;
                Ok(self.session.happen(Outside::Resize { columns, rows }.into()))
            }
            Happening::Input(Some(Ok(input))) => Ok(match self.listener.take(input) {
                Heard::Input(input) => {
                    keys::event(input).map_or(Next::GoOn, |event| self.session.happen(event.into()))
                }
                Heard::Background(background) => self.session.happen(Outside::Background(background).into()),
                Heard::Nothing => Next::GoOn,
            }),
            Happening::Input(Some(Err(why))) => {
                Err(Failure { line: format!("the terminal cannot be read: {why}"), code: FAULT })
            }
            Happening::Input(None) => Err(Failure { line: "the terminal went away".into(), code: FAULT }),
            Happening::Answer(answer) => Ok(self.session.hear(answer)),
            Happening::Tick => Ok(self.session.tick()),
            Happening::Job(Job::Stop) => self.suspend().await,
            Happening::Job(Job::GoOn) => self.resume(),
            Happening::Broke => Ok(self.session.happen(Outside::Broke.into())),
            Happening::Stop(why) => Err(why),
        }
    }

    /// Asks the terminal what is behind its text, once it helps to know it, and after something is seen.
    fn ask_background(&mut self) -> Result<(), Failure> {
        if self.asked || !self.session.model.settings().wants_background() {
            return Ok(());
        }
        self.asked = true;
        hold::write(background::QUESTION)
            .map_err(|why| Failure { line: format!("the terminal cannot be used: {why}"), code: FAULT })
    }

    /// Gives the terminal back, stops, and takes the terminal over again when it goes on. It can be told to
    /// stop for good meanwhile.
    async fn suspend(&mut self) -> Result<Next, Failure> {
        hold::suspend()
            .map_err(|why| Failure { line: format!("this cannot be suspended: {why}"), code: FAULT })?;
        tokio::select! {
            biased;
            stop = self.signals.next() => return Err(stop),
            () = self.jobs.resumed() => {}
        }
        self.resume()
    }

    fn resume(&mut self) -> Result<Next, Failure> {
        self.screen.resume()?;
        let size = self.screen.size()?;
        Ok(self.session.happen(Outside::Resize { columns: size.columns, rows: size.rows }.into()))
    }
}
