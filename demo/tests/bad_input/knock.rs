//! The key that a seller knocks with: missing, in the wrong file, or open to others.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{nobodys_pin, on, refused_start};

#[test]
fn a_knock_key_is_written_once_for_one_pin_and_only_for_its_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("knock.key");
    let out = file.display().to_string();
    let write = |pin: &str| on(folder.path(), &["kessai-settlement", "knock-key", pin, "--out", &out]);
    let (pin, other) = (nobodys_pin(), "cd".repeat(32));
    let ended = write(&pin);
    assert!(ended.err.contains(&format!("kessai-settlement allow {pin}")), "{ended:?}");
    ended.with(0);
    let key = fs::read_to_string(&file).expect("a key");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    on(folder.path(), &["kessai-settlement", "allow", &pin]).with(0);
    let again = write(&pin);
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""), "the same again, and nothing to add");
    assert!(write(&other).one_line(1).contains("holds another key"));
    assert_eq!(fs::read_to_string(&file).expect("a key"), key);
    assert_eq!(write("no-pin").code, Some(2));
}

#[test]
fn a_seller_without_a_good_knock_key_says_how_to_get_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys/knock.key");
    let refused = || refused_start("kessai-server", folder.path(), 1).one_line(1).to_owned();
    let line = refused();
    assert!(line.contains("knock.key is missing") && line.contains("knock-key PIN --out FILE"), "{line}");
    for (text, mode, cure) in
        [("ab".repeat(32), 0o640, "chmod 600"), ("ab".repeat(31), 0o600, "64 hexadecimal digits")]
    {
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let line = refused();
        assert!(line.contains(cure), "{line}");
    }
}
