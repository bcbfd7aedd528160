//! Bundles: signed as a whole, and unpacked only when all of it is right.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use kessai_shared::backup::bundle::{bundle, head, look, unbundle};
use kessai_shared::identity::Identity;
use kessai_shared::journal::Dice;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;

use super::toy::{SUBJECT, Toy};

fn bundled() -> (Toy, PathBuf, Pin) {
    let toy = Toy::new(41);
    fs::write(toy.data().join("toy.toml"), "a = 1\n").expect("a file");
    let out = toy.scratch("toy.bundle");
    let program = toy.scratch("program");
    fs::write(&program, [0x7f; 300_000]).expect("a file");
    let list = bundle(&SUBJECT, (&program, &toy.data()), &out, Timestamp(5)).expect("a bundle");
    let pin = (SUBJECT.identity)(&toy.data()).expect("a key").pin();
    assert_eq!(list.pin(), pin);
    (toy, out, pin)
}

#[test]
fn what_is_unpacked_is_what_was_put_in() {
    let (toy, out, pin) = bundled();
    let to = toy.scratch("unpacked");
    let list = unbundle(&out, &to, pin).expect("a sound bundle");
    assert_eq!(list.files.len(), 4);
    let program = to.join("bin/kessai-toy");
    assert_eq!(fs::read(&program).expect("a program"), [0x7f; 300_000]);
    assert_eq!(fs::metadata(&program).expect("a program").permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read(to.join("config/toy.toml")).expect("a file"), b"a = 1\n");
    assert_eq!(fs::read(to.join("RECOVERY.md")).expect("a file"), b"Begin.\n");
    assert!(fs::read_to_string(to.join("public.txt")).expect("a file").starts_with("toy "));
    // Neither a bundle nor what is unpacked goes over anything.
    assert!(bundle(&SUBJECT, (&program, &toy.data()), &out, Timestamp(6)).is_err());
    let refused = unbundle(&out, &to, pin).expect_err("a folder with something in it");
    assert!(refused.to_string().contains("not empty"), "{refused}");
}

#[test]
fn a_bundle_of_another_or_that_was_changed_unpacks_nothing() {
    let (toy, out, pin) = bundled();
    let to = toy.scratch("unpacked");
    let refused = unbundle(&out, &to, Pin([3; 32])).expect_err("another's").to_string();
    assert!(refused.contains("was signed by"), "{refused}");
    let bytes = fs::read(&out).expect("a bundle");
    let mut dice = Dice::new(42);
    let head = 1_000.min(bytes.len());
    for nth in 0..60 {
        let mut bad = bytes.clone();
        // Most of a bundle is the program; what says how it is unpacked stands at its beginning.
        let at = if nth % 2 == 0 { dice.below(head) } else { dice.below(bytes.len()) };
        match nth % 3 {
            0 => bad.truncate(at),
            1 => bad[at] ^= 1 << dice.below(8),
            _ => bad.insert(at, 0),
        }
        if nth == 59 {
            bad = [bytes.as_slice(), b"x"].concat();
        }
        fs::write(&out, &bad).expect("a file");
        let refused = unbundle(&out, &to, pin).expect_err("a changed bundle").to_string();
        assert!(refused.contains("toy.bundle") && !refused.contains('\n'), "{refused}");
        assert!(!to.exists() && !toy.scratch(".unpacked.restoring").exists());
    }
    fs::write(&out, &bytes).expect("a file");
    look(&out, pin).expect("the same bundle as before");
}

#[test]
fn no_name_in_a_bundle_leaves_its_folder() {
    let (toy, out, pin) = bundled();
    let identity: Identity = (SUBJECT.identity)(&toy.data()).expect("a key");
    assert_eq!(identity.pin(), pin);
    let list = look(&out, pin).expect("a bundle");
    for name in ["../x", "/x", "a/../../x", "", ".", "a\0b", "a\\b", &"x".repeat(300)] {
        let mut list = list.clone();
        list.files.truncate(1);
        list.files[0].name = name.to_owned();
        let forged = toy.scratch("forged.bundle");
        fs::write(&forged, head(&list, &identity)).expect("a file");
        let refused = unbundle(&forged, &toy.scratch("forged"), pin).expect_err("a bad name").to_string();
        assert!(refused.contains("a name or a size"), "{name:?}: {refused}");
    }
}
