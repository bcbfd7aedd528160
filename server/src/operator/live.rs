//! How the seller is each second, for whoever watches it, and for its own memory of the last hour.

use kessai_shared::measure::eyes::{self, Looked, Said};
use kessai_shared::measure::look::{self, Gauges, gauge};
use kessai_shared::measure::{Count, Gauge};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::seller::{LinkState, Status};

use super::Service;

impl Looked for Service {
    type Status = Status;

    async fn looked(&self) -> Said<Status> {
        let (status, reversing) = Service::looked(self).await.ok()?;
        Some((status, gauge(Gauge::Reversing, reversing)))
    }

    fn gauges(&self, status: Option<&Status>) -> Gauges {
        let (link, now) = (self.link(), (self.shop.clock)());
        let (registry, (sold_out, running_out)) = (self.hour.registry(), self.shop.shown.stocks().short());
        registry.counted(Count::LinkConnections, link.connections);
        registry.counted(Count::LinkAttempts, link.attempts);
        registry.counted(Count::LinkPackets, link.packets_sent);
        registry.counted(Count::LinkLost, link.packets_lost);
        let nodes = self.others.report(&self.charge, now);
        let mut gauges = eyes::alike(registry, &self.writer, &nodes, (&self.backups, now));
        gauges.extend([
            gauge(Gauge::LinkUp, (link.state == LinkState::Up).into()),
            gauge(Gauge::LinkWaiting, link.waiting),
            gauge(Gauge::LinkInFlight, link.in_flight),
            look::endpoint(registry, Endpoint::Open, &self.shop.roster, 0),
            look::endpoint(registry, Endpoint::Operator, &self.roster, 0),
            gauge(Gauge::SoldOut, sold_out.into()),
            gauge(Gauge::RunningOut, running_out.into()),
        ]);
        gauges.extend(link.round_trip_us.map(|micros| gauge(Gauge::LinkRoundTripMicros, micros)));
        gauges.extend(link.last_echo_ms.map(|millis| gauge(Gauge::LinkEchoMillis, millis)));
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
