//! What the pure room takes for a decision: `cargo bench -p kessai-settlement --bench decision`.
//!
//! With 10,000 accounts and with 1,000,000; each purchase is by another account, anywhere among them.
//! `inquire` is the time to find the answer to one inquiry. The others are the time for a journal group of
//! 64 approvals with its end, and `items/s` is decisions a second: `group_applied` takes them into the
//! books, `group_recorded` also seals each reason and makes the bytes of each record. Opening seals,
//! signing and the sync are not in it; making the accounts takes some seconds before the first line.

#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kessai_settlement::ledger::acts::{self, Fresh, Inquired};
use kessai_settlement::ledger::{Account, AtRest, Books, Candidate, Change, Policy, Presented};
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::{ResponseSecret, seal_reason};
use kessai_shared::store;
use kessai_shared::time::Timestamp;

/// Accounts of a small and of a large card company.
const ACCOUNTS: [u64; 2] = [10_000, 1_000_000];
/// Decisions in a journal group.
const GROUP: u64 = 64;
/// Bytes of a card as it is kept, encrypted.
const SEALED_BYTES: usize = 80;
const SELLER: Pin = Pin([1; 32]);
const NOW: Timestamp = Timestamp(1_782_864_000_000_000);

/// Books, and how many orders were made up for them.
struct Ledger {
    books: Books,
    orders: u64,
    position: u64,
    policy: Policy,
}

type Ask = (Purchase, Presented);

/// They are made once and serve all benches, because making a million accounts takes longer than those.
static FEW: LazyLock<Mutex<Ledger>> = LazyLock::new(|| Mutex::new(Ledger::with(ACCOUNTS[0])));
static MANY: LazyLock<Mutex<Ledger>> = LazyLock::new(|| Mutex::new(Ledger::with(ACCOUNTS[1])));

fn main() {
    timing::run();
}

#[divan::bench(args = ACCOUNTS)]
fn inquire(bencher: Bencher, accounts: u64) {
    let mut ledger = ledger(accounts);
    let Ledger { books, orders, policy, .. } = &mut *ledger;
    let asked = bencher.with_inputs(|| ask(accounts, orders));
    asked.bench_local_refs(|(purchase, presented)| {
        acts::inquire(black_box(books), purchase, Some(presented), policy, NOW)
    });
}

#[divan::bench(args = ACCOUNTS)]
fn group_applied(bencher: Bencher, accounts: u64) {
    group(bencher, accounts, |_, _| Vec::new(), |_| ());
}

#[divan::bench(args = ACCOUNTS)]
fn group_recorded(bencher: Bencher, accounts: u64) {
    let secret = ResponseSecret([3; 32]);
    let seal = |reason, purchase: &Purchase| seal_reason(reason, purchase, &secret);
    group(bencher, accounts, seal, |change| drop(black_box(<Books as store::Books>::encode(change))));
}

/// Decides a group and takes it into the books. `seal` makes the sealed reason of each decision, and
/// `record` is given each change before it is applied.
fn group(
    bencher: Bencher,
    accounts: u64,
    seal: impl Fn(Reason, &Purchase) -> Vec<u8>,
    record: impl Fn(&Change),
) {
    let mut ledger = ledger(accounts);
    let Ledger { books, orders, position, policy, .. } = &mut *ledger;
    let asked = || (0..GROUP).map(|_| ask(accounts, orders)).collect::<Vec<Ask>>();
    bencher.counter(ItemsCount::new(GROUP)).with_inputs(asked).bench_local_refs(|asked| {
        let first = *position + 1;
        for (purchase, presented) in asked {
            *position += 1;
            let fresh = approved(acts::inquire(books, purchase, Some(presented), policy, NOW));
            let sealed = seal(fresh.reason, purchase);
            let change = acts::decided(*purchase, fresh, sealed, policy, NOW);
            record(&change);
            books.apply(&change, *position, NOW).expect("a change that follows");
        }
        books.end_group(first, *position, NOW, [5; 32])
    });
}

/// All purchases here are approved; anything else would measure another, shorter way.
fn approved(inquired: Inquired) -> Fresh {
    match inquired {
        Inquired::Fresh(fresh) if fresh.reason == Reason::Approved => fresh,
        other => panic!("not an approval: {other:?}"),
    }
}

fn ledger(accounts: u64) -> MutexGuard<'static, Ledger> {
    let ledger = if accounts == ACCOUNTS[0] { &FEW } else { &MANY };
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    fn with(accounts: u64) -> Self {
        let mut books = Books::default();
        for nth in 0..accounts {
            books
                .apply(&acts::open(account(nth), kessai_shared::pin::Pin([0; 32])), nth + 1, NOW)
                .expect("a new account");
        }
        Self { books, orders: 0, position: accounts, policy: Policy::default() }
    }
}

/// The next purchase, by some account.
fn ask(accounts: u64, orders: &mut u64) -> Ask {
    *orders += 1;
    let mut id = [0; 16];
    id[..8].copy_from_slice(&orders.to_be_bytes());
    let purchase = Purchase {
        seller: SELLER,
        order: OrderId::from_bytes(id),
        amount: Minor(1_234),
        currency: Currency::Gbp,
        quote_hash: [2; 32],
        deadline: NOW.plus_seconds(60),
    };
    let AtRest { generation, index, particulars, .. } = card(scattered(*orders) % accounts);
    let presented = Presented {
        passes_luhn: true,
        candidates: vec![Candidate { generation, index, particulars }],
        expiry: "2090-06".parse().expect("a month"),
        holder: None,
        enrolment: None,
    };
    (purchase, presented)
}

fn account(nth: u64) -> Account {
    let expiry = "2090-06".parse().expect("a month");
    let account = Account::new(card(nth), expiry, Currency::Gbp, Minor(1_000_000_000_000));
    Account { late_history: vec![0; 5], ..account }
}

/// A card as it is kept. What a keyed hash would give is as scattered here, and cheaper to make.
fn card(nth: u64) -> AtRest {
    let mut index = [0; 16];
    index[..8].copy_from_slice(&scattered(nth).to_le_bytes());
    index[8..].copy_from_slice(&nth.to_le_bytes());
    AtRest { generation: 1, index, sealed: vec![6; SEALED_BYTES], particulars: [8; 32] }
}

/// Another number for each number, without an order that could be told: the end of `SplitMix64`.
fn scattered(nth: u64) -> u64 {
    let mut mixed = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
