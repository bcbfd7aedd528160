//! What sellers are owed, counted from the entries and held against their clearing batches: I5.

use std::collections::{BTreeSet, HashMap};

use kessai_shared::money::Currency;
use kessai_shared::pin::Pin;

use crate::ledger::books::Books;
use crate::ledger::clearing::{Batches, Cleared};
use crate::ledger::entry::LedgerAccount;

type Postings = HashMap<(Currency, LedgerAccount), i128>;

/// What the batches say that a seller is owed in each currency: what is in the open one, what is closed and
/// not paid, and what it owes itself from batches that came to less than nothing.
pub(super) fn owed(batches: &Batches) -> Vec<(Currency, i128)> {
    let mut currencies: BTreeSet<Currency> =
        batches.totals.values().flat_map(|t| t.keys().copied()).collect();
    currencies.extend(batches.owed.keys());
    let owed = |currency: Currency| {
        let open = batches.totals.get(&batches.open).and_then(|totals| totals.get(&currency));
        let unpaid = batches.closed.values().filter(|closed| !closed.is_settled());
        let unpaid =
            unpaid.flat_map(|closed| &closed.payouts).filter(|line| line.totals.currency == currency);
        let unpaid: i128 = unpaid.map(|line| i128::from(line.payout.0)).sum();
        open.map_or(0, net) + unpaid + batches.owed.get(&currency).map_or(0, |owed| i128::from(owed.0))
    };
    currencies.into_iter().map(|currency| (currency, owed(currency))).collect()
}

/// What does not fit, one sentence each.
pub(super) fn problems(books: &Books, postings: &Postings) -> Vec<String> {
    let mut problems = Vec::new();
    for (seller, batches) in books.batches() {
        for (currency, owed) in owed(batches) {
            let posted = -postings.get(&(currency, LedgerAccount::Payable(*seller))).copied().unwrap_or(0);
            if posted != owed {
                let code = currency.code();
                problems.push(format!(
                    "I5: seller {seller} is owed {owed} in {code} by its batches, the entries say {posted}"
                ));
            }
        }
        closed(*seller, batches, &mut problems);
    }
    problems
}

/// A batch that is closed stays what it was; the numbers have no gaps.
fn closed(seller: Pin, batches: &Batches, problems: &mut Vec<String>) {
    for batch in 1..batches.open {
        let Some(closed) = batches.closed.get(&batch) else {
            problems.push(format!("I5: batch {batch} of seller {seller} was never closed"));
            continue;
        };
        let there = batches.totals.get(&batch).into_iter().flatten();
        let there: Vec<(Currency, i128)> =
            there.map(|(currency, cleared)| (*currency, net(cleared))).collect();
        let then = closed
            .payouts
            .iter()
            .map(|line| (line.totals.currency, i128::from(line.payout.0) + i128::from(line.fees.0)));
        if !then.eq(there) {
            problems.push(format!("I5: batch {batch} of seller {seller} has changed since it was closed"));
        }
    }
}

fn net(cleared: &Cleared) -> i128 {
    i128::from(cleared.captured.0) - i128::from(cleared.refunded.0) - i128::from(cleared.charged_back.0)
}
