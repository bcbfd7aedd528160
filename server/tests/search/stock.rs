//! Searches that go by stock, which changes all the time, and many searches at once.

use std::sync::Arc;

use futures_util::future::join_all;
use kessai_server::catalogue::NoPage;
use kessai_server::charge::Charge;
use kessai_server::clerk::{Clerk, Command, Operation};
use kessai_server::courier::Cards;
use kessai_server::sales::{Books, Change, Product, Reason, Terms};
use kessai_server::settings::JOURNAL;
use kessai_server::shown::Shown;
use kessai_server::stocks::Stocks;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::journal::MemoryDisk;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Quote, QuotedLine};
use kessai_shared::seal::Envelope;
use kessai_shared::store::Store;
use kessai_shared::storefront::{Search, Sort};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

use crate::shop::{Shop, product, sorted, words};

const PIECES: [u64; 3] = [1, 5, 0];

fn sku(nth: usize) -> Sku {
    Sku::new(&format!("S{nth}")).expect("a SKU")
}

/// Books with the same goods as the shop has.
fn books(products: &[Product]) -> Books {
    let mut books = Books::default();
    for (product, position) in products.iter().zip(1..) {
        let Product { sku, name, category, unit_price, stock } = product.clone();
        let received = stock.received;
        let change = Change::Stocked { sku, name, category, unit_price, received };
        books.apply(&change, position, Timestamp(position)).expect("a product");
    }
    books
}

async fn skus(shop: &Shop, search: &Search) -> Vec<String> {
    let page = shop.page(search, 0, 50).await.expect("a page");
    assert_eq!(page.total as usize, page.items.len());
    page.items.iter().map(|item| item.sku.to_string()).collect()
}

#[tokio::test]
async fn a_list_by_stock_holds_for_its_pages() {
    let products: Vec<Product> =
        PIECES.iter().enumerate().map(|(nth, n)| product(sku(nth).as_str(), "mug", "", 100, *n)).collect();
    let (shop, mut books) = (Shop::of(&products), books(&products));
    let in_stock = Search { in_stock: true, ..Search::default() };
    let (by_stock, mugs) = (sorted(Sort::Stock), Search { in_stock: true, ..words("mug") });
    assert_eq!(skus(&shop, &in_stock).await, ["S0", "S1"]);
    assert_eq!(skus(&shop, &by_stock).await, ["S1", "S0", "S2"]);
    let received = Change::Received { sku: sku(2), pieces: 9, note: String::new(), by: Pin([1; 32]) };
    books.apply(&received, 9, Timestamp(9)).expect("goods came in");
    shop.stocks.put(&books, &sku(2));
    assert_eq!(shop.stocks.place(&sku(2)).map(|place| shop.stocks.available(place)), Some(9));
    assert_eq!(skus(&shop, &in_stock).await, ["S0", "S1"], "its pages fit together");
    assert_eq!(skus(&shop, &by_stock).await, ["S1", "S0", "S2"]);
    assert_eq!(skus(&shop, &mugs).await, ["S0", "S1", "S2"], "another search goes by what is there now");
}

#[tokio::test]
async fn those_who_search_wait_for_their_turn_and_too_many_are_told_so() {
    let one = |nth: usize| product(sku(nth).as_str(), &format!("mug {nth}"), "", 100, 1);
    let shop = Shop::of(&(0..4_200).map(one).collect::<Vec<_>>());
    let searches: Vec<Search> = (0..300).map(|nth| words(&format!("mug {nth}"))).collect();
    let pages = join_all(searches.iter().map(|search| shop.page(search, 0, 1))).await;
    let busy = pages.iter().filter(|page| matches!(page, Err(NoPage::Busy))).count();
    // There is room for 256. On a slow machine the last of those wait for longer than one may.
    assert!((44..300).contains(&busy), "{busy} of 300");
    for page in pages.into_iter().flatten() {
        assert!(page.total > 0);
    }
    // Afterwards there is room again, and what was found is still known.
    assert!(shop.page(&words("mug"), 0, 1).await.is_ok());
    assert!(shop.page(&searches[0], 0, 1).await.is_ok());
}

/// A seller's writer over products of ten pieces each, which does what it is told and then ends.
fn carried_out(commands: Vec<Command>) -> Arc<Stocks> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = MemoryDisk::new();
    let opened = Store::<Books>::open_on(Box::new(disk), &folder.path().join("shelf"), JOURNAL);
    let (mut store, _) = opened.expect("a store");
    let clock: Clock = Arc::new(|| Timestamp(1_700_000_000_000_000));
    store.begin(clock());
    for nth in 0..PIECES.len() {
        let (sku, name, category) = (sku(nth), "mug".to_owned(), String::new());
        let change = Change::Stocked { sku, name, category, unit_price: Minor(100), received: 10 };
        store.change(&change).expect("a product");
    }
    store.commit().expect("a disk that works");
    let shown = Shown::of(store.books());
    let (errands, _to_carry) = kessai_server::courier::errands();
    let terms =
        Terms { ship_after: None, ship_within: u64::MAX, deliver_after: u64::MAX, recovered_for: u64::MAX };
    let charge = Charge::at_rest(store.books());
    let clerk = Clerk::new(Arc::clone(&clock), terms, Cards::default(), shown.clone(), errands, charge);
    let (to_writer, queue) = mpsc::channel(8);
    for command in commands {
        assert!(to_writer.try_send(command).is_ok());
    }
    drop(to_writer);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(writer::run(store, clerk, queue, clock)).expect("a disk that works");
    shown.stocks()
}

fn available(stocks: &Stocks) -> Vec<u32> {
    let place = |nth| stocks.place(&sku(nth)).expect("a product of the shop");
    (0..PIECES.len()).map(|nth| stocks.available(place(nth))).collect()
}

#[test]
fn what_is_sold_and_what_comes_in_is_known_to_searches_at_once() {
    assert_eq!(available(&carried_out(Vec::new())), [10, 10, 10]);
    let lines = vec![QuotedLine { sku: sku(0), quantity: 4, unit_price: Minor(100) }];
    let quote = Quote {
        seller: Pin([2; 32]),
        order: OrderId::from_bytes([3; 16]),
        customer: Customer::default(),
        lines,
        total: Minor(400),
        currency: Currency::Gbp,
        deadline: Timestamp(32_503_680_000_000_000),
    };
    let card = Envelope { suite: 1, key_id: [0; 8], encapsulated: vec![0; 4], ciphertext: vec![0; 4] };
    let (tell, _told) = oneshot::channel();
    let since = std::time::Instant::now();
    let place = Command::Place { quote, deliver_to: None, owner: Pin([1; 32]), card, since, tell };
    let (tell, _received) = oneshot::channel();
    let (by, note) = (Pin([1; 32]), String::new());
    let receive = Operation::Receive { sku: sku(1), pieces: 5, note, by, tell };
    let (tell, _adjusted) = oneshot::channel();
    let adjust = Operation::Adjust { sku: sku(2), pieces: -3, reason: Reason::Lost, by, tell };
    let done = carried_out(vec![place, Command::Operate(receive), Command::Operate(adjust)]);
    assert_eq!(available(&done), [6, 15, 7]);
}
