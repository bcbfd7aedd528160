//! Whether there can be namespaces, and how an unprivileged user gets them.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use kessai_shared::console::Failure;

use super::ip;

/// Set in the environment of a program that was started anew inside namespaces of its own, so that it does
/// not try again.
const INSIDE: &str = "KESSAI_INSIDE_NAMESPACES";
/// What makes the namespaces: one user, who is root in there, and who has networks and mounts of its own.
const UNSHARE: [&str; 5] = ["--user", "--map-root-user", "--net", "--mount", "--fork"];
/// What a new mount namespace needs: a place for named network namespaces that nobody else has.
const PREPARE: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/netns && exec \"$0\" \"$@\"";

/// Whether there can be namespaces here; otherwise one line on why not.
///
/// # Errors
/// That line.
pub fn may() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("needs root, to make network namespaces of its own; run it with sudo".to_owned());
    }
    if !ip::is_there() {
        return Err("needs the ip command of iproute2, to make network namespaces of its own".to_owned());
    }
    Ok(())
}

/// Makes sure that there can be namespaces. An unprivileged user's program is started anew as root of a user
/// namespace, where the kernel allows that, and this returns in there.
///
/// # Errors
/// [`Failure`] with a line on why there can be none.
pub fn enter() -> Result<(), Failure> {
    let why = match may() {
        Ok(()) => return Ok(()),
        Err(why) => why,
    };
    if rustix::process::geteuid().is_root() || std::env::var_os(INSIDE).is_some() || !allows() {
        return Err(Failure::failed(why));
    }
    let program = std::env::current_exe()?;
    let mut again = Command::new("unshare");
    again.args(UNSHARE).args(["sh", "-c", PREPARE]).arg(program).args(std::env::args_os().skip(1));
    // Only when it fails does this return.
    Err(Failure::from(again.env(INSIDE, "1").exec()))
}

/// Whether the kernel lets this user have a user namespace.
fn allows() -> bool {
    let mut trial = Command::new("unshare");
    trial.args(UNSHARE).args(["sh", "-c", "mount -t tmpfs tmpfs /run"]);
    let quiet = trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
