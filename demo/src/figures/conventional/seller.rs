//! The seller of a conventional system: in Figure 4/5 it is given the card and asks; in Figure 4/6 it is
//! given an approval and believes it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kessai_shared::console::{self, Failure};
use kessai_shared::exchange::Service;
use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::money::Minor;
use kessai_shared::outcome::ResponseCode;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use kessai_shared::tls::Peers;
use serde::{Deserialize, Serialize};

use super::message::{APPROVAL_DIGITS, Answer, Approval, Ask};
use super::wire::{self, Caller, Dress, Whom};
use super::{mint, say_ready};

/// Most pieces of one order.
const MAX_QUANTITY: u32 = 1_000;

/// What one is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub dress: Dress,
    /// What it sells, and for how much.
    pub sku: String,
    pub price: Minor,
    /// Whom it asks, in Figure 4/5; in Figure 4/6 it asks nobody.
    pub settlement: Option<Whom>,
}

/// The key that a seller in this folder has.
///
/// # Errors
/// [`Failure`] when it cannot be made.
pub fn identity(data: &Path) -> Result<Identity, Failure> {
    std::fs::create_dir_all(data)?;
    Ok(Identity::load_or_create(data.join("conventional.key"))?)
}

/// Serves until the parent is gone.
///
/// # Errors
/// [`Failure`] when the folder or the address cannot be had.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let stop = console::stop_request(true)?;
    let identity = identity(&plan.data)?;
    let settlement = plan.settlement.map(|whom| Caller::new(plan.dress, whom, &identity)).transpose()?;
    let orders = OpenOptions::new().create(true).append(true).open(plan.data.join("orders.log"))?;
    let orders = Mutex::new(Orders { file: orders, used: BTreeSet::new() });
    let (listen, dress, merchant) = (plan.listen, plan.dress, identity.pin());
    let service = Arc::new(Shop { plan, merchant, settlement, orders });
    let ready = |address| say_ready(address, &identity.pin());
    wire::serve((dress, listen), (&identity, Peers::Any), service, ready, stop).await
}

struct Shop {
    plan: Plan,
    merchant: Pin,
    settlement: Option<Caller>,
    orders: Mutex<Orders>,
}

/// The seller's books: a line for each step of an order, on the disk before anybody hears of it.
struct Orders {
    file: File,
    /// Approvals that goods were given for. A seller that knows nothing else of an approval at least takes
    /// each one once.
    used: BTreeSet<OrderId>,
}

impl Service for Shop {
    type Request = Ask;
    type Reply = Answer;

    async fn call(self: Arc<Self>, _peer: Pin, ask: Ask) -> Answer {
        match ask {
            Ask::Price { sku, quantity } => match self.price(&sku, quantity) {
                Some(price) => Answer::Price(price),
                None => Answer::Refused("there are no such goods".to_owned()),
            },
            Ask::Buy { sku, quantity, card } => {
                let (Some(amount), Some(settlement)) = (self.price(&sku, quantity), &self.settlement) else {
                    return Answer::Refused("this cannot be bought so here".to_owned());
                };
                let order = mint(Timestamp::from_system_clock());
                let Some(order) = order.filter(|order| self.note(*order, "pending", amount)) else {
                    return Answer::Refused("the order cannot be kept".to_owned());
                };
                let ask = Ask::Authorise { merchant: self.merchant, order: Some(order), amount, card };
                match settlement.ask(&ask).await {
                    Ok(Answer::Decided { approval: Some(_), .. }) => self.confirm(order, amount),
                    Ok(Answer::Decided { code, approval: None }) => {
                        self.note(order, "declined", amount);
                        Answer::Declined { code }
                    }
                    Ok(_) | Err(_) => Answer::Declined { code: ResponseCode::UNAVAILABLE },
                }
            }
            Ask::Collect { sku, quantity, approval } => {
                let believed = self.price(&sku, quantity).filter(|price| self.believes(&approval, *price));
                match believed {
                    Some(amount) => self.confirm(approval.reference, amount),
                    None => Answer::Refused("this is no approval for these goods".to_owned()),
                }
            }
            Ask::Authorise { .. } => Answer::Refused("this is the seller, who decides nothing".to_owned()),
        }
    }
}

impl Shop {
    fn price(&self, sku: &str, quantity: u32) -> Option<Minor> {
        let sold = sku == self.plan.sku && (1..=MAX_QUANTITY).contains(&quantity);
        self.plan.price.times(quantity).filter(|_| sold)
    }

    /// All that can be looked at in an approval that nobody signed: whether it is one for this merchant and
    /// these goods, and whether it is new. In Figure 4/5 nothing is believed that a shopper brings.
    fn believes(&self, approval: &Approval, price: Minor) -> bool {
        let Approval { reference, merchant, amount, code } = approval;
        let digits = code.len() == APPROVAL_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        let fits = *merchant == self.merchant && *amount == price && digits && self.settlement.is_none();
        fits && self.orders.lock().is_ok_and(|mut orders| orders.used.insert(*reference))
    }

    fn confirm(&self, order: OrderId, amount: Minor) -> Answer {
        if self.note(order, "confirmed", amount) {
            return Answer::Confirmed { order };
        }
        Answer::Refused("the order cannot be kept".to_owned())
    }

    /// A line in the books, on the disk when this returns.
    fn note(&self, order: OrderId, what: &str, amount: Minor) -> bool {
        let Ok(mut orders) = self.orders.lock() else { return false };
        let written = writeln!(orders.file, "{order} {what} {}", amount.0);
        written.and_then(|()| orders.file.sync_data()).is_ok()
    }
}
