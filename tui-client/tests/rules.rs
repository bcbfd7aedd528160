//! The rules about money, one by one.

mod support;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::storefront::{OrderState, Refusal, ReturnState, ReturnView};
use kessai_tui_client::app::model::{Quoting, Screen, Sending, Step, Stopping};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::shop::{Ending, ShopError};
use support::{QUOTE_SECONDS, World, order_id, order_view, return_id};
use zeroize::Zeroizing;

const ACCEPTED: Ending = Ending::Accepted { amount: Minor(850), currency: Currency::Gbp };

fn at_confirm() -> World {
    let mut world = World::open(80, 24);
    world.keys("jaac\n\n\n");
    world
}

fn unknown() -> World {
    let mut world = at_confirm();
    world.keys("p");
    world.answer_pay(Err(ShopError::NoAnswer));
    world
}

fn step(world: &World) -> Option<Step> {
    match &world.model.screen {
        Screen::Checkout(checkout) => Some(checkout.step),
        _elsewhere => None,
    }
}

fn tick(world: &mut World, seconds: u64) {
    let now = world.model.now.plus_seconds(seconds);
    world.happen(Event::Tick(now));
}

fn answer_order(world: &mut World, answer: Result<Ending, ShopError>) {
    let Some(Effect::LoadOrder { seq, order }) = world.waiting.pop() else { panic!("an order is asked for") };
    let answer = answer.map(|ending| Box::new((order_view(order, &[]), ending)));
    world.happen(Event::OrderLoaded(seq, answer));
    world.answer_all();
}

#[test]
fn enter_never_spends() {
    let mut world = at_confirm();
    world.keys("\n\n\n\n");
    assert_eq!(step(&world), Some(Step::Confirm));
    assert_eq!(world.pay_effects(), 0);
}

#[test]
fn paying_locks_on_the_first_press() {
    let mut world = at_confirm();
    world.keys("ppP\np");
    world.key(Key::Esc);
    assert_eq!(world.pay_effects(), 1);
    assert!(matches!(step(&world), Some(Step::Paying { .. })));
}

#[test]
fn pasted_text_is_not_pressed() {
    let mut world = at_confirm();
    world.happen(Event::Paste(Zeroizing::new("ppp\n".into())));
    assert_eq!(world.pay_effects(), 0);
}

#[test]
fn an_order_id_is_there_before_anything_is_sent() {
    let mut world = World::open(80, 24);
    world.keys("jac");
    world.key(Key::Enter);
    let asked = |wanted: fn(&Effect) -> bool| world.waiting.iter().any(wanted);
    assert!(asked(|effect| matches!(effect, Effect::OpenCheckout { .. })));
    assert!(!asked(|effect| matches!(effect, Effect::Quote { .. } | Effect::Pay { .. })));
    world.answer_all();
    assert!(matches!(&world.model.screen, Screen::Checkout(c) if c.order == Some(order_id(1))));
}

#[test]
fn a_quote_past_its_deadline_is_asked_for_again_under_the_same_id() {
    let mut world = at_confirm();
    tick(&mut world, QUOTE_SECONDS);
    world.key(Key::Char('p'));
    assert_eq!(world.pay_effects(), 0);
    assert!(matches!(world.waiting.as_slice(), [Effect::Quote { order, .. }] if *order == order_id(1)));
    world.answer_all();
    assert_eq!(step(&world), Some(Step::Review));
    world.keys("\n\np");
    assert_eq!(world.pay_effects(), 1);
}

#[test]
fn a_quote_for_another_order_is_not_taken() {
    let mut world = at_confirm();
    tick(&mut world, QUOTE_SECONDS);
    world.key(Key::Char('p'));
    let Some(Effect::Quote { seq, lines, .. }) = world.waiting.pop() else { panic!("a quote is asked for") };
    let other = support::quote(order_id(9), &lines, world.model.now);
    world.happen(Event::Quoted(seq, Ok(Box::new(other))));
    assert!(matches!(&world.model.screen, Screen::Checkout(c) if matches!(c.quoting, Quoting::Failed)));
}

#[test]
fn a_quote_for_other_goods_is_not_taken() {
    let mut world = at_confirm();
    tick(&mut world, QUOTE_SECONDS);
    world.key(Key::Char('p'));
    let Some(Effect::Quote { seq, order, mut lines }) = world.waiting.pop() else {
        panic!("a quote is asked for")
    };
    lines[0].quantity += 1;
    let other = support::quote(order, &lines, world.model.now);
    world.happen(Event::Quoted(seq, Ok(Box::new(other))));
    assert!(matches!(&world.model.screen, Screen::Checkout(c) if matches!(c.quoting, Quoting::Failed)));
}

#[test]
fn a_lost_connection_is_tried_again_and_the_list_with_it() {
    let mut world = World::open(80, 24);
    world.keys("/");
    world.key(Key::Char('m'));
    let Some(Effect::LoadPage { seq, .. }) = world.waiting.pop() else { panic!("a page is asked for") };
    world.happen(Event::PageLoaded(seq, Err(ShopError::Unreachable("refused".into()))));
    tick(&mut world, 1);
    assert!(world.waiting.is_empty());
    tick(&mut world, 5);
    assert!(matches!(world.waiting[..], [Effect::Greet { .. }]));
    world.answer_all();
    assert!(world.model.browse.problem.is_none() && world.model.browse.selected().is_some());
}

#[test]
fn what_surely_did_not_happen_may_be_pressed_again() {
    let mut world = at_confirm();
    world.keys("p");
    world.answer_pay(Err(ShopError::Unreachable("refused".into())));
    assert_eq!(step(&world), Some(Step::Confirm));
    world.keys("p");
    world.answer_pay(Err(ShopError::Refused(Refusal::QuoteExpired)));
    assert_eq!(step(&world), Some(Step::Review));
    assert_eq!(world.orders_opened, 1);
}

#[test]
fn what_may_have_happened_is_asked_about_and_never_paid_by_itself() {
    for why in [ShopError::NoAnswer, ShopError::Untrusted("x".into()), ShopError::Local("x".into())] {
        let mut world = at_confirm();
        world.keys("p");
        world.answer_pay(Err(why));
        assert!(matches!(world.model.screen, Screen::Outcome));
        assert!(world.model.cart.goods.is_empty(), "the goods are set aside");
        for _ in 0..20 {
            tick(&mut world, 40);
            world.waiting.retain(|effect| !matches!(effect, Effect::Greet { .. }));
            assert!(matches!(&world.waiting[..], [Effect::LoadOrder { order, .. }] if *order == order_id(1)));
            answer_order(&mut world, Ok(Ending::Unknown));
        }
        tick(&mut world, 40);
        world.waiting.retain(|effect| !matches!(effect, Effect::Greet { .. }));
        answer_order(&mut world, Ok(Ending::Declined { reason: None }));
        assert_eq!(world.model.unknown_purchases(), 0);
        assert_eq!(world.model.cart.goods.len(), 1, "the goods come back");
    }
}

#[test]
fn an_order_the_shop_never_saw_is_sent_again_as_the_same_order() {
    let mut world = unknown();
    world.keys("t");
    assert!(matches!(world.model.screen, Screen::Outcome), "not before the shop was asked");
    tick(&mut world, 3);
    answer_order(&mut world, Err(ShopError::Refused(Refusal::UnknownOrder)));
    world.keys("t\n\n");
    assert_eq!(world.pay_effects(), 0);
    world.keys("p");
    let paid = world
        .waiting
        .iter()
        .any(|effect| matches!(effect, Effect::Pay { quote, .. } if quote.quote.order == order_id(1)));
    assert!(paid && world.orders_opened == 1);
    world.answer_pay(Ok(ACCEPTED));
    assert_eq!((world.model.purchases.len(), world.model.unknown_purchases()), (1, 0));
}

#[test]
fn leaving_a_resumed_order_goes_on_watching_it() {
    let mut world = unknown();
    tick(&mut world, 3);
    answer_order(&mut world, Err(ShopError::Refused(Refusal::UnknownOrder)));
    world.keys("t");
    world.key(Key::Esc);
    assert!(matches!(world.model.screen, Screen::Outcome));
    assert_eq!(world.model.unknown_purchases(), 1);
}

#[test]
fn another_card_after_a_decline_means_another_order_with_the_same_cart() {
    let mut world = at_confirm();
    world.keys("p");
    world.answer_pay(Ok(Ending::Declined { reason: Some(Reason::Lost) }));
    world.keys("t\nj\np");
    let Some(Effect::Pay { quote, .. }) = world.waiting.last() else { panic!("a payment") };
    assert_eq!(quote.quote.order, order_id(2));
    assert_eq!(quote.quote.lines[0].quantity, 2);
}

#[test]
fn late_answers_to_older_questions_are_ignored() {
    let mut world = World::open(80, 24);
    world.keys("jac");
    world.key(Key::Enter);
    let opening = world.waiting.iter().find_map(|effect| match effect {
        Effect::OpenCheckout { seq } => Some(*seq),
        _another => None,
    });
    let seq = opening.expect("a checkout is opened");
    world.waiting.clear();
    world.key(Key::Esc);
    world.key(Key::Enter);
    world.happen(Event::CheckoutOpened(seq, Ok(order_id(9))));
    assert!(matches!(&world.model.screen, Screen::Checkout(c) if c.order.is_none()));
}

#[test]
fn quitting_asks_only_while_paying() {
    let mut world = at_confirm();
    world.keys("p");
    world.keys("qn");
    assert!(!world.waiting.iter().any(|effect| matches!(effect, Effect::Quit)));
    world.keys("qy");
    assert!(world.waiting.iter().any(|effect| matches!(effect, Effect::Quit)));
    let mut idle = World::open(80, 24);
    idle.keys("q");
    assert!(matches!(idle.waiting[..], [Effect::Quit]));
}

#[test]
fn an_unanswered_return_is_sent_again_under_the_same_id() {
    let mut world = World::open(80, 24);
    world.keys("o\nr+y");
    let sent = |world: &mut World| {
        let at = world.waiting.iter().position(|effect| matches!(effect, Effect::GiveBack { .. }));
        let Effect::GiveBack { seq, id, lines, .. } = world.waiting.remove(at.expect("a return")) else {
            unreachable!("the position is that of a return")
        };
        (seq, id, lines)
    };
    let (seq, id, lines) = sent(&mut world);
    assert_eq!(id, return_id());
    world.happen(Event::Returned(seq, Err(ShopError::NoAnswer)));
    world.keys("++jj+y");
    let (seq, again, same) = sent(&mut world);
    assert!(again == id && same == lines);
    let view = ReturnView {
        id,
        state: ReturnState::Refunded,
        refunded: Minor(850),
        currency: Currency::Gbp,
        lines: Vec::new(),
    };
    world.happen(Event::Returned(seq, Ok(view)));
    assert!(matches!(&world.model.screen, Screen::Order(detail) if detail.giving.is_none()));
    world.keys("r");
    let fresh = |d: &kessai_tui_client::app::model::Detail| {
        d.giving.as_ref().is_some_and(|giving| matches!(giving.sending, Sending::No))
    };
    assert!(matches!(&world.model.screen, Screen::Order(detail) if fresh(detail)));
}

#[test]
fn an_order_is_cancelled_by_a_second_key_and_once() {
    let mut world = World::open(80, 24);
    world.keys("o\nx");
    let cancels =
        |world: &World| world.waiting.iter().filter(|effect| matches!(effect, Effect::Cancel { .. })).count();
    assert_eq!(cancels(&world), 0, "one key only asks");
    world.key(Key::Esc);
    assert!(matches!(&world.model.screen, Screen::Order(detail) if detail.stopping == Stopping::No));
    world.keys("xxxx");
    assert_eq!(cancels(&world), 1, "the second key cancels, and once");
    let at = world.waiting.iter().position(|effect| matches!(effect, Effect::Cancel { .. }));
    let Effect::Cancel { seq, order } = world.waiting.remove(at.expect("a cancellation")) else {
        unreachable!("the position is that of a cancellation")
    };
    let mut view = order_view(order, &[]);
    view.order = OrderState::Cancelled;
    world.happen(Event::Cancelled(seq, Ok(Box::new((view, Ending::Cancelled { by_shopper: true })))));
    let over = |d: &kessai_tui_client::app::model::Detail| d.view.order == OrderState::Cancelled;
    assert!(matches!(&world.model.screen, Screen::Order(detail) if over(detail)));
    world.keys("xx");
    assert_eq!(cancels(&world), 0, "nothing is left to cancel");
}

#[test]
fn a_still_screen_needs_no_ticks() {
    let mut world = World::open(80, 24);
    assert!(!world.model.needs_ticks());
    world.keys("jac");
    assert!(!world.model.needs_ticks());
    world.keys("\n");
    assert!(world.model.needs_ticks());
}

#[test]
fn a_held_key_asks_for_one_page_at_a_time() {
    let mut world = World::open(80, 24);
    for _ in 0..40 {
        world.key(Key::PageDown);
    }
    assert_eq!(world.waiting.len(), 1);
    world.answer_all();
    assert!(world.model.browse.selected().is_some());
}
