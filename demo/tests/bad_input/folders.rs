//! Data folders that are somebody else's, of another time, or not whole.

use std::fs;
use std::path::Path;

use super::support::books::verify;
use super::support::shop::Shop;
use super::{on, refused_start};

const DAEMONS: [(&str, &str); 2] = [("kessai-server", "seller"), ("kessai-settlement", "settlement")];

#[test]
fn a_folder_that_a_daemon_uses_is_not_touched_by_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    for (role, name) in DAEMONS {
        let data = folder.path().join(name);
        let ended = refused_start(role, &data, 1);
        assert!(ended.one_line(1).contains("another process uses this data folder"), "{ended:?}");
    }
    shop.until_in_charge();
    // The whole shop once more changes nothing of the one that is open, not even its accounts.
    let head = || verify(folder.path()).settlement["head"].clone();
    let known = head();
    let again = Shop::try_open(folder.path(), &["--cardholders", &accounts(folder.path())]);
    let again = again.err().expect("no second shop");
    assert!(again.one_line(1).contains("another process uses this data folder"), "{again:?}");
    assert_eq!(head(), known);
    let table = folder.path().join("sample").join("products.csv").display().to_string();
    let ended = on(&folder.path().join("seller"), &["kessai-server", "import-products", &table]);
    assert!(ended.one_line(1).contains("another process uses this data folder"), "{ended:?}");
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
}

/// The sample's accounts with another limit for one of them.
fn accounts(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("sample").join("accounts.csv")).expect("the sample");
    let changed = folder.join("changed.csv");
    fs::write(&changed, text.replacen("250000", "260000", 1)).expect("a table");
    changed.display().to_string()
}

#[test]
fn a_folder_of_another_kind_version_or_state_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    for ((role, name), (other, _)) in DAEMONS.into_iter().zip(DAEMONS.into_iter().rev()) {
        let data = folder.path().join(name);
        let ended = refused_start(other, &data, 1);
        assert!(ended.one_line(1).contains(&format!("is a '{role} 2' folder")), "{ended:?}");
        let format = data.join("format");
        let good = fs::read(&format).expect("a format");
        let states = [
            (Some(format!("{role} 9\n")), "version 9 of the data format"),
            (Some(format!("{role} one\n")), "version one of the data format"),
            (Some(String::new()), "one that was never finished"),
            (Some("nonsense".to_owned()), "one that was never finished"),
            (None, "one that was never finished"),
        ];
        for (state, why) in states {
            match &state {
                Some(text) => fs::write(&format, text).expect("a format"),
                None => fs::remove_file(&format).expect("a format"),
            }
            for ended in [refused_start(role, &data, 1), on(&data, &[role, "verify", "--json"])] {
                assert!(ended.one_line(1).contains(why), "{ended:?}");
            }
        }
        fs::write(&format, good).expect("a format");
    }
    let shop = Shop::open(folder.path());
    assert_eq!(shop.terminal().orders().len(), 1);
}

#[test]
fn a_strange_folder_is_not_taken_for_a_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("letter.txt"), "dear").expect("a file");
    for (role, _) in DAEMONS {
        assert!(refused_start(role, folder.path(), 1).one_line(1).contains("not empty"));
        assert!(!folder.path().join("format").exists());
        let nowhere = folder.path().join("nowhere");
        let ended = on(&nowhere, &[role, "verify"]);
        assert!(ended.one_line(1).contains("there is no data folder here"), "{ended:?}");
        assert!(!nowhere.exists());
    }
}

#[test]
fn a_journal_with_a_flipped_bit_is_mended_from_its_second_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(shop.stop("TERM"), Some(0));
    for (_, name) in DAEMONS {
        damage(&folder.path().join(name).join("journal"), |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
        });
    }
    assert_eq!(Shop::open(folder.path()).terminal().orders().len(), 1);
}

#[test]
fn a_journal_that_cannot_be_mended_is_told_and_never_traded_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    for _ in 0..3 {
        shop.terminal().buy("Approved", &["TEA-MUGI"]).with(0);
    }
    assert_eq!(shop.stop("TERM"), Some(0));
    for (role, name) in DAEMONS {
        let data = folder.path().join(name);
        let whole = damage(&data.join("journal"), |bytes| {
            let (from, to) = (bytes.len() / 8, bytes.len() - 1);
            bytes[from..to].iter_mut().step_by(5).for_each(|byte| *byte ^= 0x55);
        });
        let piece = first_piece(&data.join("journal"));
        let damaged = fs::read(&piece).expect("a journal");
        let ended = refused_start(role, &data, 1);
        assert!(ended.one_line(1).contains("journal"), "{ended:?}");
        assert_ne!(on(&data, &[role, "verify"]).code, Some(0));
        assert!(fs::read(&piece).expect("a journal") == damaged, "damage is for people to look at");
        fs::write(&piece, whole).expect("a journal");
    }
    assert_eq!(Shop::open(folder.path()).terminal().orders().len(), 3);
}

/// Damages the first piece of a journal; what it was before.
fn damage(journal: &Path, how: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let piece = first_piece(journal);
    let whole = fs::read(&piece).expect("a journal");
    let mut bytes = whole.clone();
    how(&mut bytes);
    fs::write(&piece, bytes).expect("a journal");
    whole
}

fn first_piece(journal: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(journal).expect("a journal").flatten();
    let mut pieces: Vec<_> = entries.map(|entry| entry.path()).collect();
    pieces.sort_unstable();
    pieces.into_iter().next().expect("a piece of the journal")
}
