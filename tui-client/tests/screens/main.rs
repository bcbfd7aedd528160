//! What every screen looks like: at three sizes, in both languages, with and without colour.
//!
//! Each snapshot holds the cells as text, and the styles of what is not plain, row by row: with colour, and
//! then without. `INSTA_UPDATE=always` writes them anew; then they are read before they are kept.

mod around;
mod checkout;
mod everywhere;
mod orders;
mod shelves;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write;
use std::sync::Arc;

use kessai_shared::identity::Identity;
use kessai_tui_client::app::settings::Colour;
use kessai_tui_client::app::{Event, Key};
use kessai_tui_client::cards::HolderKey;
use kessai_tui_client::shop::{Ending, ShopError};
use kessai_tui_client::view::{Drawn, draw};
use kessai_tui_client::words::Lang;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use support::{CARD_NUMBERS, World};
use unicode_width::UnicodeWidthStr;

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (120, 40)];
const TYPED_NUMBER: &str = "4929123456785678";

/// Compares a screen with its snapshots, reached in the same way in each.
fn check(name: &str, reach: impl Fn(&mut World)) {
    check_each(name, reach, false);
}

/// The same for a screen that shows a picture where there are colours, and says more in its place where there
/// are none.
fn check_with_pictures(name: &str, reach: impl Fn(&mut World)) {
    check_each(name, reach, true);
}

fn check_each(name: &str, reach: impl Fn(&mut World), pictures: bool) {
    for lang in Lang::ALL {
        for (columns, rows) in SIZES {
            let mut world = World::open(columns, rows);
            world.model.settings.lang = lang;
            reach(&mut world);
            let (colourless, told) = drawn_and_told(&mut world, Colour::None);
            let seen = text(&colourless);
            assert_hides_numbers(&seen);
            everywhere::check(name, &mut world, &colourless, &told);
            let (coloured, again) = drawn_and_told(&mut world, Colour::Some);
            let without_picture = if seen == text(&coloured) && told == again {
                String::new()
            } else {
                assert!(pictures && again.picture.is_some(), "colour changes more than colours");
                format!("--- no colour, as text\n{seen}")
            };
            assert!(told.picture.is_none(), "a picture without colours");
            let seen = text(&coloured);
            let cursor = told.cursor.map(|at| format!("cursor: {}, {}\n", at.x, at.y)).unwrap_or_default();
            let (with, without) = (styles(&coloured), styles(&colourless));
            let without = if with == without { "the same\n".to_owned() } else { without };
            let whole = format!("{seen}{cursor}--- colour\n{with}--- no colour\n{without}{without_picture}");
            insta::with_settings!({ snapshot_path => format!("../snapshots/{}", lang.code()), prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("{name}-{columns}x{rows}"), whole);
            });
        }
    }
}

fn drawn(world: &mut World, colour: Colour) -> Buffer {
    drawn_and_told(world, colour).0
}

fn drawn_and_told(world: &mut World, colour: Colour) -> (Buffer, Drawn) {
    world.model.settings.colour = colour;
    let size = world.model.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, size.columns, size.rows));
    let told = draw(&world.model, &mut buf);
    (buf, told)
}

/// The styles of a drawing: the row, its columns, and how they differ from plain text.
fn styles(buf: &Buffer) -> String {
    let mut all = String::new();
    for y in 0..buf.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        let mut x = 0;
        while x < buf.area.width {
            let cell = &buf[(x, y)];
            // A wide character covers the cell after it, whose own style is never seen.
            let end = x + u16::try_from(cell.symbol().width()).expect("a width").max(1);
            match runs.last_mut() {
                Some((_, last, same)) if *same == style(cell) => *last = end - 1,
                _ => runs.push((x, end - 1, style(cell))),
            }
            x = end;
        }
        for (from, to, style) in runs.into_iter().filter(|(.., style)| !style.is_empty()) {
            writeln!(all, "{y}: {from}-{to} {style}").expect("a text");
        }
    }
    all
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    for (name, modifier) in [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("reversed", Modifier::REVERSED),
        ("underlined", Modifier::UNDERLINED),
        ("italic", Modifier::ITALIC),
    ] {
        if cell.modifier.contains(modifier) {
            words.push(name.to_owned());
        }
    }
    for (name, colour) in [("on", cell.fg), ("behind", cell.bg)] {
        if colour != Color::Reset {
            words.push(format!("{name}={colour}"));
        }
    }
    words.join(" ").replace("on=", "")
}

fn text(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buf.area.width {
            // A wide character covers the cell after it.
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            skip = symbol.width().saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

// Five digits in a row of any card would be more than the last four.
fn assert_hides_numbers(seen: &str) {
    let digits: String = seen.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    for number in [TYPED_NUMBER, CARD_NUMBERS[0], CARD_NUMBERS[1]] {
        for from in 0..number.len() - 4 {
            let part = &number[from..from + 5];
            assert!(!digits.contains(part), "{part} of a card is on the screen:\n{seen}");
        }
    }
}

fn fill_cart(world: &mut World) {
    world.keys("jajja+++ajjja");
    world.keys("jj\n4a");
    world.key(Key::Esc);
}

/// The first card gets a key, and a label that is as long as labels are.
fn give_a_key(world: &mut World) {
    let key = Arc::new(Identity::from_seed(&[7; 32]).expect("a key"));
    let card = &mut world.model.cards[0];
    card.paying.holder = Some(HolderKey { key, enrolment: None });
    card.label = "The card for everyday things of the whole family, 緑茶 too".into();
}

fn to_review(world: &mut World) {
    fill_cart(world);
    world.keys("c\n");
    let order = world.model.now.plus_seconds(12);
    world.happen(Event::Tick(order));
}

fn to_confirm(world: &mut World) {
    to_review(world);
    world.keys("\n\n");
}

fn end(world: &mut World, answer: Result<Ending, ShopError>) {
    to_confirm(world);
    world.keys("p");
    world.answer_pay(answer);
}

fn to_orders(world: &mut World) {
    world.keys("o");
}
