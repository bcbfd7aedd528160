//! The daemons that are watched: what the dashboard asks for is carried out here, over the operator wire.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use kessai_shared::console::Failure;
use kessai_shared::operator::client::{self, Operator, Place};
use kessai_shared::operator::live::{Beat, MAX_SECONDS, Watched};
use kessai_shared::operator::{seller, settlement};

use super::Places;
use crate::dashboard::Model;
use crate::dashboard::event::{Daemon, Effect, Event, Question, Told};
use crate::runtime::{Perform, Tell};
use crate::words::Message;

/// How long a daemon that tells something each second may say nothing, before it is looked for anew: it may
/// have been started again, which a connection to the one before notices much later.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where both daemons are, and the connections to them.
pub struct Daemons {
    seller: Side,
    settlement: Side,
    /// Nothing is sent that changes anything, whatever is asked for.
    readonly: bool,
}

/// One daemon.
#[derive(Default)]
struct Side {
    place: Option<Place>,
    operator: Mutex<Option<Arc<Operator>>>,
}

impl Daemons {
    pub fn new(places: Places, readonly: bool) -> Self {
        let side = |place| Side { place, operator: Mutex::default() };
        Self { seller: side(places.seller), settlement: side(places.settlement), readonly }
    }

    /// What carries the dashboard's effects out.
    pub fn perform(self: &Arc<Self>) -> Perform<Model> {
        let daemons = Arc::clone(self);
        Arc::new(move |effect, tell| {
            let daemons = Arc::clone(&daemons);
            async move { daemons.carry_out(effect, tell).await }.boxed()
        })
    }

    /// Says goodbye to both, so that they keep no place for somebody who is gone.
    pub async fn leave(&self) {
        for side in [&self.seller, &self.settlement] {
            if let Some(operator) = side.take() {
                operator.say_goodbye().await;
            }
        }
    }

    async fn carry_out(&self, effect: Effect, tell: Tell<Model>) -> Option<Event> {
        match effect {
            Effect::Watch(daemon) => {
                let why = match daemon {
                    Daemon::Seller => {
                        let event = |beat| Event::SellerBeat(Box::new(beat));
                        self.watch(daemon, seller::DAEMON, &tell, event).await
                    }
                    Daemon::Settlement => {
                        let event = |beat| Event::SettlementBeat(Box::new(beat));
                        self.watch(daemon, settlement::DAEMON, &tell, event).await
                    }
                };
                drop(self.side(daemon).take());
                Some(Event::Lost(daemon, Message::said(why.line)))
            }
            Effect::LoadPast { daemon, before_tick } => {
                let before = Some(before_tick);
                let past = match (daemon, self.side(daemon).operator()) {
                    (_, None) => Err(not_there()),
                    (Daemon::Seller, Some(one)) => one.past::<seller::Status>(before, MAX_SECONDS).await,
                    (Daemon::Settlement, Some(one)) => {
                        one.past::<settlement::Status>(before, MAX_SECONDS).await
                    }
                };
                Some(Event::Past(daemon, past.map_err(|why| Message::said(why.line))))
            }
            Effect::Ask { seq, question } => {
                let answer = self.ask(&question).await.map(Box::new);
                Some(Event::Answered(seq, answer.map_err(|why| Message::said(why.line))))
            }
            Effect::Quit => None,
        }
    }

    /// Watches a daemon until it, or the way to it, is gone, and says why.
    async fn watch<S: Watched>(
        &self,
        daemon: Daemon,
        of: client::Daemon,
        tell: &Tell<Model>,
        event: impl Fn(Beat<S>) -> Event,
    ) -> Failure {
        let side = self.side(daemon);
        let Some(place) = &side.place else { return not_there() };
        let operator = match Operator::reach(of, place).await {
            Ok(operator) => Arc::new(operator),
            Err(why) => return why,
        };
        let mut watch = match operator.watch::<S>().await {
            Ok((_, watch)) => watch,
            Err(why) => return why,
        };
        side.set(Some(operator));
        // Who is told of nothing has left, and then this task ends with the session.
        let mut told = tell.send(Event::Reached(daemon)).await;
        while told.is_ok() {
            match tokio::time::timeout(PATIENCE, watch.next()).await {
                Ok(Ok(beat)) => told = tell.send(event(beat)).await,
                Ok(Err(why)) => return why,
                Err(_silent) => return silent(of),
            }
        }
        not_there()
    }

    async fn ask(&self, question: &Question) -> Result<Told, Failure> {
        // The model asks nothing of this kind; this is the last door before the wire.
        if self.readonly && question.changes() {
            return Err(Failure::usage("this dashboard was started with --readonly: nothing was sent"));
        }
        let operator = self.side(question.daemon()).operator().ok_or_else(not_there)?;
        Ok(match question {
            Question::Seller(request) => Told::Seller(operator.ask(request).await?),
            Question::Settlement(request) => Told::Settlement(operator.ask(request).await?),
        })
    }

    fn side(&self, daemon: Daemon) -> &Side {
        match daemon {
            Daemon::Seller => &self.seller,
            Daemon::Settlement => &self.settlement,
        }
    }
}

impl Side {
    fn operator(&self) -> Option<Arc<Operator>> {
        self.operator.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take(&self) -> Option<Arc<Operator>> {
        self.operator.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, operator: Option<Arc<Operator>>) {
        *self.operator.lock().unwrap_or_else(PoisonError::into_inner) = operator;
    }
}

fn silent(daemon: client::Daemon) -> Failure {
    let word = daemon.word;
    Failure::failed(format!("the {word} has said nothing for {} s; connecting anew", PATIENCE.as_secs()))
}

fn not_there() -> Failure {
    Failure::failed("there is no connection to this daemon just now; nothing was sent")
}
