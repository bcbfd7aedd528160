//! What goes on meanwhile: a terminal that buys and buys, and a second connection of the seller's that is
//! over when the stranger comes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::exchange::Client;
use kessai_shared::identity::Identity;
use kessai_shared::ids::Epoch;
use kessai_shared::net::Net;
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::node_file;
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{ALPN, Answered, Asked, Reply, Request, Sender, Witness};
use kessai_shared::tls::{self, Peers, SERVER_NAME};
use kessai_tui_client::shop_file::ShopFile;
use quinn::Endpoint;
use tokio::task::JoinHandle;

use super::site::{ACCOUNTS, PRODUCTS, SETTLEMENT};
use crate::bench::tables::Counter;
use crate::bench::till::Till;
use crate::lan::Host;
use crate::stranger::On;

/// How long the terminal rests between purchases.
const REST: Duration = Duration::from_millis(20);
/// How long a question of the second connection may take.
const SOON: Duration = Duration::from_secs(5);

/// A terminal that buys until it is told to stop.
pub struct Trade {
    stop: Arc<AtomicBool>,
    purchases: Arc<AtomicU64>,
    buying: JoinHandle<Option<String>>,
}

impl Trade {
    /// Connects, and begins to buy.
    ///
    /// # Errors
    /// [`Failure`] when the terminal cannot connect.
    pub async fn start(host: &Host, shop: ShopFile, home: &Path) -> Result<Self, Failure> {
        let till = Till::open(shop, home, &On(host.clone())).await?;
        let counter = Counter::new(ACCOUNTS, PRODUCTS).map_err(Failure::failed)?;
        let (stop, purchases) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&purchases));
        let buying = tokio::spawn(async move {
            while !stopped.load(Ordering::SeqCst) {
                let nth = counted.load(Ordering::SeqCst);
                if let Err(why) = till.buy(&counter, nth).await {
                    return Some(why);
                }
                counted.store(nth + 1, Ordering::SeqCst);
                tokio::time::sleep(REST).await;
            }
            till.leave().await;
            None
        });
        Ok(Self { stop, purchases, buying })
    }

    /// How many purchases were approved so far.
    #[must_use]
    pub fn purchases(&self) -> u64 {
        self.purchases.load(Ordering::SeqCst)
    }

    /// Waits until so many purchases were approved, or one failed.
    pub async fn until(&self, purchases: u64) {
        while self.purchases() < purchases && !self.buying.is_finished() {
            tokio::time::sleep(REST).await;
        }
    }

    /// Ends it: how many purchases were approved, and what went wrong with the one that failed.
    pub async fn end(self) -> (u64, Option<String>) {
        self.stop.store(true, Ordering::SeqCst);
        let failed = self.buying.await.unwrap_or_else(|error| Some(error.to_string()));
        (self.purchases.load(Ordering::SeqCst), failed)
    }
}

/// Connects with the seller's own keys from another port of its host, asks a question and says goodbye. What
/// was recorded of it belongs to a connection that the settlement has forgotten. The port that it came from.
///
/// # Errors
/// [`Failure`] when the settlement does not answer.
pub async fn visit(host: &Host, data: &Path, settlement: Pin, from: SocketAddr) -> Result<u16, Failure> {
    let identity = kessai_server::daemon::load_identity(data).map_err(Failure::failed)?;
    let endpoint = ask(host, &identity, data, settlement, from).await?;
    let port = endpoint.local_addr()?.port();
    endpoint.wait_idle().await;
    Ok(port)
}

async fn ask(
    host: &Host,
    identity: &Identity,
    data: &Path,
    settlement: Pin,
    from: SocketAddr,
) -> Result<Endpoint, Failure> {
    let gate = Gate::of_seller(&KnockKey::read(&data.join("keys").join("knock.key"))?);
    let config = gate.client_config(tls::client_config(identity, Peers::pins([settlement]), ALPN)?);
    let endpoint = On(host.clone()).closed(&Side::at(from), &gate, None)?;
    let client = Client::connect(&endpoint, SETTLEMENT, config, SERVER_NAME).await?;
    let node = node_file::load_or_create(data).map_err(Failure::failed)?;
    let by = Sender { epoch: Epoch::NONE, node, at: 0, witnessed: Witness::default() };
    let answered: Answered = client.call(&Asked { by, what: Request::Echo }, SOON).await?;
    match answered.reply {
        Reply::Echo { .. } => Ok(endpoint),
        _ => Err(Failure::failed("the settlement did not answer an echo")),
    }
}
