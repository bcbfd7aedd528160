//! What operators had done, records of the journal, whose keys may operate the seller, and what is done for
//! them that moves neither money nor goods.

use kessai_shared::exchange::Roster;
use kessai_shared::operator::registrar::Looked;
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::seller::Refusal;
use kessai_shared::operator::trail::{Reply, Request};
use kessai_shared::operator::{Endpoint, Page, rows};
use kessai_shared::pin::Pin;
use kessai_shared::store::Books as _;
use kessai_shared::trail::Operated;

use super::acts::refused;
use super::{Service, records};
use crate::clerk::Operation;
use crate::sales::Books;
use crate::settings::JOURNAL;

impl Service {
    pub(super) async fn trail(&self, by: Pin, request: Request) -> Result<Reply, Refusal> {
        match request {
            Request::Acts { before, limit } => self.acts(before, rows(limit)).await,
            Request::Record { position } => self.record(position).await,
            Request::Operators => Ok(self.registrar.operators()),
            Request::AllowOperator { pin, right, reason } => {
                let what = Operated::OperatorAllowed { pin, right };
                self.list(by, (pin, Some(right)), what, reason).await
            }
            Request::RemoveOperator { pin, reason } => {
                self.list(by, (pin, None), Operated::OperatorRemoved { pin }, reason).await
            }
            Request::Disconnect { endpoint, pin, reason } => {
                let no = || Refusal::NotAllowed(format!("the seller has no {} endpoint", endpoint.name()));
                let roster = self.roster_of(endpoint).ok_or_else(no)?;
                let position = self.note(by, Operated::Disconnected { endpoint, pin }, reason).await?;
                roster.disconnect(&pin);
                Ok(Reply::Done { position })
            }
            Request::BackUp { reason } => {
                self.registrar.makes_backups().map_err(Refusal::NotAllowed)?;
                let position = self.note(by, Operated::BackupAsked, reason).await?.unwrap_or_default();
                let last = self.registrar.back_up().await.map_err(Refusal::NotAllowed)?;
                Ok(Reply::BackedUp { position, last })
            }
        }
    }

    async fn acts(&self, before: Option<u64>, limit: usize) -> Result<Reply, Refusal> {
        let look = move |books: &Books, _| {
            let mut rows: Vec<_> =
                books.trail().newest(before).take(limit + 1).map(|(at, noted)| noted.row(at)).collect();
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows.last().filter(|_| more).map(|row| row.position);
            Page { rows, next }
        };
        Ok(Reply::Acts(self.read(look).await?))
    }

    async fn record(&self, position: u64) -> Result<Reply, Refusal> {
        let durable = self.read(|_, position| position).await?;
        if position == 0 || position > durable {
            return Err(Refusal::NoRecord { first: 1, last: durable });
        }
        match self.registrar.record(JOURNAL, position).await {
            Looked::Found(record) => {
                let change = Books::decode(&record.payload).map_err(Refusal::NotAllowed)?;
                Ok(Reply::Record(Box::new(records::row(&record, &change))))
            }
            Looked::Before(first) => Err(Refusal::NoRecord { first, last: durable }),
            Looked::Unreadable(why) => Err(Refusal::NotAllowed(why)),
        }
    }

    /// Records what is changed of the list, and changes it: in this order, so that nothing is so that is not
    /// in the journal.
    async fn list(
        &self,
        by: Pin,
        (pin, right): (Pin, Option<Right>),
        what: Operated,
        reason: String,
    ) -> Result<Reply, Refusal> {
        if pin == self.registrar.rights.own() {
            let why = "this is the key of the daemon's own folder, which is always allowed";
            return Err(Refusal::NotAllowed(why.to_owned()));
        }
        let _turn = self.registrar.turn().await;
        let position = self.note(by, what, reason).await?;
        self.registrar.list(pin, right).map_err(Refusal::NotAllowed)?;
        Ok(Reply::Done { position })
    }

    async fn note(&self, by: Pin, what: Operated, reason: String) -> Result<Option<u64>, Refusal> {
        self.done(|tell| Operation::Note { what, reason, by, tell }).await?.map_err(refused)
    }

    fn roster_of(&self, endpoint: Endpoint) -> Option<&Roster> {
        match endpoint {
            Endpoint::Open => Some(&self.shop.roster),
            Endpoint::Operator => Some(&self.roster),
            Endpoint::Closed => None,
        }
    }
}
