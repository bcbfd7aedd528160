//! One policy with two of its numbers turned up and down: what every step costs and saves.

use serde::Serialize;

use super::{Past, Terms, Trial, run};
use crate::ledger::Policy;

/// From how many months of lateness an account is delinquent, in the sweep.
const MONTHS_LATE: [u8; 3] = [1, 2, 3];
/// How much of its limit an account that was late may use, in the sweep, in percent.
const LATE_UTILISATION: [u8; 7] = [100, 90, 80, 70, 60, 50, 40];
/// How many policies are tried.
pub const SWEPT: usize = MONTHS_LATE.len() * LATE_UTILISATION.len();

/// One policy of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub max_months_late: u8,
    pub late_utilisation_percent: u8,
    pub approval_rate: f64,
    pub default_rate: f64,
    pub expected_loss_pence: i64,
    pub new_loss_pence: i64,
}

/// Tries a policy with every pair of the numbers; all its others stay.
pub fn sweep(past: &[Past], policy: &Policy, terms: Terms, step: &mut impl FnMut()) -> Vec<Point> {
    let mut points = Vec::with_capacity(SWEPT);
    for max_months_late in MONTHS_LATE {
        for percent in LATE_UTILISATION {
            let late_utilisation_percent = Some(percent);
            let policy = Policy { max_months_late, late_utilisation_percent, ..policy.clone() };
            let outcome = run(past, &Trial { name: String::new(), version: None, policy }, terms);
            points.push(Point {
                max_months_late,
                late_utilisation_percent: percent,
                approval_rate: outcome.approval_rate,
                default_rate: outcome.approved.default_rate,
                expected_loss_pence: outcome.approved.expected_loss_pence,
                new_loss_pence: outcome.new_loss_pence,
            });
            step();
        }
    }
    points
}
