//! What the settlement answers its operators. All of it is durable: the books at the end of a group, or
//! the journal as far as it was acknowledged.

use std::path::PathBuf;
use std::sync::Arc;

use kessai_shared::backup::schedule::Board;
use kessai_shared::exchange::{self, Roster, TooMany, Watcher};
use kessai_shared::ids::Epoch;
use kessai_shared::measure::Hour;
use kessai_shared::net::knock::Gate;
use kessai_shared::operator as about;
use kessai_shared::operator::keeper;
use kessai_shared::operator::nodes::Nodes;
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::rows::NotDone;
use kessai_shared::operator::settlement::{AccountRef, Charged, EntriesOf, Refusal, Reply, Request, Status};
use kessai_shared::operator::{Endpoint, MAX_LOOKED_AT, Page, Peers, rows};
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::PinSet;
use kessai_shared::writer::{Clock, WriterGone, hand_in};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{disputes, entries, views};
use crate::backup;
use crate::clerk::{Command, clearing, money};
use crate::ledger::listing;
use crate::ledger::{AccountId, Books, Charge};
use crate::operator::office::Office;
use crate::vault::LiveVault;

/// How soon a hold runs out that operators are told of, in seconds.
const SOON_SECONDS: u64 = 3_600;

pub struct Service {
    pub sellers: Arc<PinSet>,
    /// Who is connected of them.
    pub sellers_roster: Roster,
    /// What stands before their port.
    pub gate: Gate,
    pub writer: mpsc::Sender<Command>,
    pub roster: Roster,
    pub data: PathBuf,
    /// Held by whoever reads the journal.
    pub reading: Mutex<()>,
    /// How this node stands to the others.
    pub nodes: TellNodes,
    /// Who puts this node in charge, where it is a standby.
    pub promoting: Option<mpsc::Sender<Promotion>>,
    /// How the backups are doing.
    pub backups: Board,
    pub clock: Clock,
    /// What is counted, and the last hour of it.
    pub hour: Hour,
    /// Who may ask what, and what else is kept for those who do.
    pub registrar: Registrar,
    /// What a settlement in charge has in hand; a standby has none of it.
    pub hand: Option<Hand>,
}

/// What acts need that are about more than the books.
pub struct Hand {
    pub vault: Arc<LiveVault>,
    pub office: Arc<Office>,
    /// The file with the list of sellers.
    pub sellers: PathBuf,
}

/// Tells how a node stands to the others.
pub type TellNodes = Box<dyn Fn() -> Nodes + Send + Sync>;

/// A promotion that was asked for, and who is told what came of it.
pub struct Promotion {
    /// Even when this node is known to have less.
    pub force: bool,
    /// Whose act it is.
    pub by: Pin,
    pub tell: oneshot::Sender<Result<Promoted, String>>,
}

/// A node that was put in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promoted {
    pub epoch: Epoch,
    pub position: u64,
    /// How many records it is known to lack.
    pub lacks: Option<u64>,
}

impl Service {
    /// Answers about the sellers on a list, and who is connected of them, and the books of a data folder.
    pub fn new(
        (sellers, sellers_roster, gate): (Arc<PinSet>, Roster, Gate),
        writer: mpsc::Sender<Command>,
        (data, backups): (PathBuf, Board),
        (nodes, registrar): (TellNodes, Registrar),
        (clock, hour): (Clock, Hour),
    ) -> Self {
        let (roster, reading) = (Roster::default(), Mutex::new(()));
        let (promoting, hand) = (None, None);
        Self {
            sellers,
            sellers_roster,
            gate,
            writer,
            roster,
            data,
            reading,
            backups,
            registrar,
            hand,
            nodes,
            promoting,
            clock,
            hour,
        }
    }

    /// The same at a settlement in charge.
    #[must_use]
    pub fn holding(self, hand: Hand) -> Self {
        Self { hand: Some(hand), ..self }
    }

    /// The same at a standby.
    #[must_use]
    pub fn promoting(self, promoting: mpsc::Sender<Promotion>) -> Self {
        Self { promoting: Some(promoting), ..self }
    }

    async fn promote(&self, by: Pin, force: bool) -> Result<Reply, Refusal> {
        let no = || Refusal::NotDone("this settlement is in charge already".to_owned());
        let promoting = self.promoting.as_ref().ok_or_else(no)?;
        let (tell, told) = oneshot::channel();
        promoting.send(Promotion { force, by, tell }).await.map_err(|_| Refusal::TryLater)?;
        let promoted = told.await.map_err(|_| Refusal::TryLater)?.map_err(Refusal::NotDone)?;
        let Promoted { epoch, position, lacks } = promoted;
        Ok(Reply::Promoted { epoch, position, lacks })
    }
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, operator: Pin, request: Request) -> Reply {
        // The one place where it is decided who may have something changed.
        if !self.registrar.rights.allow(&operator, request.changes()) {
            // It is not for one who may only look to fill the log.
            tracing::debug!("operator {operator} has no right to what was asked for");
            return Reply::Refused(Refusal::NoRight);
        }
        let reply = match request {
            Request::Status => self.status().await.map(Reply::Status),
            // It is answered where its stream begins.
            Request::Watch => Err(Refusal::TryLater),
            Request::Past { before, limit } => Ok(Reply::Past(self.hour.past(before, limit))),
            Request::Peers => Ok(Reply::Peers(self.peers())),
            Request::Policies { before, limit } => self.policies(before, limit).await,
            Request::Accounts { after, limit } => self.accounts(after, limit).await,
            Request::Holds { seller, after, limit } => self.holds(seller, after, limit).await,
            Request::Entries { of, from, limit } => self.entries(of, from, limit).await,
            Request::Charge { of } => {
                let key = views::key(of);
                let charge = self.read(move |books, _| books.charge(&key).cloned()).await;
                let detail = |charge: Charge| Reply::Charge(Box::new(views::charge_detail(key, &charge)));
                charge.and_then(|charge| charge.map(detail).ok_or(Refusal::UnknownOrder))
            }
            Request::Charges { seller, before, limit } => {
                self.read(move |books, _| Reply::Charges(listing::charges(books, seller, before, limit)))
                    .await
            }
            Request::Clearing { after, limit } => {
                self.read(move |books, _| Reply::Clearing(listing::sellers(books, after, limit))).await
            }
            Request::Batches { seller, before, limit } => {
                self.read(move |books, _| Reply::Batches(listing::batches(books, seller, before, limit)))
                    .await
            }
            Request::CloseBatch { seller } => {
                let command = |tell| clearing::Command::Close { seller, by: operator, tell };
                self.batch(command).await.map(Reply::BatchClosed)
            }
            Request::AcceptBatch { seller, batch, reason } => {
                let command = |tell| clearing::Command::Accept { seller, batch, by: operator, reason, tell };
                self.batch(command).await.map(|()| Reply::BatchAccepted)
            }
            Request::Disputes(request) => self.disputes(operator, request).await.map(Reply::Disputes),
            Request::Account { account } => self.account(account).await,
            Request::Statements { account } => self.statements(account).await,
            Request::ActOn { account, act } => self.act(account, act, operator).await,
            Request::Shops { after, limit } => self.shops(after, limit).await,
            Request::BackupPoint => self.backup_point().await,
            Request::CloseMonth { month } => self.close_month(month, operator).await,
            Request::Promote { force } => self.promote(operator, force).await,
            Request::Trail(request) => keeper::answer(&*self, operator, request).await.map(Reply::Trail),
            Request::FindAccounts { prefix, after, limit } => self.find_accounts(&prefix, after, limit).await,
            Request::Sellers { after, limit } => Ok(self.list_sellers(after, limit)),
            Request::AllowSeller { seller, reason } => self.list_seller(operator, seller, true, reason).await,
            Request::RevokeSeller { seller, reason } => {
                self.list_seller(operator, seller, false, reason).await
            }
            Request::Rekey { reason } => self.rekey(operator, reason).await,
            Request::ReloadPolicy => self.reload_policy(operator).await,
            Request::ShowCard { account, reason } => self.show_card(operator, account, reason).await,
        };
        let reply = reply.unwrap_or_else(Reply::Refused);
        // And the one where what is kept of a card is left out for whoever may only look.
        if self.registrar.rights.allow(&operator, true) { reply } else { views::without_cards(reply) }
    }

    fn watch(&self, operator: Pin, request: &Request) -> Option<(Reply, Option<Watcher>)> {
        if !matches!(request, Request::Watch) {
            return None;
        }
        Some(match self.hour.watch(operator, (self.clock)()) {
            Ok((watching, watcher)) => (Reply::Watching(watching), Some(watcher)),
            Err(TooMany) => (Reply::Refused(Refusal::TooManyWatch), None),
        })
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn status(&self) -> Result<Box<Status>, Refusal> {
        self.looked().await.map(|(status, _)| status)
    }

    /// How the settlement is, and how many holds run out within the hour, as far as they are looked at.
    pub(super) async fn looked(&self) -> Result<(Box<Status>, u64), Refusal> {
        let soon = (self.clock)().plus_seconds(SOON_SECONDS);
        let (sellers, connections) = (self.sellers.len(), self.sellers_roster.connected().len());
        let (gate, nodes) = (self.gate.counts(), (self.nodes)());
        let backups = self.backups.read();
        self.read(move |books, position| {
            let status = Status {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                accounts: books.accounts().len() as u64,
                holds: books.live_holds() as u64,
                generation: books.generations().last().unwrap_or_default(),
                sellers: sellers as u64,
                connections: connections as u64,
                position,
                disputed_batches: listing::disputed(books),
                gate,
                nodes,
                backups,
            };
            (Box::new(status), books.expired(soon).take(MAX_LOOKED_AT).count() as u64)
        })
        .await
    }

    async fn backup_point(&self) -> Result<Reply, Refusal> {
        let look = |books: &Books, position| Reply::BackupPoint {
            position,
            totals: backup::totals(books).into_iter().collect(),
        };
        self.read(look).await
    }

    async fn policies(&self, before: Option<u32>, limit: u16) -> Result<Reply, Refusal> {
        self.read(move |books, _| {
            let all = books.policies().all().rev();
            let wanted = all.skip_while(|adopted| before.is_some_and(|at| adopted.adoption.sequence >= at));
            Reply::Policies(Page::of(wanted.map(views::policy_row), limit, |row| row.sequence))
        })
        .await
    }

    async fn accounts(&self, after: Option<AccountRef>, limit: u16) -> Result<Reply, Refusal> {
        let after = after.map(|account| AccountId(account.0));
        let page = self.read(move |books, _| {
            let rows = books.accounts_after(after)?.map(|(id, account)| views::account_row(id, account));
            Some(Reply::Accounts(Page::of(rows, limit, |row| row.account)))
        });
        page.await?.ok_or(Refusal::UnknownAccount)
    }

    async fn holds(&self, seller: Option<Pin>, after: Option<Charged>, limit: u16) -> Result<Reply, Refusal> {
        let (after, limit) = (after.map(views::key), rows(limit));
        let page = self.read(move |books, _| {
            let (mut rows, mut next) = (Vec::new(), None);
            for (looked, (key, charge)) in books.holds_after(after)?.enumerate() {
                if rows.len() == limit || looked == MAX_LOOKED_AT {
                    return Some(Reply::Holds(Page { rows, next }));
                }
                next = Some(views::charged(key));
                if seller.is_none_or(|seller| seller == key.0) {
                    rows.extend(views::hold_row(key, charge));
                }
            }
            Some(Reply::Holds(Page { rows, next: None }))
        });
        page.await?.ok_or(Refusal::UnknownOrder)
    }

    async fn entries(&self, of: EntriesOf, from: u64, limit: u16) -> Result<Reply, Refusal> {
        // One at a time: each may have a whole file of the journal in memory.
        let _turn = self.reading.lock().await;
        let durable = self.read(|_, position| position).await?;
        let data = self.data.clone();
        let read = tokio::task::spawn_blocking(move || entries::read(&data, of, (from, durable), limit));
        read.await.unwrap_or(Err(Refusal::TryLater))
    }

    /// About charges that are disputed. A chargeback is answered when it is durable.
    async fn disputes(
        &self,
        by: Pin,
        request: about::disputes::Request,
    ) -> Result<about::disputes::Reply, Refusal> {
        use about::disputes::{NotChargedBack, Reply, Request};
        match request {
            Request::Chargebacks { after, limit } => {
                self.read(move |books, _| disputes::chargebacks(books, after, limit)).await
            }
            Request::LateCaptures { after, limit } => {
                self.read(move |books, _| disputes::late_captures(books, after, limit)).await
            }
            Request::ChargeBack { id, of, amount, reason } => {
                let (tell, told) = oneshot::channel();
                let (seller, order) = views::key(of);
                let command = money::Command::ChargeBack { id, seller, order, amount, reason, by, tell };
                hand_in(&self.writer, Command::Money(command))
                    .await
                    .map_err(|WriterGone| Refusal::TryLater)?;
                Ok(match told.await.map_err(|_| Refusal::TryLater)? {
                    Ok(batch) => Reply::ChargedBack { batch },
                    Err(refusal) => Reply::NotChargedBack(NotChargedBack::from(refusal)),
                })
            }
        }
    }

    fn peers(&self) -> Peers {
        let mut peers = Peers::default();
        peers.add(Endpoint::Closed, self.sellers_roster.connected());
        peers.add(Endpoint::Operator, self.roster.connected());
        peers
    }

    /// Has the writer carry an act on a clearing batch out.
    async fn batch<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, NotDone>>) -> clearing::Command,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let command = Command::Clearing(command(tell));
        hand_in(&self.writer, command).await.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)?.map_err(Refusal::Clearing)
    }

    /// Reads the books at the end of a group, when all that is in them is durable. The writer waits
    /// meanwhile, so it has to be little.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let look = Box::new(move |books: &Books, position| {
            // Whoever asked may have gone meanwhile.
            let _ = tell.send(look(books, position));
        });
        hand_in(&self.writer, Command::Read(look)).await.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)
    }
}
