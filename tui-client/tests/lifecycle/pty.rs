//! A program in a real terminal: a pseudo-terminal on its one side, and on ours an emulator that shows what
//! a person would see.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take before it is given up. Nothing is expected to take this long; it only makes a
/// hang a failure, on a slow machine too.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What a program would go by of the terminal and the language that these tests are run in.
pub const SURROUNDINGS: [&str; 8] =
    ["LC_ALL", "LC_MESSAGES", "LANG", "COLORTERM", "COLORFGBG", "NO_COLOR", "TERM_PROGRAM", "RUST_LOG"];

/// A terminal window with a program in it.
pub struct Window {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    /// Keeps the terminal open when the program has ended, so that its modes can be looked at.
    _slave: Box<dyn portable_pty::SlavePty + Send>,
    before: String,
}

struct Seen {
    bytes: Vec<u8>,
    emulator: vt100::Parser,
}

impl Window {
    pub fn open(mut command: CommandBuilder, columns: u16, rows: u16) -> Self {
        SURROUNDINGS.iter().for_each(|name| command.env_remove(name));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let emulator = vt100::Parser::new(number(rows), number(columns), 0);
        let seen = Arc::new(Mutex::new(Seen { bytes: Vec::new(), emulator }));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let heard = Arc::clone(&seen);
        thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let mut seen = heard.lock().unwrap_or_else(PoisonError::into_inner);
                seen.bytes.extend_from_slice(&bytes[..count]);
                seen.emulator.process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { master: pair.master, keys, child, seen, _slave: pair.slave, before }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process")
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.emulator.screen_mut().set_size(number(rows), number(columns));
        }
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("a terminal");
    }

    /// Sends a signal to the program.
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// What a person would see.
    pub fn text(&self) -> String {
        self.look(|screen| screen.contents())
    }

    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.seen.lock().unwrap_or_else(PoisonError::into_inner).emulator.screen())
    }

    /// Everything that was ever written to the terminal.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).bytes.clone()
    }

    pub fn wait_for(&self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |window| window.text().contains(text));
    }

    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}; seen:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end of the program and gives its exit code.
    pub fn ended(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                self.comes_to_rest();
                return status.exit_code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end; seen:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until nothing comes any more: what was written last may still be on its way through the
    /// pseudo-terminal. Who expects something waits for that.
    fn comes_to_rest(&self) {
        let mut before = None;
        while before != Some(self.bytes().len()) {
            before = Some(self.bytes().len());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What a shell does with the terminal while the program is stopped: it wants lines, not keys, and
    /// writes on its own screen.
    pub fn spoil(&self) {
        let name = self.master.tty_name().expect("a name");
        let status = std::process::Command::new("stty").arg("-F").arg(name).arg("sane").status();
        assert!(status.expect("stty is there").success());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.emulator.process(b"\x1b[?1049l\x1b[?2004l\x1b[?25hshell$ ");
    }

    /// Whether the terminal's own modes are as the program found them.
    pub fn has_modes_as_before(&self) -> bool {
        modes(&*self.master) == self.before
    }

    /// That nothing of the session is left: neither in the terminal's modes nor on the emulator's side.
    pub fn assert_given_back(&self) {
        self.until("a terminal that is given back", |window| {
            window.look(|screen| !screen.alternate_screen()) && window.has_modes_as_before()
        });
        self.look(|screen| {
            assert!(!screen.hide_cursor(), "the cursor is hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste is on");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
            assert_eq!((screen.bold(), screen.inverse(), screen.dim()), (false, false, false));
            assert_eq!((screen.fgcolor(), screen.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        });
    }

    /// That a session is on the screen.
    pub fn assert_taken(&self) {
        self.until("a terminal that is taken over", |window| {
            window.look(|screen| screen.alternate_screen() && screen.bracketed_paste())
                && !window.has_modes_as_before()
        });
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- what was on the screen ---\n{}", self.text());
        }
    }
}

/// Sends a signal to a process, or with a minus to its group.
pub fn signal(pid: impl std::fmt::Display, name: &str) {
    let status = std::process::Command::new("kill").args(["-s", name, "--", &pid.to_string()]).status();
    assert!(status.expect("kill is there").success(), "process {pid} cannot be sent {name}");
}

/// Whether a process is stopped, as `/proc` tells it.
pub fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("modes"))
}

fn number(number: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(number).expect("a size above nothing")
}
