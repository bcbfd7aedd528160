//! The shop by lines: for screen readers, terminals that cannot move a cursor, and pipes. Lines go in and
//! lines come out, one thing each; nothing that was written is ever changed. It is the session of the screen,
//! with the same model and the same effects; only this and [`spoken`] differ.

mod typed;

use std::future::Future;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kessai_shared::console::Failure;
use kessai_shared::time::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};

use crate::app::settings::Pictures;
use crate::app::{Event, Key, Model, Settings};
use crate::cards::LabelledCard;
use crate::runtime::signals::{Asked, Job, JobControl, Signals};
use crate::runtime::{Answer, Next, Perform, Session, TICK, at_shop};
use crate::shop::{Shop, ShopError};
use crate::spoken::{self, Heard, Narrator};
use crate::terminal::{FAULT, echo, hold, panics};
use crate::view::Look;
use typed::Typed;

/// How long an answer of the shop is waited for before what is there already is told, so that it is not all
/// told twice.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why the shop is told by lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Asked,
    /// The terminal cannot move its cursor, and the shopper is told that this is why.
    Dumb,
}

/// Tells the shop by lines until the shopper leaves, or until the input ends. Whatever happens, the terminal
/// shows what is typed again before this returns.
///
/// # Errors
/// [`Failure`] when input or output fail, when the shop cannot be opened, on a signal, and after a panic.
pub async fn run(
    open: impl FnOnce() -> Result<Shop, ShopError> + Send + 'static,
    cards: Vec<LabelledCard>,
    settings: Settings,
    folder: &Path,
    why: Why,
) -> Result<(), Failure> {
    panics::log_into(folder);
    let (perform, opening) = at_shop(open);
    run_with(perform, opening, cards, settings, why).await
}

/// Tells it with anything that carries effects out, until the shopper leaves or `failing` ends.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    perform: Perform,
    failing: impl Future<Output = Failure>,
    cards: Vec<LabelledCard>,
    settings: Settings,
    why: Why,
) -> Result<(), Failure> {
    panics::watch();
    let lines = Lines::take();
    // A picture that nobody sees is not asked for.
    let settings = Settings { pictures: Pictures::None, ..settings };
    let model = Model::new(settings, cards, spoken::SIZE, Timestamp::from_system_clock());
    let ended = AssertUnwindSafe(async {
        tokio::pin!(failing);
        Talk::begin(perform, model)?.hold(failing, why).await
    });
    let ended = ended.catch_unwind().await;
    drop(lines);
    ended.unwrap_or_else(|_| Err(panics::failure()))
}

/// The terminal while it is used by lines. Dropping it makes it as it was.
struct Lines;

impl Lines {
    fn take() -> Self {
        hold::take_lines();
        Self
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        hold::restore();
    }
}

enum Happening {
    Typed(Option<Typed>),
    Answer(Answer),
    Tick,
    Job(Job),
    Asked(Asked),
    /// Something panicked that nobody waits for.
    Broke,
    /// What there was to wait for before anything is told.
    Silence,
    Stop(Failure),
}

struct Talk {
    session: Session,
    narrator: Narrator,
    typed: mpsc::Receiver<Typed>,
    /// Whether a person types, rather than a script through a pipe.
    person: bool,
    signals: Signals,
    jobs: JobControl,
    ticks: Interval,
    /// When to tell what is new, if something may be.
    tell_at: Option<Instant>,
    /// Whether a line was typed to which nothing was said yet.
    owed: bool,
    /// From the moment it asks to be stopped until it goes on. It may run a little in between, and must
    /// neither say anything nor hide what is typed to the shell.
    stopped: bool,
}

impl Talk {
    fn begin(perform: Perform, model: Model) -> Result<Self, Failure> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Ok(Self {
            session: Session::new(model, perform, Arc::new(Timestamp::from_system_clock)),
            narrator: Narrator::default(),
            typed: typed::listen(),
            person: echo::is_terminal(),
            signals: Signals::listen()?,
            jobs: JobControl::listen()?,
            ticks,
            tell_at: Some(Instant::now() + PATIENCE),
            owed: false,
            stopped: false,
        })
    }

    async fn hold(
        &mut self,
        mut failing: impl Future<Output = Failure> + Unpin,
        why: Why,
    ) -> Result<(), Failure> {
        let look = Look::of(&self.session.model);
        let greeting = [("plain-because-dumb", why == Why::Dumb), ("plain-welcome", true)];
        let greeting = greeting.into_iter().filter(|(_, said)| *said).map(|(id, _)| look.say(id));
        say(&greeting.collect::<Vec<_>>())?;
        let mut next = self.session.begin();
        while next == Next::GoOn {
            let happening = self.next(&mut failing).await;
            next = self.take_in(happening)?;
            if next == Next::GoOn {
                self.tell_when_due()?;
            }
        }
        say(&[Look::of(&self.session.model).say("plain-bye")])
    }

    async fn next(&mut self, failing: &mut (impl Future<Output = Failure> + Unpin)) -> Happening {
        // A script's next line is about what comes of the one before, so it waits for that.
        let listening = self.tell_at.is_none() && (self.person || !self.session.is_asking());
        let due = self.tell_at;
        tokio::select! {
            biased;
            asked = self.signals.asked() => Happening::Asked(asked),
            job = self.jobs.next() => Happening::Job(job),
            answer = self.session.answer() => Happening::Answer(answer),
            () = panics::elsewhere() => Happening::Broke,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Happening::Silence,
            _ = self.ticks.tick(), if self.session.model.needs_ticks() => Happening::Tick,
            typed = self.typed.recv(), if listening => Happening::Typed(typed),
            failure = failing => Happening::Stop(failure),
        }
    }

    fn take_in(&mut self, happening: Happening) -> Result<Next, Failure> {
        match happening {
            Happening::Typed(Some(Typed::Line(line))) => self.hear(&line),
            Happening::Typed(Some(Typed::TooLong)) => self.refuse("plain-line-too-long"),
            Happening::Typed(Some(Typed::NoText)) => self.refuse("plain-line-no-text"),
            Happening::Typed(Some(Typed::Broken(why))) => {
                Err(Failure { line: format!("the input cannot be read: {why}"), code: FAULT })
            }
            // Nobody can answer a question any more.
            Happening::Typed(Some(Typed::End) | None) => Ok(Next::Leave),
            Happening::Answer(answer) => Ok(self.session.hear(answer)),
            Happening::Tick => Ok(self.session.tick()),
            Happening::Broke => Ok(self.session.happen(Event::Broke)),
            Happening::Silence => {
                self.tell_at = None;
                self.tell()?;
                Ok(Next::GoOn)
            }
            Happening::Asked(Asked::Interrupt) if self.person => {
                self.owed = true;
                Ok(self.session.happen(Event::Key(Key::Interrupt)))
            }
            Happening::Asked(asked) => Err(asked.failure()),
            // Nobody could let it go on again.
            Happening::Job(Job::Stop) if !hold::can_be_resumed() => Ok(Next::GoOn),
            Happening::Job(Job::Stop) => {
                hold::suspend().map_err(|why| Failure {
                    line: format!("this cannot be suspended: {why}"),
                    code: FAULT,
                })?;
                self.stopped = true;
                Ok(Next::GoOn)
            }
            Happening::Job(Job::GoOn) => {
                self.stopped = false;
                hold::take_lines();
                self.narrator = Narrator::default();
                Ok(Next::GoOn)
            }
            Happening::Stop(why) => Err(why),
        }
    }

    fn hear(&mut self, line: &str) -> Result<Next, Failure> {
        match spoken::hear(&self.session.model, line) {
            Heard::Again => {
                say(&self.narrator.everything(&self.session.model))?;
                Ok(Next::GoOn)
            }
            Heard::No(why) => {
                say(&[Look::of(&self.session.model).message(&why)])?;
                Ok(Next::GoOn)
            }
            Heard::Steps(steps) => {
                self.owed = true;
                for step in steps {
                    let mut done = 0;
                    while let Some(event) = spoken::event(&self.session.model, &step, done) {
                        if self.session.happen(event) == Next::Leave {
                            return Ok(Next::Leave);
                        }
                        done += 1;
                    }
                }
                Ok(Next::GoOn)
            }
        }
    }

    fn refuse(&self, id: &str) -> Result<Next, Failure> {
        say(&[Look::of(&self.session.model).say(id)])?;
        Ok(Next::GoOn)
    }

    /// Tells at once what nothing more is to come to, and the rest a little later.
    fn tell_when_due(&mut self) -> Result<(), Failure> {
        if self.session.is_asking() {
            self.tell_at = self.tell_at.or_else(|| Some(Instant::now() + PATIENCE));
            return Ok(());
        }
        self.tell_at = None;
        self.tell()
    }

    fn tell(&mut self) -> Result<(), Failure> {
        if self.stopped {
            return Ok(());
        }
        let model = &self.session.model;
        // Before the question, because its answer may be typed the moment it is asked.
        echo::show_typing(!spoken::is_secret(model)).map_err(unusable)?;
        let said = if std::mem::take(&mut self.owed) {
            self.narrator.answer(model, self.session.is_asking())
        } else {
            self.narrator.news(model)
        };
        say(&said)
    }
}

fn say(lines: &[String]) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut text = lines.join("\n");
    text.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(unusable)
}

fn unusable(why: io::Error) -> Failure {
    Failure { line: format!("the terminal cannot be used: {why}"), code: FAULT }
}
