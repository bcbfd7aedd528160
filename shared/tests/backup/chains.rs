//! Chains of backups, made beside a daemon that goes on, and restored to every place.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use kessai_shared::backup::{At, BackupError, Restored, Until, backups, check, restore, retain, verify};
use kessai_shared::backup::{Wanted, make};
use kessai_shared::time::Timestamp;

use super::toy::{SUBJECT, Toy, records};

/// Restores one backup, holds it against the books that it was made of, and takes the folder away.
fn restored(toy: &Toy, until: Until) -> Restored {
    let data = toy.scratch("restored");
    let restored = restore(&SUBJECT, &toy.backups(), &data, &toy.key, until).expect("a sound backup");
    fs::remove_dir_all(&data).expect("a folder");
    restored
}

#[test]
fn every_backup_of_a_life_with_checkpoints_restores_to_the_same_books_and_the_same_chain() {
    let mut toy = Toy::new(11);
    let (mut increments, mut fulls) = (0, 0);
    let mut points = Vec::new();
    for round in 0..24_u64 {
        toy.live(if round % 5 == 4 { 120 } else { 9 });
        toy.picture(&format!("p{}", round / 3), &round.to_le_bytes());
        let made = toy.back_up(round == 13).expect("a backup");
        let full = made.backup.manifest.is_full();
        (fulls, increments) = (fulls + u64::from(full), increments + u64::from(!full));
        assert_eq!(made.backup.nth, round + 1);
        assert_eq!(made.backup.manifest.ends.position, toy.point().position);
        points.push(toy.point());
    }
    assert!(fulls >= 3 && increments >= 10, "{fulls} full ones and {increments} increments");
    let with_rows = backups(&toy.backups(), &toy.key).expect("backups");
    assert!(with_rows.iter().any(|backup| backup.manifest.rows > 0), "none begins with a checkpoint");
    for (nth, point) in (1..).zip(&points) {
        let restored = restored(&toy, Until::Backup(nth));
        assert_eq!(restored.checked.point, *point, "backup {nth}");
        assert!(restored.whole);
    }
}

#[test]
fn a_restored_folder_has_the_same_records_and_files_and_goes_on() {
    let mut toy = Toy::new(12);
    toy.live(40);
    toy.picture("one", b"a picture");
    fs::write(toy.data().join("toy.toml"), "a = 1\n").expect("a file");
    toy.back_up(false).expect("a backup");
    toy.live(40);
    toy.picture("two", b"another");
    fs::remove_file(toy.data().join("pictures/one")).expect("a file");
    fs::write(toy.data().join("toy.toml"), "a = 2\n").expect("a file");
    let last = toy.back_up(false).expect("a backup").backup;
    assert_eq!(last.manifest.parent.map(|parent| parent.nth), Some(1));
    let data = toy.scratch("restored");
    restore(&SUBJECT, &toy.backups(), &data, &toy.key, Until::End).expect("a sound backup");
    assert_eq!(records(&data), records(&toy.data()));
    assert_eq!(fs::read(data.join("toy.toml")).expect("a file"), b"a = 2\n");
    assert_eq!(fs::read(data.join("pictures/two")).expect("a file"), b"another");
    assert!(!data.join("pictures/one").exists() && !data.join("who").exists());
    // What was restored is a data folder like any other: it takes more in, and is backed up itself.
    let point = toy.point();
    fs::remove_dir_all(toy.data()).expect("a folder");
    fs::rename(&data, toy.data()).expect("a folder");
    toy.open();
    assert_eq!(toy.point(), point);
    toy.live(5);
    let next = toy.back_up(false).expect("a backup").backup;
    assert_eq!(next.manifest.parent.map(|parent| parent.nth), Some(2), "it goes on with the chain");
    restored(&toy, Until::End);
}

#[test]
fn a_restore_ends_at_the_last_group_at_or_before_what_was_asked_for() {
    let mut toy = Toy::new(13);
    for _ in 0..4 {
        toy.live(12);
        toy.back_up(false).expect("a backup");
    }
    let ends: Vec<At> =
        records(&toy.data()).iter().filter(|record| record.ends_group).map(|r| r.head().into()).collect();
    let last = ends.last().copied().expect("groups");
    for position in (1..=last.position + 3).step_by(3) {
        let expected = ends.iter().rev().find(|end| end.position <= position);
        let data = toy.scratch("restored");
        let restored = restore(&SUBJECT, &toy.backups(), &data, &toy.key, Until::Position(position));
        match (expected, restored) {
            (Some(end), Ok(restored)) => assert_eq!(restored.ends, *end, "until {position}"),
            (None, Err(error)) => assert!(error.to_string().contains("reaches back"), "{error}"),
            (expected, restored) => panic!("until {position}: {expected:?} {restored:?}"),
        }
        let _ = fs::remove_dir_all(&data);
    }
    for end in ends.iter().step_by(7) {
        assert_eq!(restored(&toy, Until::Time(end.time)).ends, *end);
        assert_eq!(restored(&toy, Until::Time(Timestamp(end.time.0 + 1))).ends, *end);
    }
    let early = restore(&SUBJECT, &toy.backups(), &toy.scratch("x"), &toy.key, Until::Time(Timestamp(5)));
    assert!(early.expect_err("too early").to_string().contains("reaches back"));
}

#[test]
fn backups_made_in_the_middle_of_writing_hold_what_was_durable() {
    let toy = Mutex::new(Toy::new(14));
    let (data, to, key) = {
        let toy = toy.lock().expect("a toy");
        (toy.data(), toy.backups(), toy.key.clone())
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                toy.lock().expect("a toy").live(3);
                std::thread::yield_now();
            }
        });
        for round in 0..12 {
            let wanted =
                Wanted { data: &data, to: &to, full: round % 4 == 0, now: Timestamp(round), stop: None };
            // The files go on changing from the moment that the position is known.
            let made = make(&SUBJECT, &wanted, &key, &mut || Ok(toy.lock().expect("a toy").point()));
            made.unwrap_or_else(|error| panic!("backup {round}: {error}"));
        }
        done.store(true, Ordering::Relaxed);
        writing.join().expect("a writer");
    });
    let toy = toy.into_inner().expect("a toy");
    for nth in 1..=12 {
        assert!(restored(&toy, Until::Backup(nth)).whole);
    }
}

#[test]
fn nothing_is_taken_for_a_backup_before_it_is_whole() {
    let mut toy = Toy::new(15);
    toy.live(10);
    toy.back_up(false).expect("a backup");
    // One that was killed leaves its draft behind, with everything in it or only a part.
    let draft = toy.backups().join(".backup-000002.new");
    fs::create_dir(&draft).expect("a folder");
    fs::copy(toy.backups().join("backup-000001/groups"), draft.join("groups")).expect("a copy");
    assert_eq!(backups(&toy.backups(), &toy.key).expect("backups").len(), 1);
    toy.live(10);
    // One that fails leaves nothing at all.
    let (data, to) = (toy.data(), toy.backups());
    let wanted = Wanted { data: &data, to: &to, full: false, now: Timestamp(0), stop: None };
    let failed = make(&SUBJECT, &wanted, &toy.key, &mut || Err(BackupError::Refused("no".to_owned())));
    assert_eq!(failed.map(|_| ()).expect_err("it fails").to_string(), "no");
    assert!(!draft.exists());
    let made = toy.back_up(false).expect("a backup");
    assert_eq!((made.backup.nth, made.backup.manifest.is_full()), (2, false));
    restored(&toy, Until::End);
    // And a restore that fails, or has no room, puts nothing in its place.
    let data = toy.scratch("restored");
    fs::create_dir(&data).expect("a folder");
    fs::write(data.join("mine"), "").expect("a file");
    let refused = restore(&SUBJECT, &toy.backups(), &data, &toy.key, Until::End).expect_err("not empty");
    assert!(refused.to_string().contains("is not empty"), "{refused}");
    fs::remove_file(data.join("mine")).expect("a file");
    restore(&SUBJECT, &toy.backups(), &data, &toy.key, Until::End).expect("an empty folder will do");
}

#[test]
fn a_journal_of_another_history_begins_a_chain_of_its_own() {
    // It is shorter than the last backup, or longer, but never the same.
    for (seed, groups) in [(16, 1), (18, 60)] {
        let mut toy = Toy::new(seed);
        toy.live(20);
        toy.back_up(false).expect("a backup");
        toy.live(20);
        toy.back_up(false).expect("a backup");
        let data = toy.scratch("restored");
        restore(&SUBJECT, &toy.backups(), &data, &toy.key, Until::Backup(1)).expect("a sound backup");
        toy.store = None;
        fs::remove_dir_all(toy.data()).expect("a folder");
        fs::rename(&data, toy.data()).expect("a folder");
        toy.open();
        toy.live(groups);
        for (nth, full) in [(3, true), (4, false)] {
            let made = toy.back_up(false).expect("a backup");
            assert_eq!((made.backup.nth, made.backup.manifest.is_full()), (nth, full), "{:?}", made.notes);
            assert_eq!(made.notes.len(), usize::from(full), "{:?}", made.notes);
            restored(&toy, Until::End);
            toy.live(1);
        }
        // Another daemon's data goes nowhere near.
        fs::write(toy.data().join("who"), [9]).expect("a file");
        let refused = toy.back_up(true).map(|_| ()).expect_err("another toy");
        assert!(refused.to_string().contains("another toy"), "{refused}");
    }
}

#[test]
fn an_increment_goes_on_from_the_one_backup_that_it_names() {
    let mut toy = Toy::new(19);
    toy.live(10);
    toy.back_up(false).expect("a backup");
    let others = toy.scratch("others");
    fs::rename(toy.backups(), &others).expect("a folder");
    // The same data at the same moment, under the same key: another backup all the same.
    toy.back_up(false).expect("a backup");
    toy.live(10);
    toy.back_up(false).expect("a backup");
    fs::remove_dir_all(toy.backups().join("backup-000001")).expect("a folder");
    let gone = check(&SUBJECT, &toy.backups(), 2, &toy.key).expect_err("its parent is gone").to_string();
    assert!(gone.contains("backup-000001") && gone.contains("missing"), "{gone}");
    fs::rename(others.join("backup-000001"), toy.backups().join("backup-000001")).expect("a folder");
    let other = check(&SUBJECT, &toy.backups(), 2, &toy.key).expect_err("another parent").to_string();
    assert!(other.contains("not the one that backup 2 goes on from"), "{other}");
}

#[test]
fn a_daemon_that_was_put_back_costs_nobody_the_backups_that_reach_further() {
    let mut toy = Toy::new(19);
    toy.live(5);
    toy.back_up(true).expect("a backup");
    let (old, data) = (toy.scratch("old"), toy.data());
    toy.store = None;
    copy(&data, &old);
    toy.open();
    toy.live(40);
    let further = toy.back_up(false).expect("a backup").backup;
    toy.store = None;
    fs::remove_dir_all(&data).expect("a folder");
    fs::rename(&old, &data).expect("the old copy");
    toy.open();
    for _ in 0..2 {
        toy.live(1);
        let made = toy.back_up(true).expect("a backup").backup;
        assert!(made.manifest.ends.position < further.manifest.ends.position);
    }
    let refused = retain(&SUBJECT, &toy.backups(), &toy.key, 1).expect_err("what only that one has");
    assert!(refused.to_string().contains("backup-000002: goes further than the newest"), "{refused}");
    assert_eq!(backups(&toy.backups(), &toy.key).expect("backups").len(), 4, "nothing was removed");
    // Once the daemon has come as far again, they are as old as any.
    toy.live(80);
    assert!(toy.point().position > further.manifest.ends.position);
    toy.back_up(true).expect("a backup");
    assert_eq!(retain(&SUBJECT, &toy.backups(), &toy.key, 1).expect("kept"), 4);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).expect("a copy") }
    }
}

#[test]
fn old_chains_go_only_when_the_newest_one_verifies() {
    let mut toy = Toy::new(17);
    for round in 0..9 {
        toy.live(5);
        toy.back_up(round % 3 == 0).expect("a backup");
    }
    let numbers = |toy: &Toy| -> Vec<u64> {
        backups(&toy.backups(), &toy.key).expect("backups").iter().map(|backup| backup.nth).collect()
    };
    assert_eq!(retain(&SUBJECT, &toy.backups(), &toy.key, 3).expect("kept"), 0);
    // With a newest chain that does not verify, all the others stay.
    let victim = toy.backups().join("backup-000008/groups");
    let bytes = fs::read(&victim).expect("a file");
    let mut bad = bytes.clone();
    bad[60] ^= 1;
    fs::write(&victim, &bad).expect("a file");
    let refused = retain(&SUBJECT, &toy.backups(), &toy.key, 1).expect_err("a bad chain");
    assert!(refused.to_string().contains("backup-000008/groups"), "{refused}");
    assert_eq!(numbers(&toy), (1..=9).collect::<Vec<_>>());
    fs::write(&victim, &bytes).expect("a file");
    assert_eq!(retain(&SUBJECT, &toy.backups(), &toy.key, 2).expect("kept"), 3);
    assert_eq!(numbers(&toy), (4..=9).collect::<Vec<_>>());
    assert_eq!(retain(&SUBJECT, &toy.backups(), &toy.key, 0).expect("kept"), 3);
    assert_eq!(numbers(&toy), (7..=9).collect::<Vec<_>>());
    assert_eq!(check(&SUBJECT, &toy.backups(), 9, &toy.key).expect("a chain").len(), 3);
    let scratch = toy.scratch("");
    let verified = verify(&SUBJECT, &toy.backups(), &scratch, &toy.key, Until::End).expect("sound");
    assert_eq!(verified.restored.checked.point, toy.point());
    assert!(
        fs::read_dir(&scratch)
            .expect("a folder")
            .flatten()
            .all(|entry| { !entry.file_name().to_string_lossy().contains("verify") })
    );
}
