//! The control: the settlement's protocol on an endpoint without a gate, which no product can be made into.

use std::net::SocketAddr;
use std::sync::Arc;

use kessai_shared::console::Failure;
use kessai_shared::exchange::{Limits, Service, serve};
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{ALPN, Answered, Asked, Refusal, Reply, Witness};
use kessai_shared::tls::{self, Migration, Peers};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::lan::Host;
use crate::stranger::On;

/// An endpoint that runs until it is let go of.
pub struct Unfiltered {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// Nobody gets as far as to be answered by it.
struct Nobody;

impl Service for Nobody {
    type Request = Asked;
    type Reply = Answered;

    async fn call(self: Arc<Self>, _peer: Pin, _request: Asked) -> Answered {
        Answered { witness: Witness::default(), reply: Reply::Refused(Refusal::TryLater) }
    }
}

impl Unfiltered {
    /// Starts one that lets in nobody but this seller.
    ///
    /// # Errors
    /// [`Failure`] when the address cannot be had.
    pub fn start(host: &Host, address: SocketAddr, seller: Pin) -> Result<Self, Failure> {
        let (identity, peers) = (Identity::generate()?, Peers::pins([seller]));
        let config = tls::server_config(&identity, peers.clone(), ALPN, Migration::Refused)?;
        let net = RealNet::of_identity(&identity);
        let endpoint = On(host.clone()).inside(|| net.endpoint(address, Some(config)))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(serve(endpoint, peers, Arc::new(Nobody), Limits::default(), until));
        Ok(Self { stop, serving })
    }

    /// Stops it.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}
