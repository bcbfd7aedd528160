//! The file of a knock key.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::KnockKey;
use super::pin;
use crate::identity::Identity;

fn key(seller: u8) -> KnockKey {
    KnockKey::of_seller(&Identity::from_seed(&[7; 32]).unwrap(), &pin(seller))
}

fn complaint(result: Result<impl Sized, impl ToString>) -> String {
    result.err().expect("a complaint").to_string()
}

#[test]
fn the_file_gives_the_same_key_back_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/knock.key");
    assert!(complaint(KnockKey::read(&path)).contains("kessai-settlement knock-key PIN --out FILE"));
    for _ in 0..2 {
        key(1).write(&path).unwrap();
        assert_eq!(*KnockKey::read(&path).unwrap().0, *key(1).0);
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(complaint(key(2).write(&path)).contains("holds another key"));
    assert_eq!(*KnockKey::read(&path).unwrap().0, *key(1).0);
}

#[test]
fn a_file_that_is_not_as_it_should_be_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("knock.key");
    let digits = "ab".repeat(32);
    for (text, good) in [
        (digits.clone(), true),
        (format!("{digits}\n"), true),
        (digits[1..].to_owned(), false),
        (format!("{digits}ab"), false),
        (digits.replace('b', "g"), false),
        ("ab".repeat(1_000), false),
        (String::new(), false),
    ] {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let read = KnockKey::read(&path);
        assert_eq!(read.is_ok(), good, "{text}");
        if !good {
            let told = complaint(read);
            assert!(told.contains("64 hexadecimal digits") && told.lines().count() == 1, "{told}");
        }
    }
    fs::write(&path, &digits).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(complaint(KnockKey::read(&path)).contains("chmod 600"));
}
