//! What is running out: stock, holds, and orders that wait for something.

use kessai_shared::measure::{Count, Gauge};

use super::{Panes, any};
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::Tone;

pub fn fill(panes: &mut Panes<'_>) {
    panes.add(Daemon::Seller, "dash-stock", |pane| {
        pane.gauge("dash-products", Gauge::Products, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-running-out", Gauge::RunningOut, figure::signed, any(Tone::Careful));
        pane.gauge("dash-sold-out", Gauge::SoldOut, figure::signed, any(Tone::Careful));
        pane.rate("dash-turned-away", &[Count::TurnedAway]);
    });
    panes.add(Daemon::Settlement, "dash-hold-list", |pane| {
        pane.gauge("dash-accounts", Gauge::Accounts, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-holds", Gauge::Holds, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-holds-ending", Gauge::HoldsEnding, figure::signed, any(Tone::Careful));
        pane.total("dash-hold-expired", &[Count::HoldExpired], Tone::Careful);
    });
    panes.add(Daemon::Seller, "dash-open-orders", |pane| {
        pane.gauge("dash-order-count", Gauge::Orders, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-pending", Gauge::Pending, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-unknown-outcomes", Gauge::Unknown, figure::signed, any(Tone::Careful));
        pane.gauge("dash-reversing", Gauge::Reversing, figure::signed, any(Tone::Careful));
        pane.gauge("dash-errands", Gauge::Errands, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-disputed", Gauge::Disputed, figure::signed, any(Tone::Bad));
    });
}
