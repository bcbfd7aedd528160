//! Nothing, the middle, a checkpoint: wherever a standby begins, it comes to the same journal.

use std::fs;
use std::time::{Duration, Instant};

use kessai_shared::replica::seed::refuse_half_seeded;
use kessai_shared::replica::{Lost, wire};
use kessai_shared::store::Store;
use tempfile::tempdir;

use crate::nodes::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_nothing_to_the_same_records_groups_and_books() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    for round in 0..50_u32 {
        primary.add((0..=round).map(|nth| (nth, u64::from(round))).collect()).await;
    }
    // A group that no frame holds, and many small ones while it follows.
    primary.add((0..60_000).map(|nth| (nth % 100, u64::from(nth))).collect()).await;
    let standby = Standby::start(two.path(), primary.address).await;
    let mut last = 0;
    for round in 0..50_u32 {
        last = primary.add(vec![(round, 1)]).await;
    }
    standby.reaches(last).await;
    let (books, position) = look(&standby.writer).await;
    assert_eq!((books, position), primary.look().await);
    assert_eq!(standby.copied.load(std::sync::atomic::Ordering::SeqCst), last);
    let mut followers = primary.feed.followers();
    let is_known = followers
        .wait_for(|all| all.get(&id(2)).is_some_and(|known| known.sent == last && known.is_connected()));
    drop(tokio::time::timeout(SOON, is_known).await.expect("it is known").expect("a feed"));
    let head = standby.stop().await;
    primary.stop().await;
    assert_eq!(records(one.path()), records(two.path()));
    assert_eq!(crate::nodes::books(two.path()), crate::nodes::books(one.path()));
    assert_eq!(head.position, last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_was_away_goes_on_where_it_was_also_from_the_files() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let mut primary = Primary::start(one.path(), LONG);
    let mut last = 0;
    for round in 0..6_u32 {
        let standby = Standby::start(two.path(), primary.address).await;
        for nth in 0..40 {
            last = primary.add((0..20).map(|account| (account + nth, u64::from(round))).collect()).await;
        }
        standby.reaches(last).await;
        standby.stop().await;
        for nth in 0..300 {
            last = primary.add((0..5).map(|account| (account + nth, 1)).collect()).await;
        }
        if round % 2 == 0 {
            // One that was started anew has nothing in memory.
            primary.stop().await;
            primary = Primary::start(one.path(), LONG);
        }
    }
    let standby = Standby::start(two.path(), primary.address).await;
    standby.reaches(last).await;
    standby.stop().await;
    primary.stop().await;
    assert_eq!(records(one.path()), records(two.path()));
}

/// Waits until the mark of a folder that has only a checkpoint is gone: as soon as something stands behind it.
async fn serves_again(folder: &std::path::Path) {
    let begun = Instant::now();
    while let Err(why) = refuse_half_seeded(folder) {
        assert!(begun.elapsed() < SOON, "{why}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fills so much that the journal's beginning is cut away.
async fn compacted(primary: &Primary, folder: &std::path::Path) -> u64 {
    let floors = primary.feed.source().floors();
    // An operator who gives a standby up, or the limits on what is kept for one, let go of its journal.
    floors.holders().iter().for_each(|holder| floors.release(&holder.name).expect("a list"));
    let mut last = 0;
    for round in 0..200_u64 {
        last = primary.add((0..400).map(|nth| ((nth * 7) % 900, round)).collect()).await;
    }
    let cut = async {
        while folder.join("journal/journal-00000000000000000001.log").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            primary.add(vec![(1, 1)]).await;
        }
    };
    tokio::time::timeout(SOON, cut).await.expect("a checkpoint");
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_beginning_is_gone_the_checkpoint_comes_first() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), SHORT);
    compacted(&primary, one.path()).await;
    let standby = Standby::start(two.path(), primary.address).await;
    let last = primary.add(vec![(3, 3)]).await;
    standby.reaches(last).await;
    assert_eq!(look(&standby.writer).await, primary.look().await);
    serves_again(two.path()).await;
    standby.stop().await;
    assert_eq!(books(two.path()).0, primary.look().await.0);
    // It goes on from there like any other.
    let standby = Standby::start(two.path(), primary.address).await;
    let last = primary.add(vec![(3, 4)]).await;
    standby.reaches(last).await;
    standby.stop().await;
    primary.stop().await;
    assert_eq!(books(two.path()), books(one.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_fell_too_far_behind_begins_with_the_checkpoint_and_keeps_what_it_had() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), SHORT);
    let standby = Standby::start(two.path(), primary.address).await;
    let last = primary.add(vec![(1, 1)]).await;
    standby.reaches(last).await;
    standby.stop().await;
    compacted(&primary, one.path()).await;
    // Where the node in charge takes long to answer, it starts as it is, and is too far behind for good.
    let mut standby = Standby::start(two.path(), primary.address).await;
    for _ in 0..4 {
        if !two.path().join("journal.aside-1").exists() {
            assert_eq!(standby.given_up().await, Lost::TooFarBehind);
            standby = Standby::start(two.path(), primary.address).await;
        }
    }
    let last = primary.add(vec![(3, 3)]).await;
    standby.reaches(last).await;
    assert!(two.path().join("journal.aside-1").exists());
    standby.stop().await;
    primary.stop().await;
    assert_eq!(books(two.path()), books(one.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seeding_that_was_cut_short_is_begun_anew_and_serves_nobody() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), SHORT);
    compacted(&primary, one.path()).await;
    let standby = Standby::start(two.path(), primary.address).await;
    let last = primary.look().await.1;
    standby.reaches(last).await;
    standby.stop().await;
    // As one leaves it that died before the first group: a checkpoint and nothing behind it.
    for entry in fs::read_dir(two.path().join("journal")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("journal-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    fs::write(two.path().join("seeding"), b"").unwrap();
    assert!(Store::<Balances>::open(two.path(), KIND).is_err());
    assert!(refuse_half_seeded(two.path()).is_err());
    let standby = Standby::start(two.path(), primary.address).await;
    standby.reaches(last).await;
    serves_again(two.path()).await;
    standby.stop().await;
    primary.stop().await;
    assert_eq!(books(two.path()), books(one.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_another_history_is_refused_until_it_is_set_aside() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    let standby = Standby::start(two.path(), primary.address).await;
    let last = primary.add(vec![(1, 1), (2, 2)]).await;
    standby.reaches(last).await;
    standby.stop().await;
    // It was in charge for a moment and wrote a record that nobody else has.
    let own = Primary::start(two.path(), LONG);
    own.add(vec![(9, 9)]).await;
    own.stop().await;
    // As long as the other has less, it may be an older copy; nothing of it is taken over.
    let standby = Standby::start(two.path(), primary.address).await;
    standby.stop().await;
    // Whether the other has as much, or more.
    for more in [1, 5] {
        for _ in 0..more {
            primary.add(vec![(4, 4)]).await;
        }
        let mut refused = None;
        for _ in 0..4 {
            match Standby::try_start(two.path(), primary.address, false).await {
                // Where the node in charge takes long to answer, it starts as it is, and is refused then.
                Ok(standby) => assert!(matches!(standby.given_up().await, Lost::Refused(_))),
                Err(line) => {
                    refused = Some(line);
                    break;
                }
            }
        }
        let refused = refused.expect("refused");
        assert!(refused.contains("--rejoin"), "{refused}");
    }
    assert_eq!(books(two.path()).1.position, last + 1, "nothing was changed");
    let standby = Standby::try_start(two.path(), primary.address, true).await.expect("it begins anew");
    let last = primary.look().await.1;
    standby.reaches(last).await;
    standby.stop().await;
    primary.stop().await;
    assert_eq!(records(one.path()), records(two.path()));
    assert!(two.path().join("journal.aside-1").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_inside_a_group_of_the_other_is_another_history() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    primary.add(vec![(1, 1)]).await;
    primary.add(vec![(1, 1), (2, 2), (3, 3)]).await;
    let dial = dial(primary.address, &key(1), &key(1));
    let journal = primary.feed.source().journal_id();
    let all = records(one.path());
    let client = kessai_shared::exchange::Client::connect(
        &dial.endpoint,
        dial.address,
        dial.config.clone(),
        kessai_shared::tls::SERVER_NAME,
    );
    let client = client.await.expect("a connection");
    for (record, ends) in all.iter().zip([true, false, false, true]) {
        let has = Some(wire::Has { journal, end: record.head().into() });
        let hello = wire::Request::Hello { node: id(7), kind: *KIND.0, has };
        let told = client.call::<_, wire::Reply>(&hello, SOON).await.expect("an answer");
        let here = matches!(&told, wire::Reply::Welcome(welcome) if welcome.begin == wire::Begin::Here);
        let refused = matches!(told, wire::Reply::Refused(wire::Refusal::Diverged { ends: 4 }));
        assert_eq!((here, refused), (ends, !ends), "record {}", record.position);
    }
    drop(two);
    primary.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_received_is_durable_when_following_has_ended() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    for round in 0..5 {
        let standby = Standby::start(two.path(), primary.address).await;
        for nth in 0..30 {
            primary.add((0..50).map(|account| (account, nth)).collect()).await;
        }
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        let head = standby.stop().await;
        assert_eq!(books(two.path()).1, head);
        assert_eq!(records(one.path())[..head.position as usize], records(two.path()));
    }
    primary.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_overtaken_by_the_cut_while_it_runs_says_so() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let mut primary = Primary::start(one.path(), SHORT);
    let mut standby = Standby::start(two.path(), primary.address).await;
    let last = primary.add(vec![(1, 1)]).await;
    standby.reaches(last).await;
    let away = primary.address;
    primary.stop().await;
    // Meanwhile the journal is cut, and the one in charge comes back at the same address.
    let elsewhere = Primary::start(one.path(), SHORT);
    compacted(&elsewhere, one.path()).await;
    elsewhere.stop().await;
    primary = Primary::start_at(one.path(), SHORT, away).await;
    let lost = tokio::time::timeout(SOON, standby.follower.lost()).await.expect("it ends");
    assert_eq!(lost, Lost::TooFarBehind);
    primary.stop().await;
}

/// Copies a folder that nobody writes, as a restore would put it back.
fn put_back(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            put_back(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_at_the_address_is_waited_out_and_only_a_fork_ends_it() {
    let (one, two, old) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    let primary = Primary::start(one.path(), LONG);
    primary.add(vec![(1, 1), (2, 2)]).await;
    let address = primary.address;
    primary.stop().await;
    put_back(one.path(), old.path());
    let primary = Primary::start_at(one.path(), LONG, address).await;
    let mut standby = Standby::start(two.path(), address).await;
    let last = primary.add(vec![(3, 3)]).await;
    standby.reaches(last).await;
    primary.stop().await;
    // The copy that is put back at the same address has less; nothing says that it has anything else.
    let stale = Primary::start_at(old.path(), LONG, address).await;
    let mut status = standby.follower.status();
    let told = |status: &kessai_shared::replica::Following| {
        status.problem.as_ref().is_some_and(|why| why.contains("older copy of the journal here"))
    };
    tokio::select! {
        lost = standby.follower.lost() => panic!("it ends: {lost}"),
        waits = tokio::time::timeout(SOON, status.wait_for(told)) => drop(waits.expect("it says so").expect("it runs")),
    }
    assert!(standby.follower.link().borrow().is_none(), "nothing is asked of one that has less");
    stale.stop().await;
    // One that was started beside such a copy waits for a better one too.
    standby.stop().await;
    let stale = Primary::start_at(old.path(), LONG, address).await;
    let mut standby = Standby::try_start(two.path(), address, false).await.expect("it waits");
    stale.stop().await;
    // The node that has everything comes back, and it goes on.
    let primary = Primary::start_at(one.path(), LONG, address).await;
    let last = primary.add(vec![(4, 4)]).await;
    standby.reaches(last).await;
    primary.stop().await;
    // A copy that writes a record of its own is another history from there on, even while it has less.
    let fork = Primary::start_at(old.path(), LONG, address).await;
    fork.add(vec![(9, 9)]).await;
    let lost = tokio::time::timeout(SOON, standby.follower.lost()).await.expect("it ends");
    assert_eq!(lost, Lost::Refused(wire::Refusal::Diverged { ends: 3 }));
    fork.stop().await;
    assert_eq!(look(&standby.writer).await.1, last, "nothing was changed");
}
