//! Connections that keep their server waiting: half a frame that grows by a byte at a time, and replies
//! that nobody reads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::codec;
use kessai_shared::exchange::close;
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{ALPN, Request, Search};
use kessai_shared::tls::{self, Peers};
use quinn::{Connection, ConnectionError, Endpoint, TransportConfig, VarInt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Addresses that they come from, each with a key of its own.
const ADDRESSES: usize = 8;
/// The frame that is announced and never ends, in bytes, and how much of it comes at once.
const ANNOUNCED: u32 = 90_000;
const AT_ONCE: usize = 24_000;
/// Pages that are asked for and not read, and their rows: as many as a terminal shows.
const PAGES: u64 = 64;
const ROWS: u16 = 20;

/// What became of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    pub connected: usize,
    /// Of these, those that trickle.
    pub trickled: usize,
    /// Of these, those that the seller closed because they did not go on.
    pub shown_out: usize,
}

/// How long connections keep their server waiting.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// Those that read nothing, all together.
    pub reading_nothing: Duration,
    /// Those that trickle, each from its first byte on.
    pub trickling: Duration,
}

/// Holds so many connections for some time.
pub fn hold(seller: SocketAddr, pin: Pin, count: usize, nth: u8, stay: Stay) -> Held {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let until = Instant::now() + stay.reading_nothing;
        let mut all = JoinSet::new();
        for at in 0..ADDRESSES {
            let endpoint = Endpoint::client(SocketAddr::from(([127, 3, nth, at as u8 + 1], 0)));
            let endpoint = endpoint.expect("an endpoint");
            let config = config(pin);
            for one in 0..count / ADDRESSES {
                let (endpoint, config) = (endpoint.clone(), config.clone());
                all.spawn(async move {
                    // They come one after the other, as fast as newcomers are let in.
                    sleep(Duration::from_millis(25 * one as u64)).await;
                    let connecting = endpoint.connect_with(config, seller, tls::SERVER_NAME);
                    let connection = connecting.expect("an address").await.ok()?;
                    let trickles = one % 2 == 0;
                    // One that is shown out stops before its time.
                    let _ = if trickles {
                        trickle(&connection, Instant::now() + stay.trickling).await
                    } else {
                        ask_on(&connection, until).await
                    };
                    Some((trickles, is_shown_out(&connection)))
                });
            }
        }
        let ends: Vec<(bool, bool)> = all.join_all().await.into_iter().flatten().collect();
        let trickled: Vec<bool> =
            ends.iter().filter(|(trickles, _)| *trickles).map(|(_, out)| *out).collect();
        let shown_out = trickled.iter().filter(|out| **out).count();
        Held { connected: ends.len(), trickled: trickled.len(), shown_out }
    })
}

/// Whether the seller closed a connection because its peer did not go on.
fn is_shown_out(connection: &Connection) -> bool {
    let reason = connection.close_reason();
    matches!(reason, Some(ConnectionError::ApplicationClosed(closed)) if closed.error_code == close::SLOW)
}

fn config(pin: Pin) -> quinn::ClientConfig {
    let identity = Identity::generate().expect("a key");
    let mut config = tls::client_config(&identity, Peers::pins([pin]), ALPN).expect("a configuration");
    let mut transport = TransportConfig::default();
    // What comes beyond that has to wait at the seller.
    transport
        .stream_receive_window(VarInt::from_u32(1_000))
        .keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    config
}

/// Asks once, so that it is taken for a terminal, and then sends a frame a byte a second.
async fn trickle(connection: &Connection, until: Instant) -> Option<()> {
    let (mut send, recv) = connection.open_bi().await.ok()?;
    send.write_all(&frame(0, &codec::encode(&Request::Hello))).await.ok()?;
    send.write_all(&ANNOUNCED.to_le_bytes()).await.ok()?;
    send.write_all(&[7; AT_ONCE]).await.ok()?;
    while Instant::now() < until {
        sleep(Duration::from_secs(1)).await;
        send.write_all(&[7]).await.ok()?;
    }
    drop(recv);
    Some(())
}

/// Asks for pages, and reads none of them.
async fn ask_on(connection: &Connection, until: Instant) -> Option<()> {
    let (mut send, recv) = connection.open_bi().await.ok()?;
    for id in 0..PAGES {
        let browse = Request::Browse { search: Search::default(), from: 0, limit: ROWS };
        send.write_all(&frame(id, &codec::encode(&browse))).await.ok()?;
    }
    sleep_until(until).await;
    drop(recv);
    Some(())
}

/// The bytes of a frame around any body.
fn frame(id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).expect("a length");
    [&length.to_le_bytes()[..], &id.to_le_bytes(), body].concat()
}
