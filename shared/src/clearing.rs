//! Clearing batches as both sides compare and show them.

use std::fmt;

use crate::money::{Currency, Minor};
use crate::settlement::BatchTotals;

/// Totals for people: `GBP 3 captures £12.50, 1 refund £2.00`, or `nothing`.
pub struct Shown<'a>(pub &'a [BatchTotals]);

/// The totals as both sides compare them: one line a currency, in the order of the currencies, and none
/// for a currency in which nothing moved. `None` when a currency is named twice, or more lines come than there are currencies.
pub fn comparable(totals: &[BatchTotals]) -> Option<Vec<BatchTotals>> {
    // A peer may send as much as fits a frame, and a batch has a line a currency.
    if totals.len() > Currency::ALL.len() {
        return None;
    }
    let moved = |line: &&BatchTotals| {
        line.captures > 0 || line.refunds > 0 || line.captured != Minor::ZERO || line.refunded != Minor::ZERO
    };
    let mut lines: Vec<BatchTotals> = totals.iter().filter(moved).copied().collect();
    lines.sort_unstable_by_key(|line| line.currency);
    let twice = lines.windows(2).any(|pair| pair[0].currency == pair[1].currency);
    (!twice).then_some(lines)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (at, line) in self.0.iter().enumerate() {
            let BatchTotals { currency, captures, captured, refunds, refunded } = *line;
            let between = if at == 0 { "" } else { "; " };
            let code = currency.code();
            write!(f, "{between}{code} {} {}", counted(captures, "capture"), captured.show(currency))?;
            write!(f, ", {} {}", counted(refunds, "refund"), refunded.show(currency))?;
        }
        Ok(())
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(currency: Currency, captures: u64, captured: i64) -> BatchTotals {
        BatchTotals { currency, captures, captured: Minor(captured), refunds: 0, refunded: Minor(0) }
    }

    #[test]
    fn a_currency_in_which_nothing_moved_is_as_good_as_none() {
        let (gbp, jpy) = (line(Currency::Gbp, 1, 5), line(Currency::Jpy, 2, 7));
        assert_eq!(comparable(&[jpy, line(Currency::Usd, 0, 0), gbp]), Some(vec![gbp, jpy]));
        assert_eq!(comparable(&[gbp, gbp]), None);
    }

    #[test]
    fn totals_are_one_line_for_people() {
        assert_eq!(Shown(&[]).to_string(), "nothing");
        let two = [line(Currency::Gbp, 1, 1_250), BatchTotals { refunds: 2, ..line(Currency::Jpy, 3, 7) }];
        let text = "GBP 1 capture £12.50, 0 refunds £0.00; JPY 3 captures ¥7, 2 refunds ¥0";
        assert_eq!(Shown(&two).to_string(), text);
    }
}
