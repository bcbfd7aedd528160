//! A party of a system as a process on its host: started, asked, paused, looked into, stopped.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use rustix::process::{Pid, Signal, kill_process};

use crate::lan::Host;

/// How long a party may take to be ready, and to say what it is asked for.
const READY_DEADLINE: Duration = Duration::from_secs(60);
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// How long it may take to stop in good order.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const STOP_LOOK: Duration = Duration::from_millis(10);

/// A running party. It is killed when this is dropped.
pub struct Party {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What it said when it was ready, word by word.
    pub ready: Vec<String>,
}

impl Party {
    /// Starts it on a host and waits until it is ready. What it logs goes to a file.
    ///
    /// # Errors
    /// [`Failure`] with where its log is when it does not get ready.
    pub fn start(name: &str, host: &Host, mut command: Command, log: &Path) -> Result<Self, Failure> {
        command.stderr(File::create(log)?).env("RUST_LOG", "debug");
        let mut child = host.inside(|| command.spawn())??;
        let no_pipe = || Failure::failed("a process without pipes");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().ok_or_else(no_pipe)?);
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            // Nobody listens any more when the party was stopped.
            BufReader::new(stdout).lines().map_while(Result::ok).all(|line| tell.send(line).is_ok())
        });
        let mut party = Self { name: name.to_owned(), child, stdin, lines, ready: Vec::new() };
        let ready = party.hear(READY_DEADLINE).map_err(|failure| {
            Failure::failed(format!("{}; its log ends: {}", failure.line, last_line(log)))
        })?;
        party.ready = ready.split_whitespace().map(str::to_owned).collect();
        Ok(party)
    }

    /// A word of what it said when it was ready, as something.
    ///
    /// # Errors
    /// [`Failure`] when it did not say it.
    pub fn word<T: std::str::FromStr>(&self, at: usize) -> Result<T, Failure> {
        let word = self.ready.get(at).and_then(|word| word.parse().ok());
        word.ok_or_else(|| Failure::failed(format!("{} did not say what it is to say", self.name)))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells it a line.
    ///
    /// # Errors
    /// [`Failure`] when it is gone.
    pub fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let gone = || Failure::failed(format!("{} is gone", self.name));
        let stdin = self.stdin.as_mut().ok_or_else(gone)?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// [`Failure`] when it says nothing for a minute, or is gone.
    pub fn answer(&mut self) -> Result<String, Failure> {
        self.hear(ANSWER_DEADLINE)
    }

    fn hear(&mut self, deadline: Duration) -> Result<String, Failure> {
        self.lines.recv_timeout(deadline).map_err(|error| {
            Failure::failed(match error {
                RecvTimeoutError::Timeout => format!("{} says nothing", self.name),
                RecvTimeoutError::Disconnected => format!("{} has ended", self.name),
            })
        })
    }

    /// Stops its clock, or lets it go on.
    ///
    /// # Errors
    /// [`Failure`] when it is gone.
    pub fn pause(&self, is_paused: bool) -> Result<(), Failure> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::failed(format!("{} is no process", self.name)))?;
        Ok(kill_process(pid, if is_paused { Signal::STOP } else { Signal::CONT })?)
    }

    /// The end of its standard input tells it to stop.
    pub fn stop(mut self) {
        drop(self.stdin.take());
        let until = Instant::now() + STOP_DEADLINE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(STOP_LOOK);
        }
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it is empty").to_owned()
}
