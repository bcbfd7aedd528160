//! Whatever is pressed and whatever is answered, the rules about money hold.

mod support;

use std::collections::HashSet;

use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::Verdict;
use kessai_shared::storefront::{MAX_QUANTITY, Refusal};
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::event::Target;
use kessai_tui_client::app::keymap::{Action, Context, Keymap};
use kessai_tui_client::app::model::Screen;
use kessai_tui_client::app::{Effect, Event, Key, Seq, update};
use kessai_tui_client::shop::{Ending, Leg, ShopError};
use kessai_tui_client::view::{Drawn, draw};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use support::receipt::{believed, proved, receipt};
use support::{World, found, item, order_id, order_view, picture, product, quote, return_id, sku, welcome};
use zeroize::Zeroizing;

/// One thing that happens. Events themselves have no Debug, because they may hold a card number.
#[derive(Clone, Debug)]
enum What {
    Key(usize),
    Paste(String),
    Resize(u16, u16),
    Seconds(u64),
    /// Answers one of the waiting questions, this many from the oldest, well or badly.
    Answer(usize, u8),
    /// Something becomes known of a payment, of the one under way or of another.
    Leg(usize, u8),
    /// Answers a question that was answered before.
    Late(usize, u8),
    Draw,
    /// A click on one of the places that are drawn as places for it.
    Click(usize),
    /// A click on the key that pays, wherever that would be.
    ClickPay,
    Wheel(i8),
    /// From here on, a key of another keymap pays.
    Rebind,
}

const LEGS: [Leg; 6] = [
    Leg::Sent,
    Leg::SentAgain,
    Leg::Elsewhere,
    Leg::Held { placed_at: support::NOW },
    Leg::Decided { at: support::NOW },
    Leg::Verified,
];

const KEYS: &[Key] = &[
    Key::Enter,
    Key::Enter,
    Key::Enter,
    Key::Char('p'),
    Key::Char('p'),
    Key::Char('P'),
    Key::Char('a'),
    Key::Char('c'),
    Key::Char('o'),
    Key::Char('r'),
    Key::Char('R'),
    Key::Char('t'),
    Key::Char('x'),
    Key::Char('u'),
    Key::Char('f'),
    Key::Char('d'),
    Key::Char('e'),
    Key::Char('+'),
    Key::Char('-'),
    Key::Char('j'),
    Key::Char('k'),
    Key::Char('h'),
    Key::Char('l'),
    Key::Char('g'),
    Key::Char('G'),
    Key::Char('/'),
    Key::Char('f'),
    Key::Char('s'),
    Key::Char(' '),
    Key::Ctrl('u'),
    Key::Ctrl('w'),
    Key::Char('?'),
    Key::Char('q'),
    Key::Char('y'),
    Key::Char('n'),
    Key::Char('9'),
    Key::Char('é'),
    Key::Esc,
    Key::Tab,
    Key::BackTab,
    Key::Backspace,
    Key::Delete,
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::PageUp,
    Key::PageDown,
    Key::Home,
    Key::End,
    Key::Interrupt,
    Key::F(9),
    Key::F(9),
    Key::Ctrl('p'),
    Key::Char(':'),
];

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        8 => (0..KEYS.len()).prop_map(What::Key),
        6 => (0_usize..4, 0_u8..10).prop_map(|(at, how)| What::Answer(at, how)),
        2 => (0_usize..4, 0_u8..5).prop_map(|(at, leg)| What::Leg(at, leg)),
        1 => (0_usize..50, 0_u8..10).prop_map(|(at, how)| What::Late(at, how)),
        1 => "\\PC{0,30}".prop_map(What::Paste),
        1 => (0_u16..130, 0_u16..50).prop_map(|(columns, rows)| What::Resize(columns, rows)),
        1 => (0_u64..400).prop_map(What::Seconds),
        1 => Just(What::Draw),
        3 => (0_usize..40).prop_map(What::Click),
        1 => Just(What::ClickPay),
        1 => (-3_i8..4).prop_map(What::Wheel),
        1 => Just(What::Rebind),
    ]
}

/// What the world has seen so far, apart from the model.
#[derive(Default)]
struct Witness {
    answered: Vec<Effect>,
    minted: HashSet<OrderId>,
    paying: usize,
    now: Timestamp,
    rebound: bool,
}

impl Witness {
    fn do_one(&mut self, world: &mut World, what: &What) {
        match what {
            What::Key(at) => self.happen(world, Event::Key(KEYS[*at])),
            What::Paste(text) => self.happen(world, Event::Paste(Zeroizing::new(text.clone()))),
            What::Resize(columns, rows) => {
                self.happen(world, Event::Resize { columns: *columns, rows: *rows });
            }
            What::Seconds(seconds) => {
                self.now = self.now.plus_seconds(*seconds);
                self.happen(world, Event::Tick(self.now));
            }
            What::Answer(at, how) if !world.waiting.is_empty() => {
                let effect = world.waiting.remove(at % world.waiting.len());
                if matches!(effect, Effect::Pay { .. }) {
                    self.paying -= 1;
                }
                let event = self.answer(&effect, *how);
                self.answered.push(effect);
                event.into_iter().for_each(|event| self.happen(world, event));
            }
            What::Leg(at, leg) => {
                let pays = world.waiting.iter().chain(&self.answered);
                let seqs = pays.filter_map(|effect| match effect {
                    Effect::Pay { seq, .. } => Some(*seq),
                    _other => None,
                });
                let seqs: Vec<Seq> = seqs.collect();
                if let Some(seq) = seqs.get(at % seqs.len().max(1)) {
                    self.happen(world, Event::Leg(*seq, LEGS[usize::from(*leg)]));
                }
            }
            What::Late(at, how) if !self.answered.is_empty() => {
                let effect = self.answered.swap_remove(at % self.answered.len());
                let event = self.answer(&effect, *how);
                event.into_iter().for_each(|event| self.happen(world, event));
            }
            What::Answer(..) | What::Late(..) => {}
            What::Draw => drop(drawn(world)),
            What::Click(at) => {
                let spots = drawn(world).spots;
                if let Some(spot) = spots.get(at % spots.len().max(1)) {
                    self.happen(world, Event::Point(spot.target));
                }
            }
            What::ClickPay => self.happen(world, Event::Point(Target::Does(Action::Pay))),
            What::Wheel(steps) => self.happen(world, Event::Wheel(*steps)),
            What::Rebind => {
                let other = [(Action::Pay, vec![Key::Char('9')]), (Action::Pay, vec![Key::F(9)])];
                assert!(Keymap::rebound(&other[..1]).is_err(), "digits are typed");
                world.model.settings.keys = Keymap::rebound(&other[1..]).expect("a keymap");
                self.rebound = true;
            }
        }
    }

    fn happen(&mut self, world: &mut World, event: Event) {
        let pressed = match &event {
            Event::Key(key) if self.rebound => matches!(key, Key::F(9)),
            Event::Key(key) => matches!(key, Key::Char('p' | 'P')),
            _other => false,
        };
        let context = world.model.context();
        let (order, deadline) = match &world.model.screen {
            Screen::Checkout(checkout) => {
                (checkout.order, checkout.quote().map(|signed| signed.quote.deadline))
            }
            _other => (None, None),
        };
        for effect in update(&mut world.model, event) {
            if let Effect::Pay { quote, .. } = &effect {
                self.paying += 1;
                assert!(pressed && context == Context::Confirm, "only p on the confirm step pays");
                assert_eq!(order, Some(quote.quote.order), "only the order that was opened is paid");
                assert!(self.minted.contains(&quote.quote.order));
                assert!(deadline.is_some_and(|deadline| self.now < deadline), "no old price is paid");
            }
            world.waiting.push(effect);
        }
        assert!(self.paying <= 1, "one payment at a time");
        let legs = match &world.model.screen {
            Screen::Checkout(checkout) => checkout.legs.seen().len(),
            _other => 0,
        };
        assert!(legs <= LEGS.len(), "a leg is shown once");
        for goods in &world.model.cart.goods {
            assert!((1..=MAX_QUANTITY).contains(&goods.quantity.get()));
        }
    }

    fn answer(&mut self, effect: &Effect, how: u8) -> Option<Event> {
        let bad = match how {
            0 => Some(ShopError::NoAnswer),
            1 => Some(ShopError::Unreachable("refused".into())),
            2 => Some(ShopError::Refused(Refusal::UnknownOrder)),
            3 => Some(ShopError::Local("disk full".into())),
            _good => None,
        };
        let or = |bad: Option<ShopError>| bad.map_or(Ok(()), Err);
        Some(match effect {
            Effect::Greet { seq } => Event::Welcomed(*seq, or(bad).map(|()| Box::new(welcome()))),
            Effect::LoadPage { seq, search, from } => {
                Event::PageLoaded(*seq, or(bad).map(|()| found(search, *from)))
            }
            Effect::LoadProduct { seq, .. } => {
                // Sometimes the answer is about another product than the one that was asked about.
                Event::ProductLoaded(*seq, or(bad).map(|()| Box::new(product(item(u32::from(how))))))
            }
            Effect::LoadPicture { seq, .. } => Event::PictureLoaded(*seq, or(bad).map(|()| picture())),
            Effect::OpenCheckout { seq } => {
                let id = order_id(u8::try_from(self.minted.len() % 250 + 1).unwrap_or(0));
                let answer = or(bad).map(|()| id);
                self.minted.extend(answer.iter());
                Event::CheckoutOpened(*seq, answer)
            }
            Effect::Quote { seq, order, lines } => {
                let order = if how == 9 { order_id(255) } else { *order };
                Event::Quoted(*seq, or(bad).map(|()| Box::new(quote(order, lines, self.now))))
            }
            Effect::Pay { seq, .. } => Event::Paid(*seq, or(bad).map(|()| ending(how))),
            Effect::LoadOrders { seq, before } => {
                let older = if before.is_some() { Vec::new() } else { support::orders() };
                Event::OrdersLoaded(*seq, or(bad).map(|()| older))
            }
            Effect::LoadOrder { seq, order } => {
                let found = (order_view(*order, &[]), ending(how));
                Event::OrderLoaded(*seq, or(bad).map(|()| Box::new(found)))
            }
            Effect::MintReturn { seq, .. } => Event::ReturnMinted(*seq, or(bad).map(|()| return_id())),
            Effect::LoadReturns => Event::ReturnsKept(or(bad).map(|()| Vec::new())),
            Effect::LoadReceipt { seq, order } => {
                let quote = quote(*order, &[], self.now).quote;
                let found = proved(receipt(&quote, Verdict::Approved), &believed());
                Event::ReceiptLoaded(*seq, or(bad).map(|()| Box::new(found)))
            }
            Effect::SaveReceipt { seq, path, .. } => {
                let saved = bad.map_or_else(|| Ok(path.clone()), |why| Err(why.message()));
                Event::ReceiptSaved(*seq, saved)
            }
            Effect::Cancel { seq, .. } => Event::Cancelled(*seq, Err(bad.unwrap_or(ShopError::NoAnswer))),
            Effect::GiveBack { seq, .. } => Event::Returned(*seq, Err(bad.unwrap_or(ShopError::NoAnswer))),
            Effect::CheckStock { seq, skus } => {
                // Perhaps the shop has none of them any more.
                let gone = || skus.iter().map(|sku| (*sku, None)).collect();
                let stock = if how == 9 { gone() } else { support::stock(skus) };
                Event::StockChecked(*seq, or(bad).map(|()| stock))
            }
            Effect::Restore { seq } => Event::Restored(*seq, Box::new(support::fresh())),
            Effect::KeepAddresses { seq, .. } => Event::AddressesKept(*seq, or(bad)),
            Effect::KeepCart { .. } | Effect::NoteEnd { .. } | Effect::Quit => return None,
        })
    }
}

fn drawn(world: &World) -> Drawn {
    let size = world.model.size;
    draw(&world.model, &mut Buffer::empty(Rect::new(0, 0, size.columns, size.rows)))
}

fn ending(how: u8) -> Ending {
    match how % 8 {
        0 => Ending::Accepted { amount: Minor(1), currency: Currency::Gbp },
        1 => Ending::Declined { reason: Some(Reason::Lost) },
        2 => Ending::OutOfStock { sku: sku(1), available: 0 },
        3 => Ending::Interrupted,
        4 => Ending::HoldExpired,
        5 => Ending::Cancelled { by_shopper: true },
        6 => Ending::Cancelled { by_shopper: false },
        _left => Ending::Unknown,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_the_rules_about_money(
        hasty in any::<bool>(),
        happenings in prop::collection::vec(what(), 1..300),
    ) {
        let mut world = World::open(80, 24);
        let mut witness = Witness { now: world.model.now, ..Witness::default() };
        if hasty {
            // Begins where it matters most, since few random walks get there.
            world.keys("jajac\n\n\n");
            witness.minted.insert(order_id(1));
        }
        for what in &happenings {
            witness.do_one(&mut world, what);
        }
    }
}
