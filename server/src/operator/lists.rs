//! Makes records of what somebody has changed on the list of operators by hand.

use std::time::Duration;

use kessai_shared::operator::rights::Rights;
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::clerk::{Command, Operation};

/// How soon it is tried again while another node is in charge.
const AGAIN: Duration = Duration::from_secs(1);

/// The task that does so. It ends when this is dropped.
pub struct Recording(JoinHandle<()>);

impl Recording {
    /// Records what differs now, and from now on whatever changes.
    pub fn start(rights: Rights, writer: &mpsc::Sender<Command>) -> Self {
        // It must not keep the writer's queue open when the daemon stops.
        Self(tokio::spawn(record(rights, writer.downgrade())))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn record(rights: Rights, writer: mpsc::WeakSender<Command>) {
    let mut news = rights.subscribe();
    loop {
        let operators = news.borrow_and_update().clone();
        let (tell, told) = oneshot::channel();
        let Some(queue) = writer.upgrade() else { return };
        let take_over = Operation::TakeOver { operators, by: rights.own(), tell };
        let handed = hand_in(&queue, Command::Operate(take_over)).await;
        drop(queue);
        match (handed, told.await) {
            (Ok(()), Ok(Ok(true))) => {}
            (Ok(()), Ok(Ok(false))) => {
                if news.changed().await.is_err() {
                    return;
                }
            }
            (Ok(()), Ok(Err(_))) => tokio::time::sleep(AGAIN).await,
            (Err(_), _) | (_, Err(_)) => return,
        }
    }
}
