//! What every screen of the dashboard looks like: at four sizes, in both languages, with and without colour,
//! and with signs of ASCII only. `INSTA_UPDATE=always` writes the snapshots anew; then they are read before
//! they are kept.

use std::collections::BTreeSet;

use kessai_shared::operator::live::Second;
use kessai_tui_client::app::Key;
use kessai_tui_client::app::settings::Colour;
use kessai_tui_client::dashboard::event::{Daemon, Event};
use kessai_tui_client::dashboard::keymap::Action;
use kessai_tui_client::dashboard::view::overflow;
use kessai_tui_client::words::{Lang, Message};
use unicode_width::UnicodeWidthStr;

use crate::drill::answer;
use crate::look::{styles, symbols, text};
use crate::made::{Watched, alarm, sold};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
/// A window in which something true is said, too, and one in which nothing may break.
const SMALL: [(u16, u16); 2] = [(40, 12), (24, 6)];
/// Words of Latin letters that Japanese operators read, too: units, names of rules, and what daemons say.
const JAPANESE_TOO: &[&str] = &[
    "UTC", "Ctrl", "Esc", "Space", "Tab", "Enter", "End", "PgUp", "PgDn", "Home", "ASCII", "SKU", "fsync",
    "Kessai", "Ctrl-C", "Ctrl-P", "lat", "min",
];

fn check(name: &str, reach: impl Fn(&mut Watched)) {
    for lang in Lang::ALL {
        for (columns, rows) in SIZES {
            let mut world = Watched::open(columns, rows);
            world.model.settings.lang = lang;
            reach(&mut world);
            let place = format!("{name} in {}, {columns}x{rows}", lang.code());
            world.model.settings.colour = Colour::None;
            let (colourless, _) = world.draw();
            world.model.settings.colour = Colour::Some;
            let (coloured, drawn) = world.draw();
            let seen = text(&coloured);
            assert_eq!(seen, text(&colourless), "{place}: colour changes more than colours");
            holds(&place, &mut world, lang);
            let cursor = drawn.cursor.map(|at| format!("cursor: {}, {}\n", at.x, at.y)).unwrap_or_default();
            let whole = format!("{seen}{cursor}--- colour\n{}", styles(&coloured));
            insta::with_settings!({ snapshot_path => format!("../snapshots/{}", lang.code()), prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("dash-{name}-{columns}x{rows}"), whole);
            });
        }
        for (columns, rows) in SMALL {
            let mut world = Watched::open(columns, rows);
            world.model.settings.lang = lang;
            reach(&mut world);
            holds(&format!("{name} in {}, {columns}x{rows}", lang.code()), &mut world, lang);
        }
    }
}

/// What holds for every screen: letters are whole, Japanese is Japanese, ASCII is enough, and the way out and
/// the truth are always to be seen.
fn holds(place: &str, world: &mut Watched, lang: Lang) {
    let (buf, _) = world.draw();
    for y in 0..buf.area.height {
        for (x, symbol) in symbols(&buf, y) {
            let wide = u16::try_from(symbol.width()).expect("a width");
            assert!(x + wide <= buf.area.width, "{place}: {symbol} hangs over the edge of row {y}");
            assert!(!symbol.chars().any(char::is_control), "{place}: {symbol:?} moves the cursor");
            if wide == 2 {
                let covered = buf[(x + 1, y)].symbol();
                assert!(covered.trim().is_empty(), "{place}: {covered:?} is drawn into {symbol} in row {y}");
            }
        }
    }
    let seen = text(&buf);
    let context = world.model.context();
    if buf.area.width >= 40 {
        for action in [Action::Help, Action::Confirm] {
            let mut offered = world.model.keys().bindings(context);
            let named = offered.find(|it| it.action == action && !it.word.is_empty());
            if let Some(key) = named.and_then(|it| it.keys.first()) {
                assert!(
                    seen.contains(&key.label(false)),
                    "{place}: {action:?} has no key on the screen:\n{seen}"
                );
            }
        }
    }
    match lang {
        Lang::Japanese => is_japanese(place, &seen),
        Lang::English => {
            world.model.settings.ascii = true;
            let plain = text(&world.draw().0);
            world.model.settings.ascii = false;
            let strange: BTreeSet<char> =
                plain.chars().filter(|c| !c.is_ascii() && !matches!(c, '£' | '¥' | 'µ')).collect();
            assert!(strange.is_empty(), "{place}: not ASCII: {strange:?}\n{plain}");
        }
    }
}

fn is_japanese(place: &str, seen: &str) {
    let words = seen.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let english: BTreeSet<&str> = words
        .filter(|word| word.chars().filter(char::is_ascii_alphabetic).count() > 2)
        .filter(|word| !JAPANESE_TOO.contains(word) && !word.chars().any(|c| c.is_ascii_digit()))
        .filter(|word| !OF_DAEMONS.contains(word))
        .collect();
    assert!(english.is_empty(), "{place}: English is left: {english:?}\n{seen}");
}

/// What the made-up daemons themselves say.
const OF_DAEMONS: &[&str] = &[
    "link-down",
    "sync-slow",
    "LinkUp",
    "Sync",
    "no",
    "route",
    "host",
    "connection",
    "refused",
    "the",
    "disk",
    "was",
    "full",
    "confirmed",
    "by",
    "key",
    "placed",
    "handshake",
    "timed",
    "out",
    "left",
    "room",
    "answer",
    "does",
    "not",
    "peer",
    "is",
    "Mugicha",
    "TEA-MUGI",
    "shipped",
    // What operators typed, and how the daemons call acts, records and work.
    "before",
    "acc",
    "called",
    "sho",
    "rev",
    "nor",
    "cap",
    "hol",
    "audit",
    "reported",
    "its",
    "holder",
    "card",
    "shown",
    "account",
    "reversal",
    "normal",
    "held",
    "approved",
    "captured",
    "payable",
    "receivable",
];

fn to(screen: char) -> impl Fn(&mut Watched) {
    move |world| {
        world.run(90);
        world.keys(&screen.to_string());
    }
}

#[test]
fn overview() {
    check("overview", to('1'));
}

#[test]
fn latency() {
    check("latency", to('2'));
}

#[test]
fn outcomes() {
    check("outcomes", to('3'));
}

#[test]
fn link() {
    check("link", to('4'));
}

#[test]
fn goods() {
    check("goods", to('5'));
}

#[test]
fn disk() {
    check("disk", to('6'));
}

#[test]
fn peers() {
    check("peers", to('7'));
}

#[test]
fn alarms() {
    check("alarms", |world| {
        world.run(60);
        (0..10).for_each(|_| world.beat(vec![alarm(50, false), alarm(61, true)], vec![alarm(30, false)]));
        world.keys("8");
        world.key(Key::Down);
    });
    check("alarms-none", to('8'));
}

#[test]
fn before_anybody_was_heard() {
    check("connecting", |_| {});
}

#[test]
fn nobody_is_there() {
    check("down", |world| {
        world.run(40);
        let why = || Message::said("connection refused");
        world.happen(Event::Lost(Daemon::Seller, why()));
        world.happen(Event::Lost(Daemon::Settlement, why()));
        world.pass(400_000);
    });
}

#[test]
fn one_is_silent_and_an_alarm_is_on() {
    check("silent", |world| {
        world.run(40);
        world.beat(vec![alarm(41, true)], Vec::new());
        for seconds in 1..=7 {
            let (tick, now) = (world.tick, world.model.now.0);
            world.pass(1_000_000);
            let second = Second { tick, ..crate::made::decided(tick) };
            let beat = kessai_shared::operator::live::Beat {
                second,
                status: Some(crate::made::settlement_status()),
                alarms: Vec::new(),
            };
            world.happen(Event::SettlementBeat(Box::new(beat)));
            world.tick += 1;
            assert!(world.model.now.0 == now + 1_000_000 && seconds > 0);
        }
    });
}

#[test]
fn a_clock_stands_still_and_a_writer_is_stuck() {
    check("still", |world| {
        world.run(40);
        let stopped = crate::made::at(40);
        for _ in 0..3 {
            let tick = world.tick;
            world.pass(1_000_000);
            let second = Second { at: stopped, ..sold(tick) };
            let beat = kessai_shared::operator::live::Beat { second, status: None, alarms: Vec::new() };
            world.happen(Event::SellerBeat(Box::new(beat)));
            world.tick += 1;
        }
    });
}

#[test]
fn stopped_and_back_in_time() {
    check("stopped", |world| {
        world.run(120);
        world.keys(" hhhhh");
        world.run(20);
    });
    check("stopped-span", |world| {
        world.run(120);
        world.keys("- ");
        world.beat(vec![alarm(121, true)], Vec::new());
    });
}

#[test]
fn orders_and_one_of_them() {
    check("orders", |world| {
        world.run(3);
        world.keys("o");
        world.answer();
    });
    check("order", |world| {
        world.run(3);
        world.keys("o");
        world.answer();
        world.keys("\n");
        world.answer();
        world.pass(3_000_000);
    });
}

#[test]
fn what_is_found_and_drilled_down_to() {
    check("find", |world| {
        world.run(3);
        world.keys("/22");
        answer(world);
        answer(world);
    });
    check("order-both", |world| {
        world.run(3);
        world.keys("o");
        answer(world);
        world.keys("\n");
        answer(world);
        answer(world);
    });
    check("drill", |world| {
        world.run(3);
        world.keys("d");
    });
    for (name, row) in [("owed", 2), ("acts", 4), ("holds", 5), ("sellers", 6)] {
        check(name, |world| {
            world.run(3);
            world.keys("d");
            (0..row).for_each(|_| world.key(Key::Down));
            world.keys("\n");
            answer(world);
        });
    }
    check("account", |world| {
        world.run(3);
        world.keys("d");
        (0..5).for_each(|_| world.key(Key::Down));
        world.keys("\n");
        answer(world);
        world.keys("\n");
        answer(world);
    });
}

#[test]
fn what_is_done() {
    let order = |world: &mut Watched| {
        world.run(3);
        world.keys("o");
        answer(world);
        world.keys("\n");
        answer(world);
        answer(world);
        world.keys("x");
    };
    check("menu", order);
    check("really", |world| {
        order(world);
        world.keys("\n\n");
    });
    check("done", |world| {
        order(world);
        world.keys("\n\nY");
        answer(world);
        answer(world);
    });
    check("typing", |world| {
        world.run(3);
        world.keys("x\n");
        world.keys("before the audit");
    });
}

#[test]
fn help_and_palette() {
    check("help", |world| {
        world.run(3);
        world.keys("?");
    });
    check("palette", |world| {
        world.run(3);
        world.keys(":lat");
    });
}

#[test]
fn everything_can_be_scrolled_to() {
    let mut world = Watched::open(40, 12);
    world.run(90);
    let hidden = overflow(&world.model);
    assert!(hidden > 5, "a small window shows it all?");
    let mut seen = String::new();
    for _ in 0..=hidden {
        seen.push_str(&text(&world.draw().0));
        world.key(Key::Down);
    }
    for figure in ["placed", "disk free", "backup age", "fsync", "ending in an"] {
        assert!(seen.contains(figure), "{figure} is never seen");
    }
    assert_eq!(world.model.top, hidden, "it runs away");
}
