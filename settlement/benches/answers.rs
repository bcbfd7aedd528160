//! Whether the time of an answer tells a known card from an unknown one:
//! `cargo bench -p kessai-settlement --bench answers`. Medians of the work between the opened seal and
//! the record in the journal, in microseconds, for cards that are declined; the last column compares
//! each with the unknown card of the same run. Everything behind it, sync and wire, is the same.

use std::hint::black_box;
use std::time::Instant;

use kessai_settlement::ledger::{Account, Books, Policy, acts};
use kessai_settlement::vault::Vault;
use kessai_settlement::vault::key_file::MasterKey;
use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::seal::{ResponseSecret, seal_reason};
use kessai_shared::store::Books as _;
use kessai_shared::time::Timestamp;

const ACCOUNTS: u64 = 20_000;
const ROUNDS: usize = 201;
const REPEATS: u32 = 50;
const NOW: Timestamp = Timestamp(1_782_864_000_000_000);

fn main() {
    let vault = Vault::of(&[MasterKey::random(1).expect("random bytes")]).expect("a vault");
    let mut books = Books::default();
    for at in 0..ACCOUNTS {
        let change = acts::open(account(&vault, &card(at, "HOLDER")), Pin([0; 32]));
        books.apply(&change, at + 1, NOW).expect("a new account");
    }
    let cases = [
        ("unknown card", card(ACCOUNTS + 7, "HOLDER"), Reason::UnknownCard),
        ("known, wrong name", card(77, "SOMEBODY"), Reason::IdentityMismatch),
        ("known, right, over the limit", card(77, "HOLDER"), Reason::OverLimit),
    ];
    // In turns, so that what else the machine does meets all of them alike.
    let mut times = cases.each_ref().map(|_| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter().zip(&mut times) {
            let begun = Instant::now();
            for nth in 0..REPEATS {
                black_box(answer(&vault, &books, &case.1, nth, case.2));
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(REPEATS));
        }
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!("{:<30} {:>10} {:>8}", "card", "µs", "ratio");
    for ((name, _, _), time) in cases.iter().zip(medians) {
        println!("{name:<30} {time:>10.2} {:>8.3}", time / medians[0]);
    }
}

/// All that is done for one answer up to the bytes of its record.
fn answer(vault: &Vault, books: &Books, card: &Particulars, nth: u32, expected: Reason) -> Vec<u8> {
    let mut order = [0; 16];
    order[..4].copy_from_slice(&nth.to_le_bytes());
    let purchase = Purchase {
        seller: Pin([1; 32]),
        order: OrderId::from_bytes(order),
        amount: Minor(1_000_000),
        currency: Currency::Gbp,
        quote_hash: [2; 32],
        deadline: NOW.plus_seconds(60),
    };
    let policy = Policy::default();
    let presented = vault.present(card);
    let acts::Inquired::Fresh(fresh) = acts::inquire(books, &purchase, Some(&presented), &policy, NOW) else {
        unreachable!("every order is a new one")
    };
    assert_eq!(fresh.reason, expected);
    let sealed = seal_reason(fresh.reason, &purchase, &ResponseSecret([3; 32]));
    Books::encode(&acts::decided(purchase, fresh, sealed, &policy, NOW))
}

fn card(at: u64, name: &str) -> Particulars {
    let body = format!("999999{at:09}");
    Particulars {
        number: CardNumber::with_check_digit(&body).expect("a card number"),
        name: name.parse().expect("a name"),
        birth_date: "1980-01-02".parse().expect("a day"),
        expiry: "2090-06".parse().expect("a month"),
    }
}

fn account(vault: &Vault, card: &Particulars) -> Account {
    let kept = vault.keep(card).remove(0);
    Account { late_history: vec![0; 5], ..Account::new(kept, card.expiry, Currency::Gbp, Minor(100)) }
}
