//! What the seller brings along for what both daemons answer their operators alike.

use kessai_shared::exchange::Roster;
use kessai_shared::journal::{Kind, Record};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::keeper::{Keeper, No};
use kessai_shared::operator::registrar::Registrar;
use kessai_shared::operator::seller::{DAEMON, Refusal};
use kessai_shared::operator::trail::RecordRow;
use kessai_shared::pin::Pin;
use kessai_shared::trail::{Operated, Trail};

use super::acts::refused;
use super::{Service, records};
use crate::clerk::Operation;
use crate::sales::{Books, Change};
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
            Endpoint::Open => Some(&self.shop.roster),
            Endpoint::Operator => Some(&self.roster),
            Endpoint::Closed => None,
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
            No::NotDone(why) | No::Unreadable(why) => Refusal::NotAllowed(why),
            No::NoRecord { first, last } => Refusal::NoRecord { first, last },
        }
    }

    async fn note(&self, by: Pin, what: Operated, reason: String) -> Result<Option<u64>, Refusal> {
        self.done(|tell| Operation::Note { what, reason, by, tell }).await?.map_err(refused)
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Books, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        Service::read(self, look).await
    }
}
