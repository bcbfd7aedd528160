//! The `ip` command of iproute2.

use std::process::{Command, Stdio};

use kessai_shared::console::Failure;

/// Runs it, and says in one line what it says when it fails.
pub(super) fn run(args: &[&str]) -> Result<(), Failure> {
    let ended = Command::new("ip").args(args).stdin(Stdio::null()).output();
    match ended {
        Ok(ended) if ended.status.success() => Ok(()),
        Ok(ended) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            let said = said.lines().next().unwrap_or("no reason given");
            Err(Failure::failed(format!("ip {}: {said}", args.join(" "))))
        }
        Err(error) => Err(Failure::failed(format!("ip of iproute2 cannot be run: {error}"))),
    }
}

/// Whether there is one.
pub(super) fn is_there() -> bool {
    let version = Command::new("ip").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
