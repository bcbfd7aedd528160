//! The socket itself: who may speak, what is not understood, and what a dead settlement leaves behind.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::support::command::launch;
use super::support::shop::Shop;
use super::support::until;
use super::{operate, settlement};

/// A whole request for the status.
const STATUS: [u8; 6] = [2, 0, 0, 0, 1, 0];
/// The user of those who are nobody.
const NOBODY: u32 = 65_534;

fn socket(folder: &Path) -> PathBuf {
    settlement(folder).join("operator.sock")
}

fn works(folder: &Path) -> bool {
    operate(folder, "status", &[]).with(0).contains("process ")
}

#[test]
fn the_socket_is_its_owners_alone_and_as_alive_as_its_settlement() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let meta = fs::metadata(socket(folder.path())).expect("a socket");
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    assert!(works(folder.path()));
    // Killed, it leaves its socket behind, and the next one replaces it.
    shop.kill_daemon("kessai-settlement");
    until("a socket that answers", || works(folder.path()));
    assert_eq!(shop.stop("TERM"), Some(0));
    assert!(!socket(folder.path()).exists());
    let said = operate(folder.path(), "status", &[]).with(0);
    // What is no socket is somebody's file, and stays.
    fs::write(socket(folder.path()), "precious").expect("a file");
    let shop = Shop::open(folder.path());
    shop.until_said("something else has that name; move it away");
    assert_eq!(shop.stop("TERM"), Some(0));
    assert_eq!(fs::read(socket(folder.path())).expect("a file"), b"precious");
    assert!(said.contains("not running") && !said.contains("process "), "{said}");
}

#[test]
fn what_is_not_understood_is_told_and_nobody_else_is_disturbed() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let long = [0xff; 4];
    let version = [3, 0, 0, 0, 9, 0, 0];
    let nonsense = [5, 0, 0, 0, 1, 0xee, 0xee, 0xee, 0xee];
    let trailing = [3, 0, 0, 0, 1, 0, 0];
    let empty = [0; 4];
    let cases: [(&[u8], &str); 5] = [
        (&long, "too long"),
        (&version, "record version 9"),
        (&nonsense, "cannot be decoded"),
        (&trailing, "follow a message"),
        (&empty, "an empty record"),
    ];
    for (bytes, why) in cases {
        let mut stream = UnixStream::connect(socket(folder.path())).expect("the socket");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream.write_all(bytes).expect("bytes");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer, and the end");
        assert!(String::from_utf8_lossy(&answer).contains(why), "{}", String::from_utf8_lossy(&answer));
    }
    // Half a message and no more keeps nobody else from speaking, and eight of them do.
    let mut idle: Vec<UnixStream> = Vec::new();
    for _ in 0..7 {
        let mut stream = UnixStream::connect(socket(folder.path())).expect("the socket");
        stream.write_all(&[200, 0]).expect("bytes");
        idle.push(stream);
    }
    // The places of those before come free a moment after they have gone.
    until("a place that is free", || operate(folder.path(), "status", &[]).code == Some(0));
    assert!(works(folder.path()));
    idle.push(UnixStream::connect(socket(folder.path())).expect("the socket"));
    until("one that is turned away", || {
        let ended = operate(folder.path(), "status", &[]);
        ended.code == Some(1) && ended.one_line(1).contains("more than 8 operators at a time")
    });
    drop(idle);
    until("places that are free again", || operate(folder.path(), "status", &[]).code == Some(0));
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

/// Runs as another user, and finds the socket open but nobody who speaks.
#[test]
#[ignore = "is run by the next test, as another user"]
fn as_another_user() {
    let socket = std::env::var_os("KESSAI_OPERATOR_SOCKET").expect("a socket");
    let mut stream = UnixStream::connect(socket).expect("a socket that is open to all");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
    // It may hang up before it has heard anything.
    let _ = stream.write_all(&STATUS);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty(), "another user is answered");
}

#[test]
fn another_user_is_not_answered_even_where_the_file_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    if fs::metadata(socket(folder.path())).expect("a socket").uid() != 0 {
        eprintln!("SKIPPED: only root can run something as another user");
        return;
    }
    for path in [folder.path(), &settlement(folder.path()), &socket(folder.path())] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("open to all");
    }
    let mut own = UnixStream::connect(socket(folder.path())).expect("the socket");
    own.write_all(&STATUS).expect("bytes");
    assert_eq!(own.read(&mut [0; 1]).expect("an answer"), 1, "its own user is answered");
    let program = folder.path().join("another");
    fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy that all may run");
    let mut another = Command::new(program);
    another.args(["--exact", "socket::as_another_user", "--ignored"]).uid(NOBODY).gid(NOBODY);
    another.env("KESSAI_OPERATOR_SOCKET", socket(folder.path()));
    let ended = launch(another).end();
    assert!(ended.code == Some(0) && ended.out.contains("1 passed"), "{ended:?}");
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_told_and_the_shop_is_open_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("x".repeat(90));
    let shop = Shop::open(&deep);
    shop.until_said("the path is too long for a socket");
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    let ended = operate(&deep, "rekey", &[]);
    assert!(ended.one_line(1).contains("another process uses this data folder"), "{ended:?}");
    assert_eq!(shop.stop("TERM"), Some(0));
    operate(&deep, "rekey", &[]).with(0);
}
