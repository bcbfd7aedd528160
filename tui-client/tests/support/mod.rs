//! A shop made of values: it answers effects with events, without a wire and without a clock.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod receipt;
mod shelves;

use kessai_shared::address::{Address, AddressParts};
use kessai_shared::card::Particulars;
use kessai_shared::ids::{Carrier, Customer, OrderId, ReturnId, Sku, TrackingNumber};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, Signature, SignedQuote};
use kessai_shared::storefront::{
    Category, FulfilmentState, Item, Line, OrderState, OrderView, PaymentState, ShipmentView, Step, StepKind,
    Tracking, Welcome,
};
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::{Kept, KeptCart, KeptReturn, Size};
use kessai_tui_client::app::update::start;
use kessai_tui_client::app::{Effect, Event, Key, Model, Settings, update};
use kessai_tui_client::cards::LabelledCard;
use kessai_tui_client::shop::Ending;

pub use shelves::{found, picture, product};

pub const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
pub const QUOTE_SECONDS: u64 = 300;
/// Numbers whose digits are easily told from those of prices and ids.
pub const CARD_NUMBERS: [&str; 2] = ["5391827364501746", "6847291538204913"];
pub const PRODUCTS: u32 = 1_234;

pub fn particulars(number: &str) -> Particulars {
    Particulars {
        number: number.parse().expect("a number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1981-12-09".parse().expect("a day"),
        expiry: "2029-08".parse().expect("a month"),
    }
}

pub fn cards() -> Vec<LabelledCard> {
    let card = |label: &str, number| LabelledCard { label: label.into(), paying: particulars(number).into() };
    vec![card("Everyday", CARD_NUMBERS[0]), card("Holidays", CARD_NUMBERS[1])]
}

pub fn sku(at: u32) -> Sku {
    Sku::new(&format!("KES-{at:05}")).expect("a SKU")
}

pub fn item(at: u32) -> Item {
    const NAMES: [&str; 7] = [
        "Blue stoneware mug",
        "緑茶のカップ (green tea cup)",
        "Walnut chopping board, extra large, oiled by hand",
        "Linen tea towel",
        "Cast iron teapot 0.8 l",
        "Beeswax candle",
        "Notebook, dotted",
    ];
    let name = NAMES[at as usize % NAMES.len()];
    Item {
        sku: sku(at),
        name: if at < 7 { name.into() } else { format!("{name} no. {at}") },
        category: "Kitchen".into(),
        unit_price: Minor(i64::from(at) * i64::from(at) * 37 % 90_000 + 850),
        available: at * 5 % 23,
        on_hand: at * 5 % 23 + at % 3,
    }
}

pub fn welcome() -> Welcome {
    Welcome {
        shop: "Kettle & Crane".into(),
        seller: Pin::of_public_key(&[1; 32]),
        currency: Currency::Gbp,
        categories: ["Kitchen", "Paper", "Garden", "Candles and light"]
            .map(|name| Category { name: name.to_owned(), products: 100 })
            .to_vec(),
        issuer_keys: Vec::new(),
        settlement_up: true,
    }
}

pub fn order_id(number: u8) -> OrderId {
    OrderId::mint(Timestamp(NOW.0 + u64::from(number) * 1_000), [number; 10])
}

pub fn return_id() -> ReturnId {
    ReturnId::mint(NOW, [7; 10])
}

pub fn quote(order: OrderId, lines: &[Line], now: Timestamp) -> SignedQuote {
    let price = |sku: &Sku| (0..PRODUCTS).map(item).find(|item| item.sku == *sku).map(|item| item.unit_price);
    let lines: Vec<QuotedLine> = lines
        .iter()
        .map(|line| QuotedLine {
            sku: line.sku,
            quantity: line.quantity,
            unit_price: price(&line.sku).expect("a product of this shop"),
        })
        .collect();
    let sums = lines.iter().filter_map(|line| line.unit_price.times(line.quantity));
    let quote = Quote {
        seller: Pin::of_public_key(&[1; 32]),
        order,
        customer: Customer::default(),
        total: Minor::sum(sums).unwrap_or_default(),
        lines,
        currency: Currency::Gbp,
        deadline: now.plus_seconds(QUOTE_SECONDS),
    };
    SignedQuote { quote, public_key: [1; 32], signature: Signature::from([0; 64]), among: None }
}

pub fn order_view(order: OrderId, lines: &[Line]) -> OrderView {
    let quote = quote(order, lines, NOW);
    OrderView {
        names: quote.quote.lines.iter().map(|_| "Blue stoneware mug".to_owned()).collect(),
        shipped: lines.iter().map(|line| line.quantity).collect(),
        cancelled: lines.iter().map(|_| 0).collect(),
        returned: lines.iter().map(|_| 0).collect(),
        quote,
        placed_at: NOW,
        order: OrderState::Completed,
        payment: PaymentState::Captured,
        fulfilment: FulfilmentState::Delivered,
        cancelling: false,
        cancelled_for: None,
        refunded: Minor::ZERO,
        decision: None,
        shipments: vec![shipment(1, lines, 3_600)],
        history: steps(&[
            (StepKind::Placed, 0),
            (StepKind::Approved, 2),
            (StepKind::Preparing, 3_000),
            (StepKind::Shipped { nth: 1 }, 3_600),
            (StepKind::Delivered, 90_000),
        ]),
        deliver_to: None,
    }
}

/// A shipment of these pieces, so many seconds after the order was placed.
pub fn shipment(nth: u32, lines: &[Line], after: u64) -> ShipmentView {
    let (carrier, number) = (Carrier::new("Royal Mail"), TrackingNumber::new("XZ908070605GB"));
    let tracking = Tracking { carrier: carrier.expect("a carrier"), reference: number.expect("a number") };
    let at = NOW.plus_seconds(after);
    let prices = quote(order_id(1), lines, NOW).quote;
    let pieces: Vec<(u16, u32)> = (0..).zip(lines).map(|(at, line)| (at, line.quantity)).collect();
    ShipmentView {
        nth,
        at,
        pieces: pieces.iter().map(|(_, pieces)| u64::from(*pieces)).sum(),
        lines: pieces,
        amount: prices.total,
        tracking: Some(tracking),
    }
}

pub fn steps(steps: &[(StepKind, u64)]) -> Vec<Step> {
    steps.iter().map(|(what, after)| Step { what: *what, at: NOW.plus_seconds(*after) }).collect()
}

pub fn orders() -> Vec<(OrderView, Ending)> {
    let lines = |n: u32| (0..n).map(|at| Line { sku: sku(at * 3), quantity: at + 1 }).collect::<Vec<_>>();
    let mut list: Vec<_> = (1..=6)
        .rev()
        .map(|n: u8| {
            let view = order_view(order_id(n), &lines(u32::from(n)));
            let ending = Ending::Accepted { amount: view.quote.quote.total, currency: Currency::Gbp };
            (view, ending)
        })
        .collect();
    list[0].0.order = OrderState::Confirmed;
    list[0].0.payment = PaymentState::Authorized;
    list[0].0.fulfilment = FulfilmentState::NotFulfilled;
    list[0].0.shipped.fill(0);
    list[0].0.shipments.clear();
    list[0].0.history.truncate(2);
    list[2].0.payment = PaymentState::PartiallyRefunded;
    list[2].0.refunded = Minor(1_150);
    list[2].0.returned[0] = 1;
    list[2].0.history.extend(steps(&[(StepKind::ReturnAsked, 100_000), (StepKind::Refunded, 100_005)]));
    list
}

/// What a machine has kept on which this terminal never was.
pub fn fresh() -> Kept {
    Kept { addresses_fine: true, ..Kept::default() }
}

pub fn stock(skus: &[Sku]) -> Vec<(Sku, Option<Item>)> {
    skus.iter().map(|sku| (*sku, (0..PRODUCTS).map(item).find(|item| item.sku == *sku))).collect()
}

pub fn address(town: &str) -> Address {
    let parts = AddressParts {
        name: "Ada Lovelace".into(),
        lines: vec!["12 St James's Square".into()],
        town: town.into(),
        postcode: "SW1Y 4JH".into(),
        country: "GB".into(),
        phone: String::new(),
    };
    Address::new(parts).expect("an address")
}

/// A model with the effects that still wait for an answer.
pub struct World {
    pub model: Model,
    pub waiting: Vec<Effect>,
    /// What was handed out to be kept, the newest cart only, and the ends that were written down.
    pub kept: Option<KeptCart>,
    pub ends: Vec<(OrderId, bool)>,
    pub orders_opened: u8,
    /// What an earlier session sent and never had answered.
    pub kept_returns: Vec<KeptReturn>,
}

impl World {
    /// A shop that has greeted and shows its first page.
    pub fn open(columns: u16, rows: u16) -> Self {
        Self::open_again(columns, rows, Vec::new())
    }

    /// The same after an earlier session that left these returns unanswered.
    pub fn open_again(columns: u16, rows: u16, kept_returns: Vec<KeptReturn>) -> Self {
        let mut model = Model::new(Settings::default(), cards(), Size { columns, rows }, NOW);
        let waiting = start(&mut model);
        let mut world = Self { model, waiting, kept: None, ends: Vec::new(), orders_opened: 0, kept_returns };
        world.answer_all();
        world
    }

    pub fn happen(&mut self, event: Event) {
        let effects = update(&mut self.model, event);
        for effect in effects {
            match effect {
                Effect::KeepCart { cart, .. } => self.kept = Some(*cart),
                Effect::NoteEnd { order, bought } => self.ends.push((order, bought)),
                mut other => {
                    if let Effect::Pay { kept, .. } = &mut other
                        && let Some((_, cart)) = kept.take()
                    {
                        self.kept = Some(*cart);
                    }
                    self.waiting.push(other);
                }
            }
        }
    }

    pub fn key(&mut self, key: Key) {
        self.happen(Event::Key(key));
    }

    /// Types each character as a key; `\n` is Enter.
    pub fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            self.key(if c == '\n' { Key::Enter } else { Key::Char(c) });
            self.answer_all();
        }
    }

    /// Answers everything but payments and questions about single orders, which tests answer
    /// themselves.
    pub fn answer_all(&mut self) {
        while let Some(at) = self.waiting.iter().position(answerable) {
            let effect = self.waiting.remove(at);
            let answer = self.answer_to(&effect);
            self.happen(answer);
        }
    }

    pub fn pay_effects(&self) -> usize {
        self.waiting.iter().filter(|effect| matches!(effect, Effect::Pay { .. })).count()
    }

    /// Takes the one payment that is under way.
    pub fn answer_pay(&mut self, answer: Result<Ending, kessai_tui_client::shop::ShopError>) {
        let at = self.waiting.iter().position(|effect| matches!(effect, Effect::Pay { .. }));
        let Effect::Pay { seq, .. } = self.waiting.remove(at.expect("a payment")) else {
            unreachable!("the position is that of a payment")
        };
        self.happen(Event::Paid(seq, answer));
        self.answer_all();
    }

    /// The answer to an effect that this shop can answer by itself.
    pub fn try_answer(&mut self, effect: &Effect) -> Option<Event> {
        // A quote is looked at by the clock of whoever asks for it.
        self.model.now = Timestamp::from_system_clock();
        answerable(effect).then(|| self.answer_to(effect))
    }

    fn answer_to(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Greet { seq } => Event::Welcomed(*seq, Ok(Box::new(welcome()))),
            Effect::LoadPage { seq, search, from } => Event::PageLoaded(*seq, Ok(found(search, *from))),
            Effect::LoadProduct { seq, sku } => {
                let item =
                    (0..PRODUCTS).map(item).find(|item| item.sku == *sku).expect("a product of this shop");
                Event::ProductLoaded(*seq, Ok(Box::new(product(item))))
            }
            Effect::LoadPicture { seq, .. } => Event::PictureLoaded(*seq, Ok(picture())),
            Effect::OpenCheckout { seq } => {
                self.orders_opened += 1;
                Event::CheckoutOpened(*seq, Ok(order_id(self.orders_opened)))
            }
            Effect::Quote { seq, order, lines } => {
                Event::Quoted(*seq, Ok(Box::new(quote(*order, lines, self.model.now))))
            }
            Effect::LoadOrders { seq, before } => {
                Event::OrdersLoaded(*seq, Ok(before.map_or_else(orders, |_| Vec::new())))
            }
            Effect::MintReturn { seq, .. } => Event::ReturnMinted(*seq, Ok(return_id())),
            Effect::LoadReturns => Event::ReturnsKept(Ok(self.kept_returns.clone())),
            Effect::Restore { seq } => Event::Restored(*seq, Box::new(fresh())),
            Effect::CheckStock { seq, skus } => Event::StockChecked(*seq, Ok(stock(skus))),
            Effect::KeepAddresses { seq, .. } => Event::AddressesKept(*seq, Ok(())),
            Effect::Pay { .. }
            | Effect::KeepCart { .. }
            | Effect::NoteEnd { .. }
            | Effect::LoadOrder { .. }
            | Effect::GiveBack { .. }
            | Effect::Cancel { .. }
            | Effect::LoadReceipt { .. }
            | Effect::SaveReceipt { .. }
            | Effect::Quit => {
                unreachable!("tests answer these themselves")
            }
        }
    }
}

fn answerable(effect: &Effect) -> bool {
    match effect {
        Effect::Greet { .. }
        | Effect::LoadPage { .. }
        | Effect::LoadProduct { .. }
        | Effect::LoadPicture { .. }
        | Effect::OpenCheckout { .. }
        | Effect::Quote { .. }
        | Effect::LoadOrders { .. }
        | Effect::Restore { .. }
        | Effect::CheckStock { .. }
        | Effect::KeepAddresses { .. }
        | Effect::MintReturn { .. }
        | Effect::LoadReturns => true,
        Effect::Pay { .. }
        | Effect::KeepCart { .. }
        | Effect::NoteEnd { .. }
        | Effect::LoadOrder { .. }
        | Effect::GiveBack { .. }
        | Effect::Cancel { .. }
        | Effect::LoadReceipt { .. }
        | Effect::SaveReceipt { .. }
        | Effect::Quit => false,
    }
}
