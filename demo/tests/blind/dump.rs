//! A dump of the memory of a live process, by gcore.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Dumps all memory of a process that goes on running, into a file in this folder.
pub fn dump(pid: u32, folder: &Path) {
    let mut command = Command::new("gcore");
    // Pages that were asked to be left out of dumps are memory that a thief would read all the same.
    command.arg("-a").arg("-o").arg(folder.join("dump")).arg(pid.to_string());
    // It is to read memory, and not to look for sources of ours on the network.
    let output = command.env_remove("DEBUGINFOD_URLS").output().expect("gcore");
    let file = folder.join(format!("dump.{pid}"));
    assert!(output.status.success() && file.is_file(), "{output:?}");
}

/// How much memory a process has: in all, at its peak, now, and locked.
pub fn memory_of(pid: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the status of a live process");
    let wanted = ["VmSize:", "VmHWM:", "VmRSS:", "VmLck:"];
    let lines = status.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
