//! Orders, their way, cancellations, returns and receipts.

use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::{Cancelled, FulfilmentState, OrderState, OrderView, PaymentState, StepKind};
use kessai_tui_client::app::model::{KeptReturn, Link, Screen};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::receipt_file::Believed;
use kessai_tui_client::shop::{Ending, ShopError};
use kessai_tui_client::words::Message;

use crate::support::receipt::{believed, proved, receipt};
use crate::support::{World, return_id, shipment, steps};
use crate::{check, to_orders};

/// Looks at the third order, changed in some way.
fn at_order(world: &mut World, change: impl Fn(&mut OrderView, &mut Ending)) {
    to_orders(world);
    world.keys("jj\n");
    world.waiting.clear();
    let Screen::Order(detail) = &mut world.model.screen else { panic!("an order is looked at") };
    change(&mut detail.view, &mut detail.ending);
}

fn at_receipt(world: &mut World, verdict: Verdict, believed: &Believed) {
    at_order(world, |view, _| {
        view.decision = Some(receipt(&view.quote.quote, verdict).decision);
    });
    world.keys("v");
    let Some(Effect::LoadReceipt { seq, .. }) = world.waiting.pop() else { panic!("a receipt is asked for") };
    let Screen::Order(detail) = &world.model.screen else { panic!("an order is looked at") };
    let found = proved(receipt(&detail.view.quote.quote, verdict), believed);
    world.happen(Event::ReceiptLoaded(seq, Ok(Box::new(found))));
}

#[test]
fn orders() {
    check("orders", |world| {
        to_orders(world);
        world.keys("j");
    });
}

#[test]
fn orders_of_one_kind() {
    check("orders-returned", |world| {
        to_orders(world);
        world.keys("lll");
    });
}

#[test]
fn orders_searched() {
    check("orders-search", |world| {
        to_orders(world);
        world.keys("/mug");
    });
}

#[test]
fn orders_of_which_none_match() {
    check("orders-none-match", |world| {
        to_orders(world);
        world.keys("/nothing like it\n");
    });
}

#[test]
fn orders_from_before_the_link_was_lost() {
    check("orders-offline", |world| {
        to_orders(world);
        let now = world.model.now.plus_seconds(185);
        world.happen(Event::Tick(now));
        world.model.link = Link::Down { retry_at: now.plus_seconds(4) };
    });
}

#[test]
fn orders_with_an_unanswered_return() {
    check("orders-unanswered", |world| {
        world.kept_returns = vec![kept(world)];
        world.happen(Event::ReturnsKept(Ok(world.kept_returns.clone())));
        to_orders(world);
        world.keys("jj");
    });
}

fn kept(_world: &World) -> KeptReturn {
    let (view, _) = crate::support::orders().swap_remove(2);
    let line = &view.quote.quote.lines[1];
    let line = kessai_shared::storefront::Line { sku: line.sku, quantity: 2 };
    KeptReturn { id: return_id(), order: view.quote.quote.order, lines: vec![line] }
}

#[test]
fn order() {
    check("order", |world| {
        to_orders(world);
        world.keys("jj\n");
    });
}

#[test]
fn order_that_was_declined() {
    check("order-declined", |world| {
        at_order(world, |view, ending| {
            (view.order, view.payment) = (OrderState::Cancelled, PaymentState::Declined);
            (view.fulfilment, view.cancelled_for) =
                (FulfilmentState::NotFulfilled, Some(Cancelled::Declined));
            view.shipped.fill(0);
            view.returned.fill(0);
            view.refunded = Default::default();
            view.shipments.clear();
            view.history = steps(&[(StepKind::Placed, 0), (StepKind::Declined, 1)]);
            *ending = Ending::Declined { reason: Some(kessai_shared::outcome::Reason::Lost) };
        });
    });
}

#[test]
fn way() {
    check("order-way", |world| {
        at_order(world, |view, _| {
            let lines: Vec<_> = view.quote.quote.lines.iter().map(|line| (line.sku, line.quantity)).collect();
            let line =
                |at: usize| kessai_shared::storefront::Line { sku: lines[at].0, quantity: lines[at].1 };
            let (first, mut second) =
                (shipment(1, &[line(0), line(1)], 3_600), shipment(2, &[line(2)], 90_000));
            second.lines[0].0 = 2;
            second.tracking = None;
            (view.shipped, view.shipments) = (vec![1, 2, 3, 0], vec![first, second]);
            (view.order, view.fulfilment) = (OrderState::Confirmed, FulfilmentState::NotFulfilled);
            view.payment = PaymentState::Authorized;
            view.history = steps(&[
                (StepKind::Placed, 0),
                (StepKind::Approved, 2),
                (StepKind::Preparing, 3_000),
                (StepKind::Shipped { nth: 1 }, 3_600),
                (StepKind::ReturnAsked, 80_000),
                (StepKind::Preparing, 89_000),
                (StepKind::Shipped { nth: 2 }, 90_000),
            ]);
        });
        world.keys("l");
    });
}

#[test]
fn way_that_contradicts_itself() {
    check("order-doubt", |world| {
        at_order(world, |view, ending| {
            // The shop claims a shipment of which it tells nothing, and has no signed decision to show.
            view.shipped = vec![1, 0, 0, 0];
            *ending = Ending::Unknown;
        });
        world.keys("l");
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
fn cancelling_the_rest() {
    check("cancelling-rest", |world| {
        at_order(world, |view, _| {
            (view.order, view.fulfilment) = (OrderState::Confirmed, FulfilmentState::NotFulfilled);
            view.shipped = vec![1, 2, 0, 0];
            let lines: Vec<_> = view.quote.quote.lines.iter().map(|line| (line.sku, line.quantity)).collect();
            let line =
                |at: usize| kessai_shared::storefront::Line { sku: lines[at].0, quantity: lines[at].1 };
            view.shipments = vec![shipment(1, &[line(0), line(1)], 3_600)];
            view.history.truncate(4);
        });
        world.keys("x");
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
fn a_return_without_an_answer() {
    check("return-unanswered", |world| {
        to_orders(world);
        world.keys("jj\njry");
        let at = world.waiting.iter().position(|effect| matches!(effect, Effect::GiveBack { .. }));
        let Effect::GiveBack { seq, .. } = world.waiting.remove(at.expect("a return")) else {
            unreachable!("the position is that of a return")
        };
        world.happen(Event::Returned(seq, Err(ShopError::NoAnswer)));
    });
}

#[test]
fn the_proof_of_a_receipt() {
    check("receipt-proof", |world| at_receipt(world, Verdict::Approved, &believed()));
}

#[test]
fn the_proof_of_a_receipt_of_strangers() {
    check("receipt-strangers", |world| {
        let other = Believed { sellers: Vec::new(), roots: vec![kessai_shared::pin::Pin([1; 32])] };
        at_receipt(world, Verdict::Declined, &other);
        world.keys("jjjj");
    });
}

#[test]
fn the_text_of_a_receipt() {
    check("receipt-text", |world| {
        at_receipt(world, Verdict::Approved, &believed());
        world.keys("l");
    });
}

#[test]
fn the_code_of_a_receipt() {
    check("receipt-code", |world| {
        at_receipt(world, Verdict::Approved, &believed());
        world.keys("ll");
    });
}

#[test]
fn the_code_of_a_receipt_without_blocks() {
    check("receipt-code-ascii", |world| {
        world.model.settings.ascii = true;
        at_receipt(world, Verdict::Approved, &believed());
        world.keys("ll");
    });
}

#[test]
fn saving_a_receipt() {
    check("receipt-save", |world| {
        at_receipt(world, Verdict::Approved, &believed());
        world.keys("w");
    });
}

#[test]
fn saving_a_receipt_where_something_else_is() {
    check("receipt-save-taken", |world| {
        at_receipt(world, Verdict::Approved, &believed());
        world.keys("w");
        world.key(Key::Enter);
        let Some(Effect::SaveReceipt { seq, path, .. }) = world.waiting.pop() else {
            panic!("a receipt is saved")
        };
        let taken = Message::new("receipt-taken").with("path", path);
        world.happen(Event::ReceiptSaved(seq, Err(taken)));
    });
}
