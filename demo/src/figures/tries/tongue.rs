//! How a stranger speaks: a real client of the protocol with a key of its own, and bytes over TCP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::tls::{self, Peers, SERVER_NAME, peer_pin};
use tokio::time::timeout;

use super::super::conventional::wire::Dress;
use crate::lan::Host;

/// How long a stranger waits for a connection, and for an answer.
const CONNECT_DEADLINE: Duration = Duration::from_millis(1_500);
const ANSWER_DEADLINE: Duration = Duration::from_millis(1_500);
/// Most bytes of an answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Bytes before the message of a frame.
const LENGTH_BYTES: usize = 4;

/// What came of speaking to somebody.
#[derive(Default)]
pub struct Heard {
    /// Whether a connection came about, as far as a client sees.
    pub is_connected: bool,
    /// The key that the other side has shown.
    pub key: Option<Pin>,
    /// A frame for each question, as long as there were answers.
    pub answers: Vec<Vec<u8>>,
}

/// Connects from a host and asks in frames, one after the other. `None` for the dress is the product.
///
/// # Errors
/// [`Failure`] when there is not even a socket. That nobody answers is no failure.
pub fn speak(
    from: &Host,
    dress: Option<Dress>,
    (to, alpn): (SocketAddr, &[u8]),
    questions: &[Vec<u8>],
) -> Result<Heard, Failure> {
    from.inside(|| match dress {
        Some(Dress::Clear) => Ok(over_tcp(to, questions)),
        Some(Dress::Tls) | None => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(over_quic(to, alpn, questions))
        }
    })?
}

fn over_tcp(to: SocketAddr, questions: &[Vec<u8>]) -> Heard {
    let mut heard = Heard::default();
    let Ok(mut stream) = TcpStream::connect_timeout(&to, CONNECT_DEADLINE) else { return heard };
    heard.is_connected = true;
    // Without a deadline nothing is read at all.
    if stream.set_read_timeout(Some(ANSWER_DEADLINE)).is_err() {
        return heard;
    }
    for question in questions {
        let mut head = [0; LENGTH_BYTES];
        let asked = stream.write_all(question).and_then(|()| stream.read_exact(&mut head));
        let length = u32::from_le_bytes(head) as usize;
        if asked.is_err() || length > MAX_ANSWER_BYTES {
            return heard;
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return heard;
        }
        heard.answers.push([&head[..], &body].concat());
    }
    heard
}

async fn over_quic(to: SocketAddr, alpn: &[u8], questions: &[Vec<u8>]) -> Result<Heard, Failure> {
    let mut heard = Heard::default();
    let identity = Identity::generate()?;
    let config = tls::client_config(&identity, Peers::Any, alpn)?;
    let endpoint = RealNet::default().endpoint(SocketAddr::from(([0, 0, 0, 0], 0)), None)?;
    let connecting = endpoint.connect_with(config, to, SERVER_NAME)?;
    let Ok(Ok(connection)) = timeout(CONNECT_DEADLINE, connecting).await else { return Ok(heard) };
    heard.is_connected = true;
    heard.key = peer_pin(&connection);
    // A refusal shows only now: TLS lets a client finish before the server has looked at its key.
    if let Ok((mut send, mut recv)) = connection.open_bi().await {
        for question in questions {
            let answer = async {
                send.write_all(question).await.ok()?;
                let mut head = [0; LENGTH_BYTES];
                recv.read_exact(&mut head).await.ok()?;
                let length = u32::from_le_bytes(head) as usize;
                let mut body = vec![0; length.min(MAX_ANSWER_BYTES)];
                recv.read_exact(&mut body).await.ok()?;
                Some([&head[..], &body].concat())
            };
            match timeout(ANSWER_DEADLINE, answer).await {
                Ok(Some(answer)) => heard.answers.push(answer),
                Ok(None) | Err(_) => break,
            }
        }
    }
    connection.close(0_u32.into(), b"");
    let _ = timeout(Duration::from_millis(100), endpoint.wait_idle()).await;
    Ok(heard)
}
