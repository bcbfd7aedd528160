//! Makes records of what somebody has changed on the lists of operators and sellers by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kessai_shared::operator::rights::{Right, Rights};
use kessai_shared::pin::Pin;
use kessai_shared::pin_set::PinSet;
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::clerk::{Command, trail};

/// The task that does so. It ends when this is dropped.
pub struct Recording(JoinHandle<()>);

impl Recording {
    /// Records what differs now, and from now on whatever changes, in the name of the folder's own key. A
    /// settlement that operators cannot reach has no rights to compare.
    pub fn start(
        rights: Option<&Rights>,
        sellers: &PinSet,
        (writer, by): (&mpsc::Sender<Command>, Pin),
    ) -> Self {
        let lists = Lists { operators: rights.map(Rights::subscribe), sellers: sellers.subscribe() };
        // It must not keep the writer's queue open when the daemon stops.
        Self(tokio::spawn(record(lists, writer.downgrade(), by)))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Lists {
    operators: Option<watch::Receiver<Arc<BTreeMap<Pin, Right>>>>,
    sellers: watch::Receiver<Arc<BTreeSet<Pin>>>,
}

impl Lists {
    /// Waits for news of either; says whether there can be any more.
    async fn changed(&mut self) -> bool {
        let sellers = &mut self.sellers;
        match &mut self.operators {
            None => sellers.changed().await.is_ok(),
            Some(operators) => tokio::select! {
                changed = operators.changed() => changed.is_ok(),
                changed = sellers.changed() => changed.is_ok(),
            },
        }
    }
}

async fn record(mut lists: Lists, writer: mpsc::WeakSender<Command>, by: Pin) {
    loop {
        let operators = lists.operators.as_mut().map(|operators| operators.borrow_and_update().clone());
        let sellers = lists.sellers.borrow_and_update().clone();
        let (tell, told) = oneshot::channel();
        let Some(queue) = writer.upgrade() else { return };
        let take_over = trail::Command::TakeOver { operators, sellers, by, tell };
        let handed = hand_in(&queue, Command::Trail(take_over)).await;
        drop(queue);
        let more = match (handed, told.await) {
            (Ok(()), Ok(more)) => more,
            (Err(_), _) | (_, Err(_)) => return,
        };
        if !more && !lists.changed().await {
            return;
        }
    }
}
