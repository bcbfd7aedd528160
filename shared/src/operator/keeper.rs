//! What both daemons answer their operators alike, each out of its own books: what operators had done, records
//! of the journal, whose keys may operate it, and what is done that moves nothing in the books.

use super::client::Daemon;
use super::registrar::{Looked, Registrar};
use super::rights::Right;
use super::trail::{RecordRow, Reply, Request};
use super::{Endpoint, Page};
use crate::exchange::Roster;
use crate::journal::{Kind, Record};
use crate::pin::Pin;
use crate::store::Books;
use crate::trail::{Operated, Trail};

/// What a daemon brings along for it.
pub trait Keeper: Send + Sync + 'static {
    type Books: Books;
    type Refusal: Send;
    const JOURNAL: Kind;
    /// What the daemon is called in a line.
    const WORD: &'static str;

    fn registrar(&self) -> &Registrar;

    /// Who is connected at an endpoint, where the daemon has it.
    fn roster_of(&self, endpoint: Endpoint) -> Option<&Roster>;

    fn trail_of(books: &Self::Books) -> &Trail;

    /// What a record says, for people.
    fn row(record: &Record, change: &<Self::Books as Books>::Change) -> RecordRow;

    /// A reason not to answer, as this daemon's wire says it.
    fn no(why: No) -> Self::Refusal;

    /// Has the writer record an act, and tells where; nothing when it was so before.
    fn note(
        &self,
        by: Pin,
        what: Operated,
        reason: String,
    ) -> impl Future<Output = Result<Option<u64>, Self::Refusal>> + Send;

    /// Reads the books at the end of a group, when all that is in them is durable.
    fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Self::Books, u64) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, Self::Refusal>> + Send;
}

/// Why something is not answered. Nothing has changed then.
pub enum No {
    /// The act is against a rule; one line says which, and what to do.
    NotDone(String),
    /// There is no such record; the journal has those from the first to the last of these.
    NoRecord { first: u64, last: u64 },
    /// The journal cannot be read; its own line says why.
    Unreadable(String),
}

/// What an operator is told who asks for a record that is not there.
pub(super) fn no_record(first: u64, last: u64) -> String {
    format!("there is no such record; the journal here has those from {first} to {last}")
}

/// What an operator is told by a daemon that is going down.
pub(super) fn try_later(daemon: Daemon) -> String {
    format!("the {} cannot answer now; run the same command again", daemon.word)
}

/// Answers what both daemons are asked alike.
///
/// # Errors
/// The daemon's own refusal.
pub async fn answer<K: Keeper>(keeper: &K, by: Pin, request: Request) -> Result<Reply, K::Refusal> {
    let not_done = |why| K::no(No::NotDone(why));
    match request {
        Request::Acts { before, limit } => {
            let look = move |books: &K::Books, _| {
                let rows = K::trail_of(books).newest(before).map(|(at, noted)| noted.row(at));
                Page::of(rows, limit, |row| row.position)
            };
            Ok(Reply::Acts(keeper.read(look).await?))
        }
        Request::Record { position } => record(keeper, position).await,
        Request::Operators { after, limit } => Ok(keeper.registrar().operators(after, limit)),
        Request::AllowOperator { pin, right, reason } => {
            let what = Operated::OperatorAllowed { pin, right };
            list(keeper, by, (pin, Some(right)), what, reason).await
        }
        Request::RemoveOperator { pin, reason } => {
            list(keeper, by, (pin, None), Operated::OperatorRemoved { pin }, reason).await
        }
        Request::Disconnect { endpoint, pin, reason } => {
            let none = || not_done(format!("the {} has no {} endpoint", K::WORD, endpoint.name()));
            let roster = keeper.roster_of(endpoint).ok_or_else(none)?;
            let position = keeper.note(by, Operated::Disconnected { endpoint, pin }, reason).await?;
            roster.disconnect(&pin);
            Ok(Reply::Done { position })
        }
        Request::BackUp { reason } => {
            keeper.registrar().makes_backups().map_err(not_done)?;
            let position = keeper.note(by, Operated::BackupAsked, reason).await?.unwrap_or_default();
            let last = keeper.registrar().back_up().await.map_err(not_done)?;
            Ok(Reply::BackedUp { position, last })
        }
    }
}

async fn record<K: Keeper>(keeper: &K, position: u64) -> Result<Reply, K::Refusal> {
    let last = keeper.read(|_, position| position).await?;
    if position == 0 || position > last {
        return Err(K::no(No::NoRecord { first: 1, last }));
    }
    match keeper.registrar().record(K::JOURNAL, position).await {
        Looked::Found(record) => {
            let change = K::Books::decode(&record.payload).map_err(|why| K::no(No::Unreadable(why)))?;
            Ok(Reply::Record(Box::new(K::row(&record, &change))))
        }
        Looked::Before(first) => Err(K::no(No::NoRecord { first, last })),
        Looked::Unreadable(why) => Err(K::no(No::Unreadable(why))),
    }
}

/// Writes down what the list is to be, records that, and puts it in its place: in this order, so that nothing is
/// so that is not in the journal, and nothing is in the journal that could not be done.
async fn list<K: Keeper>(
    keeper: &K,
    by: Pin,
    (pin, right): (Pin, Option<Right>),
    what: Operated,
    reason: String,
) -> Result<Reply, K::Refusal> {
    let not_done = |why| K::no(No::NotDone(why));
    let registrar = keeper.registrar();
    if pin == registrar.rights.own() {
        let why = "this is the key of the daemon's own folder, which is always allowed";
        return Err(not_done(why.to_owned()));
    }
    let _turn = registrar.turn().await;
    let draft = registrar.draft(pin, right).await.map_err(not_done)?;
    let position = keeper.note(by, what, reason).await?;
    registrar.put(draft).map_err(not_done)?;
    Ok(Reply::Done { position })
}
