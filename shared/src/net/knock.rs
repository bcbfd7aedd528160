//! Silence: whoever does not know the knock is not answered, not even by QUIC.
//!
//! QUIC answers strangers: with the versions it knows, with a handshake that shows its certificate, with
//! a reset for a connection it has forgotten. So a gate stands between it and the socket. A datagram is
//! heard when the connection id in it, which QUIC leaves in the clear, bears a mark: the first ids of
//! clients one under the key of their seller, all others one under a key of this process. Everything
//! else is dropped, and nothing leaves to an address that has not knocked.

mod counts;
mod datagram;
mod filter;
mod first;
mod judge;
mod key_file;
mod own;
mod replay;
mod seen;
mod sellers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::hmac;
use quinn::{AsyncUdpSocket, ConnectionId, EndpointConfig};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::identity::{DERIVED_BYTES, Identity};
use crate::pin::Pin;
use crate::pin_set::PinSet;
use crate::time::Timestamp;
use crate::writer::Clock;

pub use counts::Counts;
pub use key_file::KnockKeyError;

use filter::Filtered;
use judge::Judge;
use own::{OwnIds, OwnKey};
use sellers::Sellers;

/// Separates knock keys from any other use of the settlement's seed.
const LABEL: &[u8] = b"closed network knock";

/// What a seller knows of the settlement besides its pin, and a stranger does not: with it the first
/// datagram of a connection is marked. It has no `Debug`, so that no log line can print it.
pub struct KnockKey(Zeroizing<[u8; DERIVED_BYTES]>);

/// What the keys of all sellers are made of.
struct KnockRoot(hmac::Key);

/// When a datagram came or left, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Since the epoch, by a clock that somebody may set.
    wall_ms: u64,
    /// Since the gate was made, by one that nobody can.
    since_ms: u64,
}

impl KnockRoot {
    fn of(settlement: &Identity) -> Self {
        let secret = Zeroizing::new(settlement.derive(LABEL, b""));
        Self(hmac::Key::new(hmac::HMAC_SHA256, &*secret))
    }
}

impl KnockKey {
    /// The key of one seller. The settlement keeps none of them: it makes each again from its identity.
    #[must_use]
    pub fn of_seller(settlement: &Identity, seller: &Pin) -> Self {
        Self::of_root(&KnockRoot::of(settlement), seller)
    }

    fn of_root(root: &KnockRoot, seller: &Pin) -> Self {
        let mut key = Zeroizing::new([0; DERIVED_BYTES]);
        key.copy_from_slice(hmac::sign(&root.0, &seller.0).as_ref());
        Self(key)
    }

    fn for_macs(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.0)
    }
}

/// Decides which datagrams an endpoint of the closed side hears, and marks those it sends. Clones share
/// what they know.
#[derive(Clone)]
pub struct Gate {
    judge: Arc<Judge>,
    own: Arc<OwnKey>,
    clock: Clock,
    begun: Instant,
}

impl Gate {
    /// The gate of a settlement: sellers knock, each with its own key, as long as it is on the list.
    #[must_use]
    pub fn of_settlement(identity: &Identity, sellers: &Arc<PinSet>) -> Self {
        let sellers = Sellers::new(KnockRoot::of(identity), sellers);
        Self::new(|own| Judge::that_answers(own, sellers))
    }

    /// The gate of a seller: nobody knocks here, and what it dials it knocks on.
    #[must_use]
    pub fn of_seller(key: &KnockKey) -> Self {
        Self::new(|own| Judge::that_dials(own, key.for_macs()))
    }

    fn new(judge: impl FnOnce(Arc<OwnKey>) -> Judge) -> Self {
        let own = Arc::new(OwnKey::new());
        let judge = Arc::new(judge(Arc::clone(&own)));
        Self { judge, own, clock: Arc::new(Timestamp::from_system_clock), begun: Instant::now() }
    }

    /// The same gate by another clock than the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The configuration of an endpoint whose own connection ids the gate knows again.
    #[must_use]
    pub fn endpoint_config(&self) -> EndpointConfig {
        let own = Arc::clone(&self.own);
        let mut config = EndpointConfig::default();
        config.cid_generator(move || Box::new(OwnIds(Arc::clone(&own))));
        config.supported_versions(vec![datagram::VERSION]);
        // A peer that was told otherwise might send datagrams without the bit that the gate looks for.
        config.grease_quic_bit(false);
        super::with_long_datagrams(config)
    }

    /// A client configuration whose first datagrams knock. A settlement's gate leaves it as it is.
    #[must_use]
    pub fn client_config(&self, mut config: quinn::ClientConfig) -> quinn::ClientConfig {
        if self.judge.key().is_some() {
            let gate = self.clone();
            config.initial_dst_cid_provider(Arc::new(move || gate.knock()));
        }
        config
    }

    /// The socket as the gate lets it be heard.
    #[must_use]
    pub fn before(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Filtered { socket, gate: self.clone() })
    }

    /// What was heard and dropped so far, by all sockets behind this gate.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.judge.counts.read()
    }

    fn knock(&self) -> ConnectionId {
        let mut nonce = [0; first::NONCE_BYTES];
        own::fill(&mut nonce);
        let id = self.judge.key().map(|key| first::mint(key, self.now().wall_ms, nonce));
        // Only a gate with a key gives this out.
        ConnectionId::new(&id.unwrap_or_default())
    }

    fn now(&self) -> Moment {
        let since_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { wall_ms: (self.clock)().0 / 1_000, since_ms }
    }
}
