//! What a peer does wrong costs it its own connection and nothing else.

use kessai_shared::codec::{PeerFault, encode};
use kessai_shared::exchange::{CallError, Client, LinkError, MAX_FRAME_BYTES, close};
use kessai_shared::tls::{Peers, SERVER_NAME, client_config};
use quinn::ConnectionError;
use tokio::time::timeout;

use crate::raw::{Show, answer_with, frame};
use crate::service::{ALPN, Ask, SOON, TestServer, echo, endpoint, identity};

/// How often bytes are sent whose end only a reset told.
const TRIES: usize = 4;

/// Sends bytes on a stream, ends it if asked to, and returns the code the server closes with. The datagram that
/// says so may be lost among others, and then only a reset tells that the connection is gone: why it is has to be
/// heard within a few tries.
async fn send(server: &TestServer, bytes: &[u8], end: bool) -> u64 {
    for _ in 1..TRIES {
        if let Some(code) = code_of_end(server, bytes, end).await {
            return code;
        }
    }
    code_of_end(server, bytes, end).await.expect("a code")
}

/// The code of one try; none of a reset.
async fn code_of_end(server: &TestServer, bytes: &[u8], end: bool) -> Option<u64> {
    let endpoint = endpoint();
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let connecting = endpoint.connect_with(config, server.addr, SERVER_NAME);
    let connection = connecting.unwrap().await.unwrap();
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    // The server may close while this is still being written.
    let _ = send.write_all(bytes).await;
    if end {
        let _ = send.finish();
    }
    match timeout(SOON, connection.closed()).await {
        Ok(ConnectionError::ApplicationClosed(closed)) => Some(closed.error_code.into_inner()),
        Ok(ConnectionError::Reset) => None,
        other => panic!("not closed: {other:?}"),
    }
}

#[tokio::test]
async fn a_faulty_client_loses_its_connection_alone() {
    let server = TestServer::open();
    let bystander = server.client().await;
    assert_eq!(echo(&bystander, 1).await, Ok(1));
    let fault = close::FAULT.into_inner();
    let good = encode(&Ask::Echo(1));
    let mut trailing = good.clone();
    trailing.push(0);
    let whole = frame(1, &good);
    let second = [whole.clone(), frame(2, &[0xff])].concat();
    for (what, bytes, end) in [
        ("oversized", (MAX_FRAME_BYTES as u32 + 1).to_le_bytes().to_vec(), false),
        ("huge", vec![0xff; 100_000], false),
        ("no room for an id", 7_u32.to_le_bytes().to_vec(), false),
        ("undecodable", frame(1, &[0xff, 0xff]), false),
        ("empty", frame(1, &[]), false),
        ("trailing", frame(1, &trailing), false),
        ("a good frame before a bad one", second, false),
        ("truncated body", whole[..whole.len() - 1].to_vec(), true),
        ("truncated header", whole[..6].to_vec(), true),
    ] {
        assert_eq!(send(&server, &bytes, end).await, fault, "{what}");
        assert_eq!(echo(&bystander, 2).await, Ok(2), "{what}");
    }
    let done = close::DONE.into_inner();
    assert_eq!(send(&server, &whole, true).await, done, "a good client");
}

#[tokio::test]
async fn random_bytes_hurt_nobody() {
    let server = TestServer::open();
    let bystander = server.client().await;
    for round in 0..20 {
        let mut bytes = vec![0; 1 + round * 37];
        aws_lc_rs::rand::fill(&mut bytes).unwrap();
        if round % 2 == 0 && bytes.len() > 12 {
            // A length that fits leads the server on to the random body.
            let length = (bytes.len() - 4) as u32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            // No request begins with this byte, so that none is there by chance.
            bytes[12] = 0x7f;
        }
        assert_eq!(send(&server, &bytes, true).await, close::FAULT.into_inner());
        assert_eq!(echo(&bystander, 2).await, Ok(2));
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_on_its_replies_is_let_go() {
    let server = TestServer::open();
    let endpoint = endpoint();
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let connecting = endpoint.connect_with(config, server.addr, SERVER_NAME);
    let connection = connecting.unwrap().await.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let ask = encode(&Ask::Wait { millis: 50, value: 0 });
    send.write_all(&frame(1, &ask)).await.unwrap();
    recv.stop(close::DONE).unwrap();
    let closed = timeout(SOON, connection.closed()).await;
    assert!(
        matches!(&closed, Ok(ConnectionError::ApplicationClosed(why)) if why.error_code == close::DONE),
        "{closed:?}"
    );
}

#[tokio::test]
async fn a_second_stream_is_a_fault() {
    let server = TestServer::open();
    let endpoint = endpoint();
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let connecting = endpoint.connect_with(config, server.addr, SERVER_NAME);
    let connection = connecting.unwrap().await.unwrap();
    let mut streams = Vec::new();
    for id in 0..2 {
        let (mut send, recv) = connection.open_bi().await.unwrap();
        send.write_all(&frame(id, &encode(&Ask::Echo(1)))).await.unwrap();
        streams.push((send, recv));
    }
    match timeout(SOON, connection.closed()).await {
        Ok(ConnectionError::ApplicationClosed(closed)) => {
            assert_eq!(closed.error_code, close::FAULT);
        }
        other => panic!("not closed: {other:?}"),
    }
}

#[tokio::test]
async fn a_faulty_server_is_left_with_the_fault_named() {
    let lost = |fault| CallError::Lost(LinkError::Fault(fault));
    let bytes = MAX_FRAME_BYTES as u32 + 1;
    for (reply, error) in [
        (bytes.to_le_bytes().to_vec(), lost(PeerFault::TooLong { bytes })),
        (frame(9, &[]), lost(PeerFault::Unasked { id: 9 })),
        (frame(0, &[0xff]), CallError::PeerFault(PeerFault::Undecodable)),
        (frame(0, &[0, 7, 7]), CallError::PeerFault(PeerFault::Trailing { bytes: 1 })),
    ] {
        let show = Show::good();
        let addr = answer_with(&show, reply);
        let config = client_config(&identity(), Peers::pins([show.pin()]), ALPN).unwrap();
        let client = Client::connect(&endpoint(), addr, config, SERVER_NAME).await;
        let client = client.unwrap();
        let told = echo(&client, 1).await.unwrap_err();
        assert_eq!(told, error);
        assert!(told.may_have_happened());
        assert!(matches!(client.closed().await, LinkError::Fault(_)));
    }
}
