//! Key files that are missing, malformed, or open to others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::support::books::verify;
use super::support::command::{Ended, run};
use super::support::shop::Shop;

/// What a shop says that does not open for its keys.
fn refused(folder: &Path) -> Ended {
    Shop::try_open(folder, &[]).err().expect("no shop")
}

fn keys(folder: &Path) -> Vec<PathBuf> {
    let names = ["decision.key", "issuer-root.key", "settlement.key", "vault.key"];
    let settlement = folder.join("settlement").join("keys");
    let seller = folder.join("seller").join("keys").join("seller.key");
    let epochs = fs::read_dir(settlement.join("epochs")).expect("sealing keys");
    let epochs = epochs.map(|entry| entry.expect("a sealing key").path());
    // A certificate is public.
    let epochs = epochs.filter(|path| path.extension().is_some_and(|end| end == "epoch"));
    names.iter().map(|name| settlement.join(name)).chain([seller]).chain(epochs).collect()
}

#[test]
fn a_key_that_others_can_read_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    let terminal = shop.terminal();
    let own = terminal.data.join("terminal.key");
    open_to(&own, 0o640);
    assert!(run(terminal.args("orders", &[])).one_line(1).contains("chmod 600"));
    open_to(&own, 0o600);
    assert_eq!(terminal.orders().len(), 1);
    assert_eq!(shop.stop("TERM"), Some(0));
    let before = verify(folder.path()).totals();
    for key in keys(folder.path()) {
        open_to(&key, 0o604);
        let ended = refused(folder.path());
        let cure = format!("chmod 600 {}", key.display());
        assert!(ended.one_line(1).contains(&cure), "{ended:?}");
        open_to(&key, 0o600);
    }
    let shop = Shop::open(folder.path());
    assert_eq!(shop.terminal().orders().len(), 1);
    assert_eq!(verify(folder.path()).totals(), before);
}

#[test]
fn a_malformed_key_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    for key in keys(folder.path()) {
        let good = fs::read(&key).expect("a key");
        for bad in [&b""[..], b"zz\n", &good[..good.len() / 2], b"\xff\xfe"] {
            fs::write(&key, bad).expect("a file");
            let ended = refused(folder.path());
            assert!(ended.one_line(1).contains(&key.display().to_string()), "{ended:?}");
            assert_eq!(fs::read(&key).expect("a file"), bad);
        }
        fs::write(&key, &good).expect("a key");
    }
    Shop::open(folder.path()).terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

#[test]
fn the_key_that_opens_the_accounts_is_never_made_anew_behind_their_back() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(Shop::open(folder.path()).stop("TERM"), Some(0));
    let key = folder.path().join("settlement").join("keys").join("vault.key");
    let good = fs::read(&key).expect("a key");
    fs::remove_file(&key).expect("a key");
    let ended = refused(folder.path());
    assert!(ended.one_line(1).contains("vault.key: is missing"), "{ended:?}");
    assert!(!key.exists());
    fs::write(&key, good).expect("a key");
    open_to(&key, 0o600);
    Shop::open(folder.path()).terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

fn open_to(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("a file of ours");
}
