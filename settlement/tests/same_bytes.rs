//! The same inquiry has the same answer for ever, byte for byte: after a kill, after a restart, and from
//! a store that was made anew from the journal.

#[path = "../../shared/tests/support/samples.rs"]
#[allow(dead_code, reason = "the file has samples of every message, of which few are needed here")]
mod samples;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kessai_shared::codec;
use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Epoch, NodeId, OrderId};
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Purchase};
use kessai_shared::settlement::{
    ALPN, Answered, Asked, Claim, Mode, Reply, Request, Run, Sender, Standing, Why, Witness,
};
use kessai_shared::time::Timestamp;
use kessai_shared::tls::{self, Peers};
use serde_json::Value;

/// Enough that the writer finds several waiting and puts them into one group.
const ORDERS: u8 = 60;
/// No call takes this long; it is only there so that a hang ends as a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// A settlement as a process, and a seller's connection to it.
struct Running {
    process: Child,
    link: Link,
    root: Pin,
    epoch: Epoch,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Either fails when it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The key that the seller is given to knock with.
fn knock_key(data: &Path, seller: &Identity) -> KnockKey {
    let file = data.join("knock.key");
    let (pin, out) = (seller.pin().to_string(), file.display().to_string());
    let written = program(data, &["knock-key", &pin, "--out", &out]).status();
    assert!(written.expect("it runs").success());
    KnockKey::read(&file).expect("a knock key")
}

fn program(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kessai-settlement"));
    command.args(args).arg("--data").arg(data).env_remove("RUST_LOG");
    command
}

impl Running {
    fn start(data: &Path, seller: &Identity) -> Self {
        let allowed = program(data, &["allow", &seller.pin().to_string()]).status();
        assert!(allowed.expect("it runs").success());
        let mut serve = program(data, &["serve", "--listen", "127.0.0.1:0"]);
        let mut process = serve.stdout(Stdio::piped()).spawn().expect("it runs");
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["ready", address, pin, root] = words.as_slice() else { panic!("not ready: {line:?}") };
        let config = tls::client_config(seller, Peers::pins([pin.parse().expect("a pin")]), ALPN);
        let gate = Gate::of_seller(&knock_key(data, seller));
        let side = Side::at(SocketAddr::from(([127, 0, 0, 1], 0)));
        let endpoint = RealNet::default().closed(&side, &gate, None).expect("a socket");
        let config = gate.client_config(config.expect("a configuration"));
        let link = Link::new(endpoint, address.parse().expect("an address"), config);
        Self { process, link, root: root.parse().expect("a pin"), epoch: Epoch::NONE }
    }

    /// Puts this node in charge of its shop, as each start of a seller does.
    async fn claimed(mut self, run: u64) -> Self {
        let claim = Claim { why: Why::Start, mode: Mode::Alone, run: Run { id: run.to_le_bytes(), nth: 1 } };
        match self.ask(Request::Claim(claim)).await {
            Reply::Granted { epoch, .. } => self.epoch = epoch,
            _ => panic!("the only node is put in charge"),
        }
        self
    }

    async fn ask(&self, what: Request) -> Reply {
        let node = NodeId::from_bytes([1; 16]);
        let by = Sender { epoch: self.epoch, node, at: 0, witnessed: Witness::default() };
        let answered: Result<Answered, _> = self.link.call(&Asked { by, what }, DEADLINE).await;
        answered.unwrap_or_else(|error| panic!("no answer: {error}")).reply
    }

    /// Asks about all orders at the same time.
    async fn inquire(&self, seller: Pin) -> Vec<Decision> {
        let requests: Vec<_> = (0..ORDERS).map(|number| inquiry(seller, number)).collect();
        let asked =
            futures_util::future::join_all(requests.into_iter().map(|request| self.ask(request))).await;
        let decided = asked.into_iter().map(|reply| match reply {
            Reply::Decided(decision) => decision,
            _ => panic!("an inquiry is decided"),
        });
        decided.collect()
    }
}

fn purchase(seller: Pin, number: u8) -> Purchase {
    let deadline = Timestamp(u64::MAX / 2);
    Purchase { seller, order: OrderId::from_bytes([number; 16]), deadline, ..samples::purchase() }
}

/// What is sealed does not matter here: a seal that does not open is decided as well.
fn inquiry(seller: Pin, number: u8) -> Request {
    Request::Inquiry { purchase: purchase(seller, number), card: samples::envelope() }
}

fn verified(data: &Path) -> Value {
    let out = program(data, &["verify", "--json"]).output().expect("it runs");
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_has_the_same_bytes_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let seller = Identity::generate().expect("a key");
    let running = Running::start(data, &seller).claimed(1).await;
    let first = running.inquire(seller.pin()).await;
    let Reply::Echo { issuer_keys, .. } = running.ask(Request::Echo).await else { panic!("an echo") };
    let keys = issuer_keys[0].verify(running.root).expect("signed by its root").clone();
    for (number, decision) in (0..).zip(&first) {
        let about = purchase(seller.pin(), number);
        assert_eq!(decision.verify(&about, &keys.decision_key), Ok(decision.statement.verdict));
        assert!(keys.span_contains(decision.statement.decided_at));
    }
    let bytes = |decisions: &[Decision]| decisions.iter().map(codec::encode).collect::<Vec<_>>();
    assert_eq!(bytes(&running.inquire(seller.pin()).await), bytes(&first), "asked again at once");
    drop(running);
    for shelf in ["as it was left by a kill", "removed"] {
        if shelf == "removed" {
            fs::remove_dir_all(data.join("shelf")).expect("removed");
        }
        let running = Running::start(data, &seller).claimed(2 + shelf.len() as u64).await;
        assert_eq!(bytes(&running.inquire(seller.pin()).await), bytes(&first), "the shelf {shelf}");
        for (number, decision) in (0..).zip(&first) {
            let order = purchase(seller.pin(), number).order;
            match running.ask(Request::Status { order }).await {
                Reply::Status { decision: Some(told), standing: Standing::Declined } => {
                    assert_eq!(&told, decision, "the shelf {shelf}");
                }
                _ => panic!("the order is known"),
            }
        }
    }
    let report = verified(data);
    assert_eq!(report["problems"], Value::Array(Vec::new()), "{report:#}");
    assert_eq!(report["decisions_proven"], u64::from(ORDERS));
    let mut groups: Vec<u64> = first.iter().map(|decision| decision.proof.head.first).collect();
    groups.sort_unstable();
    groups.dedup();
    assert_eq!(report["groups_signed"], groups.len(), "one head a group");
}
