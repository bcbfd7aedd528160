//! What runs on this machine, as `/proc` tells it.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The children of a process whose first argument is this part of the program.
pub fn child_of(parent: u32, role: &str) -> Option<u32> {
    every_process()
        .find(|pid| parent_of(*pid) == Some(parent) && arguments(*pid).get(1) == Some(&role.into()))
}

/// The processes that were started on this folder, whoever their parent is now.
pub fn on_folder(folder: &Path) -> Vec<u32> {
    let folder = folder.display().to_string();
    every_process().filter(|pid| arguments(*pid).iter().any(|argument| argument.contains(&folder))).collect()
}

/// Sends a signal to a process that the test started.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill is there");
    assert!(status.success(), "process {pid} cannot be sent {name}");
}

/// A process that does nothing until this is dropped.
pub struct Paused(u32);

/// Pauses a process that the test started.
pub fn pause(pid: u32) -> Paused {
    signal(pid, "STOP");
    Paused(pid)
}

impl Drop for Paused {
    fn drop(&mut self) {
        // A test that fails must not leave it behind, and a paused process hears of nobody's end.
        let _ = Command::new("kill").args(["-s", "CONT", &self.0.to_string()]).status();
    }
}

/// A number that the kernel tells about a process, such as its locked memory in KiB.
pub fn status(pid: u32, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("a live process");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{field}: {text}"))
}

/// How many sockets a process has.
pub fn sockets(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("a live process").flatten();
    let targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

/// How many bytes wait at a UDP port of this machine to be read.
pub fn unread(port: u16) -> u64 {
    let table = fs::read_to_string("/proc/net/udp").expect("the table of sockets");
    let ends_so = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let its = lines.filter(|words| words.get(1).is_some_and(|address| address.ends_with(&ends_so)));
    let waiting = |words: Vec<&str>| {
        let (_, received) = words.get(4)?.split_once(':')?;
        u64::from_str_radix(received, 16).ok()
    };
    its.map(|words| waiting(words).expect("a number")).sum()
}

/// Whether somebody listens at this port of this machine.
pub fn listens(port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/udp").expect("the table of sockets");
    let ends_so = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        line.split_whitespace().nth(1).is_some_and(|address| address.to_uppercase().ends_with(&ends_so))
    })
}

fn every_process() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("the list of processes");
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// `None` when the process is gone, or dead and only not waited for yet.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so the fields are counted from its end.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let (state, parent) = (fields.next()?, fields.next()?);
    if state == "Z" { None } else { parent.parse().ok() }
}

/// The words that a process was started with; none when it is gone.
pub fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}
