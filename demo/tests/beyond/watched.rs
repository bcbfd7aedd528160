//! A daemon whose writer is held up: the watchdog starves, the command for alarms hears of it, and it is unwell,
//! while everything else of it goes on.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support;
use crate::support::command::{PROGRAM, Running, launch, run};
use crate::support::processes::{pause, signal};
use crate::support::shop::Shop;

/// Holds one thread of a process, and nothing else of it, until it is ended: ptrace(2) stops a thread alone.
/// Seized and interrupted, it goes on by itself once its tracer is gone.
const HOLD: &str = "my ($call, $task) = map { $_ + 0 } @ARGV; syscall($call, 0x4206, $task, 0, 0) == 0 or die $!; \
     syscall($call, 0x4207, $task, 0, 0) == 0 or die $!; $| = 1; print \"held\\n\"; sleep 600";
const PTRACE: &str = if cfg!(target_arch = "x86_64") { "101" } else { "117" };

/// How full the disk is that a test runs on is not what it is about.
const ANY_DISK: &str = "free_disk_mb = false\nfree_disk_percent = false\n";

struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn hold(pid: u32, name: &str) -> Option<Held> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("threads").flatten();
    let is_it = |task: &fs::DirEntry| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
    };
    let task = tasks.into_iter().find(is_it).expect("a thread").file_name().into_string().expect("a number");
    let mut command = Command::new("perl");
    command.args(["-e", HOLD, PTRACE, &task]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a word");
    (line == "held\n").then_some(Held(child))
}

/// What systemd was told within this time, or up to the first word that fits.
fn words(socket: &UnixDatagram, most: Duration, until: impl Fn(&str) -> bool) -> Vec<String> {
    let begun = Instant::now();
    let mut words = Vec::new();
    while begun.elapsed() < most && !words.last().is_some_and(|word: &String| until(word)) {
        let mut bytes = [0; 4_096];
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
        if let Ok(length) = socket.recv(&mut bytes) {
            words.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        }
    }
    words
}

fn settlement(folder: &Path, socket: &Path) -> Running {
    let command = folder.join("told");
    let script = format!("#!/bin/sh\nexec cat >> '{}'\n", folder.join("alarms").display());
    fs::write(&command, script).expect("written");
    fs::set_permissions(&command, fs::Permissions::from_mode(0o700)).expect("allowed");
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("a folder");
    let settings =
        format!("[alarms]\ncommand = ['{}']\nwriter_silent_seconds = 4\n{}", command.display(), ANY_DISK);
    fs::write(data.join("settlement.toml"), settings).expect("settings");
    let mut command = Command::new(PROGRAM);
    command.args(["kessai-settlement", "serve", "--data"]).arg(&data).env("NOTIFY_SOCKET", socket);
    launch(command)
}

fn health(program: &str, data: &Path, code: i32) -> Value {
    let data = data.display().to_string();
    let said = run([program, "health", "--json", "--data", &data]).with(code);
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn a_writer_that_is_held_up_starves_the_watchdog_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, data) = (folder.path().join("notify"), folder.path().join("data"));
    let socket = UnixDatagram::bind(&name).expect("a socket");
    let mut running = settlement(folder.path(), &name);
    running.first_line().expect("it is ready");
    let told = words(&socket, support::PATIENCE, |word| word == "WATCHDOG=1\n");
    assert!(told[0].starts_with("READY=1\nSTATUS=sellers connect at 127.0.0.1:"), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("WATCHDOG=1\n"));
    assert_eq!(health("kessai-settlement", &data, 0)["why"], Value::Array(Vec::new()));

    let Some(held) = hold(running.pid(), "writer") else {
        println!("SKIPPED: a_writer_that_is_held_up needs perl, and to be allowed to trace processes");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    };
    let alarms = || fs::read_to_string(folder.path().join("alarms")).unwrap_or_default();
    support::until("the command to be told", || alarms().ends_with("}\n"));
    // What was said before it was held is not what is looked for.
    words(&socket, Duration::from_millis(300), |_| false);
    assert_eq!(
        words(&socket, Duration::from_secs(3), |_| false),
        Vec::<String>::new(),
        "it is fed all the same"
    );
    let unwell = health("kessai-settlement", &data, 1);
    let why = unwell["why"].to_string();
    assert!(why.contains("its writer does not answer") && why.contains("the one writer"), "{why}");

    drop(held);
    let fed = words(&socket, support::PATIENCE, |word| word == "WATCHDOG=1\n");
    assert_eq!(fed, ["WATCHDOG=1\n"]);
    support::until("the end of the alarm", || alarms().lines().count() >= 2 && alarms().ends_with("}\n"));
    let told: Vec<Value> = alarms().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |key: &str| told.iter().map(|event| event[key].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(of("rule"), ["writer_silent_seconds"; 2]);
    assert_eq!((of("event"), of("daemon")), (vec!["raised", "over"], vec!["settlement"; 2]));
    let lines = || running.complaints().matches("ALARM writer_silent_seconds").count();
    support::until("both lines", || lines() >= 2);
    assert_eq!(lines(), 2, "{}", running.complaints());
    health("kessai-settlement", &data, 0);

    signal(running.pid(), "TERM");
    let last = words(&socket, support::PATIENCE, |word| word == "STOPPING=1\n");
    assert_eq!(last.last().map(String::as_str), Some("STOPPING=1\n"));
    assert_eq!(running.end().code, Some(0));
    let gone = health("kessai-settlement", &data, 1)["why"].to_string();
    assert!(gone.contains("is not running"), "{gone}");
}

#[test]
fn a_seller_without_its_settlement_is_not_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("seller");
    fs::create_dir_all(&data).expect("a folder");
    fs::write(data.join("server.toml"), format!("[alarms]\n{ANY_DISK}")).expect("settings");
    let shop = Shop::open(folder.path());
    support::until("a seller that is well", || is_well(&data));
    let paused = pause(shop.daemon("kessai-settlement"));
    // By itself, and not only by the alarm that it raises after a while.
    let ill = "the settlement cannot be spoken to";
    support::until("a seller that is not", || why_not(&data).iter().any(|line| line == ill));
    support::until("an alarm", || shop.complaints().contains("ALARM link_down_seconds: "));
    drop(paused);
    support::until("a seller that is well again", || is_well(&data));
    assert_eq!(shop.stop("TERM"), Some(0));
}

/// Why a seller is not well; nothing while it is.
fn why_not(data: &Path) -> Vec<Value> {
    let ended = run(["kessai-server", "health", "--json", "--data", &data.display().to_string()]);
    let said: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    said["why"].as_array().expect("a list").clone()
}

fn is_well(data: &Path) -> bool {
    let ended = run(["kessai-server", "health", "--data", &data.display().to_string()]);
    assert!(ended.out.starts_with(if ended.code == Some(0) { "well" } else { "not well: " }), "{ended:?}");
    ended.code == Some(0)
}
