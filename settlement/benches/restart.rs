//! How long a settlement with many decisions takes to open, and what its files take beside its rows:
//! `cargo bench -p kessai-settlement --bench restart -- 1000000 10000`, decisions and accounts. A folder
//! that is named too, as `./shop`, is filled once and then only opened, as often as a third number says.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kessai_settlement::ledger::{Account, AccountId, AtRest, Books, Change, DecidedChange, Entry, Stated};
use kessai_settlement::settings::JOURNAL;
use kessai_shared::ids::{Epoch, OrderId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::store::{self, Store};
use kessai_shared::time::Timestamp;

/// As in the daemons.
#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

/// Decisions in one group of the journal.
const GROUP: u64 = 256;

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse::<u64>().ok());
    let (decisions, accounts) = (numbers.next().unwrap_or(100_000), numbers.next().unwrap_or(10_000));
    let times = numbers.next().unwrap_or(3);
    let temporary = tempfile::tempdir().expect("a folder");
    let named = std::env::args().skip(1).find(|word| word.contains('/')).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| temporary.path().to_owned());
    let folder = folder.as_path();
    let start = Instant::now();
    let mut longest = Duration::ZERO;
    if !folder.join("journal").exists() {
        let (mut store, _) = Store::<Books>::open(folder, JOURNAL).expect("a new store");
        fill(&mut store, decisions, accounts, &mut longest);
        println!("filled with {decisions} decisions in {:.1?}, {} MB resident", start.elapsed(), resident());
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
        assert_eq!(store.books().totals().decisions, decisions);
    }
}

fn fill(store: &mut Store<Books>, decisions: u64, accounts: u64, longest: &mut Duration) {
    for group in 0..accounts.div_ceil(GROUP) {
        store.begin(Timestamp(1));
        for number in group * GROUP..((group + 1) * GROUP).min(accounts) {
            store.change(&opened(number)).expect("an account");
        }
        store.commit().expect("a disk that works");
    }
    for group in 0..decisions.div_ceil(GROUP) {
        store.begin(Timestamp(1_000_000 + group * 10_000));
        for number in group * GROUP..((group + 1) * GROUP).min(decisions) {
            store.change(&decided(number, accounts)).expect("a decision");
        }
        let start = Instant::now();
        store.commit().expect("a disk that works");
        *longest = start.elapsed().max(*longest);
        // However fast it is, it makes its checkpoints at the same places.
        store.settle_checkpoint();
    }
}

fn id(number: u64) -> AccountId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    AccountId(bytes)
}

fn opened(number: u64) -> Change {
    let AccountId(index) = id(number);
    let card = AtRest { generation: 1, index, sealed: vec![4; 120], particulars: [9; 32] };
    let expiry = "2030-01".parse().expect("a month");
    let account = Account::new(card, expiry, Currency::Gbp, Minor(1 << 40));
    let Stated { account, .. } = Stated { account, older: None };
    Change::Opened {
        id: id(number),
        entry: Entry::opening(account.currency, id(number), account.balance),
        account,
        by: Pin([0; 32]),
    }
}

fn decided(number: u64, accounts: u64) -> Change {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let purchase = Purchase {
        seller: Pin([5; 32]),
        order: OrderId::mint(Timestamp(number), random),
        amount: Minor(1_000),
        currency: Currency::Gbp,
        quote_hash: [6; 32],
        deadline: Timestamp(9_000_000),
    };
    let account = id(number.wrapping_mul(7_919) % accounts);
    Change::Decided(Box::new(DecidedChange {
        purchase,
        reason: Reason::Approved,
        sealed_reason: vec![3; 40],
        account: Some(account),
        expires: Timestamp(u64::MAX / 2 + number),
        entries: vec![Entry::hold(purchase.currency, account, purchase.seller, purchase.amount)],
        enrolled: None,
        policy: 0,
        epoch: Epoch::NONE,
        at: 0,
    }))
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
