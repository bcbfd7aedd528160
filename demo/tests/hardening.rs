//! What the memory of live processes is protected from: core files, readers of the same user, swap.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use support::command::{PROGRAM, Running, launch};
use support::processes::{child_of, on_folder, pause, signal, status};
use support::shop::Shop;

/// A user without any rights: the "nobody" of every system.
const NOBODY: u32 = 65_534;
/// What a daemon says that may not lock its memory, in part.
const HINT: &str = "LimitMEMLOCK=infinity";
const ROLES: [&str; 2] = ["kessai-settlement", "kessai-server"];

#[test]
fn no_process_may_leave_a_core_file_and_their_pages_are_locked() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let daemons = ROLES.map(|role| shop.daemon(role));
    // A seller that does not answer keeps a terminal waiting, so that it can be looked at.
    let paused = pause(daemons[1]);
    let terminal = shop.terminal().start_to_buy("Approved", &["TEA-SENCHA"]);
    // Its threads begin after it has protected its memory.
    support::until("a terminal that has begun", || status(terminal.pid(), "Threads") > 1);
    let locked = may_lock();
    for pid in [shop.house(), daemons[0], daemons[1], terminal.pid()] {
        assert!(core_limit(pid).starts_with("0 0"), "{pid}: {}", core_limit(pid));
        let (mapped, pages, resident) = (status(pid, "VmSize"), status(pid, "VmLck"), status(pid, "VmRSS"));
        if locked {
            // Those that were mapped since the start too; only the kernel's own few are not.
            assert!(pages * 10 >= mapped * 9, "{pid}: {pages} of {mapped} KiB are locked");
        }
        if locked && daemons.contains(&pid) {
            // Stacks and arenas that nobody touches are not to take memory because they are locked.
            assert!(resident * 15 < mapped, "{pid}: {resident} of {mapped} KiB are resident");
        }
    }
    if !locked {
        shop.until_said(HINT);
    }
    assert_eq!(shop.complaints().contains(HINT), !locked, "{}", shop.complaints());
    drop(paused);
    terminal.end().with(0);
}

#[test]
fn a_user_reads_the_memory_of_no_process_of_his_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(shop) = open_as_nobody(folder.path()) else {
        println!(
            "SKIPPED: a_user_reads_the_memory_of_no_process_of_his_own needs root, to become another user"
        );
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    };
    let daemons = ROLES.map(|role| child_of(shop.pid(), role).expect("a daemon"));
    for pid in [shop.pid(), daemons[0], daemons[1]] {
        // What the kernel keeps from a process's own user, it gives to root.
        let owner = fs::metadata(format!("/proc/{pid}/mem")).expect("a live process").uid();
        assert_eq!((status(pid, "Uid"), owner), (u64::from(NOBODY), 0), "{pid}");
        if status(pid, "VmLck") == 0 && pid != shop.pid() {
            support::until(HINT, || shop.complaints().contains(HINT));
        }
    }
    for (role, pid) in ROLES.iter().zip(daemons) {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).expect("a live process");
        // The kernel keeps 15 bytes of it.
        assert_eq!(name.trim_end(), &role[..role.len().min(15)]);
    }
    shop.kill();
    support::until("daemons that notice", || on_folder(folder.path()).is_empty());
}

#[test]
fn a_crash_leaves_no_core_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let control = crash(folder.path(), &["sleep", "1000"]);
    if !control.core_dumped() {
        println!("SKIPPED: a_crash_leaves_no_core_file needs a system that writes core files");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    for role in ROLES {
        let pin = "ab".repeat(32);
        let serve = [PROGRAM, role, "serve", "--data", &data];
        let seller = ["--settlement", "127.0.0.1:9", "--settlement-pin", &pin];
        let more = if role == ROLES[1] { &seller[..] } else { &[] };
        if role == ROLES[1] {
            // What it would knock with; nobody is there to hear it.
            support::command::run([role, "keys", "--data", &data]).with(0);
            let key = Path::new(&data).join("keys/knock.key");
            kessai_shared::private_file::create(&key, pin.as_bytes()).expect("a key");
        }
        let crashed = crash(folder.path(), &[&serve[..], more].concat());
        assert_eq!(crashed.signal(), Some(11), "{role} {crashed:?}");
        assert!(!crashed.core_dumped(), "{role} left a core file");
        fs::remove_dir_all(&data).expect("a data folder");
    }
}

/// The soft and the hard limit on core files, as the kernel tells them.
fn core_limit(pid: u32) -> String {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("a live process");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    line.expect("a limit").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether processes of this test may lock all their memory: by their limit, or by a capability that
/// counts because it is not one of a container's own users.
fn may_lock() -> bool {
    const IPC_LOCK: u64 = 1 << 14;
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).expect("a file of the kernel");
    let hard = read("limits").lines().any(|line| {
        line.starts_with("Max locked memory") && line.split_whitespace().nth(4) == Some("unlimited")
    });
    let capable = read("status").lines().any(|line| {
        let bits = line.strip_prefix("CapEff:").and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
        bits.is_some_and(|bits| bits & IPC_LOCK != 0)
    });
    let everybody = read("uid_map").split_whitespace().eq(["0", "0", "4294967295"]);
    hard || capable && everybody
}

/// A shop that belongs to nobody, in this folder; `None` when that takes rights we do not have.
fn open_as_nobody(folder: &Path) -> Option<Running> {
    chown(folder, Some(NOBODY), Some(NOBODY)).ok()?;
    // The program may lie where nobody else may go.
    let program = folder.join("kessai-demo");
    fs::copy(PROGRAM, &program).expect("a copy of the program");
    let mut command = Command::new(&program);
    command.uid(NOBODY).gid(NOBODY).current_dir(folder).args(["serve", "--data"]).arg(folder.join("data"));
    let mut shop = launch(command);
    assert_eq!(shop.first_line().as_deref(), Some("ready"), "{}", shop.complaints());
    Some(shop)
}

/// Runs something that may write core files of any size, and lets it crash once it is at work.
fn crash(folder: &Path, program: &[&str]) -> ExitStatus {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -S -c $(ulimit -H -c); exec \"$0\" \"$@\""])
        .args(program)
        .current_dir(folder);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a shell");
    // A shell that has not become the program yet would crash in its place. A process that has just
    // become one goes by its old name for a moment, so it is asked what it runs.
    let before = [std::env::current_exe(), fs::canonicalize("/bin/sh")].map(|path| path.expect("a program"));
    support::until("a program at work", || {
        let runs = fs::read_link(format!("/proc/{}/exe", child.id()));
        runs.is_ok_and(|path| !before.contains(&path))
            && status(child.id(), "Threads") >= if program[0] == PROGRAM { 2 } else { 1 }
    });
    let mut ended = None;
    support::until("its end", || {
        // The first one only takes the handler away that looks for overflows of the stack.
        signal(child.id(), "SEGV");
        std::thread::sleep(std::time::Duration::from_millis(50));
        ended = child.try_wait().expect("a child of ours");
        ended.is_some()
    });
    ended.expect("it has ended")
}
