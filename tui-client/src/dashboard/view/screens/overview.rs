//! The overview: what is sold and decided, how fast, and whether all is well.

use kessai_shared::measure::{Count, Gauge, Spread};
use kessai_shared::outcome::Reason;

use super::outcomes::{DECIDED, DECLINED};
use super::{Panes, any, disk};
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::{Pane, Tone};

/// From this many rows on there is room for a heat map.
const HEAT_ROWS: usize = 40;
/// From this many rows on there is room for what the other screens have, too: on a wall.
const WALL_ROWS: usize = 55;

pub fn fill(panes: &mut Panes<'_>) {
    panes.add(Daemon::Seller, "dash-traffic", |pane| {
        pane.rate("dash-placed", &[Count::Placed]);
        pane.rate("dash-approved", &[Count::Approved]);
        pane.rate("dash-declined", &[Count::Declined]);
        pane.rate("dash-reads", &[Count::Read]);
        pane.spread("dash-purchase", Spread::Purchase, figure::micros);
        pane.gauge("dash-pending", Gauge::Pending, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-unknown-outcomes", Gauge::Unknown, figure::signed, any(Tone::Careful));
        pane.gauge("dash-reversing", Gauge::Reversing, figure::signed, any(Tone::Careful));
    });
    panes.add(Daemon::Settlement, "dash-traffic", |pane| {
        pane.rate("dash-inquiries", &DECIDED);
        pane.rate("dash-approved", &[Count::Decided(Reason::Approved)]);
        pane.rate("dash-declined", &DECLINED);
        pane.rate("dash-repeated", &[Count::Repeated]);
        pane.spread("dash-inquiry", Spread::Inquiry, figure::micros);
        pane.gauge("dash-holds", Gauge::Holds, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-holds-ending", Gauge::HoldsEnding, figure::signed, any(Tone::Careful));
        pane.gauge("dash-disputed", Gauge::Disputed, figure::signed, any(Tone::Bad));
    });
    panes.add(Daemon::Seller, "dash-state", |pane| {
        up(pane);
        pane.gauge("dash-round-trip", Gauge::LinkRoundTripMicros, micros, |_| Tone::Plain);
        pane.gauge("dash-sold-out", Gauge::SoldOut, figure::signed, any(Tone::Careful));
        pane.gauge("dash-disputed", Gauge::Disputed, figure::signed, any(Tone::Bad));
        health(pane);
    });
    panes.add(Daemon::Settlement, "dash-state", |pane| {
        pane.gauge("dash-sellers", Gauge::Sellers, figure::signed, |_| Tone::Plain);
        health(pane);
    });
    if panes.rows >= HEAT_ROWS {
        let rows = panes.rows / 4;
        panes.add(Daemon::Seller, "dash-latency", |pane| {
            pane.heat("dash-purchase", Spread::Purchase, rows, figure::micros);
        });
        panes.add(Daemon::Settlement, "dash-latency", |pane| {
            pane.heat("dash-inquiry", Spread::Inquiry, rows, figure::micros);
        });
    }
    if panes.rows >= WALL_ROWS {
        disk::fill(panes);
    }
}

/// Whether the settlement can be spoken to.
pub fn up(pane: &mut Pane<'_>) {
    let up = pane.sight.gauge(Gauge::LinkUp);
    let tone = if up == Some(1) { Tone::Good } else { Tone::Bad };
    let word = up.map(|up| pane.look.say(if up == 1 { "dash-up" } else { "dash-down" }));
    pane.say("dash-link-state", word, tone);
}

/// What both daemons have in common.
fn health(pane: &mut Pane<'_>) {
    let (queue, room) = (pane.sight.gauge(Gauge::Queue), pane.sight.gauge(Gauge::QueueRoom));
    let full = queue.zip(room).is_some_and(|(queue, room)| queue.saturating_mul(2) > room);
    let tone = if full { Tone::Careful } else { Tone::Plain };
    pane.gauge("dash-queue", Gauge::Queue, figure::signed, |_| tone);
    pane.spread("dash-sync", Spread::Sync, figure::micros);
    pane.spread("dash-group", Spread::Group, figure::count);
    charge(pane);
    pane.gauge("dash-lag", Gauge::LagMillis, millis, |_| Tone::Plain);
    pane.gauge("dash-backup-age", Gauge::BackupSeconds, seconds, |_| Tone::Plain);
    pane.gauge("dash-free", Gauge::FreeBytes, bytes, |_| Tone::Plain);
}

/// Whether this node is in charge, and under which epoch.
pub fn charge(pane: &mut Pane<'_>) {
    let look = pane.look;
    let epoch = pane.sight.gauge(Gauge::Epoch).map(figure::signed).unwrap_or_default();
    let in_charge = pane.sight.gauge(Gauge::InCharge);
    let word = in_charge.map(|in_charge| {
        let id = if in_charge == 1 { "dash-in-charge" } else { "dash-not-in-charge" };
        look.tell(id, &[("epoch", epoch.into())])
    });
    pane.say("dash-charge", word, if in_charge == Some(1) { Tone::Good } else { Tone::Careful });
}

/// A gauge that is never below nothing, as it is told.
pub fn told(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub fn micros(value: i64) -> String {
    figure::micros(told(value))
}

pub fn millis(value: i64) -> String {
    figure::micros(told(value).saturating_mul(1_000))
}

pub fn seconds(value: i64) -> String {
    figure::span(told(value))
}

pub fn bytes(value: i64) -> String {
    figure::bytes(told(value))
}
