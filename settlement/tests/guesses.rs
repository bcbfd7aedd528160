//! A seller through which too much guessing came: who is kept out by it, for how long, and who is not;
//! the same from the books as they were made and from their rows.

use kessai_settlement::ledger::acts::{self, Inquired};
use kessai_settlement::ledger::{Account, AccountId, AtRest, Books, Candidate, Policy, Presented};
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::store::{self, Stamp};
use kessai_shared::time::Timestamp;

const NOW: Timestamp = Timestamp(1_782_864_000_000_000);
const HERE: Pin = Pin([1; 32]);
const ELSEWHERE: Pin = Pin([2; 32]);

/// The books, and where the next change stands.
#[derive(Default)]
struct Kept {
    books: Books,
    position: u64,
}

impl Kept {
    fn with_accounts() -> Self {
        let mut kept = Self::default();
        for card in [1, 2] {
            let expiry = "2030-01".parse().expect("a month");
            let account = Account::new(at_rest(card), expiry, Currency::Gbp, Minor(1_000_000));
            kept.apply(&acts::open(account, Pin([0; 32])));
        }
        kept
    }

    fn apply(&mut self, change: &kessai_settlement::ledger::Change) {
        self.position += 1;
        let stamp = Stamp { position: self.position, time: NOW };
        store::Books::apply(&mut self.books, change, stamp).expect("a change");
    }

    /// What comes of a purchase with this card; with `keep` it goes into the books.
    fn buys(&mut self, seller: Pin, card: u8, now: Timestamp, keep: bool) -> Reason {
        let mut order = [9; 16];
        order[..8].copy_from_slice(&self.position.to_le_bytes());
        let purchase = Purchase {
            seller,
            order: OrderId::from_bytes(order),
            amount: Minor(1),
            currency: Currency::Gbp,
            quote_hash: [0; 32],
            deadline: now.plus_seconds(60),
        };
        let AtRest { generation, index, particulars, .. } = at_rest(card);
        let presented = Presented {
            passes_luhn: true,
            candidates: vec![Candidate { generation, index, particulars }],
            expiry: "2030-01".parse().expect("a month"),
            holder: None,
            enrolment: None,
        };
        let policy = Policy::default();
        let inquired = acts::inquire(&self.books, &purchase, Some(&presented), &policy, now);
        let Inquired::Fresh(fresh) = inquired else { panic!("every order is a new one") };
        if keep {
            self.apply(&acts::decided(purchase, fresh, Vec::new(), &policy, now));
        }
        fresh.reason
    }

    fn loaded_anew(&self) -> Self {
        let mut books = Books::default();
        let mut load = |key: &[u8], row: &[u8]| {
            store::Books::load(&mut books, key, row).expect("a row of a checkpoint");
            Ok(())
        };
        store::Books::rows(&self.books, &mut load).expect("nobody refuses one");
        Self { books, position: self.position }
    }
}

fn at_rest(card: u8) -> AtRest {
    AtRest { generation: 1, index: [card; 16], sealed: vec![card], particulars: [card; 32] }
}

#[test]
fn too_many_guesses_keep_strangers_out_for_their_window_and_customers_never() {
    let mut kept = Kept::with_accounts();
    assert!(kept.books.account(AccountId([1; 16])).is_some());
    assert_eq!(kept.buys(HERE, 1, NOW, true), Reason::Approved);
    let window = Policy::default().seller_tries;
    for guess in 0..window.max {
        assert_eq!(kept.buys(HERE, 2, NOW, false), Reason::Approved, "after {guess} guesses");
        assert_eq!(kept.buys(HERE, 77, NOW, true), Reason::UnknownCard);
    }
    let later = NOW.plus_seconds(window.seconds);
    for mut kept in [kept.loaded_anew(), kept] {
        assert_eq!(kept.buys(HERE, 77, NOW, false), Reason::TooManyTries, "one more guess tells nothing");
        assert_eq!(kept.buys(HERE, 2, NOW, false), Reason::TooManyTries, "nor does a right one");
        assert_eq!(kept.buys(HERE, 1, NOW, false), Reason::Approved, "who bought here before goes on");
        assert_eq!(kept.buys(ELSEWHERE, 2, NOW, false), Reason::Approved, "other sellers are none of it");
        assert_eq!(kept.buys(HERE, 2, later, false), Reason::Approved, "a window later all is forgotten");
    }
}
