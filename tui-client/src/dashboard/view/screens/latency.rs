//! How long each leg takes, over time.

use kessai_shared::measure::Spread;

use super::Panes;
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;

/// The legs of a purchase at the seller, and of its inquiry at the settlement, in their order.
const AT_SELLER: [(&str, Spread); 5] = [
    ("dash-purchase", Spread::Purchase),
    ("dash-placed-in", Spread::PlacedIn),
    ("dash-decided-in", Spread::DecidedIn),
    ("dash-confirmed-in", Spread::ConfirmedIn),
    ("dash-read-in", Spread::ReadIn),
];
const AT_SETTLEMENT: [(&str, Spread); 3] = [
    ("dash-inquiry", Spread::Inquiry),
    ("dash-opened", Spread::Opened),
    ("dash-decided-durably", Spread::DecidedDurably),
];
const AT_BOTH: [(&str, Spread); 2] = [("dash-queued", Spread::Queued), ("dash-sync", Spread::Sync)];

pub fn fill(panes: &mut Panes<'_>) {
    // As many rows for each as let two legs be seen at once in a small window, and more in a large one.
    let rows = (panes.rows / 4).clamp(4, 16);
    for (daemon, legs) in [(Daemon::Seller, &AT_SELLER[..]), (Daemon::Settlement, &AT_SETTLEMENT[..])] {
        for (id, spread) in legs.iter().chain(&AT_BOTH) {
            panes.add(daemon, "dash-latency", |pane| pane.heat(id, *spread, rows, figure::micros));
        }
    }
}
