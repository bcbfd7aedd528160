//! What operators read of the books is durable: a look that shares its group with a change sees it only
//! once the group is on the disk, and never when the disk fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kessai_server::charge::Charge;
use kessai_server::clerk::{Clerk, Command};
use kessai_server::courier::Cards;
use kessai_server::import::Listing;
use kessai_server::sales::{Books, Terms};
use kessai_server::settings::JOURNAL;
use kessai_server::shown::Shown;
use kessai_shared::ids::Sku;
use kessai_shared::journal::MemoryDisk;
use kessai_shared::money::Minor;
use kessai_shared::store::{Fault, Store};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::{mpsc, oneshot};

/// Nothing becomes due by itself.
const TERMS: Terms =
    Terms { ship_after: None, ship_within: u64::MAX, deliver_after: u64::MAX, recovered_for: u64::MAX };
const PRODUCTS: u64 = 3;

/// Hands a writer an import and a look at once, with this many disk operations before the disk fails:
/// what the look saw, and how the writer ended.
fn look_beside_an_import(operations: Option<u64>) -> (Option<(u64, u64)>, Result<(), Fault>) {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = MemoryDisk::new();
    let opened = Store::<Books>::open_on(Box::new(disk.clone()), &folder.path().join("shelf"), JOURNAL);
    let (store, _) = opened.expect("a store");
    let now = AtomicU64::new(1_700_000_000_000_000);
    let clock: Clock = Arc::new(move || Timestamp(now.fetch_add(1, Ordering::Relaxed)));
    let (errands, _) = kessai_server::courier::errands();
    let shown = Shown::of(store.books());
    let charge = Charge::at_rest(store.books());
    let clerk = Clerk::new(Arc::clone(&clock), TERMS, Cards::default(), shown, errands, charge);
    let (to_writer, queue) = mpsc::channel(8);
    let listing = |nth: u64| Listing {
        sku: Sku::new(&format!("P{nth}")).expect("a SKU"),
        name: format!("Product {nth}"),
        category: String::new(),
        unit_price: Minor(100),
        stock: 10,
        description: None,
        picture: None,
    };
    let (tell_import, _imported) = oneshot::channel();
    let listings = (0..PRODUCTS).map(listing).collect();
    assert!(to_writer.try_send(Command::Import { listings, tell: tell_import }).is_ok());
    let (tell, mut told) = oneshot::channel();
    let look = Box::new(move |books: &Books, position| {
        let _ = tell.send((books.counts(10).products, position));
    });
    assert!(to_writer.try_send(Command::Read(look)).is_ok());
    drop(to_writer);
    if let Some(operations) = operations {
        disk.fail_after(operations);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let end = runtime.block_on(writer::run(store, clerk, queue, clock));
    (told.try_recv().ok(), end)
}

#[test]
fn a_look_sees_a_change_of_its_own_group_and_the_position_it_stands_at() {
    let (seen, end) = look_beside_an_import(None);
    assert_eq!(seen, Some((PRODUCTS, PRODUCTS)));
    assert!(end.is_ok(), "{end:?}");
}

#[test]
fn nobody_is_shown_what_a_failing_disk_did_not_take() {
    let (seen, end) = look_beside_an_import(Some(0));
    assert_eq!(seen, None);
    assert!(matches!(end, Err(Fault::Journal(_))), "{end:?}");
}
