//! The one check both sides make of each other's certificate.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Peers;
use crate::pin::Pin;

const ED25519_ONLY: &[&dyn SignatureVerificationAlgorithm] = &[webpki::aws_lc_rs::ED25519];

const SCHEMES: WebPkiSupportedAlgorithms =
    WebPkiSupportedAlgorithms { all: ED25519_ONLY, mapping: &[(SignatureScheme::ED25519, ED25519_ONLY)] };

/// The pin of the key in a certificate; `None` when it is not an Ed25519 key.
pub(super) fn pin_of(certificate: &CertificateDer<'_>) -> Option<Pin> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    Pin::of_spki(parsed.subject_public_key_info().as_ref())
}

/// Accepts a lone, valid, self-signed certificate of an Ed25519 key that the policy allows.
#[derive(Debug)]
pub(super) struct PinVerifier {
    peers: Peers,
}

impl PinVerifier {
    pub(super) fn new(peers: Peers) -> Self {
        Self { peers }
    }

    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        usage: KeyUsage,
    ) -> Result<Pin, Error> {
        // A chain could only say that somebody else vouches for the key, which means nothing here.
        if !intermediates.is_empty() {
            return Err(refusal(Refusal::Chain));
        }
        let parsed = EndEntityCert::try_from(certificate).map_err(webpki_error)?;
        let pin = Pin::of_spki(parsed.subject_public_key_info().as_ref())
            .ok_or_else(|| refusal(Refusal::KeyType))?;
        // With the certificate itself as the only anchor, the path is valid exactly when its dates
        // hold and its own key signed it.
        let anchor: TrustAnchor<'_> = anchor_from_trusted_cert(certificate).map_err(webpki_error)?;
        parsed
            .verify_for_usage(ED25519_ONLY, &[anchor], &[], now, usage, None, None)
            .map_err(webpki_error)?;
        Ok(pin)
    }

    fn allow(&self, pin: &Pin) -> Result<(), Error> {
        if self.peers.allow(pin) {
            return Ok(());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Who connects hears of it as an error, and says what it means.
        let pin = self.verify(end_entity, intermediates, now, KeyUsage::server_auth())?;
        self.allow(&pin).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(refusal(Refusal::OldTls))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &SCHEMES)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.supported_schemes()
    }
}

impl ClientCertVerifier for PinVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let pin = self.verify(end_entity, intermediates, now, KeyUsage::client_auth())?;
        let allowed = self.allow(&pin);
        if allowed.is_err() {
            tracing::info!(%pin, "refused a key that is not on the list");
        }
        allowed.map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(refusal(Refusal::OldTls))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &SCHEMES)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.supported_schemes()
    }
}

/// What no library error has a name for.
#[derive(Debug)]
enum Refusal {
    Chain,
    KeyType,
    OldTls,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "a certificate chain is not accepted",
            Self::KeyType => "the certificate holds no Ed25519 key",
            Self::OldTls => "TLS 1.2 is not spoken",
        })
    }
}

impl std::error::Error for Refusal {}

fn refusal(reason: Refusal) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}

fn webpki_error(error: webpki::Error) -> Error {
    Error::InvalidCertificate(match error {
        webpki::Error::CertExpired { time, not_after } => {
            CertificateError::ExpiredContext { time, not_after }
        }
        webpki::Error::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        webpki::Error::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        webpki::Error::BadDer | webpki::Error::BadDerTime => CertificateError::BadEncoding,
        webpki::Error::UnknownIssuer => CertificateError::UnknownIssuer,
        other => CertificateError::Other(OtherError(Arc::new(other))),
    })
}
