//! What every screen looks like, at three sizes, compared with text files under `snapshots`.
//!
//! `UPDATE_SNAPSHOTS=1` writes them anew; then they are read before they are kept.

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use kessai_shared::identity::Identity;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::storefront::Refusal;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::cards::HolderKey;
use kessai_tui_client::shop::{Ending, ShopError};
use kessai_tui_client::view::{Theme, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use support::{CARD_NUMBERS, NOW, World, sku};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (120, 40)];
const TYPED_NUMBER: &str = "4929123456785678";

fn drawn(world: &World, theme: Theme) -> Buffer {
    let size = world.model.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, size.columns, size.rows));
    draw(&world.model, theme, &mut buf);
    buf
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
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn check(name: &str, reach: impl Fn(&mut World)) {
    for (columns, rows) in SIZES {
        let mut world = World::open(columns, rows);
        reach(&mut world);
        let seen = text(&drawn(&world, Theme::from_no_color(Some("1"))));
        assert_hides_numbers(&seen);
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/snapshots")
            .join(format!("{name}-{columns}x{rows}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&file, &seen).expect("the snapshot is written");
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == seen, "{} differs; seen now:\n{seen}", file.display());
    }
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

#[test]
fn browse() {
    check("browse", fill_cart);
}

#[test]
fn browse_far_down_with_a_search_being_typed() {
    check("browse-search", |world| {
        world.keys("lGk/green tea");
    });
}

#[test]
fn browse_without_connection() {
    check("browse-down", |world| {
        world.keys("/mug");
        world.key(Key::Enter);
        let Some(Effect::LoadPage { seq, .. }) = world.waiting.pop() else { panic!("a page was asked for") };
        world.happen(Event::PageLoaded(seq, Err(ShopError::Unreachable("connection refused".into()))));
    });
}

#[test]
fn product() {
    check("product", |world| world.keys("jj\n12"));
}

#[test]
fn cart() {
    check("cart", |world| {
        fill_cart(world);
        world.keys("cj");
    });
}

#[test]
fn cart_empty() {
    check("cart-empty", |world| world.keys("c"));
}

#[test]
fn checkout_review() {
    check("checkout-review", to_review);
}

#[test]
fn checkout_cards() {
    check("checkout-cards", |world| {
        to_review(world);
        world.keys("\nj");
    });
}

#[test]
fn checkout_cards_of_which_one_has_a_key() {
    check("checkout-cards-key", |world| {
        give_a_key(world);
        to_review(world);
        world.keys("\nj");
    });
}

#[test]
fn checkout_confirm_with_a_card_that_has_a_key() {
    check("checkout-confirm-key", |world| {
        give_a_key(world);
        to_confirm(world);
    });
}

#[test]
fn checkout_form() {
    check("checkout-form", |world| {
        to_review(world);
        world.keys("\njj\n");
        world.keys(TYPED_NUMBER);
        world.keys("\nAda Lovelace\n1981-13-09\n");
    });
}

#[test]
fn checkout_confirm() {
    check("checkout-confirm", to_confirm);
}

#[test]
fn checkout_confirm_with_a_typed_card() {
    check("checkout-confirm-typed", |world| {
        to_review(world);
        world.keys("\njj\n");
        world.keys(TYPED_NUMBER);
        world.keys("\nAda Lovelace\n1981-12-09\n2029-08\n");
    });
}

#[test]
fn checkout_confirm_after_the_deadline() {
    check("checkout-expired", |world| {
        to_confirm(world);
        world.happen(Event::Tick(NOW.plus_seconds(10_000)));
    });
}

#[test]
fn paying() {
    check("paying", |world| {
        to_confirm(world);
        world.keys("p");
        world.happen(Event::Tick(NOW.plus_seconds(15)));
    });
}

#[test]
fn leaving_a_payment() {
    check("leave", |world| {
        to_confirm(world);
        world.keys("pq");
    });
}

#[test]
fn accepted() {
    check("accepted", |world| {
        end(world, Ok(Ending::Accepted { amount: Minor(123_456), currency: Currency::Gbp }));
    });
}

#[test]
fn declined() {
    check("declined", |world| end(world, Ok(Ending::Declined { reason: Some(Reason::OverLimit) })));
}

#[test]
fn out_of_stock() {
    check("out-of-stock", |world| end(world, Ok(Ending::OutOfStock { sku: sku(1), available: 2 })));
}

#[test]
fn interrupted() {
    check("interrupted", |world| end(world, Ok(Ending::Interrupted)));
}

#[test]
fn unknown() {
    check("unknown", |world| end(world, Err(ShopError::NoAnswer)));
}

#[test]
fn unknown_and_never_seen_by_the_shop() {
    check("unheard", |world| {
        end(world, Err(ShopError::NoAnswer));
        let now = Timestamp(world.model.now.0);
        world.happen(Event::Tick(now.plus_seconds(3)));
        let Some(Effect::LoadOrder { seq, .. }) = world.waiting.pop() else {
            panic!("the order is asked for")
        };
        world.happen(Event::OrderLoaded(seq, Err(ShopError::Refused(Refusal::UnknownOrder))));
    });
}

#[test]
fn orders() {
    check("orders", |world| {
        to_orders(world);
        world.keys("j");
    });
}

#[test]
fn order() {
    check("order", |world| {
        to_orders(world);
        world.keys("jj\n");
    });
}

#[test]
fn cancelling() {
    check("cancelling", |world| {
        to_orders(world);
        world.keys("\nx");
    });
}

#[test]
fn returning() {
    check("return", |world| {
        to_orders(world);
        world.keys("jj\njr+-k+");
    });
}

#[test]
fn help() {
    check("help", |world| world.keys("?"));
}

#[test]
fn no_colour_means_none() {
    let mut world = World::open(80, 24);
    end(&mut world, Ok(Ending::Declined { reason: Some(Reason::OverLimit) }));
    let colourless = drawn(&world, Theme::from_no_color(Some("1")));
    let plain = |c: Color| c == Color::Reset;
    assert!(colourless.content.iter().all(|cell| plain(cell.fg) && plain(cell.bg)));
    let coloured = drawn(&world, Theme::from_no_color(None));
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
        assert_hides_numbers(&text(&drawn(&world, Theme::from_no_color(None))));
    }
}

#[test]
fn every_size_can_be_drawn() {
    for columns in [1, 10, 24, 25, 33, 59, 60, 71, 72, 200] {
        for rows in [1, 5, 6, 7, 13, 14, 16, 60] {
            let mut world = World::open(columns, rows);
            to_confirm(&mut world);
            drawn(&world, Theme::from_no_color(None));
            world.keys("p?");
            drawn(&world, Theme::from_no_color(None));
        }
    }
}
