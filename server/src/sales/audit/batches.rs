//! What each clearing batch comes to, counted from the orders and returns alone, and held against the sums
//! that the books keep: I5 for the seller's side.

use std::collections::BTreeMap;

use kessai_shared::clearing::{Shown, comparable};
use kessai_shared::money::{Currency, Minor};
use kessai_shared::settlement::BatchTotals;

use crate::sales::books::Books;

/// Counts and sums of captures and refunds.
type Sums = [(u64, i64); 2];

/// What does not fit, one sentence each.
pub(super) fn problems(books: &Books) -> Vec<String> {
    let mut sums: BTreeMap<u32, BTreeMap<Currency, Sums>> = BTreeMap::new();
    let mut add = |batch: u32, currency: Currency, what: usize, amount: Minor| {
        let (count, sum) = &mut sums.entry(batch).or_default().entry(currency).or_default()[what];
        *count += 1;
        *sum += amount.0;
    };
    for (_, order) in books.orders() {
        for shipment in order.shipments.iter().filter(|shipment| shipment.batch > 0) {
            add(shipment.batch, order.quote.currency, 0, shipment.amount);
        }
    }
    for (_, given) in books.returns() {
        for settled in given.settled.iter().filter(|settled| settled.batch > 0) {
            let currency = books.order(settled.order).map_or(Currency::Gbp, |order| order.quote.currency);
            add(settled.batch, currency, 1, settled.refunded);
        }
    }
    for (_, row) in books.all_recovered() {
        for capture in row.captures.iter().filter(|capture| capture.batch > 0) {
            add(capture.batch, row.purchase.currency, 0, capture.amount);
        }
        for refund in row.refunds.iter().filter(|refund| refund.batch > 0) {
            add(refund.batch, row.purchase.currency, 1, refund.amount);
        }
    }
    let mut problems = Vec::new();
    let mut differs = |which: u32, booked: &[BatchTotals], counted: &[BatchTotals]| {
        if comparable(booked).as_deref() != Some(counted) {
            problems.push(format!(
                "I5: clearing batch {which} has {}, its orders say {}",
                Shown(booked),
                Shown(counted)
            ));
        }
    };
    for (which, batch) in books.clearing().batches() {
        let counted = sums.remove(&which).map(totals).unwrap_or_default();
        differs(which, &batch.totals, &counted);
    }
    for (which, counted) in sums {
        differs(which, &[], &totals(counted));
    }
    problems
}

fn totals(sums: BTreeMap<Currency, Sums>) -> Vec<BatchTotals> {
    let line = |(currency, [captured, refunded]): (Currency, Sums)| BatchTotals {
        currency,
        captures: captured.0,
        captured: Minor(captured.1),
        refunds: refunded.0,
        refunded: Minor(refunded.1),
    };
    sums.into_iter().map(line).collect()
}
