//! Running the program to its end.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// The one program that has every part in it.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kessai-demo");

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A process that runs beside the test. It is killed when the test lets go of it.
pub struct Running {
    child: Child,
    out: Pipe,
    err: Pipe,
}

/// What comes out of a pipe, as it comes.
struct Pipe {
    /// As bytes, because a letter may come in two pieces.
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

/// Starts the program, with nothing of what the caller's surroundings say.
pub fn start(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
    let mut command = Command::new(PROGRAM);
    command.args(args);
    launch(command)
}

/// What of the surroundings says how much is logged, and in which language people are spoken to.
const SURROUNDINGS: [&str; 4] = ["RUST_LOG", "LC_ALL", "LC_MESSAGES", "LANG"];

/// Starts the program in a way of the caller's own.
pub fn launch(mut command: Command) -> Running {
    for name in SURROUNDINGS {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = None;
    super::until("a program that nobody writes to", || match command.spawn() {
        // A copy that was just made is busy while a child of another test, begun meanwhile, still holds
        // the file that was written.
        Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => false,
        spawned => {
            child = Some(spawned.expect("the program starts"));
            true
        }
    });
    let mut child = child.expect("it has started");
    let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    Running { child, out: Pipe::of(out), err: Pipe::of(err) }
}

/// Starts the program with every log line there is; they go to the end of a file. It has many
/// threads, as on a large machine: what a request leaves on a stack then stays there longer.
pub fn start_verbose(args: impl IntoIterator<Item = impl AsRef<OsStr>>, log: &Path) -> Running {
    let log = File::options().create(true).append(true).open(log).expect("a log");
    let mut command = Command::new(PROGRAM);
    command.args(args).env("RUST_LOG", "trace").env("TOKIO_WORKER_THREADS", "12").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the program starts");
    let out = child.stdout.take().expect("a pipe");
    Running { child, out: Pipe::of(out), err: Pipe::of(std::io::empty()) }
}

/// Runs the program to its end.
pub fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
    start(args).end()
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// The first line it prints; `None` when it ends without one.
    pub fn first_line(&mut self) -> Option<String> {
        let mut line = None;
        super::until("a first line", || {
            // Asked before the pipe is looked at, so that its last words are not missed.
            let running = self.is_running();
            if !running {
                self.out.finish();
            }
            line = self.out.text().split_once('\n').map(|(line, _)| line.to_owned());
            line.is_some() || !running
        });
        line
    }

    /// What it printed so far.
    pub fn said(&self) -> String {
        self.out.text()
    }

    /// What it wrote to standard error so far.
    pub fn complaints(&self) -> String {
        self.err.text()
    }

    /// Ends it without a warning.
    pub fn kill(mut self) -> Ended {
        self.child.kill().expect("a child of ours");
        self.end()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a child of ours") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => panic!("the program hangs: {}", self.complaints()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.out.finish();
        self.err.finish();
        let ended = Ended { code: status.code(), out: self.out.text(), err: self.err.text() };
        assert!(!ended.err.contains("panicked"), "{ended:?}");
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.complaints();
        if std::thread::panicking() {
            eprintln!("--- what process {} said ---\n{said}", self.child.id());
        } else {
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}

impl Pipe {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let all = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&all);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A pipe that breaks ends like one that is closed.
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..count]);
            }
        });
        Self { bytes: all, reader }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until everything that was written has been read.
    fn finish(&self) {
        // Whoever inherited the pipe has to end too.
        super::until("the end of a pipe", || self.reader.is_finished());
    }
}

impl Ended {
    /// What it printed, when it ended with this code.
    pub fn with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.out
    }

    /// The lines it complained with, when it ended with this code and printed nothing else.
    pub fn complaint(&self, code: i32) -> Vec<&str> {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        self.err.lines().collect()
    }

    /// Its one line of complaint.
    pub fn one_line(&self, code: i32) -> &str {
        match self.complaint(code).as_slice() {
            [line] => line,
            lines => panic!("expected one line: {lines:#?}"),
        }
    }
}
