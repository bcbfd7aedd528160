//! What must not spoil the copy: cuts at any moment, peers that send anything, strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kessai_shared::exchange::{self, Client, Service};
use kessai_shared::journal::Dice;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::replica::{Feed, LIMITS, wire};
use kessai_shared::tls::{Migration, Peers, SERVER_NAME, server_config};
use tempfile::tempdir;
use tokio::sync::watch;

use crate::nodes::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_again_and_again_it_ends_the_same() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let mut primary = Primary::start(one.path(), LONG);
    let (stop, stopped) = watch::channel(false);
    let trading = tokio::spawn(trade(primary.writer.clone(), stopped));
    let mut dice = Dice::new(4);
    let mut standby = Standby::start(two.path(), primary.address).await;
    for round in 0..7 {
        tokio::time::sleep(Duration::from_millis(dice.below(90) as u64)).await;
        if round % 3 == 2 {
            let head = standby.stop().await;
            assert_eq!(books(two.path()).1, head);
            standby = Standby::start(two.path(), primary.address).await;
        } else {
            // A handshake that is cut short keeps the address for as long as handshakes may take.
            standby.connects().await;
            primary.cut().await;
        }
    }
    stop.send_replace(true);
    let last = trading.await.expect("a trade");
    standby.reaches(last).await;
    standby.stop().await;
    primary.stop().await;
    assert_eq!(records(one.path()), records(two.path()));
}

/// A feed that spoils some of what it sends.
struct Liar {
    feed: Arc<Feed>,
    lies: AtomicU64,
    pulls: AtomicU64,
    how: fn(&mut wire::Reply, u64),
}

impl Service for Liar {
    type Request = wire::Request;
    type Reply = wire::Reply;

    async fn call(self: Arc<Self>, peer: Pin, request: wire::Request) -> wire::Reply {
        let mut reply = Arc::clone(&self.feed).call(peer, request).await;
        if matches!(&reply, wire::Reply::Chunk { bytes, .. } if !bytes.is_empty()) {
            let nth = self.pulls.fetch_add(1, Ordering::SeqCst);
            if self.lies.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
            {
                (self.how)(&mut reply, nth);
            }
        }
        reply
    }
}

fn spoil(reply: &mut wire::Reply, nth: u64) {
    if let wire::Reply::Chunk { bytes, .. } = reply {
        let at = Dice::new(nth + 1).below(bytes.len());
        bytes[at] ^= 1 << (nth % 8);
    }
}

fn shorten(reply: &mut wire::Reply, nth: u64) {
    if let wire::Reply::Chunk { bytes, .. } = reply {
        bytes.drain(..(nth as usize % 40 + 1).min(bytes.len()));
    }
}

fn repeat(reply: &mut wire::Reply, _: u64) {
    if let wire::Reply::Chunk { bytes, .. } = reply {
        bytes.extend_from_within(..);
    }
}

fn renumber(reply: &mut wire::Reply, nth: u64) {
    if let wire::Reply::Chunk { seq, .. } = reply {
        *seq = if nth.is_multiple_of(2) { u64::MAX } else { *seq + 1 };
    }
}

fn stuff(reply: &mut wire::Reply, nth: u64) {
    if let wire::Reply::Chunk { bytes, .. } = reply {
        *bytes = (0..400_000_u32).map(|byte| (byte as u64 * (nth + 3)) as u8).collect();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_not_proved_gets_into_the_copy() {
    for how in [spoil, shorten, repeat, renumber, stuff] {
        let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
        let primary = Primary::start(one.path(), LONG);
        let mut last = 0;
        for nth in 0..30 {
            last = primary.add((0..40).map(|account| (account, nth)).collect()).await;
        }
        let liar = Liar { feed: Arc::clone(&primary.feed), lies: 4.into(), pulls: 0.into(), how };
        let (peers, any) = (Peers::pins([key(1).pin()]), "127.0.0.1:0".parse().unwrap());
        let tls = server_config(&key(1), peers.clone(), wire::ALPN, Migration::Refused).unwrap();
        let endpoint = RealNet::default().endpoint(any, Some(tls)).unwrap();
        let address = endpoint.local_addr().unwrap();
        let serving = exchange::serve(endpoint, peers, Arc::new(liar), LIMITS, std::future::pending());
        let serving = tokio::spawn(serving);
        let standby = Standby::start(two.path(), address).await;
        // Once it has no lies left, the copy comes to be whole, and nothing else was ever in it.
        standby.reaches(last).await;
        standby.stop().await;
        serving.abort();
        primary.stop().await;
        assert_eq!(records(one.path()), records(two.path()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_shops_own_key_gets_anything() {
    let one = tempdir().unwrap();
    let primary = Primary::start(one.path(), LONG);
    primary.add(vec![(1, 1)]).await;
    for (own, theirs, gets_in) in [(1, 1, true), (2, 1, false), (1, 2, false), (2, 2, false)] {
        let dial = dial(primary.address, &key(own), &key(theirs));
        let connected = Client::connect(&dial.endpoint, dial.address, dial.config.clone(), SERVER_NAME).await;
        let hello = wire::Request::Hello { node: id(5), kind: *KIND.0, has: None };
        let told = match connected {
            Ok(client) => client.call::<_, wire::Reply>(&hello, SOON).await.is_ok(),
            Err(_) => false,
        };
        assert_eq!(told, gets_in, "{own} to {theirs}");
    }
    primary.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_cannot_claim_what_it_was_never_sent() {
    let one = tempdir().unwrap();
    let primary = Primary::start(one.path(), LONG);
    primary.feed.guard(Some(id(5)));
    primary.add(vec![(1, 1)]).await;
    let dial = dial(primary.address, &key(1), &key(1));
    let client =
        Client::connect(&dial.endpoint, dial.address, dial.config.clone(), SERVER_NAME).await.unwrap();
    let ask = |request: wire::Request| {
        let client = client.clone();
        async move { client.call::<_, wire::Reply>(&request, SOON).await.expect("an answer") }
    };
    let hello = wire::Request::Hello { node: id(5), kind: *KIND.0, has: None };
    let wire::Reply::Welcome(welcome) = ask(hello).await else { panic!("not welcome") };
    let session = welcome.session;
    for (session, position, refused) in [
        (session, 1, Some(wire::Refusal::Senseless)),
        (session, u64::MAX, Some(wire::Refusal::Senseless)),
        (session ^ 1, 0, Some(wire::Refusal::UnknownSession)),
        (session, 0, None),
    ] {
        let end = wire::End { position, ..wire::End::default() };
        let told = ask(wire::Request::Durable { session, end }).await;
        let expected = refused.map_or(wire::Reply::Noted, wire::Reply::Refused);
        assert!(told == expected, "{position}");
    }
    assert_eq!(primary.gate.reached(), 0);
    // A node that follows itself would wait for itself, and another daemon's journal is no use.
    let own = wire::Request::Hello { node: id(1), kind: *KIND.0, has: None };
    let other = wire::Request::Hello { node: id(5), kind: *b"SELL", has: None };
    for hello in [own, other] {
        assert!(ask(hello).await == wire::Reply::Refused(wire::Refusal::OtherJournal));
    }
    primary.stop().await;
}

/// Sooner than a question is given up that is on the way.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A feed that hears whoever asks to follow, and says nothing.
struct Mute;

impl Service for Mute {
    type Request = wire::Request;
    type Reply = wire::Reply;

    async fn call(self: Arc<Self>, _: Pin, _: wire::Request) -> wire::Reply {
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_says_nothing_holds_up_nobody_who_stops_following() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    let last = primary.add(vec![(1, 1)]).await;
    let standby = Standby::start(two.path(), primary.address).await;
    standby.reaches(last).await;
    standby.stop().await;
    primary.stop().await;
    let (peers, any) = (Peers::pins([key(1).pin()]), "127.0.0.1:0".parse().unwrap());
    let tls = server_config(&key(1), peers.clone(), wire::ALPN, Migration::Refused).unwrap();
    let endpoint = RealNet::default().endpoint(any, Some(tls)).unwrap();
    let address = endpoint.local_addr().unwrap();
    let serving = exchange::serve(endpoint, peers, Arc::new(Mute), LIMITS, std::future::pending());
    let serving = tokio::spawn(serving);
    // One that waits for the answer waits every time, and a machine that stands still does so now and then.
    let mut took = Vec::new();
    while took.iter().all(|took| *took > AT_ONCE) && took.len() < 4 {
        let standby = Standby::start(two.path(), address).await;
        // Its question is on the way by now, and takes two seconds to be given up.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        assert_eq!(standby.stop().await.position, last);
        took.push(begun.elapsed());
    }
    assert!(
        took.iter().any(|took| *took <= AT_ONCE),
        "it waits for an answer that nobody needs any more: {took:?}"
    );
    serving.abort();
}
