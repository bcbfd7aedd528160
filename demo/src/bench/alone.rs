//! The settlement by itself, measured and told.

use std::fmt::Write;
use std::path::Path;

use kessai_shared::console::Failure;
use kessai_shared::identity::Identity;
use serde::Serialize;

use super::inquiries::{self, Found};
use super::journals::Groups;
use super::load::Task;
use super::options::Bench;
use super::stage::{Run, Stage};
use super::verdict::{self, Verdict};
use crate::role::Role;

/// Figures of the settlement by itself.
#[derive(Debug, Serialize)]
pub struct Report {
    pub decisions_per_second: f64,
    pub outstanding: u32,
    pub connections: u32,
    #[serde(flatten)]
    pub found: Found,
    /// Microseconds of CPU time a decision.
    pub load_cpu_us: f64,
    pub settlement_cpu_us: f64,
    pub groups: Groups,
    pub decisions_per_group: f64,
    pub journal_bytes_per_decision: f64,
    pub verify: Verdict,
}

/// Opens a shop whose settlement also lets the load in, asks, and holds the books against the answers.
///
/// # Errors
/// [`Failure`] when anything fails or the books are not sound.
pub async fn measure(bench: &Bench, data: &Path) -> Result<Report, Failure> {
    let key = data.join("bench-seller.key");
    let pin = Identity::load_or_create(key.clone())?.pin().to_string();
    let settlement = data.join("settlement");
    Role::Settlement.ask(&["allow".as_ref(), pin.as_ref(), "--data".as_ref(), settlement.as_ref()]).await?;
    let knock_key = data.join("bench-seller.knock");
    let words = ["knock-key".as_ref(), pin.as_ref(), "--out".as_ref(), knock_key.as_os_str()];
    Role::Settlement.ask(&[&words[..], &["--data".as_ref(), settlement.as_ref()]].concat()).await?;
    let mut stage = Stage::open(data, bench.accounts, bench.products).await?;
    let (address, pin) = stage.settlement()?;
    let (connections, outstanding) = bench.inquiries_at_once();
    let (inquiries, accounts) = (bench.inquiries, bench.accounts);
    let plan = inquiries::Plan {
        address,
        settlement: pin,
        key,
        knock_key,
        connections,
        outstanding,
        inquiries,
        accounts,
    };
    eprintln!("{inquiries} inquiries, {outstanding} at once on {connections} connections …");
    let run: Run<Found> = stage.run(&Task::Inquire(plan)).await?;
    let [_, journal] = stage.close().await?.journals;
    eprintln!("the books are verified …");
    let verify = verdict::verify(data).await?;
    verify.judge(0, inquiries)?;
    let groups = journal.groups(&[run.span])?.pop().unwrap_or_default();
    let decisions = run.found.decisions.max(1) as f64;
    Ok(Report {
        decisions_per_second: decisions / run.found.seconds,
        outstanding,
        connections,
        load_cpu_us: run.cpu.load / decisions,
        settlement_cpu_us: run.cpu.settlement / decisions,
        groups,
        decisions_per_group: groups.mean(),
        journal_bytes_per_decision: groups.disk_bytes as f64 / groups.seen / decisions,
        found: run.found,
        verify,
    })
}

impl Report {
    pub fn text(&self) -> String {
        let mut text = String::new();
        let latency = &self.found.latency;
        // Writing into a string does not fail.
        let _ = writeln!(text, "  decisions a second       {:>10.0}", self.decisions_per_second);
        let _ = writeln!(text, "  p50, p99, µs             {:>10.0} {:>8.0}", latency.p50_us, latency.p99_us);
        let _ = writeln!(text, "  settlement's CPU, µs     {:>10.1} a decision", self.settlement_cpu_us);
        let _ = writeln!(text, "  load's CPU, µs           {:>10.1} a decision", self.load_cpu_us);
        let _ = writeln!(text, "  decisions a group        {:>10.1}", self.decisions_per_group);
        let _ =
            writeln!(text, "  journal, bytes           {:>10.0} a decision", self.journal_bytes_per_decision);
        text.push_str("\nverify: both sides are sound, and hold what was told\n");
        text
    }
}
