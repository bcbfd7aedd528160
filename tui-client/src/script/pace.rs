//! How time passes while a script is played: what it waits for is taken in, and people are given time to read.

use std::time::Duration;

use kessai_shared::console::Failure;
use tokio::time::{Instant, sleep, sleep_until};

use super::player::Player;
use crate::runtime::{Answer, Program};

/// How long a key is looked at, at reading speed.
pub const KEY: Duration = Duration::from_millis(450);
/// How long a letter is that is typed.
pub const LETTER: Duration = Duration::from_millis(90);
/// How long is looked at what was waited for.
pub const ARRIVED: Duration = Duration::from_millis(700);
/// How long a recording waits, in real time, for answers that are about to come, so that they are in the
/// same picture every time.
const SETTLING: Duration = Duration::from_millis(250);
/// The longest step in which the clock of a recording moves on, so that what counts seconds is seen to.
const STEP: Duration = Duration::from_secs(1);
/// How long a screen stays in a recording of what goes by itself: about as long as its daemons' seconds.
const FRAME: Duration = Duration::from_millis(800);

impl<P: Program> Player<'_, P> {
    /// Takes the next happening in; false when there is none until then.
    pub(super) async fn live_until(&mut self, until: Instant) -> Result<bool, Failure> {
        let wake = self.session.model.wake_at().map(|at| at.0.saturating_sub(self.clock.now().0));
        let wake = wake.map(Duration::from_micros);
        let next = tokio::select! {
            biased;
            failure = self.sight.stopped() => return Err(failure),
            answer = self.session.answer() => self.session.hear(answer),
            _ = self.ticks.tick(), if self.session.model.needs_ticks() => self.session.tick(),
            () = sleep_until(until) => return Ok(false),
            () = sleep(wake.unwrap_or_default()), if wake.is_some() => self.session.tick(),
        };
        self.note(next);
        Ok(true)
    }

    /// Takes in what has happened already and looks at the screen.
    pub(super) async fn look(&mut self) -> Result<(), Failure> {
        if P::KEEPS_REAL_TIME {
            // What grew old without a word looks old.
            let next = self.session.tick();
            self.note(next);
        }
        while let Some(answer) = self.answered().await {
            let next = self.session.hear(answer);
            self.note(next);
        }
        self.sight.glance(&self.session.model)
    }

    async fn answered(&mut self) -> Option<Answer<P>> {
        tokio::select! {
            biased;
            answer = self.session.answer() => Some(answer),
            () = std::future::ready(()) => None,
        }
    }

    /// Looks at what came while something is waited for. A recording of a shop shows it only once it is there:
    /// what comes and goes meanwhile depends on the machine. What keeps real time is shown as it goes.
    pub(super) fn watch(&mut self) -> Result<(), Failure> {
        if P::KEEPS_REAL_TIME { self.follow() } else { self.sight.glance(&self.session.model) }
    }

    /// Shows what goes by itself: on a screen at once, and in a recording not more often than people follow.
    fn follow(&mut self) -> Result<(), Failure> {
        let only_recorded = self.manner.record.is_some() && !self.manner.at_reading_speed;
        if P::KEEPS_REAL_TIME && only_recorded && self.shown.elapsed() < FRAME {
            return self.sight.glance(&self.session.model);
        }
        self.show()
    }

    /// Gives people time to read: real time on a screen, and time that only the recording sees in one, unless
    /// what it shows keeps real time.
    pub(super) async fn linger(&mut self, time: Duration) -> Result<(), Failure> {
        let recorded = self.manner.record.is_some();
        if self.manner.at_reading_speed || (recorded && P::KEEPS_REAL_TIME) {
            let until = Instant::now() + time;
            while self.live_until(until).await? {
                self.follow()?;
            }
            if !P::KEEPS_REAL_TIME {
                self.sight.advance(time);
            }
        } else if recorded {
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

    pub(super) fn show(&mut self) -> Result<(), Failure> {
        if P::KEEPS_REAL_TIME {
            self.sight.advance_to(self.begun.elapsed());
        }
        self.shown = Instant::now();
        self.sight.show(&self.session.model)
    }
}
