//! Two processes of one settlement: the second has everything of the first, and takes its place when an
//! operator says so.

#[path = "../../shared/tests/support/lasting.rs"]
mod lasting;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SOON: Duration = Duration::from_secs(120);

struct Node {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Node {
    /// Starts a node and gives the words of its first line.
    fn start(act: &[&str], data: &Path) -> (Self, Vec<String>) {
        let mut command = program();
        command.args(act).arg("--with-parent").arg("--data").arg(data);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let out = BufReader::new(process.stdout.take().expect("its output"));
        let mut node = Self { process, out };
        let words = node.line();
        (node, words)
    }

    fn line(&mut self) -> Vec<String> {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line.split_whitespace().map(str::to_owned).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kessai-settlement"))
}

fn run(args: &[&str], data: &Path) -> (bool, String) {
    let out = program().args(args).arg("--data").arg(data).output().expect("the program");
    let said = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn must(args: &[&str], data: &Path) -> String {
    let (done, said) = run(args, data);
    assert!(done, "{args:?}: {said}");
    said
}

fn status(data: &Path) -> Value {
    serde_json::from_str(&must(&["status", "--json"], data)).expect("JSON")
}

/// Takes in accounts with made-up cards.
fn import(folder: &Path, data: &Path, numbers: &[&str]) {
    let table = folder.join("accounts.csv");
    let head = "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history";
    let rows =
        numbers.iter().map(|card| format!("{card},A Holder,1981-12-09,2031-05,100000,0,0,0;0;0;0;0;0\n"));
    fs::write(&table, format!("{head}\n{}", rows.collect::<String>())).expect("a table");
    must(&["import-accounts", table.to_str().expect("a path")], data);
}

fn address(data: &Path) -> String {
    let text = fs::read_to_string(data.join("standby.address")).expect("an address");
    text.split_whitespace().next().expect("an address").to_owned()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Every key file but the one that both nodes had before.
fn keys(data: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for within in ["", "epochs"] {
        for entry in fs::read_dir(data.join("keys").join(within)).into_iter().flatten().flatten() {
            // One that is put in the place of another may be gone by now.
            let Ok(found) = entry.metadata() else { continue };
            if found.is_file() {
                let name = format!("{within}/{}", entry.file_name().to_string_lossy());
                let mode = found.permissions().mode();
                assert_eq!(mode & 0o077, 0, "{name} is for others to read");
                files.push((name, fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn a_standby_has_books_and_keys_and_takes_over_when_it_is_promoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let (first, ready) = Node::start(&["serve", "--standby-listen", "127.0.0.1:0"], &one);
    import(folder.path(), &one, &["4539148803436467", "4556737586899855"]);
    fs::create_dir_all(two.join("keys")).expect("a folder");
    let (said, why) = run(&["standby", "--of", &address(&one)], &two);
    assert!(!said && why.contains("settlement.key"), "{why}");
    fs::copy(one.join("keys/settlement.key"), two.join("keys/settlement.key")).expect("the shared key");
    let (mut second, standby) = Node::start(&["standby", "--of", &address(&one)], &two);
    assert_eq!(standby, ["standby", &ready[2]]);
    let caught_up = || status(&one)["position"] == status(&two)["position"];
    until("it catches up", caught_up);
    assert_eq!(status(&two)["accounts"], 2);
    // Accounts under a new key, and a new list of sellers, come over as they change.
    must(&["rekey"], &one);
    must(&["allow", &"ab".repeat(32)], &one);
    import(folder.path(), &one, &["4929003486257045"]);
    until("it catches up again", caught_up);
    until("the keys are the same", || keys(&one) == keys(&two));
    let list = |data: &Path| fs::read_to_string(data.join("sellers.txt")).unwrap_or_default();
    until("the list is the same", || list(&two).contains(&"ab".repeat(32)));
    let in_step = |node: &Value| node["connected"] == true && node["lag_records"] == 0;
    until("the one in charge knows it", || in_step(&status(&one)["nodes"]["standbys"][0]));
    until("so does the one that follows", || {
        let following = status(&two)["nodes"]["follows"].clone();
        in_step(&following) && following["lag_ms"].as_u64().is_some_and(|ms| ms < 5_000)
    });
    // Nobody changes anything here, and a node in charge is not promoted.
    let (promoted, why) = run(&["promote"], &one);
    assert!(!promoted && why.contains("in charge already"), "{why}");
    let before = status(&one)["position"].as_u64().expect("a position");
    drop(first);
    let said = must(&["promote"], &two);
    assert_eq!(said.trim(), format!("in charge under epoch 1, from record {before} on"));
    let words = second.line();
    assert_eq!((words[0].as_str(), &words[2..]), ("ready", &ready[2..]));
    import(folder.path(), &two, &["4916338506082832"]);
    assert_eq!(status(&two)["accounts"], 4);
    drop(second);
    // It stays in charge: it serves again, and follows nobody by mistake.
    let (second, _) = Node::start(&["serve", "--standby-listen", "127.0.0.1:0"], &two);
    assert_eq!(status(&two)["nodes"]["epoch"], 1);
    // The old one comes back as its standby, with what it had set aside where that differs.
    let (third, _) = Node::start(&["standby", "--of", &address(&two), "--rejoin"], &one);
    until("the old one catches up", || status(&one)["position"] == status(&two)["position"]);
    until("it knows who is in charge", || status(&one)["nodes"]["epoch"] == 1);
    drop((second, third));
    for data in [&one, &two] {
        must(&["verify"], data);
    }
    // And one that never was in charge of this epoch does not serve as if it were.
    let (served, why) = run(&["serve"], &one);
    assert!(!served && why.contains("standby"), "{why}");
    let (followed, why) = run(&["standby", "--of", "127.0.0.1:9"], &two);
    assert!(!followed && why.contains("--rejoin"), "{why}");
}

/// Copies a folder that nobody writes, as a restore would put it back.
fn put_back(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            put_back(&from, &to);
        } else {
            // With its mode: keys are for nobody else to read.
            fs::copy(from, to).expect("a copy");
        }
    }
}

#[test]
fn a_standby_waits_for_an_older_copy_and_takes_no_key_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, two, old] = ["one", "two", "old"].map(|name| folder.path().join(name));
    let listen = lasting::lasting().to_string();
    let (first, _) = Node::start(&["serve", "--standby-listen", &listen], &one);
    import(folder.path(), &one, &["4539148803436467"]);
    drop(first);
    put_back(&one, &old);
    let (first, _) = Node::start(&["serve", "--standby-listen", &listen], &one);
    fs::create_dir_all(two.join("keys")).expect("a folder");
    fs::copy(one.join("keys/settlement.key"), two.join("keys/settlement.key")).expect("the shared key");
    let (standby, _) = Node::start(&["standby", "--of", &listen], &two);
    must(&["rekey"], &one);
    import(folder.path(), &one, &["4556737586899855"]);
    let caught_up = || status(&one)["position"] == status(&two)["position"];
    until("it catches up", caught_up);
    let vault = |data: &Path| fs::read(data.join("keys/vault.key")).expect("a key");
    until("the newer key", || vault(&two) == vault(&one));
    assert_ne!(vault(&old), vault(&one), "the copy is from before the rekey");
    drop(first);
    // What is put back in its place has less, and an older key.
    let (stale, _) = Node::start(&["serve", "--standby-listen", &listen], &old);
    let waits = || {
        let follows = status(&two)["nodes"]["follows"].clone();
        follows["problem"].as_str().is_some_and(|why| why.contains("older copy of the journal here"))
    };
    until("it says what is there", waits);
    drop(standby);
    // One that is started beside it waits as well.
    let (standby, _) = Node::start(&["standby", "--of", &listen], &two);
    until("it says so again", waits);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(vault(&two), vault(&one), "its own newer key is still there");
    drop(stale);
    let (first, _) = Node::start(&["serve", "--standby-listen", &listen], &one);
    import(folder.path(), &one, &["4929003486257045"]);
    until("it goes on with the node that has everything", caught_up);
    drop((first, standby));
    for data in [&one, &two] {
        must(&["verify"], data);
    }
}
