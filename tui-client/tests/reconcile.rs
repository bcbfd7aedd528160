//! The rules of `kessai reconcile`: what three books may say of one order and of one batch, what each
//! difference is called, and that streams of any length are laid side by side without a slip.

use std::collections::{BTreeMap, BTreeSet};

use kessai_shared::console::Failure;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::operator::Page;
use kessai_shared::operator::rows::{BatchStanding, Charge, ClearingBatch, ShopBatch, Trade};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Verdict;
use kessai_shared::settlement::{BatchTotals, Payout, Standing};
use kessai_shared::storefront::{OrderState, PaymentState};
use kessai_shared::time::Timestamp;
use kessai_tui_client::reconcile::compare::{self, BATCH_GRACE_SECONDS, GRACE_SECONDS, Sides};
use kessai_tui_client::reconcile::exception::{Exception, Kind, Of};
use kessai_tui_client::reconcile::merge::{OfOrder, Rows, Source, newest, one};
use kessai_tui_client::reconcile::slips::Slip;
use proptest::prelude::*;

const ORDER: OrderId = OrderId::from_bytes([3; 16]);
const NOW: Timestamp = Timestamp(1_782_864_000_000_000);

fn slip() -> Slip {
    let (seller, verdict) = (Pin([2; 32]), Verdict::Approved);
    Slip { order: ORDER, seller, verdict, currency: Currency::Gbp, total: Minor(1_000) }
}

/// An order that was shipped and charged in full.
fn trade() -> Trade {
    Trade {
        order: ORDER,
        placed_at: NOW,
        deadline: NOW,
        state: OrderState::Completed,
        payment: PaymentState::Captured,
        currency: Currency::Gbp,
        total: Minor(1_000),
        captured: Minor(1_000),
        refunded: Minor(0),
        moving: false,
    }
}

fn charge() -> Charge {
    Charge {
        order: ORDER,
        standing: Standing::Captured,
        decided_at: Some(NOW),
        currency: Currency::Gbp,
        amount: Minor(1_000),
        held: Minor(0),
        captured: Minor(1_000),
        refunded: Minor(0),
        charged_back: Minor(0),
        expires: NOW,
    }
}

fn held() -> Charge {
    Charge { standing: Standing::Held, held: Minor(1_000), captured: Minor(0), ..charge() }
}

fn confirmed() -> Trade {
    Trade { state: OrderState::Confirmed, payment: PaymentState::Authorized, captured: Minor(0), ..trade() }
}

fn cancelled() -> Trade {
    Trade { state: OrderState::Cancelled, payment: PaymentState::Voided, captured: Minor(0), ..trade() }
}

/// The words of what is found, with all three sides asked.
fn found(slip: Option<Slip>, trade: Option<Trade>, charge: Option<Charge>) -> Vec<&'static str> {
    found_at(NOW, slip, trade, charge)
}

fn found_at(
    now: Timestamp,
    slip: Option<Slip>,
    trade: Option<Trade>,
    charge: Option<Charge>,
) -> Vec<&'static str> {
    let sides =
        Sides { receipt: slip.as_ref(), seller: Some(trade.as_ref()), settlement: Some(charge.as_ref()) };
    compare::order(&sides, now).iter().map(Kind::word).collect()
}

#[test]
fn books_that_say_the_same_are_no_exception() {
    let none: [&str; 0] = [];
    for (trade, charge) in [
        (Some(trade()), Some(charge())),
        (Some(confirmed()), Some(held())),
        (None, None),
        // A part was shipped, and the rest is still held.
        (
            Some(Trade { captured: Minor(400), ..confirmed() }),
            Some(Charge { held: Minor(600), captured: Minor(400), ..held() }),
        ),
        // Cancelled and given back; declined; reversed before its inquiry came.
        (Some(cancelled()), Some(Charge { standing: Standing::Reversed, held: Minor(0), ..held() })),
        (
            Some(Trade { payment: PaymentState::Declined, ..cancelled() }),
            Some(Charge { standing: Standing::Declined, held: Minor(0), ..held() }),
        ),
        (
            Some(Trade { payment: PaymentState::Reversed, ..cancelled() }),
            Some(Charge {
                standing: Standing::Reversed,
                decided_at: None,
                amount: Minor(0),
                held: Minor(0),
                ..held()
            }),
        ),
        // Disputed by its cardholder after it was charged.
        (Some(trade()), Some(Charge { charged_back: Minor(1_000), ..charge() })),
    ] {
        assert_eq!(found(None, trade, charge), none, "{trade:?} {charge:?}");
    }
    assert_eq!(found(Some(slip()), Some(trade()), Some(charge())), none);
}

#[test]
fn every_difference_has_its_name() {
    let reversed = Charge { standing: Standing::Reversed, held: Minor(0), ..held() };
    let cases: [(&[&str], _, _, _); 13] = [
        (&["receipt_without_order", "charged_without_order"], Some(slip()), None, Some(charge())),
        (&["receipt_without_decision", "confirmed_without_hold"], Some(slip()), Some(confirmed()), None),
        (
            &["receipt_contradicted"],
            Some(slip()),
            Some(Trade { payment: PaymentState::Declined, ..cancelled() }),
            Some(reversed),
        ),
        (
            &["total_differs", "total_differs"],
            Some(Slip { total: Minor(999), ..slip() }),
            Some(trade()),
            Some(charge()),
        ),
        (&["confirmed_without_hold"], None, Some(confirmed()), Some(reversed)),
        (&["orphan_hold"], None, None, Some(held())),
        (&["orphan_hold"], None, Some(cancelled()), Some(held())),
        (&["charged_but_cancelled"], None, Some(cancelled()), Some(charge())),
        (&["captured_differs"], None, Some(confirmed()), Some(charge())),
        (&["captured_differs"], None, Some(trade()), Some(Charge { captured: Minor(999), ..charge() })),
        (&["refunded_differs"], None, Some(trade()), Some(Charge { refunded: Minor(1), ..charge() })),
        (&["refunded_differs"], None, Some(Trade { refunded: Minor(1), ..trade() }), Some(charge())),
        (&["amount_differs"], None, Some(Trade { total: Minor(999), ..trade() }), Some(charge())),
    ];
    for (words, slip, trade, charge) in cases {
        assert_eq!(found(slip, trade, charge), words, "{trade:?} {charge:?}");
    }
    let declined = Slip { verdict: Verdict::Declined, ..slip() };
    let both = found(Some(declined), Some(trade()), Some(charge()));
    assert_eq!(both, ["receipt_contradicted", "receipt_contradicted"]);
}

#[test]
fn what_is_under_way_is_no_exception_yet() {
    let none: [&str; 0] = [];
    let moving = Trade { moving: true, ..confirmed() };
    assert_eq!(found(None, Some(moving), Some(charge())), none, "the capture's answer is on its way");
    let cancelling = Trade { moving: true, ..cancelled() };
    assert_eq!(found(None, Some(cancelling), Some(held())), none);
    // What no step explains is told all the same.
    assert_eq!(found(None, Some(moving), None), ["confirmed_without_hold"]);
    let pending =
        Trade { state: OrderState::Pending, payment: PaymentState::Pending, moving: true, ..confirmed() };
    for payment in [PaymentState::Pending, PaymentState::Unknown] {
        let pending = Trade { payment, ..pending };
        assert_eq!(found_at(NOW.plus_seconds(GRACE_SECONDS), None, Some(pending), None), none);
        assert_eq!(found_at(NOW.plus_seconds(GRACE_SECONDS + 1), None, Some(pending), None), ["stuck"]);
    }
}

#[test]
fn a_side_that_is_left_out_is_not_missed() {
    let sides = Sides { receipt: Some(&slip()), seller: None, settlement: Some(Some(&charge())) };
    assert_eq!(compare::order(&sides, NOW), Vec::new());
    let sides = Sides { receipt: Some(&slip()), seller: Some(Some(&trade())), settlement: None };
    assert_eq!(compare::order(&sides, NOW), Vec::new());
}

fn totals(captures: u64) -> BatchTotals {
    let (captured, refunded) = (Minor(100), Minor(0));
    BatchTotals { currency: Currency::Gbp, captures, captured, refunds: 0, refunded }
}

#[test]
fn batches_are_compared_once_they_are_told_of() {
    let line = |captures| Payout {
        totals: totals(captures),
        charged_back: Minor(0),
        fees: Minor(2),
        payout: Minor(98),
    };
    let theirs = |standing| ClearingBatch {
        batch: 7,
        standing,
        lines: vec![line(1)],
        closed_at: Some(NOW),
        closed_by: None,
        theirs: None,
        accepted: None,
    };
    let shop = |captures| ShopBatch {
        batch: 7,
        totals: vec![totals(captures)],
        agrees: Some(true),
        payouts: Vec::new(),
    };
    let word = |shop: Option<&ShopBatch>, standing, seconds| {
        compare::batch(shop, &theirs(standing), NOW.plus_seconds(seconds)).map(|kind| kind.word())
    };
    let (same, other, late) = (shop(1), shop(2), BATCH_GRACE_SECONDS + 1);
    assert_eq!(word(None, BatchStanding::Open, late), None);
    assert_eq!(word(Some(&other), BatchStanding::Waiting, 0), None, "it may be under way");
    assert_eq!(word(Some(&other), BatchStanding::Waiting, late), Some("batch_differs"));
    assert_eq!(word(Some(&same), BatchStanding::Waiting, late), Some("batch_not_reconciled"));
    assert_eq!(word(Some(&same), BatchStanding::Paid, late), None);
    assert_eq!(word(None, BatchStanding::Paid, 0), Some("batch_differs"));
    assert_eq!(word(Some(&other), BatchStanding::Disputed, 0), Some("batch_differs"));
    assert_eq!(word(Some(&same), BatchStanding::Disputed, 0), Some("batch_disputed"));
    assert_eq!(word(Some(&other), BatchStanding::Accepted, late), None, "an operator has said how it is");
}

#[test]
fn an_exception_is_one_plain_line() {
    let kind = Kind::CapturedDiffers { seller: Minor(0), settlement: Minor(1_250), currency: Currency::Jpy };
    let exception = Exception { of: Of::Order(ORDER), kind };
    let line = exception.line();
    assert!(line.starts_with("order 03030303-") && line.contains("¥0") && line.contains("¥1,250"), "{line}");
    assert!(!line.contains('\n'));
    assert_eq!(exception.json()["kind"], "captured_differs");
}

/// Rows that a daemon has, in pages that may be shorter than asked for, or empty.
struct Pages {
    rows: BTreeSet<u8>,
    page: usize,
    /// Every so many rows looked at, a page ends, be there a row on it or not.
    gap: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row(OrderId);

impl OfOrder for Row {
    fn order(&self) -> OrderId {
        self.0
    }
}

fn id(number: u8) -> OrderId {
    OrderId::from_bytes(u128::from(number).to_be_bytes())
}

impl Source for Pages {
    type Row = Row;

    async fn page(&self, before: Option<OrderId>, limit: u16) -> Result<Page<Row, OrderId>, Failure> {
        let end = before.map_or(256, |before| u128::from_be_bytes(*before.as_bytes()).min(256));
        let most = self.page.min(usize::from(limit));
        let (mut rows, mut looked) = (Vec::new(), 0);
        for number in (0..u8::try_from(end.min(255)).unwrap_or(255)).rev() {
            rows.extend(self.rows.contains(&number).then(|| Row(id(number))));
            looked += 1;
            if rows.len() == most || looked == self.gap {
                return Ok(Page { rows, next: Some(id(number)) });
            }
        }
        Ok(Page { rows, next: None })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn streams_are_laid_side_by_side(
        first in prop::collection::btree_set(0..255_u8, 0..60),
        second in prop::collection::btree_set(0..255_u8, 0..60),
        pages in (1..9_usize, 1..9_usize, 1..40_u8, 1..40_u8),
    ) {
        let sources = (
            Pages { rows: first.clone(), page: pages.0, gap: pages.2 },
            Pages { rows: second.clone(), page: pages.1, gap: pages.3 },
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let met = runtime.block_on(async {
            let (mut one_side, mut other) = (Rows::of(&sources.0), Rows::of(&sources.1));
            let mut met = Vec::new();
            while let Some(order) = newest([one_side.peek().await?, other.peek().await?]) {
                met.push((order, one_side.take(order).await?.is_some(), other.take(order).await?.is_some()));
            }
            Ok::<_, Failure>(met)
        });
        let met = met.map_err(|failure| TestCaseError::fail(failure.line))?;
        let mut own: BTreeMap<u8, (bool, bool)> = BTreeMap::new();
        first.iter().for_each(|number| own.entry(*number).or_default().0 = true);
        second.iter().for_each(|number| own.entry(*number).or_default().1 = true);
        let own: Vec<_> = own.into_iter().rev().map(|(number, (one, other))| (id(number), one, other)).collect();
        prop_assert_eq!(met, own);
        for number in [0, 1, 7, 100, 254] {
            let found = runtime.block_on(one(&sources.0, id(number)));
            let found = found.map_err(|failure| TestCaseError::fail(failure.line))?;
            prop_assert_eq!(found.is_some(), first.contains(&number), "{}", number);
        }
    }
}

/// A daemon of another version, whose rows are in another order, or that never ends.
struct Turned;

impl Source for Turned {
    type Row = Row;

    async fn page(&self, _: Option<OrderId>, _: u16) -> Result<Page<Row, OrderId>, Failure> {
        Ok(Page { rows: vec![Row(id(1)), Row(id(2))], next: Some(id(3)) })
    }
}

#[tokio::test]
async fn rows_out_of_their_order_are_refused() {
    let mut rows = Rows::of(&Turned);
    let failure = rows.peek().await.expect_err("the second is newer than the first");
    assert!(failure.line.contains("not in the order"), "{}", failure.line);
}
