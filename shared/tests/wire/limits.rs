//! What a server takes on at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kessai_shared::exchange::{CallError, Limits, LinkError, close};
use kessai_shared::identity::Identity;
use kessai_shared::tls::{Peers, SERVER_NAME, client_config};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::service::{
    ALPN, FOR_EVER, SOON, TestServer, echo, endpoint, identity, localhost, until_counted, wait,
};

fn server(limits: Limits) -> TestServer {
    TestServer::with(&identity(), Peers::Any, limits)
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_their_turn() {
    let server = server(Limits { max_in_flight_per_connection: 4, ..Limits::default() });
    let client = server.client().await;
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let client = client.clone();
        calls.spawn(async move { wait(&client, 20, SOON).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.teller.most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_full_connection_does_not_hold_up_another() {
    let server = server(Limits { max_in_flight_per_connection: 2, ..Limits::default() });
    let (full, free) = (server.client().await, server.client().await);
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        let full = full.clone();
        calls.spawn(async move { wait(&full, FOR_EVER, SOON).await });
    }
    until_counted(&server.teller.calls, 2).await;
    let error = wait(&full, 0, Duration::from_millis(200)).await;
    assert_eq!(error, Err(CallError::Timeout));
    assert_eq!(server.calls(), 2);
    assert_eq!(echo(&free, 1).await, Ok(1));
}

#[tokio::test]
async fn a_client_that_asks_nothing_is_shown_out() {
    let server = server(Limits { first_frame_deadline: Duration::from_secs(3), ..Limits::default() });
    let busy = server.client().await;
    assert_eq!(echo(&busy, 1).await, Ok(1));
    let idle = server.client().await;
    let closed = timeout(SOON, idle.closed()).await.unwrap();
    let code = close::IDLE.into_inner();
    assert!(matches!(closed, LinkError::Closed { code: c, .. } if c == code), "{closed:?}");
    assert_eq!(echo(&busy, 2).await, Ok(2));
}

#[tokio::test]
async fn one_key_has_so_many_connections_and_no_more() {
    let server = server(Limits { max_connections_per_peer: 2, ..Limits::default() });
    let (key, other) = (identity(), identity());
    let first = server.client_as(&key).await.unwrap();
    let second = server.client_as(&key).await.unwrap();
    assert_eq!(echo(&first, 1).await, Ok(1));
    assert_eq!(echo(&second, 1).await, Ok(1));
    let third = server.client_as(&key).await.unwrap();
    let error = timeout(SOON, third.closed()).await.unwrap();
    let code = close::TOO_MANY.into_inner();
    assert!(matches!(error, LinkError::Closed { code: c, .. } if c == code), "{error:?}");
    let stranger = server.client_as(&other).await.unwrap();
    assert_eq!(echo(&stranger, 1).await, Ok(1));
    assert_eq!(echo(&first, 2).await, Ok(2));
    // A place is free again as soon as its connection is gone.
    drop(second);
    is_let_in(&server, &key).await;
}

#[tokio::test]
async fn a_full_server_says_so() {
    let server = server(Limits { max_connections: 1, ..Limits::default() });
    let first = server.client().await;
    assert_eq!(echo(&first, 1).await, Ok(1));
    let second = server.client_as(&identity()).await.err();
    assert_eq!(second, Some(LinkError::Busy));
    drop(first);
    is_let_in(&server, &identity()).await;
}

/// Tries until a place is free: a server hears a moment later that somebody has gone.
async fn is_let_in(server: &TestServer, key: &Identity) {
    let trying = async {
        loop {
            match server.client_as(key).await {
                Ok(client) if echo(&client, 1).await == Ok(1) => return,
                Ok(_) | Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(SOON, trying).await.expect("a place that is free");
}

/// The kind of the first packet a server sends to a new client: the upper half of its first byte.
async fn first_answer(server: &TestServer) -> u8 {
    let between = UdpSocket::bind(localhost()).await.unwrap();
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let client = endpoint();
    let addr = between.local_addr().unwrap();
    let _connecting = client.connect_with(config, addr, SERVER_NAME).unwrap();
    let mut packet = [0; 2000];
    let length = between.recv(&mut packet).await.unwrap();
    between.send_to(&packet[..length], server.addr).await.unwrap();
    loop {
        let (_, from) = between.recv_from(&mut packet).await.unwrap();
        if from == server.addr {
            return packet[0] >> 4;
        }
    }
}

#[tokio::test]
async fn a_client_must_prove_its_address_when_many_come() {
    // In QUIC version 1 a Retry packet begins with these four bits.
    const RETRY: u8 = 0b1111;
    for (retry_above, retried) in [(Some(0), true), (Some(1), false), (None, false)] {
        let server = server(Limits { retry_above, ..Limits::default() });
        let answer = timeout(SOON, first_answer(&server)).await.unwrap();
        assert_eq!(answer == RETRY, retried, "{retry_above:?}");
        assert_eq!(echo(&server.client().await, 1).await, Ok(1));
    }
}
