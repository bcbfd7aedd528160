//! What a client of TLS says first, from a client that trusts nobody and is known to nobody.

use std::sync::Arc;

use kessai_shared::console::Failure;
use kessai_shared::tls::SERVER_NAME;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, Version};
use rustls::{ClientConfig, RootCertStore};

/// How long the client's own connection id is, in bytes.
pub const ID_BYTES: usize = 8;

/// A hello, and the connection id that stands in it.
pub struct Hello {
    pub id: [u8; ID_BYTES],
    /// The TLS stream from its beginning.
    pub stream: Vec<u8>,
}

impl Hello {
    /// A hello with a key exchange that fits into one datagram, or with the one that the settlement
    /// wants, which takes two.
    ///
    /// # Errors
    /// [`Failure`] when the TLS library makes none.
    pub fn new(id: [u8; ID_BYTES], alpn: &[u8], hybrid: bool) -> Result<Self, Failure> {
        let group = if hybrid { aws_lc_rs::kx_group::X25519MLKEM768 } else { aws_lc_rs::kx_group::X25519 };
        let config = Arc::new(client(group, Some(alpn))?);
        let name = ServerName::try_from(SERVER_NAME)?;
        let mut connection = ClientConnection::new(config, Version::V1, name, parameters(&id))?;
        let mut stream = Vec::new();
        let _ = connection.write_hs(&mut stream);
        Ok(Self { id, stream })
    }
}

/// A client of TLS 1.3 that has no certificate and believes no server.
///
/// # Errors
/// [`Failure`] when the TLS library refuses it.
pub fn client(group: &'static dyn SupportedKxGroup, alpn: Option<&[u8]>) -> Result<ClientConfig, Failure> {
    let provider = CryptoProvider { kx_groups: vec![group], ..aws_lc_rs::default_provider() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|alpn| alpn.to_vec()).collect();
    Ok(config)
}

/// The transport parameters without which a server refuses a client, and some room for data (RFC
/// 9000, section 18): the client's connection id, `initial_max_data` and `initial_max_streams_bidi`.
fn parameters(id: &[u8; ID_BYTES]) -> Vec<u8> {
    let mut parameters = vec![0x0f, ID_BYTES as u8];
    parameters.extend(id);
    parameters.extend([0x04, 0x04, 0x80, 0x01, 0x00, 0x00]);
    parameters.extend([0x08, 0x01, 0x04]);
    parameters
}
