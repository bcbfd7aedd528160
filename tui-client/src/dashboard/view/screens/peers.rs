//! Who is connected, who was refused, and what was too much.

use kessai_shared::measure::{Count, Gauge};
use kessai_shared::operator::Endpoint;

use super::{Panes, any};
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::Tone;

pub fn fill(panes: &mut Panes<'_>) {
    let of_now = panes.is_of_now();
    let seller = panes.model.seller.as_ref().and_then(|feed| feed.shown_status()).filter(|_| of_now);
    let settlement = panes.model.settlement.as_ref().and_then(|feed| feed.shown_status()).filter(|_| of_now);
    let places = [
        (Daemon::Seller, Endpoint::Open, "dash-open-endpoint"),
        (Daemon::Settlement, Endpoint::Closed, "dash-closed-endpoint"),
        (Daemon::Seller, Endpoint::Operator, "dash-operator-endpoint"),
        (Daemon::Settlement, Endpoint::Operator, "dash-operator-endpoint"),
    ];
    for (daemon, endpoint, heading) in places {
        panes.add(daemon, heading, |pane| {
            pane.gauge("dash-peers-now", Gauge::Peers(endpoint), figure::signed, any(Tone::Plain));
            pane.rate("dash-connected", &[Count::Connected(endpoint)]);
            pane.total("dash-refused", &[Count::Refused(endpoint)], Tone::Careful);
            pane.total("dash-revoked", &[Count::Revoked(endpoint)], Tone::Careful);
            pane.total("dash-flooded", &[Count::Flooded(endpoint)], Tone::Careful);
            if endpoint == Endpoint::Operator {
                pane.total("dash-acts", &[Count::Acts], Tone::Plain);
            }
        });
    }
    panes.add(Daemon::Seller, "dash-since-start", |pane| {
        let look = pane.look;
        let Some(away) = seller.map(|status| status.turned_away) else {
            return pane.line(&look.say("dash-not-remembered"), Tone::Plain);
        };
        let figures = [
            ("dash-asked-again", away.asked_again),
            ("dash-paced", away.paced),
            ("dash-full", away.full),
            ("dash-stalled", away.stalled),
            ("dash-idle", away.idle),
            ("dash-slow", away.slow),
        ];
        figures.into_iter().for_each(|(id, times)| pane.say(id, Some(figure::count(times)), Tone::Plain));
    });
    panes.add(Daemon::Settlement, "dash-gate", |pane| {
        let look = pane.look;
        let Some(gate) = settlement.map(|status| status.gate) else {
            return pane.line(&look.say("dash-not-remembered"), Tone::Plain);
        };
        let strangers = [gate.malformed, gate.version, gate.unmarked, gate.elsewhere];
        let strangers = strangers.into_iter().fold(0_u64, u64::saturating_add);
        let figures = [
            ("dash-heard", gate.heard),
            ("dash-knocks", gate.knocks),
            ("dash-strangers", strangers),
            ("dash-clock", gate.clock.saturating_add(gate.old)),
            ("dash-replayed", gate.replayed),
            ("dash-crowded", gate.crowded),
        ];
        figures.into_iter().for_each(|(id, times)| pane.say(id, Some(figure::count(times)), Tone::Plain));
    });
}
