//! Looks at a daemon once a second: at its machine, at its books, and at what stands beside them.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::look::{self, Gauges, Machine, gauge};
use super::{Gauge, Look, Registry, Seen};
use crate::alarm::Guard;
use crate::backup::schedule::Board;
use crate::operator::live::{Alarm, Second};
use crate::operator::nodes::Nodes;
use crate::time::Timestamp;
use crate::writer::MAX_QUEUED;

/// How long the writer has to say how the books are, so that a second is told in its time.
const LOOK_WAIT: Duration = Duration::from_millis(500);

/// How the books are, and what is counted of them beside that; none when the writer cannot say.
pub type Said<S> = Option<(Box<S>, (Gauge, i64))>;

/// A daemon, as whoever looks at it finds it.
pub trait Looked: Send + Sync + 'static {
    type Status: Serialize + Send + Sync;

    /// Asks the writer.
    fn looked(&self) -> impl Future<Output = Said<Self::Status>> + Send;

    /// What else is so now. What only the books say is left out when the writer did not say it.
    fn gauges(&self, status: Option<&Self::Status>) -> Gauges;
}

/// Looks at a daemon.
pub struct Eyes<S> {
    pub service: Arc<S>,
    pub machine: Machine,
    /// What is done about a second that is not as it should be.
    pub guard: Guard,
}

impl<S: Looked> Look for Eyes<S> {
    type Status = S::Status;

    async fn look(&mut self) -> Seen<S::Status> {
        let looked = timeout(LOOK_WAIT, self.service.looked()).await.ok().flatten();
        let (status, counted) = looked.unzip();
        let mut gauges = self.machine.look();
        gauges.extend(counted);
        gauges.push(gauge(Gauge::WriterUp, status.is_some().into()));
        gauges.extend(self.service.gauges(status.as_deref()));
        Seen { status, gauges }
    }

    fn judge(&mut self, second: &Second, _: Option<&S::Status>) -> Vec<Alarm> {
        self.guard.judge(second)
    }
}

/// What is looked at alike in both daemons: spans, the queue of the writer, nodes and backups.
pub fn alike<C>(
    registry: &Registry,
    writer: &mpsc::Sender<C>,
    nodes: &Nodes,
    (backups, now): (&Board, Timestamp),
) -> Gauges {
    look::traces(registry);
    let mut gauges = vec![
        gauge(Gauge::Queue, (MAX_QUEUED - writer.capacity().min(MAX_QUEUED)) as u64),
        gauge(Gauge::QueueRoom, MAX_QUEUED as u64),
    ];
    gauges.extend(look::nodes(nodes));
    gauges.extend(look::backups(backups, now));
    gauges
}
