//! The wallet: what it keeps, what it refuses, and that nobody reads it without its passphrase.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::card_file::{EnrolmentCode, IssuedCard, MAX_LABEL_BYTES};
use kessai_shared::identity::verify;
use kessai_shared::pin::Pin;
use kessai_shared::sealed_file::{self, Cost, Kind, Passphrase, SealedFileError, SealedFileFault};
use kessai_tui_client::cards::find;
use kessai_tui_client::wallet::{Entry, MAX_CARDS, Wallet, WalletError, WalletFault, WalletFile};
use support::{CARD_NUMBERS, particulars};
use tempfile::TempDir;

/// The least that Argon2 takes.
const CHEAP: Cost = match Cost::new(8, 1, 1) {
    Some(cost) => cost,
    None => panic!("a cost within the limits"),
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).expect("a passphrase")
}

fn right() -> Passphrase {
    passphrase("correct horse")
}

fn at(folder: &Path) -> WalletFile {
    WalletFile::at_cost(folder.join("wallet.kessai"), CHEAP)
}

/// The number of the card that is made `at` this place.
fn number(at: usize) -> String {
    format!("53918273645{at:05}")
}

fn entry(label: &str, at: usize) -> Entry {
    Entry::plain(label.to_owned(), particulars(&number(at)))
}

fn issued(label: &str, at: usize) -> Entry {
    let enrolment = Some(EnrolmentCode([9; 32]));
    let card = IssuedCard {
        label: label.into(),
        card: particulars(&number(at)),
        issuer_root: Pin([7; 32]),
        enrolment,
    };
    Entry::issued(card).expect("an entry")
}

/// A wallet with cards A, B and C, of which A is the default.
fn three() -> (TempDir, WalletFile) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = at(folder.path());
    let entries = ["A", "B", "C"].iter().enumerate().map(|(at, label)| entry(label, at)).collect();
    file.change(&right(), |wallet| wallet.add_all(entries)).expect("three cards");
    (folder, file)
}

fn labels(wallet: &Wallet) -> Vec<String> {
    wallet.entries().iter().map(|entry| entry.label.clone()).collect()
}

/// What the wallet in this file is made of: its labels, and the default.
fn seen(file: &WalletFile) -> (Vec<String>, Option<String>) {
    let wallet = file.read(&right()).expect("it opens");
    (labels(&wallet), wallet.default_label().map(str::to_owned))
}

fn fault(error: WalletError) -> WalletFault {
    match error {
        WalletError::Fault(_, fault) => fault,
        other => panic!("{other}"),
    }
}

fn sealed_fault(error: WalletError) -> SealedFileFault {
    match error {
        WalletError::Sealed(SealedFileError { fault, .. }) => fault,
        other => panic!("{other}"),
    }
}

#[test]
fn cards_come_back_as_they_were_and_the_first_is_the_default() {
    let (_folder, file) = three();
    assert_eq!(seen(&file), (vec!["A".into(), "B".into(), "C".into()], Some("A".into())));
    let wallet = file.read(&right()).expect("it opens");
    let card = &wallet.entries()[1].card;
    assert_eq!((card.number.digits(), card.name.as_str()), (number(1).as_str(), "Ada Lovelace"));
    assert_eq!(
        (card.birth_date.to_string(), card.expiry.to_string()),
        ("1981-12-09".into(), "2029-08".into())
    );
}

#[test]
fn the_default_comes_first_wherever_it_stands() {
    let (_folder, file) = three();
    for (default, order) in [("C", "CAB"), ("b", "BAC"), ("A", "ABC")] {
        file.change(&right(), |wallet| wallet.choose(default)).expect("a card");
        let cards = file.read(&right()).expect("it opens").cards().expect("cards");
        assert_eq!(cards.iter().map(|card| card.label.as_str()).collect::<String>(), order);
    }
    assert!(Wallet::default().cards().expect("no cards").is_empty());
}

#[test]
fn what_is_removed_is_gone_and_the_default_stays_the_same_card() {
    for (default, removed, left, then) in [
        ("A", "A", "BC", Some("B")),
        ("B", "A", "BC", Some("B")),
        ("C", "A", "BC", Some("C")),
        ("C", "C", "AB", Some("A")),
        ("A", "c", "AB", Some("A")),
        ("B", "C", "AB", Some("B")),
    ] {
        let (_folder, file) = three();
        file.change(&right(), |wallet| wallet.choose(default)).expect("a card");
        file.change(&right(), |wallet| wallet.remove(removed, false).map(drop)).expect("removed");
        let (labels, now) = seen(&file);
        assert_eq!((labels.concat().as_str(), now.as_deref()), (left, then), "{default} {removed}");
    }
    let (_folder, file) = three();
    for label in ["A", "B", "C"] {
        file.change(&right(), |wallet| wallet.remove(label, false).map(drop)).expect("removed");
    }
    assert_eq!(seen(&file), (vec![], None));
    file.change(&right(), |wallet| wallet.add(entry("D", 3))).expect("added");
    assert_eq!(seen(&file), (vec!["D".into()], Some("D".into())));
}

#[test]
fn labels_and_numbers_are_there_once() {
    let (_folder, file) = three();
    for label in ["A", "a"] {
        let refused = file.change(&right(), |wallet| wallet.add(entry(label, 9))).expect_err("a label twice");
        assert_eq!(fault(refused), WalletFault::LabelTaken(label.into()));
        let refused = file.change(&right(), |wallet| wallet.rename("B", label)).expect_err("a label twice");
        assert_eq!(fault(refused), WalletFault::LabelTaken(label.into()));
    }
    let refused = file.change(&right(), |wallet| wallet.add(entry("D", 1))).expect_err("a number twice");
    let told = refused.to_string();
    assert!(told.ends_with("the card •••• 0001 is in it already, as 'B'"), "{told}");
    assert!(!told.contains(&number(1)));
    file.change(&right(), |wallet| wallet.rename("a", "a little")).expect("another label");
    file.change(&right(), |wallet| wallet.rename("B", "b")).expect("its own label");
    assert_eq!(seen(&file), (vec!["a little".into(), "b".into(), "C".into()], Some("a little".into())));
}

#[test]
fn what_is_not_there_is_named() {
    let (_folder, file) = three();
    let nobody = || WalletFault::NoSuchCard("X".into());
    let removed = file.change(&right(), |wallet| wallet.remove("X", true).map(drop));
    assert_eq!(fault(removed.expect_err("no card")), nobody());
    assert_eq!(fault(file.change(&right(), |wallet| wallet.choose("X")).expect_err("no card")), nobody());
    assert_eq!(
        fault(file.change(&right(), |wallet| wallet.rename("X", "Y")).expect_err("no card")),
        nobody()
    );
    for bad in ["", " D", "D\u{7}", &"x".repeat(MAX_LABEL_BYTES + 1)] {
        let refused = file.change(&right(), |wallet| wallet.rename("A", bad)).expect_err("no label");
        assert!(matches!(fault(refused), WalletFault::BadLabel(_)), "{bad}");
        let refused = file.change(&right(), |wallet| wallet.add(entry(bad, 9))).expect_err("no label");
        assert!(matches!(fault(refused), WalletFault::BadLabel(_)), "{bad}");
    }
}

#[test]
fn a_wallet_keeps_a_hundred_cards_and_takes_several_in_or_none() {
    let (_folder, file) = three();
    let before = fs::read(file.path()).expect("bytes");
    let several = vec![entry("D", 3), entry("a", 4), entry("E", 1), entry("F", 5)];
    let refused = file.change(&right(), |wallet| wallet.add_all(several)).expect_err("two of them");
    let told = refused.to_string();
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.lines().all(|line| line.starts_with(&file.path().display().to_string())), "{told}");
    assert_eq!(fs::read(file.path()).expect("bytes"), before, "what is refused is not written");
    let mut wallet = file.read(&right()).expect("it opens");
    assert!(wallet.add_all(vec![entry("D", 3), entry("a", 4), entry("E", 5)]).is_err());
    assert_eq!(labels(&wallet).concat(), "ABC", "all of them or none");
    let long = "x".repeat(MAX_LABEL_BYTES - 3);
    let more = |from: usize, to: usize| (from..to).map(|at| issued(&format!("{long}{at:03}"), at)).collect();
    let refused =
        file.change(&right(), |wallet| wallet.add_all(more(3, MAX_CARDS + 9))).expect_err("too many");
    assert_eq!(fault(refused), WalletFault::Several(vec![WalletFault::Full]));
    file.change(&right(), |wallet| wallet.add_all(more(3, MAX_CARDS))).expect("a hundred cards");
    assert_eq!(seen(&file).0.len(), MAX_CARDS);
    assert!(file.change(&right(), |wallet| wallet.add(entry("one more", 1_000))).is_err());
    file.change(&right(), |wallet| wallet.remove("B", false).map(drop)).expect("removed");
    file.change(&right(), |wallet| wallet.add(entry("one more", 1_000))).expect("room again");
}

#[test]
fn a_card_with_a_code_has_a_key_that_stays_the_same_and_is_not_lost_by_accident() {
    let (_folder, file) = three();
    file.change(&right(), |wallet| wallet.add_all(vec![issued("D", 3), issued("E", 4)])).expect("two cards");
    let keys = || -> Vec<[u8; 32]> {
        let cards = file.read(&right()).expect("it opens").cards().expect("cards");
        assert!(find(&cards, "A").is_some_and(|card| card.paying.holder.is_none()));
        assert!(find(&cards, "A").is_some_and(|card| card.paying.issuer.is_none()));
        let key = |label| {
            let paying = &find(&cards, label).expect("a card").paying;
            assert_eq!(paying.issuer, Some(Pin([7; 32])));
            let holder = paying.holder.as_ref().expect("a key");
            assert!(holder.enrolment == Some(EnrolmentCode([9; 32])));
            assert!(verify(&holder.key.public(), b"buy", &holder.key.sign(b"buy")));
            holder.key.public()
        };
        vec![key("D"), key("E")]
    };
    let before = keys();
    assert_ne!(before[0], before[1]);
    file.change_passphrase(&right(), &right()).expect("sealed anew");
    file.change(&right(), |wallet| wallet.rename("A", "AA").and_then(|()| wallet.rename("AA", "A")))
        .expect("a name");
    assert_eq!(keys(), before);
    let refused = file.change(&right(), |wallet| wallet.remove("d", false).map(drop)).expect_err("a key");
    assert!(refused.to_string().contains("--forget-key"), "{refused}");
    assert_eq!(keys(), before);
    file.change(&right(), |wallet| wallet.remove("d", true).map(drop)).expect("removed");
    assert_eq!(seen(&file).0.concat(), "ABCE");
}

#[test]
fn only_the_passphrase_of_now_opens_it() {
    let (_folder, file) = three();
    let wrong = passphrase("incorrect horse");
    assert!(matches!(sealed_fault(file.read(&wrong).err().expect("wrong")), SealedFileFault::Closed));
    let before = fs::read(file.path()).expect("bytes");
    assert!(file.change(&wrong, |wallet| wallet.add(entry("D", 3))).is_err_and(|error| error.is_closed()));
    assert!(file.change_passphrase(&wrong, &right()).is_err_and(|error| error.is_closed()));
    assert_eq!(fs::read(file.path()).expect("bytes"), before);
    file.change_passphrase(&right(), &wrong).expect("a new passphrase");
    assert!(file.read(&right()).is_err() && file.read(&wrong).is_ok());
}

#[test]
fn a_new_passphrase_comes_with_the_cost_of_a_new_wallet_and_a_change_keeps_it() {
    let (_folder, file) = three();
    let cost =
        |file: &WalletFile| sealed_file::read(file.path(), Kind::Wallet, &right()).expect("it opens").1;
    let dearer = Cost::new(16, 2, 1).expect("a cost");
    let later = WalletFile::at_cost(file.path().to_owned(), dearer);
    later.change(&right(), |wallet| wallet.add(entry("D", 3))).expect("added");
    assert_eq!(cost(&later), CHEAP);
    later.change_passphrase(&right(), &right()).expect("sealed anew");
    assert_eq!(cost(&later), dearer);
}

#[test]
fn a_file_that_is_no_sound_wallet_is_refused_and_kept() {
    let (folder, file) = three();
    let twice: Vec<Entry> = vec![entry("A", 1), entry("A", 2)];
    let same: Vec<Entry> = vec![entry("A", 1), entry("B", 1)];
    let one: Vec<Entry> = vec![entry("A", 1)];
    let many: Vec<Entry> = (0..=MAX_CARDS).map(|at| entry(&format!("{at}"), at)).collect();
    let encoded = |value: (Vec<Entry>, u32)| [&[1][..], &kessai_shared::codec::encode(&value)].concat();
    // What a sound wallet is encoded like, so that the others are refused for what they hold.
    let sound = encoded((vec![entry("A", 1), entry("B", 2)], 1));
    for (content, is_sound) in [
        (sound.clone(), true),
        (encoded((twice, 0)), false),
        (encoded((same, 0)), false),
        (encoded((one, 1)), false),
        (encoded((many, 0)), false),
        ([&sound[..], &[0]].concat(), false),
        (sound[..sound.len() - 3].to_vec(), false),
        ([&[2][..], &sound[1..]].concat(), false),
        (Vec::new(), false),
    ] {
        sealed_file::replace(file.path(), Kind::Wallet, &content, &right(), CHEAP).expect("written");
        let bytes = fs::read(file.path()).expect("bytes");
        assert_eq!(file.read(&right()).is_ok(), is_sound);
        if !is_sound {
            assert!(file.change(&right(), |wallet| wallet.add(entry("Z", 99))).is_err());
            assert_eq!(fs::read(file.path()).expect("bytes"), bytes);
        }
    }
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).expect("permissions");
    assert!(matches!(sealed_fault(file.read(&right()).err().expect("exposed")), SealedFileFault::Exposed));
    assert!(file.change(&right(), |wallet| wallet.add(entry("Z", 99))).is_err());
    let none = at(&folder.path().join("none"));
    assert!(matches!(none.read(&right()).err().expect("nothing"), WalletError::Missing(_)));
}

#[test]
fn changes_at_once_are_all_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("link.kessai");
    at(folder.path()).change(&right(), |wallet| wallet.add(entry("first", 999))).expect("a wallet");
    std::os::unix::fs::symlink(at(folder.path()).path(), &link).expect("a link");
    std::thread::scope(|scope| {
        for part in 0..8 {
            // One half of them knows the wallet by another name.
            let path = if part % 2 == 0 { link.clone() } else { at(folder.path()).path().to_owned() };
            scope.spawn(move || {
                // Forty changes, each of which reaches the disk, may keep the last one waiting.
                let file = WalletFile::at_cost(path, CHEAP).patient_for(Duration::from_secs(120));
                for n in 0..5 {
                    let card = entry(&format!("{part}-{n}"), part * 10 + n);
                    file.change(&right(), |wallet| wallet.add(card)).expect("added");
                    file.read(&right()).expect("a reader always finds a whole wallet");
                }
            });
        }
    });
    assert_eq!(seen(&at(folder.path())).0.len(), 41);
}

#[test]
fn a_change_that_waits_too_long_says_so() {
    let (_folder, file) = three();
    let file = file.patient_for(Duration::from_millis(50));
    let lock = PathBuf::from(format!("{}.lock", file.path().display()));
    let held = fs::File::open(lock).expect("the lock");
    held.lock().expect("held");
    let refused = file.change(&right(), |wallet| wallet.add(entry("D", 3))).expect_err("busy");
    assert!(matches!(refused, WalletError::Busy(_)), "{refused}");
    drop(held);
    file.change(&right(), |wallet| wallet.add(entry("D", 3))).expect("free again");
}

#[test]
fn nothing_of_a_card_is_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = at(folder.path());
    let cards = CARD_NUMBERS.iter().map(|number| Entry::plain(number[..4].into(), particulars(number)));
    file.change(&right(), |wallet| wallet.add_all(cards.collect())).expect("two cards");
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("a name").path();
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o077, 0, "{path:?}");
        let bytes = fs::read(&path).expect("bytes");
        for secret in [CARD_NUMBERS[0], CARD_NUMBERS[1], "Lovelace", "1981", "5391", "horse"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    }
}

#[test]
fn a_wallet_of_the_first_version_opens() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wallet.kessai");
    let folder = tempfile::tempdir().expect("a folder");
    let file = at(folder.path());
    if std::env::var_os("KESSAI_WRITE_GOLDEN").is_some() {
        file.change(&right(), |wallet| wallet.add_all(vec![entry("plain", 1), issued("issued", 2)]))
            .expect("two cards");
        fs::create_dir_all(golden.parent().expect("a folder")).expect("a folder");
        fs::copy(file.path(), &golden).expect("written");
    }
    // A checkout gives everybody leave to read it.
    fs::copy(&golden, file.path()).expect("the golden file");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).expect("permissions");
    assert_eq!(seen(&file), (vec!["plain".into(), "issued".into()], Some("plain".into())));
    let wallet = file.read(&right()).expect("it opens");
    let [plain, issued] = wallet.entries() else { panic!("two cards") };
    assert_eq!((plain.card.number.digits(), plain.issuer_root), (number(1).as_str(), None));
    assert_eq!((issued.card.number.digits(), issued.issuer_root), (number(2).as_str(), Some(Pin([7; 32]))));
    assert!(plain.holder.is_none() && issued.holder.is_some());
    assert!(issued.enrolment == Some(EnrolmentCode([9; 32])));
}
