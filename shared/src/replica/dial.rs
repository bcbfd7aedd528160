//! How a standby reaches the node in charge.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::wire::{Refusal, Reply, Request};
use crate::exchange::{CallError, Client, LinkError};
use crate::tls::SERVER_NAME;

/// How long an answer may take; a pull that has nothing is answered much sooner.
const DEADLINE: Duration = Duration::from_secs(2);

/// Where the node in charge is, and what to show it.
#[derive(Clone)]
pub struct Dial {
    pub endpoint: quinn::Endpoint,
    pub address: SocketAddr,
    pub config: quinn::ClientConfig,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFeed {
    Unreachable(LinkError),
    Unanswered(CallError),
    Refused(Refusal),
    /// It answers something else than it was asked.
    Senseless,
}

impl Dial {
    /// # Errors
    /// [`NoFeed::Unreachable`].
    pub(super) async fn connect(&self) -> Result<Client, NoFeed> {
        let config = self.config.clone();
        let connected = Client::connect(&self.endpoint, self.address, config, SERVER_NAME).await;
        connected.map_err(NoFeed::Unreachable)
    }
}

/// Asks, and takes a refusal for an error.
pub(super) async fn ask(client: &Client, request: &Request) -> Result<Reply, NoFeed> {
    match client.call(request, DEADLINE).await.map_err(NoFeed::Unanswered)? {
        Reply::Refused(refusal) => Err(NoFeed::Refused(refusal)),
        reply => Ok(reply),
    }
}

impl fmt::Display for NoFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => error.fmt(f),
            Self::Unanswered(error) => error.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Senseless => f.write_str("it answers something else than it was asked"),
        }
    }
}

impl std::error::Error for NoFeed {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherJournal => f.write_str(
                "it keeps another journal than the one here; name an empty data folder, or run again with \
                 --rejoin to set this journal aside",
            ),
            Self::Diverged { ends } => write!(
                f,
                "the journal here is not a part of its journal, which ends at record {ends}: this node wrote \
                 records of its own; run again with --rejoin to set this journal aside and begin anew"
            ),
            Self::UnknownSession => f.write_str("it has begun anew"),
            Self::Gone => f.write_str("what was asked for is not there any more"),
            Self::Senseless => f.write_str("it finds what this node says impossible"),
            Self::TooMany => f.write_str("too many nodes follow it already"),
            Self::Unreadable => f.write_str("it cannot read its own files; see its log"),
            Self::Shorter { end } => write!(
                f,
                "the node there has an older copy of the journal here, which ends at record {}; trying again \
                 until it has caught up, or another node is there (where that one is right, run again with \
                 --rejoin)",
                end.position
            ),
        }
    }
}
