//! Sealed files and card files: what opens them, and everything that does not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kessai_shared::card::Particulars;
use kessai_shared::card_file::{EnrolmentCode, IssuedCard, MAX_LABEL_BYTES};
use kessai_shared::pin::Pin;
use kessai_shared::sealed_file::{
    self, Cost, Kind, MAX_CONTENT_BYTES, MAX_PASSPHRASE_BYTES, Passphrase, PassphraseError, SealedFileError,
    SealedFileFault,
};
use tempfile::TempDir;

/// The least that Argon2 takes, so that thousands of files can be tried.
const CHEAP: Cost = match Cost::new(8, 1, 1) {
    Some(cost) => cost,
    None => panic!("a cost within the limits"),
};
/// Where the header ends, and where its fields stand.
const HEADER: usize = 44;
const VERSION_AT: usize = 8;
const KIND_AT: usize = 9;
const MEMORY_AT: usize = 12;
const SALT_AT: usize = 16;
const NONCE_AT: usize = 32;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).expect("a passphrase")
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    (folder, path)
}

fn sealed(content: &[u8]) -> (TempDir, PathBuf) {
    let (folder, path) = folder();
    sealed_file::create(&path, Kind::Wallet, content, &passphrase("right"), CHEAP).expect("written");
    (folder, path)
}

fn read(path: &Path) -> Result<Vec<u8>, SealedFileError> {
    sealed_file::read(path, Kind::Wallet, &passphrase("right")).map(|(content, _)| content.to_vec())
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
}

/// What a file of these bytes is refused with.
fn refusal(path: &Path, bytes: &[u8]) -> SealedFileError {
    put(path, bytes);
    let error = read(path).expect_err("a file that was changed");
    let line = error.to_string();
    assert!(!line.contains('\n') && line.starts_with(&path.display().to_string()), "{line}");
    error
}

fn issued() -> IssuedCard {
    IssuedCard {
        label: "Everyday".into(),
        card: Particulars {
            number: "5391827364501746".parse().expect("a number"),
            name: "Ada Lovelace".parse().expect("a name"),
            birth_date: "1981-12-09".parse().expect("a day"),
            expiry: "2029-08".parse().expect("a month"),
        },
        issuer_root: Pin([7; 32]),
        enrolment: Some(EnrolmentCode([9; 32])),
    }
}

#[test]
fn content_comes_back_and_only_with_its_passphrase() {
    for content in [&b""[..], b"a", &[7; 1019], &[7; 1020], &[7; 1021], &[7; MAX_CONTENT_BYTES]] {
        let (_folder, path) = sealed(content);
        assert_eq!(read(&path).expect("it opens"), content);
        for wrong in ["Right", "right ", "righ", "wrong"] {
            let error = sealed_file::read(&path, Kind::Wallet, &passphrase(wrong)).expect_err("wrong");
            assert!(matches!(error.fault, SealedFileFault::Closed), "{error}");
        }
    }
    let (_folder, path) = folder();
    let large = vec![0; MAX_CONTENT_BYTES + 1];
    let error = sealed_file::create(&path, Kind::Wallet, &large, &passphrase("right"), CHEAP);
    assert!(matches!(error.expect_err("too much").fault, SealedFileFault::TooMuch));
    assert!(!path.exists());
}

#[test]
fn the_file_is_private_padded_new_each_time_and_alone() {
    let (folder, path) = sealed(b"a secret of ours");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let first = fs::read(&path).expect("bytes");
    assert_eq!(first.len(), HEADER + 1024 + 16);
    assert!(!first.windows(6).any(|part| part == b"secret"));
    sealed_file::replace(&path, Kind::Wallet, b"a secret of ours", &passphrase("right"), CHEAP)
        .expect("replaced");
    let second = fs::read(&path).expect("bytes");
    assert_eq!(first.len(), second.len());
    for field in [SALT_AT..NONCE_AT, NONCE_AT..HEADER, HEADER..HEADER + 16] {
        assert_ne!(first[field.clone()], second[field.clone()], "{field:?} is new with every write");
    }
    // Nothing of the writing is left beside it.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_new_file_never_takes_the_place_of_another() {
    let (folder, path) = sealed(b"the first");
    let again = sealed_file::create(&path, Kind::Wallet, b"the second", &passphrase("right"), CHEAP);
    assert!(matches!(again.expect_err("there already").fault, SealedFileFault::Exists));
    assert_eq!(read(&path).expect("it opens"), b"the first");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_replaced_file_stays_where_a_link_leads() {
    let (folder, path) = sealed(b"the first");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    sealed_file::replace(&link, Kind::Wallet, b"the second", &passphrase("right"), CHEAP).expect("replaced");
    assert_eq!(read(&path).expect("it opens"), b"the second");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
}

#[test]
fn no_byte_can_be_changed() {
    let (_folder, path) = sealed(b"content");
    let right = fs::read(&path).expect("bytes");
    for at in 0..right.len() {
        for flip in [0x01, 0x80] {
            let mut bytes = right.clone();
            bytes[at] ^= flip;
            let fault = refusal(&path, &bytes).fault;
            match at {
                0..VERSION_AT => assert!(matches!(fault, SealedFileFault::NotSealed), "{at}"),
                HEADER.. => assert!(matches!(fault, SealedFileFault::Closed), "{at}"),
                _ => {}
            }
        }
    }
    put(&path, &right);
    assert_eq!(read(&path).expect("it opens"), b"content");
}

#[test]
fn no_file_can_be_cut_or_made_longer() {
    let (_folder, path) = sealed(b"content");
    let right = fs::read(&path).expect("bytes");
    for length in 0..right.len() {
        let fault = refusal(&path, &right[..length]).fault;
        assert!(
            matches!(fault, SealedFileFault::Damaged | SealedFileFault::NotSealed),
            "{length}: {fault:?}"
        );
    }
    for more in [1, 15, 16, 1023, 1024, 1040] {
        refusal(&path, &[&right[..], &vec![0; more]].concat());
    }
    let fault = refusal(&path, &vec![0; 2 * MAX_CONTENT_BYTES]).fault;
    assert!(matches!(fault, SealedFileFault::TooLarge), "{fault:?}");
}

#[test]
fn a_hostile_header_costs_nothing() {
    let (_folder, path) = sealed(b"content");
    let right = fs::read(&path).expect("bytes");
    let hostile = [
        (MEMORY_AT, u32::MAX.to_le_bytes()),
        (MEMORY_AT, (Cost::MAX_MEMORY_KIB + 1).to_le_bytes()),
        (MEMORY_AT, 7_u32.to_le_bytes()),
        (MEMORY_AT, 0_u32.to_le_bytes()),
        (KIND_AT, [1, Cost::MAX_PASSES + 1, 1, 0]),
        (KIND_AT, [1, 0, 1, 0]),
        (KIND_AT, [1, 255, 1, 0]),
        (KIND_AT, [1, 1, Cost::MAX_LANES + 1, 0]),
        (KIND_AT, [1, 1, 0, 0]),
    ];
    let begun = std::time::Instant::now();
    for (at, field) in hostile {
        let mut bytes = right.clone();
        // The kind, the passes and the lanes are three bytes, the memory four.
        let length = if at == KIND_AT { 3 } else { 4 };
        bytes[at..at + length].copy_from_slice(&field[..length]);
        let fault = refusal(&path, &bytes).fault;
        assert!(matches!(fault, SealedFileFault::Costly), "{field:?}: {fault:?}");
    }
    // Filling four gigabytes, or two hundred passes, would take far longer than refusing all of these, however
    // busy the machine is.
    assert!(begun.elapsed().as_secs() < 20);
    for (memory, passes, lanes) in [(1 << 20, 16, 8), (8, 1, 1), (64, 1, 8)] {
        assert!(Cost::new(memory, passes, lanes).is_some());
    }
    assert!(Cost::new(63, 1, 8).is_none() && Cost::new(8, 0, 1).is_none() && Cost::new(8, 1, 0).is_none());
}

#[test]
fn other_kinds_versions_and_files_are_called_what_they_are() {
    let (_folder, path) = sealed(b"content");
    let right = fs::read(&path).expect("bytes");
    let error = IssuedCard::read(&path, &passphrase("right")).err().expect("no card file");
    assert!(error.to_string().ends_with("is a card wallet, expected a card file of an issuer"), "{error}");
    let mut newer = right.clone();
    newer[VERSION_AT] = 2;
    assert!(refusal(&path, &newer).to_string().contains("newer program"));
    for other in [&b""[..], b"card_number,name\n", b"kessai", &[0xff; 5000]] {
        assert!(matches!(refusal(&path, other).fault, SealedFileFault::NotSealed));
    }
}

#[test]
fn an_exposed_file_is_refused_with_the_cure() {
    let (_folder, path) = sealed(b"content");
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        let error = read(&path).expect_err("exposed");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        assert!(sealed_file::is_there(&path, Kind::Wallet).is_err());
    }
    // Of what was never sealed, its permissions are nobody's business here.
    fs::write(&path, b"card_number,name\n").expect("written");
    assert!(matches!(read(&path).expect_err("a table").fault, SealedFileFault::NotSealed));
}

#[test]
fn what_is_there_is_known_without_a_passphrase() {
    let (folder, path) = sealed(b"content");
    assert!(sealed_file::is_there(&path, Kind::Wallet).expect("a wallet"));
    assert!(!sealed_file::is_there(&folder.path().join("none"), Kind::Wallet).expect("nothing"));
    let error = sealed_file::is_there(&path, Kind::IssuedCard).expect_err("another kind");
    assert!(matches!(error.fault, SealedFileFault::OtherKind { .. }), "{error}");
    let error = sealed_file::is_there(folder.path(), Kind::Wallet).expect_err("a folder");
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[test]
fn a_passphrase_is_the_first_line_of_a_private_file() {
    let (folder, path) = folder();
    let longest = "x".repeat(MAX_PASSPHRASE_BYTES);
    for (bytes, text) in [
        ("word".to_owned(), "word"),
        ("two words \nmore\n".to_owned(), "two words "),
        ("word\r\n".to_owned(), "word"),
        (format!("{longest}\r\nrest"), longest.as_str()),
        ("緑茶\n".to_owned(), "緑茶"),
    ] {
        put(&path, bytes.as_bytes());
        assert!(Passphrase::from_file(&path).ok() == Some(passphrase(text)), "{bytes}");
    }
    let over = "x".repeat(MAX_PASSPHRASE_BYTES + 1);
    for (bytes, why) in [
        (&b""[..], "cannot be empty"),
        (b"\nword", "cannot be empty"),
        (over.as_bytes(), "at most 1024 bytes"),
        (&[b'x'; 100_000], "at most 1024 bytes"),
        (b"\xff\n", "not UTF-8"),
    ] {
        put(&path, bytes);
        let error = Passphrase::from_file(&path).err().expect("no passphrase").to_string();
        assert!(error.contains(why) && error.contains("file"), "{error}");
    }
    put(&path, b"word");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions");
    let error = Passphrase::from_file(&path).err().expect("exposed").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    assert!(Passphrase::from_file(&folder.path().join("none")).is_err());
    assert!(matches!(Passphrase::new(""), Err(PassphraseError::Empty)));
    assert!(matches!(Passphrase::new(&over), Err(PassphraseError::TooLong)));
}

#[test]
fn a_card_file_gives_the_card_back() {
    let (_folder, path) = folder();
    let card = issued();
    card.write_at(&path, &passphrase("right"), CHEAP).expect("written");
    let read = IssuedCard::read(&path, &passphrase("right")).expect("a card");
    assert_eq!((read.label.as_str(), read.issuer_root), ("Everyday", Pin([7; 32])));
    assert_eq!(read.card.number.digits(), "5391827364501746");
    assert_eq!(read.card.name.as_str(), "Ada Lovelace");
    assert!(read.card.birth_date == card.card.birth_date && read.card.expiry == card.card.expiry);
    assert!(read.enrolment == Some(EnrolmentCode([9; 32])));
    assert!(card.write_at(&path, &passphrase("right"), CHEAP).is_err(), "a code is never written over");
    assert!(IssuedCard::read(&path, &passphrase("wrong")).is_err());
}

#[test]
fn a_card_file_is_not_a_wallet_and_says_so() {
    let (_folder, path) = folder();
    issued().write_at(&path, &passphrase("right"), CHEAP).expect("written");
    let error = read(&path).expect_err("no wallet");
    assert!(error.to_string().ends_with("is a card file of an issuer, expected a card wallet"), "{error}");
    // Nor does it become one when its header says so.
    let mut bytes = fs::read(&path).expect("bytes");
    bytes[KIND_AT] = Kind::Wallet as u8;
    assert!(matches!(refusal(&path, &bytes).fault, SealedFileFault::Closed));
}

#[test]
fn a_card_file_of_the_first_version_opens() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/issued.card");
    let (_folder, path) = folder();
    if std::env::var_os("KESSAI_WRITE_GOLDEN").is_some() {
        issued().write_at(&path, &passphrase("right"), CHEAP).expect("written");
        fs::copy(&path, &golden).expect("written");
    }
    // A checkout gives everybody leave to read it.
    put(&path, &fs::read(&golden).expect("the golden file"));
    let read = IssuedCard::read(&path, &passphrase("right")).expect("a card");
    assert_eq!((read.label.as_str(), read.card.number.digits()), ("Everyday", "5391827364501746"));
    assert!(read.issuer_root == Pin([7; 32]) && read.enrolment == Some(EnrolmentCode([9; 32])));
}

#[test]
fn a_card_file_with_other_content_or_label_is_refused() {
    let (_folder, path) = folder();
    for content in [&b""[..], b"\x01", b"\x01\xff\xff\xff", b"\x02rest", b"\x00"] {
        let _ = fs::remove_file(&path);
        sealed_file::create(&path, Kind::IssuedCard, content, &passphrase("right"), CHEAP).expect("written");
        assert!(IssuedCard::read(&path, &passphrase("right")).is_err(), "{content:?}");
    }
    for label in ["", " a", "a ", "a\nb", &"x".repeat(MAX_LABEL_BYTES + 1)] {
        let _ = fs::remove_file(&path);
        let card = IssuedCard { label: label.to_owned(), ..issued() };
        assert!(card.write_at(&path, &passphrase("right"), CHEAP).is_err(), "{label}");
        assert!(!path.exists());
    }
}

#[test]
fn two_codes_are_two_and_so_are_their_digests() {
    let (one, other) =
        (EnrolmentCode::generate().expect("a code"), EnrolmentCode::generate().expect("a code"));
    assert!(one != other && one.digest() != other.digest());
    assert_ne!(one.digest(), one.0);
}

#[test]
fn the_default_cost_is_the_one_that_is_promised() {
    let (_folder, path) = folder();
    issued().write(&path, &passphrase("right")).expect("written");
    let bytes = fs::read(&path).expect("bytes");
    assert_eq!(bytes[KIND_AT..MEMORY_AT + 4], [2, 3, 1, 0, 0, 1, 0], "three passes, one lane, 64 MiB");
    assert!(IssuedCard::read(&path, &passphrase("right")).is_ok());
}
