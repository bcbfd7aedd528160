//! One program, several parts: it starts itself again as the seller or as the settlement, so that
//! one build is all that a demo needs, and yet each daemon is a process of its own. As the terminal
//! it is started by whoever wants to shop without a second program.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use kessai_shared::console::Failure;
use tokio::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Settlement,
    Seller,
    Terminal,
    /// The load of a bench, which only the bench starts.
    Load,
    /// A part of a system that is compared, which only `figures` starts.
    Figure,
}

impl Role {
    /// The name it goes by: as first argument, and in the list of processes.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Settlement => "kessai-settlement",
            Role::Seller => "kessai-server",
            Role::Terminal => "kessai",
            Role::Load => "kessai-bench-load",
            Role::Figure => "kessai-figure",
        }
    }

    /// The role that a command line asks for.
    pub fn asked(args: &[OsString]) -> Option<Self> {
        let roles = [Role::Settlement, Role::Seller, Role::Terminal, Role::Load, Role::Figure];
        let named = |name: &OsStr| roles.into_iter().find(|role| name == role.name());
        args.get(1).and_then(|name| named(name))
    }

    /// The role that the program is called by, as it is when somebody has given it that name.
    pub fn called(args: &[OsString]) -> Option<Self> {
        let name = Path::new(args.first()?).file_name()?;
        [Role::Settlement, Role::Seller, Role::Terminal].into_iter().find(|role| name == role.name())
    }

    /// This program again, in this role. What it logs goes to `log`, or to our standard error.
    ///
    /// # Errors
    /// When the log cannot be written or this program cannot be found.
    pub fn command(self, log: Option<&Path>) -> std::io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg0(self.name()).arg(self.name()).kill_on_drop(true).stdin(Stdio::piped());
        if let Some(log) = log {
            command.stderr(File::options().create(true).append(true).open(log)?);
        }
        Ok(command)
    }

    /// Runs a command of this role to its end and gives what it printed.
    ///
    /// # Errors
    /// [`Failure`] with its exit code; what was wrong it has said itself.
    pub async fn ask(self, args: &[&std::ffi::OsStr]) -> Result<String, Failure> {
        let output =
            self.command(None)?.args(args).stdin(Stdio::null()).stderr(Stdio::piped()).output().await?;
        if !output.status.success() {
            let line = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let code = output.status.code().and_then(|code| u8::try_from(code).ok());
            return Err(Failure { code: code.unwrap_or(1), line });
        }
        // Notices, such as columns that were passed over, are for whoever watches.
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
