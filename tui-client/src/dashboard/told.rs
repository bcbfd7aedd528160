//! What daemons tell, by lines: for people who hear rather than see, for pipes, and for programs.

use kessai_shared::measure::{Count, Gauge, Spread};
use kessai_shared::operator::live::Second;
use kessai_shared::outcome::Reason;
use serde_json::{Map, Value, json};

use super::event::Daemon;
use super::feed::{Feed, Sight};
use super::fresh::Freshness;
use super::model::Model;
use super::view::figure;
use super::view::screens::{DECIDED, DECLINED};
use crate::view::{Look, text};

/// When there is something to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Each second of each daemon.
    #[default]
    EachSecond,
    /// When a daemon stands otherwise than before: heard or not, in charge or not, something wrong or not.
    OnChange,
}

/// Tells what is new, once.
#[derive(Default)]
pub struct Teller {
    when: When,
    /// For programs.
    json: bool,
    told: [Option<Told>; 2],
}

/// What was told of a daemon last: of which second, how fresh it was, and how the daemon stood.
#[derive(PartialEq, Eq)]
struct Told {
    place: Option<i64>,
    fresh: Freshness,
    standing: String,
}

impl Teller {
    /// One that tells people, or as `json` programs.
    pub fn new(when: When, json: bool) -> Self {
        Self { when, json, ..Self::default() }
    }

    /// What is to be told now, a line each.
    pub fn news(&mut self, model: &Model) -> Vec<String> {
        let mut lines = Vec::new();
        for (daemon, slot) in Daemon::ALL.into_iter().zip(0..) {
            let Some((sight, fresh)) = model.sight(daemon).zip(model.truth(daemon)) else { continue };
            let standing = standing(model, daemon, sight, fresh);
            let place = sight.hour.newest();
            let before = self.told[slot].as_ref();
            let is_news = match self.when {
                When::EachSecond => before.is_none_or(|told| {
                    (told.place, told.fresh) != (place, fresh)
                        || fresh == Freshness::Never && told.standing != standing
                }),
                When::OnChange => before.is_none_or(|told| told.standing != standing),
            };
            if is_news {
                lines.push(match self.json {
                    true => program_line(model, daemon, sight, fresh),
                    false => line(model, daemon, sight, fresh),
                });
            }
            if is_news || self.when == When::OnChange {
                self.told[slot] = Some(Told { place, fresh, standing });
            }
        }
        lines
    }
}

/// How a daemon stands, without what changes all the time.
fn standing(model: &Model, daemon: Daemon, sight: Sight<'_>, fresh: Freshness) -> String {
    let kind = match fresh {
        Freshness::Never => "never",
        Freshness::Live => "live",
        Freshness::Silent { .. } => "silent",
        Freshness::Still { .. } => "still",
        Freshness::Lost { .. } => "lost",
        Freshness::Frozen => "frozen",
    };
    let gauges = [
        Gauge::LinkUp,
        Gauge::InCharge,
        Gauge::Epoch,
        Gauge::Unknown,
        Gauge::Reversing,
        Gauge::Disputed,
        Gauge::SoldOut,
    ];
    let gauges = gauges.map(|gauge| sight.gauge(gauge));
    let alarms: Vec<&str> = alarms(model, daemon).map(|alarm| alarm.rule.as_str()).collect();
    format!("{kind} {gauges:?} {alarms:?} {:?} {}", why(model, daemon), is_stuck(model, daemon))
}

/// One second of a daemon for people.
fn line(model: &Model, daemon: Daemon, sight: Sight<'_>, fresh: Freshness) -> String {
    let look = Look::with(&model.settings).by_words();
    let comma = look.say("dash-comma");
    let mut parts = Vec::new();
    if fresh != Freshness::Never {
        match daemon {
            Daemon::Seller => seller(look, sight, &mut parts),
            Daemon::Settlement => settlement(look, sight, &mut parts),
        }
    }
    if is_stuck(model, daemon) {
        parts.push(look.say("dash-stuck"));
    }
    parts.extend(why(model, daemon).map(|why| look.message(why)));
    parts.extend(alarms(model, daemon).map(|alarm| {
        let line = format!("{} {}", alarm.rule, alarm.line);
        look.tell("dash-alarm-line", &[("alarm", line.into())])
    }));
    let id = match fresh {
        Freshness::Never if why(model, daemon).is_some() => "dash-not-reached",
        Freshness::Never => "dash-connecting",
        Freshness::Live => "dash-live",
        Freshness::Silent { .. } => "dash-no-word",
        Freshness::Still { .. } => "dash-clock-still",
        Freshness::Lost { .. } => "dash-lost",
        Freshness::Frozen => "dash-frozen",
    };
    let seconds = age(fresh).unwrap_or(0).max(1);
    let truth = look.tell(id, &[("seconds", seconds.into())]);
    let clock = sight.second().map(|second| format!("{} ", figure::clock(second.at))).unwrap_or_default();
    let head = format!("{clock}{} {truth}", look.say(daemon.word()));
    // A daemon's own words may hold what a terminal would obey.
    text::clean(&if parts.is_empty() { head } else { format!("{head}: {}", parts.join(&comma)) })
}

fn seller(look: Look, sight: Sight<'_>, parts: &mut Vec<String>) {
    rate(look, sight, "dash-placed", &[Count::Placed], parts);
    rate(look, sight, "dash-approved", &[Count::Approved], parts);
    rate(look, sight, "dash-declined", &[Count::Declined], parts);
    spread(look, sight, "dash-purchase", Spread::Purchase, parts);
    gauge(look, sight, "dash-pending", Gauge::Pending, parts);
    gauge(look, sight, "dash-unknown-outcomes", Gauge::Unknown, parts);
    gauge(look, sight, "dash-reversing", Gauge::Reversing, parts);
    gauge(look, sight, "dash-queue", Gauge::Queue, parts);
    spread(look, sight, "dash-sync", Spread::Sync, parts);
    if let Some(up) = sight.gauge(Gauge::LinkUp) {
        let word = look.say(if up == 1 { "dash-up" } else { "dash-down" });
        parts.push(format!("{} {word}", look.say("dash-link-state")));
    }
}

fn settlement(look: Look, sight: Sight<'_>, parts: &mut Vec<String>) {
    rate(look, sight, "dash-inquiries", &DECIDED, parts);
    rate(look, sight, "dash-approved", &[Count::Decided(Reason::Approved)], parts);
    rate(look, sight, "dash-declined", &DECLINED, parts);
    spread(look, sight, "dash-inquiry", Spread::Inquiry, parts);
    gauge(look, sight, "dash-holds", Gauge::Holds, parts);
    gauge(look, sight, "dash-disputed", Gauge::Disputed, parts);
    gauge(look, sight, "dash-queue", Gauge::Queue, parts);
    spread(look, sight, "dash-sync", Spread::Sync, parts);
}

fn rate(look: Look, sight: Sight<'_>, id: &str, what: &[Count], parts: &mut Vec<String>) {
    parts.extend(sight.rate(what).map(|tenths| format!("{} {}", look.say(id), figure::rate(tenths))));
}

fn gauge(look: Look, sight: Sight<'_>, id: &str, what: Gauge, parts: &mut Vec<String>) {
    parts.extend(sight.gauge(what).map(|value| format!("{} {}", look.say(id), figure::signed(value))));
}

fn spread(look: Look, sight: Sight<'_>, id: &str, what: Spread, parts: &mut Vec<String>) {
    let all = sight.spread(what);
    let Some((half, high)) = all.quantile(500).zip(all.quantile(990)) else { return };
    let told = look.tell(
        "dash-quantiles-told",
        &[("half", figure::micros(half).into()), ("high", figure::micros(high).into())],
    );
    parts.push(format!("{} {told}", look.say(id)));
}

/// One second of a daemon for programs: a JSON object on a line, in which figures have the names that the
/// metrics have.
fn program_line(model: &Model, daemon: Daemon, sight: Sight<'_>, fresh: Freshness) -> String {
    let alarms: Vec<Value> = alarms(model, daemon)
        .map(|alarm| {
            json!({ "rule": alarm.rule, "line": alarm.line, "urgent": alarm.urgent, "since_us": alarm.since.0 })
        })
        .collect();
    let mut object = Map::new();
    object.insert("daemon".into(), daemon.name().into());
    object.insert("live".into(), fresh.is_live().into());
    object.insert("age_seconds".into(), age(fresh).into());
    object.insert("writer_answered".into(), (!is_stuck(model, daemon)).into());
    object.insert("alarms".into(), alarms.into());
    if let Some(second) = sight.second() {
        object.insert("tick".into(), second.tick.into());
        object.insert("at_us".into(), second.at.0.into());
        figures(second, &mut object);
    }
    Value::Object(object).to_string()
}

fn figures(second: &Second, object: &mut Map<String, Value>) {
    let name = |name: &str, label: Option<(&str, &str)>| match label {
        Some((_, value)) => format!("{name}.{value}"),
        None => name.to_owned(),
    };
    let counts = second.counts.iter().map(|(count, times)| {
        let row = count.row();
        (name(row.name, row.label), Value::from(*times))
    });
    let gauges = second.gauges.iter().map(|(gauge, value)| {
        let row = gauge.row();
        (name(row.name, row.label), Value::from(*value))
    });
    let spreads = second.spreads.iter().map(|(spread, all)| {
        let row = spread.row();
        let told = json!({
            "count": all.len(),
            "sum": all.sum(),
            "p50": all.quantile(500),
            "p90": all.quantile(900),
            "p99": all.quantile(990),
            "most": all.most(),
        });
        (name(row.name, row.label), told)
    });
    object.insert("counts".into(), Value::Object(counts.collect()));
    object.insert("gauges".into(), Value::Object(gauges.collect()));
    object.insert("spreads".into(), Value::Object(spreads.collect()));
}

fn age(fresh: Freshness) -> Option<u64> {
    match fresh {
        Freshness::Never | Freshness::Frozen => None,
        Freshness::Live => Some(0),
        Freshness::Silent { seconds } | Freshness::Still { seconds } | Freshness::Lost { seconds } => {
            Some(seconds)
        }
    }
}

fn alarms(model: &Model, daemon: Daemon) -> impl Iterator<Item = &kessai_shared::operator::live::Alarm> {
    model.alarms().into_iter().filter(move |(of, _)| *of == daemon).map(|(_, alarm)| alarm)
}

fn is_stuck(model: &Model, daemon: Daemon) -> bool {
    match daemon {
        Daemon::Seller => model.seller.as_ref().is_some_and(|feed| feed.is_stuck),
        Daemon::Settlement => model.settlement.as_ref().is_some_and(|feed| feed.is_stuck),
    }
}

/// Why there is no connection.
fn why(model: &Model, daemon: Daemon) -> Option<&crate::words::Message> {
    match daemon {
        Daemon::Seller => model.seller.as_ref().and_then(Feed::why_down),
        Daemon::Settlement => model.settlement.as_ref().and_then(Feed::why_down),
    }
}
