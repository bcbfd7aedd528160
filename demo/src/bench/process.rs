//! What the kernel tells about a process.

use std::fs;

use kessai_shared::console::Failure;

/// The unit of the times in `/proc/PID/stat` on Linux, in microseconds (USER_HZ is 100 for programs,
/// whatever the kernel's own clock is).
const TICK_MICROS: f64 = 10_000.0;
/// Where user and system time stand, counted from behind the name of the program (proc_pid_stat(5)).
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

/// The CPU time that a process has had, user and system, in microseconds.
///
/// # Errors
/// [`Failure`] when there is no such process.
pub fn cpu_micros(pid: u32) -> Result<f64, Failure> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|error| Failure::failed(format!("{path}: {error}")))?;
    ticks(&text)
        .map(|ticks| ticks as f64 * TICK_MICROS)
        .ok_or_else(|| Failure::failed(format!("{path}: not as proc_pid_stat(5) has it")))
}

fn ticks(stat: &str) -> Option<u64> {
    // The name may hold anything, blanks and parentheses too, but ends with the last one.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    field(USER_TIME)?.checked_add(field(SYSTEM_TIME)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_behind_any_name() {
        let stat = "77 (a) b) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(154));
        assert_eq!(ticks("77 (a S 1"), None);
        assert!(cpu_micros(std::process::id()).is_ok() && cpu_micros(u32::MAX).is_err());
    }
}
