//! Input that is not as it should be: each time a clear line and an exit code, and nothing is lost.

#[path = "../support/mod.rs"]
mod support;

mod folders;
mod keys;
mod knock;
mod purchases;
mod settings;
mod strangers;
mod tables;

use std::path::Path;

use support::command::{Ended, run};

/// Runs a part of the program on a data folder.
fn on(data: &Path, args: &[&str]) -> Ended {
    let data = data.display().to_string();
    run(args.iter().copied().chain(["--data", &data]))
}

/// A pin that belongs to nobody.
fn nobodys_pin() -> String {
    "ab".repeat(32)
}

/// The complaint of a daemon that does not start, on a folder that is all it needs otherwise.
fn refused_start(role: &str, data: &Path, code: i32) -> Ended {
    let pin = nobodys_pin();
    let ended = match role {
        "kessai-server" => {
            on(data, &[role, "serve", "--settlement", "127.0.0.1:9", "--settlement-pin", &pin])
        }
        _ => on(data, &[role, "serve"]),
    };
    ended.complaint(code);
    ended
}
