//! Backup keys: apart, private, and the only way in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use kessai_shared::backup::{BackupKey, Until, backups, restore};
use kessai_shared::sealed_file::Passphrase;

use super::toy::{SUBJECT, Toy};

#[test]
fn another_key_opens_nothing_and_says_so() {
    let mut toy = Toy::new(31);
    toy.live(5);
    toy.back_up(false).expect("a backup");
    let other = BackupKey::generate().expect("a key");
    let refused = backups(&toy.backups(), &other).expect_err("another key").to_string();
    assert!(refused.contains("another backup key"), "{refused}");
    let refused = restore(&SUBJECT, &toy.backups(), &toy.scratch("x"), &other, Until::End);
    assert!(refused.expect_err("another key").to_string().contains("another backup key"));
    assert!(!toy.scratch("x").exists());
    // Nor does it add to a chain that it cannot read.
    toy.key = other;
    assert!(toy.back_up(true).is_err());
}

#[test]
fn a_key_file_is_private_never_replaced_and_gives_the_same_key_back() {
    let mut toy = Toy::new(32);
    let path = toy.scratch("backup.key");
    toy.key.write(&path, None).expect("a key file");
    assert!(toy.key.write(&path, None).is_err(), "it would replace a key");
    toy.live(5);
    toy.back_up(false).expect("a backup");
    let read = BackupKey::read(&path, None).expect("a key");
    assert_eq!(backups(&toy.backups(), &read).expect("backups").len(), 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let refused = BackupKey::read(&path, None).err().expect("open to others").to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    for text in ["", "kessai-backup-key 1 ", "kessai-backup-key 2 00", "nonsense"] {
        fs::write(&path, text).expect("a file");
        let refused = BackupKey::read(&path, None).err().expect("no key").to_string();
        assert!(refused.contains("no backup key"), "{refused}");
    }
}

#[test]
fn a_key_file_with_a_passphrase_opens_with_it_alone() {
    let mut toy = Toy::new(33);
    let path = toy.scratch("backup.key");
    let passphrase = Passphrase::new("correct horse").expect("a passphrase");
    toy.key.write(&path, Some(&passphrase)).expect("a key file");
    assert!(BackupKey::wants_passphrase(&path));
    toy.live(5);
    toy.back_up(false).expect("a backup");
    let read = BackupKey::read(&path, Some(&passphrase)).expect("a key");
    assert_eq!(backups(&toy.backups(), &read).expect("backups").len(), 1);
    let other = Passphrase::new("wrong horse").expect("a passphrase");
    assert!(BackupKey::read(&path, Some(&other)).is_err());
    assert!(BackupKey::read(&path, None).is_err());
}
