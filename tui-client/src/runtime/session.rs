//! One session of the app: the model, the questions that are under way for it, and its clock. A person at a
//! terminal, a script and a test differ only in where events come from and what is drawn on.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use kessai_shared::writer::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::program::Program;
use crate::app::{Model, Outside};
use crate::terminal::panics::Contained;

/// Most events that wait to be taken in besides the answers; who tells more waits.
const MOST_TOLD: usize = 64;

/// Carries an effect out and gives the event that answers it, if one does. What happens before the answer
/// is told on the way.
pub type Perform<P = Model> = Arc<dyn Fn(<P as Program>::Effect, Tell<P>) -> Performance<P> + Send + Sync>;
/// An effect while it is carried out.
pub type Performance<P = Model> = Pin<Box<dyn Future<Output = Option<<P as Program>::Event>> + Send>>;
/// How what carries an effect out tells of what happens before the answer.
pub type Tell<P = Model> = mpsc::Sender<<P as Program>::Event>;

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    GoOn,
    Leave,
}

/// What came of a question.
pub enum Answer<P: Program = Model> {
    Event(Option<P::Event>),
    /// Whoever asked panicked. The event tells the model that this question has no answer.
    Broke(Option<P::Event>),
}

pub struct Session<P: Program = Model> {
    pub model: P,
    perform: Perform<P>,
    /// One task for each question that is under way, so that the screen never waits for the shop.
    tasks: JoinSet<Answer<P>>,
    tell: Tell<P>,
    told: mpsc::Receiver<P::Event>,
    clock: Clock,
}

impl<P: Program> Session<P> {
    pub fn new(model: P, perform: Perform<P>, clock: Clock) -> Self {
        let (tell, told) = mpsc::channel(MOST_TOLD);
        Self { model, perform, tasks: JoinSet::new(), tell, told, clock }
    }

    /// Does what has to be done before anything has happened.
    pub fn begin(&mut self) -> Next {
        let effects = self.model.start();
        self.carry_out(effects)
    }

    /// Lets something happen. It is judged by the time at which it happens, not by the last tick.
    pub fn happen(&mut self, event: P::Event) -> Next {
        match self.tick() {
            Next::GoOn => self.let_happen(event),
            Next::Leave => Next::Leave,
        }
    }

    /// Tells the model what time it is.
    pub fn tick(&mut self) -> Next {
        self.let_happen(Outside::Tick((self.clock)()).into())
    }

    /// Whether an answer is to come.
    pub fn is_asking(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Waits for the next answer; for ever, when nothing was asked.
    pub async fn answer(&mut self) -> Answer<P> {
        tokio::select! {
            biased;
            // What was told before an answer is heard before it.
            Some(event) = self.told.recv() => Answer::Event(Some(event)),
            Some(done) = self.tasks.join_next() => done.unwrap_or(Answer::Broke(None)),
        }
    }

    /// Takes an answer in.
    pub fn hear(&mut self, answer: Answer<P>) -> Next {
        match answer {
            Answer::Event(None) => Next::GoOn,
            Answer::Event(Some(event)) => self.happen(event),
            Answer::Broke(event) => match event.map_or(Next::GoOn, |event| self.happen(event)) {
                Next::GoOn => self.let_happen(Outside::Broke.into()),
                Next::Leave => Next::Leave,
            },
        }
    }

    fn let_happen(&mut self, event: P::Event) -> Next {
        let effects = self.model.update(event);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<P::Effect>) -> Next {
        for effect in effects {
            if P::is_last(&effect) {
                return Next::Leave;
            }
            let unanswered = P::unanswered(&effect);
            let performance = AssertUnwindSafe((self.perform)(effect, self.tell.clone())).catch_unwind();
            self.tasks.spawn(Contained(performance.boxed()).map(move |done| match done {
                Ok(event) => Answer::Event(event),
                Err(_written_down_by_the_hook) => Answer::Broke(unanswered),
            }));
        }
        Next::GoOn
    }
}
