//! Which credit policy is in force at each decision, and that the audit finds every decision that was
//! not made under it.

use kessai_settlement::ledger::acts::{self, Inquired, PolicyRefused};
use kessai_settlement::ledger::{
    Account, AccountId, Adoption, AtRest, Audit, Books, Candidate, Change, DecidedChange, Policy, Presented,
    Proposed, Window,
};
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::time::Timestamp;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_782_864_000_000_000);
const SELLER: Pin = Pin([5; 32]);
const OPERATOR: Pin = Pin([6; 32]);
const CARDS: u8 = 4;

/// Books and all the changes that made them.
#[derive(Default)]
struct Ledger {
    books: Books,
    changes: Vec<Change>,
    orders: u8,
}

fn at_rest(card: u8) -> AtRest {
    AtRest { generation: 1, index: [card; 16], sealed: vec![card], particulars: [card; 32] }
}

impl Ledger {
    /// A clean account, one that is a month late, one that was late three times, and one that owes.
    fn open() -> Self {
        let mut ledger = Self::default();
        let histories = [(0, vec![], 0), (1, vec![], 0), (0, vec![2, 2, 2], 0), (0, vec![], 700)];
        for (card, (months_late, late_history, balance)) in (0..CARDS).zip(histories) {
            let expiry = "2030-01".parse().expect("a month");
            let account = Account {
                months_late,
                late_history,
                balance: Minor(balance),
                ..Account::new(at_rest(card), expiry, Currency::Gbp, Minor(1_000))
            };
            ledger.apply(acts::open(account, OPERATOR));
        }
        ledger
    }

    fn apply(&mut self, change: Change) {
        let position = self.changes.len() as u64 + 1;
        self.books.apply(&change, position, NOW).expect("an act proposes what can follow");
        self.changes.push(change);
    }

    fn adopt(&mut self, policy: Policy) {
        let proposed = Proposed { version: None, policy };
        if let Some(change) = acts::adopt(&self.books, &proposed, OPERATOR).expect("a sound policy") {
            self.apply(change);
        }
    }

    /// One more purchase, decided under the policy of the books.
    fn buy(&mut self, card: u8, amount: i64, now: Timestamp) -> Reason {
        self.orders += 1;
        let purchase = Purchase {
            seller: SELLER,
            order: OrderId::from_bytes([self.orders; 16]),
            amount: Minor(amount),
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
        let policy = self.books.policies().policy().clone();
        match acts::inquire(&self.books, &purchase, Some(&presented), &policy, now) {
            Inquired::Fresh(fresh) => {
                self.apply(acts::decided(purchase, fresh, Vec::new(), &policy, now));
                fresh.reason
            }
            inquired => panic!("{inquired:?}"),
        }
    }

    /// What an audit of these changes says about policies. Changes that the books do not take are told
    /// to the audit all the same: it counts by itself.
    fn audit(&self, changes: &[Change]) -> Vec<String> {
        let (mut audit, mut books) = (Audit::default(), Books::default());
        for (position, change) in (1..).zip(changes) {
            let _ = books.apply(change, position, NOW);
            audit.see(change, &books);
        }
        let told = audit.finish(&books);
        told.into_iter().filter(|line| line.starts_with("policy: ")).collect()
    }

    /// The same of these changes, in which the last decision is another one.
    fn audit_with(&self, forge: impl Fn(&mut DecidedChange)) -> Vec<String> {
        let mut changes = self.changes.clone();
        let last = changes.iter_mut().rev().find_map(|change| match change {
            Change::Decided(decided) => Some(decided),
            _ => None,
        });
        forge(last.expect("a decision"));
        self.audit(&changes)
    }
}

fn strict() -> Policy {
    Policy { max_months_late: 1, ..Policy::default() }
}

#[test]
fn each_decision_names_the_policy_it_was_made_under() {
    let mut ledger = Ledger::open();
    assert_eq!(ledger.books.policies().sequence(), 0);
    ledger.adopt(Policy::default());
    assert_eq!(ledger.buy(1, 100, NOW), Reason::Approved);
    ledger.adopt(strict());
    assert_eq!(ledger.buy(1, 100, NOW), Reason::Delinquent);
    ledger.adopt(Policy::default());
    assert_eq!(ledger.buy(1, 100, NOW), Reason::Approved);
    let named: Vec<u32> = (1..=3)
        .map(|order| {
            let charge = ledger.books.charge(&(SELLER, OrderId::from_bytes([order; 16]))).expect("a charge");
            charge.decided.as_ref().expect("a decision").policy
        })
        .collect();
    assert_eq!(named, [1, 2, 3]);
    let versions: Vec<_> = ledger.books.policies().all().map(|p| (p.adoption.version, p.position)).collect();
    assert_eq!(versions, [(1, 5), (2, 7), (3, 9)], "an old policy comes back under a new version");
    assert_eq!(ledger.audit(&ledger.changes), Vec::<String>::new());
}

#[test]
fn no_two_policies_have_one_version_and_versions_rise() {
    let mut ledger = Ledger::open();
    let propose = |ledger: &Ledger, version, policy: Policy| {
        acts::adopt(&ledger.books, &Proposed { version, policy }, OPERATOR)
    };
    let first = propose(&ledger, Some(7), strict()).expect("a sound policy").expect("a change");
    let Change::PolicyAdopted(adoption) = &first else { panic!("{first:?}") };
    assert_eq!((adoption.sequence, adoption.version, adoption.by), (1, 7, OPERATOR));
    assert_eq!(adoption.digest, strict().digest());
    ledger.apply(first);
    // The same again is no change, with its version and without.
    assert_eq!(propose(&ledger, Some(7), strict()), Ok(None));
    assert_eq!(propose(&ledger, None, strict()), Ok(None));
    assert_eq!(propose(&ledger, Some(7), Policy::default()), Err(PolicyRefused::SameVersion(7)));
    let old = PolicyRefused::OldVersion { stated: 6, in_force: 7 };
    assert_eq!(propose(&ledger, Some(6), Policy::default()), Err(old.clone()));
    assert_eq!(propose(&ledger, Some(6), strict()), Err(old));
    assert_eq!(propose(&ledger, Some(u32::MAX), strict()), Err(PolicyRefused::NoMoreVersions));
    let version = |change: Option<Change>| match change {
        Some(Change::PolicyAdopted(adoption)) => Some(adoption.version),
        _ => None,
    };
    assert_eq!(
        propose(&ledger, Some(9), strict()).map(version),
        Ok(Some(9)),
        "a version may be raised alone"
    );
    assert_eq!(propose(&ledger, None, Policy::default()).map(version), Ok(Some(8)));
    let bad = propose(&ledger, Some(8), Policy { max_months_late: 0, ..Policy::default() });
    assert_eq!(bad, Err(PolicyRefused::Mistakes(vec!["max_months_late is at least 1".into()])));
}

#[test]
fn adoptions_that_cannot_follow_are_refused_and_found() {
    let mut ledger = Ledger::open();
    ledger.adopt(strict());
    let next = |forge: &dyn Fn(&mut Adoption)| {
        let proposed = Proposed { version: None, policy: Policy::default() };
        let change = acts::adopt(&ledger.books, &proposed, OPERATOR).expect("sound").expect("a change");
        let Change::PolicyAdopted(mut adoption) = change else { panic!("{change:?}") };
        forge(&mut adoption);
        Change::PolicyAdopted(adoption)
    };
    let out_of_turn = next(&|adoption| adoption.sequence = 3);
    let taken = next(&|adoption| adoption.version = 1);
    let forged = next(&|adoption| adoption.policy.max_late_months = 4);
    for change in [&out_of_turn, &taken, &forged] {
        assert!(ledger.books.apply(change, 99, NOW).is_err(), "{change:?}");
    }
    assert_eq!(ledger.books.policies().sequence(), 1);
    for change in [out_of_turn, taken] {
        let mut changes = ledger.changes.clone();
        changes.push(change);
        assert_eq!(ledger.audit(&changes).len(), 1);
    }
}

#[test]
fn a_decision_under_a_policy_that_was_not_in_force_is_refused_and_found() {
    let mut ledger = Ledger::open();
    ledger.adopt(strict());
    ledger.adopt(Policy::default());
    ledger.buy(0, 100, NOW);
    for wrong in [0, 1, 3] {
        let found = ledger.audit_with(|decided| decided.policy = wrong);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].ends_with(&format!("under policy {wrong} where policy 2 was in force")),
            "{found:?}"
        );
    }
    let mut early = Ledger::open();
    early.adopt(strict());
    early.buy(0, 100, NOW);
    let mut late = early.changes.clone();
    let at = late.iter().position(|change| matches!(change, Change::PolicyAdopted(_))).expect("an adoption");
    let adoption = late.remove(at);
    late.push(adoption);
    assert_eq!(early.audit(&late).len(), 1, "it was adopted only after the decision");
    let mut books = Books::default();
    let taken = (1..).zip(&late).map(|(position, change)| books.apply(change, position, NOW).is_ok());
    assert_eq!(taken.filter(|taken| !taken).count(), 1, "the books do not take it either");
}

#[test]
fn a_decision_that_its_policy_does_not_give_is_found() {
    let mut ledger = Ledger::open();
    ledger.adopt(Policy { hold_seconds: 600, ..strict() });
    assert_eq!(ledger.buy(1, 100, NOW), Reason::Delinquent);
    assert_eq!(ledger.audit(&ledger.changes), Vec::<String>::new());
    let expect = |forge: &dyn Fn(&mut DecidedChange), says: &str| {
        let found = ledger.audit_with(forge);
        assert!(found.len() == 1 && found[0].ends_with(says), "{found:?}");
    };
    expect(&|decided| decided.reason = Reason::OverLimit, "is over_limit, and policy 1 says delinquent");
    expect(&|decided| decided.reason = Reason::Approved, "is approved, and policy 1 says delinquent");
    let clean = AccountId([0; 16]);
    expect(&|decided| decided.account = Some(clean), "is delinquent, and policy 1 says approved");
    let mut approved = Ledger::open();
    approved.adopt(Policy { late_utilisation_percent: Some(30), ..Policy::default() });
    assert_eq!(approved.buy(1, 301, NOW), Reason::OverLimit);
    assert_eq!(approved.buy(1, 300, NOW), Reason::Approved);
    assert_eq!(approved.audit(&approved.changes), Vec::<String>::new());
    let over = approved.audit_with(|decided| decided.purchase.amount = Minor(301));
    assert!(over.len() == 1 && over[0].ends_with("is approved, and policy 1 says over_limit"), "{over:?}");
}

#[test]
fn an_audit_that_begins_with_a_checkpoint_knows_what_was_in_force() {
    let mut ledger = Ledger::open();
    ledger.adopt(strict());
    ledger.buy(0, 100, NOW);
    ledger.adopt(Policy::default());
    ledger.buy(0, 100, NOW);
    let books = &ledger.books;
    let told = |books: &Books| {
        let mut audit = Audit::default();
        audit.begin(books, ledger.changes.len() as u64);
        let told = audit.finish(books);
        told.into_iter().filter(|line| line.starts_with("policy: ")).count()
    };
    let copy = |only: &dyn Fn(u32) -> bool| {
        use kessai_settlement::ledger::RowKey;
        let accounts = books.accounts().map(|(id, _)| RowKey::Account(*id));
        let charges = books.charges().map(|((seller, order), _)| RowKey::Charge(*seller, *order));
        let policies = books.policies().all().map(|adopted| adopted.adoption.sequence);
        let policies = policies.filter(|sequence| only(*sequence)).map(RowKey::Policy);
        let mut copy = Books::default();
        for key in accounts.chain(charges).chain(policies) {
            copy.load(key, books.row(&key).expect("a row")).expect("a row of these books");
        }
        copy
    };
    assert_eq!(told(&copy(&|_| true)), 0);
    assert_eq!(told(&copy(&|sequence| sequence != 2)), 1);
    assert_eq!(told(&copy(&|sequence| sequence != 1)), 1);
    let (all, policy) = (copy(&|_| true), books.policies().policy());
    assert_eq!((all.policies().sequence(), all.policies().policy()), (2, policy));
}

fn policy() -> impl Strategy<Value = Policy> {
    let window = |most: u64| {
        prop::option::of((Just(50_u64), 1..most).prop_map(|(seconds, max)| Window { seconds, max }))
    };
    let percent = || prop::option::of(20..=100_u8);
    (1..4_u8, 1..4_u8, window(4), window(400), 1..1_000_u64, percent(), percent()).prop_map(
        |(late, months, frequency, amount, hold_seconds, most, late_most)| Policy {
            max_months_late: late,
            max_late_months: months,
            frequency,
            amount,
            hold_seconds,
            max_utilisation_percent: most,
            late_utilisation_percent: late_most,
            ..Policy::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_audit_decides_every_purchase_once_more_and_agrees(
        acts in prop::collection::vec((prop::option::weighted(0.2, policy()), 0..CARDS, 1..300_i64, 0..40_u64), 1..40),
    ) {
        let mut ledger = Ledger::open();
        let mut now = NOW;
        for (policy, card, amount, wait) in acts {
            now = now.plus_seconds(wait);
            if let Some(policy) = policy {
                ledger.adopt(policy);
            }
            ledger.buy(card, amount, now);
        }
        prop_assert_eq!(ledger.audit(&ledger.changes), Vec::<String>::new());
    }
}
