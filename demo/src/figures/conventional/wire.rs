//! How the conventional parties are connected: TCP as it is, or TLS 1.3 with keys that are pinned, over QUIC
//! as everywhere here. The frames are the same.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::codec;
use kessai_shared::console::Failure;
use kessai_shared::exchange::{self, Client, Decoder, HEADER_BYTES, Limits, Service};
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::tls::{self, Migration, Peers, SERVER_NAME};
use quinn::Endpoint;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::message::{ALPN, Answer, Ask};

/// How long an answer may take.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// How long a connection over TCP may be quiet.
const QUIET_DEADLINE: Duration = Duration::from_secs(60);
/// Most that is read from a TCP stream at once, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// Bytes of a frame's length, which the length does not count.
const LENGTH_BYTES: usize = 4;

/// What a conventional system wears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dress {
    /// As systems of the year 2000 that the design set out to beat.
    Clear,
    /// As those of today.
    Tls,
}

/// Where somebody is, and which key it has, for dresses in which that counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Whom {
    pub address: SocketAddr,
    pub pin: Pin,
}

/// Answers until `stop` is done.
///
/// # Errors
/// [`Failure`] when the address cannot be had.
pub async fn serve<S>(
    (dress, listen): (Dress, SocketAddr),
    (identity, peers): (&Identity, Peers),
    service: Arc<S>,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Failure>
where
    S: Service<Request = Ask, Reply = Answer>,
{
    match dress {
        Dress::Tls => {
            let config = tls::server_config(identity, peers.clone(), ALPN, Migration::Allowed)?;
            let endpoint = RealNet::default().endpoint(listen, Some(config))?;
            ready(endpoint.local_addr()?);
            exchange::serve(endpoint, peers, service, Limits::default(), stop).await;
        }
        Dress::Clear => {
            let listener = TcpListener::bind(listen).await?;
            ready(listener.local_addr()?);
            tokio::select! {
                () = stop => {}
                () = accept(listener, service) => {}
            }
        }
    }
    Ok(())
}

async fn accept<S: Service<Request = Ask, Reply = Answer>>(listener: TcpListener, service: Arc<S>) {
    loop {
        // A connection that is gone before it was taken is the peer's affair.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(converse(stream, Arc::clone(&service)));
    }
}

/// Answers on one connection, one question after the other. Nobody is asked who he is.
async fn converse<S: Service<Request = Ask, Reply = Answer>>(stream: TcpStream, service: Arc<S>) {
    let mut line = Line::of(stream);
    while let Ok(Ok(Some((id, ask)))) = timeout(QUIET_DEADLINE, line.hear::<Ask>()).await {
        let answer = Arc::clone(&service).call(Pin([0; 32]), ask).await;
        if line.say(id, &answer).await.is_err() {
            return;
        }
    }
}

/// Frames over TCP.
struct Line {
    stream: TcpStream,
    decoder: Decoder,
}

impl Line {
    fn of(stream: TcpStream) -> Self {
        // Whoever cannot have it waits a little longer for small messages.
        let _ = stream.set_nodelay(true);
        Self { stream, decoder: Decoder::default() }
    }

    async fn say<T: Serialize>(&mut self, id: u64, message: &T) -> io::Result<()> {
        self.stream.write_all(&frame(id, message)).await
    }

    async fn hear<T: serde::de::DeserializeOwned>(&mut self) -> io::Result<Option<(u64, T)>> {
        let wrong = |_| io::Error::from(io::ErrorKind::InvalidData);
        loop {
            if let Some(frame) = self.decoder.take().map_err(wrong)? {
                return Ok(Some((frame.id, codec::decode(&frame.body).map_err(wrong)?)));
            }
            let mut piece = vec![0; READ_BYTES];
            match self.stream.read(&mut piece).await? {
                0 => return Ok(None),
                read => self.decoder.push(piece[..read].to_vec().into()),
            }
        }
    }
}

/// A message in a frame, as `shared::exchange` lays it out: length, id, message.
pub fn frame<T: Serialize>(id: u64, message: &T) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(&[0; LENGTH_BYTES]);
    head.extend_from_slice(&id.to_le_bytes());
    let mut frame = codec::encode_after(head, message);
    // A message of these is a few hundred bytes.
    let length = u32::try_from(frame.len() - LENGTH_BYTES).unwrap_or(u32::MAX);
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    frame
}

/// What a chart calls the messages that these bytes of a TCP stream begin with, if they are of ours.
pub fn label(bytes: &[u8]) -> Option<&'static str> {
    let body = bytes.get(HEADER_BYTES..)?;
    if let Ok(ask) = codec::decode::<Ask>(body) {
        return Some(ask.label());
    }
    codec::decode::<Answer>(body).ok().map(|answer| answer.label())
}

/// The asking side, on one connection that lasts and is made again when it is gone.
pub struct Caller {
    dress: Dress,
    whom: Whom,
    tls: Option<(Endpoint, quinn::ClientConfig)>,
    open: Mutex<Option<Open>>,
}

enum Open {
    Clear(Box<Line>),
    Tls(Client),
}

impl Caller {
    /// Connects with the first question.
    ///
    /// # Errors
    /// [`Failure`] when no socket can be had.
    pub fn new(dress: Dress, whom: Whom, identity: &Identity) -> Result<Self, Failure> {
        let tls = match dress {
            Dress::Clear => None,
            Dress::Tls => {
                let config = tls::client_config(identity, Peers::pins([whom.pin]), ALPN)?;
                let any = SocketAddr::from(([0, 0, 0, 0], 0));
                Some((RealNet::default().endpoint(any, None)?, config))
            }
        };
        Ok(Self { dress, whom, tls, open: Mutex::new(None) })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`Failure`] when there is none; then it may have been carried out all the same.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let mut open = self.open.lock().await;
        let mut connection = match open.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let answer = match &mut connection {
            Open::Tls(client) => client.call(ask, ANSWER_DEADLINE).await?,
            Open::Clear(line) => timeout(ANSWER_DEADLINE, ask_on(line, ask)).await??,
        };
        *open = Some(connection);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Open, Failure> {
        Ok(match (self.dress, &self.tls) {
            (Dress::Tls, Some((endpoint, config))) => {
                let client = Client::connect(endpoint, self.whom.address, config.clone(), SERVER_NAME);
                Open::Tls(client.await?)
            }
            (Dress::Clear, _) | (Dress::Tls, None) => {
                Open::Clear(Box::new(Line::of(TcpStream::connect(self.whom.address).await?)))
            }
        })
    }
}

async fn ask_on(line: &mut Line, ask: &Ask) -> io::Result<Answer> {
    line.say(1, ask).await?;
    let heard = line.hear().await?;
    heard.map(|(_, answer)| answer).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
}
