//! The shelves and one product.

use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::shop::ShopError;

use crate::support::World;
use crate::{check, check_with_pictures, fill_cart};

/// Answers the search that is under way with a lack of an answer.
fn lose(world: &mut World) {
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::LoadPage { .. }));
    let Effect::LoadPage { seq, .. } = world.waiting.remove(at.expect("a page was asked for")) else {
        unreachable!("the position is that of a page")
    };
    world.happen(Event::PageLoaded(seq, Err(ShopError::Unreachable("connection refused".into()))));
}

#[test]
fn browse() {
    check_with_pictures("browse", fill_cart);
}

#[test]
fn browse_far_down() {
    check_with_pictures("browse-far", |world| world.keys("lllGkk"));
}

#[test]
fn browse_with_a_search_being_typed() {
    check_with_pictures("browse-search", |world| {
        world.keys("sf\n");
        world.key(Key::Esc);
        world.keys("/green tea");
    });
}

#[test]
fn browse_with_a_search_that_is_longer_than_its_field() {
    check("browse-search-long", |world| {
        world.keys("/green tea cup, 緑茶のカップ, the one with the small handle");
        world.key(Key::Left);
        world.answer_all();
    });
}

#[test]
fn browse_when_nothing_matches() {
    check("browse-nothing", |world| {
        world.keys("/no such thing");
        world.key(Key::Esc);
    });
}

#[test]
fn filters() {
    check_with_pictures("filters", |world| {
        world.keys("f\nj12.50j300jlljk");
        world.key(Key::Up);
        world.answer_all();
    });
}

#[test]
fn filters_with_prices_that_do_not_fit() {
    check("filters-bad", |world| world.keys("fj50j3"));
}

#[test]
fn browse_without_connection() {
    check("browse-down", |world| {
        world.keys("/");
        world.key(Key::Char('m'));
        lose(world);
        world.key(Key::Esc);
    });
}

#[test]
fn browse_without_connection_and_with_what_is_here() {
    check("browse-down-old", |world| {
        world.key(Key::Char('G'));
        world.happen(Event::Tick(world.model.now.plus_seconds(200)));
        lose(world);
    });
}

#[test]
fn product() {
    check_with_pictures("product", |world| world.keys("jj\n12"));
}

#[test]
fn product_sold_out_with_few_words() {
    check_with_pictures("product-sold-out", |world| world.keys("/no. 46\n"));
}

#[test]
fn product_whose_words_are_long_scrolled() {
    check_with_pictures("product-scrolled", |world| {
        world.keys("jj\na");
        world.key(Key::PageDown);
        world.key(Key::Up);
        world.answer_all();
    });
}

#[test]
fn product_of_which_nothing_more_is_known() {
    // Where the list told of it already, that stays.
    check_with_pictures("product-down", |world| {
        world.key(Key::Enter);
        let Some(Effect::LoadProduct { seq, .. }) = world.waiting.pop() else {
            panic!("a product was asked for")
        };
        world.happen(Event::ProductLoaded(seq, Err(ShopError::NoAnswer)));
    });
}
