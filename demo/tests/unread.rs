//! A command whose reader has gone, as in `| head`, ends without a word.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use kessai_shared::console::UNREAD;
use support::command::{PROGRAM, run};

/// Runs a command that nobody reads anything of: its exit code, and what it said on standard error.
fn unread(args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(PROGRAM);
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let ended = command.spawn().expect("the program starts").wait_with_output().expect("its end");
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

fn ends_quietly(args: &[&str]) {
    // It prints something, so there is something that nobody reads.
    assert!(!run(args).with(0).is_empty(), "{args:?}");
    assert_eq!(unread(args), (Some(UNREAD.into()), String::new()), "{args:?}");
}

#[test]
fn each_program_ends_without_a_word_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let table = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a table");
        at(name)
    };
    let products = table("products.csv", "sku,name,unit_price_pence,stock\nTEA,Tea,250,10\n");
    let (seller, settlement) = (at("seller"), at("settlement"));
    run(["kessai-server", "import-products", &products, "--data", &seller]).with(0);
    ends_quietly(&["kessai-server", "verify", "--data", &seller]);
    ends_quietly(&["kessai-settlement", "keys", "--data", &settlement]);
    ends_quietly(&["kessai", "generate", "completions", "bash"]);
    assert!(Path::new("/dev/full").exists());
    // A disk that is full is told of, and is no panic either.
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
    let mut command = Command::new(PROGRAM);
    command.args(["kessai-server", "verify", "--data", &seller]).stdout(full).stderr(Stdio::piped());
    let ended = command.spawn().expect("the program starts").wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("standard output cannot be written") && !said.contains("panicked"), "{said}");
}
