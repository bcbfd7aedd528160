//! Handshakes a second of our endpoints against plain quinn with the same suite: TLS 1.3, key exchange
//! X25519MLKEM768, self-signed Ed25519 certificates. Ours prove both keys and pin them; the plain ones
//! check certificates against a list of roots, once with client certificates and once without.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::identity::Identity;
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{self, Migration, Peers, SERVER_NAME};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{Endpoint, VarInt};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use serde::Serialize;
use tokio::task::JoinSet;

use super::compare::median;

/// Handshakes that are under way at any time.
const AT_ONCE: usize = 8;
/// How long an endpoint is used before its handshakes count.
const WARM_UP: Duration = Duration::from_millis(200);
const DONE: VarInt = VarInt::from_u32(0);

/// Medians over all rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    pub rounds: u32,
    /// Ours: both sides prove their keys.
    pub ours_per_second: f64,
    /// Plain quinn, client certificates asked for: the same work.
    pub mutual_per_second: f64,
    /// Plain quinn, only the server proves its key.
    pub server_only_per_second: f64,
    pub ratio_to_mutual: f64,
    pub ratio_to_server_only: f64,
}

impl Found {
    pub fn text(&self) -> String {
        let row = |name: &str, rate: f64, ratio: f64| format!("  {name:<34}{rate:>8.0}{ratio:>8.2}\n");
        let head = format!("  {:<34}{:>8}{:>8}\n", "handshakes a second", "", "ours ÷");
        head + &row("ours, both prove their keys", self.ours_per_second, 1.0)
            + &row("plain quinn, both", self.mutual_per_second, self.ratio_to_mutual)
            + &row("plain quinn, the server only", self.server_only_per_second, self.ratio_to_server_only)
            + &format!("\nmedians of {}\n", self.rounds)
    }
}

/// Both ends of a kind of endpoint.
struct Kind {
    server: quinn::ServerConfig,
    client: quinn::ClientConfig,
}

/// Measures all kinds in turn, so that what else the machine does meets all of them alike.
///
/// # Errors
/// [`Failure`] when a handshake fails.
pub async fn measure(rounds: u32, length: Duration) -> Result<Found, Failure> {
    let kinds = [ours()?, plain(true)?, plain(false)?];
    let mut rates = [const { Vec::new() }; 3];
    for round in 1..=rounds {
        eprintln!("handshakes, round {round} of {rounds} …");
        for (kind, rates) in kinds.iter().zip(&mut rates) {
            rates.push(rate(kind, length).await?);
        }
    }
    let [ours, mutual, server_only] = rates.map(|rates| median(&rates));
    Ok(Found {
        rounds,
        ours_per_second: ours,
        mutual_per_second: mutual,
        server_only_per_second: server_only,
        ratio_to_mutual: ours / mutual,
        ratio_to_server_only: ours / server_only,
    })
}

fn ours() -> Result<Kind, Failure> {
    let (server, client) = (Identity::generate()?, Identity::generate()?);
    Ok(Kind {
        server: tls::server_config(&server, Peers::pins([client.pin()]), ALPN, Migration::Allowed)?,
        client: tls::client_config(&client, Peers::pins([server.pin()]), ALPN)?,
    })
}

/// A certificate and its key.
struct Certified(CertificateDer<'static>, PrivateKeyDer<'static>);

fn certified() -> Result<Certified, Failure> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let certificate = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?.self_signed(&key)?;
    Ok(Certified(certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

fn plain(mutual: bool) -> Result<Kind, Failure> {
    let provider = Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    });
    let (Certified(server, server_key), Certified(client, client_key)) = (certified()?, certified()?);
    let roots = |certificate: &CertificateDer<'static>| {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).map(|()| Arc::new(roots))
    };
    let versions = &[&rustls::version::TLS13];
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(&client)?, Arc::clone(&provider));
    let builder = if mutual {
        builder.with_client_cert_verifier(verifier.build()?)
    } else {
        builder.with_no_client_auth()
    };
    let mut tls_server = builder.with_single_cert(vec![server.clone()], server_key)?;
    tls_server.alpn_protocols = vec![ALPN.to_vec()];
    // Neither side of ours resumes sessions, so neither does this one.
    tls_server.send_tls13_tickets = 0;
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    let builder = builder.with_root_certificates(roots(&server)?);
    let mut tls_client = if mutual {
        builder.with_client_auth_cert(vec![client], client_key)?
    } else {
        builder.with_no_client_auth()
    };
    tls_client.alpn_protocols = vec![ALPN.to_vec()];
    tls_client.resumption = rustls::client::Resumption::disabled();
    Ok(Kind {
        server: quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls_server)?)),
        client: quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls_client)?)),
    })
}

/// Handshakes a second, counted where they are complete for both: at the server.
async fn rate(kind: &Kind, length: Duration) -> Result<f64, Failure> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Endpoint::server(kind.server.clone(), any)?;
    let mut client = Endpoint::client(any)?;
    client.set_default_client_config(kind.client.clone());
    let address = server.local_addr()?;
    let complete = Arc::new(AtomicU64::new(0));
    let accepting = tokio::spawn(accept(server.clone(), Arc::clone(&complete)));
    let begun = Instant::now();
    let until = begun + WARM_UP + length;
    let mut callers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let client = client.clone();
        callers.spawn(async move {
            while Instant::now() < until {
                let connection = client.connect(address, SERVER_NAME).map_err(Failure::failed)?.await?;
                connection.close(DONE, b"");
            }
            Ok::<(), Failure>(())
        });
    }
    tokio::time::sleep(WARM_UP).await;
    let (from, before) = (Instant::now(), complete.load(Ordering::Relaxed));
    tokio::time::sleep(length).await;
    let (took, counted) = (from.elapsed(), complete.load(Ordering::Relaxed) - before);
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    client.close(DONE, b"");
    server.close(DONE, b"");
    accepting.await?;
    Ok(counted as f64 / took.as_secs_f64())
}

async fn accept(server: Endpoint, complete: Arc<AtomicU64>) {
    while let Some(incoming) = server.accept().await {
        let complete = Arc::clone(&complete);
        tokio::spawn(async move {
            // A client that is done closes at once, perhaps before its last flight was looked at.
            if let Ok(connecting) = incoming.accept()
                && let Ok(connection) = connecting.await
            {
                complete.fetch_add(1, Ordering::Relaxed);
                connection.closed().await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_kind_shakes_hands() {
        let found = measure(1, Duration::from_millis(100)).await.map_err(|failure| failure.line);
        let found = found.expect("handshakes");
        let rates = [found.ours_per_second, found.mutual_per_second, found.server_only_per_second];
        assert!(rates.iter().all(|rate| *rate > 0.0), "{found:?}");
    }
}
