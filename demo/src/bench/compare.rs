//! A peer to be compared with: any folder with a `run.sh` that is called as `./run.sh SECONDS 2
//! OUTSTANDING` and prints lines with `purchases/s=…` in them, each beginning with its own name. Of its
//! two rounds the first warms a new database up, and the second counts.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use kessai_shared::console::Failure;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tokio::process::{Child, Command};

/// How many rounds the peer runs each time. The last one counts.
const PEER_ROUNDS: u32 = 2;
/// What stands before the figure in a line of the peer.
const FIGURE: &str = "purchases/s=";

/// A peer.
pub struct Peer {
    folder: PathBuf,
}

/// One way of the peer to do it, and how many purchases a second it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub name: String,
    pub per_second: f64,
}

/// Ours and a row of the peer, medians over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    pub peer: String,
    pub outstanding: u32,
    pub rounds: usize,
    pub ours_per_second: f64,
    pub peer_per_second: f64,
    pub ratio: f64,
}

/// A peer that runs. One that is let go of is asked to end, so that it puts away what it has started.
struct Running(Child);

impl Peer {
    /// # Errors
    /// [`Failure`] when there is no `run.sh` in the folder.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let script = folder.join("run.sh");
        if !script.is_file() {
            let line = format!("--compare: there is no {}; name a folder with a run.sh", script.display());
            return Err(Failure::usage(line));
        }
        Ok(Self { folder: std::fs::canonicalize(folder)? })
    }

    /// Runs the peer once.
    ///
    /// # Errors
    /// [`Failure`] with one line when it fails or prints no figure; what it said is in the line.
    pub async fn run(&self, seconds: f64, outstanding: u32) -> Result<Vec<Row>, Failure> {
        let script = self.folder.join("run.sh");
        let failed = |why: String| Failure::failed(format!("the peer {} {why}", script.display()));
        let mut command = Command::new(&script);
        command.args([seconds.to_string(), PEER_ROUNDS.to_string(), outstanding.to_string()]);
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
        let mut running = Running(child);
        let (out, err, status) = running.end().await?;
        let rows = last_of_each(rows(&out));
        // Its exit code tells nothing: a script that ends by stopping its server ends with a signal's.
        if rows.is_empty() {
            let said = err.lines().chain(out.lines()).rfind(|line| !line.trim().is_empty());
            let said = said.unwrap_or("it said nothing");
            return Err(failed(format!("printed no figure ({status}): {}", said.trim())));
        }
        Ok(rows)
    }
}

/// The last figure of each row.
fn last_of_each(rows: Vec<Row>) -> Vec<Row> {
    let mut last: Vec<Row> = Vec::new();
    for row in rows {
        match last.iter_mut().find(|known| known.name == row.name) {
            Some(known) => known.per_second = row.per_second,
            None => last.push(row),
        }
    }
    last
}

impl Running {
    async fn end(&mut self) -> Result<(String, String, std::process::ExitStatus), Failure> {
        use tokio::io::AsyncReadExt;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let no_pipe = || Failure::failed("no pipe to the peer");
        let mut stdout = self.0.stdout.take().ok_or_else(no_pipe)?;
        let mut stderr = self.0.stderr.take().ok_or_else(no_pipe)?;
        let (_, _, status) =
            tokio::try_join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err), self.0.wait())?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok((text(out), text(err), status))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.0.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // One that has ended meanwhile needs no asking.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

fn rows(out: &str) -> Vec<Row> {
    let row = |line: &str| {
        let per_second = line.split_whitespace().find_map(|word| word.strip_prefix(FIGURE))?.parse().ok()?;
        Some(Row { name: line.split_whitespace().next()?.to_owned(), per_second })
    };
    out.lines().filter_map(row).filter(|row| row.per_second.is_finite() && row.per_second > 0.0).collect()
}

/// The ratios of our rounds to each row of the peer's; a row that a round lacks is left out of it.
pub fn ratios(outstanding: u32, ours: &[f64], peer: &[Vec<Row>]) -> Vec<Ratio> {
    let names: Vec<&str> =
        peer.first().map(|rows| rows.iter().map(|row| row.name.as_str()).collect()).unwrap_or_default();
    let ratio = |name: &str| {
        let of_name = |row: &&Row| row.name == name;
        let theirs: Vec<f64> =
            peer.iter().flat_map(|rows| rows.iter().filter(of_name)).map(|row| row.per_second).collect();
        let (ours_per_second, peer_per_second) = (median(ours), median(&theirs));
        let (peer, rounds, ratio) = (name.to_owned(), ours.len(), ours_per_second / peer_per_second);
        Ratio { peer, outstanding, rounds, ours_per_second, peer_per_second, ratio }
    };
    names.into_iter().map(ratio).collect()
}

/// The middle one of the values, or the mean of the two in the middle; zero of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, per_second: f64) -> Row {
        Row { name: name.to_owned(), per_second }
    }

    #[test]
    fn figures_are_found_in_what_a_peer_prints() {
        let out =
            "building\nfn axum conc=64 purchases/s=9300 p50=6us\ntx axum purchases/s=4100\nx purchases/s=a\n";
        assert_eq!(rows(out), [row("fn", 9_300.0), row("tx", 4_100.0)]);
        assert_eq!(rows("fn purchases/s=0\nfn purchases/s=inf\n"), []);
    }

    #[test]
    fn ratios_are_of_medians() {
        let peer = [100.0, 300.0, 200.0].map(|fast| vec![row("fn", fast), row("tx", 50.0)]);
        let ratios = ratios(64, &[900.0, 800.0, 100.0], &peer);
        let found: Vec<_> = ratios.iter().map(|r| (r.peer.as_str(), r.ratio)).collect();
        assert_eq!(found, [("fn", 4.0), ("tx", 16.0)]);
        assert_eq!((median(&[]), median(&[1.0, 3.0])), (0.0, 2.0));
    }

    #[tokio::test]
    async fn a_peer_that_fails_is_told_in_one_line() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Peer::of(folder.path()).map(|_| ()).expect_err("no run.sh").code, 2);
        let script = folder.path().join("run.sh");
        let peer = |text: &str| {
            std::fs::write(&script, format!("#!/bin/sh\n{text}\n")).expect("written");
            let all = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&script, all).expect("executable");
            Peer::of(folder.path()).map_err(|failure| failure.line).expect("a peer")
        };
        let asked = peer("echo \"fn s=$1 r=$2 o=$3 purchases/s=12\"").run(2.5, 64).await;
        assert_eq!(asked, Ok(vec![row("fn", 12.0)]));
        let twice = "echo fn purchases/s=7; echo tx purchases/s=5; echo fn purchases/s=9";
        assert_eq!(
            peer(twice).run(1.0, 1).await,
            Ok(vec![row("fn", 9.0), row("tx", 5.0)]),
            "the last round counts"
        );
        let stopped = peer("echo fn purchases/s=7; exit 143").run(1.0, 1).await;
        assert_eq!(stopped, Ok(vec![row("fn", 7.0)]), "its server was stopped, as it should be");
        for bad in ["echo no postgres >&2; exit 3", "echo no postgres"] {
            let failure = peer(bad).run(1.0, 1).await.expect_err("it failed");
            assert!(failure.line.contains("no postgres") && failure.line.lines().count() == 1, "{failure:?}");
        }
    }
}
