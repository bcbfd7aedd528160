//! Where a run takes place: a data folder, the tables in it, both daemons, and the load beside them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use kessai_shared::console::Failure;
use kessai_shared::exchange::ENDED;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

use super::counted_net::WireBytes;
use super::journals::{Journal, Span};
use super::load::{self, Task};
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
pub struct Run<T> {
    pub found: T,
    pub cpu: CpuMicros,
    /// When the clock ran, by the clock that the journals are written by.
    pub span: Span,
}

/// What is left of a shop that is closed.
pub struct Closed {
    /// Both journals, the seller's first.
    pub journals: [Journal; 2],
    /// UDP payload that the seller sent to the settlement and received, as long as the shop was open.
    pub closed_wire: WireBytes,
}

/// CPU time while the clock ran, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuMicros {
    pub load: f64,
    pub seller: f64,
    pub settlement: f64,
}

/// What a load said, and what the processes had spent at each of its signs.
struct Heard<T> {
    found: T,
    signs: Vec<(CpuMicros, Timestamp)>,
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
        let plan = house::Plan {
            data: data.to_owned(),
            products: listings,
            cardholders,
            listen: None,
            quiet: true,
            verbose: true,
            on_line: false,
            standby: false,
        };
        let house = House::open(plan).await?;
        let journals = [
            Journal::of::<kessai_server::sales::Books>(
                &data.join("seller"),
                kessai_server::settings::JOURNAL,
            ),
            Journal::of::<kessai_settlement::ledger::Books>(
                &data.join("settlement"),
                kessai_settlement::settings::JOURNAL,
            ),
        ];
        Ok(Self { data: data.to_owned(), house, journals })
    }

    /// Where the settlement is, and its pin.
    ///
    /// # Errors
    /// [`Failure`] when it did not say so.
    pub fn settlement(&self) -> Result<(SocketAddr, Pin), Failure> {
        self.house.settlement()
    }

    /// Runs one load to its end.
    ///
    /// # Errors
    /// [`Failure`] when a purchase or a daemon fails. What a purchase failed with, the load has said.
    pub async fn run<T: DeserializeOwned>(&mut self, task: &Task) -> Result<Run<T>, Failure> {
        let Heard { found, signs } = self.hear(task).await?;
        let [(cpu_before, from), (cpu_after, to)] = signs[..] else {
            return Err(Failure::failed("the load did not say when its clock ran"));
        };
        Ok(Run { found, cpu: cpu_after.since(cpu_before), span: Span { from, to } })
    }

    /// Runs a task without a clock to its end and gives what it found.
    ///
    /// # Errors
    /// As [`Stage::run`].
    pub async fn ask<T: DeserializeOwned>(&mut self, task: &Task) -> Result<T, Failure> {
        Ok(self.hear(task).await?.found)
    }

    async fn hear<T: DeserializeOwned>(&mut self, task: &Task) -> Result<Heard<T>, Failure> {
        let mut command = Role::Load.command(None)?;
        let mut child = command.arg(serde_json::to_string(task)?).stdout(Stdio::piped()).spawn()?;
        let gone = || Failure::failed("a process has ended before the bench began");
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
        let [seller, settlement] = self.house.pids();
        let pids = [child.id(), seller, settlement].map(|pid| pid.ok_or_else(gone));
        let [load, seller, settlement] = pids;
        let pids = [load?, seller?, settlement?];
        let heard = tokio::select! {
            heard = listen(&mut lines, pids) => heard?,
            failure = self.house.watch() => return Err(failure),
        };
        let status = child.wait().await?;
        // When it failed it has said why, on the standard error that is ours too.
        heard.filter(|_| status.success()).ok_or(Failure { code: 1, line: String::new() })
    }

    /// Stops both daemons.
    ///
    /// # Errors
    /// [`Failure`] when the settlement did not log what went over its connections.
    pub async fn close(self) -> Result<Closed, Failure> {
        self.house.close().await;
        let log = self.data.join(format!("{}.log", Role::Settlement.name()));
        let closed_wire = wire_bytes(&std::fs::read_to_string(log)?);
        Ok(Closed { journals: self.journals, closed_wire })
    }
}

/// What the settlement's connections came to, from the lines by which it logged their ends.
fn wire_bytes(log: &str) -> WireBytes {
    let field = |line: &str, name: &str| {
        let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse::<u64>().ok()).unwrap_or_default()
    };
    log.lines().filter(|line| line.contains(ENDED)).fold(WireBytes::default(), |sum, line| WireBytes {
        sent: sum.sent + field(line, "received"),
        received: sum.received + field(line, "sent"),
    })
}

type Lines = tokio::io::Lines<BufReader<ChildStdout>>;

/// Hears a load out; nothing when it ends without having said what it found.
async fn listen<T: DeserializeOwned>(lines: &mut Lines, pids: [u32; 3]) -> Result<Option<Heard<T>>, Failure> {
    let mut signs = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if [load::BEGUN, load::OVER].contains(&line.as_str()) {
            signs.push((CpuMicros::now(pids)?, Timestamp::from_system_clock()));
            continue;
        }
        return Ok(Some(Heard { found: serde_json::from_str(&line)?, signs }));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_all_connections_are_added_up() {
        let log = format!(
            "2026 INFO ready\n2026 DEBUG {ENDED} peer=ab received=120 sent=30\n\
             2026 DEBUG {ENDED} peer=cd received=5 sent=7\n2026 INFO received=9 sent=9\n"
        );
        assert_eq!(wire_bytes(&log), WireBytes { sent: 125, received: 37 });
    }
}
