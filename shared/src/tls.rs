//! Who is at the other end: certificates nobody signed but their own key, known by its pin.
//!
//! Both sides show a certificate minted at start from their [`Identity`], and each accepts the
//! other for the hash of its public key alone. There is one version of TLS, one key exchange (one
//! that a later quantum computer does not undo), and no resumption, so every connection proves both
//! keys afresh.

mod certificate;
mod verifier;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use quinn::congestion::CubicConfig;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::NoServerSessionStorage;

use crate::exchange::{MAX_FRAME_BYTES, listen};
use crate::identity::{Identity, IdentityError};
use crate::net::MAX_DATAGRAM_BYTES;
use crate::pin::Pin;
use crate::pin_set::PinSet;
use certificate::mint;
use verifier::{PinVerifier, pin_of};

/// The name clients ask for. Nobody checks it: the pin says who the server is.
pub const SERVER_NAME: &str = "kessai";

/// Silence after which either side gives a connection up.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a silent client shows that it is still there; well under [`IDLE_TIMEOUT`], so that
/// two lost packets in a row do not end a connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The same on the closed side, where a server that was started again says so to nobody: a client that
/// died does not keep its place for long. The shorter of both sides' times counts (RFC 9000, section
/// 10.1), and the client's is this.
const CLOSED_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// As [`KEEP_ALIVE`], on the closed side.
const CLOSED_KEEP_ALIVE: Duration = Duration::from_secs(3);

/// What a round trip on the closed side is taken for before one was measured, so that the first packet
/// is sent again after three of them when it was lost, and not after the second that it usually takes.
const CLOSED_FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);

/// What may be under way on a new connection before anything is acknowledged, in bytes. A probe for long
/// datagrams and the room for another must fit beside what was asked: a connection that is closed while its
/// window is full never says so (quinn-proto up to 0.11.19), and keeps its place at the other end until that
/// has waited for [`IDLE_TIMEOUT`]. RFC 9002, section 7.2, recommends 12,000 for datagrams of the 1,200 bytes
/// that every path carries, and two of the longest that one does; 32 of 1,350 bytes are usual on the web.
const FIRST_FLIGHT_BYTES: u64 = 4 * MAX_DATAGRAM_BYTES as u64;

/// Streams a peer may have open. The exchange uses one; the rest only lets a server tell a peer
/// that opens more apart from one that is merely slow.
const MAX_STREAMS: u32 = 4;

/// What either side may send before the other has read it, in bytes: two whole frames, so that
/// the next one travels while one is being read.
pub(crate) const WINDOW_BYTES: u32 = 2 * MAX_FRAME_BYTES as u32;

/// Clients that have sent their first packet and were not looked at yet. More are passed over, and come
/// again.
const MAX_INCOMING: usize = 1_024;

/// What may follow such a first packet before anybody looks, in bytes: what is left of a long hello.
const INCOMING_BYTES: u64 = 16 * 1024;
/// What all of them hold together at most, in bytes: of each its first packet, and of some what came after.
pub(crate) const WAITING_BYTES: usize = MAX_INCOMING * 2_048 + MAX_INCOMING * INCOMING_BYTES as usize / 8;

/// Which keys may be at the other end.
#[derive(Clone, Debug)]
pub enum Peers {
    /// Any key: the endpoint is open, and asks who it is talking to later.
    Any,
    /// The keys of a set, at the moment of the handshake.
    Pins(Arc<PinSet>),
}

impl Peers {
    /// A fixed set of keys: one, or two while the peer changes its key.
    #[must_use]
    pub fn pins(pins: impl IntoIterator<Item = Pin>) -> Self {
        Self::Pins(Arc::new(PinSet::of(pins)))
    }

    /// Whether a key may be at the other end now.
    #[must_use]
    pub fn allow(&self, pin: &Pin) -> bool {
        match self {
            Self::Any => true,
            Self::Pins(set) => set.contains(pin),
        }
    }
}

/// Whether clients may go on with a connection from another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// They may, as a terminal on a mobile network has to.
    Allowed,
    /// They may not: a settlement peer has one address.
    Refused,
}

/// What a server needs to accept connections for one protocol.
///
/// # Errors
///
/// [`TlsError`] when no certificate can be minted from the identity.
pub fn server_config(
    identity: &Identity,
    peers: Peers,
    alpn: &[u8],
    migration: Migration,
) -> Result<quinn::ServerConfig, TlsError> {
    let crypto = QuicServerConfig::try_from(rustls_server(identity, peers, alpn)?)
        .map_err(|error| TlsError::Config(error.to_string()))?;
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    config.migration(migration == Migration::Allowed);
    config.transport_config(Arc::new(transport(None)));
    config
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(MAX_INCOMING as u64 * INCOMING_BYTES / 8);
    Ok(config)
}

/// The same for an endpoint that anybody may reach: what a connection may have on its way in either
/// direction, in bytes, before the server finds that it has use for more.
#[must_use]
pub fn narrow(mut config: quinn::ServerConfig, window_bytes: u32) -> quinn::ServerConfig {
    let mut transport = transport(None);
    transport.receive_window(VarInt::from_u32(window_bytes)).send_window(u64::from(window_bytes));
    config.transport_config(Arc::new(transport));
    config
}

/// What a client needs to connect for one protocol.
///
/// # Errors
///
/// [`TlsError`] when no certificate can be minted from the identity.
pub fn client_config(
    identity: &Identity,
    peers: Peers,
    alpn: &[u8],
) -> Result<quinn::ClientConfig, TlsError> {
    let crypto = QuicClientConfig::try_from(rustls_client(identity, peers, alpn)?)
        .map_err(|error| TlsError::Config(error.to_string()))?;
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport(Some(KEEP_ALIVE))));
    Ok(config)
}

/// As [`client_config`], for a client whom the server may tell what it did not ask for each time.
///
/// # Errors
///
/// As [`client_config`].
pub fn watching_client_config(
    identity: &Identity,
    peers: Peers,
    alpn: &[u8],
) -> Result<quinn::ClientConfig, TlsError> {
    let mut config = client_config(identity, peers, alpn)?;
    let mut transport = transport(Some(KEEP_ALIVE));
    listen(&mut transport);
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// As [`client_config`], for a connection on the closed side that lasts.
///
/// # Errors
///
/// As [`client_config`].
pub fn closed_client_config(
    identity: &Identity,
    peers: Peers,
    alpn: &[u8],
) -> Result<quinn::ClientConfig, TlsError> {
    let mut config = client_config(identity, peers, alpn)?;
    let mut transport = transport(Some(CLOSED_KEEP_ALIVE));
    transport.max_idle_timeout(Some(idle_timeout(CLOSED_IDLE_TIMEOUT))).initial_rtt(CLOSED_FIRST_ROUND_TRIP);
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// The key that the other end of a connection has proved; `None` before it has.
#[must_use]
pub fn peer_pin(connection: &quinn::Connection) -> Option<Pin> {
    let identity = connection.peer_identity()?;
    let chain = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    pin_of(chain.first()?)
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum TlsError {
    /// The identity does not give its key.
    Identity(IdentityError),
    /// No certificate can be made of it.
    Certificate(String),
    /// The TLS library refuses the configuration.
    Config(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(error) => error.fmt(f),
            Self::Certificate(error) => write!(f, "cannot mint a certificate: {error}"),
            Self::Config(error) => write!(f, "cannot configure TLS: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

fn rustls_server(identity: &Identity, peers: Peers, alpn: &[u8]) -> Result<rustls::ServerConfig, TlsError> {
    let key = identity.private_key().map_err(TlsError::Identity)?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(refused)?
        .with_client_cert_verifier(Arc::new(PinVerifier::new(peers)))
        .with_single_cert(vec![mint(identity)?], key)
        .map_err(refused)?;
    config.alpn_protocols = vec![alpn.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

fn rustls_client(identity: &Identity, peers: Peers, alpn: &[u8]) -> Result<rustls::ClientConfig, TlsError> {
    let key = identity.private_key().map_err(TlsError::Identity)?;
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(refused)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier::new(peers)))
        .with_client_auth_cert(vec![mint(identity)?], key)
        .map_err(refused)?;
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    })
}

fn transport(keep_alive: Option<Duration>) -> TransportConfig {
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(MAX_DATAGRAM_BYTES);
    let mut congestion = CubicConfig::default();
    congestion.initial_window(FIRST_FLIGHT_BYTES);
    let mut config = TransportConfig::default();
    config
        .mtu_discovery_config(Some(mtu))
        .congestion_controller_factory(Arc::new(congestion))
        .max_concurrent_bidi_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(Some(idle_timeout(IDLE_TIMEOUT)))
        .keep_alive_interval(keep_alive)
        .stream_receive_window(VarInt::from_u32(WINDOW_BYTES))
        .receive_window(VarInt::from_u32(WINDOW_BYTES))
        .send_window(u64::from(WINDOW_BYTES));
    config
}

fn idle_timeout(after: Duration) -> IdleTimeout {
    IdleTimeout::from(VarInt::from_u32(after.as_millis() as u32))
}

fn refused(error: rustls::Error) -> TlsError {
    TlsError::Config(error.to_string())
}

#[cfg(test)]
mod tests;
