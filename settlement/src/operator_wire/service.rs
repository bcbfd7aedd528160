//! What the settlement answers its operators. All of it is durable: the books at the end of a group, or
//! the journal as far as it was acknowledged.

use std::sync::Arc;

use kessai_shared::exchange::{self, Roster};
use kessai_shared::operator::settlement::{Refusal, Reply, Request, Status};
use kessai_shared::operator::{Endpoint, Peers};
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::PinSet;
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::{mpsc, oneshot};

use crate::clerk::Command;
use crate::ledger::Books;

pub struct Service {
    pub sellers: Arc<PinSet>,
    /// Who is connected of them.
    pub sellers_roster: Roster,
    pub writer: mpsc::Sender<Command>,
    pub roster: Roster,
}

impl exchange::Service for Service {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, _operator: Pin, request: Request) -> Reply {
        let reply = match request {
            Request::Status => self.status().await,
            Request::Peers => Ok(Reply::Peers(self.peers())),
        };
        reply.unwrap_or_else(Reply::Refused)
    }

    fn roster(&self) -> Option<&Roster> {
        Some(&self.roster)
    }
}

impl Service {
    async fn status(&self) -> Result<Reply, Refusal> {
        let (sellers, connections) = (self.sellers.len(), self.sellers_roster.connected().len());
        self.read(move |books, position| {
            Reply::Status(Box::new(Status {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                accounts: books.accounts().len() as u64,
                holds: books.live_holds() as u64,
                generation: books.generations().last().unwrap_or_default(),
                sellers: sellers as u64,
                connections: connections as u64,
                position,
            }))
        })
        .await
    }

    fn peers(&self) -> Peers {
        let mut peers = Peers::default();
        peers.add(Endpoint::Closed, self.sellers_roster.connected());
        peers.add(Endpoint::Operator, self.roster.connected());
        peers
    }

    /// Reads the books at the end of a group, when all that is in them is durable. The writer waits
    /// meanwhile, so it has to be little.
    async fn read<T: Send + 'static>(
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
