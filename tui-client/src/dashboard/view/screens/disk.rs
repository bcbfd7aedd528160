//! The journal, the disk and the backups of each daemon.

use kessai_shared::backup::schedule::Progress;
use kessai_shared::measure::{Count, Gauge, Spread};

use super::Panes;
use super::overview::{bytes, seconds, told};
use crate::dashboard::event::Daemon;
use crate::dashboard::hour;
use crate::dashboard::view::figure;
use crate::dashboard::view::pane::{Pane, Tone};

/// How soon a disk may be full before an operator should look at it, in seconds.
const SOON: u64 = 24 * 3_600;

pub fn fill(panes: &mut Panes<'_>) {
    let of_now = panes.is_of_now();
    let model = panes.model;
    for daemon in Daemon::ALL {
        let backups = match daemon {
            Daemon::Seller => {
                let status = model.seller.as_ref().and_then(|feed| feed.shown_status());
                status.filter(|_| of_now).map(|status| &status.backups)
            }
            Daemon::Settlement => {
                let status = model.settlement.as_ref().and_then(|feed| feed.shown_status());
                status.filter(|_| of_now).map(|status| &status.backups)
            }
        };
        panes.add(daemon, "dash-journal", |pane| {
            pane.rate("dash-records", &[Count::Records]);
            pane.rate("dash-groups", &[Count::Groups]);
            pane.spread("dash-group", Spread::Group, figure::count);
            pane.spread("dash-sync", Spread::Sync, figure::micros);
            pane.spread("dash-queued", Spread::Queued, figure::micros);
            pane.gauge("dash-position", Gauge::Position, figure::signed, |_| Tone::Plain);
        });
        panes.add(daemon, "dash-disk", |pane| {
            pane.gauge("dash-journal-size", Gauge::JournalBytes, bytes, |_| Tone::Plain);
            let written = pane.sight.rate(&[Count::JournalBytes]);
            let value = written.map(|tenths| format!("{}/s", figure::bytes(tenths / 10)));
            pane.say("dash-growth", value, Tone::Plain);
            pane.gauge("dash-free", Gauge::FreeBytes, bytes, |_| Tone::Plain);
            full_in(pane);
            pane.gauge("dash-resident", Gauge::ResidentBytes, bytes, |_| Tone::Plain);
            pane.gauge("dash-uptime", Gauge::UptimeSeconds, seconds, |_| Tone::Plain);
            pane.total("dash-checkpoints", &[Count::CheckpointsMade], Tone::Plain);
        });
        panes.add(daemon, "dash-backups", |pane| {
            pane.gauge("dash-backup-age", Gauge::BackupSeconds, seconds, |_| Tone::Plain);
            pane.gauge("dash-verified-age", Gauge::VerifiedSeconds, seconds, |_| Tone::Plain);
            pane.total("dash-backups-made", &[Count::BackupsMade], Tone::Plain);
            pane.total("dash-backups-failed", &[Count::BackupsFailed], Tone::Bad);
            last(pane, backups);
        });
    }
}

/// When the disk is full, if it goes on as in the seconds that are known.
fn full_in(pane: &mut Pane<'_>) {
    let sight = pane.sight;
    let known = sight.hour.range(i64::MIN, sight.end);
    let (seconds, written) = known.fold((0_u64, 0_u64), |(seconds, written), second| {
        (seconds + 1, written.saturating_add(hour::count(second, Count::JournalBytes)))
    });
    let free = sight.gauge(Gauge::FreeBytes).map(told);
    let left = free.and_then(|free| free.saturating_mul(seconds).checked_div(written));
    let tone = if left.is_some_and(|left| left < SOON) { Tone::Careful } else { Tone::Plain };
    let value = free.map(|_| left.map_or_else(|| pane.look.say("dash-never"), figure::span));
    pane.say("dash-full-in", value, tone);
}

/// The last backup, and why there is none.
fn last(pane: &mut Pane<'_>, backups: Option<&Option<Progress>>) {
    let look = pane.look;
    let Some(backups) = backups else { return pane.line(&look.say("dash-not-remembered"), Tone::Plain) };
    let Some(progress) = backups else { return pane.line(&look.say("dash-no-backups"), Tone::Careful) };
    if let Some(last) = &progress.last {
        let args = [("at", last.at.to_string().into()), ("position", figure::count(last.position).into())];
        pane.line(&look.tell("dash-last-backup", &args), Tone::Plain);
    }
    if let Some(failed) = &progress.failed {
        pane.line(&look.tell("dash-backup-failed", &[("why", failed.why.clone().into())]), Tone::Bad);
    }
}
