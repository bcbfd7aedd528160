//! Where a run takes place: a data folder, the tables in it, both daemons, and the load beside them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use kessai_shared::console::Failure;
use kessai_shared::time::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

use super::journals::{Journal, Span};
use super::load::{self, Found};
use super::process::cpu_micros;
use super::tables;
use crate::house::{self, House};
use crate::role::Role;

/// A shop that is open for a bench.
pub struct Stage {
    data: PathBuf,
    house: House,
    /// Both journals, the seller's first.
    journals: [Journal; 2],
}

/// What one load found, with what the daemons spent meanwhile.
#[derive(Debug)]
pub struct Run {
    pub found: Found,
    pub cpu: CpuMicros,
    /// When the clock ran, by the clock that the journals are written by.
    pub span: Span,
    /// Bytes that each journal grew by over the whole load, the seller's first.
    pub journal_bytes: [u64; 2],
}

/// CPU time while the clock ran, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuMicros {
    pub load: f64,
    pub seller: f64,
    pub settlement: f64,
}

impl Stage {
    /// Makes the tables and opens the shop.
    ///
    /// # Errors
    /// [`Failure`] when a file cannot be written or a daemon does not start.
    pub async fn open(data: &Path, accounts: u64, products: u64) -> Result<Self, Failure> {
        let (cardholders, listings) = (data.join("accounts.csv"), data.join("products.csv"));
        tables::write_accounts(&cardholders, accounts)?;
        tables::write_products(&listings, products)?;
        let plan =
            house::Plan { data: data.to_owned(), products: listings, cardholders, listen: None, quiet: true };
        let house = House::open(plan).await?;
        let journals = [
            Journal::of(&data.join("seller"), kessai_server::settings::JOURNAL),
            Journal::of(&data.join("settlement"), kessai_settlement::settings::JOURNAL),
        ];
        Ok(Self { data: data.to_owned(), house, journals })
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs one load to its end.
    ///
    /// # Errors
    /// [`Failure`] when a purchase or a daemon fails. What a purchase failed with, the load has said.
    pub async fn run(&mut self, plan: &load::Plan) -> Result<Run, Failure> {
        let [seller, settlement] = &self.journals;
        let before = [seller.bytes()?, settlement.bytes()?];
        let mut command = Role::Load.command(None)?;
        let mut child = command.arg(serde_json::to_string(plan)?).stdout(Stdio::piped()).spawn()?;
        let gone = || Failure::failed("the load has ended before it began");
        let load = child.id().ok_or_else(gone)?;
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
        let pids = self.house.pids().map(|pid| pid.ok_or_else(gone));
        let [seller_pid, settlement_pid] = pids;
        let pids = [load, seller_pid?, settlement_pid?];
        let heard = tokio::select! {
            heard = listen(&mut lines, pids) => heard?,
            failure = self.house.watch() => return Err(failure),
        };
        let status = child.wait().await?;
        let Some((found, cpu, span)) = heard.filter(|_| status.success()) else {
            // It has said why, on the standard error that is ours too.
            return Err(Failure { code: 1, line: String::new() });
        };
        let grown =
            [seller.bytes()?.saturating_sub(before[0]), settlement.bytes()?.saturating_sub(before[1])];
        Ok(Run { found, cpu, span, journal_bytes: grown })
    }

    /// Stops both daemons; what is left are their journals, the seller's first.
    pub async fn close(self) -> [Journal; 2] {
        self.house.close().await;
        self.journals
    }
}

type Lines = tokio::io::Lines<BufReader<ChildStdout>>;

/// Hears a load out; nothing when it ends without having said everything.
async fn listen(lines: &mut Lines, pids: [u32; 3]) -> Result<Option<(Found, CpuMicros, Span)>, Failure> {
    let mut signs = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if [load::BEGUN, load::OVER].contains(&line.as_str()) {
            signs.push((CpuMicros::now(pids)?, Timestamp::from_system_clock()));
            continue;
        }
        let [(cpu_before, from), (cpu_after, to)] = signs[..] else { break };
        let found = serde_json::from_str(&line)?;
        return Ok(Some((found, cpu_after.since(cpu_before), Span { from, to })));
    }
    Ok(None)
}

impl CpuMicros {
    fn now([load, seller, settlement]: [u32; 3]) -> Result<Self, Failure> {
        Ok(Self { load: cpu_micros(load)?, seller: cpu_micros(seller)?, settlement: cpu_micros(settlement)? })
    }

    fn since(self, before: Self) -> Self {
        Self {
            load: self.load - before.load,
            seller: self.seller - before.seller,
            settlement: self.settlement - before.settlement,
        }
    }
}
