//! Makes connections, and decides when the next attempt is due and where.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Shared;
use crate::exchange::client::Client;
use crate::exchange::error::LinkError;
use crate::tls::SERVER_NAME;

/// How far apart two attempts at one address are while somebody waits. Each is a connection of its own
/// with a first id of its own: a server that has just started drops those from before its start, and the
/// transport sends a packet that was lost again only after a second.
const RETRY: Duration = Duration::from_millis(250);

/// How far apart attempts at two addresses are at least.
const NEXT_ADDRESS: Duration = Duration::from_millis(50);

/// The longest wait between two attempts while nobody waits for the link.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The longest wait after a connection on which nothing was answered: there the server is not away, it
/// refuses us, and will not think better of it soon.
const LONGEST_REFUSAL: Duration = Duration::from_secs(5);

/// How long one attempt may take. Others begin beside it long before.
const ATTEMPT_DEADLINE: Duration = Duration::from_secs(2);

/// Most attempts under way at once.
const MAX_ATTEMPTS: usize = 16;

type Attempt = (SocketAddr, Result<Client, LinkError>);

pub(super) struct Dialler {
    shared: Arc<Shared>,
    /// How many connections in a row have ended without an answer.
    refusals: u32,
    not_before: Instant,
}

impl Dialler {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, refusals: 0, not_before: Instant::now() }
    }

    /// Draws the conclusion from a connection that has ended.
    pub(super) fn note_end(&mut self, client: &Client) {
        if client.answers() > 0 {
            self.refusals = 0;
        } else {
            self.not_before = Instant::now() + jittered(pause(RETRY, self.refusals, LONGEST_REFUSAL));
            self.refusals = self.refusals.saturating_add(1);
        }
    }

    /// Makes a connection, for as long as it takes. Beside another connection it begins with the other
    /// addresses, since that one's is silent.
    pub(super) async fn reach(&mut self, beside: bool) -> (SocketAddr, Client) {
        let (addresses, shared) = (self.shared.addresses(), Arc::clone(&self.shared));
        let step = (RETRY / u32::try_from(addresses.len()).unwrap_or(1).max(1)).max(NEXT_ADDRESS);
        let mut attempts: JoinSet<Attempt> = JoinSet::new();
        let mut next = usize::from(beside);
        let (mut begun, mut due) = (0_u32, Instant::now().max(self.not_before));
        loop {
            tokio::select! {
                () = sleep_until(due), if attempts.len() < MAX_ATTEMPTS => {
                    let address = addresses[next % addresses.len()];
                    next += 1;
                    shared.record().tried();
                    attempts.spawn(attempt(Arc::clone(&shared), address));
                    let wanted = beside || shared.is_wanted();
                    // Whoever comes later does not wait for the end of a long pause.
                    begun = if wanted { 0 } else { begun.saturating_add(1) };
                    let rounds = begun / u32::try_from(addresses.len()).unwrap_or(1).max(1);
                    due = Instant::now() + jittered(pause(step, rounds, LONGEST_PAUSE));
                }
                () = shared.wanted.notified() => {
                    due = due.min(Instant::now() + jittered(step)).max(self.not_before);
                }
                Some(ended) = attempts.join_next() => match ended {
                    Ok((address, Ok(client))) => return (address, client),
                    Ok((address, Err(error))) => {
                        tracing::debug!(%address, %error, "not connected");
                        shared.record().failed(error);
                    }
                    Err(error) => tracing::error!(%error, "an attempt to connect ended by a panic"),
                },
            }
        }
    }
}

async fn attempt(shared: Arc<Shared>, address: SocketAddr) -> Attempt {
    let config = shared.config.clone();
    let connecting = Client::connect(&shared.endpoint, address, config, SERVER_NAME);
    (address, timeout(ATTEMPT_DEADLINE, connecting).await.unwrap_or(Err(LinkError::Silent)))
}

/// The wait after so many earlier ones.
fn pause(first: Duration, earlier: u32, longest: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(earlier)).min(longest)
}

/// Between three quarters and the whole of a wait, at random, so that the clients of a server that comes
/// back do not all arrive at once.
fn jittered(whole: Duration) -> Duration {
    let mut random = [0; 1];
    // Without randomness there is no TLS either, so the wait may as well be the shortest.
    let _ = rand::fill(&mut random);
    whole * 3 / 4 + whole / 4 * u32::from(random[0]) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_and_stays_within_bounds() {
        let waits: Vec<_> = (0..8).map(|n| pause(RETRY, n, LONGEST_REFUSAL).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
        assert_eq!(pause(RETRY, u32::MAX, LONGEST_PAUSE), LONGEST_PAUSE);
        for _ in 0..100 {
            let wait = jittered(RETRY);
            assert!(wait >= RETRY * 3 / 4 && wait <= RETRY, "{wait:?}");
        }
    }

    #[test]
    fn sellers_do_not_all_wait_alike() {
        let waits: std::collections::HashSet<_> = (0..100).map(|_| jittered(RETRY)).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
