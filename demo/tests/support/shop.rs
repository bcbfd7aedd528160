//! A whole shop as processes: the one that serves, and its two daemons.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::command::{Ended, Running, run, start, start_verbose};
use super::processes;
use super::terminal::Terminal;

/// A shop that is open. Its processes end when the test lets go of it.
pub struct Shop {
    process: Running,
    folder: PathBuf,
}

impl Shop {
    /// Opens the sample shop, or goes on with the one in this folder.
    pub fn open(folder: &Path) -> Self {
        Self::open_with(folder, &[])
    }

    /// Opens a shop with more arguments.
    pub fn open_with(folder: &Path, more: &[&str]) -> Self {
        Self::try_open(folder, more).unwrap_or_else(|ended| panic!("the shop does not open: {ended:?}"))
    }

    /// Opens a shop, or tells how it ended instead.
    pub fn try_open(folder: &Path, more: &[&str]) -> Result<Self, Ended> {
        Self::of(start(Self::args(folder, more)), folder)
    }

    /// Opens a shop that writes every log line there is to the end of a file.
    pub fn open_verbose(folder: &Path, more: &[&str], log: &Path) -> Self {
        let shop = Self::of(start_verbose(Self::args(folder, more), log), folder);
        shop.unwrap_or_else(|ended| panic!("the shop does not open; see {}: {ended:?}", log.display()))
    }

    fn args(folder: &Path, more: &[&str]) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["serve".into(), "--data".into(), folder.into()];
        args.extend(more.iter().map(OsString::from));
        args
    }

    fn of(mut process: Running, folder: &Path) -> Result<Self, Ended> {
        match process.first_line() {
            Some(line) => {
                assert_eq!(line, "ready");
                Ok(Self { process, folder: folder.to_owned() })
            }
            None => Err(process.end()),
        }
    }

    /// The process that serves, which started the daemons.
    pub fn house(&self) -> u32 {
        self.process.pid()
    }

    pub fn file(&self) -> PathBuf {
        self.folder.join("shop.toml")
    }

    /// The process of one of the daemons, once there is one.
    pub fn daemon(&self, role: &str) -> u32 {
        let mut found = None;
        super::until(role, || {
            found = processes::child_of(self.process.pid(), role);
            found.is_some()
        });
        found.unwrap_or_default()
    }

    /// Waits until the seller is in charge, which it may not be yet when the shop is open: that both sides have
    /// written down who is belongs to no test that looks what else is written.
    pub fn until_in_charge(&self) {
        let data = self.folder.join("seller").display().to_string();
        super::until("a seller that is in charge", || {
            let told = run(["kessai-server", "status", "--json", "--data", &data]).out;
            let told: Value = serde_json::from_str(&told).unwrap_or_default();
            told["nodes"]["in_charge"] == true
        });
    }

    /// Waits until somebody has said this on standard error, and gives all that was said.
    pub fn until_said(&self, words: &str) -> String {
        super::until(words, || self.complaints().contains(words));
        self.complaints()
    }

    /// Where one of the daemons listens.
    pub fn address(&self, role: &str) -> SocketAddr {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).expect("an address");
        let text = match role {
            "kessai-settlement" => read("settlement.address"),
            _ => read("shop.toml").split('"').nth(1).unwrap_or_default().to_owned(),
        };
        text.trim().parse().expect("an address")
    }

    /// Kills a daemon without a warning and waits until its successor listens.
    pub fn kill_daemon(&self, role: &str) {
        let victim = self.daemon(role);
        processes::signal(victim, "KILL");
        super::until("a successor", || {
            processes::child_of(self.process.pid(), role).is_some_and(|pid| pid != victim)
        });
        super::until("a successor that listens", || processes::listens(self.address(role).port()));
    }

    pub fn terminal(&self) -> Terminal {
        Terminal::of(&self.folder, "terminal")
    }

    /// Asks it to stop with this signal; its exit code.
    pub fn stop(self, signal: &str) -> Option<i32> {
        processes::signal(self.process.pid(), signal);
        self.ended()
    }

    /// Waits until the one that serves has ended, and gives its exit code.
    pub fn ended(self) -> Option<i32> {
        let ended = self.process.end();
        // Whoever serves waits for its daemons, so nothing may be left when it is gone.
        assert_eq!(processes::on_folder(&self.folder), Vec::<u32>::new(), "{ended:?}");
        ended.code
    }

    /// Ends the one that serves without a warning, and waits until its daemons have noticed.
    pub fn kill(self) {
        self.process.kill();
        super::until("daemons that notice", || processes::on_folder(&self.folder).is_empty());
    }

    /// What it and its daemons wrote to standard error so far.
    pub fn complaints(&self) -> String {
        self.process.complaints()
    }
}
