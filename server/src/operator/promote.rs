//! An operator puts this node in charge. The record of the grant names the operator's key.

use kessai_shared::operator::seller::{Refusal, Reply};
use kessai_shared::pin::Pin;
use kessai_shared::settlement;
use tokio::sync::oneshot;

use super::Service;
use crate::charge::{NotPromoted, Promote};

impl Service {
    pub(super) async fn promote(&self, by: Pin, force: bool) -> Result<Reply, Refusal> {
        let (tell, told) = oneshot::channel();
        // Whoever claims is gone only when the daemon stops.
        let order = Promote { force, by, tell };
        self.promotions.send(order).await.map_err(|_| Refusal::TryLater)?;
        match told.await.map_err(|_| Refusal::TryLater)? {
            Ok(epoch) => Ok(Reply::Promoted { epoch }),
            Err(why) => Err(Refusal::NotAllowed(line(why))),
        }
    }
}

fn line(why: NotPromoted) -> String {
    match why {
        NotPromoted::AlreadyInCharge => "this node is in charge already".to_owned(),
        NotPromoted::Ending => "another node was put in charge, so this one comes to its end".to_owned(),
        NotPromoted::Unheard => {
            "the settlement does not answer, and only it can put a node in charge; try again".to_owned()
        }
        NotPromoted::Refused(settlement::Refusal::NotCaughtUp { epoch, position }) => format!(
            "this node does not have all of what the one in charge had: that reached record {position} under \
             epoch {epoch}. Promote one that has more, or take the loss with --force"
        ),
        NotPromoted::Refused(settlement::Refusal::Behind) => {
            "the settlement is an older copy of itself and puts nobody in charge".to_owned()
        }
        NotPromoted::Refused(refusal) => format!("the settlement refuses it: {refusal:?}"),
    }
}
