//! A terminal that is killed in the middle of a payment: the next one looks the order up by itself, tells
//! what became of it, and nothing is charged twice.

mod support;

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use support::books::verify;
use support::command::PROGRAM;
use support::processes;
use support::shop::Shop;
use support::terminal::Terminal;

#[test]
fn a_terminal_killed_while_paying_finds_the_end_and_pays_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let before = verify(folder.path()).owed("exposure_pence");
    let mut first = Session::start(&terminal);
    for line in ["1", "add", "cart", "check out", "go on", "1"] {
        first.say(line);
    }
    first.hears("To pay this, type");
    let settlement = processes::pause(shop.daemon("kessai-settlement"));
    first.say("pay");
    support::until("an order that is pending", || {
        terminal.orders().first().is_some_and(|order| order["order_state"] == "pending")
    });
    first.kill();
    drop(settlement);
    support::until("an order that is decided", || terminal.orders()[0]["outcome"] == "00");
    let mut second = Session::start(&terminal);
    second.hears("From last time: Accepted");
    second.say("cart");
    second.hears("The cart is empty");
    second.kill();
    // What the second one has seen the end of, the third one does not ask about again.
    let mut third = Session::start(&terminal);
    third.say("cart");
    third.hears("The cart is empty");
    assert!(!third.heard().contains("last time"), "{}", third.heard());
    third.kill();
    let orders = terminal.orders();
    assert_eq!(orders.len(), 1, "{orders:?}");
    let amount = orders[0]["amount_pence"].as_i64().expect("an amount");
    assert_eq!(verify(folder.path()).owed("exposure_pence") - before, amount, "charged once");
}

/// The real terminal, by lines.
struct Session {
    child: Child,
    to: ChildStdin,
    heard: Arc<Mutex<String>>,
}

impl Session {
    fn start(terminal: &Terminal) -> Self {
        let mut args = terminal.args("shop", &["--plain", "--cards"]);
        args.push(terminal.cards.clone().into_os_string());
        let mut command = Command::new(PROGRAM);
        command.args(args).env_remove("RUST_LOG").env("LC_ALL", "en_GB.UTF-8");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a terminal");
        let heard = Arc::new(Mutex::new(String::new()));
        let (mut out, into) = (child.stdout.take().expect("a pipe"), Arc::clone(&heard));
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        let to = child.stdin.take().expect("a pipe");
        let session = Self { child, to, heard };
        session.hears("1 of ");
        session
    }

    /// Says a line, and waits for what is told because of it.
    fn say(&mut self, line: &str) {
        let before = self.heard().len();
        writeln!(self.to, "{line}").expect("it listens");
        support::until(line, || self.heard().len() > before);
        // What is told comes in parts, and each line means what the screen before it says.
        let mut length = 0;
        support::until("silence", || {
            let same = length == self.heard().len();
            length = self.heard().len();
            std::thread::sleep(std::time::Duration::from_millis(150));
            same
        });
    }

    fn hears(&self, what: &str) {
        let begun = std::time::Instant::now();
        while !self.heard().contains(what) {
            assert!(begun.elapsed() < support::PATIENCE, "{what:?} was not told: {}", self.heard());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    fn kill(mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("it is over");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
