//! How the seller is each second, for whoever watches it, and for its own memory of the last hour.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::alarm::Guard;
use kessai_shared::measure::look::{self, Gauges, Machine, gauge};
use kessai_shared::measure::{Count, Gauge, Look, Seen};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::live::{Alarm, Second};
use kessai_shared::operator::seller::{LinkState, Status};
use kessai_shared::writer::MAX_QUEUED;
use tokio::time::timeout;

use super::Service;

/// How long the writer has to say how the books are, so that a second is told in its time.
const LOOK_WAIT: Duration = Duration::from_millis(500);

/// Looks at a seller.
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
        gauges.extend(looked.iter().map(|(_, reversing)| gauge(Gauge::Reversing, *reversing)));
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
        let (link, now) = (self.link(), (self.shop.clock)());
        let (registry, (sold_out, running_out)) = (self.hour.registry(), self.shop.shown.stocks().short());
        registry.counted(Count::LinkConnections, link.connections);
        registry.counted(Count::LinkAttempts, link.attempts);
        registry.counted(Count::LinkPackets, link.packets_sent);
        registry.counted(Count::LinkLost, link.packets_lost);
        look::traces(registry);
        let mut gauges = vec![
            gauge(Gauge::LinkUp, (link.state == LinkState::Up).into()),
            gauge(Gauge::LinkWaiting, link.waiting),
            gauge(Gauge::LinkInFlight, link.in_flight),
            gauge(Gauge::Queue, (MAX_QUEUED - self.writer.capacity().min(MAX_QUEUED)) as u64),
            gauge(Gauge::QueueRoom, MAX_QUEUED as u64),
            look::endpoint(registry, Endpoint::Open, &self.shop.roster, 0),
            look::endpoint(registry, Endpoint::Operator, &self.roster, 0),
            gauge(Gauge::SoldOut, sold_out.into()),
            gauge(Gauge::RunningOut, running_out.into()),
            gauge(Gauge::WriterUp, status.is_some().into()),
        ];
        gauges.extend(link.round_trip_us.map(|micros| gauge(Gauge::LinkRoundTripMicros, micros)));
        gauges.extend(link.last_echo_ms.map(|millis| gauge(Gauge::LinkEchoMillis, millis)));
        gauges.extend(look::nodes(&self.others.report(&self.charge, now)));
        gauges.extend(look::backups(&self.backups, now));
        if let Some(status) = status {
            gauges.extend([
                gauge(Gauge::Products, status.products),
                gauge(Gauge::Orders, status.orders),
                gauge(Gauge::Pending, status.pending),
                gauge(Gauge::Unknown, status.unknown),
                gauge(Gauge::Errands, status.errands),
                gauge(Gauge::Disputed, status.disputed_batch.is_some().into()),
            ]);
        }
        gauges
    }
}
