//! A link survives the end of its connection and of its server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kessai_shared::exchange::{CallError, Limits, Link, LinkError};
use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::tls::{Peers, client_config};
use tokio::task::JoinSet;

use crate::lasting::lasting;
use crate::service::{ALPN, Ask, BEFORE_ANY_DEADLINE, FOR_EVER, SOON, TestServer, Told, endpoint, identity};

fn link(addr: SocketAddr, pin: Pin) -> Link {
    let config = client_config(&identity(), Peers::pins([pin]), ALPN).unwrap();
    Link::new(endpoint(), addr, config)
}

async fn echo(link: &Link, value: u64) -> Result<Told, CallError> {
    link.call(&Ask::Echo(value), SOON).await
}

/// Waits until an address that somebody had is free again: its socket is let go of a moment later.
async fn is_free(addr: SocketAddr) {
    let begun = Instant::now();
    while std::net::UdpSocket::bind(addr).is_err() {
        assert!(begun.elapsed() < SOON, "{addr} does not come free");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks until there is an answer, as a caller whose requests may be repeated does.
async fn insist(link: &Link, patience: Duration) -> Duration {
    let started = Instant::now();
    let ask = Ask::Echo(1);
    while link.call::<_, Told>(&ask, Duration::from_millis(500)).await.is_err() {
        assert!(started.elapsed() < patience, "no answer in {patience:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

#[tokio::test]
async fn callers_that_come_at_once_share_one_connection() {
    let limits = Limits { max_connections_per_peer: 1, ..Limits::default() };
    let server = TestServer::with(&identity(), Peers::Any, limits);
    let link = link(server.addr, server.pin);
    assert!(!link.is_up());
    let mut calls = JoinSet::new();
    for value in 0..50 {
        let link = link.clone();
        calls.spawn(async move { echo(&link, value).await });
    }
    // A second connection of the key would be closed, and calls on it lost.
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert!(link.is_up());
}

#[tokio::test]
async fn a_link_comes_back_after_the_server_restarted() {
    let key = identity();
    let server = TestServer::at(lasting(), &key, Peers::Any, Limits::default());
    let addr = server.addr;
    let link = link(addr, server.pin);
    assert_eq!(echo(&link, 1).await, Ok(Told::Value(1)));
    server.stop().await;
    let error = link.call::<_, Told>(&Ask::Echo(2), Duration::from_millis(300)).await;
    assert!(error.is_err());
    assert!(!link.is_up());
    is_free(addr).await;
    let server = TestServer::at(addr, &key, Peers::Any, Limits::default());
    insist(&link, SOON * 2).await;
    assert!(link.is_up());
    assert!(server.calls() >= 1);
}

/// A server in a runtime of its own, which can be ended as abruptly as a process.
fn mortal_server(addr: SocketAddr, key: &Identity) -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(async { TestServer::at(addr, key, Peers::Any, Limits::default()) });
    let addr = server.addr;
    // Its stop channel must stay open, or the server would end in good order.
    std::mem::forget(server);
    (runtime, addr)
}

#[test]
fn a_crash_is_noticed_as_soon_as_the_server_is_back() {
    let key = identity();
    let (life, addr) = mortal_server(lasting(), &key);
    let client = tokio::runtime::Runtime::new().unwrap();
    let link = client.block_on(async { link(addr, key.pin()) });
    assert_eq!(client.block_on(echo(&link, 1)), Ok(Told::Value(1)));
    life.shutdown_timeout(SOON);
    client.block_on(is_free(addr));
    let (_second_life, _) = mortal_server(addr, &key);
    let error = client.block_on(echo(&link, 2)).unwrap_err();
    // A late acknowledgement of the first call may have told it before the second was sent.
    let (lost, not_sent) = (CallError::Lost(LinkError::Restarted), CallError::NotSent(LinkError::Restarted));
    assert!(error == lost || error == not_sent, "{error:?}");
    assert_eq!(client.block_on(echo(&link, 3)), Ok(Told::Value(3)));
}

#[tokio::test]
async fn a_slow_server_keeps_its_connection() {
    let limits = Limits { max_connections_per_peer: 1, ..Limits::default() };
    let server = TestServer::with(&identity(), Peers::Any, limits);
    let link = link(server.addr, server.pin);
    let slow = |millis, deadline: u64| {
        let link = link.clone();
        let ask = Ask::Wait { millis, value: 0 };
        let deadline = Duration::from_millis(deadline);
        tokio::spawn(async move { link.call::<_, Told>(&ask, deadline).await })
    };
    // The first call keeps its connection open, so that a second one would be one too many.
    let patient = slow(6_000, 60_000);
    for _ in 0..3 {
        // Long enough to hear at least that the request has come, on a machine that stands still for a moment.
        assert_eq!(slow(FOR_EVER, 1_000).await.unwrap(), Err(CallError::Timeout));
    }
    assert_eq!(echo(&link, 1).await, Ok(Told::Value(1)));
    assert_eq!(patient.await.unwrap(), Ok(Told::Value(0)));
}

#[tokio::test]
async fn a_dead_server_costs_no_more_than_the_deadline() {
    let link = link(SocketAddr::from(([127, 0, 0, 1], 9)), identity().pin());
    let started = Instant::now();
    let error = link.call::<_, Told>(&Ask::Echo(1), Duration::from_millis(300)).await;
    let error = error.unwrap_err();
    assert!(!error.may_have_happened(), "{error:?}");
    assert!(started.elapsed() < BEFORE_ANY_DEADLINE, "it took as long as a handshake may");
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_less_and_less_often() {
    let peers = Peers::pins([identity().pin()]);
    let server = TestServer::with(&identity(), peers, Limits::default());
    let link = link(server.addr, server.pin);
    let (started, asked_for) = (Instant::now(), Duration::from_millis(1500));
    let mut failures = 0;
    while started.elapsed() < asked_for || failures < 2 {
        assert!(echo(&link, 1).await.is_err());
        failures += 1;
    }
    // 50, 100, 200, 400 and 800 ms, each no less than halved, leave room for seven attempts; a machine that
    // stood still meanwhile has had time for some more.
    let longer = started.elapsed().saturating_sub(asked_for).as_millis() / 400;
    assert!(failures <= 7 + longer, "{failures} in {:?}", started.elapsed());
    assert_eq!(server.calls(), 0);
}
