//! What the real program costs on a real terminal. Figures depend on the machine, so they are printed and
//! held against nothing:
//! `cargo test --profile quick -p kessai-tui-client --test lifecycle figures -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use crate::ended::at_nobodys_shop;
use crate::pty::Window;

/// How long an idle terminal is looked at.
const IDLE: Duration = Duration::from_secs(5);
const STARTS: usize = 15;

#[test]
#[ignore = "it measures, and says how fast and how large"]
fn figures() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut firsts: Vec<Duration> = (0..STARTS).map(|_| first_frame(folder.path())).collect();
    firsts.sort();
    println!(
        "first frame, from the start of the process: {:?} median, {:?} slowest",
        firsts[STARTS / 2],
        firsts[STARTS - 1]
    );
    let window = Window::open(crate::played::command("shop", folder.path()), 80, 24);
    window.wait_for("Blue stoneware mug");
    std::thread::sleep(Duration::from_secs(1));
    let (bytes, ticks) = (window.bytes().len(), processor_ticks(window.pid()));
    std::thread::sleep(IDLE);
    println!(
        "idle for {IDLE:?}: {} bytes written, {} ticks of the processor, of 100 a second",
        window.bytes().len() - bytes,
        processor_ticks(window.pid()) - ticks
    );
    let window = Window::open(at_nobodys_shop(folder.path()), 80, 24);
    window.assert_taken();
    std::thread::sleep(Duration::from_secs(1));
    println!("resident: {} KiB", resident_kib(window.pid()));
}

/// From just before the program is started until something of its first frame is here.
fn first_frame(folder: &std::path::Path) -> Duration {
    let begun = Instant::now();
    let mut window = Window::open(at_nobodys_shop(folder), 80, 24);
    while !window.bytes().windows(2).any(|bytes| bytes == "─".as_bytes().split_at(2).0) {
        std::thread::sleep(Duration::from_micros(100));
        assert!(begun.elapsed() < crate::pty::PATIENCE, "there is no first frame");
    }
    let took = begun.elapsed();
    window.press("q");
    window.ended();
    took
}

/// How much of the processor a process has had, in ticks of 10 ms.
fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a live process");
    let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
    fields.skip(11).take(2).map(|number| number.parse::<u64>().expect("ticks")).sum()
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a live process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
