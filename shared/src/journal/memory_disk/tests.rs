use super::*;

const NAME: &str = "file";

fn half_synced() -> MemoryDisk {
    let mut disk = MemoryDisk::new();
    disk.write_at(NAME, 0, &[1; 2_000]).expect("a working disk");
    disk.sync(NAME).expect("a working disk");
    disk.write_at(NAME, 1_000, &[2; 3_000]).expect("a working disk");
    disk
}

#[test]
fn a_power_cut_spares_what_was_synced_and_repeats_itself() {
    let disk = half_synced();
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let bytes = disk.power_cut(seed).read(NAME).expect("a synced file");
        assert_eq!(bytes, disk.power_cut(seed).read(NAME).expect("a synced file"));
        assert!(bytes.iter().take(1_000).all(|byte| *byte == 1), "seed {seed}");
        assert!((2_000..=4_000).contains(&bytes.len()), "seed {seed}");
        outcomes.insert(bytes);
    }
    assert!(outcomes.len() > 50, "{}", outcomes.len());
}

#[test]
fn the_death_of_a_process_makes_nothing_durable() {
    let disk = half_synced().process_death();
    assert_eq!(disk.read(NAME).expect("a file"), half_synced().read(NAME).expect("a file"));
    let lost = (0..50).any(|seed| disk.power_cut(seed).read(NAME).expect("a synced file") == [1; 2_000]);
    assert!(lost);
}

#[test]
fn a_sync_after_a_failed_one_saves_only_what_was_written_again() {
    let mut disk = half_synced();
    disk.fail_after(0);
    disk.sync(NAME).expect_err("a failing disk");
    disk.read(NAME).expect_err("a failing disk");
    let mut later = disk.process_death();
    later.sync(NAME).expect("a working disk");
    let all = later.read(NAME).expect("a file");
    let lost = |disk: &MemoryDisk| {
        (0..50).any(|seed| disk.power_cut(seed).read(NAME).expect("a synced file") != all)
    };
    assert!(lost(&later));
    later.write_at(NAME, 0, &all).expect("a working disk");
    later.sync(NAME).expect("a working disk");
    assert!(!lost(&later));
}

#[test]
fn a_file_that_was_never_synced_may_be_gone() {
    let mut disk = MemoryDisk::new();
    disk.write_at(NAME, 0, b"x").expect("a working disk");
    let there = |seed| disk.power_cut(seed).read(NAME).is_ok();
    assert!((0..50).any(there));
    assert!(!(0..50).all(there));
}
