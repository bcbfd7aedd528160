//! What holds whatever happens: nothing panics, what is old is never green, what is stopped does not move, and
//! nothing is changed without being asked for.

use kessai_shared::measure::{Buckets, Count, Gauge, Spread};
use kessai_shared::operator::live::{Alarm, Beat, Second};
use kessai_shared::operator::seller;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::event::Target;
use kessai_tui_client::app::settings::ThemeName;
use kessai_tui_client::app::{Edit, Key, Outside, Seq};
use kessai_tui_client::dashboard::confirm::Confirm;
use kessai_tui_client::dashboard::event::{Daemon, Effect, Event, Question, Told};
use kessai_tui_client::dashboard::keymap::{Action, Context};
use kessai_tui_client::dashboard::page::{Desk, Page, Step};
use kessai_tui_client::dashboard::told::{Teller, When};
use kessai_tui_client::dashboard::{Freshness, keymap};
use kessai_tui_client::view::{Look, sheet::Sheet};
use kessai_tui_client::words::Message;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use zeroize::Zeroizing;

use crate::look::text;
use crate::made::{NOW, Watched, alarm, at, decided, seller_status, settlement_status, sold};

/// The green of the dark theme, in which nothing may be that is not so now.
const GREEN: Color = Color::Rgb(0x87, 0xd7, 0x9b);

fn greens(world: &mut Watched) -> usize {
    world.model.settings.theme = ThemeName::Dark;
    let (buf, _) = world.draw();
    buf.content.iter().filter(|cell| cell.fg == GREEN).count()
}

fn each_screen(world: &mut Watched, mut look: impl FnMut(&mut Watched, char)) {
    for key in '1'..='8' {
        world.keys(&key.to_string());
        look(world, key);
    }
}

#[test]
fn what_is_live_is_green_somewhere() {
    let mut world = Watched::open(120, 40);
    world.run(5);
    each_screen(&mut world, |world, key| assert!(greens(world) > 0, "screen {key}"));
}

#[test]
fn what_is_silent_is_never_green_and_says_so_within_two_seconds() {
    for micros in [1_500_000, 2_000_000, 90_000_000] {
        let mut world = Watched::open(120, 40);
        world.run(5);
        // The dashboard itself says when it has to be told the time.
        let wake = world.model.wake_at().expect("a time");
        assert!(wake.0 <= at(5).0 + 1_500_000, "it would not look before {wake}");
        world.pass(micros);
        each_screen(&mut world, |world, key| {
            assert_eq!(greens(world), 0, "screen {key}, {micros} µs");
            let seen = text(&world.draw().0);
            assert!(seen.contains("no word for"), "{seen}");
        });
    }
}

#[test]
fn one_that_is_silent_does_not_make_the_other_so() {
    let mut world = Watched::open(120, 40);
    world.run(5);
    world.pass(1_500_000);
    world.happen(Event::SellerBeat(Box::new(Beat { second: sold(6), status: None, alarms: Vec::new() })));
    let seen = text(&world.draw().0);
    assert!(seen.contains("● seller live") && seen.contains("! settlement no word for 1 s"), "{seen}");
    assert!(seen.contains("did not answer in time"), "a writer that is stuck is worth knowing:\n{seen}");
}

#[test]
fn a_clock_that_stands_still_or_jumps_is_no_live_daemon() {
    for (at, what) in [(at(5), "still"), (at(500), "ahead"), (NOW, "back")] {
        let mut world = Watched::of(&[Daemon::Seller], false, 120, 40);
        world.run(5);
        world.pass(1_000_000);
        let second = Second { at, ..sold(6) };
        let beat = Beat { second, status: Some(seller_status()), alarms: Vec::new() };
        world.happen(Event::SellerBeat(Box::new(beat)));
        assert!(matches!(world.model.truth(Daemon::Seller), Some(Freshness::Still { .. })), "{what}");
        assert_eq!(greens(&mut world), 0, "{what}");
        assert!(text(&world.draw().0).contains("clock stands still or jumps"), "{what}");
        // It goes on: after one steady second all is well again.
        world.pass(1_000_000);
        let second = Second { at: Timestamp(at.0 + 1_000_000), ..sold(7) };
        let beat = Beat { second, status: Some(seller_status()), alarms: Vec::new() };
        world.happen(Event::SellerBeat(Box::new(beat)));
        assert_eq!(world.model.truth(Daemon::Seller), Some(Freshness::Live), "{what}");
    }
}

#[test]
fn a_lost_daemon_is_tried_again_and_never_green_meanwhile() {
    let mut world = Watched::of(&[Daemon::Seller], false, 120, 40);
    world.run(5);
    world.effects.clear();
    world.happen(Event::Lost(Daemon::Seller, Message::said("connection refused")));
    assert_eq!(greens(&mut world), 0);
    assert!(text(&world.draw().0).contains("connection refused"));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let before = world.model.now.0;
        while world.effects.is_empty() {
            let wake = world.model.wake_at().expect("a time").0;
            world.pass(wake - world.model.now.0);
        }
        assert_eq!(world.effects.drain(..).collect::<Vec<_>>(), [Effect::Watch(Daemon::Seller)]);
        waits.push((world.model.now.0 - before) / 1_000);
        // It is not asked twice at once.
        world.pass(20_000_000);
        assert!(world.effects.is_empty());
        world.happen(Event::Lost(Daemon::Seller, Message::said("connection refused")));
    }
    assert_eq!(waits, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]);
    world.happen(Event::Reached(Daemon::Seller));
    assert_eq!(greens(&mut world), 0, "a connection alone says nothing of what is shown");
}

#[test]
fn what_is_stopped_does_not_move_and_is_not_green() {
    let mut world = Watched::open(120, 40);
    world.run(30);
    world.keys(" ");
    each_screen(&mut world, |world, key| {
        assert_eq!(greens(world), 0, "screen {key}");
        let before = text(&world.draw().0);
        let body = |seen: &str| seen.lines().skip(3).map(str::to_owned).collect::<Vec<_>>();
        world.run(3);
        let after = text(&world.draw().0);
        assert_eq!(body(&before), body(&after), "screen {key}");
        assert!(after.contains("STOPPED at 22:13:50"), "{after}");
    });
    world.beat(Vec::new(), vec![alarm(31, true)]);
    assert!(text(&world.draw().0).contains("alarms have changed since"));
    world.keys(" ");
    assert!(greens(&mut world) > 0 && !world.model.is_frozen());
}

/// The counts of each second are known, so that what is shown at any second can be counted here, too.
#[test]
fn every_second_can_be_gone_back_to_and_shows_what_was_so_then() {
    let mut world = Watched::of(&[Daemon::Seller], false, 120, 40);
    world.run(200);
    world.keys(" ");
    for back in 0..150 {
        let sight = world.model.sight(Daemon::Seller).expect("a sight");
        let tick = 200 - back;
        assert_eq!(sight.second().map(|second| second.tick), Some(tick));
        let placed: u64 = (tick - 9..=tick).map(|tick| sold(tick).counts[0].1).sum();
        assert_eq!(sight.rate(&[Count::Placed]), Some(placed), "tenths of ten seconds are their sum");
        let total: u64 = (1..=tick).map(|tick| sold(tick).counts[0].1).sum();
        assert_eq!(sight.total(&[Count::Placed]), total);
        let mut all = Buckets::default();
        (tick.saturating_sub(59).max(1)..=tick).for_each(|tick| all.merge(&sold(tick).spreads[0].1));
        assert_eq!(sight.spread(Spread::Purchase), all);
        assert_eq!(sight.gauge(Gauge::Orders), Some(120_000 + tick as i64 * 90));
        world.keys("h");
    }
    world.key(Key::PageUp);
    world.key(Key::PageUp);
    let oldest = world.model.sight(Daemon::Seller).expect("a sight");
    assert_eq!(oldest.second(), None, "before the first second nothing is known, and nothing is made up");
    assert_eq!(oldest.rate(&[Count::Placed]), None);
    world.key(Key::End);
    assert!(!world.model.is_frozen());
}

#[test]
fn the_past_is_asked_for_as_far_as_it_is_shown_and_no_further() {
    let mut world = Watched::of(&[Daemon::Seller], false, 80, 24);
    world.happen(Event::Reached(Daemon::Seller));
    world.effects.clear();
    world.tick = 1_000;
    world.run(1);
    let mut asked = Vec::new();
    while let Some(Effect::LoadPast { daemon: Daemon::Seller, before_tick }) = world.effects.pop() {
        assert!(world.effects.is_empty(), "one question at a time");
        asked.push(before_tick);
        let past = (before_tick - 60..before_tick).rev().map(sold).collect();
        world.happen(Event::Past(Daemon::Seller, Ok(past)));
    }
    assert_eq!(asked, [1_000, 940], "a window of eighty seconds");
    world.run(1);
    assert!(world.effects.is_empty());
    world.keys("-");
    let Some(Effect::LoadPast { before_tick, .. }) = world.effects.pop() else { panic!("more is shown") };
    assert_eq!(before_tick, 880);
    // A daemon that has no more is not asked again, and one that cannot answer neither.
    world.happen(Event::Past(Daemon::Seller, Err(Message::said("no"))));
    world.run(3);
    assert!(world.effects.is_empty());
    // Nothing is counted twice.
    let total: u64 = (880..=1_004).map(|tick| sold(tick).counts[0].1).sum();
    assert_eq!(world.model.sight(Daemon::Seller).expect("a sight").total(&[Count::Placed]), total);
}

#[test]
fn a_daemon_that_was_started_anew_keeps_the_hour_that_was_seen() {
    let mut world = Watched::of(&[Daemon::Seller], false, 80, 24);
    world.run(30);
    let before = world.model.sight(Daemon::Seller).expect("a sight").total(&[Count::Placed]);
    world.happen(Event::Lost(Daemon::Seller, Message::said("gone")));
    world.pass(10_000_000);
    world.happen(Event::Reached(Daemon::Seller));
    for tick in 1..=3 {
        world.pass(1_000_000);
        let second = Second { at: world.model.now, ..sold(tick) };
        world.happen(Event::SellerBeat(Box::new(Beat {
            second,
            status: Some(seller_status()),
            alarms: Vec::new(),
        })));
    }
    let sight = world.model.sight(Daemon::Seller).expect("a sight");
    let more: u64 = (1..=3).map(|tick| sold(tick).counts[0].1).sum();
    assert_eq!(sight.total(&[Count::Placed]), before + more);
    assert_eq!(sight.hour.newest(), Some(30 + 11 + 2), "the ten seconds without it are a hole");
    assert_eq!(world.model.truth(Daemon::Seller), Some(Freshness::Live));
}

#[test]
fn an_alarm_leads_to_its_second() {
    let mut world = Watched::open(120, 40);
    world.run(100);
    world.beat(vec![alarm(40, false), alarm(90, true)], Vec::new());
    world.keys("a");
    let sight = world.model.sight(Daemon::Seller).expect("a sight");
    assert_eq!(sight.second().map(|second| second.tick), Some(90), "the newest");
    world.key(Key::End);
    world.keys("8\n");
    let sight = world.model.sight(Daemon::Seller).expect("a sight");
    assert_eq!(sight.second().map(|second| second.tick), Some(40), "the chosen one");
    assert!(world.model.is_frozen());
}

/// A page that wants to do something, as pages that act do.
struct Shipping;

impl Page for Shipping {
    fn title(&self) -> Message {
        Message::said("ship")
    }
    fn context(&self) -> Context {
        Context::List
    }
    fn told_at(&self) -> Option<Timestamp> {
        None
    }
    fn ask(&mut self, _desk: &mut Desk<'_>) {}
    fn act(&mut self, _action: Action, _desk: &mut Desk<'_>) -> Step {
        Step::Confirm(Box::new(Confirm {
            question: Message::said("Ship all of it?"),
            lines: Vec::new(),
            act: ship(),
            seq: Seq(900),
        }))
    }
    fn answered(&mut self, _seq: Seq, _answer: &Result<Box<Told>, Message>, _desk: &mut Desk<'_>) {}
    fn edited(&mut self, _edit: Edit, _desk: &mut Desk<'_>) {}
    fn draw(&self, _look: Look, _now: Timestamp, _sheet: &mut Sheet<'_>) {}
}

fn ship() -> Question {
    let order = kessai_shared::ids::OrderId::from_bytes([7; 16]);
    Question::Seller(seller::Request::Ship { order, lines: Vec::new(), tracking: None })
}

#[test]
fn only_a_clear_yes_does_anything_and_readonly_never() {
    let all = keymap::BINDINGS.iter().flat_map(|binding| binding.keys.iter()).copied();
    // After Ctrl-C there is no session any more.
    let keys: Vec<Key> = all.filter(|key| *key != Key::Interrupt).collect();
    for readonly in [false, true] {
        for key in &keys {
            let mut world = Watched::of(&Daemon::ALL, readonly, 80, 24);
            world.effects.clear();
            world.model.pages.push(Box::new(Shipping));
            world.key(Key::Enter);
            assert_eq!(world.model.confirm.is_some(), !readonly);
            let sent = |world: &Watched| {
                world.effects.iter().any(|effect| match effect {
                    Effect::Ask { question, .. } => question.changes(),
                    Effect::Watch(_) | Effect::LoadPast { .. } | Effect::Quit => false,
                })
            };
            world.key(*key);
            assert_eq!(sent(&world), !readonly && *key == Key::Char('Y'), "a key did what it may not");
            if *key != Key::Char('Y') {
                world.key(Key::Char('Y'));
                assert!(!sent(&world), "a yes without its question");
            }
        }
    }
    assert!(ship().changes());
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum What {
    Key(usize),
    Paste(String),
    Resize(u16, u16),
    Micros(u64),
    Click(usize),
    Wheel(i8),
    Beat { seller: bool, tick: u64, at: u64, status: bool, alarms: Vec<(u64, bool)> },
    Odd { tick: u64, at: u64, value: i64, times: u64 },
    Reached(bool),
    Lost(bool),
    Past(bool, Vec<u64>),
    Answer,
    Late(u64),
    Draw,
}

fn what() -> impl Strategy<Value = What> {
    let tick = || prop_oneof![0..200_u64, Just(u64::MAX), any::<u64>()];
    prop_oneof![
        4 => (0..200_usize).prop_map(What::Key),
        1 => ".{0,8}".prop_map(What::Paste),
        1 => (0..220_u16, 0..70_u16).prop_map(|(columns, rows)| What::Resize(columns, rows)),
        3 => prop_oneof![0..3_000_000_u64, any::<u64>()].prop_map(What::Micros),
        1 => (0..80_usize).prop_map(What::Click),
        1 => any::<i8>().prop_map(What::Wheel),
        4 => (any::<bool>(), tick(), 0..300_u64, any::<bool>(), prop::collection::vec((tick(), any::<bool>()), 0..3))
            .prop_map(|(seller, tick, at, status, alarms)| What::Beat { seller, tick, at, status, alarms }),
        2 => (tick(), any::<u64>(), any::<i64>(), any::<u64>())
            .prop_map(|(tick, at, value, times)| What::Odd { tick, at, value, times }),
        1 => any::<bool>().prop_map(What::Reached),
        1 => any::<bool>().prop_map(What::Lost),
        2 => (any::<bool>(), prop::collection::vec(tick(), 0..70)).prop_map(|(seller, ticks)| What::Past(seller, ticks)),
        2 => Just(What::Answer),
        1 => any::<u64>().prop_map(What::Late),
        3 => Just(What::Draw),
    ]
}

fn daemon(seller: bool) -> Daemon {
    if seller { Daemon::Seller } else { Daemon::Settlement }
}

fn happen(world: &mut Watched, what: &What) {
    match what {
        What::Key(nth) => {
            let keys: Vec<Key> =
                keymap::BINDINGS.iter().flat_map(|binding| binding.keys.iter()).copied().collect();
            world.key(keys[nth % keys.len()]);
        }
        What::Paste(text) => world.outside(Outside::Paste(Zeroizing::new(text.clone()))),
        What::Resize(columns, rows) => world.outside(Outside::Resize { columns: *columns, rows: *rows }),
        What::Micros(micros) => {
            let now = Timestamp(world.model.now.0.saturating_add(*micros % 10_000_000_000));
            world.outside(Outside::Tick(now));
        }
        What::Click(nth) => {
            world.outside(Outside::Point(Target::Place(*nth)));
            world.outside(Outside::Point(Target::Row(*nth)));
        }
        What::Wheel(steps) => world.outside(Outside::Wheel(*steps)),
        What::Beat { seller, tick, at: when, status, alarms } => {
            let alarms: Vec<Alarm> =
                alarms.iter().map(|(tick, urgent)| Alarm { tick: *tick, ..alarm(9, *urgent) }).collect();
            if *seller {
                let second = Second { tick: *tick, at: at(*when), ..sold(tick % 1_000) };
                let status = status.then(seller_status);
                world.happen(Event::SellerBeat(Box::new(Beat { second, status, alarms })));
            } else {
                let second = Second { tick: *tick, at: at(*when), ..decided(tick % 1_000) };
                let status = status.then(settlement_status);
                world.happen(Event::SettlementBeat(Box::new(Beat { second, status, alarms })));
            }
        }
        What::Odd { tick, at, value, times } => {
            let mut all = Buckets::default();
            all.add(*times);
            let second = Second {
                tick: *tick,
                at: Timestamp(*at),
                counts: vec![(Count::Placed, *times), (Count::JournalBytes, *times)],
                spreads: vec![(Spread::Purchase, all)],
                gauges: vec![
                    (Gauge::FreeBytes, *value),
                    (Gauge::LinkUp, *value),
                    (Gauge::BackupSeconds, *value),
                ],
            };
            world.happen(Event::SellerBeat(Box::new(Beat { second, status: None, alarms: Vec::new() })));
        }
        What::Reached(seller) => world.happen(Event::Reached(daemon(*seller))),
        What::Lost(seller) => world.happen(Event::Lost(daemon(*seller), Message::said("gone"))),
        What::Past(seller, ticks) => {
            let past = ticks.iter().map(|tick| Second { tick: *tick, ..sold(tick % 1_000) }).collect();
            world.happen(Event::Past(daemon(*seller), Ok(past)));
        }
        What::Answer => world.answer(),
        What::Late(seq) => {
            let told = Told::Seller(seller::Reply::History(Vec::new()));
            world.happen(Event::Answered(Seq(*seq), Ok(Box::new(told))));
        }
        What::Draw => drop(world.draw()),
    }
}

/// What is drawn below the frame, which goes on telling what is so now.
fn body(buf: &Buffer) -> Vec<String> {
    let seen = text(buf);
    let from = seen.lines().position(|line| line.starts_with(['─', '…'])).unwrap_or(usize::MAX);
    seen.lines().skip(from).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_breaks_and_what_is_not_live_is_not_green(
        events in prop::collection::vec(what(), 1..60)
    ) {
        let mut world = Watched::open(80, 24);
        let mut tellers = [Teller::new(When::EachSecond, false), Teller::new(When::EachSecond, true), Teller::new(When::OnChange, false)];
        for event in &events {
            happen(&mut world, event);
            let any_live = Daemon::ALL.into_iter().any(|daemon| world.model.freshness(daemon).is_some_and(Freshness::is_live));
            if !any_live && matches!(event, What::Draw | What::Lost(_) | What::Odd { .. }) {
                let theme = world.model.settings.theme;
                prop_assert_eq!(greens(&mut world), 0, "green after {:?}", event);
                world.model.settings.theme = theme;
            }
            for teller in &mut tellers {
                for line in teller.news(&world.model) {
                    prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                }
            }
            prop_assert!(world.model.wake_at().is_none_or(|at| at > world.model.now || world.model.now.0 == u64::MAX));
            let asked = world.effects.iter().any(|effect| matches!(effect, Effect::Ask { question, .. } if question.changes()));
            prop_assert!(!asked, "something is changed that no page here can ask for");
        }
    }

    #[test]
    fn what_is_stopped_stays_as_it_is(beats in prop::collection::vec((any::<bool>(), 0..400_u64, any::<bool>()), 1..30)) {
        let mut world = Watched::open(120, 40);
        world.run(20);
        world.keys(" ");
        let before = body(&world.draw().0);
        for (seller, micros, lose) in beats {
            world.pass(micros * 10_000);
            if lose {
                world.happen(Event::Lost(daemon(seller), Message::said("gone")));
            } else {
                world.beat(vec![alarm(21, true)], Vec::new());
            }
            let after = body(&world.draw().0);
            let rows = before.len().min(after.len()).saturating_sub(3);
            prop_assert_eq!(&before[..rows], &after[..rows]);
        }
    }
}

#[test]
fn lines_tell_each_second_once_and_by_change_only_what_is_news() {
    let mut world = Watched::of(&[Daemon::Seller], false, 80, 24);
    let (mut each, mut changed) = (Teller::default(), Teller::new(When::OnChange, false));
    let mut json = Teller::new(When::EachSecond, true);
    assert_eq!(each.news(&world.model), ["seller connecting"]);
    assert_eq!(changed.news(&world.model).len(), 1);
    let (mut lines, mut changes, mut objects) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..20 {
        world.run(1);
        for _ in 0..2 {
            lines.extend(each.news(&world.model));
            changes.extend(changed.news(&world.model));
            objects.extend(json.news(&world.model));
        }
    }
    assert_eq!((lines.len(), changes.len(), objects.len()), (20, 1, 20), "{lines:#?}\n{changes:#?}");
    assert!(lines[19].starts_with("22:13:40 seller live: placed "), "{}", lines[19]);
    for (tick, object) in (1..).zip(&objects) {
        let object: serde_json::Value = serde_json::from_str(object).expect("JSON");
        assert_eq!(object["tick"], tick);
        assert_eq!(object["counts"]["orders_placed"], sold(tick).counts[0].1);
        assert_eq!(object["live"], true);
    }
    world.beat(vec![alarm(21, true)], Vec::new());
    assert!(changed.news(&world.model)[0].contains("alarm: link-down LinkUp 0 < 1"));
    world.pass(1_600_000);
    let (stale, told) = (each.news(&world.model), changed.news(&world.model));
    assert!(stale[1..].is_empty() && stale[0].contains("seller no word for 1 s"), "{stale:?}");
    assert_eq!(told.len(), 1, "that it is silent is news");
    world.pass(1_000_000);
    assert_eq!(changed.news(&world.model), <[String; 0]>::default(), "that it is silent still is none");
}

#[test]
fn a_narrow_window_always_says_something_true() {
    for (columns, rows) in [(24, 6), (30, 8), (40, 12), (23, 5), (1, 1), (0, 0)] {
        let mut world = Watched::open(columns, rows);
        world.run(3);
        world.pass(5_000_000);
        let seen = text(&world.draw().0);
        let flat: String = seen.split_whitespace().collect();
        assert!(columns < 24 || flat.contains("noword"), "{columns}x{rows}:\n{seen}");
    }
}
