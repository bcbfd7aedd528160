//! What strangers can make an endpoint do that anybody may reach.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kessai_shared::codec;
use kessai_shared::exchange::{CallError, Client, Limits, LinkError, Strangers, close};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::tls::{Peers, SERVER_NAME, client_config};
use quinn::{Connection, ConnectionError, TransportConfig, VarInt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::raw::frame;
use crate::service::{
    ALPN, Ask, FOR_EVER, SOON, TestServer, Told, echo, endpoint, identity, localhost, until_counted, wait,
};

const SHORT: Duration = Duration::from_millis(300);
/// How long a connection may be idle where a test is about who is longer idle than another: a machine that stands
/// still for a moment is not to make one idle.
const SPARE_AFTER: Duration = Duration::from_millis(2_500);

fn server(limits: Limits) -> TestServer {
    TestServer::with(&identity(), Peers::Any, limits)
}

fn strangers(strangers: Strangers) -> TestServer {
    server(Limits { strangers: Some(strangers), ..Limits::OPEN })
}

/// A connection in the hands of the test, whose streams take so many bytes before they are read.
async fn connection(server: &TestServer, window: u32) -> Connection {
    let mut config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(VarInt::from_u32(window));
    config.transport_config(std::sync::Arc::new(transport));
    endpoint().connect_with(config, server.addr, SERVER_NAME).unwrap().await.unwrap()
}

/// With which code a connection is ended. The datagram that says so may be lost among others of a peer that
/// goes on writing, and then only a reset tells that the connection is gone: `or_reset` stands for it.
async fn code_of_end(connection: &Connection, or_reset: VarInt) -> VarInt {
    match timeout(SOON, connection.closed()).await.expect("an end") {
        ConnectionError::ApplicationClosed(closed) => closed.error_code,
        ConnectionError::Reset => or_reset,
        other => panic!("{other}"),
    }
}

async fn client_at(server: &TestServer, addr: SocketAddr) -> Result<Client, LinkError> {
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let endpoint = RealNet::default().endpoint(addr, None).unwrap();
    Client::connect(&endpoint, server.addr, config, SERVER_NAME).await
}

#[tokio::test]
async fn a_frame_that_trickles_ends_its_connection_and_no_other() {
    let server = server(Limits { frame_deadline: SHORT, ..Limits::OPEN });
    let good = server.client().await;
    let slow = connection(&server, 100_000).await;
    let (mut send, _recv) = slow.open_bi().await.unwrap();
    send.write_all(&frame(1, &codec::encode(&Ask::Echo(7)))).await.unwrap();
    send.write_all(&frame(2, &[0; 1_000])[..20]).await.unwrap();
    let trickle = async {
        loop {
            sleep(Duration::from_millis(50)).await;
            if send.write_all(&[0]).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let code = tokio::select! {
        code = code_of_end(&slow, close::SLOW) => code,
        () = trickle => unreachable!(),
    };
    assert_eq!(code, close::SLOW);
    assert_eq!(echo(&good, 1).await, Ok(1));
    // One that is merely idle between frames is left alone.
    sleep(3 * SHORT).await;
    assert_eq!(echo(&good, 2).await, Ok(2));
}

#[tokio::test]
async fn a_first_frame_that_trickles_is_no_request() {
    let server = server(Limits { first_frame_deadline: SHORT, ..Limits::OPEN });
    let slow = connection(&server, 100_000).await;
    let (mut send, _recv) = slow.open_bi().await.unwrap();
    send.write_all(&frame(1, &[0; 1_000])[..20]).await.unwrap();
    assert_eq!(code_of_end(&slow, close::IDLE).await, close::IDLE);
}

#[tokio::test]
async fn replies_that_nobody_reads_end_their_connection() {
    let server = server(Limits { reply_deadline: SHORT, ..Limits::OPEN });
    let deaf = connection(&server, 1_000).await;
    let (mut send, _recv) = deaf.open_bi().await.unwrap();
    send.write_all(&frame(1, &codec::encode(&Ask::Blob(vec![0; 50_000])))).await.unwrap();
    assert_eq!(code_of_end(&deaf, close::SLOW).await, close::SLOW);
}

#[tokio::test]
async fn one_who_never_reads_is_shown_out_when_the_common_room_is_full() {
    let server = strangers(Strangers { common_bytes: 100_000, ..Strangers::USUAL });
    let deaf = connection(&server, 1_000).await;
    let (mut send, _recv) = deaf.open_bi().await.unwrap();
    for id in 0..8 {
        if send.write_all(&frame(id, &codec::encode(&Ask::Give(50_000)))).await.is_err() {
            break;
        }
    }
    assert_eq!(code_of_end(&deaf, close::SLOW).await, close::SLOW);
    // All of it is given back, so the next one has as much.
    let good = server.client().await;
    let asked = good.call::<_, Told>(&Ask::Give(90_000), SOON).await;
    assert_eq!(asked, Ok(Told::Blob(vec![0; 90_000])));
}

#[tokio::test]
async fn half_a_long_frame_needs_room_that_is_there() {
    let server = strangers(Strangers { common_bytes: 0, ..Strangers::USUAL });
    let slow = connection(&server, 100_000).await;
    let (mut send, _recv) = slow.open_bi().await.unwrap();
    send.write_all(&frame(1, &[0; 50_000])[..40_000]).await.unwrap();
    assert_eq!(code_of_end(&slow, close::SLOW).await, close::SLOW);
    assert_eq!(echo(&server.client().await, 1).await, Ok(1));
}

#[tokio::test]
async fn a_request_that_is_too_long_for_strangers_is_a_fault() {
    let server = server(Limits { max_request_bytes: 1_000, ..Limits::OPEN });
    let client = server.client().await;
    assert_eq!(echo(&client, 1).await, Ok(1));
    let blob = client.call::<_, Told>(&Ask::Blob(vec![0; 1_001]), SOON).await;
    assert!(
        matches!(blob, Err(CallError::Lost(LinkError::Closed { code: 1, .. } | LinkError::Restarted))),
        "{blob:?}"
    );
}

#[tokio::test]
async fn a_connection_widens_when_it_has_use_for_it_and_there_is_room() {
    let server = strangers(Strangers { narrow_in_flight: 2, wide_connections: 1, ..Strangers::USUAL });
    let mut most = Vec::new();
    // The second finds the one wide place taken.
    let clients = [server.client().await, server.client().await];
    // So long that all that may be under way at once are, on a slow machine too.
    for (client, millis) in clients.iter().zip([2_000, 200]) {
        for value in 0..64 {
            assert_eq!(echo(client, value).await, Ok(value));
        }
        server.teller.most.store(0, Ordering::SeqCst);
        let mut calls = JoinSet::new();
        for _ in 0..12 {
            let client = client.clone();
            calls.spawn(async move { wait(&client, millis, SOON).await });
        }
        assert!(calls.join_all().await.iter().all(Result::is_ok));
        most.push(server.teller.most.load(Ordering::SeqCst));
    }
    assert_eq!(most, [12, 2]);
}

#[tokio::test]
async fn long_requests_take_the_places_of_several() {
    let server = strangers(Strangers { narrow_in_flight: 4, wide_connections: 0, ..Strangers::USUAL });
    let slow = connection(&server, 1_000).await;
    let (mut send, _recv) = slow.open_bi().await.unwrap();
    // Its reply does not fit into the window, so its places stay taken: two of four.
    send.write_all(&frame(0, &codec::encode(&Ask::Blob(vec![0; 6_000])))).await.unwrap();
    for id in 1..5 {
        let asked = frame(id, &codec::encode(&Ask::Wait { millis: FOR_EVER, value: 0 }));
        send.write_all(&asked).await.unwrap();
    }
    until_counted(&server.teller.calls, 2).await;
    sleep(SHORT).await;
    assert!((2..=3).contains(&server.calls()), "{}", server.calls());
}

#[tokio::test]
async fn the_longest_idle_makes_room_when_places_are_scarce() {
    let server = server(Limits { max_connections: 2, spare_after: SPARE_AFTER, ..Limits::OPEN });
    let (first, second) = (server.client().await, server.client().await);
    assert_eq!(echo(&first, 1).await, Ok(1));
    assert_eq!(echo(&second, 1).await, Ok(1));
    // Nobody has been idle for long.
    assert_eq!(server.client_as(&identity()).await.err(), Some(LinkError::Busy));
    sleep(SPARE_AFTER + SHORT).await;
    assert_eq!(echo(&second, 2).await, Ok(2));
    // Either might go now, and the first has been idle for longer.
    sleep(SPARE_AFTER + SHORT).await;
    let let_in = async {
        loop {
            // The server counts idleness itself, and may have stood still meanwhile.
            match server.client_as(&identity()).await {
                Err(LinkError::Busy) => sleep(SHORT).await,
                other => return other.expect("a place"),
            }
        }
    };
    let third = timeout(SOON, let_in).await.expect("a place in time");
    assert_eq!(echo(&third, 1).await, Ok(1));
    let end = timeout(SOON, first.closed()).await.unwrap();
    let idle = close::IDLE.into_inner();
    assert!(matches!(end, LinkError::Closed { code, .. } if code == idle), "{end:?}");
    assert_eq!(echo(&second, 3).await, Ok(3));
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_a_neighbour_its_own() {
    let server = strangers(Strangers { connections_per_address: 2, ..Strangers::USUAL });
    let kept = [server.client().await, server.client().await];
    assert_eq!(echo(&kept[0], 1).await, Ok(1));
    assert_eq!(echo(&kept[1], 1).await, Ok(1));
    assert_eq!(client_at(&server, localhost()).await.err(), Some(LinkError::Busy));
    let neighbour = client_at(&server, SocketAddr::from(([127, 0, 0, 2], 0))).await.unwrap();
    assert_eq!(echo(&neighbour, 1).await, Ok(1));
    drop(kept);
    let let_in = async {
        loop {
            // The server hears a moment later that they have gone.
            match client_at(&server, localhost()).await {
                Ok(client) => return echo(&client, 1).await,
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    assert_eq!(timeout(SOON, let_in).await.expect("a place"), Ok(1));
}

#[tokio::test]
async fn whoever_comes_too_fast_is_let_in_a_little_later() {
    let server = strangers(Strangers { new_at_once: 2, new_per_second: 1, ..Strangers::USUAL });
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(echo(&server.client().await, 1).await, Ok(1));
    }
    // The transport of the third sends its first packet again after a second.
    assert!(begun.elapsed() > Duration::from_millis(700), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}
