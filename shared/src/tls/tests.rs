//! A handshake in memory, where the TLS library shows what quinn hides.

use rustls::quic::{ClientConnection, Connection, ServerConnection, Version};
use rustls::{HandshakeKind, NamedGroup, ProtocolVersion};

use super::*;

#[test]
fn the_handshake_is_hybrid_and_never_resumed() {
    let (server, client) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let server_config = Arc::new(rustls_server(&server, Peers::pins([client.pin()]), b"test").unwrap());
    let client_config = Arc::new(rustls_client(&client, Peers::pins([server.pin()]), b"test").unwrap());
    for _ in 0..2 {
        let name = SERVER_NAME.try_into().unwrap();
        let mut ends = [
            ClientConnection::new(Arc::clone(&client_config), Version::V1, name, vec![]).unwrap().into(),
            ServerConnection::new(Arc::clone(&server_config), Version::V1, vec![]).unwrap().into(),
        ];
        shake_hands(&mut ends);
        for end in &ends {
            assert!(!end.is_handshaking());
            let group = end.negotiated_key_exchange_group().unwrap().name();
            assert_eq!(group, NamedGroup::X25519MLKEM768);
            assert_eq!(end.protocol_version(), Some(ProtocolVersion::TLSv1_3));
            assert_eq!(end.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(end.alpn_protocol(), Some(&b"test"[..]));
        }
    }
}

fn shake_hands([client, server]: &mut [Connection; 2]) {
    carry(client, server);
    carry(server, client);
    carry(client, server);
    assert_eq!(carry(server, client), 0, "a ticket follows the handshake");
}

/// Hands over what one end has to say, in the portions its keys divide it into.
fn carry(from: &mut Connection, to: &mut Connection) -> usize {
    let mut carried = 0;
    loop {
        let mut bytes = Vec::new();
        let keys = from.write_hs(&mut bytes);
        to.read_hs(&bytes).unwrap();
        carried += bytes.len();
        if keys.is_none() && bytes.is_empty() {
            return carried;
        }
    }
}
