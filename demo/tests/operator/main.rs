//! The operator's hand on a running shop: rekey, import and new cards beside purchases, and nothing at
//! rest that a thief could read.

#[path = "../support/mod.rs"]
mod support;

mod cards;
mod policy;
mod rekeyed;
mod socket;
mod trade;

use std::fs;
use std::path::{Path, PathBuf};

use support::command::{Ended, run};

/// Runs a command of the settlement on the one of a shop.
fn operate(folder: &Path, act: &str, more: &[&str]) -> Ended {
    let data = settlement(folder).display().to_string();
    run(["kessai-settlement", act, "--data", &data].iter().chain(more))
}

fn settlement(folder: &Path) -> PathBuf {
    folder.join("settlement")
}

/// The lines of the vault's key file.
fn key_lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(settlement(folder).join("keys/vault.key")).expect("keys");
    text.lines().map(str::to_owned).collect()
}

/// A file that only its owner may read.
fn secret(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    path.display().to_string()
}
