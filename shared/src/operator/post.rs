//! The answering side: an endpoint of its own beside the daemon's, and the file that says where it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::Daemon;
use super::keys;
use super::rights::Rights;
use crate::exchange::{self, Limits, Service};
use crate::identity::Identity;
use crate::net::Net;
use crate::net::knock::{Gate, KnockKey};
use crate::net::side::Side;
use crate::pin::Pin;
use crate::tls::{self, Migration, Peers};

/// Where the endpoint listens, for whoever is on the same machine: `ADDRESS PIN` on one line.
const ADDRESS_FILE: &str = "operator.address";

/// What operators may take of a daemon at once: they are few, and none may crowd a purchase out.
const LIMITS: Limits = Limits {
    max_connections: 40,
    max_connections_per_peer: 16,
    max_handshakes: 32,
    max_in_flight_per_connection: 8,
    retry_above: Some(8),
    ..Limits::USUAL
};

/// The file that says where a daemon's operator endpoint listens.
pub fn address_file(data: &Path) -> PathBuf {
    data.join(ADDRESS_FILE)
}

/// An endpoint that is open, before anybody is answered.
pub struct Post {
    endpoint: quinn::Endpoint,
    peers: Peers,
    rights: Rights,
    file: PathBuf,
    follow: JoinHandle<()>,
    limits: Limits,
}

/// An endpoint that answers, until it is told to stop.
pub struct Posted {
    stop: Option<oneshot::Sender<()>>,
    file: PathBuf,
    follow: JoinHandle<()>,
}

impl Post {
    /// Opens the endpoint of a daemon that goes by `identity`, unless operators connect nowhere. Whose
    /// keys may connect, the data folder says. A silent daemon is so to its operators' network too.
    ///
    /// # Errors
    /// A line on what is wrong with the keys, the list or the address.
    pub fn open<N: Net>(
        (net, listen): (&N, Option<SocketAddr>),
        identity: &Identity,
        data: &Path,
        daemon: Daemon,
    ) -> Result<Option<Self>, String> {
        let Some(listen) = listen else { return Ok(None) };
        let file = address_file(data);
        // The one that a killed daemon left behind names a place where nobody is.
        let _ = std::fs::remove_file(&file);
        let own = keys::own_key(data)?.pin();
        let rights = Rights::of_folder(data.to_owned(), own)?;
        let peers = Peers::Pins(Arc::clone(rights.pins()));
        let tls = tls::server_config(identity, peers.clone(), daemon.alpn, Migration::Refused)
            .map_err(|error| error.to_string())?;
        let endpoint = if daemon.is_silent {
            hand_out_knock_key(identity, own, data)?;
            let gate = Gate::of_settlement(identity, rights.pins());
            net.closed(&Side::at(listen), &gate, Some(tls))
        } else {
            net.endpoint(listen, Some(tls))
        };
        let endpoint =
            endpoint.map_err(|error| format!("the operators' endpoint: {error}; see operator_listen"))?;
        let address = endpoint.local_addr().map_err(|error| error.to_string())?;
        if !address.ip().is_loopback() {
            tracing::warn!("operators may connect from other machines, at {address}");
        }
        write(&file, &format!("{address} {}\n", identity.pin()))
            .map_err(|error| format!("{}: cannot be written: {error}", file.display()))?;
        let follow = tokio::spawn(keys::follow(data.to_owned(), rights.clone()));
        // Whoever has knocked is asked for nothing more: a Retry could be recorded, and would be answered.
        let retry_above = LIMITS.retry_above.filter(|_| !daemon.is_silent);
        Ok(Some(Self { endpoint, peers, rights, file, follow, limits: Limits { retry_above, ..LIMITS } }))
    }

    /// Begins to answer.
    pub fn serve<S: Service>(self, service: Arc<S>) -> Posted {
        let Self { endpoint, peers, rights: _, file, follow, limits } = self;
        let (stop, stopped) = oneshot::channel();
        let until = async {
            // One that is dropped stops too.
            let _ = stopped.await;
        };
        tokio::spawn(exchange::serve(endpoint, peers, service, limits, until));
        Posted { stop: Some(stop), file, follow }
    }
}

impl Posted {
    /// Takes no further requests; those in progress are answered.
    pub fn close(mut self) {
        self.stop.take();
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        self.follow.abort();
        let _ = std::fs::remove_file(&self.file);
    }
}

/// What operators may do, by the list of a data folder, where an endpoint may or may not be open.
///
/// # Errors
/// A line on what is wrong with the key or the list.
pub fn rights(post: Option<&Post>, data: &Path) -> Result<Rights, String> {
    match post {
        Some(post) => Ok(post.rights.clone()),
        None => Rights::of_folder(data.to_owned(), keys::own_key(data)?.pin()),
    }
}

/// The operator of this very folder needs no ceremony. A daemon whose folder was made anew has other keys.
fn hand_out_knock_key(identity: &Identity, own: Pin, data: &Path) -> Result<(), String> {
    let file = keys::knock_key_file(data);
    let _ = std::fs::remove_file(&file);
    KnockKey::of_seller(identity, &own).write(&file).map_err(|error| error.to_string())
}

/// Written aside and renamed, so that whoever reads it finds a whole file.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    std::fs::write(&draft, text)?;
    std::fs::rename(&draft, file)
}
