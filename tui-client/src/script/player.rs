//! Plays a script: its commands become events of the one session, and what it expects is looked for on the
//! screen that is drawn.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use kessai_shared::console::{FAILED, Failure, USAGE};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use zeroize::Zeroizing;

use super::pace::{ARRIVED, KEY, LETTER};
use super::read::{Act, Script};
use super::sight::Sight;
use super::{MovedClock, snapshot};
use crate::app::model::Size;
use crate::app::{Key, Model, Outside};
use crate::runtime::{Next, Perform, Program, Session, TICK};

/// How long nothing may happen before a screen counts as whole, and is kept.
const SETTLED: Duration = Duration::from_millis(750);
/// How long a screen may take to become the one that is kept, and how long while answers are still to come.
const ALIKE: Duration = Duration::from_secs(5);
const ANSWERED: Duration = Duration::from_secs(30);

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
pub struct Scene<'a, P: Program = Model> {
    pub model: P,
    pub perform: Perform<P>,
    pub clock: MovedClock,
    /// Does what a script wants of the world outside, or says why not.
    pub outside: &'a mut dyn FnMut(&str) -> Result<(), String>,
}

/// Plays a script to its end, or until something is not as it expects, or until `failing` ends.
///
/// # Errors
/// [`Failure`] with 1 and what was on the screen when something is not as expected, and with 2 when the
/// script wants what cannot be done. As for every session, too.
pub async fn play<P: Program>(
    script: &Script,
    manner: Manner,
    scene: Scene<'_, P>,
    failing: impl Future<Output = Failure>,
) -> Result<(), Failure> {
    let sight = Sight::open(&manner)?;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Scene { model, perform, clock, outside } = scene;
    let (session, begun) = (Session::new(model, perform, clock.clock()), Instant::now());
    tokio::pin!(failing);
    let mut player =
        Player { script, manner, session, clock, outside, sight, ticks, begun, shown: begun, left: false };
    let played = tokio::select! {
        biased;
        played = player.play() => played,
        failure = failing => Err(failure),
    };
    let ended = player.sight.close();
    played.and(ended)
}

pub(super) struct Player<'a, P: Program> {
    script: &'a Script,
    pub(super) manner: Manner,
    pub(super) session: Session<P>,
    pub(super) clock: MovedClock,
    outside: &'a mut dyn FnMut(&str) -> Result<(), String>,
    pub(super) sight: Sight,
    pub(super) ticks: Interval,
    pub(super) begun: Instant,
    /// When it was shown last.
    pub(super) shown: Instant,
    /// Whether the app was left.
    left: bool,
}

impl<P: Program> Player<'_, P> {
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
            Act::Paste(text) => self.happen(Outside::Paste(Zeroizing::new(text.to_string())), KEY).await?,
            Act::Resize(size) => {
                self.sight.resize(*size)?;
                let Size { columns, rows } = *size;
                self.happen(Outside::Resize { columns, rows }, KEY).await?;
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
        self.happen(Outside::Key(key), then).await
    }

    async fn happen(&mut self, event: Outside, then: Duration) -> Result<(), Failure> {
        if self.left {
            return Ok(());
        }
        let next = self.session.happen(event.into());
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
            self.watch()?;
        }
        // A recording shows it once all that was asked for is there.
        if self.manner.record.is_none() || P::KEEPS_REAL_TIME {
            self.show()?;
        }
        self.linger(ARRIVED).await?;
        Ok(Ok(()))
    }

    /// Compares the screen with the one that is kept, and keeps it once nothing more comes. What is still on
    /// its way to the screen is waited for: its parts arrive in no order.
    async fn snapshot(&mut self, name: &str) -> Result<Result<(), Wrong>, Failure> {
        let (size, lang) = (self.sight.paper.size, self.session.model.settings().lang);
        let file = snapshot::file(&self.script.path, name, size, lang);
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
            self.watch()?;
        }
        Ok(Ok(()))
    }

    /// Until when a screen may change that has been looked at since then.
    fn alike_until(&self, begun: Instant) -> Instant {
        begun + if self.session.is_asking() { ANSWERED } else { ALIKE }
    }

    pub(super) fn note(&mut self, next: Next) {
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
