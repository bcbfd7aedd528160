//! Backups that are made by themselves: when they are due, and when one that failed is tried again.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kessai_shared::backup::schedule::{Board, Plan, Progress, Schedule};
use kessai_shared::backup::{BackupError, Point, backups};

use super::toy::{SUBJECT, Toy};

/// Longer than the thread takes to look what is due.
const LOOKS: Duration = Duration::from_millis(800);
const SOON: Duration = Duration::from_secs(60);

fn start(toy: &Toy, to: PathBuf, every: u64) -> (Schedule, Board) {
    let point = toy.point();
    start_with(toy, to, every, move || Ok(point.clone()))
}

fn start_with(
    toy: &Toy,
    to: PathBuf,
    every: u64,
    point: impl FnMut() -> Result<Point, BackupError> + Send + 'static,
) -> (Schedule, Board) {
    let key = toy.scratch("backup.key");
    if !key.exists() {
        toy.key.write(&key, None).expect("a key");
    }
    let plan = Plan { to, every: Duration::from_secs(every), key, keep: 2 };
    let board = Board::default();
    let floors = toy.store.as_ref().expect("it runs").floors();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_stops_keeps_nobody_waiting_who_asked_for_a_backup() {
    let mut toy = Toy::new(33);
    toy.live(10);
    // It hangs in the middle of a backup, as on a slow disk, until the test lets go of it.
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let point = toy.point();
    let (schedule, _) = start_with(&toy, toy.backups(), 3_600, move || {
        let _ = begun.send(());
        let _ = held.recv();
        Ok(point.clone())
    });
    begins.recv().await.expect("a backup that begins");
    let (first, second) = (schedule.asker(), schedule.asker());
    let waiting =
        [tokio::spawn(async move { first.make().await }), tokio::spawn(async move { second.make().await })];
    let asker = schedule.asker();
    schedule.stop();
    for waiting in waiting {
        let told = tokio::time::timeout(SOON, waiting).await.expect("at once").expect("an answer");
        assert_eq!(told.expect_err("there is no backup"), "the daemon is going down");
    }
    assert!(asker.make().await.is_err(), "nor is one begun any more");
    drop(let_go);
    tokio::task::spawn_blocking(|| drop(schedule)).await.expect("an end");
    assert_eq!(backups(&toy.backups(), &toy.key).expect("backups").len(), 0, "and none was made");
}
