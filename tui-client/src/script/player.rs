//! Plays a script: its commands become events of the one session, and what it expects is looked for on the
//! screen that is drawn.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use kessai_shared::console::{FAILED, Failure, USAGE};
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};
use zeroize::Zeroizing;

use super::read::{Act, Script};
use super::sight::Sight;
use super::{MovedClock, snapshot};
use crate::app::model::Size;
use crate::app::{Event, Key, Model};
use crate::runtime::{Answer, Next, Perform, Session, TICK};

/// How long a key is looked at, at reading speed.
const KEY: Duration = Duration::from_millis(450);
/// How long a letter is that is typed.
const LETTER: Duration = Duration::from_millis(90);
/// How long is looked at what was waited for.
const ARRIVED: Duration = Duration::from_millis(700);
/// How long a recording waits, in real time, for answers that are about to come, so that they are in the
/// same picture every time.
const SETTLING: Duration = Duration::from_millis(250);
/// How long nothing may happen before a screen counts as whole, and is kept.
const SETTLED: Duration = Duration::from_millis(750);
/// How long a screen may take to become the one that is kept, and how long while answers are still to come.
const ALIKE: Duration = Duration::from_secs(5);
const ANSWERED: Duration = Duration::from_secs(30);
/// The longest step in which the clock of a recording moves on, so that what counts seconds is seen to.
const STEP: Duration = Duration::from_secs(1);

/// How a script is played.
pub struct Manner {
    pub size: Size,
    /// Whether it is shown on the screen, as slowly as people read.
    pub at_reading_speed: bool,
    /// Where to write a recording.
    pub record: Option<PathBuf>,
    /// Whether snapshots are written rather than compared.
    pub update: bool,
}

/// What a script is played against.
pub struct Scene<'a> {
    pub model: Model,
    pub perform: Perform,
    pub clock: MovedClock,
    /// Does what a script wants of the world outside, or says why not.
    pub outside: &'a mut dyn FnMut(&str) -> Result<(), String>,
}

/// Plays a script to its end, or until something is not as it expects, or until `failing` ends.
///
/// # Errors
/// [`Failure`] with 1 and what was on the screen when something is not as expected, and with 2 when the
/// script wants what cannot be done. As for every session, too.
pub async fn play(
    script: &Script,
    manner: Manner,
    scene: Scene<'_>,
    failing: impl Future<Output = Failure>,
) -> Result<(), Failure> {
    let sight = Sight::open(&manner)?;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Scene { model, perform, clock, outside } = scene;
    let session = Session::new(model, perform, clock.clock());
    tokio::pin!(failing);
    let mut player = Player { script, manner, session, clock, outside, sight, ticks, left: false };
    let played = tokio::select! {
        biased;
        played = player.play() => played,
        failure = failing => Err(failure),
    };
    let ended = player.sight.close();
    played.and(ended)
}

struct Player<'a> {
    script: &'a Script,
    manner: Manner,
    session: Session,
    clock: MovedClock,
    outside: &'a mut dyn FnMut(&str) -> Result<(), String>,
    sight: Sight,
    ticks: Interval,
    /// Whether the app was left.
    left: bool,
}

impl Player<'_> {
    async fn play(&mut self) -> Result<(), Failure> {
        self.show()?;
        let begun = self.session.begin();
        self.note(begun);
        let script = self.script;
        for step in &script.steps {
            let here = |failure: (u8, String)| Failure {
                code: failure.0,
                line: format!("{}:{}: {}", script.path.display(), step.line, failure.1),
            };
            if self.left {
                return Err(here((FAILED, "the app was left before this".to_owned())));
            }
            match self.act(&step.act).await? {
                Ok(()) => {}
                Err(Wrong { code, what }) => {
                    let seen = self.sight.paper.text();
                    return Err(here((code, format!("{what}; on the screen:\n{seen}"))));
                }
            }
        }
        Ok(())
    }

    async fn act(&mut self, act: &Act) -> Result<Result<(), Wrong>, Failure> {
        match act {
            Act::Key(key) => self.press(*key, KEY).await?,
            Act::Keys(keys) => self.press_each(keys, KEY).await?,
            Act::Type(text) => self.press_each(text, LETTER).await?,
            Act::Paste(text) => self.happen(Event::Paste(Zeroizing::new(text.to_string())), KEY).await?,
            Act::Resize(size) => {
                self.sight.resize(*size)?;
                let Size { columns, rows } = *size;
                self.happen(Event::Resize { columns, rows }, KEY).await?;
            }
            Act::Wait { text, within } => return self.wait(text, *within).await,
            Act::Expect(text) => {
                self.look().await?;
                if !self.sight.paper.shows(text) {
                    return Ok(Err(Wrong::expected(format!("{text:?} is not there"))));
                }
            }
            Act::Absent(text) => {
                self.look().await?;
                if self.sight.paper.shows(text) {
                    return Ok(Err(Wrong::expected(format!("{text:?} is there"))));
                }
            }
            Act::Snapshot(name) => return self.snapshot(name).await,
            Act::Pause(time) => self.linger(*time).await?,
            Act::Clock(time) => {
                self.clock.advance(*time);
                let next = self.session.tick();
                self.note(next);
                self.show()?;
                self.linger(KEY).await?;
            }
            Act::Outside(name) => {
                return Ok((self.outside)(name).map_err(|what| Wrong { code: USAGE, what }));
            }
        }
        Ok(Ok(()))
    }

    async fn press_each(&mut self, letters: &str, each: Duration) -> Result<(), Failure> {
        for letter in letters.chars() {
            self.press(Key::Char(letter), each).await?;
        }
        Ok(())
    }

    async fn press(&mut self, key: Key, then: Duration) -> Result<(), Failure> {
        self.happen(Event::Key(key), then).await
    }

    async fn happen(&mut self, event: Event, then: Duration) -> Result<(), Failure> {
        if self.left {
            return Ok(());
        }
        let next = self.session.happen(event);
        self.note(next);
        self.show()?;
        self.linger(then).await
    }

    /// Waits for a text, in real time: what it waits for happens in other processes.
    async fn wait(&mut self, text: &str, within: Duration) -> Result<Result<(), Wrong>, Failure> {
        let until = Instant::now() + within;
        self.look().await?;
        while !self.sight.paper.shows(text) {
            if self.left || !self.live_until(until).await? {
                let what = format!("waited {within:?} in vain for {text:?}");
                return Ok(Err(Wrong::expected(what)));
            }
            self.sight.glance(&self.session.model)?;
        }
        // A recording shows it once all that was asked for is there.
        if self.manner.record.is_none() {
            self.show()?;
        }
        self.linger(ARRIVED).await?;
        Ok(Ok(()))
    }

    /// Compares the screen with the one that is kept, and keeps it once nothing more comes. What is still on
    /// its way to the screen is waited for: its parts arrive in no order.
    async fn snapshot(&mut self, name: &str) -> Result<Result<(), Wrong>, Failure> {
        let file = snapshot::file(&self.script.path, name, &self.session.model);
        let begun = Instant::now();
        if self.manner.update {
            let mut lives = true;
            while lives && Instant::now() < self.alike_until(begun) {
                let settled = self.alike_until(begun).min(Instant::now() + SETTLED);
                lives = self.live_until(settled).await? || self.session.is_asking();
            }
            self.look().await?;
            return Ok(snapshot::keep(&file, self.sight.paper.text()).map_err(Wrong::expected));
        }
        let kept = match snapshot::kept(&file) {
            Ok(kept) => kept,
            Err(missing) => return self.look().await.map(|()| Err(Wrong::expected(missing))),
        };
        self.look().await?;
        while self.sight.paper.text() != kept {
            let until = self.alike_until(begun);
            if self.left || !self.live_until(until).await? {
                return Ok(Err(Wrong::expected(snapshot::differs(&file, &kept))));
            }
            self.sight.glance(&self.session.model)?;
        }
        Ok(Ok(()))
    }

    /// Until when a screen may change that has been looked at since then.
    fn alike_until(&self, begun: Instant) -> Instant {
        begun + if self.session.is_asking() { ANSWERED } else { ALIKE }
    }

    /// Takes the next happening in; false when there is none until then.
    async fn live_until(&mut self, until: Instant) -> Result<bool, Failure> {
        let next = tokio::select! {
            biased;
            failure = self.sight.stopped() => return Err(failure),
            answer = self.session.answer() => self.session.hear(answer),
            _ = self.ticks.tick(), if self.session.model.needs_ticks() => self.session.tick(),
            () = sleep_until(until) => return Ok(false),
        };
        self.note(next);
        Ok(true)
    }

    /// Takes in what has happened already and looks at the screen.
    async fn look(&mut self) -> Result<(), Failure> {
        while let Some(answer) = self.answered().await {
            let next = self.session.hear(answer);
            self.note(next);
        }
        self.sight.glance(&self.session.model)
    }

    async fn answered(&mut self) -> Option<Answer> {
        tokio::select! {
            biased;
            answer = self.session.answer() => Some(answer),
            () = std::future::ready(()) => None,
        }
    }

    /// Gives people time to read: real time on a screen, and time that only the recording sees in one.
    async fn linger(&mut self, time: Duration) -> Result<(), Failure> {
        if self.manner.at_reading_speed {
            let until = Instant::now() + time;
            while self.live_until(until).await? {
                self.show()?;
            }
            self.sight.advance(time);
        } else if self.manner.record.is_some() {
            let settled = Instant::now() + SETTLING;
            while self.session.is_asking() && self.live_until(settled).await? {}
            self.show()?;
            let mut left = time;
            while !left.is_zero() {
                let step = left.min(STEP);
                left -= step;
                self.clock.advance(step);
                self.sight.advance(step);
                let next = self.session.tick();
                self.note(next);
                self.show()?;
            }
        }
        Ok(())
    }

    fn show(&mut self) -> Result<(), Failure> {
        self.sight.show(&self.session.model)
    }

    fn note(&mut self, next: Next) {
        self.left |= next == Next::Leave;
    }
}

/// What was wrong at a step.
struct Wrong {
    code: u8,
    what: String,
}

impl Wrong {
    fn expected(what: String) -> Self {
        Self { code: FAILED, what }
    }
}
