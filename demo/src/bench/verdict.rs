//! Whether the books of both sides are sound after a run, and hold what the load was told.

use std::path::Path;
use std::process::Stdio;

use kessai_shared::console::Failure;
use serde::{Deserialize, Serialize};

use crate::role::Role;

/// What both daemons' own `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub seller: SellerBooks,
    pub settlement: SettlementBooks,
}

/// The part of the seller's report that a run is held against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerBooks {
    pub accepted_orders: u64,
    pub pending_orders: u64,
    pub accepted_pence: i64,
    pub problems: Vec<String>,
}

/// The part of the settlement's report that a run is held against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementBooks {
    pub approved: u64,
    pub held_pence: i64,
    pub captured_pence: i64,
    pub problems: Vec<String>,
}

/// Runs `verify` on both data folders; both daemons are stopped.
///
/// # Errors
/// [`Failure`] when a report cannot be had.
pub async fn verify(data: &Path) -> Result<Verdict, Failure> {
    Ok(Verdict {
        seller: report(Role::Seller, &data.join("seller")).await?,
        settlement: report(Role::Settlement, &data.join("settlement")).await?,
    })
}

async fn report<T: for<'a> Deserialize<'a>>(role: Role, data: &Path) -> Result<T, Failure> {
    let mut command = role.command(None)?;
    command.args(["verify", "--json", "--data"]).arg(data).stdin(Stdio::null());
    let output = command.stderr(Stdio::piped()).output().await?;
    // A report of books that are not sound is a report too.
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let line = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Failure::failed(format!("{} could not verify {}: {line}", role.name(), data.display()))
    })
}

impl Verdict {
    /// Holds the books against what the load was told: so many orders accepted by the seller, and so
    /// many approvals of the settlement.
    ///
    /// # Errors
    /// [`Failure`] with one line for each thing that is wrong.
    pub fn judge(&self, orders: u64, approvals: u64) -> Result<(), Failure> {
        let Self { seller, settlement } = self;
        let mut wrong = Vec::new();
        wrong.extend(seller.problems.iter().map(|problem| format!("the seller's books: {problem}")));
        wrong.extend(settlement.problems.iter().map(|problem| format!("the settlement's books: {problem}")));
        let mut count = |what: &str, found: u64, expected: u64| {
            if found != expected {
                wrong.push(format!("{what}: {found} in the books, {expected} were told"));
            }
        };
        count("orders accepted by the seller", seller.accepted_orders, orders);
        count("approvals of the settlement", settlement.approved, approvals);
        count("orders that wait for the settlement", seller.pending_orders, 0);
        let charged = settlement.held_pence.saturating_add(settlement.captured_pence);
        // Approvals that were not asked for by this seller are not in its books.
        if orders == approvals && charged != seller.accepted_pence {
            wrong.push(format!("the seller sold for {} pence, {charged} are held", seller.accepted_pence));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::failed(wrong.join("\n"))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_that_are_not_sound_or_not_complete_fail_the_run() {
        let sound = Verdict {
            seller: SellerBooks { accepted_orders: 7, accepted_pence: 99, ..SellerBooks::default() },
            settlement: SettlementBooks { approved: 7, held_pence: 99, ..SettlementBooks::default() },
        };
        assert_eq!(sound.judge(7, 7), Ok(()));
        let bad = |change: fn(&mut Verdict)| {
            let mut verdict = sound.clone();
            change(&mut verdict);
            verdict.judge(7, 7).expect_err("something is wrong").line
        };
        assert_eq!(bad(|v| v.seller.problems.push("X".into())), "the seller's books: X");
        assert_eq!(bad(|v| v.settlement.problems.push("Y".into())), "the settlement's books: Y");
        assert!(bad(|v| v.seller.accepted_orders = 6).contains("6 in the books, 7 were told"));
        assert!(bad(|v| v.settlement.approved = 8).contains("8 in the books, 7 were told"));
        assert!(bad(|v| v.seller.pending_orders = 1).contains("wait for the settlement"));
        assert!(bad(|v| v.settlement.held_pence = 98).contains("98 are held"));
    }
}
