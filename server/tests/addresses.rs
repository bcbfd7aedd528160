//! Where an order goes: the first address that came with it counts, and what is not sent needs none.

use kessai_server::sales::{Books, Change, acts};
use kessai_shared::address::{Address, AddressParts};
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine};
use kessai_shared::time::Timestamp;

const OWNER: Pin = Pin([1; 32]);
const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn address(town: &str) -> Option<Box<Address>> {
    let parts = AddressParts {
        name: "Ada Lovelace".into(),
        lines: vec!["12 St James's Square".into()],
        town: town.into(),
        country: "GB".into(),
        ..AddressParts::default()
    };
    Some(Box::new(Address::new(parts).expect("an address")))
}

fn shop() -> Books {
    let mut books = Books::default();
    let (name, category) = ("Cup".to_owned(), "Kitchen".to_owned());
    let sku = Sku::new("CUP").expect("a SKU");
    let stocked = Change::Stocked { sku, name, category, unit_price: Minor(100), received: 5 };
    books.apply(&stocked, 1, NOW).expect("stocked");
    books
}

fn quote(order: u8, quantity: u32) -> Quote {
    let unit_price = Minor(100);
    Quote {
        seller: Pin([2; 32]),
        order: OrderId::from_bytes([order; 16]),
        customer: Customer::default(),
        lines: vec![QuotedLine { sku: Sku::new("CUP").expect("a SKU"), quantity, unit_price }],
        total: Minor(100 * i64::from(quantity)),
        currency: Currency::Gbp,
        deadline: NOW.plus_seconds(60),
    }
}

#[test]
fn the_first_address_of_an_order_counts() {
    let (mut books, quote) = (shop(), quote(1, 2));
    let placed = acts::place(&books, (&quote, address("London")), OWNER, NOW);
    let change = placed.expect("placed").expect("a change");
    books.apply(&change, 2, NOW).expect("applied");
    let again = acts::place(&books, (&quote, address("Leeds")), OWNER, NOW);
    assert_eq!(again, Ok(None), "the same order, wherever it is said to go now");
    let order = books.order(quote.order).expect("the order");
    assert!(order.deliver_to == address("London"));
}

#[test]
fn an_order_that_is_turned_away_leaves_no_address_behind() {
    let (mut books, quote) = (shop(), quote(2, 9));
    let turned = acts::place(&books, (&quote, address("London")), OWNER, NOW);
    let change = turned.expect("turned away").expect("a change");
    assert!(matches!(change, Change::TurnedAway { .. }));
    books.apply(&change, 2, NOW).expect("applied");
    assert!(books.order(quote.order).expect("the order").deliver_to.is_none());
}
