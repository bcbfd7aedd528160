//! The rules of the orders' screens: what is shown of them, asked again, given back, proved and kept.

mod support;

use kessai_shared::money::{Currency, Minor};
use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::{
    FulfilmentState, Line, OrderState, OrderView, PaymentState, Refusal, ReturnState, ReturnView, StepKind,
};
use kessai_tui_client::app::model::standing::{self, Doubt, Group, Standing};
use kessai_tui_client::app::model::{
    Detail, KeptReturn, Link, PaperSheet, SLOWEST_LOOK_SECONDS, Screen, Sending,
};
use kessai_tui_client::app::settings::{Colour, Settings};
use kessai_tui_client::app::{Effect, Event, Key};
use kessai_tui_client::receipt_file::{Check, Found, Receipt};
use kessai_tui_client::shop::{Ending, ShopError};
use kessai_tui_client::view::draw;
use kessai_tui_client::words::Message;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use support::receipt::{believed, proved, receipt};
use support::{World, order_id, orders, return_id, shipment, sku, steps};

fn at_orders() -> World {
    let mut world = World::open(80, 24);
    world.keys("o");
    world
}

fn at_order() -> World {
    let mut world = at_orders();
    world.keys("jj\n");
    world.waiting.clear();
    world
}

fn detail(world: &mut World) -> &mut Detail {
    match &mut world.model.screen {
        Screen::Order(detail) => detail,
        _elsewhere => panic!("no order is looked at"),
    }
}

fn tick(world: &mut World, seconds: u64) {
    let now = world.model.now.plus_seconds(seconds);
    world.happen(Event::Tick(now));
}

/// Takes the one question of a kind that waits for an answer.
macro_rules! take {
    ($world:expr, $pattern:pat => $found:expr) => {{
        #[allow(unused_variables, reason = "the names in the pattern are for what is taken below")]
        let at = $world.waiting.iter().position(|effect| matches!(effect, $pattern));
        match $world.waiting.remove(at.expect("it was asked for")) {
            $pattern => $found,
            _another => unreachable!("the position is that of one"),
        }
    }};
}

fn seen(world: &World) -> (Buffer, String) {
    let size = world.model.size;
    let mut buf = Buffer::empty(Rect::new(0, 0, size.columns, size.rows));
    draw(&world.model, &mut buf);
    let rows = (0..size.rows).map(|y| (0..size.columns).map(|x| buf[(x, y)].symbol()).collect::<String>());
    let text = rows.collect::<Vec<_>>().join("\n");
    (buf, text)
}

#[test]
fn the_list_is_sifted_by_group_and_by_words() {
    let mut world = at_orders();
    assert_eq!(world.model.orders.shown.len(), 6);
    world.keys("l");
    assert_eq!(world.model.orders.filter.group, Group::Open);
    assert_eq!(world.model.orders.shown, [0]);
    world.keys("ll");
    assert_eq!(world.model.orders.shown, [2], "what came back in part");
    world.keys("hhhh");
    let order = orders()[4].0.quote.quote.order.to_string();
    world.keys(&format!("/{}\n", order.to_uppercase()));
    assert_eq!(world.model.orders.shown, [4], "by its id, in capitals too");
    world.key(Key::Esc);
    assert_eq!(world.model.orders.shown.len(), 6, "Esc clears the search before it leaves");
    world.keys("/stoneware blue\n");
    assert_eq!(world.model.orders.shown.len(), 6, "every word, in any order");
    world.keys("/ teapot");
    assert_eq!(world.model.orders.shown.len(), 0);
    assert!(world.model.orders.selected().is_none());
    world.keys("\n\n");
    assert!(matches!(world.model.screen, Screen::Orders), "nothing is chosen, so nothing opens");
}

#[test]
fn the_list_stays_while_it_is_asked_for_again_and_where_nobody_answers() {
    let mut world = at_orders();
    world.keys("jjj");
    let here = world.model.orders.selected().expect("an order").0.quote.quote.order;
    let loaded = world.model.orders.loaded_at;
    tick(&mut world, 60);
    world.key(Key::Char('R'));
    assert_eq!(world.model.orders.shown.len(), 6, "the old list stands until the new one is here");
    let seq = take!(world, Effect::LoadOrders { seq, .. } => seq);
    world.happen(Event::OrdersLoaded(seq, Err(ShopError::Unreachable("refused".into()))));
    assert_eq!((world.model.orders.shown.len(), world.model.orders.loaded_at), (6, loaded));
    assert!(seen(&world).1.contains("orders as of"), "its age is told: {}", seen(&world).1);
    world.model.link = Link::Up;
    world.key(Key::Char('R'));
    let seq = take!(world, Effect::LoadOrders { seq, before: None } => seq);
    let mut anew = orders();
    anew.insert(0, (support::order_view(order_id(9), &[]), Ending::Unknown));
    world.happen(Event::OrdersLoaded(seq, Ok(anew)));
    let there = world.model.orders.selected().expect("an order").0.quote.quote.order;
    assert_eq!((there, world.model.orders.cursor), (here, 4), "the cursor stays with its order");
    assert_eq!(world.model.orders.loaded_at, Some(world.model.now));
}

#[test]
fn an_order_that_moves_is_asked_about_less_and_less_often_and_a_settled_one_never() {
    let mut world = at_order();
    assert!(!world.model.needs_ticks(), "what is settled needs no time");
    tick(&mut world, 3_600);
    assert!(world.waiting.is_empty());
    let order = detail(&mut world).order();
    let mut view = detail(&mut world).view.clone();
    (view.order, view.fulfilment) = (OrderState::Confirmed, FulfilmentState::NotFulfilled);
    detail(&mut world).view = view.clone();
    detail(&mut world).asked = None;
    assert!(world.model.needs_ticks());
    let mut asked = 0;
    for _ in 0..600 {
        tick(&mut world, 1);
        assert!(world.waiting.len() <= 1, "one question at a time");
        if let Some(Effect::LoadOrder { seq, order: about }) = world.waiting.pop() {
            assert_eq!(about, order);
            asked += 1;
            let told = (view.clone(), detail(&mut world).ending.clone());
            world.happen(Event::OrderLoaded(seq, Ok(Box::new(told))));
        }
    }
    assert!(
        (10..=600 / usize::try_from(SLOWEST_LOOK_SECONDS).expect("a number") + 8).contains(&asked),
        "{asked}"
    );
    // Something happens: it is asked about soon again.
    tick(&mut world, SLOWEST_LOOK_SECONDS);
    let seq = take!(world, Effect::LoadOrder { seq, .. } => seq);
    view.history.push(steps(&[(StepKind::Preparing, 1)])[0]);
    world.happen(Event::OrderLoaded(seq, Ok(Box::new((view, Ending::Unknown)))));
    tick(&mut world, 2);
    assert_eq!(world.waiting.len(), 1);
    world.waiting.clear();
    detail(&mut world).asked = None;
    world.model.link = Link::Down { retry_at: world.model.now.plus_seconds(3_600) };
    tick(&mut world, 600);
    assert!(world.waiting.is_empty(), "nobody is asked where nobody answers");
}

#[test]
fn a_return_has_a_key_of_its_own_and_tells_its_money_first() {
    let mut world = at_order();
    world.keys("rrrr");
    assert!(world.waiting.is_empty(), "the key that opens it sends nothing");
    let worth = detail(&mut world).worth_of_given();
    assert_eq!(worth, Some(Minor::ZERO), "the first line came back already");
    world.keys("j+-+");
    let price = detail(&mut world).view.quote.quote.lines[1].unit_price;
    let chosen = detail(&mut world).giving.as_ref().expect("a choice").counts.clone();
    assert_eq!(detail(&mut world).worth_of_given(), price.times(chosen[1]));
    let told = price.times(chosen[1]).expect("a sum").show(Currency::Gbp);
    assert!(seen(&world).1.contains(&told), "{told}: {}", seen(&world).1);
    world.happen(Event::Paste(zeroize::Zeroizing::new("yyy\n".into())));
    world.key(Key::Enter);
    assert!(world.waiting.is_empty(), "neither Enter nor a paste sends it");
    world.key(Key::Char('y'));
    let lines = take!(world, Effect::MintReturn { lines, .. } => lines);
    assert_eq!(lines, [Line { sku: sku(3), quantity: chosen[1] }]);
    world.keys("yy");
    assert!(world.waiting.is_empty(), "it is locked on the first press");
}

#[test]
fn a_return_that_cannot_be_kept_is_not_sent() {
    let mut world = at_order();
    world.keys("jr");
    world.key(Key::Char('y'));
    let seq = take!(world, Effect::MintReturn { seq, .. } => seq);
    world.happen(Event::ReturnMinted(seq, Err(ShopError::Local("disk full".into()))));
    assert!(world.waiting.is_empty());
    let giving = detail(&mut world).giving.as_ref().expect("still open");
    assert!(matches!(giving.sending, Sending::No) && giving.problem.is_some());
}

#[test]
fn a_return_of_a_killed_session_goes_on_with_its_own_id_and_lines() {
    let third = orders().swap_remove(2).0.quote.quote;
    // Two pieces of a line, as they were sent: whatever the order says by now, the same goes out again.
    let lines = vec![Line { sku: third.lines[2].sku, quantity: 2 }];
    let kept = KeptReturn { id: return_id(), order: third.order, lines: lines.clone() };
    let mut world = World::open_again(80, 24, vec![kept]);
    assert!(world.model.notice.is_some(), "it is told at the start");
    assert!(world.waiting.is_empty(), "and nothing is sent by itself");
    world.keys("ojj");
    assert!(seen(&world).1.contains("not answered"), "{}", seen(&world).1);
    world.keys("\n");
    world.waiting.clear();
    let giving = detail(&mut world).giving.as_ref().expect("it is offered");
    assert_eq!(giving.counts, [0, 0, 2, 0]);
    world.keys("++a-");
    world.key(Key::Char('y'));
    let (seq, id, again) = take!(world, Effect::GiveBack { seq, id, lines, .. } => (seq, id, lines));
    assert_eq!((id, again), (return_id(), lines));
    let view = ReturnView {
        id,
        state: ReturnState::Refunded,
        refunded: Minor(100),
        currency: Currency::Gbp,
        lines: Vec::new(),
    };
    world.happen(Event::Returned(seq, Ok(view)));
    assert!(world.model.kept_returns.is_empty(), "it is not offered again");
}

#[test]
fn a_return_refused_for_now_may_go_out_again_and_one_refused_for_good_may_not() {
    for (refusal, again) in [(Refusal::TryLater, true), (Refusal::Duplicate, false)] {
        let mut world = at_order();
        world.keys("jr");
        world.keys("y");
        let seq = take!(world, Effect::GiveBack { seq, .. } => seq);
        assert_eq!(world.model.kept_returns.len(), 1);
        world.happen(Event::Returned(seq, Err(ShopError::Refused(refusal))));
        assert_eq!(world.model.kept_returns.len(), usize::from(again));
        let giving = detail(&mut world).giving.as_ref().expect("still open");
        assert_eq!(matches!(giving.sending, Sending::Unanswered { .. }), again);
    }
}

#[test]
fn what_a_seller_tells_is_doubted_where_it_contradicts_itself() {
    let honest = orders().swap_remove(3).0;
    assert_eq!(standing::doubt(&honest), None);
    type Lie = fn(&mut OrderView);
    let lies: [(&str, Doubt, Lie); 14] = [
        ("more left than was bought", Doubt::Pieces, |view| view.shipped[0] += 1),
        ("more came back than was bought", Doubt::Pieces, |view| view.returned[0] = 9),
        ("too few counts", Doubt::Pieces, |view| {
            view.cancelled.pop();
        }),
        ("too few names", Doubt::Pieces, |view| view.names.clear()),
        ("no shipment of what left", Doubt::Shipments, |view| view.shipments.clear()),
        ("a shipment of what did not leave", Doubt::Shipments, |view| view.shipments[0].pieces += 1),
        ("a shipment of another line", Doubt::Shipments, |view| view.shipments[0].lines[0].0 = 9),
        ("a shipment twice", Doubt::Shipments, |view| view.shipments.push(view.shipments[0].clone())),
        ("an amount above the total", Doubt::Amounts, |view| view.shipments[0].amount = Minor(i64::MAX)),
        ("an amount below nothing", Doubt::Amounts, |view| view.refunded = Minor(-1)),
        ("steps against the clock", Doubt::Times, |view| view.history.reverse()),
        ("no beginning", Doubt::Times, |view| {
            view.history.remove(0);
        }),
        ("no approval", Doubt::State, |view| {
            view.history.remove(1);
        }),
        ("no delivery", Doubt::State, |view| {
            view.history.pop();
        }),
    ];
    for (what, doubt, lie) in lies {
        let mut view = honest.clone();
        lie(&mut view);
        assert_eq!(standing::doubt(&view), Some(doubt), "{what}");
        let mut world = at_order();
        detail(&mut world).view = view;
        for keys in ["", "l", "r"] {
            world.keys(keys);
            let told = seen(&world).1;
            assert!(keys == "r" || told.contains("The shop"), "{what}: {told}");
        }
    }
}

#[test]
fn only_what_the_settlement_signed_is_called_proved() {
    let mut world = at_order();
    world.keys("l");
    assert!(seen(&world).1.contains("Payment approved (proved)"), "{}", seen(&world).1);
    detail(&mut world).ending = Ending::Unknown;
    let told = seen(&world).1;
    assert!(told.contains("Payment approved") && !told.contains("proved)"), "{told}");
}

#[test]
fn whatever_lengths_a_seller_sends_nothing_panics() {
    let honest = orders().swap_remove(0).0;
    for (columns, rows) in [(24, 6), (40, 12), (80, 24), (200, 60)] {
        let mut view = honest.clone();
        (view.shipped, view.cancelled, view.returned) = (vec![u32::MAX; 9], Vec::new(), vec![u32::MAX; 2]);
        view.names.clear();
        view.shipments = vec![shipment(1, &[], 0), shipment(u32::MAX, &[], 9)];
        view.shipments[0].lines = vec![(u16::MAX, u32::MAX); 50];
        view.shipments[0].pieces = u64::MAX;
        view.shipments[1].pieces = u64::MAX;
        view.history = StepKind::ALL.iter().cycle().take(500).map(|what| steps(&[(*what, 7)])[0]).collect();
        view.refunded = Minor(i64::MIN);
        let mut world = World::open(columns, rows);
        world.keys("o");
        let seq = {
            world.key(Key::Char('R'));
            take!(world, Effect::LoadOrders { seq, .. } => seq)
        };
        world.happen(Event::OrdersLoaded(seq, Ok(vec![(view, Ending::Unknown)])));
        world.keys("\n");
        for keys in ["", "l", "jjjjG", "h", "r", "a+", "y"] {
            world.keys(keys);
            seen(&world);
        }
    }
}

#[test]
fn every_state_has_a_word_of_its_own() {
    let mut view = orders().swap_remove(0).0;
    assert_eq!(Standing::of(&view), Standing::Preparing);
    view.shipped[0] = 1;
    assert_eq!(Standing::of(&view), Standing::PartSent);
    view.cancelling = true;
    assert_eq!(Standing::of(&view), Standing::Cancelling);
    (view.cancelling, view.order, view.fulfilment) = (false, OrderState::Completed, FulfilmentState::Shipped);
    assert_eq!(Standing::of(&view), Standing::OnItsWay);
    assert!(standing::is_moving(&view));
    view.fulfilment = FulfilmentState::Delivered;
    (view.payment, view.refunded) = (PaymentState::Captured, Minor::ZERO);
    assert_eq!((Standing::of(&view), standing::is_moving(&view)), (Standing::Delivered, false));
    view.returned[0] = 1;
    assert!(standing::is_moving(&view), "a refund is still to come");
    view.refunded = view.quote.quote.lines[0].unit_price;
    assert!(!standing::is_moving(&view));
    assert_eq!(Standing::of(&view), Standing::PartReturned);
}

fn at_receipt(columns: u16, rows: u16, settings: Settings) -> World {
    let mut world = World::open(columns, rows);
    world.model.settings = settings;
    world.keys("ojj\n");
    world.waiting.clear();
    let quote = detail(&mut world).view.quote.quote.clone();
    detail(&mut world).view.decision = Some(receipt(&quote, Verdict::Approved).decision);
    world.keys("v");
    let seq = take!(world, Effect::LoadReceipt { seq, .. } => seq);
    let found = proved(receipt(&quote, Verdict::Approved), &believed());
    world.happen(Event::ReceiptLoaded(seq, Ok(Box::new(found))));
    world
}

/// What a camera would read of the screen: each cell as so many grains wide and high, dark or light.
fn scanned(buf: &Buffer, dark_terminal: bool) -> Vec<String> {
    const GRAIN: usize = 4;
    let (columns, rows) = (usize::from(buf.area.width), usize::from(buf.area.height));
    let light = |x: usize, y: usize| {
        let cell = &buf
            [(u16::try_from(x / GRAIN).expect("a column"), u16::try_from(y / (2 * GRAIN)).expect("a row"))];
        let upper = y % (2 * GRAIN) < GRAIN;
        let ink = match cell.symbol() {
            "█" | "#" => true,
            "▀" => upper,
            "▄" => !upper,
            _else => false,
        };
        let reversed = cell.modifier.contains(ratatui::style::Modifier::REVERSED);
        let (ink_is_light, paper_is_light) = match (cell.fg, cell.bg) {
            (Color::Black, Color::White) => (false, true),
            _own if reversed => (!dark_terminal, dark_terminal),
            _own => (dark_terminal, !dark_terminal),
        };
        if ink { ink_is_light } else { paper_is_light }
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(columns * GRAIN, rows * 2 * GRAIN, |x, y| {
        if light(x, y) { 255 } else { 0 }
    });
    image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}

#[test]
fn the_code_can_be_read_from_the_cells() {
    let usual = Settings::default;
    let cases = [
        (80, 24, usual(), false),
        (80, 24, usual(), true),
        (120, 40, usual(), true),
        (80, 24, Settings { colour: Colour::None, ..usual() }, true),
        (120, 45, Settings { ascii: true, ..usual() }, false),
    ];
    for (columns, rows, settings, dark_terminal) in cases {
        let ascii = settings.ascii;
        let mut world = at_receipt(columns, rows, settings);
        world.keys("ll");
        let expected = match &detail(&mut world).paper {
            Some(paper) => paper.found.as_ref().expect("a receipt").code_text.clone(),
            None => panic!("no receipt is looked at"),
        };
        let (buf, text) = seen(&world);
        assert_eq!(scanned(&buf, dark_terminal), [expected], "{columns}x{rows} ascii {ascii}:\n{text}");
    }
}

#[test]
fn a_code_that_does_not_fit_is_not_drawn() {
    for (columns, rows) in [(40, 12), (80, 18), (32, 24)] {
        let mut world = at_receipt(columns, rows, Settings::default());
        world.keys("ll");
        let (_, text) = seen(&world);
        assert!(text.contains("Widen") && !text.contains('█'), "{text}");
    }
}

#[test]
fn a_receipt_is_saved_where_the_shopper_says_and_waits_for_its_answer() {
    let mut world = at_receipt(80, 24, Settings::default());
    world.keys("w");
    for _ in 0..8 {
        world.key(Key::Backspace);
    }
    world.keys("x y.txt");
    world.key(Key::Enter);
    let (seq, path) = take!(world, Effect::SaveReceipt { seq, path, .. } => (seq, path));
    assert!(path.starts_with("/home/ada/Documents/kessai-") && path.ends_with("x y.txt"), "{path}");
    world.keys("zz\n");
    world.key(Key::Esc);
    assert!(world.waiting.is_empty(), "while it is written nothing else is");
    world.happen(Event::ReceiptSaved(seq, Err(Message::new("receipt-taken").with("path", path.clone()))));
    world.key(Key::Enter);
    let (seq, again) = take!(world, Effect::SaveReceipt { seq, path, .. } => (seq, path));
    assert_eq!(again, path, "the path stays to be corrected");
    world.happen(Event::ReceiptSaved(seq, Ok(path.clone())));
    assert!(seen(&world).1.contains("Saved: /home/ada"), "{}", seen(&world).1);
    let paper = detail(&mut world).paper.as_ref().expect("the receipt");
    assert!(paper.saving.is_none() && paper.sheet == PaperSheet::Proof);
}

#[test]
fn there_is_no_receipt_of_what_was_not_decided_or_of_another_order() {
    let mut world = at_order();
    detail(&mut world).view.decision = None;
    world.keys("v");
    assert!(world.waiting.is_empty() && detail(&mut world).paper.is_none());
    let quote = orders().swap_remove(0).0.quote.quote;
    detail(&mut world).view.decision = Some(receipt(&quote, Verdict::Approved).decision);
    world.keys("v");
    let seq = take!(world, Effect::LoadReceipt { seq, .. } => seq);
    let other = proved(receipt(&quote, Verdict::Approved), &believed());
    world.happen(Event::ReceiptLoaded(seq, Ok(Box::new(other))));
    assert!(detail(&mut world).paper.as_ref().is_some_and(|paper| paper.found.is_none()));
}

/// The steps that do not hold.
fn broken(receipt: &Receipt) -> Vec<Check> {
    receipt.checks(&believed()).into_iter().filter(|check| check.found != Found::Holds).collect()
}

#[test]
fn each_step_of_a_proof_fails_by_itself_and_all_hold_just_when_the_receipt_does() {
    use kessai_tui_client::receipt_file::Proof;
    let quote = orders().swap_remove(2).0.quote.quote;
    let good = receipt(&quote, Verdict::Approved);
    assert_eq!((broken(&good), good.verify().is_ok()), (Vec::new(), true));
    type Forgery = fn(&mut Receipt);
    let forgeries: [(&str, Proof, Forgery); 6] = [
        ("another price", Proof::QuoteSigned, |it| it.quote.quote.lines[0].unit_price.0 += 1),
        ("another total", Proof::Sum, |it| it.quote.quote.total.0 += 1),
        ("another key of the settlement", Proof::KeySigned, |it| it.keys.keys.decision_key = [7; 32]),
        ("a decision about another amount", Proof::Purchase, |it| {
            it.decision.statement.purchase.amount.0 += 1;
        }),
        ("a decision turned round", Proof::Place, |it| it.decision.statement.verdict = Verdict::Declined),
        ("a head of another time", Proof::HeadSigned, |it| it.decision.proof.head.at.0 += 1),
    ];
    for (what, proof, forge) in forgeries {
        let mut forged = good.clone();
        forge(&mut forged);
        let fails = broken(&forged);
        assert!(fails.iter().any(|c| c.what == proof && c.found == Found::Fails), "{what}: {fails:?}");
        assert!(forged.verify().is_err(), "{what}");
    }
    let strangers = good.checks(&kessai_tui_client::receipt_file::Believed::default());
    let unknown: Vec<Proof> =
        strangers.iter().filter(|check| check.found == Found::Unknown).map(|check| check.what).collect();
    assert_eq!(unknown, [Proof::SellerKnown, Proof::RootKnown]);
}

#[test]
fn a_page_is_asked_for_only_where_the_list_ends() {
    let mut world = World::open(80, 24);
    world.keys("o");
    world.key(Key::Char('R'));
    let seq = take!(world, Effect::LoadOrders { seq, .. } => seq);
    let of = |from: u8, to: u8| -> Vec<_> {
        let view =
            |n| (support::order_view(order_id(n), &[Line { sku: sku(1), quantity: 1 }]), Ending::Unknown);
        (from..to).rev().map(view).collect()
    };
    world.happen(Event::OrdersLoaded(seq, Ok(of(100, 250))));
    assert!(world.waiting.is_empty(), "150 are enough for now");
    world.key(Key::Char('G'));
    let (seq, before) = take!(world, Effect::LoadOrders { seq, before } => (seq, before));
    assert_eq!(before, Some(order_id(100)));
    world.happen(Event::OrdersLoaded(seq, Ok(of(90, 100))));
    assert_eq!(world.model.orders.shown.len(), 160);
    // A search looks for more of the list until its rows are full, or there is no more of it.
    let seq = take!(world, Effect::LoadOrders { seq, .. } => seq);
    world.happen(Event::OrdersLoaded(seq, Ok(Vec::new())));
    world.keys("/nothing");
    assert!(world.waiting.is_empty() && world.model.orders.complete);
}
