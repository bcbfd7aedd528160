//! Keys, clicks and the palette, whatever they are set to: paying stays where it is, letters stay letters,
//! and there is always a way back and a way out.

#[path = "comfort/commands.rs"]
mod commands;
mod support;

use kessai_tui_client::app::event::Target;
use kessai_tui_client::app::keymap::{Action, Context, Keymap};
use kessai_tui_client::app::model::{Overlay, Screen};
use kessai_tui_client::app::palette::{Command, found};
use kessai_tui_client::app::settings::{Background, ThemeName};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::shop::ShopError;
use kessai_tui_client::view::{Drawn, draw};
use kessai_tui_client::words::Lang;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use support::World;
use zeroize::Zeroizing;

fn at_confirm() -> World {
    let mut world = World::open(80, 24);
    world.keys("jaac");
    for _ in 0..8 {
        if world.model.context() != Context::Confirm {
            world.keys("\n");
        }
    }
    assert_eq!(world.model.context(), Context::Confirm);
    world
}

fn drawn(world: &World) -> Drawn {
    let size = world.model.size;
    draw(&world.model, &mut Buffer::empty(Rect::new(0, 0, size.columns, size.rows)))
}

fn click(world: &mut World, target: Target) {
    world.happen(Event::Point(target));
    world.answer_all();
}

/// Keys as a file could name them: letters in plenty, so that they clash, and some that nothing is bound to.
fn any_key() -> impl Strategy<Value = String> {
    const OTHERS: &str = "あいうえおéßøñ!$%&(){}";
    const SPECIAL: [&str; 13] = [
        "enter",
        "esc",
        "tab",
        "left",
        "right",
        "up",
        "home",
        "delete",
        "backspace",
        "ctrl-c",
        "space",
        "7",
        "ctrl-z",
    ];
    prop_oneof![
        4 => (1_u8..=12).prop_map(|number| format!("f{number}")),
        3 => "[a-z]",
        3 => prop::sample::select(OTHERS.chars().collect::<Vec<_>>()).prop_map(String::from),
        3 => "ctrl-[abdnrvx]",
        1 => prop::sample::select(SPECIAL.to_vec()).prop_map(str::to_owned),
    ]
}

fn any_changes() -> impl Strategy<Value = Vec<(usize, Vec<String>)>> {
    prop::collection::vec((0_usize..100, prop::collection::vec(any_key(), 1..3)), 1..4)
}

/// The changes, with numbers made actions and names made keys.
fn named(changes: Vec<(usize, Vec<String>)>) -> Vec<(Action, Vec<Key>)> {
    let all = Keymap::default();
    let action = |at: usize| all.all()[at % all.all().len()].action;
    let mut named: Vec<(Action, Vec<Key>)> = Vec::new();
    for (at, keys) in changes {
        if !named.iter().any(|(known, _)| *known == action(at)) {
            let keys = keys.iter().map(|key| key.parse().unwrap_or_else(|()| panic!("{key}")));
            named.push((action(at), keys.collect()));
        }
    }
    named
}

fn assert_rules(keymap: &Keymap, usual: &Keymap) {
    let paying: Vec<Key> = keymap.keys(Context::Confirm, Action::Pay).collect();
    assert!(!paying.is_empty(), "paying has a key");
    for context in Context::ALL {
        let bound: Vec<(Key, Action)> = keymap
            .bindings(context)
            .flat_map(|binding| binding.keys.iter().map(|key| (*key, binding.action)))
            .filter(|(key, _)| keymap.action(context, *key).is_some())
            .collect();
        for (key, action) in &bound {
            assert!(keymap.action(context, *key) == Some(*action), "{context:?}: one key, two actions");
            assert!(*action != Action::Pay || context == Context::Confirm, "{context:?} pays");
            assert!(
                *action != Action::Next || !paying.contains(key),
                "{context:?} leads on with the key that pays"
            );
        }
        if context.takes_text() {
            let letters = (' '..='~').chain("éあ緑".chars());
            letters.for_each(|c| {
                assert!(keymap.action(context, Key::Char(c)).is_none(), "{context:?} loses {c}")
            });
            assert!(keymap.action(context, Key::Backspace).is_none());
        }
        let out = keymap.action(context, Key::Interrupt);
        assert!(matches!(out, Some(Action::Quit | Action::Confirm)), "{context:?} has no way out");
        for binding in usual.bindings(context) {
            let left = keymap.keys(context, binding.action).next();
            assert!(left.is_some(), "{context:?}: {:?} has lost its keys", binding.action);
        }
        if usual.keys(context, Action::Back).next().is_some() {
            assert_eq!(keymap.action(context, Key::Esc), Some(Action::Back), "{context:?} has no way back");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_keymap_that_is_taken_keeps_the_rules(changes in any_changes()) {
        let changes = named(changes);
        if let Ok(keymap) = Keymap::rebound(&changes) {
            assert_rules(&keymap, &Keymap::default());
            for (action, keys) in &changes {
                let bound = keymap.all().iter().filter(|binding| binding.action == *action);
                bound.for_each(|binding| assert!(keys.iter().all(|key| binding.keys.contains(key))));
            }
        }
    }
}

#[test]
fn many_keymaps_are_taken_and_many_are_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let taken = (0..200)
        .filter(|_| {
            let changes = any_changes().new_tree(&mut runner).expect("changes").current();
            Keymap::rebound(&named(changes)).is_ok()
        })
        .count();
    assert!((20..180).contains(&taken), "{taken} of 200");
}

#[test]
fn paying_with_another_key_is_paying_with_that_key_only() {
    let mut world = at_confirm();
    let keys = Keymap::rebound(&[(Action::Pay, vec![Key::F(9)]), (Action::Next, vec![Key::Char('n')])]);
    world.model.settings.keys = keys.unwrap_or_else(|clashes| panic!("{clashes:?}"));
    for key in [Key::Char('p'), Key::Char('P'), Key::Enter, Key::Char('n')] {
        world.key(key);
    }
    assert_eq!(world.pay_effects(), 0);
    world.key(Key::F(9));
    assert_eq!(world.pay_effects(), 1);
}

#[test]
fn no_click_pays() {
    let mut world = at_confirm();
    let spots = drawn(&world).spots;
    let pay = spots.iter().any(|spot| spot.target == Target::Does(Action::Pay));
    assert!(pay, "the status bar tells how to pay");
    click(&mut world, Target::Does(Action::Pay));
    assert_eq!(world.pay_effects(), 0);
    assert!(world.model.notice.is_some(), "it is told why");
    for row in 0..30 {
        click(&mut world, Target::Row(row));
    }
    assert_eq!((world.pay_effects(), world.model.context()), (0, Context::Confirm));
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let mut world = World::open(80, 24);
    click(&mut world, Target::Row(3));
    assert_eq!(world.model.browse.cursor, 3);
    assert!(matches!(world.model.screen, Screen::Browse));
    click(&mut world, Target::Row(3));
    assert!(matches!(world.model.screen, Screen::Product(_)));
    click(&mut world, Target::Does(Action::Back));
    click(&mut world, Target::Does(Action::Add));
    assert_eq!(world.model.cart.pieces(), 1);
    // What is not on the screen cannot have been clicked on it.
    click(&mut world, Target::Row(900));
    click(&mut world, Target::Does(Action::Confirm));
    assert_eq!(world.model.browse.cursor, 3);
}

#[test]
fn every_row_that_is_drawn_can_be_clicked_where_it_is() {
    let mut world = World::open(80, 24);
    for spot in drawn(&world).spots {
        assert!(spot.area.right() <= 80 && spot.area.bottom() <= 24 && !spot.area.is_empty());
        if let Target::Row(row) = spot.target {
            click(&mut world, spot.target);
            assert!(
                world.model.browse.cursor as usize == row || !matches!(world.model.screen, Screen::Browse)
            );
            world.model.screen = Screen::Browse;
        }
    }
}

#[test]
fn the_wheel_moves_and_does_nothing_else() {
    let mut world = World::open(80, 24);
    world.happen(Event::Wheel(2));
    assert_eq!(world.model.browse.cursor, 6);
    world.happen(Event::Wheel(-1));
    assert_eq!(world.model.browse.cursor, 3);
    let mut world = at_confirm();
    world.happen(Event::Wheel(5));
    world.happen(Event::Wheel(-128));
    assert_eq!((world.pay_effects(), world.model.context()), (0, Context::Confirm));
}

#[test]
fn the_palette_does_not_offer_to_pay() {
    let mut world = at_confirm();
    world.keys(":");
    assert!(matches!(world.model.overlay, Some(Overlay::Palette)));
    assert!(found(&world.model).iter().all(|offer| offer.command != Command::Do(Action::Pay)));
    world.keys("pay what is shown\n");
    world.key(Key::Esc);
    assert_eq!((world.pay_effects(), world.model.context()), (0, Context::Confirm));
}

#[test]
fn nothing_in_the_palette_pays() {
    let offers = {
        let mut world = at_confirm();
        world.keys(":");
        found(&world.model).len()
    };
    for at in 0..offers {
        let mut world = at_confirm();
        world.keys(":");
        world.model.palette.cursor = at;
        world.key(Key::Enter);
        assert_eq!(world.pay_effects(), 0);
    }
}

#[test]
fn what_is_typed_finds_what_can_be_done() {
    let mut world = World::open(80, 24);
    world.happen(Event::Key(Key::Ctrl('p')));
    world.keys("theme drak");
    assert!(found(&world.model).is_empty());
    (0..3).for_each(|_| world.key(Key::Backspace));
    world.keys("ark\n");
    assert_eq!((world.model.settings.theme, world.model.overlay), (ThemeName::Dark, None));
    world.keys(":japanese\n");
    assert_eq!(world.model.settings.lang, Lang::Japanese);
    world.keys(":English\n");
    assert_eq!(world.model.settings.lang, Lang::English, "its words in English are found in Japanese, too");
    world.keys(":mouse\n");
    assert!(world.model.settings.mouse);
    world.keys(":see the cart\n");
    assert!(matches!(world.model.screen, Screen::Cart));
    world.keys(":search the shop\nq");
    assert_eq!(world.model.context(), Context::Search);
    world.happen(Event::Key(Key::Ctrl('p')));
    world.happen(Event::Paste(Zeroizing::new("quit".into())));
    world.key(Key::Enter);
    assert!(world.waiting.iter().any(|effect| matches!(effect, Effect::Quit)));
}

#[test]
fn a_payment_cannot_be_walked_away_from_through_the_palette() {
    let mut world = at_confirm();
    world.keys("p:");
    let offers = found(&world.model);
    let leaves = |command: &Command| {
        matches!(command, Command::Shelves | Command::Search | Command::Do(Action::Cart | Action::Orders))
    };
    assert!(!offers.is_empty() && offers.iter().all(|offer| !leaves(&offer.command)));
}

#[test]
fn the_background_chooses_the_theme_only_where_it_is_asked_to() {
    let mut world = World::open(80, 24);
    world.model.settings.theme = ThemeName::Auto;
    let back = |world: &World| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        draw(&world.model, &mut buf);
        buf[(40, 12)].bg
    };
    let unknown = back(&world);
    world.happen(Event::Background(Background::Dark));
    let dark = back(&world);
    world.happen(Event::Background(Background::Light));
    let light = back(&world);
    assert!(unknown != dark && dark != light && light != unknown);
    world.model.settings.theme = ThemeName::Terminal;
    assert_eq!(back(&world), unknown);
}

#[test]
fn nothing_old_looks_fresh() {
    let mut world = World::open(80, 24);
    let seen = |world: &World| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        draw(&world.model, &mut buf);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
    };
    assert!(!seen(&world).contains("ago"));
    let start = world.model.now;
    world.happen(Event::Tick(start.plus_seconds(200)));
    assert!(seen(&world).contains("list from 3 min ago"), "{}", seen(&world));
    // The link is lost, and found again.
    let seq = world.model.counter.ask();
    world.model.greeting = Some(seq);
    world.happen(Event::Welcomed(seq, Err(ShopError::Unreachable("connection refused".into()))));
    world.waiting.clear();
    world.happen(Event::Tick(start.plus_seconds(204)));
    assert!(seen(&world).contains("No connection for 4 s · list from 3 min ago"), "{}", seen(&world));
    assert!(seen(&world).contains("connection refused"));
    world.happen(Event::Tick(start.plus_seconds(206)));
    world.answer_all();
    assert!(!seen(&world).contains("No connection"));
}

#[test]
fn with_less_motion_a_second_changes_nothing() {
    let mut world = World::open(80, 24);
    world.model.settings.still = true;
    let seq = world.model.counter.ask();
    world.model.greeting = Some(seq);
    world.happen(Event::Welcomed(seq, Err(ShopError::NoAnswer)));
    let at = |world: &mut World, seconds: u64| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        world.model.now = support::NOW.plus_seconds(seconds);
        draw(&world.model, &mut buf);
        buf
    };
    assert!(at(&mut world, 11) == at(&mut world, 12) && at(&mut world, 12) == at(&mut world, 19));
    assert!(at(&mut world, 12) != at(&mut world, 50), "it is not frozen either");
}
