//! How long benches take.

use std::time::Duration;

use divan::Divan;

/// How long one line of a table takes: long enough to pass over what else the machine does, and so short
/// that all benches together stay below three minutes.
const LEAST_TIME: Duration = Duration::from_millis(300);
const MOST_TIME: Duration = Duration::from_secs(1);

/// Runs the benches of a file: timed by `cargo bench`, each once and untimed by `cargo test --benches`.
/// `--min-time`, `--max-time` and the other options of divan go before what is set here.
pub fn run() {
    Divan::default().min_time(LEAST_TIME).max_time(MOST_TIME).config_with_args().main();
}
