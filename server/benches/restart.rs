//! How long a shop with many orders takes to open, and what its files take beside its rows:
//! `cargo bench -p kessai-server --bench restart -- 1000000`. A folder that is named too, as `./shop`, is
//! filled once and then only opened, as often as a second number says.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_server::sales::{Books, Change};
use kessai_server::settings::JOURNAL;
use kessai_server::shown::Shown;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{
    Decision, GroupHead, Inclusion, Quote, QuotedLine, Signature, Statement, Verdict,
};
use kessai_shared::store::{self, Store};
use kessai_shared::time::Timestamp;

/// As in the daemons.
#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

const PRODUCTS: u64 = 4_000;
const CUSTOMERS: u64 = 10_000;
/// Orders in one group of the journal, and hashes in the path of a decision.
const GROUP: u64 = 256;
const PATH: usize = 8;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<u64>().ok());
    let (orders, times) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(3));
    let temporary = tempfile::tempdir().expect("a folder");
    let named = std::env::args().skip(1).find(|word| word.contains('/')).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| temporary.path().to_owned());
    let folder = folder.as_path();
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    if !folder.join("journal").exists() {
        let (mut store, _) = Store::<Books>::open(folder, JOURNAL).expect("a new store");
        fill(&mut store, orders, &mut longest);
        println!("filled with {orders} orders in {:.1?}, {} MB resident", start.elapsed(), resident());
        println!("  at the most {} MB, while a checkpoint was made", memory("VmHWM:"));
        store.settle_checkpoint();
        println!("the longest commit took {longest:.1?}; checkpoint of {}", store.checkpoint());
        let rows = store::live_bytes(store.books());
        let files = size(folder);
        let ratio = files as f64 / rows as f64;
        println!("rows {} MB, files {} MB, ratio {ratio:.2}", rows >> 20, files >> 20);
        let start = Instant::now();
        store.close().expect("closed");
        println!("closed in {:.1?}", start.elapsed());
    }
    for _ in 0..times {
        let start = Instant::now();
        let (store, opened) = Store::<Books>::open(folder, JOURNAL).expect("a whole store");
        let (took, behind) = (start.elapsed(), opened.journal.records);
        println!("opened in {took:.2?}, {behind} records behind the checkpoint, {} MB resident", resident());
        println!("  {:.2?}", opened.took);
        assert_eq!(store.books().counts(0).orders, orders);
        let start = Instant::now();
        let shown = Shown::of(store.books());
        println!("  shown to terminals after another {:.2?}, {} MB resident", start.elapsed(), resident());
        drop(shown);
    }
}

fn fill(store: &mut Store<Books>, orders: u64, longest: &mut Duration) {
    store.begin(Timestamp(1));
    for nth in 0..PRODUCTS {
        let (name, category) = (format!("Product {nth}"), "Goods".to_owned());
        let (sku, unit_price, received) = (sku(nth), Minor(250), u64::from(u32::MAX));
        store.change(&Change::Stocked { sku, name, category, unit_price, received }).expect("a product");
    }
    store.commit().expect("a disk that works");
    for group in 0..orders.div_ceil(GROUP) {
        let quotes: Vec<Quote> = (group * GROUP..((group + 1) * GROUP).min(orders)).map(quote).collect();
        let now = Timestamp(1_000_000 + group * 10_000);
        store.begin(now);
        for quote in quotes.iter().cloned() {
            store.change(&Change::Placed { quote, owner: Pin([7; 32]), deliver_to: None }).expect("an order");
        }
        timed(longest, || store.commit().expect("a disk that works"));
        store.begin(now);
        for quote in &quotes {
            let change = Change::Decided { order: quote.order, decision: decision(quote) };
            store.change(&change).expect("a decision");
        }
        timed(longest, || store.commit().expect("a disk that works"));
        // However fast it is, it makes its checkpoints at the same places.
        store.settle_checkpoint();
    }
}

fn timed(longest: &mut Duration, act: impl FnOnce()) {
    let start = Instant::now();
    act();
    *longest = start.elapsed().max(*longest);
}

fn sku(nth: u64) -> Sku {
    Sku::new(&format!("SKU{nth:05}")).expect("a SKU")
}

fn quote(nth: u64) -> Quote {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&nth.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let line = |at: u64| QuotedLine {
        sku: sku(nth.wrapping_mul(7_919).wrapping_add(at * 1_237) % PRODUCTS),
        quantity: 1 + u32::from(at == 1),
        unit_price: Minor(250),
    };
    Quote {
        seller: Pin([5; 32]),
        order: OrderId::mint(Timestamp(nth), random),
        customer: Customer::new(&(nth % CUSTOMERS).to_string()).expect("a customer"),
        lines: (0..3).map(line).collect(),
        total: Minor(1_000),
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
    let (first, last, at, decisions) = (1, GROUP, Timestamp(1), GROUP as u32);
    let head = GroupHead { first, last, at, decisions, root: [8; 32], journal: [9; 32] };
    let proof = Inclusion { head, signature: Signature::from([7; 64]), index: 0, path: vec![[6; 32]; PATH] };
    Decision { statement, sealed_reason: vec![3; 40], proof }
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

fn resident() -> u64 {
    memory("VmRSS:")
}

/// In megabytes, as the kernel counts it.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("0");
    let kilobytes = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    kilobytes.unwrap_or_default() >> 10
}
