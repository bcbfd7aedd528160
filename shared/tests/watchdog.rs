//! Books that take long to open tell systemd that the daemon is alive, step by step, and only while nobody looks
//! at it once a second.

#[path = "replica/nodes.rs"]
#[allow(dead_code, reason = "it has more than is of use here")]
mod nodes;

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use kessai_shared::notify::{self, Changeover};
use kessai_shared::store::Store;
use nodes::{Balances, KIND, LONG, Primary};

const ALIVE: &str = "WATCHDOG=1\n";
/// Names what the process is to do that a test has started.
const ACT: &str = "KESSAI_WATCHDOG_ACT";

/// What this very test says to the socket when it does one of the acts below.
fn said(folder: &Path, act: &str) -> Vec<String> {
    let path = folder.join(act);
    let socket = UnixDatagram::bind(&path).expect("a socket");
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args(["--exact", "the_process_under_test", "--nocapture"]);
    let ended = command.env("NOTIFY_SOCKET", &path).env(ACT, act).output().expect("an end");
    assert!(ended.status.success(), "{ended:?}");
    socket.set_nonblocking(true).expect("a socket");
    let mut buffer = [0; 256];
    let words = std::iter::from_fn(|| {
        let length = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    });
    words.collect()
}

#[test]
fn the_process_under_test() {
    match std::env::var(ACT).as_deref() {
        Ok("steps") => (0..1_000_000).for_each(|_| notify::step()),
        Ok("changeover") => {
            // The first word of it is told, and what comes within the same second is not.
            let _changeover = Changeover::begin();
            (0..1_000).for_each(|_| notify::step());
        }
        Ok("after") => {
            drop(Changeover::begin());
            std::thread::sleep(std::time::Duration::from_millis(1_200));
            notify::step();
        }
        Ok("opening") => {
            let folder = tempfile::tempdir().expect("a folder");
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let primary = Primary::start(folder.path(), LONG);
                primary.add((0..2_000).map(|account| (account, 1)).collect()).await;
                primary.stop().await;
            });
            let _changeover = Changeover::begin();
            std::thread::sleep(std::time::Duration::from_millis(1_200));
            Store::<Balances>::open_with(folder.path(), KIND, LONG).expect("a whole store");
        }
        Ok("long") => {
            let _changeover = Changeover::begin();
            std::thread::sleep(std::time::Duration::from_millis(1_200));
            notify::step();
        }
        Ok(other) => panic!("{other}"),
        Err(_) => {}
    }
}

#[test]
fn steps_count_in_a_changeover_only() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(said(folder.path(), "steps"), Vec::<String>::new(), "work beside the writer proves nothing");
    let once = said(folder.path(), "changeover");
    assert!(!once.is_empty() && once.len() <= 3 && once.iter().all(|word| word == ALIVE), "{once:?}");
    assert_eq!(said(folder.path(), "after"), [ALIVE]);
    assert_eq!(said(folder.path(), "long"), [ALIVE, ALIVE]);
    let opening = said(folder.path(), "opening");
    assert!(opening.len() >= 2 && opening.iter().all(|word| word == ALIVE), "{opening:?}");
}
