//! A whole client with a key that nobody has on a list, trying to connect as the seller does.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::identity::Identity;
use kessai_shared::settlement::ALPN;
use kessai_shared::{net, tls};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use tokio::task::JoinSet;

use super::hello;
use super::kind::Kind;

/// How long one try may take: long enough for a client that is not answered to send its first packets twice
/// more (RFC 9002, section 6.2, begins with one second).
const TRY: Duration = Duration::from_millis(3_500);

/// A client's endpoint.
pub struct Stranger {
    endpoint: Endpoint,
    config: ClientConfig,
    kind: Kind,
}

/// What came of its tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Datagrams that it sent.
    pub datagrams: u64,
    /// Connections that the other end let it have.
    pub connected: u64,
}

impl Stranger {
    /// An endpoint on the host that this is called on, from within a runtime.
    ///
    /// # Errors
    /// [`Failure`] when it has no address or no key.
    pub fn open(kind: Kind, from: IpAddr) -> Result<Self, Failure> {
        let config = match kind {
            Kind::ClientWithoutProtocol => {
                let client = hello::client(X25519MLKEM768, None)?;
                ClientConfig::new(Arc::new(QuicClientConfig::try_from(client)?))
            }
            _ => tls::client_config(&Identity::generate()?, tls::Peers::Any, ALPN)?,
        };
        let endpoint = net::endpoint_over(net::bind(SocketAddr::new(from, 0))?, None)?;
        Ok(Self { endpoint, config, kind })
    }

    /// Which kind of probe it is, and where it comes from.
    ///
    /// # Errors
    /// [`Failure`] when its socket does not know it.
    pub fn address(&self) -> Result<(SocketAddr, Kind), Failure> {
        Ok((self.endpoint.local_addr()?, self.kind))
    }

    /// Tries so often at once to connect.
    pub async fn tries(&self, target: SocketAddr, count: u32) -> Tried {
        let mut tries = JoinSet::new();
        for _ in 0..count {
            let connecting = self.endpoint.connect_with(self.config.clone(), target, tls::SERVER_NAME);
            tries.spawn(async move {
                let Ok(connecting) = connecting else { return Tried::default() };
                // A stranger that a server lets in hears nothing bad for a while (TLS 1.3 lets a client
                // finish first), so a connection counts when it lasts.
                let connected = tokio::time::timeout(TRY, connecting).await;
                match connected {
                    Ok(Ok(connection)) => {
                        let closed = tokio::time::timeout(TRY, connection.closed()).await;
                        Tried {
                            datagrams: connection.stats().udp_tx.datagrams,
                            connected: u64::from(closed.is_err()),
                        }
                    }
                    Ok(Err(_)) | Err(_) => Tried { datagrams: AT_LEAST, connected: 0 },
                }
            });
        }
        let mut tried = Tried::default();
        while let Some(ended) = tries.join_next().await {
            let Tried { datagrams, connected } = ended.unwrap_or_default();
            tried.datagrams += datagrams;
            tried.connected += connected;
        }
        tried
    }
}

/// What a client sends at least before it gives up: a hello with the hybrid key exchange takes two datagrams.
const AT_LEAST: u64 = 2;
