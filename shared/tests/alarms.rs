//! Alarms over seconds that a test makes up, their configuration, and the command that is told of them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use kessai_shared::alarm::command::Caller;
use kessai_shared::alarm::{Alarms, CALM_SECONDS, Event, ROWS, Set, Settings, Side, Way};
use kessai_shared::config::{Config, ConfigError};
use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::Endpoint;
use kessai_shared::operator::live::{Alarm, Second};
use kessai_shared::outcome::Reason;
use kessai_shared::time::Timestamp;
use tokio::sync::Mutex;

const BEGUN: Timestamp = Timestamp(1_700_000_000_000_000);

fn second(tick: u64) -> Second {
    let (counts, spreads, gauges) = (Vec::new(), Vec::new(), Vec::new());
    Second { tick, at: BEGUN.plus_seconds(tick), counts, spreads, gauges }
}

/// The only rule that is on, with its threshold.
fn only(side: Side, text: &str) -> Alarms {
    let key = text.split(' ').next().expect("a key");
    let Settings { rules, .. } = settings(side, &format!("[alarms]\n{text}\n")).expect("settings");
    let rules: Vec<Set> = rules.into_iter().filter(|set| set.row.key == key).collect();
    assert_eq!(rules.len(), 1, "{key}");
    Alarms::new(rules)
}

fn settings(side: Side, text: &str) -> Result<Settings, ConfigError> {
    let mut config = Config::of_text(Path::new("x.toml"), text)?;
    let settings = Settings::take(&mut config, side);
    config.finish().map(|()| settings)
}

/// Looks at one figure a second, from tick 1 on, and gives in which ticks it was raised and over.
fn story(alarms: &mut Alarms, gauge: Gauge, values: &[Option<i64>]) -> Vec<(u64, &'static str)> {
    let mut told = Vec::new();
    for (value, tick) in values.iter().zip(1..) {
        let gauges = value.map(|value| (gauge, value)).into_iter().collect();
        let events = alarms.look(&Second { gauges, ..second(tick) });
        told.extend(events.iter().map(|event| (tick, event.word())));
    }
    told
}

fn times(value: i64, seconds: u64) -> Vec<Option<i64>> {
    (0..seconds).map(|_| Some(value)).collect()
}

#[test]
fn an_alarm_is_raised_once_after_its_time_and_over_once_it_is_calm() {
    let mut alarms = only(Side::Seller, "standby_lag_ms = { at = 2000, for_seconds = 3 }");
    let values = [times(1_999, 3), times(2_000, 10), times(100, 10)].concat();
    let expected = [(7, "raised"), (14 + CALM_SECONDS, "over")];
    assert_eq!(story(&mut alarms, Gauge::LagMillis, &values), expected);
    assert!(alarms.active().is_empty());
}

#[test]
fn a_figure_at_its_threshold_does_not_come_and_go() {
    let mut alarms = only(Side::Seller, "standby_lag_ms = { at = 2000, for_seconds = 3 }");
    // Under the threshold and over it by turns, it is never over it for three seconds.
    let turns: Vec<_> = (0..40).map(|n| Some(if n % 2 == 0 { 2_500 } else { 1_500 })).collect();
    assert_eq!(story(&mut alarms, Gauge::LagMillis, &turns), []);
    let mut alarms = only(Side::Seller, "standby_lag_ms = { at = 2000, for_seconds = 0 }");
    // Once raised it stays, as it is never calm for long, nor ever far from the threshold.
    assert_eq!(story(&mut alarms, Gauge::LagMillis, &turns), [(1, "raised")]);
    let mut alarms = only(Side::Seller, "standby_lag_ms = { at = 2000, for_seconds = 0 }");
    let near = [times(2_000, 1), times(1_801, 40)].concat();
    assert_eq!(story(&mut alarms, Gauge::LagMillis, &near), [(1, "raised")]);
}

#[test]
fn what_is_not_known_neither_raises_an_alarm_nor_ends_one() {
    let mut alarms = only(Side::Seller, "disputed = 1");
    let values =
        [vec![None; 20], times(1, 1), vec![None; 20], times(0, 4), vec![None; 3], times(0, 1)].concat();
    assert_eq!(story(&mut alarms, Gauge::Disputed, &values), [(21, "raised"), (49, "over")]);
}

#[test]
fn a_rule_from_below_is_raised_below() {
    let mut alarms = only(Side::Settlement, "free_disk_percent = { at = 10, urgent = true }");
    let mut told = Vec::new();
    for (free, tick) in
        [50, 11, 10, 9, 10, 11, 11, 11, 11, 11, 11, 11, 12, 12, 12, 12, 12, 12].into_iter().zip(1..)
    {
        let gauges = vec![(Gauge::FreeBytes, free * 10 + 9), (Gauge::DiskBytes, 1_000)];
        let events = alarms.look(&Second { gauges, ..second(tick) });
        told.extend(events.iter().map(|event| (tick, event.word(), event.alarm().urgent)));
    }
    assert_eq!(told, [(3, "raised", true), (18, "over", true)]);
    // A disk of no size has no share.
    let gauges = vec![(Gauge::FreeBytes, 0), (Gauge::DiskBytes, 0)];
    assert_eq!(alarms.look(&Second { gauges, ..second(30) }), []);
}

#[test]
fn an_alarm_says_since_when_what_and_how_much() {
    let mut alarms = only(Side::Seller, "link_down_seconds = 5");
    let mut raised = Vec::new();
    for tick in 1..=8 {
        let up = i64::from(tick < 3);
        raised.extend(alarms.look(&Second { gauges: vec![(Gauge::LinkUp, up)], ..second(tick) }));
    }
    let line = "the settlement cannot be spoken to: 5 s; the alarm is from 5 s on".to_owned();
    let rule = "link_down_seconds".to_owned();
    let alarm = Alarm { rule, since: BEGUN.plus_seconds(7), tick: 7, line, urgent: true };
    assert_eq!(raised, [Event::Raised(alarm.clone())]);
    // While it goes on, it says how it is now.
    let line = "the settlement cannot be spoken to: 6 s; the alarm is from 5 s on".to_owned();
    assert_eq!(alarms.active(), [Alarm { line, ..alarm }]);
    // A second that was lost on the way counts too.
    alarms.look(&Second { gauges: vec![(Gauge::LinkUp, 0)], ..second(20) });
    assert!(alarms.active()[0].line.contains(": 18 s;"), "{}", alarms.active()[0].line);
}

#[test]
fn percentiles_are_of_the_last_seconds_and_of_enough() {
    let mut alarms = only(Side::Settlement, "fsync_p99_ms = { at = 50, for_seconds = 0 }");
    let syncs = |count: u64, micros: u64| {
        let mut spread = Buckets::default();
        (0..count).for_each(|_| spread.add(micros));
        vec![(Spread::Sync, spread)]
    };
    let mut look = |tick, count, micros| {
        let events = alarms.look(&Second { spreads: syncs(count, micros), ..second(tick) });
        events.first().map(Event::word)
    };
    // One slow sync of a quiet daemon is none of twenty.
    assert_eq!(look(1, 1, 900_000), None);
    // Together they are twenty, and the slow one is the hundredth that counts.
    assert_eq!(look(2, 19, 1_000), Some("raised"));
    // Ten seconds later the slow one is forgotten.
    let over: Vec<_> = (3..30).filter_map(|tick| look(tick, 2, 1_000).map(|word| (tick, word))).collect();
    assert_eq!(over, [(11 + CALM_SECONDS, "over")]);
}

#[test]
fn declines_are_a_share_of_a_minute_under_either_sides_names() {
    let seller = [(Count::Approved, 10), (Count::Declined, 10)];
    let reasons = [(Count::Decided(Reason::Approved), 10), (Count::Decided(Reason::Expired), 10)];
    for (side, counts, one) in [
        (Side::Seller, seller, Count::Declined),
        (Side::Settlement, reasons, Count::Decided(Reason::OverLimit)),
    ] {
        let mut alarms = only(side, "decline_percent = { at = 50, for_seconds = 0 }");
        // Nineteen declines are too few to say anything.
        assert_eq!(alarms.look(&Second { counts: vec![(one, 19)], ..second(1) }), []);
        assert_eq!(alarms.look(&Second { counts: vec![(Count::Placed, 500)], ..second(61) }), []);
        let raised = alarms.look(&Second { counts: counts.to_vec(), ..second(62) });
        assert_eq!(raised.len(), 1, "{side:?}");
        assert!(raised[0].alarm().line.contains(": 50 %;"), "{}", raised[0].alarm().line);
    }
}

#[test]
fn failures_floods_and_clocks_are_noticed() {
    let mut alarms = only(Side::Seller, "failed_backups = 1");
    let look = |alarms: &mut Alarms, tick, counts: &[(Count, u64)]| -> Vec<&str> {
        alarms.look(&Second { counts: counts.to_vec(), ..second(tick) }).iter().map(Event::word).collect()
    };
    assert_eq!(look(&mut alarms, 1, &[(Count::BackupsFailed, 1)]), ["raised"]);
    // It is not over because nothing was tried since, but because one was made.
    assert!((2..500).all(|tick| look(&mut alarms, tick, &[]).is_empty()));
    assert!(look(&mut alarms, 500, &[(Count::BackupsMade, 1)]).is_empty());
    assert!((501..505).all(|tick| look(&mut alarms, tick, &[]).is_empty()));
    assert_eq!(look(&mut alarms, 505, &[]), ["over"]);

    let mut alarms = only(Side::Seller, "flooded_per_second = { at = 100, for_seconds = 0 }");
    let flood = [(Count::Flooded(Endpoint::Open), 600), (Count::Flooded(Endpoint::Operator), 399)];
    assert!(look(&mut alarms, 1, &flood).is_empty());
    assert_eq!(look(&mut alarms, 2, &[(Count::Flooded(Endpoint::Closed), 1)]), ["raised"]);

    let mut alarms = only(Side::Seller, "clock_jump_seconds = 5");
    let at = |tick, seconds: i64| Second { at: BEGUN.plus_seconds(seconds.unsigned_abs()), ..second(tick) };
    assert_eq!(alarms.look(&at(1, 100)), []);
    assert_eq!(alarms.look(&at(2, 105)), [], "four seconds too many are no jump");
    assert_eq!(alarms.look(&at(3, 106)), []);
    assert_eq!(alarms.look(&at(4, 102)).len(), 1, "back by four, where one was to pass");
}

#[test]
fn every_rule_has_its_key_once_and_can_be_read_from_nothing() {
    for row in &ROWS {
        assert_eq!(ROWS.iter().filter(|other| other.key == row.key).count(), 1, "{}", row.key);
        assert!(row.usual != Some(0) || row.way == Way::AtMost, "{}", row.key);
    }
    for side in [Side::Seller, Side::Settlement] {
        let Settings { rules, command } = Settings::usual(side);
        assert!(rules.len() > 10 && command.is_empty());
        let mut alarms = Alarms::new(rules);
        assert!((1..200).all(|tick| alarms.look(&second(tick)).is_empty()), "nothing known is no alarm");
    }
}

#[test]
fn the_configuration_sets_switches_off_and_tells_every_mistake() {
    let usual = Settings::usual(Side::Settlement).rules.len();
    let set = settings(
        Side::Settlement,
        "[alarms]\ncommand = ['/bin/true', 'x']\nqueue_percent = 50\nfsync_p99_ms = false\n\
         few_standbys = { at = 0, urgent = false }\n",
    );
    let Settings { rules, command } = set.expect("settings");
    assert_eq!((rules.len(), command.len()), (usual, 2), "one off, one on");
    let queue = rules.iter().find(|set| set.row.key == "queue_percent").expect("a rule");
    assert_eq!((queue.at, queue.for_seconds, queue.urgent), (50, 2, true));
    let few = rules.iter().find(|set| set.row.key == "few_standbys").expect("a rule");
    assert_eq!((few.at, few.urgent), (0, false));

    let bad = "[alarms]\ncommand = 'page'\nqueue_percent = -1\nlink_down_seconds = 5\ndisputed = 0\n\
               fsync_p99_ms = { at = 1, within = 2 }\nfew_standbys = { urgent = true }\nerrors = 1\n\
               decline_percent = { for_seconds = 3601 }\nfree_disk_mb = 'much'\n";
    let ConfigError(mistakes) = settings(Side::Settlement, bad).err().expect("mistakes");
    for key in [
        "command",
        "queue_percent",
        "link_down_seconds",
        "disputed",
        "fsync_p99_ms",
        "few_standbys",
        "errors",
        "decline_percent",
        "free_disk_mb",
    ] {
        let told = mistakes.iter().filter(|line| line.contains(&format!("alarms.{key}: "))).count();
        assert_eq!(told, 1, "{key}: {mistakes:?}");
    }
    assert_eq!(mistakes.len(), 9, "{mistakes:?}");
    assert!(settings(Side::Seller, "alarms = 5\n").is_err());
    for command in ["[]", "['page']", "['/bin/true', 5]"] {
        assert!(settings(Side::Seller, &format!("[alarms]\ncommand = {command}\n")).is_err(), "{command}");
    }
}

fn alarm(line: &str) -> Event {
    let rule = "queue_percent".to_owned();
    Event::Raised(Alarm { rule, since: BEGUN, tick: 7, line: line.to_owned(), urgent: true })
}

fn script(folder: &Path, text: &str) -> Vec<String> {
    let file = folder.join("told");
    std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).expect("allowed");
    vec![file.display().to_string(), folder.display().to_string()]
}

/// How long anything may take before it is given up.
const SOON: Duration = Duration::from_secs(60);
/// Sooner than a command that hangs is ended for that alone.
const BEFORE_IT_IS_ENDED: Duration = Duration::from_secs(9);
/// A script cannot be run while a child that another test begins just then still holds it open for writing.
static TURN: Mutex<()> = Mutex::const_new(());

async fn wait_for(file: &Path) -> String {
    let begun = Instant::now();
    loop {
        match std::fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text,
            Ok(_) | Err(_) => assert!(begun.elapsed() < SOON, "{}", file.display()),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_command_is_told_in_its_environment_and_on_its_input() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a folder");
    let command = script(folder.path(), "cat > \"$1/input\"; env > \"$1/draft\"; mv \"$1/draft\" \"$1/env\"");
    let caller = Caller::start(&command, "seller").expect("a command");
    caller.tell(&alarm("the queue; \"$(touch /tmp/owned)\" 'is' full"));
    let env = wait_for(&folder.path().join("env")).await;
    for line in [
        "KESSAI_DAEMON=seller",
        "KESSAI_ALARM_EVENT=raised",
        "KESSAI_ALARM_RULE=queue_percent",
        "KESSAI_ALARM_LINE=the queue; \"$(touch /tmp/owned)\" 'is' full",
        "KESSAI_ALARM_URGENT=1",
        "KESSAI_ALARM_SINCE=2023-11-14T22:13:20Z",
    ] {
        assert!(env.lines().any(|told| told == line), "{line}\n{env}");
    }
    assert!(!env.contains("CARGO"), "it is given nothing of the daemon's environment\n{env}");
    let input = std::fs::read(folder.path().join("input")).expect("an input");
    let input: serde_json::Value = serde_json::from_slice(&input).expect("JSON");
    assert_eq!((&input["rule"], &input["tick"]), (&"queue_percent".into(), &7.into()));
    assert_eq!(input["line"], "the queue; \"$(touch /tmp/owned)\" 'is' full");
}

#[tokio::test]
async fn a_command_that_hangs_keeps_nobody_waiting_and_ends_with_its_daemon() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a folder");
    let command = script(folder.path(), "sleep 600 & echo $! > \"$1/pid\"; wait");
    let caller = Caller::start(&command, "seller").expect("a command");
    let begun = Instant::now();
    (0..1_000).for_each(|_| caller.tell(&alarm("one of many")));
    assert!(begun.elapsed() < BEFORE_IT_IS_ENDED, "telling never waits");
    let pid = wait_for(&folder.path().join("pid")).await;
    // What the command started ends with it.
    drop(caller);
    let of = format!("/proc/{}/stat", pid.trim());
    let gone = |text: std::io::Result<String>| text.map_or(true, |text| text.contains(") Z "));
    let begun = Instant::now();
    while !gone(std::fs::read_to_string(&of)) {
        assert!(begun.elapsed() < BEFORE_IT_IS_ENDED, "it outlives its daemon");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
