//! The bytes of everything that the settlement writes into its journal and onto its shelf. A disk
//! keeps them for years, and they do not describe themselves.

#[macro_use]
#[path = "../../shared/tests/support/golden.rs"]
mod golden;
#[path = "support/fences.rs"]
mod fences;

#[path = "../../shared/tests/support/trail_samples.rs"]
mod trail;

use std::path::PathBuf;

use golden::Sample;
use kessai_settlement::ledger::{
    Account, AccountChange, AccountId, Adopted, Adoption, BatchChange, BatchState, Batches, Billing, Block,
    Books, Capture, Change, Charge, ChargeState, Chargeback, Cleared, Closed, Decided, DecidedChange, Due,
    Entry, Event, GivenBack, Group, Late, LedgerAccount, Life, Moved, Policy, Refund, Repayment, Row, RowKey,
    Statement, Status, Window,
};
use kessai_shared::codec;
use kessai_shared::ids::{CaptureId, ChargebackId, OrderId, RefundId, RepaymentId};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::{ChargebackReason, Reason};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::record::versioned;
use kessai_shared::settlement::{BatchTotals, Payout};
use kessai_shared::store;
use kessai_shared::time::Timestamp;

const ID: AccountId = AccountId([1; 16]);
const SELLER: Pin = Pin([2; 32]);
const ORDER: OrderId = OrderId::from_bytes([3; 16]);
const REPAYMENT: RepaymentId = RepaymentId::from_bytes([5; 16]);
const OPERATOR: Pin = Pin([6; 32]);
const REFUND: RefundId = RefundId::from_bytes([4; 16]);
const CAPTURE: CaptureId = CaptureId::from_bytes([5; 16]);
const CHARGEBACK: ChargebackId = ChargebackId::from_bytes([6; 16]);
/// The version that is written now; another one is another form of record.
const VERSION: u8 = 5;

fn account() -> Account {
    Account {
        generation: 300,
        index: [9; 16],
        sealed: vec![0xaa; 3],
        particulars: [5; 32],
        expiry: "2029-08".parse().expect("a month"),
        status: Status::Restricted,
        currency: Currency::Gbp,
        limit: Minor(500_000),
        balance: Minor(-120),
        held: Minor(76_500),
        months_late: 1,
        late_history: vec![0, 1, 2],
        wrong_tries: vec![Timestamp(6)],
        recent: vec![(Timestamp(7), Minor(8))],
        holder_key: Some([0xcc; 32]),
        holder_required: true,
        enrolment: Some([0xdd; 32]),
        life: life(),
    }
}

fn life() -> Life {
    let day = "2026-11-21".parse().expect("a day");
    let due = Due { month: "2026-10".parse().expect("a month"), day, left: Minor(300) };
    let billing = Billing {
        awake: true,
        month: Some("2026-11".parse().expect("a month")),
        opening: Minor(-7),
        moved: moved(),
        dues: vec![due],
        paid_late: true,
        found_late: 2,
        counted: true,
    };
    let block = Block { why: "chip does not answer".to_owned(), by: OPERATOR, at: Timestamp(12) };
    Life { billing, block: Some(block), reissued: true, written_off: Minor(400) }
}

fn moved() -> Moved {
    let [purchases, refunds, repayments, fees, written_off] = [900, 80, 70, 6, 5].map(Minor);
    Moved { purchases, refunds, repayments, fees, written_off }
}

fn statement() -> Statement {
    Statement {
        month: "2026-11".parse().expect("a month"),
        opening: Minor(-7),
        moved: moved(),
        closing: Minor(744),
        past_due: Minor(300),
        minimum_due: Minor(500),
        due: "2026-12-21".parse().expect("a day"),
        months_late: 1,
    }
}

fn events() -> Vec<Event> {
    let by = OPERATOR;
    let why = "chip does not answer".to_owned();
    vec![
        Event::Stated { statement: statement(), by: None },
        Event::Passed { month: "2026-11".parse().expect("a month"), by: Some(by) },
        Event::Repaid { repayment: REPAYMENT, amount: Minor(70), received: Timestamp(13), by },
        Event::Blocked { status: Status::Stolen, why, by },
        Event::Unblocked { by },
        Event::Limited { limit: Minor(300), by },
        Event::Closed { by },
        Event::WrittenOff { amount: Minor(400), by },
    ]
}

fn purchase() -> Purchase {
    Purchase {
        seller: SELLER,
        order: ORDER,
        amount: Minor(76_500),
        currency: Currency::Gbp,
        quote_hash: [6; 32],
        deadline: Timestamp(1_782_864_000_000_000),
    }
}

fn capture() -> Capture {
    Capture { id: CAPTURE, amount: Minor(76_000), last: true, batch: 301 }
}

fn chargeback() -> Chargeback {
    let (amount, reason, by) = (Minor(254), ChargebackReason::Fraud, Pin([7; 32]));
    Chargeback { key: (SELLER, ORDER), amount, reason, by, batch: 301 }
}

/// Every number of the policy is another than its neighbours', so that none can take another's place.
fn adoption() -> Adoption {
    let policy = Policy {
        max_months_late: 3,
        max_late_months: 4,
        history_months: 6,
        tries: Window { seconds: 86_401, max: 7 },
        seller_tries: Window { seconds: 3_601, max: 501 },
        require_holder_key: true,
        frequency: Some(Window { seconds: 61, max: 8 }),
        amount: Some(Window { seconds: 62, max: 70_001 }),
        hold_seconds: 604_801,
        hold_grace_seconds: 3_602,
        max_purchase: Minor(1_000_001),
        max_utilisation_percent: Some(90),
        late_utilisation_percent: Some(50),
    };
    Adoption { sequence: 2, version: 300, digest: policy.digest(), policy, by: Pin([12; 32]) }
}

fn payout() -> Payout {
    let (captured, refunded) = (Minor(76_000), Minor(255));
    let totals = BatchTotals { currency: Currency::Jpy, captures: 300, captured, refunds: 2, refunded };
    Payout { totals, charged_back: Minor(254), fees: Minor(1_140), payout: Minor(74_351) }
}

fn batch_changes() -> Vec<BatchChange> {
    vec![
        BatchChange::Closed {
            seller: SELLER,
            batch: 301,
            payouts: vec![payout()],
            by: Some(OPERATOR),
            entries: vec![Entry::merchant_fee(Currency::Jpy, SELLER, Minor(1_140))],
        },
        BatchChange::Reconciled {
            seller: SELLER,
            batch: 302,
            agrees: true,
            theirs: vec![payout().totals],
            entries: vec![Entry::payout(Currency::Jpy, SELLER, Minor(74_351))],
        },
        BatchChange::Accepted {
            seller: SELLER,
            batch: 303,
            by: OPERATOR,
            reason: "counted by hand".to_owned(),
            entries: Vec::new(),
        },
    ]
}

fn changes() -> Vec<Change> {
    let key = (SELLER, ORDER);
    let release = Entry::release(Currency::Gbp, ID, SELLER, Minor(76_500));
    let decided = DecidedChange {
        purchase: purchase(),
        reason: Reason::Approved,
        sealed_reason: vec![0xbb; 4],
        account: Some(ID),
        expires: Timestamp(9),
        entries: vec![Entry::hold(Currency::Gbp, ID, SELLER, Minor(76_500))],
        enrolled: Some([0xcc; 32]),
        policy: 70_000,
        epoch: fences::EPOCH,
        at: 66_000,
    };
    let charge = Entry::charge(Currency::Eur, ID, SELLER, Minor(76_500));
    let refund = Entry::refund(Currency::Jpy, ID, SELLER, Minor(255));
    let card = account().at_rest();
    vec![
        Change::Opened {
            id: ID,
            account: account(),
            entry: Entry::opening(Currency::Usd, ID, Minor(-120)),
            by: OPERATOR,
        },
        Change::Restated { id: ID, terms: account(), by: OPERATOR },
        Change::Decided(Box::new(decided)),
        Change::Reversed { key, epoch: fences::EPOCH, entries: vec![release] },
        Change::Captured { key, capture: capture(), epoch: fences::EPOCH, entries: vec![release, charge] },
        Change::Refunded {
            key,
            refund: REFUND,
            amount: Minor(255),
            batch: 301,
            epoch: fences::EPOCH,
            entries: vec![refund],
        },
        Change::Expired { key, entries: Vec::new() },
        Change::Rekeyed { id: ID, card },
        Change::Issued { id: ID, enrolment: [0xdd; 32], by: OPERATOR },
        Change::Account(Box::new(AccountChange {
            id: ID,
            event: events().swap_remove(2),
            entries: vec![Entry::refund(Currency::Jpy, ID, SELLER, Minor(70))],
        })),
        Change::Released {
            key,
            release: REFUND,
            amount: Minor(254),
            epoch: fences::EPOCH,
            entries: vec![release],
        },
        Change::ChargedBack { id: CHARGEBACK, chargeback: chargeback(), entries: vec![refund] },
        Change::PresentedLate { key, capture: CAPTURE, amount: Minor(253) },
        Change::PolicyAdopted(Box::new(adoption())),
        Change::Batch(batch_changes().swap_remove(0)),
        Change::Granted(Box::new(fences::grant(SELLER))),
        Change::Operated {
            by: OPERATOR,
            what: trail::operated().swap_remove(8),
            reason: "a claim".to_owned(),
        },
    ]
}

fn repayment() -> Repayment {
    Repayment { account: ID, amount: Minor(70), received: Timestamp(13), by: OPERATOR }
}

fn rows() -> Vec<(RowKey, Row)> {
    let (position, at) = (5_000_000_000, Timestamp(10));
    let (reason, sealed_reason) = (Reason::Approved, vec![0xbb; 4]);
    let charge = Charge {
        state: ChargeState::Captured,
        decided: Some(Decided { purchase: purchase(), reason, sealed_reason, position, at, policy: 70_000 }),
        account: Some(ID),
        authorized: Minor(76_500),
        voided: Minor(500),
        captured: Minor(76_000),
        refunded: Minor(255),
        charged_back: Minor(254),
        captures: vec![capture()],
        expires: Timestamp(9),
        ran_out: true,
    };
    let given = GivenBack::Refunded { batch: 301 };
    let cleared = Cleared {
        captures: 300,
        captured: Minor(76_000),
        refunds: 2,
        refunded: Minor(255),
        chargebacks: 3,
        charged_back: Minor(254),
    };
    let totals = [(301, [(Currency::Jpy, cleared)].into())].into();
    let (begun, owed) = (Some(Timestamp(13)), [(Currency::Jpy, Minor(-5))].into());
    let theirs = || vec![payout().totals];
    let states = [
        (301, BatchState::Disputed { theirs: theirs() }),
        (302, BatchState::Paid { theirs: theirs() }),
        (303, BatchState::Accepted { theirs: theirs(), by: OPERATOR, reason: "counted".to_owned() }),
        (300, BatchState::Waiting),
    ];
    let close = |(number, state)| {
        (number, Closed { at: Timestamp(14), by: Some(OPERATOR), payouts: vec![payout()], state })
    };
    let closed = states.into_iter().map(close).collect();
    let late = Late { capture: CAPTURE, amount: Minor(253), at: Timestamp(12) };
    let group = Group {
        first: 4_999_999_999,
        last: position,
        at: Timestamp(11),
        journal: [7; 32],
        leaves: vec![(4_999_999_999, [8; 32]), (position, [9; 32])],
    };
    vec![
        (RowKey::Account(ID), Row::Account(Box::new(account()))),
        (RowKey::Charge(SELLER, ORDER), Row::Charge(Box::new(charge))),
        (RowKey::Refund(SELLER, REFUND), Row::Refund(Refund { order: ORDER, amount: Minor(255), given })),
        (RowKey::Guesses(SELLER), Row::Guesses([Timestamp(7), Timestamp(8)].into())),
        (RowKey::Group(group.first), Row::Group(group)),
        (RowKey::Statement(ID, statement().month), Row::Statement(statement())),
        (RowKey::Repayment(REPAYMENT), Row::Repayment(repayment())),
        (RowKey::Chargeback(CHARGEBACK), Row::Chargeback(chargeback())),
        (RowKey::Late(SELLER, ORDER), Row::Late(late)),
        (RowKey::Batches(SELLER), Row::Batches(Batches { open: 304, totals, begun, closed, owed })),
        (RowKey::Policy(2), Row::Policy(Adopted { adoption: adoption(), position, at })),
        (RowKey::Fence(SELLER), Row::Fence(fences::fence())),
        (RowKey::Act(5_000_000_000), Row::Act(trail::noted())),
        (RowKey::Listed, Row::Listed(trail::listed())),
    ]
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A change as the journal has it.
fn change(name: &str, change: Change) -> Sample {
    let bytes = <Books as store::Books>::encode(&change);
    let check = move |golden: &[u8]| match <Books as store::Books>::decode(golden)? {
        decoded if decoded == change => Ok(()),
        _ => Err("decodes to another change".to_owned()),
    };
    Sample { name: name.to_owned(), bytes, check: Box::new(check) }
}

/// A row as the shelf has it: loaded into the books, it has to come out again the same.
fn row(name: &str, key: RowKey, row: &Row) -> Sample {
    let key = codec::encode(&key);
    let check = move |golden: &[u8]| {
        let mut books = Books::default();
        store::Books::load(&mut books, &key, golden)?;
        match store::Books::row(&books, &key) {
            Some(again) if again == golden => Ok(()),
            _ => Err("comes out of the books otherwise".to_owned()),
        }
    };
    Sample { name: name.to_owned(), bytes: versioned(VERSION, row), check: Box::new(check) }
}

#[test]
fn the_bytes_of_every_change_are_what_they_were() {
    let changes = changes();
    let names = variants!(
        changes,
        Change::Opened { .. },
        Change::Restated { .. },
        Change::Decided(_),
        Change::Reversed { .. },
        Change::Captured { .. },
        Change::Refunded { .. },
        Change::Expired { .. },
        Change::Rekeyed { .. },
        Change::Issued { .. },
        Change::Account(_),
        Change::Released { .. },
        Change::ChargedBack { .. },
        Change::PresentedLate { .. },
        Change::PolicyAdopted(_),
        Change::Batch(_),
        Change::Granted(_),
        Change::Operated { .. },
    );
    let samples: Vec<_> = names.iter().zip(changes).map(|(name, value)| change(name, value)).collect();
    golden::compare(&file("changes.txt"), &samples);
}

#[test]
fn the_bytes_of_every_row_and_key_are_what_they_were() {
    let (keys, rows): (Vec<RowKey>, Vec<Row>) = rows().into_iter().unzip();
    let names = variants!(
        keys,
        RowKey::Account(_),
        RowKey::Charge(..),
        RowKey::Refund(..),
        RowKey::Guesses(_),
        RowKey::Group(_),
        RowKey::Statement(..),
        RowKey::Repayment(_),
        RowKey::Chargeback(_),
        RowKey::Late(..),
        RowKey::Batches(_),
        RowKey::Policy(_),
        RowKey::Fence(_),
        RowKey::Act(_),
        RowKey::Listed,
    );
    let mut samples: Vec<_> = names.iter().zip(&keys).map(|(name, key)| Sample::equal(name, *key)).collect();
    let names = variants!(
        rows,
        Row::Account(_),
        Row::Charge(_),
        Row::Refund(_),
        Row::Guesses(_),
        Row::Group(_),
        Row::Statement(_),
        Row::Repayment(_),
        Row::Chargeback(_),
        Row::Late(_),
        Row::Batches(_),
        Row::Policy(_),
        Row::Fence(_),
        Row::Act(_),
        Row::Listed(_),
    );
    samples
        .extend(names.iter().zip(keys.iter().zip(&rows)).map(|(name, (key, value))| row(name, *key, value)));
    golden::compare(&file("rows.txt"), &samples);
}

#[test]
fn the_bytes_of_all_that_happens_to_an_account_are_what_they_were() {
    let events = events();
    let names = variants!(
        events,
        Event::Stated { .. },
        Event::Passed { .. },
        Event::Repaid { .. },
        Event::Blocked { .. },
        Event::Unblocked { .. },
        Event::Limited { .. },
        Event::Closed { .. },
        Event::WrittenOff { .. },
    );
    let samples: Vec<_> = names.iter().zip(events).map(|(name, event)| Sample::equal(name, event)).collect();
    golden::compare(&file("events.txt"), &samples);
}

#[test]
fn the_bytes_of_every_small_choice_are_what_they_were() {
    use ChargeState::{Captured, Declined, Expired, Held, Reversed, Tombstone};
    let states = vec![Tombstone, Declined, Held, Captured, Reversed, Expired];
    let names = variants!(states, Tombstone, Declined, Held, Captured, Reversed, Expired);
    let mut samples: Vec<_> = names
        .iter()
        .zip(states)
        .map(|(name, state)| Sample::equal(&format!("ChargeState.{name}"), state))
        .collect();
    let reasons = ChargebackReason::ALL.to_vec();
    let names = variants!(
        reasons,
        ChargebackReason::NotReceived,
        ChargebackReason::NotAsDescribed,
        ChargebackReason::Fraud,
        ChargebackReason::Duplicate,
        ChargebackReason::CreditNotProcessed,
    );
    samples.extend(names.iter().zip(reasons).map(|(name, reason)| Sample::equal(name, reason)));
    let given = vec![GivenBack::Released, GivenBack::Refunded { batch: 301 }];
    let names = variants!(given, GivenBack::Released, GivenBack::Refunded { .. });
    samples.extend(names.iter().zip(given).map(|(name, given)| Sample::equal(name, given)));
    let statuses = vec![Status::Normal, Status::Lost, Status::Stolen, Status::Restricted, Status::Closed];
    let names = variants!(
        statuses,
        Status::Normal,
        Status::Lost,
        Status::Stolen,
        Status::Restricted,
        Status::Closed,
    );
    samples.extend(names.iter().zip(statuses).map(|(name, status)| Sample::equal(name, status)));
    let accounts = vec![
        LedgerAccount::Receivable(ID),
        LedgerAccount::Held(ID),
        LedgerAccount::Payable(SELLER),
        LedgerAccount::PayableOnCapture(SELLER),
        LedgerAccount::Opening,
        LedgerAccount::Bank,
        LedgerAccount::MerchantFees,
        LedgerAccount::CardholderFees,
        LedgerAccount::WriteOffs,
    ];
    let names = variants!(
        accounts,
        LedgerAccount::Receivable(_),
        LedgerAccount::Held(_),
        LedgerAccount::Payable(_),
        LedgerAccount::PayableOnCapture(_),
        LedgerAccount::Opening,
        LedgerAccount::Bank,
        LedgerAccount::MerchantFees,
        LedgerAccount::CardholderFees,
        LedgerAccount::WriteOffs,
    );
    samples.extend(names.iter().zip(accounts).map(|(name, account)| Sample::equal(name, account)));
    golden::compare(&file("choices.txt"), &samples);
}

#[test]
fn the_bytes_of_what_happens_to_batches_are_what_they_were() {
    let changes = batch_changes();
    let names = variants!(
        changes,
        BatchChange::Closed { .. },
        BatchChange::Reconciled { .. },
        BatchChange::Accepted { .. },
    );
    let samples: Vec<_> =
        names.iter().zip(changes).map(|(name, change)| Sample::equal(name, change)).collect();
    golden::compare(&file("batches.txt"), &samples);
}

#[test]
fn a_record_of_another_version_is_named_as_such() {
    for change in changes() {
        let mut bytes = <Books as store::Books>::encode(&change);
        assert_eq!(bytes[0], VERSION);
        bytes[0] = VERSION + 1;
        let why = <Books as store::Books>::decode(&bytes).expect_err("a later version");
        assert!(why.contains(&format!("version {}", VERSION + 1)), "{why}");
        bytes[0] = VERSION;
        bytes.push(0);
        assert!(<Books as store::Books>::decode(&bytes).is_err(), "something follows the change");
        bytes.truncate(bytes.len() - 2);
        assert!(<Books as store::Books>::decode(&bytes).is_err(), "the end of the change is missing");
    }
    assert!(<Books as store::Books>::decode(&[]).is_err());
}

#[test]
fn a_row_under_a_key_of_another_kind_is_refused() {
    let rows = rows();
    for (at, (key, _)) in rows.iter().enumerate() {
        for (other, (_, row)) in rows.iter().enumerate() {
            let mut books = Books::default();
            let loaded = store::Books::load(&mut books, &codec::encode(key), &versioned(VERSION, row));
            assert_eq!(loaded.is_ok(), at == other, "{key:?}");
        }
    }
}

/// The books look decisions up in a group by their position, so its leaves have to be in order.
#[test]
fn a_group_that_contradicts_itself_or_its_key_is_refused() {
    let is_group = |(_, row)| if let Row::Group(group) = row { Some(group) } else { None };
    let group = rows().into_iter().find_map(is_group).expect("a group");
    let loads = |first: u64, change: fn(&mut Group)| {
        let mut group = group.clone();
        change(&mut group);
        let row = versioned(VERSION, &Row::Group(group));
        store::Books::load(&mut Books::default(), &codec::encode(&RowKey::Group(first)), &row).is_ok()
    };
    assert!(loads(group.first, |_| {}));
    assert!(!loads(group.first - 1, |_| {}), "it begins elsewhere");
    assert!(!loads(group.first, |g| g.leaves.clear()), "it holds nothing");
    assert!(!loads(group.first, |g| g.leaves.swap(0, 1)), "it is out of order");
    assert!(!loads(group.first, |g| g.leaves[0] = g.leaves[1]), "it holds one place twice");
    assert!(!loads(group.first, |g| g.last -= 1), "its decision stands behind its end");
}
