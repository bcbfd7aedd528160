//! What the settlement brings along for what both daemons answer their operators alike.

use kessai_shared::exchange::Roster;
use kessai_shared::journal::{Kind, Record};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::keeper::{Keeper, No};
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::settlement::{DAEMON, Refusal};
use kessai_shared::operator::trail::RecordRow;
use kessai_shared::pin::Pin;
use kessai_shared::trail::{Operated, Trail};

use super::records;
use super::service::Service;
use crate::ledger::{Books, Change};
use crate::operator::office;
use crate::settings::JOURNAL;

impl Keeper for Service {
    type Books = Books;
    type Refusal = Refusal;
    const JOURNAL: Kind = JOURNAL;
    const WORD: &'static str = DAEMON.word;

    fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    fn roster_of(&self, endpoint: Endpoint) -> Option<&Roster> {
        match endpoint {
            Endpoint::Closed => Some(&self.sellers_roster),
            Endpoint::Operator => Some(&self.roster),
            Endpoint::Open => None,
        }
    }

    fn trail_of(books: &Books) -> &Trail {
        books.trail()
    }

    fn row(record: &Record, change: &Change) -> RecordRow {
        records::row(record, change)
    }

    fn no(why: No) -> Refusal {
        match why {
            No::NotDone(why) => Refusal::NotDone(why),
            No::NoRecord { first, last } => Refusal::NoRecord { first, last },
            No::Unreadable(why) => Refusal::Unreadable(why),
        }
    }

    /// Has the writer record an act, which a standby has no right to.
    async fn note(&self, by: Pin, what: Operated, reason: String) -> Result<Option<u64>, Refusal> {
        self.hand()?;
        office::note(&self.writer, (what, by), reason).await.map_err(Refusal::NotDone)
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        Service::read(self, look).await
    }
}
