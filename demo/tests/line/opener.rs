//! The privileged part, when something is not as it should be: one line that says what.

use std::os::unix::process::CommandExt;
use std::process::Command;

use kessai_demo::lan::{Host, Lan};

use super::may_have_hosts;
use super::support::command::{Ended, PROGRAM, launch};

fn open_line(host: &Host, interface: &str, user: &str) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.args(["kessai-settlement", "open-line", "--interface", interface, "--user", user]);
    command.args(["--", "serve", "--data", "/nonexistent"]);
    host.inside(|| launch(command).end()).expect("a host")
}

fn says(ended: &Ended, code: i32, what: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(ended.err.contains(what), "expected {what:?}: {ended:?}");
}

fn ip(host: &Host, args: &[&str]) {
    let status = Command::new("ip").args(["-n", host.namespace()]).args(args).status();
    assert!(status.expect("ip is there").success());
}

#[test]
fn what_keeps_a_line_from_being_opened_is_told_in_one_line() {
    if !may_have_hosts("what the opener of a line refuses") {
        return;
    }
    let lan = Lan::new("opener").expect("a place for networks");
    let [bank, shop] = ["bank", "shop"].map(|name| lan.host(name).expect("a host"));
    lan.wire("eth1", &[(&bank, None), (&shop, None)]).expect("a wire");
    says(&open_line(&bank, "eth1", "kessai-nobody"), 2, "there is no such user");
    says(&open_line(&bank, "eth1", "root"), 2, "it is root");
    says(&open_line(&bank, "eth2", "nobody"), 1, "interface eth2: there is no such interface");
    ip(&bank, &["address", "add", "10.9.0.1/24", "dev", "eth1"]);
    says(&open_line(&bank, "eth1", "nobody"), 1, "has the address 10.9.0.1");
    ip(&bank, &["address", "flush", "dev", "eth1"]);
    ip(&bank, &["link", "set", "dev", "eth1", "mtu", "1201"]);
    says(&open_line(&bank, "eth1", "nobody"), 1, "takes 1201 bytes a frame (MTU), and the line needs 1202");
}

/// Without the descriptor a daemon without privileges has no way to the line.
#[test]
fn a_daemon_without_privileges_cannot_open_a_line_itself() {
    if !may_have_hosts("that a daemon cannot open a line itself") {
        return;
    }
    let lan = Lan::new("closed").expect("a place for networks");
    let [bank, shop] = ["bank", "shop"].map(|name| lan.host(name).expect("a host"));
    lan.wire("eth1", &[(&bank, None), (&shop, None)]).expect("a wire");
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::chown(folder.path(), Some(65_534), Some(65_534)).expect("given away");
    let program = folder.path().join("kessai-demo");
    std::fs::copy(PROGRAM, &program).expect("a copy");
    let mut command = Command::new(&program);
    command.args(["kessai-settlement", "serve", "--link", "ethernet-line", "--link-interface", "eth1"]);
    command.arg("--data").arg(folder.path().join("data")).uid(65_534).gid(65_534);
    let ended = bank.inside(|| launch(command).end()).expect("a host");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("interface eth1: needs root, or CAP_NET_RAW"), "{ended:?}");
    assert!(ended.err.contains("open-line"), "{ended:?}");
}
