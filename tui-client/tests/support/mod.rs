//! A shop made of values: it answers effects with events, without a wire and without a clock.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use kessai_shared::card::Particulars;
use kessai_shared::ids::{Customer, OrderId, ReturnId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine, Signature, SignedQuote};
use kessai_shared::storefront::{
    FulfilmentState, Item, Line, OrderState, OrderView, Page, PaymentState, Welcome,
};
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::effect::PAGE_ROWS;
use kessai_tui_client::app::model::Size;
use kessai_tui_client::app::update::start;
use kessai_tui_client::app::{Effect, Event, Key, Model, update};
use kessai_tui_client::cards::LabelledCard;
use kessai_tui_client::shop::Ending;

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
        unit_price: Minor(i64::from(at * at * 37 % 90_000) + 850),
        available: at * 5 % 23,
    }
}

pub fn page(from: u32) -> Page {
    let to = from.saturating_add(u32::from(PAGE_ROWS)).min(PRODUCTS);
    Page { items: (from..to).map(item).collect(), total: PRODUCTS }
}

pub fn welcome() -> Welcome {
    Welcome {
        shop: "Kettle & Crane".into(),
        seller: Pin::of_public_key(&[1; 32]),
        currency: Currency::Gbp,
        categories: ["Kitchen", "Paper", "Garden", "Candles and light"].map(str::to_owned).to_vec(),
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
    }
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
    list[2].0.payment = PaymentState::PartiallyRefunded;
    list[2].0.refunded = Minor(1_150);
    list[2].0.returned[0] = 1;
    list
}

/// A model with the effects that still wait for an answer.
pub struct World {
    pub model: Model,
    pub waiting: Vec<Effect>,
    pub orders_opened: u8,
}

impl World {
    /// A shop that has greeted and shows its first page.
    pub fn open(columns: u16, rows: u16) -> Self {
        let mut model = Model::new(cards(), Size { columns, rows }, NOW);
        let waiting = start(&mut model);
        let mut world = Self { model, waiting, orders_opened: 0 };
        world.answer_all();
        world
    }

    pub fn happen(&mut self, event: Event) {
        self.waiting.extend(update(&mut self.model, event));
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

    fn answer_to(&mut self, effect: &Effect) -> Event {
        match effect {
            Effect::Greet { seq } => Event::Welcomed(*seq, Ok(Box::new(welcome()))),
            Effect::LoadPage { seq, from, .. } => Event::PageLoaded(*seq, Ok(page(*from))),
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
            Effect::MintReturn { seq } => Event::ReturnMinted(*seq, return_id()),
            Effect::Pay { .. }
            | Effect::LoadOrder { .. }
            | Effect::GiveBack { .. }
            | Effect::Cancel { .. }
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
        | Effect::OpenCheckout { .. }
        | Effect::Quote { .. }
        | Effect::LoadOrders { .. }
        | Effect::MintReturn { .. } => true,
        Effect::Pay { .. }
        | Effect::LoadOrder { .. }
        | Effect::GiveBack { .. }
        | Effect::Cancel { .. }
        | Effect::Quit => false,
    }
}
