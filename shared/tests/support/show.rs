//! Ends of a connection that show what no end of ours does. Whoever includes this names the protocol, as
//! `ALPN`.

#![allow(dead_code, reason = "each test uses its own part of this")]

use std::sync::Arc;

use kessai_shared::pin::Pin;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ClientHello;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::ALPN;

/// What an end shows of itself.
#[derive(Clone)]
pub struct Show {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: Arc<KeyPair>,
    pub alpn: Vec<Vec<u8>>,
    pub groups: Vec<&'static dyn SupportedKxGroup>,
    pub show_nothing: bool,
}

impl Show {
    /// A show nobody has a reason to refuse.
    pub fn good() -> Self {
        Self::dated(2020, 2040)
    }

    /// A certificate with these years of validity.
    pub fn dated(from: i32, until: i32) -> Self {
        Self::of_key(Arc::new(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()), from, until)
    }

    /// A good certificate of an ECDSA key.
    pub fn ecdsa() -> Self {
        Self::of_kind(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// A good certificate of a key of another kind.
    pub fn of_kind(kind: &'static rcgen::SignatureAlgorithm) -> Self {
        Self::of_key(Arc::new(KeyPair::generate_for(kind).unwrap()), 2020, 2040)
    }

    /// An Ed25519 key for which another key vouches, with or without its certificate.
    pub fn vouched(with_issuer: bool) -> Self {
        Self::good().vouched_for(with_issuer)
    }

    /// The same key, for which another vouches.
    pub fn vouched_for(&self, with_issuer: bool) -> Self {
        let mut show = self.clone();
        let issuer_key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let issuer_certificate = params(2020, 2040).self_signed(&issuer_key).unwrap();
        let issuer = rcgen::Issuer::new(params(2020, 2040), issuer_key);
        let certificate = params(2020, 2040).signed_by(&*show.key, &issuer).unwrap();
        show.chain = vec![certificate.der().clone()];
        if with_issuer {
            show.chain.push(issuer_certificate.der().clone());
        }
        show
    }

    pub fn pin(&self) -> Pin {
        Pin::of_public_key(self.key.public_key_raw().try_into().unwrap())
    }

    /// A certificate of this key with these years of validity.
    pub fn of_key(key: Arc<KeyPair>, from: i32, until: i32) -> Self {
        let certificate = params(from, until).self_signed(&*key).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key,
            alpn: vec![ALPN.to_vec()],
            groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
            show_nothing: false,
        }
    }

    fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider { kx_groups: self.groups.clone(), ..aws_lc_rs::default_provider() })
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        Arc::new(CertifiedKey::new(self.chain.clone(), Arc::new(Stubborn(key))))
    }

    pub fn client_config(&self) -> quinn::ClientConfig {
        let builder = rustls::ClientConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Gullible));
        let mut config = if self.show_nothing {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_resolver(Arc::new(Always(self.certified())))
        };
        config.alpn_protocols = self.alpn.clone();
        quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
    }

    pub fn server_config(&self) -> quinn::ServerConfig {
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(self.certified())));
        config.alpn_protocols = self.alpn.clone();
        quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(config).unwrap()))
    }
}

fn params(from: i32, until: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// Signs as its key does, whatever the other end has asked for, which would rather have no certificate.
#[derive(Debug)]
struct Stubborn(Arc<dyn SigningKey>);

impl SigningKey for Stubborn {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let all = aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes();
        self.0.choose_scheme(&all)
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        self.0.algorithm()
    }
}

/// Shows one certificate, whether or not the key belongs to it.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl rustls::client::ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl rustls::server::ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Believes every server.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519, SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
