//! How the settlement is each second, for whoever watches it, and for its own memory of the last hour.

use kessai_shared::measure::Gauge;
use kessai_shared::measure::eyes::{self, Looked, Said};
use kessai_shared::measure::look::{self, Gauges, gauge};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::settlement::Status;

use super::Service;

impl Looked for Service {
    type Status = Status;

    async fn looked(&self) -> Said<Status> {
        let (status, ending) = Service::looked(self).await.ok()?;
        Some((status, gauge(Gauge::HoldsEnding, ending)))
    }

    fn gauges(&self, status: Option<&Status>) -> Gauges {
        let registry = self.hour.registry();
        let backups = (&self.backups, (self.clock)());
        let mut gauges = eyes::alike(registry, &self.writer, &(self.nodes)(), backups);
        gauges.extend([
            gauge(Gauge::Sellers, self.sellers.len() as u64),
            look::endpoint(registry, Endpoint::Closed, &self.sellers_roster, self.gate.counts().dropped()),
            look::endpoint(registry, Endpoint::Operator, &self.roster, 0),
        ]);
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
