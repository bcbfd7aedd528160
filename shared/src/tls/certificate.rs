//! The certificate a daemon mints for itself whenever it starts.

use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;

use super::{SERVER_NAME, TlsError};
use crate::identity::Identity;
use crate::pin::PUBLIC_KEY_BYTES;

/// How far a certificate reaches back, for peers whose clock is behind.
const VALID_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a certificate is good for. A daemon mints a new one whenever it starts.
const VALID_AFTER: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// A certificate of the identity's key, signed by that key.
pub(super) fn mint(identity: &Identity) -> Result<CertificateDer<'static>, TlsError> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| TlsError::Certificate("the clock is before 1970".into()))?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, SERVER_NAME);
    params.not_before = epoch + now.saturating_sub(VALID_BEFORE);
    params.not_after = epoch + now + VALID_AFTER;
    let signer = Signer { public: identity.public(), identity };
    params
        .self_signed(&signer)
        .map(|certificate| certificate.der().clone())
        .map_err(|error| TlsError::Certificate(error.to_string()))
}

/// Lets the identity sign its certificate itself, so that no second copy of the key is made.
struct Signer<'a> {
    identity: &'a Identity,
    public: [u8; PUBLIC_KEY_BYTES],
}

impl rcgen::PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.identity.sign(message).to_vec())
    }
}
