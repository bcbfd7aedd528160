//! Asks the settlement with a seller's key beside the seller's own program, as a node of that shop.

use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::exchange::Link;
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::settlement::{
    Answered, Asked, Claim, Mode, Refusal, Reply, Request, Run, Sender, Why, Witness,
};

/// How long it may take to learn under which epoch to ask.
const SOON: Duration = Duration::from_secs(30);

/// One who asks in a shop's name. Clones share the connection.
#[derive(Clone)]
pub struct Voice {
    pub link: Link,
    pub by: Sender,
}

impl Voice {
    /// Asks as a node: under its epoch when it is the one in charge, and put in charge when nobody is.
    ///
    /// # Errors
    /// [`Failure`] when the settlement does not answer, or has put another node in charge.
    pub async fn of(link: Link, node: NodeId) -> Result<Self, Failure> {
        let by = Sender { epoch: Epoch::NONE, node, at: 0, witnessed: Witness::default() };
        let mut voice = Self { link, by };
        let epoch = match voice.ask(Request::Beat, SOON).await? {
            Reply::Refused(Refusal::Fenced { epoch: Epoch::NONE, .. }) => voice.claim().await?,
            Reply::Refused(Refusal::Fenced { epoch, .. }) => epoch,
            _ => return Err(Failure::failed("the settlement does not say which epoch is the newest")),
        };
        voice.by.epoch = epoch;
        Ok(voice)
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Failure`] when there is no answer in time.
    pub async fn ask(&self, what: Request, deadline: Duration) -> Result<Reply, Failure> {
        let answered: Answered = self.link.call(&Asked { by: self.by, what }, deadline).await?;
        Ok(answered.reply)
    }

    async fn claim(&self) -> Result<Epoch, Failure> {
        let claim = Claim { why: Why::Start, mode: Mode::Alone, run: Run { id: [1; 8], nth: 1 } };
        match self.ask(Request::Claim(claim), SOON).await? {
            Reply::Granted { epoch, .. } => Ok(epoch),
            _ => Err(Failure::failed("the settlement does not put this node in charge")),
        }
    }
}
