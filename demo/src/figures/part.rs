//! The parts that a run plays in processes of their own, each on its own host: the shopper of any system,
//! and the conventional daemons. Only `figures` starts them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kessai_shared::console::{self, Failure, OK};
use serde::{Deserialize, Serialize};

use super::conventional::{seller, settlement};
use super::shopper;
use crate::role::Role;

/// What a process is to be; it comes as one argument, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Part {
    Settlement(settlement::Plan),
    Seller(seller::Plan),
    Shopper(shopper::Plan),
}

impl Part {
    /// The process of this part, not yet started.
    ///
    /// # Errors
    /// [`Failure`] when this program cannot be found.
    pub fn command(&self) -> Result<Command, Failure> {
        let mut command = itself(Role::Figure)?;
        command.arg(serde_json::to_string(self)?);
        Ok(command)
    }
}

/// This program again in a role, with pipes to it.
///
/// # Errors
/// [`Failure`] when this program cannot be found.
pub fn itself(role: Role) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role.name()).stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// Runs a command of a role to its end and gives what it printed.
///
/// # Errors
/// [`Failure`] with what it said when it failed.
pub fn ask(role: Role, args: &[&str], folder: &Path) -> Result<String, Failure> {
    let output = itself(role)?.args(args).arg("--data").arg(folder).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::failed(format!("{} {}: {said}", role.name(), args.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Plays a part until the parent is gone.
///
/// # Errors
/// [`Failure`] when it cannot.
pub fn run(part: &str) -> Result<u8, Failure> {
    let part: Part = serde_json::from_str(part).map_err(Failure::usage)?;
    let runtime = console::runtime()?;
    let end = runtime.block_on(async {
        match part {
            Part::Settlement(plan) => settlement::run(plan).await,
            Part::Seller(plan) => seller::run(plan).await,
            Part::Shopper(plan) => shopper::run(plan).await,
        }
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    end.map(|()| OK)
}

/// Where a part's log goes.
pub fn log(folder: &Path, who: &str) -> PathBuf {
    folder.join(format!("{who}.log"))
}
