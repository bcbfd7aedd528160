//! Where Prometheus fetches the figures of a daemon: one page over plain HTTP, on this machine only.

use std::net::{SocketAddr, TcpListener as Listener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::exposition::{CONTENT_TYPE, write};
use super::{Hour, Side};
use crate::config::Config;

/// Where the page is.
const PATH: &str = "/metrics";
/// Where it can be fetched, for whoever is on the same machine: an address on one line.
const ADDRESS_FILE: &str = "metrics.address";
/// Most connections at a time; others wait.
const MAX_CONNECTIONS: usize = 8;
/// The longest head of a request, in bytes, and the most lines that it has.
const MAX_HEAD_BYTES: usize = 8 * 1024;
const MAX_HEADERS: usize = 64;
/// How long one connection may last, from the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be taken: for want of files, for example.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes `metrics` out of a daemon's settings: an address of this machine, or nothing.
pub fn take(config: &mut Config) -> Option<SocketAddr> {
    let expected = "an address of this machine such as \"127.0.0.1:9464\"";
    let address: SocketAddr = config.take_parsed("metrics", expected)?;
    if !address.ip().is_loopback() {
        config.mistake(&format!(
            "metrics: {address} can be reached from other machines, and anybody there could read the figures; \
             expected {expected}"
        ));
        return None;
    }
    Some(address)
}

/// The place where figures are fetched. Nobody is answered any more once it is dropped.
pub struct Scrape {
    serving: JoinHandle<()>,
    file: PathBuf,
}

impl Scrape {
    /// Begins to answer for a daemon with this data folder, where its settings say so.
    ///
    /// # Errors
    /// A line when the address cannot be had.
    pub fn open(
        address: Option<SocketAddr>,
        (hour, side): (Hour, Side),
        data: &Path,
    ) -> Result<Option<Self>, String> {
        let Some(address) = address else { return Ok(None) };
        let file = data.join(ADDRESS_FILE);
        // The one that a killed daemon left behind names a place where nobody is.
        let _ = std::fs::remove_file(&file);
        let wrong = |error: std::io::Error| format!("metrics: {address} cannot be listened at: {error}");
        let listener = Listener::bind(address).map_err(wrong)?;
        listener.set_nonblocking(true).map_err(wrong)?;
        let at = listener.local_addr().map_err(wrong)?;
        let listener = TcpListener::from_std(listener).map_err(wrong)?;
        std::fs::write(&file, format!("{at}\n"))
            .map_err(|error| format!("{}: cannot be written: {error}", file.display()))?;
        tracing::info!("metrics are at http://{at}{PATH}");
        Ok(Some(Self { serving: tokio::spawn(serve(listener, hour, side)), file }))
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        self.serving.abort();
        let _ = std::fs::remove_file(&self.file);
    }
}

async fn serve(listener: TcpListener, hour: Hour, side: Side) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Nobody closes the places.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let hour = hour.clone();
        tokio::spawn(async move {
            let _place = place;
            // Whoever is too slow, or gone, comes again.
            let _ = timeout(PATIENCE, answer(stream, &hour, side)).await;
        });
    }
}

async fn answer(mut stream: TcpStream, hour: &Hour, side: Side) -> std::io::Result<()> {
    let (status, body) = match ask(&mut stream).await? {
        Asked::Page => ("200 OK", write(&hour.totals(), side, env!("CARGO_PKG_VERSION"))),
        Asked::Elsewhere => ("404 Not Found", format!("the figures are at {PATH}\n")),
        Asked::Otherwise => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
        Asked::Nonsense => ("400 Bad Request", "this is not a request of HTTP\n".to_owned()),
    };
    let kind = if status == "200 OK" { CONTENT_TYPE } else { "text/plain; charset=utf-8" };
    let allow = if status.starts_with("405") { "Allow: GET\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
    stream.shutdown().await
}

/// What somebody asks for.
enum Asked {
    Page,
    Elsewhere,
    /// Not with GET.
    Otherwise,
    Nonsense,
}

/// Reads the head of a request; there is no body to a GET.
async fn ask(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let (mut head, mut length) = (vec![0; MAX_HEAD_BYTES], 0);
    while length < head.len() {
        let more = stream.read(&mut head[length..]).await?;
        length += more;
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head[..length]) {
            Ok(httparse::Status::Complete(_)) => {
                let path = request.path.unwrap_or_default();
                let is_page = path.split('?').next() == Some(PATH);
                return Ok(match (request.method, is_page) {
                    (Some("GET"), true) => Asked::Page,
                    (Some("GET"), false) => Asked::Elsewhere,
                    (Some(_) | None, _) => Asked::Otherwise,
                });
            }
            Ok(httparse::Status::Partial) if more > 0 => {}
            Ok(httparse::Status::Partial) | Err(_) => return Ok(Asked::Nonsense),
        }
    }
    Ok(Asked::Nonsense)
}
