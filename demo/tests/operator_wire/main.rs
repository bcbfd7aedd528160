//! The operator wire between real processes: who may ask, what is answered, and what is said when
//! nobody answers.

#[path = "../support/mod.rs"]
mod support;
// The same trade as beside the operator's socket.
#[path = "../operator/trade.rs"]
mod trade;

// One request of each kind.
#[path = "../../../shared/tests/support/operator_samples.rs"]
#[allow(dead_code, reason = "only requests are asked here")]
mod samples;
#[path = "../../../shared/tests/support/trail_samples.rs"]
mod trail_samples;

mod acts;
mod away;
mod keys;
mod lists;
mod manual;
mod rights;
mod unwritable;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use kessai_shared::pin::Pin;
use serde_json::Value;
use support::command::{Ended, run};

/// One of the daemons of a shop: the name of its program, and its folder in the shop's.
#[derive(Clone, Copy)]
struct Side {
    program: &'static str,
    folder: &'static str,
    word: &'static str,
}

const SELLER: Side = Side { program: "kessai-server", folder: "seller", word: "seller" };
const SETTLEMENT: Side = Side { program: "kessai-settlement", folder: "settlement", word: "settlement" };

impl Side {
    fn data(self, shop: &Path) -> PathBuf {
        shop.join(self.folder)
    }

    /// Runs a command on the daemon of a shop's folder.
    fn ask(self, shop: &Path, args: &[&str]) -> Ended {
        let data = self.data(shop).display().to_string();
        run([&[self.program], args, &["--data", &data]].concat())
    }

    /// What a command says with `--json`.
    fn json(self, shop: &Path, args: &[&str]) -> Value {
        let out = self.ask(shop, &[args, &["--json"]].concat()).with(0);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// Where it listens for operators, and its pin.
    fn listens(self, shop: &Path) -> (SocketAddr, Pin) {
        let text = fs::read_to_string(self.data(shop).join("operator.address")).expect("an address file");
        let (address, pin) = text.trim().split_once(' ').expect("an address and a pin");
        (address.parse().expect("an address"), pin.parse().expect("a pin"))
    }
}

/// Runs a command on a daemon that is somewhere else. What is knocked with lies beside the key.
fn ask_there(side: Side, (address, pin): (SocketAddr, Pin), key: &Path, args: &[&str]) -> Ended {
    let knock = key.with_extension("knock");
    let knock = knock.exists().then(|| knock.display().to_string());
    let (address, pin, key) = (address.to_string(), pin.to_string(), key.display().to_string());
    let mut words = [&[side.program], args, &["--at", &address, "--pin", &pin, "--key", &key]].concat();
    if let Some(knock) = &knock {
        words.extend(["--knock-key", knock]);
    }
    run(words)
}

/// Has the settlement write what an operator knocks with.
fn hand_over_knock_key(shop: &Path, own: &Pin, key: &Path) {
    let out = key.with_extension("knock").display().to_string();
    SETTLEMENT.ask(shop, &["knock-key", &own.to_string(), "--out", &out]).with(0);
}

/// The pin of an operator's key in a file, which is made with it.
fn make_key(side: Side, key: &Path) -> Pin {
    let said = run([side.program, "operators", "key", "--key", &key.display().to_string()]).with(0);
    said.trim().strip_prefix("operator ").expect("a pin").parse().expect("a pin")
}
