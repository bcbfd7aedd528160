//! Buying with cards from a wallet, with every process real, and nothing of a card left in plain text.

mod support;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kessai_shared::card_file::{EnrolmentCode, IssuedCard};
use kessai_shared::sealed_file::Passphrase;
use kessai_tui_client::cards;
use kessai_tui_client::shop_file::ShopFile;
use serde_json::Value;
use support::books::verify;
use support::command::{Ended, run};
use support::shop::Shop;
use support::terminal::Terminal;

const PASSPHRASE: &str = "correct horse";

/// A terminal that keeps its cards in a wallet.
struct Shopper {
    terminal: Terminal,
    passphrase: PathBuf,
}

impl Shopper {
    /// A terminal whose wallet has the sample's six cards.
    fn with_the_samples_cards(shop: &Shop, folder: &Path) -> Self {
        let shopper = Self { terminal: shop.terminal(), passphrase: folder.join("passphrase") };
        private(&shopper.passphrase, PASSPHRASE);
        let cards = shopper.terminal.cards.display().to_string();
        let added = shopper.wallet(&["add", "--from-csv", &cards]).with(0);
        assert_eq!(added, "6 cards added\n");
        shopper
    }

    fn wallet(&self, args: &[&str]) -> Ended {
        let mut all: Vec<OsString> = vec!["kessai".into(), "wallet".into()];
        all.extend(args.iter().map(OsString::from));
        all.extend(["--data".into(), self.terminal.data.clone().into_os_string()]);
        run(all.into_iter().chain(self.opened()))
    }

    fn buy(&self, args: &[&str]) -> Ended {
        run(self.terminal.args("buy", args).into_iter().chain(self.opened()))
    }

    fn opened(&self) -> [OsString; 2] {
        ["--passphrase-file".into(), self.passphrase.clone().into_os_string()]
    }

    /// Why a purchase was declined, or that it was not.
    fn reason(&self, args: &[&str], code: i32) -> String {
        let said: Value =
            serde_json::from_str(&self.buy(&[args, &["TEA-MUGI", "--json"]].concat()).with(code))
                .expect("JSON");
        said["reason"].as_str().expect("a reason").to_owned()
    }
}

/// A file that nobody else may read.
fn private(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
}

/// Every way in which something of these cards could stand in a file.
fn traces(cards: &[cards::LabelledCard]) -> Vec<Vec<u8>> {
    let mut traces = Vec::new();
    for card in cards {
        let card = &card.paying.card;
        let digits = card.number.digits();
        let grouped = |by: &str| {
            let groups: Vec<&str> = (0..4).map(|at| &digits[4 * at..4 * at + 4]).collect();
            groups.join(by)
        };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let birth_date = card.birth_date.to_string();
        let words = [
            digits.to_owned(),
            digits.chars().rev().collect(),
            grouped(" "),
            grouped("-"),
            hex(digits.as_bytes()),
            hex(digits.as_bytes()).to_uppercase(),
            card.name.as_str().to_owned(),
            card.name.as_str().to_lowercase(),
            hex(card.name.as_str().as_bytes()),
            birth_date.clone(),
            birth_date.replace('-', ""),
            hex(birth_date.as_bytes()),
        ];
        traces.extend(words.map(String::into_bytes));
        // Two digits in a byte, and the number as a number.
        let pairs = digits.as_bytes().chunks(2);
        traces.push(pairs.map(|pair| pair[0] % 16 * 16 + pair[1] % 16).collect());
        let number: u64 = digits.parse().expect("a number");
        traces.extend([number.to_le_bytes().to_vec(), number.to_be_bytes().to_vec()]);
    }
    traces
}

/// The files below a folder in which a trace is found.
fn found(folder: &Path, traces: &[Vec<u8>]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a name").path();
        if path.is_dir() {
            found.extend(self::found(&path, traces));
        } else {
            let bytes = fs::read(&path).expect("bytes");
            let holds = |trace: &Vec<u8>| bytes.windows(trace.len()).any(|part| part == trace);
            found.extend(traces.iter().any(holds).then_some(path));
        }
    }
    found
}

#[test]
fn a_wallets_cards_buy_as_those_of_a_table_do_and_leave_nothing_in_plain_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let shopper = Shopper::with_the_samples_cards(&shop, folder.path());
    assert_eq!(shopper.reason(&[], 0), "approved", "the first card is the default");
    for (card, reason) in [
        ("over the LIMIT", "over_limit"),
        ("Expired", "expired"),
        ("Delinquent", "delinquent"),
        ("0053", "repayment_history"),
        ("Wrong particulars", "identity_mismatch"),
    ] {
        assert_eq!(shopper.reason(&["--card", card], 10), reason);
    }
    shopper.wallet(&["default", "Expired"]).with(0);
    assert_eq!(shopper.reason(&[], 10), "expired");
    shopper.wallet(&["rename", "Approved", "Tea"]).with(0);
    assert_eq!(shopper.reason(&["--card", "Tea"], 0), "approved");
    shopper.wallet(&["remove", "Expired"]).with(0);
    assert_eq!(shopper.reason(&[], 0), "approved");
    let second = folder.path().join("second");
    private(&second, "quite another one");
    shopper.wallet(&["passphrase", "--new-passphrase-file", &second.display().to_string()]).with(0);
    let shopper = Shopper { passphrase: second, ..shopper };
    assert_eq!(shopper.reason(&["--order-id", "01960000-0000-7000-8000-000000000001"], 0), "approved");
    let listed = shopper.wallet(&["list"]).with(0) + &shopper.wallet(&["list", "--json"]).with(0);
    let cards = cards::load(&shopper.terminal.cards).expect("the sample's cards");
    let traces = traces(&cards);
    assert_eq!(found(&shopper.terminal.data, &traces), Vec::<PathBuf>::new());
    assert!(!traces.iter().any(|trace| listed.as_bytes().windows(trace.len()).any(|part| part == trace)));
    // The scan finds what is there: a table in plain text lies in the folder of the sample.
    assert_eq!(found(&folder.path().join("sample"), &traces).len(), 2);
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("approved")), (10, 4));
}

#[test]
fn a_card_file_is_imported_and_pays() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let shopper = Shopper { terminal: shop.terminal(), passphrase: folder.path().join("passphrase") };
    private(&shopper.passphrase, PASSPHRASE);
    let letter = folder.path().join("letter");
    private(&letter, "by letter");
    let approved = cards::load(&shopper.terminal.cards).expect("the sample's cards").remove(0);
    let root = ShopFile::read(&shop.file()).expect("shop.toml").issuer_roots[0];
    let (card, label) = (approved.paying.card.clone(), "Issued".to_owned());
    let issued = IssuedCard { label, card, issuer_root: root, enrolment: None };
    let passphrase = Passphrase::new("by letter").expect("a passphrase");
    let file = folder.path().join("issued.card");
    issued.write(&file, &passphrase).expect("a card file");
    let keyed = IssuedCard { enrolment: Some(EnrolmentCode([9; 32])), ..issued };
    let keyed_file = folder.path().join("keyed.card");
    keyed.write(&keyed_file, &passphrase).expect("a card file");
    let (file, letter) = (file.display().to_string(), letter.display().to_string());
    shopper.wallet(&["import", &file, "--card-passphrase-file", &letter]).with(0);
    assert_eq!(shopper.reason(&[], 0), "approved");
    assert_eq!(shopper.reason(&["--card", "issued"], 0), "approved");
    // The same card again, with a code this time, takes the place of the one without.
    let keyed_file = keyed_file.display().to_string();
    let import = ["import", &keyed_file, "--card-passphrase-file", &letter, "--label", "Keyed"];
    assert!(shopper.wallet(&import).with(0).contains("a key that its next purchase enrols"));
    assert!(shopper.wallet(&["list"]).with(0).trim_end().ends_with("key"));
    // A card with a key is only replaced when that is what is wanted: the file may be an older one.
    assert!(shopper.wallet(&import).one_line(1).contains("as 'Keyed', with a key"));
    assert!(
        shopper.wallet(&["import", &file, "--card-passphrase-file", &letter]).one_line(1).contains("key")
    );
    let again = [&import[..], &["--replace"]].concat();
    assert!(shopper.wallet(&again).with(0).contains("in the place of the same card"));
    assert_eq!(shopper.wallet(&["list"]).with(0).lines().count(), 1);
    // Its last digits name a card, too.
    shopper.wallet(&["rename", "0012", "Mine"]).with(0);
    let traces = traces(&[approved]);
    assert_eq!(found(&shopper.terminal.data, &traces), Vec::<PathBuf>::new());
    let beside = [file, keyed_file].map(|file| fs::read(file).expect("a card file"));
    assert!(
        !beside
            .iter()
            .any(|bytes| { traces.iter().any(|trace| bytes.windows(trace.len()).any(|part| part == trace)) })
    );
}

#[test]
fn a_wallet_that_does_not_open_buys_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let shopper = Shopper::with_the_samples_cards(&shop, folder.path());
    let wrong = folder.path().join("wrong");
    private(&wrong, "incorrect horse");
    let exposed = folder.path().join("exposed");
    fs::write(&exposed, PASSPHRASE).expect("written");
    fs::set_permissions(&exposed, fs::Permissions::from_mode(0o644)).expect("permissions");
    let none = folder.path().join("none").display().to_string();
    let table = shopper.terminal.cards.display().to_string();
    let passphrase = |path: &Path| path.display().to_string();
    let right = passphrase(&shopper.passphrase);
    for (args, code, why) in [
        (
            &["--passphrase-file", &passphrase(&wrong)][..],
            1,
            "the passphrase is wrong or the file was changed",
        ),
        (&["--passphrase-file", &passphrase(&exposed)], 1, "run `chmod 600"),
        (&["--passphrase-file", &none], 1, "cannot be read"),
        (&[], 2, "there is no terminal to ask on"),
        (
            &["--passphrase-file", &right, "--card", "Nobody's"],
            1,
            "wallet.kessai: there is no such card in it",
        ),
        (&["--passphrase-file", &right, "--wallet", &none], 1, "there is no wallet"),
        (&["--passphrase-file", &right, "--wallet", &table], 1, "is not a sealed file of Kessai"),
    ] {
        let ended = run(shopper.terminal.args("buy", &[&["TEA-MUGI"], args].concat()));
        let line = ended.one_line(code);
        assert!(line.starts_with("kessai: ") && line.contains(why), "{line}");
    }
    let both =
        run(shopper.terminal.args("buy", &["TEA-MUGI", "--cards", &table, "--passphrase-file", &right]));
    assert!(both.complaint(2)[0].contains("cannot be used with"), "{both:?}");
    let stranger = Terminal::of(folder.path(), "stranger");
    let nothing = run(stranger.args("buy", &["TEA-MUGI"]));
    assert!(nothing.one_line(2).contains("there is no card to pay with"), "{nothing:?}");
    assert_eq!(verify(folder.path()).sold("orders"), 0);
    // A plain table still serves, wallet or not.
    shopper.terminal.buy("Approved", &["TEA-MUGI"]).with(0);
    stranger.buy("Approved", &["TEA-MUGI"]).with(0);
}
