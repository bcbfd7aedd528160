//! Sends spans to a collector, some at a time, over plain HTTP to an address of this machine or its network.
//! What a collector does not take at once is dropped and counted: a trace is worth less than a purchase.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Counts, Job, Span, otlp};

/// Where OTLP takes traces.
const PATH: &str = "/v1/traces";
/// Most spans of one request, and how long the first of them waits for others.
const MOST_SPANS: usize = 512;
const GATHERING: Duration = Duration::from_millis(500);
/// How long a collector has for one request.
const PATIENCE: Duration = Duration::from_secs(3);
/// The first and the longest pause after a request that failed.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Most bytes of a collector's answer that are read.
const MOST_ANSWER: u64 = 64 * 1024;

/// Sends what comes, until nobody can give it anything any more.
pub(super) async fn run(
    endpoint: SocketAddr,
    service: &'static str,
    mut jobs: mpsc::Receiver<Job>,
    counts: Arc<Counts>,
) {
    let mut pause = FIRST_PAUSE;
    let mut is_away = false;
    while let Some(first) = jobs.recv().await {
        let (spans, flush) = gather(first, &mut jobs).await;
        let failed = if spans.is_empty() { None } else { send(endpoint, service, &spans).await.err() };
        let counted = if failed.is_some() { &counts.dropped } else { &counts.sent };
        counted.fetch_add(spans.len() as u64, Ordering::Relaxed);
        if let Some(flush) = flush {
            // Whoever asked may have waited for long enough.
            let _ = flush.send(());
        }
        match failed {
            Some(why) => {
                if !is_away {
                    tracing::warn!(
                        "traces are dropped: the collector at {endpoint} does not take them: {why}"
                    );
                }
                is_away = true;
                // What comes meanwhile waits, and is dropped where there is no more room.
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            None if !spans.is_empty() => {
                if is_away {
                    tracing::info!("the collector at {endpoint} takes traces again");
                }
                (is_away, pause) = (false, FIRST_PAUSE);
            }
            None => {}
        }
    }
}

/// What belongs into one request, up to somebody who waits for it.
async fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Span>, Option<oneshot::Sender<()>>) {
    let until = Instant::now() + GATHERING;
    let (mut spans, mut next) = (Vec::new(), Some(first));
    while let Some(job) = next {
        match job {
            Job::Send(span) => spans.push(span),
            Job::Flush(tell) => return (spans, Some(tell)),
        }
        next =
            if spans.len() < MOST_SPANS { timeout_at(until, jobs.recv()).await.ok().flatten() } else { None };
    }
    (spans, None)
}

async fn send(endpoint: SocketAddr, service: &str, spans: &[Span]) -> Result<(), String> {
    let body = otlp::request(service, spans).to_string();
    match timeout(PATIENCE, post(endpoint, body)).await {
        Ok(sent) => sent,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// One request on a connection of its own (RFC 9112). At most one a second is made, so a connection that is
/// kept would save nothing, and of the answer only the status counts: that is why no HTTP client is here.
async fn post(endpoint: SocketAddr, body: String) -> Result<(), String> {
    let mut stream = TcpStream::connect(endpoint).await.map_err(text)?;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {endpoint}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.map_err(text)?;
    stream.write_all(body.as_bytes()).await.map_err(text)?;
    let mut answer = Vec::new();
    stream.take(MOST_ANSWER).read_to_end(&mut answer).await.map_err(text)?;
    let line = answer.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    match status.and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(format!("it answers {status}")),
        None => Err("it does not answer in HTTP".to_owned()),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
