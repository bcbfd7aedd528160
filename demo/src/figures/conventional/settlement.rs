//! The settlement of a conventional system: the same vault, ledger and journal as the product's, on the open
//! network, deciding over cards that come as they are.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kessai_settlement::clerk::{Clerk, Command, Opened, fence};
use kessai_settlement::ledger::{Books, Proposed};
use kessai_settlement::policy_file;
use kessai_settlement::settings::{FOLDER, JOURNAL, Settings};
use kessai_settlement::vault::LiveVault;
use kessai_shared::console::{self, Failure};
use kessai_shared::daemon;
use kessai_shared::digest::sha256;
use kessai_shared::exchange::Service;
use kessai_shared::folder::DataFolder;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Epoch, NodeId, OrderId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::keys::own_key;
use kessai_shared::outcome::{Reason, ResponseCode};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::ResponseSecret;
use kessai_shared::settlement::{Claim, Mode, Refusal, Run, Sender, Why, Witness};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::Peers;
use kessai_shared::writer::{MAX_QUEUED, hand_in};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::message::{APPROVAL_DIGITS, Answer, Approval, Ask};
use super::wire::{self, Dress};
use super::{mint, say_ready};

/// How long after a question a decision may still be made, in seconds.
const DECIDE_SECONDS: u64 = 60;

/// What one is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub dress: Dress,
    /// Whose questions are taken, where there is TLS; without any, everybody's, as it has to be where every
    /// terminal asks.
    pub merchants: Vec<Pin>,
}

/// Serves until the parent is gone.
///
/// # Errors
/// [`Failure`] when the folder or the address cannot be had.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let stop = console::stop_request(true)?;
    let folder = DataFolder::open(&plan.data, FOLDER)?;
    let settings = Settings::read(folder.path(), None)?;
    let books = plan.data.join("journal");
    let vault = LiveVault::load_or_create(&settings.vault_key(), &books).map_err(Failure::failed)?;
    let store = daemon::open::<Books>(&plan.data, JOURNAL, None)?;
    let (writer, queue) = mpsc::channel(MAX_QUEUED);
    let clerk = Clerk::new(Arc::new(Timestamp::from_system_clock));
    let ended = daemon::start(store, clerk, queue, Arc::new(Timestamp::from_system_clock), false)?;
    let by = own_key(&plan.data).map_err(Failure::failed)?.pin();
    policy_file::adopt(&writer, Proposed::default(), by).await.map_err(|_| {
        Failure::failed(format!("{}: the credit policy cannot be put in force", plan.data.display()))
    })?;
    let identity = Identity::load_or_create(plan.data.join("conventional.key"))?;
    let peers = if plan.merchants.is_empty() { Peers::Any } else { Peers::pins(plan.merchants) };
    let is_pinned = matches!(peers, Peers::Pins(_)) && plan.dress == Dress::Tls;
    let service = Arc::new(Desk { vault, writer, is_pinned, claimed: Mutex::default() });
    let ready = |address| say_ready(address, &identity.pin());
    wire::serve((plan.dress, plan.listen), (&identity, peers), service, ready, stop).await?;
    // The writer ends when nobody can ask it any more, and what it has told is on the disk already.
    drop(ended);
    Ok(())
}

struct Desk {
    vault: LiveVault,
    writer: mpsc::Sender<Command>,
    /// Whether the key that asks is the merchant, and not what it says.
    is_pinned: bool,
    /// The merchants that have a node in these books, each with its epoch: here it is one for each.
    claimed: Mutex<HashMap<Pin, Epoch>>,
}

impl Service for Desk {
    type Request = Ask;
    type Reply = Answer;

    async fn call(self: Arc<Self>, peer: Pin, ask: Ask) -> Answer {
        let Ask::Authorise { merchant, order, amount, card } = ask else {
            return Answer::Refused("this is the settlement, which sells nothing".to_owned());
        };
        let merchant = if self.is_pinned { peer } else { merchant };
        let now = Timestamp::from_system_clock();
        let Some(order) = order.or_else(|| mint(now)) else {
            return Answer::Refused("no order id can be made".to_owned());
        };
        let purchase = Purchase {
            seller: merchant,
            order,
            amount,
            currency: Currency::Gbp,
            quote_hash: [0; 32],
            deadline: now.plus_seconds(DECIDE_SECONDS),
        };
        let lease = self.vault.lease();
        let presented = lease.present(&card);
        drop(card);
        let opened = Opened { presented, response: ResponseSecret([0; 32]), lease };
        let (tell, told) = oneshot::channel();
        let Some(by) = self.node_of(merchant).await else {
            return Answer::Refused("the settlement is going down".to_owned());
        };
        let since = std::time::Instant::now();
        let inquiry = Command::Inquiry { by, purchase, card: Some(opened), since, tell };
        if hand_in(&self.writer, inquiry).await.is_err() {
            return Answer::Refused("the settlement is going down".to_owned());
        }
        match told.await {
            Ok(Ok(journaled)) => decided(journaled.decided.reason, order, merchant, amount),
            Ok(Err(_)) | Err(_) => Answer::Decided { code: ResponseCode::DUPLICATE, approval: None },
        }
    }
}

impl Desk {
    /// Who asks for a merchant, as the books want it said.
    async fn node_of(&self, merchant: Pin) -> Option<Sender> {
        let known =
            |desk: &Self| desk.claimed.lock().ok().and_then(|claimed| claimed.get(&merchant).copied());
        let node = NodeId::from_bytes([1; 16]);
        let sender = |epoch| Sender { epoch, node, at: 0, witnessed: Witness::default() };
        if let Some(epoch) = known(self) {
            return Some(sender(epoch));
        }
        let (tell, told) = oneshot::channel();
        let claim = Claim { why: Why::Start, mode: Mode::Alone, run: Run { id: [1; 8], nth: 1 } };
        let by = sender(Epoch::NONE);
        let command = Command::Fence(fence::Command::Claim { seller: merchant, by, claim, tell });
        hand_in(&self.writer, command).await.ok()?;
        let epoch = match told.await.ok()? {
            Ok(epoch) | Err(Refusal::Fenced { epoch, .. }) => epoch,
            Err(_) => return None,
        };
        self.claimed.lock().ok()?.insert(merchant, epoch);
        Some(sender(epoch))
    }
}

fn decided(reason: Reason, reference: OrderId, merchant: Pin, amount: Minor) -> Answer {
    let approval = (reason == Reason::Approved).then(|| {
        let digest = sha256(&[b"approval", reference.as_bytes()]);
        let digits = digest.iter().take(APPROVAL_DIGITS).map(|byte| char::from(b'0' + byte % 10));
        Approval { reference, merchant, amount, code: digits.collect() }
    });
    Answer::Decided { code: reason.code(), approval }
}
