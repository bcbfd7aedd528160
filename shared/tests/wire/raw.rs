//! Ends of a connection that do what no end of ours does.

#[path = "../support/show.rs"]
mod show;

use std::net::SocketAddr;

use kessai_shared::codec;
use quinn::{Connection, Endpoint};
use tokio::time::timeout;

pub use self::show::Show;
use crate::service::{ALPN, Ask, SOON, Told, endpoint};

impl Show {
    /// Asks a server one question; whether it gave the answer.
    pub async fn is_answered_by(&self, addr: SocketAddr) -> bool {
        let endpoint = endpoint();
        let asking = async {
            let connecting = endpoint.connect_with(self.client_config(), addr, "x");
            ask(&connecting.ok()?.await.ok()?).await
        };
        timeout(SOON, asking).await.ok().flatten() == Some(Told::Value(7))
    }
}

/// The bytes of a frame around any body.
pub fn frame(id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).unwrap();
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend(id.to_le_bytes());
    frame.extend(body);
    frame
}

/// A server that answers the first bytes it gets on its first stream with `reply`.
pub fn answer_with(show: &Show, reply: Vec<u8>) -> SocketAddr {
    let addr = crate::service::localhost();
    let endpoint = Endpoint::server(show.server_config(), addr).unwrap();
    let addr = endpoint.local_addr().unwrap();
    tokio::spawn(async move {
        let connection = endpoint.accept().await?.await.ok()?;
        let (mut send, mut recv) = connection.accept_bi().await.ok()?;
        recv.read_chunk(1000, true).await.ok()?;
        send.write_all(&reply).await.ok()?;
        connection.closed().await;
        Some(())
    });
    addr
}

async fn ask(connection: &Connection) -> Option<Told> {
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    let question = frame(1, &codec::encode(&Ask::Echo(7)));
    send.write_all(&question).await.ok()?;
    let mut header = [0; 12];
    recv.read_exact(&mut header).await.ok()?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?);
    let mut body = vec![0; length as usize - 8];
    recv.read_exact(&mut body).await.ok()?;
    codec::decode(&body).ok()
}
