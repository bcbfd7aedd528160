//! Half a year of real trade with all that follows it: orders leave in one part or two, one in twenty is
//! cancelled, goods come back, every day is cleared, every month is stated and repaid. The books of both
//! sides go through it by the same acts as the daemons' do, with the time of the trade as their clock, and
//! are held against sums that are made from the decisions alone. Needs the tables of the trade, which are
//! not part of the project.

mod company;
mod count;
mod shop;
mod trade;

use std::path::Path;

use kessai_settlement::ledger::ClearingTerms;
use kessai_shared::time::Timestamp;

use crate::company::Company;
use crate::count::Count;
use crate::shop::{SELLER, Shop};
use crate::trade::{Kind, Trade};

/// One order in so many is cancelled before it leaves.
const CANCELLED: u64 = 20;
const DAY_SECONDS: u64 = 24 * 3_600;
/// How long after its purchase an order leaves at the earliest, in seconds.
const PACKING_SECONDS: u64 = 12 * 3_600;
/// The day of the month on which cardholders pay: before the 21st, which is in time.
const PAY_DAY: &str = "-12";

#[test]
fn half_a_year_of_trade_closes_every_month_and_clears_to_the_penny() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !folder.join("traffic.csv.gz").is_file() {
        eprintln!("SKIPPED: there are no tables of real trade in {}", folder.display());
        return;
    }
    let trade = Trade::read(&folder);
    let mut evening = trade.deeds[0].at;
    let mut run = Run {
        shop: Shop::stocked(&trade.products, evening),
        company: Company::open(&folder.join("cardholders.csv"), evening),
        count: Count::default(),
        cleared: Cleared::default(),
    };
    let opening = run.company.owed();
    for deed in &trade.deeds {
        while deed.at.day() != evening.day() {
            evening = end_of_day(evening);
            run.end(evening);
            evening = evening.plus_seconds(2);
        }
        match deed.kind {
            Kind::Order => run.order(deed),
            Kind::Return => {
                run.shop.give_back(deed, &mut run.company);
                run.count.came_back(deed);
            }
        }
    }
    for _ in 0..3 {
        evening = end_of_day(evening);
        run.end(evening);
        evening = evening.plus_seconds(2);
    }
    run.finish(opening);
}

/// What was cleared in all, by what was told at each close.
#[derive(Default)]
struct Cleared {
    batches: u32,
    months: u32,
    captured: i64,
    refunded: i64,
    fees: i64,
    payout: i64,
    repaid: i64,
}

struct Run {
    shop: Shop,
    company: Company,
    count: Count,
    cleared: Cleared,
}

impl Run {
    fn order(&mut self, deed: &trade::Deed) {
        let Some(quote) = self.shop.buy(deed, &mut self.company) else { return };
        self.count.approved(&quote);
        if deed.sequence.is_multiple_of(CANCELLED) {
            self.shop.cancel(quote.order, deed.at, &mut self.company);
            self.count.cancelled(quote.order);
        }
    }

    /// What was bought in the morning leaves, the day is cleared, and its month is stated if it was the
    /// last one.
    fn end(&mut self, evening: Timestamp) {
        let (day, month) = (evening.day(), evening.month());
        let until = evening.minus_seconds(PACKING_SECONDS);
        for order in self.shop.ship_all(until, evening, &mut self.company) {
            self.count.left(order, day, month);
        }
        if let Some((batch, payouts)) = self.company.close_batch(SELLER, evening) {
            let [payout] = payouts.as_slice() else { panic!("one currency: {payouts:?}") };
            let sums = self.count.days.get(&day).copied().unwrap_or_default();
            assert_eq!((payout.totals.captured.0, payout.totals.refunded.0), (sums.captured, sums.refunded));
            self.cleared.batches += 1;
            self.cleared.captured += sums.captured;
            self.cleared.refunded += sums.refunded;
            self.cleared.fees += fee(sums.captured);
            self.cleared.payout += payout.payout.0;
            let theirs = self.shop.books.clearing().totals(batch);
            assert!(self.company.reconcile(SELLER, batch, &theirs, evening), "{day}: {theirs:?} {payout:?}");
        } else {
            assert_eq!(self.count.days.get(&day), None, "{day} was not cleared");
        }
        let tomorrow = evening.plus_seconds(2);
        if tomorrow.month() != month {
            let moved = self.company.state(month, tomorrow);
            let sums = self.count.months.get(&month).copied().unwrap_or_default();
            assert_eq!((moved.purchases.0, moved.refunds.0), (sums.captured, sums.refunded), "{month}");
            self.cleared.months += 1;
        }
        if tomorrow.day().to_string().ends_with(PAY_DAY) {
            self.cleared.repaid += self.company.repay_all(month.previous(), tomorrow);
        }
    }

    fn finish(self, opening: i64) {
        let Self { shop, company, count, cleared } = self;
        let whole = count.whole();
        println!("{} batches, {} months, {whole:?}", cleared.batches, cleared.months);
        assert!(cleared.batches > 120 && cleared.months == 6, "too little of the half year was closed");
        // Every approval became a charge, or came to nothing.
        assert_eq!(count.here(), 0, "approved goods never left");
        assert_eq!(count.approved - count.cancelled - count.kept_here, whole.captured);
        assert!(count.cancelled > 0 && count.kept_here > 0 && whole.refunded > 0 && cleared.repaid > 0);
        assert_eq!(company.held(), 0, "something is still held");
        // Captures − refunds − fees = payout, by the sums over the decisions.
        assert_eq!((cleared.captured, cleared.refunded), (whole.captured, whole.refunded));
        assert_eq!(cleared.payout, whole.captured - whole.refunded - cleared.fees);
        assert_eq!(company.fees, cleared.fees);
        let owed = company
            .books
            .batches_of(SELLER)
            .map_or(0, |batches| batches.owed_in(kessai_shared::money::Currency::Gbp).0);
        assert_eq!(company.paid_out + owed, cleared.payout);
        assert_eq!(company.owed(), opening + whole.captured - whole.refunded - cleared.repaid);
        assert_eq!(company.problems(), Vec::<String>::new());
        assert_eq!(shop.problems(), Vec::<String>::new());
    }
}

fn end_of_day(at: Timestamp) -> Timestamp {
    let day = DAY_SECONDS * 1_000_000;
    Timestamp((at.0 / day + 1) * day - 1_000_000)
}

/// The fee on what was captured in a day, rounded half up.
fn fee(captured: i64) -> i64 {
    let points = i64::from(ClearingTerms::default().fee_basis_points);
    (captured * points + 5_000) / 10_000
}
