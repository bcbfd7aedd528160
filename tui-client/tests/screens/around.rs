//! What is around every screen, and what holds for all of them.

use kessai_shared::outcome::Reason;
use kessai_tui_client::app::keymap::{Action, Keymap};
use kessai_tui_client::app::settings::{Colour, Depth, Pictures, ThemeName};
use kessai_tui_client::app::{Event, Key};
use kessai_tui_client::shop::{Ending, ShopError, Shown};
use ratatui::style::Color;

use crate::support::{NOW, World};
use crate::{
    TYPED_NUMBER, assert_hides_numbers, check, check_with_pictures, drawn, end, fill_cart, styles, text,
    to_confirm, to_orders, to_review,
};

#[test]
fn leaving_a_payment() {
    check("leave", |world| {
        to_confirm(world);
        world.keys("pq");
    });
}

#[test]
fn help() {
    check("help", |world| world.keys("?"));
}

#[test]
fn help_at_the_end_of_it() {
    check("help-end", |world| {
        to_confirm(world);
        world.keys("?G");
    });
}

#[test]
fn help_with_other_keys() {
    check("help-rebound", |world| {
        to_confirm(world);
        let wanted = [(Action::Pay, vec![Key::F(9)]), (Action::Back, vec![Key::Char('あ')])];
        world.model.settings.keys = Keymap::rebound(&wanted).unwrap_or_else(|clashes| panic!("{clashes:?}"));
        world.keys("?");
    });
}

#[test]
fn palette() {
    check("palette", |world| {
        fill_cart(world);
        world.keys(":");
    });
}

#[test]
fn palette_with_something_typed() {
    check("palette-typed", |world| {
        world.keys(":li");
        world.key(Key::Down);
    });
}

#[test]
fn orders_without_connection() {
    check("orders-down", |world| {
        world.keys("oj");
        let seq = world.model.counter.ask();
        world.model.greeting = Some(seq);
        world.happen(Event::Tick(NOW.plus_seconds(100)));
        world.happen(Event::Welcomed(seq, Err(ShopError::Unreachable("connection refused".into()))));
        world.happen(Event::Tick(NOW.plus_seconds(400)));
        world.model.notice = None;
    });
}

#[test]
fn shelves_when_no_payments_are_taken() {
    check_with_pictures("payments-down", |world| {
        world.model.shop.as_mut().expect("a shop").settlement_up = false;
        world.happen(Event::Tick(NOW.plus_seconds(4_000)));
    });
}

/// What a standby of the shop shows is marked with how old it is, and more so while it grows older.
#[test]
fn what_a_standby_shows() {
    check_with_pictures("standby", |world| {
        world.happen(Event::ShownBy(Shown::Standby { behind_ms: Some(2_500) }));
        // Its own next greeting would ask whether a node is in charge again.
        world.happen(Event::Tick(NOW.plus_seconds(2)));
    });
    check("standby-orders", |world| {
        to_orders(world);
        world.happen(Event::ShownBy(Shown::Standby { behind_ms: None }));
    });
}

/// Each theme with its own colours, at one size.
#[test]
fn themes() {
    for theme in [ThemeName::Dark, ThemeName::Light, ThemeName::Contrast] {
        for depth in [Depth::Full, Depth::Cube] {
            let mut world = World::open(80, 24);
            fill_cart(&mut world);
            world.model.settings.pictures = Pictures::None;
            (world.model.settings.theme, world.model.settings.depth) = (theme, depth);
            let buf = drawn(&mut world, Colour::Some);
            let whole = format!("{}--- colour\n{}", text(&buf), styles(&buf));
            insta::with_settings!({ snapshot_path => "../snapshots/en", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("theme-{}-{depth:?}", theme.name()), whole);
            });
        }
    }
}

#[test]
fn sixteen_colours_are_the_terminals_own() {
    let mut world = World::open(80, 24);
    let own = drawn(&mut world, Colour::Some);
    (world.model.settings.theme, world.model.settings.depth) = (ThemeName::Dark, Depth::Sixteen);
    assert_eq!(own, drawn(&mut world, Colour::Some));
}

#[test]
fn ascii_means_no_signs_of_ours() {
    let reaches: [fn(&mut World); 9] = [
        fill_cart,
        |world| world.keys("jj\n"),
        |world| {
            fill_cart(world);
            world.keys("c");
        },
        to_review,
        to_confirm,
        |world| end(world, Ok(Ending::Interrupted)),
        to_orders,
        |world| {
            to_orders(world);
            world.keys("jj\n");
        },
        |world| world.keys("?"),
    ];
    for (at, reach) in reaches.into_iter().enumerate() {
        let mut world = World::open(80, 24);
        world.model.settings.ascii = true;
        reach(&mut world);
        for cell in drawn(&mut world, Colour::Some).content {
            // Letters, and what a shop writes between letters of its own.
            let others = |c: char| matches!(c, '£' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}');
            let letter = |c: char| c.is_ascii() || c.is_alphabetic() || others(c);
            assert!(cell.symbol().chars().all(letter), "screen {at}: {}", cell.symbol());
        }
    }
}

#[test]
fn no_colour_means_none() {
    let mut world = World::open(80, 24);
    end(&mut world, Ok(Ending::Declined { reason: Some(Reason::OverLimit) }));
    let colourless = drawn(&mut world, Colour::None);
    let plain = |c: Color| c == Color::Reset;
    assert!(colourless.content.iter().all(|cell| plain(cell.fg) && plain(cell.bg)));
    let coloured = drawn(&mut world, Colour::Some);
    assert!(coloured.content.iter().any(|cell| !plain(cell.fg)));
    assert_eq!(text(&colourless), text(&coloured));
}

#[test]
fn a_number_being_typed_never_shows_more_than_its_last_four() {
    let mut world = World::open(80, 24);
    to_review(&mut world);
    world.keys("\njj\n");
    for digit in TYPED_NUMBER.chars() {
        world.key(Key::Char(digit));
        assert_hides_numbers(&text(&drawn(&mut world, Colour::Some)));
    }
}

#[test]
fn every_size_can_be_drawn() {
    for columns in [1, 10, 24, 25, 33, 59, 60, 71, 72, 200] {
        for rows in [1, 5, 6, 7, 13, 14, 16, 60] {
            let mut world = World::open(columns, rows);
            to_confirm(&mut world);
            drawn(&mut world, Colour::Some);
            world.keys("p?");
            drawn(&mut world, Colour::Some);
        }
    }
}
