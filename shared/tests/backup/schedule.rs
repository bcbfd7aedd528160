//! Backups that are made by themselves: when they are due, and when one that failed is tried again.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kessai_shared::backup::backups;
use kessai_shared::backup::schedule::{Board, Plan, Progress, Schedule};

use super::toy::{SUBJECT, Toy};

/// Longer than the thread takes to look what is due.
const LOOKS: Duration = Duration::from_millis(800);
const SOON: Duration = Duration::from_secs(60);

fn start(toy: &Toy, to: PathBuf, every: u64) -> (Schedule, Board) {
    let key = toy.scratch("backup.key");
    if !key.exists() {
        toy.key.write(&key, None).expect("a key");
    }
    let plan = Plan { to, every: Duration::from_secs(every), key, keep: 2 };
    let (board, point) = (Board::default(), toy.point());
    let floors = toy.store.as_ref().expect("it runs").floors();
    let point = move || Ok(point.clone());
    let schedule = Schedule::start(SUBJECT, toy.data(), plan, (board.clone(), floors), point);
    (schedule.expect("a thread"), board)
}

fn until(board: &Board, what: &str, holds: impl Fn(&Progress) -> bool) {
    let begun = Instant::now();
    while !board.read().is_some_and(|progress| holds(&progress)) {
        assert!(begun.elapsed() < SOON, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn one_that_is_started_again_makes_no_more_backups_for_it() {
    let mut toy = Toy::new(31);
    toy.live(10);
    let (schedule, board) = start(&toy, toy.backups(), 3_600);
    until(&board, "a first backup, at once", |progress| progress.last.is_some());
    drop(schedule);
    toy.live(10);
    let (schedule, board) = start(&toy, toy.backups(), 3_600);
    std::thread::sleep(LOOKS);
    drop(schedule);
    assert_eq!(board.read().and_then(|progress| progress.last), None, "the next one is due in an hour");
    assert_eq!(backups(&toy.backups(), &toy.key).expect("backups").len(), 1);
}

#[test]
fn one_that_failed_is_tried_again_and_told_until_it_succeeds() {
    let mut toy = Toy::new(32);
    toy.live(10);
    let to = toy.scratch("elsewhere");
    fs::write(&to, b"a file where the backups were to go").expect("a file");
    let (_schedule, board) = start(&toy, to.clone(), 1);
    until(&board, "a failure", |progress| progress.failed.is_some() && progress.last.is_none());
    fs::remove_file(&to).expect("a file");
    until(&board, "another try", |progress| progress.failed.is_none() && progress.last.is_some());
}
