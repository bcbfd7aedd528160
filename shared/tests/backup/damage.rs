//! A thousand damaged backups: each is refused with a line that names a file, before anything comes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::backup::{Until, check, restore};
use kessai_shared::journal::Dice;

use super::toy::{SUBJECT, Toy};

const DAMAGES: usize = 1_000;

#[test]
fn a_thousand_damaged_backups_are_all_refused() {
    let mut toy = Toy::new(21);
    // Two chains of one daemon, so that files can come from another backup under the same key.
    for round in 0..6 {
        toy.live(if round == 0 { 150 } else { 4 });
        toy.picture(&format!("p{round}"), &[round; 100]);
        toy.back_up(round == 3).expect("a backup");
    }
    let folder = toy.backups();
    let newest = check(&SUBJECT, &folder, 6, &toy.key).expect("a sound chain");
    assert_eq!(newest.len(), 3);
    assert!(newest[0].manifest.rows > 0, "it begins with a checkpoint");
    let files = files_of(&folder);
    // What the chain of the newest backup rests on.
    let own: Vec<PathBuf> = files.keys().filter(|path| part_of_newest(path)).cloned().collect();
    assert!(own.len() >= 10, "{own:?}");
    let mut dice = Dice::new(22);
    for nth in 0..DAMAGES {
        let victim = own[dice.below(own.len())].clone();
        let what = damage(nth, &victim, &files, &mut dice);
        let refused = if nth % 50 == 0 {
            let data = toy.scratch("restored");
            let refused = restore(&SUBJECT, &folder, &data, &toy.key, Until::End).err();
            assert!(!data.exists(), "{what} of {} was restored", victim.display());
            refused
        } else {
            check(&SUBJECT, &folder, 6, &toy.key).err()
        };
        let line =
            refused.unwrap_or_else(|| panic!("{what} of {} was not found", victim.display())).to_string();
        assert!(line.contains("backup-0000") && !line.contains('\n'), "{what}: {line}");
        mend(&folder, &files);
    }
    check(&SUBJECT, &folder, 6, &toy.key).expect("the same chain as before");
}

/// Does something to a file, or to two; says what.
fn damage(nth: usize, victim: &Path, files: &BTreeMap<PathBuf, Vec<u8>>, dice: &mut Dice) -> &'static str {
    let bytes = &files[victim];
    match nth % 8 {
        0..=3 => {
            let mut bad = bytes.clone();
            bad[dice.below(bytes.len())] ^= 1 << dice.below(8);
            fs::write(victim, bad).expect("a file");
            "a flipped bit"
        }
        4 => {
            fs::write(victim, &bytes[..dice.below(bytes.len())]).expect("a file");
            "a cut"
        }
        5 => {
            fs::remove_file(victim).expect("a file");
            "a missing file"
        }
        6 => {
            let others: Vec<_> = files.iter().filter(|(path, _)| *path != victim).collect();
            let (other, theirs) = others[dice.below(others.len())];
            fs::write(victim, theirs).expect("a file");
            fs::write(other, bytes).expect("a file");
            "an exchange"
        }
        _ => {
            let name = victim.file_name();
            let same = |path: &&PathBuf| path.file_name() == name && path.as_path() != victim;
            let others: Vec<_> = files.keys().filter(same).collect();
            match others.get(dice.below(others.len().max(1))) {
                Some(other) => fs::write(victim, &files[*other]).expect("a file"),
                None => fs::write(victim, [bytes.as_slice(), b"x"].concat()).expect("a file"),
            }
            "a file of another backup"
        }
    }
}

fn mend(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, bytes) in files {
        if fs::read(path).ok().as_ref() != Some(bytes) {
            fs::write(path, bytes).expect("a file");
        }
    }
    assert_eq!(files_of(folder).len(), files.len());
}

fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let backups = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let inside = backups.filter(|path| path.is_dir()).flat_map(|path| {
        fs::read_dir(path).expect("a folder").flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    });
    inside.map(|path| (path.clone(), fs::read(&path).expect("a file"))).collect()
}

fn part_of_newest(path: &Path) -> bool {
    ["backup-000004", "backup-000005", "backup-000006"].iter().any(|name| path.starts_with_name(name))
}

trait InFolder {
    fn starts_with_name(&self, name: &str) -> bool;
}

impl InFolder for Path {
    fn starts_with_name(&self, name: &str) -> bool {
        self.parent().and_then(Path::file_name).is_some_and(|folder| folder == name)
    }
}
