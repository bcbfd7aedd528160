//! How the settlement is each second, for whoever watches it, and for its own memory of the last hour.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::alarm::Guard;
use kessai_shared::measure::look::{self, Gauges, Machine, gauge};
use kessai_shared::measure::{Gauge, Look, Seen};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::live::{Alarm, Second};
use kessai_shared::operator::settlement::Status;
use kessai_shared::writer::MAX_QUEUED;
use tokio::time::timeout;

use super::Service;

/// How long the writer has to say how the books are, so that a second is told in its time.
const LOOK_WAIT: Duration = Duration::from_millis(500);

/// Looks at a settlement.
pub struct Eyes {
    pub service: Arc<Service>,
    pub machine: Machine,
    /// What is done about a second that is not as it should be.
    pub guard: Guard,
}

impl Look for Eyes {
    type Status = Status;

    async fn look(&mut self) -> Seen<Status> {
        let looked = timeout(LOOK_WAIT, self.service.looked()).await.ok().and_then(Result::ok);
        let mut gauges = self.machine.look();
        gauges.extend(looked.iter().map(|(_, ending)| gauge(Gauge::HoldsEnding, *ending)));
        let status = looked.map(|(status, _)| status);
        gauges.extend(self.service.gauges(status.as_deref()));
        Seen { status, gauges }
    }

    fn judge(&mut self, second: &Second, _: Option<&Status>) -> Vec<Alarm> {
        self.guard.judge(second)
    }
}

impl Service {
    /// What is so now. What only the books say is left out when the writer did not say it.
    fn gauges(&self, status: Option<&Status>) -> Gauges {
        let (now, registry) = ((self.clock)(), self.hour.registry());
        look::traces(registry);
        let mut gauges = vec![
            gauge(Gauge::Sellers, self.sellers.len() as u64),
            gauge(Gauge::Queue, (MAX_QUEUED - self.writer.capacity().min(MAX_QUEUED)) as u64),
            gauge(Gauge::QueueRoom, MAX_QUEUED as u64),
            look::endpoint(registry, Endpoint::Closed, &self.sellers_roster, self.gate.counts().dropped()),
            look::endpoint(registry, Endpoint::Operator, &self.roster, 0),
            gauge(Gauge::WriterUp, status.is_some().into()),
        ];
        gauges.extend(look::nodes(&(self.nodes)()));
        gauges.extend(look::backups(&self.backups, now));
        if let Some(status) = status {
            gauges.extend([
                gauge(Gauge::Accounts, status.accounts),
                gauge(Gauge::Holds, status.holds),
                gauge(Gauge::Disputed, status.disputed_batches),
            ]);
        }
        gauges
    }
}
