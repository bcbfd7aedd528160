//! The privileged part of an Ethernet line: it opens the interface, gives up everything that a daemon does
//! not need, and becomes the daemon, to which the descriptor is handed as systemd would.

use std::ffi::{CString, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;
use command_fds::{CommandFdExt, FdMapping};
use nix::unistd::{User, getgrouplist, setgroups, setresgid, setresuid};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

use super::{HANDED_NAME, card};
use crate::console::Failure;

/// Where systemd puts the first descriptor that it hands over.
const FIRST_HANDED: i32 = 3;
/// The name of the command.
const COMMAND: &str = "open-line";

/// Opens the interface of an Ethernet line as root, and runs this program again without privileges.
#[derive(Args)]
pub struct OpenLine {
    /// The interface of the line: one without an address.
    #[arg(long, value_name = "NAME")]
    interface: String,
    /// The user to become, who owns the data folder. It may not be root.
    #[arg(long, value_name = "NAME")]
    user: String,
    /// What to run then, such as: serve --data DIR
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl OpenLine {
    /// Replaces this process by the daemon, so it comes back only when that failed.
    ///
    /// Called while the process has one thread: what is given up is given up for this thread alone.
    ///
    /// # Errors
    ///
    /// [`Failure`] when this process may not open the interface or become the user, or there is no such one.
    pub fn run(self) -> Result<u8, Failure> {
        let user = user(&self.user)?;
        let program = std::env::current_exe()?;
        let line = card::open(&self.interface).map_err(Failure::failed)?;
        give_up_privileges(&user)
            .map_err(|why| Failure::failed(format!("cannot become {}: {why}", self.user)))?;
        let mut daemon = Command::new(program);
        // A program that is several things knows which one by its first words.
        let mut first_words = std::env::args_os().take_while(|word| word != COMMAND);
        if let Some(name) = first_words.next() {
            daemon.arg0(name);
        }
        daemon.args(first_words).args(&self.command);
        daemon.env("LISTEN_PID", std::process::id().to_string());
        daemon.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", HANDED_NAME);
        let descriptor = FdMapping { parent_fd: line.into_descriptor(), child_fd: FIRST_HANDED };
        daemon.fd_mappings(vec![descriptor])?;
        let error = daemon.exec();
        Err(Failure::failed(format!("cannot run {} as {}: {error}", program_name(&daemon), self.user)))
    }
}

fn program_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn user(name: &str) -> Result<User, Failure> {
    let user = User::from_name(name).map_err(|error| Failure::failed(format!("--user {name}: {error}")))?;
    match user {
        Some(user) if user.uid.is_root() => {
            Err(Failure::usage(format!("--user {name}: it is root, and the line needs a user that is not")))
        }
        Some(user) => Ok(user),
        None => Err(Failure::usage(format!("--user {name}: there is no such user"))),
    }
}

/// Becomes the user, with the user's groups and nothing else, in an order in which each step is still allowed.
fn give_up_privileges(user: &User) -> std::io::Result<()> {
    let name = CString::new(user.name.as_str())?;
    let groups = getgrouplist(&name, user.gid)?;
    // The daemon locks its memory, and without privileges it may lock no more than this. Where even root
    // may not raise it, the daemon says that its memory may be swapped out.
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    // Only while it has `CAP_SETPCAP` can a process bound what it may ever have again.
    for number in 0..u64::BITS {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            // The kernel does not know as many.
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
    }
    clear_ambient_capability_set()?;
    setgroups(&groups)?;
    setresgid(user.gid, user.gid, user.gid)?;
    setresuid(user.uid, user.uid, user.uid)?;
    // The kernel has taken them away with root, unless somebody told it not to.
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    set_no_new_privs(true)?;
    let left = capabilities(None)?;
    if !(left.effective | left.permitted | left.inheritable).is_empty() {
        return Err(std::io::Error::other("capabilities are left"));
    }
    Ok(())
}
