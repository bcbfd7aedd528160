//! The wallet's commands as scripts run them: files for passphrases, one line for each mistake.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kessai_shared::card_file::{EnrolmentCode, IssuedCard};
use kessai_shared::pin::Pin;
use kessai_shared::sealed_file::Passphrase;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kessai");
const HEADER: &str = "card_number,name,birth_date,expiry,label\n";

/// Commands that cannot be carried out: how each ends, and what its one line says.
const MISTAKES: &[(&str, i32, &str)] = &[
    ("wallet list", 2, "no terminal to ask on; name a file that holds the passphrase"),
    ("wallet add", 2, "no terminal to ask on; name a table of cards with --from-csv"),
    ("wallet add --passphrase-file @pass", 2, "no terminal to ask on; name a table of cards"),
    ("wallet list --passphrase-file @wrong", 1, "the passphrase is wrong or the file was changed"),
    ("wallet list --passphrase-file @none", 1, "none: cannot be read: No such file"),
    ("wallet list --passphrase-file @exposed", 1, "run `chmod 600"),
    (
        "wallet list --passphrase-file @empty",
        1,
        "empty: its first line is no passphrase: a passphrase cannot",
    ),
    ("wallet list --passphrase-file @blank", 1, "blank: its first line is no passphrase"),
    ("wallet list --passphrase-file @long", 1, "at most 1024 bytes"),
    ("wallet list --passphrase-file @data", 1, "data: cannot be read: Is a directory"),
    ("wallet list --wallet @none --passphrase-file @pass", 1, "none: there is no wallet; make one with"),
    ("wallet list --wallet @bare --passphrase-file @pass", 1, "run `chmod 600"),
    ("wallet list --wallet @changed --passphrase-file @pass", 1, "or the file was changed"),
    ("wallet list --wallet @cut --passphrase-file @pass", 1, "cut short or was changed"),
    ("wallet list --wallet @newer --passphrase-file @pass", 1, "version 9 of the format by a newer program"),
    (
        "wallet list --wallet @cards.csv --passphrase-file @pass",
        1,
        "cards.csv: is not a sealed file of Kessai",
    ),
    ("wallet list --wallet @data --passphrase-file @pass", 1, "data: cannot be read: Is a directory"),
    (
        "wallet list --wallet @issued.card --passphrase-file @letter",
        1,
        "is a card file of an issuer, expected a card wallet",
    ),
    ("wallet add --wallet @new --from-csv @cards.csv --passphrase-file @short", 1, "at least 8 characters"),
    ("wallet add --from-csv @none --passphrase-file @pass", 1, "none: cannot be read"),
    (
        "wallet add --from-csv @cards.csv --passphrase-file @pass",
        1,
        "there is a card 'Everyday' in it already",
    ),
    (
        "wallet add --from-csv @twice.csv --passphrase-file @pass",
        1,
        "•••• 1746 is in it already, as 'Everyday'",
    ),
    ("wallet add --from-csv @label.csv --passphrase-file @pass", 1, "a label has 1 to 64 bytes"),
    (
        "wallet import @data/wallet.kessai --card-passphrase-file @pass --passphrase-file @pass",
        1,
        "is a card wallet, expected a card file of an issuer",
    ),
    (
        "wallet import @none --card-passphrase-file @letter --passphrase-file @pass",
        1,
        "none: there is no such card file",
    ),
    (
        "wallet import @issued.card --card-passphrase-file @wrong --passphrase-file @pass",
        1,
        "issued.card: does not open",
    ),
    (
        "wallet import @issued.card --card-passphrase-file @letter --passphrase-file @pass --label Everyday",
        1,
        "there is a card 'Everyday' in it already",
    ),
    ("wallet import @issued.card --passphrase-file @pass", 2, "no terminal to ask on"),
    ("wallet remove Nobody --passphrase-file @pass", 1, "there is no card 'Nobody' in it"),
    ("wallet default Nobody --passphrase-file @pass", 1, "there is no card 'Nobody' in it"),
    ("wallet rename Nobody Else --passphrase-file @pass", 1, "there is no card 'Nobody' in it"),
    ("wallet passphrase --passphrase-file @pass", 2, "no terminal to ask on"),
    (
        "wallet passphrase --passphrase-file @pass --new-passphrase-file @short",
        1,
        "short: a new passphrase has at least 8 characters",
    ),
    ("buy TEA --shop @none --passphrase-file @wrong", 1, "the passphrase is wrong or the file was changed"),
    ("buy TEA --shop @none --passphrase-file @pass --card Nobody", 1, "there is no such card in it"),
    ("buy TEA --shop @none --wallet @none --passphrase-file @pass", 1, "none: there is no wallet"),
    ("shop --shop @none --passphrase-file @pass", 2, "this needs a terminal"),
];

/// A terminal's folder, and files for its wallet.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.put("pass", "correct horse\n");
        place.put("wrong", "incorrect horse\n");
        place.put(
            "cards.csv",
            &format!("{HEADER}5391827364501746,Ada Lovelace,1981-12-09,2029-08,Everyday\n"),
        );
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file that nobody else may read.
    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
        path
    }

    /// Arguments in which `@name` stands for the path of that file, run without a terminal.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        for word in line.split(' ') {
            match word.strip_prefix('@') {
                Some(name) => command.arg(self.path(name)),
                None => command.arg(word),
            };
        }
        command.arg("--data").arg(self.path("data")).stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(line).output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (status.code().expect("a code"), text(stdout), text(stderr))
    }

    fn done(&self, line: &str) -> String {
        let (code, out, err) = self.run(line);
        assert_eq!((code, err.as_str()), (0, ""), "{line}: {out}");
        out
    }

    fn json(&self) -> serde_json::Value {
        let out = self.done("wallet list --json --passphrase-file @pass");
        serde_json::from_str(&out).expect("JSON")
    }

    /// A wallet, and files that are not as they should be.
    fn put_what_is_wrong(&self) {
        self.done("wallet add --from-csv @cards.csv --passphrase-file @pass");
        self.issue("issued.card", None);
        let exposed = self.put("exposed", "correct horse\n");
        fs::set_permissions(&exposed, fs::Permissions::from_mode(0o644)).expect("permissions");
        let bare = self.put("bare", "");
        fs::copy(self.path("data/wallet.kessai"), &bare).expect("copied");
        fs::set_permissions(&bare, fs::Permissions::from_mode(0o644)).expect("permissions");
        let mut changed = fs::read(self.path("data/wallet.kessai")).expect("bytes");
        *changed.last_mut().expect("a byte") ^= 1;
        fs::write(self.put("changed", ""), &changed).expect("written");
        fs::write(self.put("cut", ""), &changed[..100]).expect("written");
        changed[8] = 9;
        fs::write(self.put("newer", ""), &changed).expect("written");
        self.put("empty", "");
        self.put("blank", "\nsecond\n");
        self.put("short", "1234567");
        self.put("long", &"x".repeat(2_000));
        self.put("twice.csv", &format!("{HEADER}5391827364501746,Ada Lovelace,1981-12-09,2029-08,Other\n"));
        self.put(
            "label.csv",
            &format!("{HEADER}5391827364501740,Ada Lovelace,1981-12-09,2029-08,{}\n", "x".repeat(70)),
        );
    }

    fn issue(&self, name: &str, enrolment: Option<EnrolmentCode>) {
        let card = kessai_shared::card::Particulars {
            number: "6847291538204913".parse().expect("a number"),
            name: "Ada Lovelace".parse().expect("a name"),
            birth_date: "1981-12-09".parse().expect("a day"),
            expiry: "2030-01".parse().expect("a month"),
        };
        let card = IssuedCard { label: "Issued".into(), card, issuer_root: Pin([0xab; 32]), enrolment };
        let passphrase = Passphrase::new("by letter").expect("a passphrase");
        card.write(&self.path(name), &passphrase).expect("a card file");
        self.put("letter", "by letter");
    }
}

#[test]
fn a_wallet_from_the_first_card_to_the_last() {
    let place = Place::new();
    let added = place.done("wallet add --from-csv @cards.csv --passphrase-file @pass");
    assert_eq!(added, "1 card added\n");
    assert!(place.path("data").join("wallet.kessai").exists());
    place.issue("issued.card", Some(EnrolmentCode([9; 32])));
    let imported = place.done(
        "wallet import @issued.card --card-passphrase-file @letter --passphrase-file @pass --label Blue",
    );
    assert!(
        imported.starts_with("'Blue' imported, with a key that its next purchase enrols; "),
        "{imported}"
    );
    let listed = place.done("wallet list --passphrase-file @pass");
    assert_eq!(
        listed,
        "* Everyday  •••• 1746  2029-08\n  Blue      •••• 4913  2030-01  issuer abababab  key\n"
    );
    assert_eq!(place.done("wallet default blue --passphrase-file @pass"), "'Blue' is the default now\n");
    place.done("wallet rename Blue Green --passphrase-file @pass");
    let blue = serde_json::json!({
        "label": "Green", "number": "•••• 4913", "expiry": "2030-01", "issuer_root": "ab".repeat(32),
        "holder_key": true, "default": true,
    });
    assert_eq!(place.json()[1], blue);
    let (code, out, err) = place.run("wallet remove Green --passphrase-file @pass");
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains("--forget-key"), "{err}");
    let removed = place.done("wallet remove Green --forget-key --passphrase-file @pass");
    assert_eq!(removed, "'Green' removed\n'Everyday' is the default now\n");
    place.put("new", "quite another one");
    place.done("wallet passphrase --passphrase-file @pass --new-passphrase-file @new");
    let (code, _, err) = place.run("wallet list --passphrase-file @pass");
    assert!(code == 1 && err.contains("does not open"), "{err}");
    assert_eq!(place.done("wallet list --passphrase-file @new"), "* Everyday  •••• 1746  2029-08\n");
}

#[test]
fn a_card_without_a_code_has_no_key() {
    let place = Place::new();
    place.issue("issued.card", None);
    let told = place.done(
        "wallet import @issued.card --card-passphrase-file @letter --passphrase-file @pass --wallet @w",
    );
    assert!(told.starts_with("'Issued' imported; delete "), "{told}");
    let listed = place.done("wallet list --wallet @w --passphrase-file @pass");
    assert_eq!(listed, "* Issued  •••• 4913  2030-01  issuer abababab\n");
    assert!(!place.path("data").exists(), "a wallet elsewhere is all there is");
}

#[test]
fn each_mistake_is_one_clear_line() {
    let place = Place::new();
    place.put_what_is_wrong();
    let before = fs::read(place.path("data/wallet.kessai")).expect("bytes");
    for (line, code, why) in MISTAKES {
        let (got, out, err) = place.run(line);
        assert_eq!((got, out.as_str(), err.lines().count()), (*code, "", 1), "{line}: {err}");
        assert!(err.starts_with("kessai: ") && err.contains(*why), "{line}: {err}");
        assert!(!err.contains("53918273") && !err.contains("correct horse"), "{line}: {err}");
    }
    assert_eq!(fs::read(place.path("data/wallet.kessai")).expect("bytes"), before);
    assert!(!place.path("new").exists());
}

#[test]
fn without_a_wallet_a_purchase_needs_a_table() {
    let place = Place::new();
    let (code, out, err) = place.run("buy TEA --shop @none");
    assert_eq!((code, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
    assert!(err.contains("there is no card to pay with: add one with `kessai wallet add`"), "{err}");
    // Whoever names a passphrase means a wallet.
    for line in ["buy TEA --shop @none --passphrase-file @pass", "wallet list --passphrase-file @pass"] {
        let (code, _, err) = place.run(line);
        assert!(
            code == 1 && err.contains("wallet.kessai: there is no wallet; make one with"),
            "{line}: {err}"
        );
    }
    let (code, _, err) = place.run("buy TEA --shop @none --cards @cards.csv --wallet @none");
    assert!(code == 2 && err.contains("cannot be used with"), "{err}");
}

#[test]
fn processes_that_add_at_once_lose_no_card() {
    const MANY: usize = 6;
    let place = Place::new();
    let start = |at: usize| {
        let row = format!("{HEADER}53918273645{at:05},Ada Lovelace,1981-12-09,2029-08,card {at}\n");
        place.put(&format!("{at}.csv"), &row);
        let line = format!("wallet add --from-csv @{at}.csv --passphrase-file @pass");
        place.command(&line).stdout(Stdio::null()).spawn().expect("it runs")
    };
    let running: Vec<_> = (0..MANY).map(start).collect();
    for mut child in running {
        assert!(child.wait().expect("a child of ours").success());
    }
    assert_eq!(place.json().as_array().map(Vec::len), Some(MANY));
    let left = |path: &Path| fs::read_dir(path).expect("a folder").count();
    assert_eq!(left(&place.path("data")), 2, "the wallet and its lock, and no draft");
}
