//! A card that was issued with a code: its wallet's key is enrolled by the first purchase, and from
//! then on whoever knows all that stands on the card buys nothing with it.

mod support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::books::verify;
use support::command::{Ended, run};
use support::shop::Shop;
use support::terminal::Terminal;

/// The card that the sample approves; its last four digits.
const LAST: &str = "0012";
/// A terminal's folder, whose wallet is its own.
struct Holder {
    terminal: Terminal,
    passphrase: PathBuf,
}

impl Holder {
    fn new(folder: &Path, name: &str) -> Self {
        let passphrase = folder.join("passphrase");
        fs::write(&passphrase, "correct horse").expect("written");
        fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).expect("permissions");
        Self { terminal: Terminal::of(folder, name), passphrase }
    }

    fn import(&self, card: &Path) -> Ended {
        let args = ["kessai", "wallet", "import", &card.display().to_string()].map(OsString::from);
        let data = ["--data".into(), self.terminal.data.clone().into_os_string()];
        let from = ["--card-passphrase-file".into(), self.passphrase.clone().into_os_string()];
        run(args.into_iter().chain(data).chain(self.opened()).chain(from))
    }

    /// Buys with the card of the wallet; the exit code and the reason.
    fn buys(&self, code: i32) -> String {
        let args = self.terminal.args("buy", &["TEA-MUGI", "--json"]);
        reason(run(args.into_iter().chain(self.opened())), code)
    }

    fn opened(&self) -> [OsString; 2] {
        ["--passphrase-file".into(), self.passphrase.clone().into_os_string()]
    }
}

fn reason(ended: Ended, code: i32) -> String {
    let said: Value = serde_json::from_str(&ended.with(code)).expect("JSON");
    said["reason"].as_str().expect("a reason").to_owned()
}

/// Has a card file made for the account, by a settlement that runs.
fn issue(folder: &Path, holder: &Holder, name: &str, more: &[&str]) -> PathBuf {
    let (out, data) = (folder.join(name), folder.join("settlement"));
    let mut args: Vec<OsString> =
        ["kessai-settlement", "issue-card", "--last", LAST].map(OsString::from).into();
    args.extend(["--data".into(), data.into_os_string(), "--out".into(), out.clone().into_os_string()]);
    args.extend(more.iter().map(OsString::from));
    run(args.into_iter().chain(holder.opened())).with(0);
    out
}

#[test]
fn a_stolen_number_with_all_that_belongs_to_it_buys_nothing_once_a_key_is_enrolled() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let (owner, thief) = (Holder::new(folder.path(), "owner"), shop.terminal());
    let stolen = |code| reason(thief.buy("Approved", &["TEA-MUGI", "--json"]), code);
    assert_eq!(stolen(0), "approved", "a card without a key pays for whoever knows it");

    // A file that a newer one has voided does not pass for one that protects.
    let (void, card) = (issue(folder.path(), &owner, "void", &[]), issue(folder.path(), &owner, "card", &[]));
    let misled = Holder::new(folder.path(), "misled");
    misled.import(&void).with(0);
    assert_eq!(misled.buys(10), "holder_key");
    owner.import(&card).with(0);
    assert_eq!(owner.buys(0), "approved", "the first purchase enrols the key");
    assert_eq!(stolen(10), "holder_key");
    assert_eq!(owner.buys(0), "approved");

    // Whoever finds the card file and its passphrase finds its code used up.
    let finder = Holder::new(folder.path(), "finder");
    finder.import(&card).with(0);
    assert_eq!(finder.buys(10), "holder_key");
    // The one without a code changes nothing and enrols nothing.
    let plain = issue(folder.path(), &owner, "plain", &["--without-holder-key"]);
    let other = Holder::new(folder.path(), "other");
    other.import(&plain).with(0);
    assert_eq!(other.buys(10), "holder_key");
    assert_eq!(owner.buys(0), "approved");

    // The owner loses the wallet. From the new file on the old key is void, and so is the bare card.
    let replacement = issue(folder.path(), &owner, "replacement", &[]);
    assert_eq!((owner.buys(10), stolen(10)), ("holder_key".to_owned(), "holder_key".to_owned()));
    let again = Holder::new(folder.path(), "again");
    again.import(&replacement).with(0);
    assert_eq!((again.buys(0), owner.buys(10)), ("approved".to_owned(), "holder_key".to_owned()));

    // Guesses at a card with a key are not counted against its owner.
    for _ in 0..6 {
        assert_eq!(stolen(10), "holder_key");
    }
    assert_eq!(again.buys(0), "approved");
    assert_eq!(shop.stop("TERM"), Some(0));
    let shop = Shop::open(folder.path());
    assert_eq!((again.buys(0), stolen(10)), ("approved".to_owned(), "holder_key".to_owned()));
    shop.kill();
    verify(folder.path());
}

#[test]
fn a_policy_that_asks_for_keys_leaves_cards_without_one_at_home() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    let policy = folder.path().join("settlement").join("policy.toml");
    fs::write(&policy, "require_holder_key = true\n").expect("a policy");
    let shop = Shop::open(folder.path());
    let (owner, bare) = (Holder::new(folder.path(), "owner"), shop.terminal());
    let without = |code| reason(bare.buy("Approved", &["TEA-MUGI", "--json"]), code);
    assert_eq!(without(10), "holder_key");
    owner.import(&issue(folder.path(), &owner, "card", &[])).with(0);
    assert_eq!((owner.buys(0), without(10)), ("approved".to_owned(), "holder_key".to_owned()));
}

#[test]
fn a_card_of_another_issuer_is_sealed_for_nobody_here() {
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (shop, other) = (Shop::open(here.path()), Shop::open(there.path()));
    let stranger = Holder::new(here.path(), "stranger");
    let theirs = Holder::new(there.path(), "owner");
    stranger.import(&issue(there.path(), &theirs, "card", &[])).with(0);
    let args = stranger.terminal.args("buy", &["TEA-MUGI"]);
    let ended = run(args.into_iter().chain(stranger.opened()));
    assert!(ended.one_line(1).contains("issuer"), "{ended:?}");
    shop.kill();
    other.kill();
    let books = verify(here.path());
    assert_eq!((books.sold("orders"), books.owed("decisions")), (0, 0), "nothing left the terminal");
}
