//! The world outside of a script: daemons that nobody hears any more, and other people who buy.

use rustix::process::{Pid, Signal, kill_process};

use super::shoppers::Shoppers;

/// Everything that a script can ask for.
const KNOWN: [&str; 6] =
    ["halt-seller", "go-on-seller", "halt-settlement", "go-on-settlement", "shoppers-on", "shoppers-off"];

pub struct Outside {
    /// The processes of seller and settlement.
    pub daemons: [Option<u32>; 2],
    pub shoppers: Shoppers,
}

impl Outside {
    /// Does what a script asks of the outside: it halts a daemon, so that nobody answers any more, or lets it go
    /// on, and others come to buy, or leave.
    pub fn ask(&mut self, name: &str) -> Result<(), String> {
        let [seller, settlement] = self.daemons;
        let (pid, signal) = match name {
            "halt-seller" => (seller, Signal::STOP),
            "halt-settlement" => (settlement, Signal::STOP),
            "go-on-seller" => (seller, Signal::CONT),
            "go-on-settlement" => (settlement, Signal::CONT),
            "shoppers-on" => return self.shoppers.come().map_err(|error| format!("{name}: {error}")),
            "shoppers-off" => {
                self.shoppers.leave();
                return Ok(());
            }
            unknown => {
                return Err(format!("nobody outside can do {unknown:?}: only {}", KNOWN.join(", ")));
            }
        };
        send(pid, signal).map_err(|error| format!("{name}: {error}"))
    }

    /// Lets every daemon go on.
    pub fn go_on(&self) {
        for pid in self.daemons {
            // One that has ended needs nothing.
            let _ = send(pid, Signal::CONT);
        }
    }
}

fn send(pid: Option<u32>, signal: Signal) -> std::io::Result<()> {
    let pid = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let pid = pid.ok_or_else(|| std::io::Error::other("there is no such process"))?;
    Ok(kill_process(pid, signal)?)
}
