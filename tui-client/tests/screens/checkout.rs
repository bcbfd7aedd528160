//! The cart, the checkout, and how a purchase ended.

use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::storefront::Refusal;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::{Effect, Event};
use kessai_tui_client::shop::{Ending, Leg, ShopError};

use crate::support::{NOW, sku};
use crate::{TYPED_NUMBER, check, end, fill_cart, give_a_key, to_confirm, to_review};

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

/// The node that was asked has fallen silent, and another one is in charge.
#[test]
fn paying_at_another_node() {
    check("paying-elsewhere", |world| {
        to_confirm(world);
        world.keys("p");
        let paying = world.waiting.iter().find_map(|effect| match effect {
            Effect::Pay { seq, .. } => Some(*seq),
            _ => None,
        });
        let seq = paying.expect("a payment");
        world.happen(Event::Leg(seq, Leg::Sent));
        world.happen(Event::Tick(NOW.plus_seconds(3)));
        world.happen(Event::Leg(seq, Leg::Elsewhere));
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
