//! The shop as this terminal sees it: one long-lived connection, and every flow a shopper has. What
//! is signed is checked here, so nobody above ever shows something unproved.

mod buying;
mod kept;
mod legs;
mod nodes;
mod orders;
mod questions;
mod returns;
mod shelves;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::address::Address;
use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, Epoch};
use kessai_shared::net::Net;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{ALPN, Reply};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Peers};
use kessai_shared::trace;
use kessai_shared::writer::Clock;

pub use crate::ending::Ending;
use crate::home::Home;
pub use crate::shop_error::ShopError;
use crate::shop_file::ShopFile;
use crate::trust::Trust;
pub use legs::{Leg, TellLeg};
use nodes::Nodes;
pub use nodes::{Handed, Shown};

/// How long one question may take.
const CALL_DEADLINE: Duration = Duration::from_secs(5);
/// How long one attempt at an outcome may take: longer than the seller keeps us waiting.
const OUTCOME_DEADLINE: Duration = Duration::from_secs(12);
/// How long a seller may take to hear the issuer's keys from its settlement.
const KEYS_WAIT: Duration = Duration::from_secs(5);
/// How long a payment may be without an answer before the shop is asked whether it has the order: most
/// payments are answered sooner, and those cost no further question.
const FIRST_LOOK: Duration = Duration::from_millis(400);
const LONGEST_LOOK: Duration = Duration::from_secs(3);
/// How long the last spans of this terminal may take to leave.
const TRACES_WAIT: Duration = Duration::from_secs(1);
/// The first and the longest pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Shop {
    inner: Arc<Inner>,
    nodes: Nodes,
    customer: Customer,
    deliver_to: Option<Box<Address>>,
    patience: Duration,
}

struct Inner {
    file: ShopFile,
    home: Home,
    trust: Trust,
    clock: Clock,
}

impl Shop {
    /// A shop that is connected to with its first question.
    ///
    /// # Errors
    /// [`ShopError::Local`] when this terminal's key or socket cannot be had.
    pub fn new(file: ShopFile, home: Home, net: &impl Net, clock: Clock) -> Result<Self, ShopError> {
        let identity = home.identity().map_err(local)?;
        let nodes = nodes(&file, &identity, net)?;
        let trust = Trust::new(&file, identity);
        let inner = Inner { file, home, trust, clock };
        let patience = Duration::from_secs(30);
        Ok(Self { inner: Arc::new(inner), nodes, customer: Customer::default(), deliver_to: None, patience })
    }

    /// The same terminal on a connection of its own.
    ///
    /// # Errors
    /// As [`Shop::new`].
    pub fn another(&self, net: &impl Net) -> Result<Self, ShopError> {
        Ok(Self { nodes: nodes(&self.inner.file, self.identity(), net)?, ..self.clone() })
    }

    /// The same terminal buying for one of the people it serves.
    #[must_use]
    pub fn serving(&self, customer: Customer) -> Self {
        Self { customer, ..self.clone() }
    }

    /// The same terminal, whose goods go to this address. An order that is there already keeps its own.
    #[must_use]
    pub fn delivering_to(&self, address: Option<Address>) -> Self {
        Self { deliver_to: address.map(Box::new), ..self.clone() }
    }

    /// The same terminal, with so much patience for an outcome.
    #[must_use]
    pub fn patient_for(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Says goodbye to the seller; nothing can be asked afterwards.
    pub async fn leave(&self) {
        self.nodes.leave().await;
        trace::flush(TRACES_WAIT).await;
    }

    /// The key that this shop goes by in this terminal's files.
    pub fn seller(&self) -> Pin {
        self.inner.file.seller_pins.first().copied().unwrap_or(Pin([0; 32]))
    }

    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    /// How fresh is what the shop showed last; `None` for a shop with one address, which is never stale.
    pub fn shown(&self) -> Option<Shown> {
        self.nodes.are_several().then(|| self.nodes.shown())
    }

    /// Under which epoch the last answer was given, if it was one of the node in charge.
    pub fn told_under(&self) -> Option<Epoch> {
        self.nodes.told_under()
    }

    /// Which of the shop's addresses is asked at the moment.
    pub fn asks(&self) -> SocketAddr {
        self.nodes.asks()
    }

    /// This terminal's own files.
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    pub fn identity(&self) -> &Identity {
        &self.inner.trust.identity
    }
}

/// One socket for each kind of address: what is sent to a node says nothing of the others.
fn nodes(file: &ShopFile, identity: &Identity, net: &impl Net) -> Result<Nodes, ShopError> {
    let peers = Peers::pins(file.seller_pins.iter().copied());
    let config = tls::client_config(identity, peers, ALPN).map_err(local)?;
    let (mut four, mut six) = (None, None);
    let mut links = Vec::with_capacity(file.addresses.len());
    for address in &file.addresses {
        let (endpoint, any) = if address.is_ipv4() { (&mut four, "0.0.0.0:0") } else { (&mut six, "[::]:0") };
        let endpoint = match endpoint {
            Some(endpoint) => endpoint,
            None => {
                let any = any.parse().map_err(local)?;
                endpoint.insert(net.endpoint(any, None).map_err(local)?)
            }
        };
        links.push((*address, Link::new(endpoint.clone(), *address, config.clone())));
    }
    if links.is_empty() {
        return Err(ShopError::Local("the shop's file names no address".to_owned()));
    }
    Ok(Nodes::of(links))
}

fn another_order() -> ShopError {
    ShopError::Untrusted("the shop answered about something else".to_owned())
}

fn unexpected(reply: &Reply) -> ShopError {
    let what = match reply {
        Reply::Welcome(_) => "a welcome",
        Reply::Page(_) => "a page",
        Reply::Product(_) => "a product",
        Reply::Quoted(_) => "a quote",
        Reply::Order(_) => "an order",
        Reply::Orders(_) => "orders",
        Reply::Returned(_) => "a return",
        Reply::Refused(_) => "a refusal",
        Reply::Picture(_) => "a picture",
        Reply::Items(_) => "products",
    };
    ShopError::Untrusted(format!("the shop answered with {what}, which was not the question"))
}

fn local(error: impl std::fmt::Display) -> ShopError {
    ShopError::Local(error.to_string())
}
