//! How long a restart takes, and how much disk the data of a daemon takes against what is live in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::role::Role;

/// The size of a block in `st_blocks`, in bytes (stat(3type)).
const STAT_BLOCK: u64 = 512;

/// What a daemon's data folder takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Blocks of all files in it, in bytes, those too that are only set aside.
    pub disk_bytes: u64,
    /// The sum of all rows, keys included: what the books are now.
    pub live_bytes: u64,
}

impl Disk {
    pub fn ratio(&self) -> f64 {
        self.disk_bytes as f64 / self.live_bytes.max(1) as f64
    }
}

/// The blocks of all files in a folder, in bytes.
///
/// # Errors
/// Whatever the operating system reports.
pub fn taken(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { taken(&entry.path())? } else { metadata.blocks() * STAT_BLOCK };
    }
    Ok(sum)
}

/// Starts the settlement and then the seller again and stops them; how long each took to be ready.
///
/// # Errors
/// [`Failure`] when one does not start.
pub async fn restart(data: &Path) -> Result<[Duration; 2], Failure> {
    let log = data.join("restart.log");
    let settlement = data.join("settlement").display().to_string();
    let any = ["--with-parent", "--listen", "127.0.0.1:0", "--data"];
    let (mut settlement, ready, first) =
        start(Role::Settlement, &log, &[&any[..], &[&settlement]].concat()).await?;
    let [_, address, pin, ..] = &ready[..] else {
        return Err(Failure::failed("the settlement did not say where it is"));
    };
    let seller = data.join("seller").display().to_string();
    let peer = [seller.as_str(), "--settlement", address, "--settlement-pin", pin];
    let (mut seller, _, second) = start(Role::Seller, &log, &[&any[..], &peer].concat()).await?;
    for daemon in [&mut seller, &mut settlement] {
        // The end of its standard input is how a daemon hears that it is to stop.
        drop(daemon.stdin.take());
        daemon.wait().await?;
    }
    Ok([first, second])
}

async fn start(role: Role, log: &Path, args: &[&str]) -> Result<(Child, Vec<String>, Duration), Failure> {
    let begun = Instant::now();
    let mut child = role.command(Some(log))?.arg("serve").args(args).stdout(Stdio::piped()).spawn()?;
    let failed = || Failure::failed(format!("{} did not start again; see {}", role.name(), log.display()));
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or_else(failed)?).read_line(&mut line).await?;
    let took = begun.elapsed();
    let ready: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if ready.is_empty() { Err(failed()) } else { Ok((child, ready, took)) }
}
