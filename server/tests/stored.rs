//! Orders that are read from a checkpoint stay as bytes until somebody looks, and nobody can tell.

use std::collections::BTreeMap;

use kessai_server::sales::{Books, Change, RowKey};
use kessai_server::shown::Shown;
use kessai_shared::codec;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::store::{self, Stamp};
use kessai_shared::time::Timestamp;

const ORDERS: u64 = 60;
const OWNERS: u64 = 3;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn sku() -> Sku {
    Sku::new("TEA").expect("a SKU")
}

fn owner(nth: u64) -> Pin {
    Pin([(nth % OWNERS) as u8 + 1; 32])
}

fn quote(nth: u64) -> Quote {
    Quote {
        seller: Pin([5; 32]),
        order: OrderId::mint(Timestamp(nth * 5_000), [nth as u8; 10]),
        customer: Customer::new(&(nth % 7).to_string()).expect("a customer"),
        lines: vec![QuotedLine { sku: sku(), quantity: 2, unit_price: Minor(250) }],
        total: Minor(500),
        currency: Currency::Gbp,
        deadline: Timestamp(9_000_000),
    }
}

fn decision(quote: &Quote) -> Decision {
    let statement = Statement {
        purchase: quote.purchase(),
        verdict: Verdict::Approved,
        position: 5,
        decided_at: Timestamp(8),
    };
    let (first, last, at, decisions) = (1, 9, Timestamp(1), 9);
    let head = GroupHead { first, last, at, decisions, root: [8; 32], journal: [9; 32] };
    let proof = Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: vec![[6; 32]; 3] };
    Decision { statement, sealed_reason: vec![3; 40], proof }
}

/// A shop in which every third order waits for its decision.
fn books() -> (Books, Stamp) {
    let (mut books, mut stamp) = (Books::default(), Stamp { position: 0, time: Timestamp(0) });
    let (name, received) = ("Tea".to_owned(), 1_000);
    let first =
        Change::Stocked { sku: sku(), name, category: String::new(), unit_price: Minor(250), received };
    change(&mut books, &mut stamp, &first);
    for nth in 0..ORDERS {
        let placed = Change::Placed { quote: quote(nth), owner: owner(nth), deliver_to: None };
        change(&mut books, &mut stamp, &placed);
        if nth % 3 > 0 {
            let decided = Change::Decided { order: quote(nth).order, decision: decision(&quote(nth)) };
            change(&mut books, &mut stamp, &decided);
        }
    }
    (books, stamp)
}

fn change(books: &mut Books, stamp: &mut Stamp, change: &Change) {
    *stamp = Stamp { position: stamp.position + 1, time: Timestamp(stamp.time.0 + 1) };
    store::Books::apply(books, change, *stamp).expect("a change that follows");
}

fn rows(books: &Books) -> Rows {
    let mut rows = Rows::new();
    let mut each = |key: &[u8], row: &[u8]| {
        rows.insert(key.to_vec(), row.to_vec());
        Ok(())
    };
    store::Books::rows(books, &mut each).expect("nobody refuses one");
    rows
}

fn loaded(rows: &Rows) -> Books {
    let mut books = Books::default();
    for (key, row) in rows {
        store::Books::load(&mut books, key, row).expect("a row that was put away");
    }
    books
}

fn shown(shown: &Shown) -> Vec<String> {
    let owned = (0..OWNERS).flat_map(|nth| shown.orders_of(owner(nth), None, 100));
    let owned: Vec<String> = owned.map(|order| format!("{order:?}")).collect();
    let page = shown.page(None, (1_000, 1_000), |order| Some(format!("{order:?}")));
    assert_eq!((owned.len() as u64, page.rows.len() as u64), (ORDERS, ORDERS));
    [owned, page.rows].concat()
}

#[test]
fn orders_that_nobody_looked_at_are_what_they_were() {
    let (mut first, mut stamp) = books();
    let put_away = rows(&first);
    let mut again = loaded(&put_away);
    assert_eq!(rows(&again), put_away, "before anybody looks");
    let (there, here) = (Shown::of(&first), Shown::of(&again));
    assert_eq!(shown(&here), shown(&there));
    assert_eq!(again.totals(), first.totals());
    let ids = |books: &Books| books.owners().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids(&again), ids(&first));
    assert_eq!(ids(&again).len() as u64, ORDERS);
    // One is changed, and what is shown of it is what is durable until it is put there.
    let (id, before) = (quote(0).order, stamp);
    let decided = Change::Decided { order: id, decision: decision(&quote(0)) };
    change(&mut first, &mut stamp, &decided);
    change(&mut again, &mut { before }, &decided);
    assert_eq!(rows(&again), rows(&first));
    assert_ne!(rows(&again), put_away);
    assert_eq!(here.order(id).expect("it is shown").decision, None);
    here.put(&again, id);
    there.put(&first, id);
    assert_eq!(shown(&here), shown(&there));
    // Looking at all of them changes nothing.
    assert_eq!(again.orders().count() as u64, ORDERS);
    assert_eq!(rows(&again), rows(&first));
    assert_eq!(rows(&loaded(&rows(&again))), rows(&first));
}

#[test]
fn bytes_that_are_no_order_are_found_out_when_they_are_checked() {
    let (first, _) = books();
    let (key, other) = (RowKey::Order(quote(1).order), RowKey::Order(quote(2).order));
    let (key, other) = (codec::encode(&key), codec::encode(&other));
    let row = rows(&first).remove(&key).expect("an order");
    let check = <Books as store::Books>::check_row;
    for length in 0..row.len() {
        assert!(check(&key, &row[..length]).is_err(), "cut at {length}");
    }
    assert!(check(&key, &[row.as_slice(), &[0]].concat()).is_err());
    assert!(check(&other, &row).is_err(), "the order of another id");
    // The label stands behind the version and the kind: one that says something else is not its order's.
    let mut relabelled = row.clone();
    relabelled[2] ^= 1;
    assert!(check(&key, &relabelled).is_err());
    assert_eq!(check(&key, &row), Ok(()));
    assert!(<Books as store::Books>::read_row(&key, &row).is_ok());
    assert!(<Books as store::Books>::read_row(&key, &row[..4]).is_err(), "half a label");
}
