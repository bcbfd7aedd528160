//! A connection that comes back.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use quinn::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::client::Client;
use super::close;
use super::error::{CallError, LinkError};
use crate::tls::SERVER_NAME;

/// The wait before the second attempt in a row; it doubles with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How long a link that is left waits for its last packets to be on their way.
const FAREWELL_DEADLINE: Duration = Duration::from_millis(250);

/// A server that is reached when there is something to ask, and again after it was lost.
///
/// Clones share one connection, and callers that come at once share one attempt to make it.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    addr: SocketAddr,
    config: quinn::ClientConfig,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Attempts in a row that led to no reply.
    failures: u32,
    not_before: Instant,
}

enum Phase {
    Down,
    Connecting(watch::Receiver<Option<Result<Client, LinkError>>>),
    Up(Client),
}

impl Link {
    /// A link that is down until its first call.
    #[must_use]
    pub fn new(endpoint: Endpoint, addr: SocketAddr, config: quinn::ClientConfig) -> Self {
        let state = State { phase: Phase::Down, failures: 0, not_before: Instant::now() };
        Self { inner: Arc::new(Inner { endpoint, addr, config, state: Mutex::new(state) }) }
    }

    /// Asks, connecting first when the link is down. After failed attempts the next one waits a
    /// while, and the call with it, as long as its deadline allows.
    ///
    /// A request is sent once at most: whether to ask again is for the caller to decide.
    ///
    /// # Errors
    ///
    /// Any [`CallError`].
    pub async fn call<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        request: &Req,
        deadline: Duration,
    ) -> Result<Rep, CallError> {
        self.call_telling(request, deadline, || {}).await
    }

    /// As [`Link::call`], and calls `sent` when there is a connection and the request is handed to it.
    ///
    /// # Errors
    ///
    /// Any [`CallError`].
    pub async fn call_telling<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        request: &Req,
        deadline: Duration,
        sent: impl FnOnce(),
    ) -> Result<Rep, CallError> {
        let until = Instant::now() + deadline;
        let client = timeout_at(until, self.client())
            .await
            .map_err(|_| CallError::TooLate)?
            .map_err(CallError::NotSent)?;
        let heard = client.packets_heard_lately();
        sent();
        let outcome = client.call(request, until.saturating_duration_since(Instant::now())).await;
        if matches!(outcome, Err(CallError::Timeout)) && client.packets_heard() == heard {
            self.abandon(&client);
        }
        outcome
    }

    /// Ends the connection for all clones and gives the last packet a moment to leave, so that the
    /// server does not keep a place for somebody who is gone. No call succeeds afterwards.
    pub async fn leave(&self) {
        self.inner.endpoint.close(close::DONE, b"done");
        // A server that is gone too has nobody to say goodbye to.
        let _ = timeout(FAREWELL_DEADLINE, self.inner.endpoint.wait_idle()).await;
    }

    /// Whether there is a connection. One whose server has just died still counts.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(&self.lock().phase, Phase::Up(client) if !client.is_closed())
    }

    /// The live connection, or the one that an attempt yields.
    async fn client(&self) -> Result<Client, LinkError> {
        let mut attempt = {
            let mut state = self.lock();
            match &state.phase {
                Phase::Up(client) if !client.is_closed() => return Ok(client.clone()),
                Phase::Connecting(attempt) => attempt.clone(),
                Phase::Up(_) | Phase::Down => {
                    state.note_end();
                    let attempt = self.attempt(state.not_before);
                    state.phase = Phase::Connecting(attempt.clone());
                    attempt
                }
            }
        };
        let outcome = attempt.wait_for(Option::is_some).await;
        let outcome = outcome.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or(Err(LinkError::Done))
    }

    /// Connects in the background, so that the attempt outlives callers with little patience.
    fn attempt(&self, not_before: Instant) -> watch::Receiver<Option<Result<Client, LinkError>>> {
        let (announce, attempt) = watch::channel(None);
        let link = self.clone();
        tokio::spawn(async move {
            sleep_until(not_before).await;
            let Inner { endpoint, addr, config, .. } = &*link.inner;
            let outcome = Client::connect(endpoint, *addr, config.clone(), SERVER_NAME).await;
            {
                let mut state = link.lock();
                match &outcome {
                    Ok(client) => state.phase = Phase::Up(client.clone()),
                    Err(error) => {
                        tracing::debug!(%addr, %error, "not connected");
                        state.phase = Phase::Down;
                        state.note_failure();
                    }
                }
            }
            announce.send_replace(Some(outcome));
        });
        attempt
    }

    /// Gives a connection up on which a call ran into its deadline and not even a packet was heard:
    /// its server may have died, and the transport takes far longer to notice. Calls that still
    /// wait on it keep it alive until they are through.
    fn abandon(&self, silent: &Client) {
        let mut state = self.lock();
        if matches!(&state.phase, Phase::Up(client) if client.is_same(silent)) {
            state.note_end();
            state.phase = Phase::Down;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code between lock and unlock leaves the state half changed, even if it panics.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Draws the conclusion from a connection that has ended. One that never yielded a reply is a
    /// failed attempt: the server may have refused us after the handshake seemed done.
    fn note_end(&mut self) {
        if let Phase::Up(client) = &self.phase {
            if client.answers() > 0 {
                self.failures = 0;
                self.not_before = Instant::now();
            } else {
                self.note_failure();
            }
        }
    }

    fn note_failure(&mut self) {
        self.not_before = Instant::now() + backoff(self.failures);
        self.failures = self.failures.saturating_add(1);
    }
}

/// The wait after so many earlier failures: between half and the whole of the doubled time, at
/// random, so that the clients of a server that comes back do not all arrive at once.
fn backoff(failures: u32) -> Duration {
    let whole = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(failures)).min(MAX_BACKOFF);
    let mut random = [0; 1];
    // Without randomness there is no TLS either, so the wait may as well be the shortest.
    let _ = rand::fill(&mut random);
    whole / 2 + whole / 2 * u32::from(random[0]) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_stays_within_bounds() {
        for failures in 0..100 {
            let whole = (FIRST_BACKOFF.as_secs_f64() * 2_f64.powi(failures as i32)).min(5.0);
            let wait = backoff(failures).as_secs_f64();
            assert!(wait >= whole * 0.49 && wait <= whole * 1.01, "{failures}: {wait}");
        }
    }

    #[test]
    fn clients_do_not_all_wait_alike() {
        let waits: std::collections::HashSet<_> = (0..100).map(|_| backoff(10)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
