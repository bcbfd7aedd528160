//! The dashboard as one operator wants it: in high contrast, with the mouse, and with keys of their own.

use kessai_tui_client::app::event::Target;
use kessai_tui_client::app::settings::ThemeName;
use kessai_tui_client::app::{Key, Outside};
use kessai_tui_client::dashboard::event::{Daemon, Effect, Event};
use kessai_tui_client::dashboard::keymap::{Action, Keymap};
use kessai_tui_client::words::Message;
use ratatui::layout::Position;

use crate::drill::answer;
use crate::look::{styles, text};
use crate::made::{Watched, alarm};

/// Keeps a screen with its colours.
fn keep(name: &str, world: &Watched) {
    let (buf, drawn) = world.draw();
    let cursor = drawn.cursor.map(|at| format!("cursor: {}, {}\n", at.x, at.y)).unwrap_or_default();
    let whole = format!("{}{cursor}--- colour\n{}", text(&buf), styles(&buf));
    insta::with_settings!({ snapshot_path => "../snapshots/en", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("dash-{name}-80x24"), whole);
    });
}

fn seen(world: &Watched) -> String {
    text(&world.draw().0)
}

/// Clicks where a text stands.
#[track_caller]
fn click(world: &mut Watched, what: &str) {
    let (buf, drawn) = world.draw();
    let shown = text(&buf);
    let row = shown.lines().position(|line| line.contains(what));
    let row = row.unwrap_or_else(|| panic!("{what:?} is nowhere:\n{shown}"));
    let before = shown
        .lines()
        .nth(row)
        .and_then(|line| line.split_once(what))
        .map_or(0, |(before, _)| before.chars().count());
    let place =
        Position { x: u16::try_from(before).expect("a column"), y: u16::try_from(row).expect("a row") };
    let spot = drawn.spots.iter().find(|spot| spot.area.contains(place));
    let target =
        spot.map(|spot| spot.target).unwrap_or_else(|| panic!("nothing listens at {what:?}:\n{shown}"));
    world.outside(Outside::Point(target));
}

fn changes(world: &Watched) -> bool {
    world.effects.iter().any(|effect| matches!(effect, Effect::Ask { question, .. } if question.changes()))
}

#[test]
fn in_high_contrast() {
    let contrast = || {
        let mut world = Watched::open(80, 24);
        world.model.settings.theme = ThemeName::Contrast;
        world.run(40);
        world
    };
    let mut world = contrast();
    world.beat(vec![alarm(41, true)], Vec::new());
    keep("contrast-overview", &world);
    world.happen(Event::Lost(Daemon::Seller, Message::said("connection refused")));
    world.pass(400_000);
    keep("contrast-down", &world);
    let mut world = contrast();
    world.keys("o");
    answer(&mut world);
    keep("contrast-orders", &world);
    world.keys("\n");
    answer(&mut world);
    answer(&mut world);
    world.keys("x\n\n");
    keep("contrast-really", &world);
}

#[test]
fn by_the_mouse() {
    let mut world = Watched::open(80, 24);
    world.model.settings.mouse = true;
    world.run(3);
    click(&mut world, "Tab screen");
    assert!(seen(&world).contains("[Latency]"), "{}", seen(&world));
    world.keys("d");
    // The first click chooses, the second one opens.
    click(&mut world, "Acts at the seller");
    keep("clicked-row", &world);
    click(&mut world, "Acts at the seller");
    answer(&mut world);
    keep("clicked-open", &world);
}

#[test]
fn no_click_says_yes() {
    let mut world = Watched::open(80, 24);
    world.model.settings.mouse = true;
    world.run(3);
    world.keys("x\nbefore the audit\n");
    assert!(world.model.confirm.is_some());
    click(&mut world, "do it");
    assert!(world.model.confirm.is_some() && !changes(&world), "a click did it:\n{}", seen(&world));
    for place in 0..200 {
        world.outside(Outside::Point(Target::Place(place)));
        world.outside(Outside::Point(Target::Row(place)));
    }
    assert!(!changes(&world));
}

#[test]
fn help_hints_and_the_question_tell_the_keys_that_are_bound() {
    let changes_made = [
        (Action::Freeze, vec![Key::F(9)]),
        (Action::Confirm, vec![Key::F(2)]),
        (Action::Acts, vec![Key::Char('w')]),
        (Action::Help, vec![Key::F(1)]),
    ];
    let mut world = Watched::open(120, 40);
    world.model.settings.dashboard_keys = Keymap::rebound(&changes_made).expect("no clash");
    world.run(3);
    assert!(seen(&world).contains("F9 stop") && seen(&world).contains("w act"), "{}", seen(&world));
    assert!(seen(&world).contains("F1 help") && !seen(&world).contains("Space"), "{}", seen(&world));
    // The keys of before mean nothing any more.
    world.keys(" x?");
    assert!(!world.model.is_frozen() && world.model.pages.is_empty() && world.model.overlay.is_none());
    world.key(Key::F(9));
    assert!(world.model.is_frozen() && seen(&world).contains("F9 goes on"), "{}", seen(&world));
    click(&mut world, "F9 stop");
    assert!(!world.model.is_frozen(), "a click on the hint does what its key does");
    world.key(Key::F(1));
    let help = seen(&world);
    assert!(help.lines().any(|line| line.contains("F9") && line.contains("stop what moves")), "{help}");
    world.key(Key::Esc);
    world.keys(":stop what");
    let palette = seen(&world);
    assert!(
        palette.lines().any(|line| line.contains("stop what moves") && line.ends_with("F9")),
        "{palette}"
    );
    world.key(Key::Esc);
    for (key, does) in [(Key::Char('Y'), false), (Key::F(2), true)] {
        world.keys("w\nbefore the audit\n");
        assert!(seen(&world).contains("F2 does it."), "{}", seen(&world));
        world.key(key);
        assert_eq!(changes(&world), does);
        (0..3).for_each(|_| world.key(Key::Esc));
    }
}
