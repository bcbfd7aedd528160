//! Datagrams become as long as the path carries.

use std::time::Instant;

use kessai_shared::codec::encode;
use kessai_shared::net::{MAX_DATAGRAM_BYTES, Net, RealNet};
use kessai_shared::tls::{Peers, SERVER_NAME, client_config};

use crate::raw::frame;
use crate::service::{ALPN, Ask, SOON, TestServer, identity, localhost};

#[tokio::test]
async fn a_path_that_carries_jumbo_frames_is_given_them() {
    let server = TestServer::open();
    let endpoint = RealNet::default().endpoint(localhost(), None).unwrap();
    let config = client_config(&identity(), Peers::pins([server.pin]), ALPN).unwrap();
    let connection = endpoint.connect_with(config, server.addr, SERVER_NAME).unwrap().await.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let started = Instant::now();
    // A probe goes out with other packets, so there has to be something to say.
    while connection.stats().path.current_mtu < MAX_DATAGRAM_BYTES - 100 {
        assert!(started.elapsed() < SOON, "{:?}", connection.stats().path);
        send.write_all(&frame(1, &encode(&Ask::Echo(1)))).await.unwrap();
        recv.read_chunk(1000, true).await.unwrap().unwrap();
    }
    assert!(connection.stats().path.current_mtu <= MAX_DATAGRAM_BYTES);
}
