//! What a clearing batch comes to: the fees that a seller pays, and what is paid out to it.

use kessai_shared::money::Minor;
use kessai_shared::settlement::{BatchTotals, Payout};
use kessai_shared::time::Timestamp;

/// The whole of a sum, in basis points.
pub const BASIS_POINTS: u32 = 10_000;
/// One basis point is a hundredth of a per cent: 150 are 1.5 %.
const FEE_BASIS_POINTS: u32 = 150;
/// A day, in seconds.
const DAY_SECONDS: u64 = 24 * 3_600;

/// What sellers have agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClearingTerms {
    /// What of the captured sum of a batch is kept as the fee, from 0 to [`BASIS_POINTS`]. A refund gives
    /// no fee back: the card was charged all the same.
    pub fee_basis_points: u32,
    /// How long a clearing day is, in seconds, counted from the Unix epoch: 86,400 are the days of UTC.
    pub seconds: u64,
}

impl Default for ClearingTerms {
    fn default() -> Self {
        Self { fee_basis_points: FEE_BASIS_POINTS, seconds: DAY_SECONDS }
    }
}

impl ClearingTerms {
    /// The clearing day that an instant lies in.
    pub fn day(&self, at: Timestamp) -> u64 {
        at.0 / 1_000_000 / self.seconds.max(1)
    }

    /// The fee on what was captured, in minor units, rounded half up; yen have no smaller unit, so their
    /// fee is whole yen.
    pub fn fee(&self, captured: Minor) -> Minor {
        let whole = i128::from(BASIS_POINTS);
        let exact = i128::from(captured.0) * i128::from(self.fee_basis_points);
        // Far inside the range: a fee is never more than what was captured.
        Minor(i64::try_from((exact + whole / 2).div_euclid(whole)).unwrap_or(captured.0))
    }

    /// One currency of a batch that is closed: payout = captured − refunded − charged back − fees. A
    /// negative one is owed by the seller, and kept back from what is paid out after it.
    pub fn payout(&self, totals: BatchTotals, charged_back: Minor) -> Payout {
        let fees = self.fee(totals.captured);
        let payout = Minor(totals.captured.0 - totals.refunded.0 - charged_back.0 - fees.0);
        Payout { totals, charged_back, fees, payout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kessai_shared::money::Currency;

    fn terms(fee_basis_points: u32) -> ClearingTerms {
        ClearingTerms { fee_basis_points, ..ClearingTerms::default() }
    }

    #[test]
    fn a_fee_is_rounded_half_up() {
        // 1.5 % of 100 is 1.5, of 99 is 1.485, of 33 is 0.495 and of 34 is 0.51.
        for (captured, fee) in [(100, 2), (99, 1), (33, 0), (34, 1), (0, 0), (10_000, 150)] {
            assert_eq!(terms(150).fee(Minor(captured)), Minor(fee), "of {captured}");
        }
        assert_eq!(terms(0).fee(Minor(i64::MAX)), Minor(0));
        assert_eq!(terms(BASIS_POINTS).fee(Minor(i64::MAX)), Minor(i64::MAX));
    }

    #[test]
    fn a_payout_is_what_is_left_and_may_be_owed() {
        let totals = BatchTotals {
            currency: Currency::Jpy,
            captures: 2,
            captured: Minor(1_000),
            refunds: 1,
            refunded: Minor(900),
        };
        let paid = terms(150).payout(totals, Minor(0));
        assert_eq!((paid.fees, paid.payout), (Minor(15), Minor(85)));
        assert_eq!(terms(150).payout(totals, Minor(200)).payout, Minor(-115));
    }

    #[test]
    fn a_day_is_that_of_utc() {
        let terms = ClearingTerms::default();
        let midnight = 20_000 * 86_400 * 1_000_000;
        assert_eq!(terms.day(Timestamp(midnight - 1)), 19_999);
        assert_eq!(terms.day(Timestamp(midnight)), 20_000);
    }
}
