//! Card files for accounts that are known and for new ones, from a shop that runs and one that does not.

use std::fs;
use std::path::Path;

use kessai_settlement::ledger::{Account, Books};
use kessai_settlement::settings::JOURNAL;
use kessai_settlement::vault::Vault;
use kessai_shared::card_file::IssuedCard;
use kessai_shared::sealed_file::Passphrase;
use kessai_shared::store;
use serde_json::Value;

use super::support::books::verify;
use super::support::command::Ended;
use super::support::shop::Shop;
use super::{operate, secret, settlement};

const PASSPHRASE: &str = "correct horse battery";
/// The sample's card that buys what it likes.
const NUMBER: &str = "9999991000000012";

fn issue(folder: &Path, file: &str, more: &[&str]) -> Ended {
    let file = folder.join(file).display().to_string();
    let passphrase = secret(folder, "passphrase", PASSPHRASE);
    let mut args = vec!["--out", &file, "--passphrase-file", &passphrase];
    args.extend(more);
    operate(folder, "issue-card", &args)
}

fn open(folder: &Path, file: &str) -> IssuedCard {
    let passphrase = Passphrase::new(PASSPHRASE).expect("a passphrase");
    IssuedCard::read(&folder.join(file), &passphrase).expect("a card file")
}

/// Buys with a card as its file has it.
fn buy(shop: &Shop, folder: &Path, issued: &IssuedCard) -> Ended {
    let card = &issued.card;
    let (number, name) = (card.number.digits(), card.name.as_str());
    let row = format!("{number},{name},{},{},Issued", card.birth_date, card.expiry);
    let mut terminal = shop.terminal();
    terminal.cards = folder.join("issued.csv");
    fs::write(&terminal.cards, format!("card_number,name,birth_date,expiry,label\n{row}\n"))
        .expect("a table");
    terminal.buy("Issued", &["TEA-MUGI"])
}

const NEW: [&str; 9] = [
    "--new",
    "--name",
    "Ada Newcomer",
    "--birth-date",
    "1990-05-06",
    "--expiry",
    "2090-07",
    "--limit-pence",
    "5000",
];

#[test]
fn cards_are_issued_beside_purchases_and_without_a_shop() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let opening = verify(folder.path()).owed("accounts");
    let (known, new) = issue_both(folder.path(), "running");
    assert_eq!(verify(folder.path()).owed("accounts"), opening + 1);
    buy(&shop, folder.path(), &known).with(0);
    buy(&shop, folder.path(), &new).with(0);
    for act in
        ["a card with an enrolment code for a known account", "a new account and its card with an enrolment"]
    {
        shop.until_said(&format!("operator: {act}"));
    }
    let said = shop.complaints();
    assert!(!said.contains("0012") && !said.contains("Newcomer"), "the log knows nothing of cards: {said}");
    assert_eq!(shop.stop("TERM"), Some(0));
    let (again, other) = issue_both(folder.path(), "stopped");
    assert_eq!(verify(folder.path()).owed("accounts"), opening + 2);
    assert!(
        known.enrolment != again.enrolment && new.enrolment != other.enrolment,
        "every code is a new one"
    );
    assert!(new.card.number != other.card.number);
    let shop = Shop::open(folder.path());
    buy(&shop, folder.path(), &other).with(0);
}

/// Issues a card for a known account and one for a new account.
fn issue_both(folder: &Path, prefix: &str) -> (IssuedCard, IssuedCard) {
    let number = secret(folder, "number", "9999 9910 0000 0012\n");
    let (first, second) = (format!("{prefix}-known"), format!("{prefix}-new"));
    let said = issue(folder, &first, &["--number-file", &number, "--json"]).with(0);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let told = (&said["last"], &said["new"], &said["enrols"], &said["replaces"]);
    assert_eq!(told, (&"0012".into(), &false.into(), &true.into(), &false.into()));
    let known = open(folder, &first);
    assert!(known.card.number.digits() == NUMBER && known.label == "•••• 0012");
    issue(folder, &second, &NEW).with(0);
    let new = open(folder, &second);
    let digits = new.card.number.digits();
    assert!(digits.starts_with("999999") && digits.len() == 16 && new.card.number.passes_luhn());
    assert!(new.card.name.as_str() == "Ada Newcomer" && new.card.expiry.to_string() == "2090-07");
    let pins = operate(folder, "keys", &[]).with(0);
    for issued in [&known, &new] {
        assert!(pins.contains(&issued.issuer_root.to_string()));
        let code = issued.enrolment.as_ref().expect("a code");
        assert_eq!(account(folder, issued).enrolment, Some(code.digest()), "the books know the code's hash");
    }
    (known, new)
}

#[test]
fn a_card_without_a_code_changes_nothing_and_what_cannot_be_issued_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.until_in_charge();
    let books = || verify(folder.path()).settlement;
    let before = books();
    issue(folder.path(), "plain", &["--last", "0012", "--without-holder-key", "--label", "Plain"]).with(0);
    let plain = open(folder.path(), "plain");
    assert!(plain.enrolment.is_none() && plain.label == "Plain" && plain.card.number.digits() == NUMBER);
    assert_eq!(books(), before);
    let number = |name: &str, text: &str| secret(folder.path(), name, text);
    let (unknown, wrong) = (number("unknown", "9999991000000079"), number("wrong", "9999991000000013"));
    let (short, open_to_all) = (number("short", "7 chars"), number("open", NUMBER));
    std::process::Command::new("chmod").args(["644", &open_to_all]).status().expect("chmod is there");
    let refused: [(&[&str], u8, &str); 7] = [
        (&["--number-file", &unknown], 1, "there is no account with this card number"),
        (&["--number-file", &wrong], 1, "its check digit is wrong"),
        (&["--number-file", &open_to_all], 1, "chmod 600"),
        (&["--last", "9876"], 1, "no card number ends in 9876"),
        (&["--last", "0012", "--passphrase-file", &short], 1, "at least 8 characters"),
        (&["--last", "0012", "--label", " x"], 2, "--label"),
        (&[], 2, "there is no terminal to ask on; name a file with --number-file"),
    ];
    for (args, code, why) in refused {
        let file = folder.path().join("refused").display().to_string();
        let passphrase = secret(folder.path(), "passphrase", PASSPHRASE);
        let mut all = vec!["--out", &file];
        if !args.contains(&"--passphrase-file") {
            all.extend(["--passphrase-file", &passphrase]);
        }
        all.extend(args);
        let ended = operate(folder.path(), "issue-card", &all);
        let line = ended.one_line(code.into());
        assert!(line.contains(why), "{line}");
        assert!(!line.contains(NUMBER) && !Path::new(&file).exists(), "{line}");
    }
    let ended = issue(folder.path(), "plain", &["--last", "0012"]);
    assert!(ended.one_line(1).contains("is there already"), "{ended:?}");
    let late =
        ["--new", "--name", "A", "--birth-date", "1990-05-06", "--expiry", "2019-07", "--limit-pence", "1"];
    assert!(issue(folder.path(), "late", &late).one_line(2).contains("this month is over"));
    assert_eq!(issue(folder.path(), "none", &["--new", "--name", "A"]).code, Some(2));
    assert_eq!(books(), before);
    assert!(open(folder.path(), "plain").enrolment.is_none(), "the file that was there is as it was");
    drop(shop);
}

/// The account of a card, as the journal makes it.
fn account(folder: &Path, issued: &IssuedCard) -> Account {
    let data = settlement(folder);
    let vault = Vault::load_or_create(&data.join("keys/vault.key"), &data.join("journal")).expect("keys");
    let (books, _) = store::walk::<Books>(&data, JOURNAL, |_, _, _| ()).expect("a journal");
    let id = books.find(&vault.present(&issued.card).candidates).expect("the card of an account");
    books.account(id).expect("an account").clone()
}
