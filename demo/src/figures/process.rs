//! A party of a system as a process on its host: started, asked, paused, looked into, stopped.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use rustix::process::{Pid, Signal, kill_process};

use super::interrupt;
use crate::lan::Host;

/// How long a party may take to be ready, and to say what it is asked for.
const READY_DEADLINE: Duration = Duration::from_secs(60);
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// How long it may take to stop in good order.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const STOP_LOOK: Duration = Duration::from_millis(10);
/// How often it is looked whether somebody wants an end, while a party is waited for.
const HEAR_LOOK: Duration = Duration::from_millis(100);

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
        let until = Instant::now() + deadline;
        loop {
            interrupt::check()?;
            match self.lines.recv_timeout(HEAR_LOOK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Failure::failed(format!("{} says nothing", self.name)));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::failed(format!("{} has ended", self.name)));
                }
            }
        }
    }

    /// Stops its clock until what this gives is dropped.
    ///
    /// # Errors
    /// [`Failure`] when it is gone.
    pub fn pause(&self) -> Result<Paused<'_>, Failure> {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::failed(format!("{} is no process", self.name)))?;
        kill_process(pid, Signal::STOP)?;
        Ok(Paused { pid, _party: self })
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

/// A party whose clock stands still, and goes on however its holder ends.
pub struct Paused<'a> {
    pid: Pid,
    /// The process is not waited for as long as this lives, so that its number is nobody else's.
    _party: &'a Party,
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        // It fails only when the party has ended already.
        let _ = kill_process(self.pid, Signal::CONT);
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
