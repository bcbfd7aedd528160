//! The link between the two, and the nodes of each.

use kessai_shared::measure::{Count, Gauge};
use kessai_shared::operator::nodes::Nodes;
use kessai_shared::operator::seller::{LinkHealth, LinkKind, LinkState};

use super::overview::{charge, micros, millis, up};
use super::{Panes, any};
use crate::dashboard::event::Daemon;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::{Pane, Tone};

pub fn fill(panes: &mut Panes<'_>) {
    let of_now = panes.is_of_now();
    let seller = panes.model.seller.as_ref().and_then(|feed| feed.shown_status()).filter(|_| of_now);
    let settlement = panes.model.settlement.as_ref().and_then(|feed| feed.shown_status()).filter(|_| of_now);
    panes.add(Daemon::Seller, "dash-link", |pane| {
        up(pane);
        pane.gauge("dash-round-trip", Gauge::LinkRoundTripMicros, micros, |_| Tone::Plain);
        pane.gauge("dash-echo", Gauge::LinkEchoMillis, millis, |_| Tone::Plain);
        pane.rate("dash-sent", &[Count::Sent]);
        pane.rate("dash-answered", &[Count::Answered]);
        pane.total("dash-sent-again", &[Count::SentAgain], Tone::Careful);
        pane.gauge("dash-in-flight", Gauge::LinkInFlight, figure::signed, |_| Tone::Plain);
        pane.gauge("dash-waiting", Gauge::LinkWaiting, figure::signed, any(Tone::Careful));
        pane.total("dash-packets-lost", &[Count::LinkLost], Tone::Plain);
        pane.total("dash-connections", &[Count::LinkConnections], Tone::Plain);
        pane.total("dash-attempts", &[Count::LinkAttempts], Tone::Plain);
    });
    panes.add(Daemon::Seller, "dash-line", |pane| line(pane, seller.map(|status| &status.link)));
    for daemon in Daemon::ALL {
        let nodes = match daemon {
            Daemon::Seller => seller.map(|status| &status.nodes),
            Daemon::Settlement => settlement.map(|status| &status.nodes),
        };
        panes.add(daemon, "dash-nodes", |pane| {
            charge(pane);
            pane.gauge("dash-position", Gauge::Position, figure::signed, |_| Tone::Plain);
            pane.gauge("dash-standbys", Gauge::Standbys, figure::signed, |_| Tone::Plain);
            pane.gauge("dash-lag-records", Gauge::LagRecords, figure::signed, |_| Tone::Plain);
            pane.gauge("dash-lag", Gauge::LagMillis, millis, |_| Tone::Plain);
            standbys(pane, nodes);
        });
    }
}

/// Over which line the settlement is reached, and what was wrong with it the last time.
fn line(pane: &mut Pane<'_>, link: Option<&LinkHealth>) {
    let look = pane.look;
    let Some(link) = link else { return pane.line(&look.say("dash-not-remembered"), Tone::Plain) };
    let kind = match link.kind {
        LinkKind::ClosedNetwork => "dash-closed-network",
        LinkKind::EthernetLine => "dash-ethernet-line",
        LinkKind::UnixLine => "dash-unix-line",
    };
    let (state, tone) = match link.state {
        LinkState::Up => ("dash-up", Tone::Good),
        LinkState::Silent => ("dash-silent", Tone::Careful),
        LinkState::Down => ("dash-down", Tone::Bad),
    };
    pane.say("dash-link-state", Some(look.say(state)), tone);
    pane.say("dash-line-kind", Some(look.say(kind)), Tone::Plain);
    pane.say("dash-for", Some(figure::span(link.for_ms / 1_000)), Tone::Plain);
    pane.say("dash-address", link.address.map(|address| address.to_string()), Tone::Plain);
    let percent = (link.packets_lost.saturating_mul(1_000)).checked_div(link.packets_sent);
    let lost = percent.map(|thousandths| format!("{}.{} %", thousandths / 10, thousandths % 10));
    pane.say("dash-loss", lost, Tone::Plain);
    if let Some(why) = &link.last_error {
        pane.line(&look.tell("dash-last-error", &[("why", why.clone().into())]), Tone::Plain);
    }
}

fn standbys(pane: &mut Pane<'_>, nodes: Option<&Nodes>) {
    let look = pane.look;
    let Some(nodes) = nodes else { return pane.line(&look.say("dash-not-remembered"), Tone::Plain) };
    if let Some(follows) = &nodes.follows {
        let of = follows.of.map_or_else(|| look.say("dash-unknown"), |of| of.to_string());
        let (id, tone) = match follows.connected {
            true => ("dash-follows", Tone::Good),
            false => ("dash-follows-cut", Tone::Bad),
        };
        pane.line(&look.tell(id, &[("node", of.into())]), tone);
        if let Some(problem) = &follows.problem {
            pane.line(problem, Tone::Bad);
        }
    }
    for row in &nodes.standbys {
        let (id, tone) = match (row.connected, row.waited_for) {
            (true, true) => ("dash-standby-waited-for", Tone::Good),
            (true, false) => ("dash-standby-connected", Tone::Good),
            (false, true) => ("dash-standby-gone-waited-for", Tone::Bad),
            (false, false) => ("dash-standby-gone", Tone::Careful),
        };
        let lag = figure::micros(row.lag_ms.saturating_mul(1_000));
        pane.line(&look.tell(id, &[("node", row.node.to_string().into()), ("lag", lag.into())]), tone);
    }
}
