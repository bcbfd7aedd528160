//! The rules of the cart, of addresses, of the legs of a payment, and of what outlives a terminal.

mod support;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::Refusal;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::{
    AddressBook, Addressed, Goods, Kept, KeptCart, Open, Quantity, Screen, Step,
};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::shop::{Ending, Leg, ShopError};
use kessai_tui_client::words::Message;
use support::{NOW, World, address, fresh, item, order_id, order_view};

const ACCEPTED: Ending = Ending::Accepted { amount: Minor(850), currency: Currency::Gbp };

fn at_confirm() -> World {
    let mut world = World::open(80, 24);
    world.keys("jaac\n\n\n");
    world
}

fn goods(at: u32, quantity: u32) -> Goods {
    Goods { item: item(at), quantity: Quantity::of(quantity) }
}

fn open(order: u8) -> Open {
    Open { order: order_id(order), sent_at: NOW, deadline: NOW.plus_seconds(300) }
}

/// A terminal that starts where another one left this behind.
fn after(kept: Kept) -> World {
    let mut world = World::open(80, 24);
    // What was read is read once; this one reads it again, as if it had been so from the start.
    let seq = kessai_tui_client::app::Seq(u64::MAX);
    world.model.keeping.asked = Some(seq);
    world.happen(Event::Restored(seq, Box::new(kept)));
    world
}

fn answer_order(world: &mut World, answer: Result<Ending, ShopError>) {
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::LoadOrder { .. }));
    let Effect::LoadOrder { seq, order } = world.waiting.remove(at.expect("an order is asked for")) else {
        unreachable!("the position is that of an order")
    };
    world.happen(Event::OrderLoaded(seq, answer.map(|ending| Box::new((order_view(order, &[]), ending)))));
    world.answer_all();
}

fn tick(world: &mut World, seconds: u64) {
    let now = world.model.now.plus_seconds(seconds);
    world.happen(Event::Tick(now));
}

fn notice(world: &World) -> Option<&'static str> {
    match &world.model.notice.as_ref()?.message {
        Message::Known { id, .. } => Some(id),
        Message::Said(_) => None,
    }
}

fn step(world: &World) -> Option<Step> {
    match &world.model.screen {
        Screen::Checkout(checkout) => Some(checkout.step),
        _elsewhere => None,
    }
}

fn pay_seq(world: &World) -> kessai_tui_client::app::Seq {
    let mut seqs = world.waiting.iter().filter_map(|effect| match effect {
        Effect::Pay { seq, .. } => Some(*seq),
        _other => None,
    });
    seqs.next_back().expect("a payment")
}

#[test]
fn what_was_taken_off_last_comes_back_to_its_place() {
    let mut world = World::open(80, 24);
    world.keys("aja+jac");
    let names = |world: &World| -> Vec<_> {
        world.model.cart.goods.iter().map(|goods| (goods.item.sku, goods.quantity.get())).collect()
    };
    let before = names(&world);
    world.keys("jx");
    assert_eq!(names(&world).len(), before.len() - 1);
    world.keys("u");
    assert_eq!(names(&world), before);
    world.keys("u");
    assert_eq!((names(&world), notice(&world)), (before, Some("nothing-to-bring-back")));
}

#[test]
fn what_the_shop_has_too_little_of_is_marked_before_the_last_step_and_one_key_fits_it() {
    let mut world = World::open(80, 24);
    world.keys("ja");
    world.key(Key::Char('c'));
    let Some(Effect::CheckStock { seq, skus }) = world.waiting.pop() else {
        panic!("the stock is asked for")
    };
    let mut there = item(1);
    there.available = 1;
    world.happen(Event::StockChecked(seq, Ok(vec![(skus[0], Some(there.clone()))])));
    assert_eq!(world.model.cart.short(), 0);
    world.key(Key::Char('+'));
    assert_eq!(world.model.cart.short(), 1);
    world.key(Key::Enter);
    // The shop is asked once more with the checkout, and says that nothing is left at all.
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::CheckStock { .. }));
    let Effect::CheckStock { seq, skus } = world.waiting.remove(at.expect("asked again")) else { panic!() };
    world.happen(Event::StockChecked(seq, Ok(vec![(skus[0], None)])));
    assert!(matches!(&world.model.screen, Screen::Checkout(checkout) if checkout.short() == 1));
    world.key(Key::Esc);
    world.model.cart.refresh(&[(skus[0], Some(there))]);
    world.keys("f");
    assert_eq!((world.model.cart.goods[0].quantity.get(), notice(&world)), (1, Some("cart-fitted")));
    world.model.cart.refresh(&[(skus[0], None)]);
    world.keys("f");
    assert!(world.model.cart.goods.is_empty());
    world.keys("u");
    assert_eq!(world.model.cart.goods.len(), 1, "even that can be brought back");
}

#[test]
fn only_what_is_known_of_this_payment_is_a_leg_of_it() {
    let mut world = at_confirm();
    world.keys("p");
    let seq = pay_seq(&world);
    let legs = |world: &World| match &world.model.screen {
        Screen::Checkout(checkout) => checkout.legs.seen().to_vec(),
        _elsewhere => world.model.purchases[0].legs.seen().to_vec(),
    };
    assert!(legs(&world).is_empty(), "nothing is known before it is told");
    world.happen(Event::Leg(kessai_tui_client::app::Seq(seq.0 + 1_000), Leg::Verified));
    world.happen(Event::Leg(seq, Leg::Sent));
    tick(&mut world, 2);
    let at = world.model.now;
    world.happen(Event::Leg(seq, Leg::Held { placed_at: NOW }));
    tick(&mut world, 2);
    world.happen(Event::Leg(seq, Leg::Held { placed_at: NOW }));
    world.happen(Event::Leg(seq, Leg::SentAgain));
    world.happen(Event::Leg(seq, Leg::Elsewhere));
    assert_eq!(legs(&world), vec![(Leg::Sent, NOW), (Leg::Held { placed_at: NOW }, at)]);
    world.answer_pay(Ok(ACCEPTED));
    assert_eq!(legs(&world).len(), 2, "they are told with the end, too");
    world.happen(Event::Leg(seq, Leg::Verified));
    assert_eq!(legs(&world).len(), 2, "what comes late is not");
}

#[test]
fn goods_that_are_being_paid_for_are_kept_beside_the_cart() {
    let mut world = at_confirm();
    world.keys("p");
    let kept = world.kept.clone().expect("a kept cart");
    assert!(kept.goods.is_empty() && kept.aside[0].0 == order_id(1) && kept.aside[0].1.len() == 1);
    world.answer_pay(Err(ShopError::Unreachable("refused".into())));
    let kept = world.kept.clone().expect("a kept cart");
    assert!(kept.goods.len() == 1 && kept.aside.is_empty(), "nothing was sent");
    world.keys("p");
    world.answer_pay(Err(ShopError::NoAnswer));
    let kept = world.kept.clone().expect("a kept cart");
    assert!(kept.goods.is_empty() && kept.aside.len() == 1, "nobody knows yet");
    tick(&mut world, 40);
    answer_order(&mut world, Ok(ACCEPTED));
    let kept = world.kept.clone().expect("a kept cart");
    assert!(kept.goods.is_empty() && kept.aside.is_empty());
    assert_eq!(world.ends, [(order_id(1), true)]);
}

#[test]
fn nothing_is_kept_before_what_was_kept_is_read() {
    let mut world = World::open(80, 24);
    world.model.keeping.is_read = false;
    world.keys("a");
    assert!(world.kept.is_none());
}

#[test]
fn orders_of_an_earlier_time_are_looked_up_and_told_in_one_line() {
    let cart = KeptCart {
        goods: vec![goods(5, 1)],
        aside: vec![(order_id(1), vec![goods(1, 1)]), (order_id(2), vec![goods(2, 2)])],
    };
    let mut world = after(Kept { open: vec![open(1), open(2)], cart, ..fresh() });
    assert_eq!(notice(&world), Some("earlier-asked"));
    assert_eq!(world.model.unknown_purchases(), 2);
    answer_order(&mut world, Ok(ACCEPTED));
    assert_eq!(notice(&world), Some("earlier-ended"));
    answer_order(&mut world, Ok(Ending::Declined { reason: None }));
    assert_eq!(notice(&world), Some("earlier-ended-all"));
    let skus: Vec<_> = world.model.cart.goods.iter().map(|goods| goods.item.sku).collect();
    assert_eq!(skus.len(), 2, "what was bought does not come back, what was not does");
    assert!(skus.contains(&item(5).sku));
    assert_eq!(world.ends.len(), 2);
    assert_eq!(world.pay_effects(), 0, "nothing is ever paid by itself");
}

#[test]
fn an_order_that_never_arrived_is_sent_again_as_the_same_or_forgotten_when_it_no_longer_can_be() {
    let aside = vec![(order_id(1), vec![goods(1, 1)])];
    let kept = || Kept {
        open: vec![open(1)],
        cart: KeptCart { goods: Vec::new(), aside: aside.clone() },
        ..fresh()
    };
    let unheard = || Err(ShopError::Refused(Refusal::UnknownOrder));
    let mut world = after(kept());
    answer_order(&mut world, unheard());
    world.model.screen = Screen::Outcome;
    world.keys("t");
    assert!(matches!(&world.model.screen, Screen::Checkout(c) if c.order == Some(order_id(1))));
    let mut world = after(kept());
    answer_order(&mut world, unheard());
    tick(&mut world, 300);
    answer_order(&mut world, unheard());
    assert_eq!(world.model.unknown_purchases(), 1, "the shop's clock may be behind");
    tick(&mut world, 200);
    answer_order(&mut world, unheard());
    assert_eq!((world.model.unknown_purchases(), notice(&world)), (0, Some("ended-never-placed")));
    assert_eq!((world.model.cart.goods.len(), world.ends.as_slice()), (1, [(order_id(1), false)].as_slice()));
}

#[test]
fn goods_set_aside_for_an_order_that_has_an_end_go_where_they_belong() {
    let aside = vec![(order_id(1), vec![goods(1, 1)]), (order_id(2), vec![goods(2, 1)])];
    let cart = KeptCart { goods: Vec::new(), aside };
    let world = after(Kept { ended: vec![(order_id(1), true), (order_id(2), false)], cart, ..fresh() });
    let skus: Vec<_> = world.model.cart.goods.iter().map(|goods| goods.item.sku).collect();
    assert_eq!(skus, [item(2).sku]);
}

fn with_addresses(default: Option<usize>) -> World {
    let mut world = at_confirm();
    world.keys("");
    let mut book = AddressBook::none_preferred();
    for label in ["Home", "Work"] {
        book.put(None, Addressed { label: label.into(), address: address(label) }).expect("room");
    }
    default.into_iter().for_each(|at| book.make_default(at));
    world.model.addresses = book;
    world.key(Key::Esc);
    world.key(Key::Esc);
    world.key(Key::Esc);
    world.keys("\n");
    world
}

fn paid_to(world: &World) -> Option<String> {
    world.waiting.iter().find_map(|effect| match effect {
        Effect::Pay { deliver_to, .. } => Some(deliver_to.as_ref()?.parts().town.clone()),
        _other => None,
    })
}

#[test]
fn a_default_address_is_taken_without_a_step_and_can_be_another() {
    let mut world = with_addresses(Some(1));
    world.keys("\n\n");
    assert_eq!(step(&world), Some(Step::Confirm));
    world.keys("p");
    assert_eq!(paid_to(&world).as_deref(), Some("Work"));
    let mut world = with_addresses(Some(1));
    world.keys("\n\ndk\n");
    assert_eq!(step(&world), Some(Step::Confirm), "the list leads back to where it was opened");
    world.keys("p");
    assert_eq!(paid_to(&world).as_deref(), Some("Home"));
}

#[test]
fn without_a_default_the_address_is_asked_for() {
    let mut world = with_addresses(None);
    world.keys("\n");
    assert_eq!(step(&world), Some(Step::Addresses));
    world.keys("j\n\np");
    assert_eq!(paid_to(&world).as_deref(), Some("Work"));
}

#[test]
fn an_address_is_written_kept_taken_out_and_brought_back() {
    let mut world = with_addresses(Some(0));
    world.keys("dG\n");
    assert_eq!(step(&world), Some(Step::AddressForm));
    world.keys("Parents\nAda\n1 Quay\n\nLeith\n\nScotland\n");
    let form = |world: &World| match &world.model.screen {
        Screen::Checkout(checkout) => checkout.delivery.form.problem,
        _elsewhere => None,
    };
    // Two letters are all that the field holds.
    assert_eq!(form(&world), None);
    world.keys("\n");
    assert_eq!(step(&world), Some(Step::Review));
    assert_eq!(world.model.addresses.entries().len(), 3);
    world.keys("dx");
    assert_eq!((world.model.addresses.entries().len(), notice(&world)), (2, Some("address-taken-out")));
    world.keys("u");
    assert_eq!(world.model.addresses.entries().len(), 3);
    assert_eq!(world.pay_effects(), 0);
}

#[test]
fn a_book_that_could_not_be_read_is_never_written_over() {
    let mut world = after(Kept { addresses_fine: false, ..fresh() });
    world.keys("jac\ndG\nHome\nAda\n1 Quay\n\nLeith\n\nGB\n\n");
    assert_eq!(notice(&world), Some("addresses-damaged"));
    assert!(!world.waiting.iter().any(|effect| matches!(effect, Effect::KeepAddresses { .. })));
}

#[test]
fn time_stands_for_how_long_an_order_was_sent_ago() {
    let world = after(Kept { open: vec![open(4)], ..fresh() });
    assert_eq!(world.model.purchases[0].legs.since, NOW);
    assert!(world.model.purchases[0].deadline > Timestamp(NOW.0));
}

// A dishonest shop may show any decision beside an order that it calls pending: nobody has checked that one.
#[test]
fn a_decision_beside_an_order_without_an_end_is_no_leg() {
    let mut world = at_confirm();
    world.keys("p");
    world.answer_pay(Err(ShopError::NoAnswer));
    tick(&mut world, 3);
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::LoadOrder { .. }));
    let Effect::LoadOrder { seq, order } = world.waiting.remove(at.expect("an order is asked for")) else {
        unreachable!("the position is that of an order")
    };
    let mut view = order_view(order, &[]);
    view.decision = Some(support::receipt::receipt(&view.quote.quote, Verdict::Approved).decision);
    world.happen(Event::OrderLoaded(seq, Ok(Box::new((view, Ending::Unknown)))));
    let legs = world.model.purchases.last().expect("a purchase").legs.seen();
    assert!(legs.iter().any(|(leg, _)| matches!(leg, Leg::Held { .. })), "the shop has it");
    assert!(!legs.iter().any(|(leg, _)| matches!(leg, Leg::Decided { .. } | Leg::Verified)), "unproved");
}
