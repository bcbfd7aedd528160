//! While a standby's word is required, nobody is told of anything before it.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::writer::Rule;
use tempfile::tempdir;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::nodes::*;

/// Long enough for a group that may be told.
const A_WHILE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_until_the_standby_has_it_and_then_everything_is() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Arc::new(Primary::start(one.path(), LONG));
    let first = primary.add(vec![(1, 1)]).await;
    primary.gate.set(Rule::Standby);
    primary.feed.guard(Some(id(2)));
    let asked: Vec<_> = (0..5)
        .map(|nth| {
            let primary = Arc::clone(&primary);
            tokio::spawn(async move { primary.add(vec![(nth, 1)]).await })
        })
        .collect();
    sleep(A_WHILE).await;
    assert!(asked.iter().all(|asked| !asked.is_finished()), "told without a standby");
    let standby = Standby::start(two.path(), primary.address).await;
    for asked in asked {
        let position = timeout(SOON, asked).await.expect("told").expect("no panic");
        assert!(position > first);
        assert!(standby.follower.durable().position >= position, "told before it was durable there");
    }
    for nth in 0..50 {
        let position = primary.add(vec![(nth, 1)]).await;
        assert!(standby.follower.durable().position >= position, "told before it was durable there");
    }
    let head = standby.stop().await;
    let (primary_too, asks) = (Arc::clone(&primary), vec![(7, 7)]);
    let asked = tokio::spawn(async move { primary_too.add(asks).await });
    sleep(A_WHILE).await;
    assert!(!asked.is_finished(), "told after the standby was gone");
    // Whoever may go on alone opens the gate, and what was held up is told.
    primary.gate.set(Rule::Open);
    let position = timeout(SOON, asked).await.expect("told").expect("no panic");
    assert!(position > head.position);
    Arc::into_inner(primary).expect("nobody else").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_standbys_word_does_not_count() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let primary = Arc::new(Primary::start(one.path(), LONG));
    let standby = Standby::start(two.path(), primary.address).await;
    primary.gate.set(Rule::Standby);
    primary.feed.guard(Some(id(3)));
    let own = Arc::clone(&primary);
    let asked = tokio::spawn(async move { own.add(vec![(1, 1)]).await });
    standby.reaches(1).await;
    sleep(A_WHILE).await;
    assert!(!asked.is_finished(), "told on the word of another");
    primary.feed.guard(Some(id(2)));
    timeout(SOON, asked).await.expect("told").expect("no panic");
    standby.stop().await;
    Arc::into_inner(primary).expect("nobody else").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_urgent_is_written_while_the_gate_is_shut() {
    let one = tempdir().unwrap();
    let primary = Arc::new(Primary::start(one.path(), LONG));
    primary.gate.set(Rule::Shut);
    let own = Arc::clone(&primary);
    let held = tokio::spawn(async move { own.add(vec![(1, 1)]).await });
    // Only what was written waits at the gate; a machine that stands still may take long until then.
    let mut head = primary.feed.source().ring().head();
    timeout(SOON, head.wait_for(|head| head.position == 1)).await.expect("written").expect("a journal");
    let (tell, told) = oneshot::channel();
    primary.urgent.send(Command::Add(vec![(2, 2)], tell)).await.expect("a writer");
    assert_eq!(timeout(SOON, told).await.expect("told").expect("told"), 2);
    assert!(!held.is_finished(), "told while the gate was shut");
    primary.gate.set(Rule::Open);
    assert_eq!(timeout(SOON, held).await.expect("told").expect("no panic"), 1);
    Arc::into_inner(primary).expect("nobody else").stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_stops_although_nobody_may_be_told() {
    let one = tempdir().unwrap();
    let primary = Primary::start(one.path(), LONG);
    primary.gate.set(Rule::Standby);
    let (tell, told) = oneshot::channel();
    primary.writer.send(Command::Add(vec![(1, 1)], tell)).await.expect("a writer");
    sleep(A_WHILE).await;
    timeout(SOON, primary.stop()).await.expect("it stops");
    assert!(told.await.is_err(), "told although the gate was shut");
    assert_eq!(books(one.path()).1.position, 1, "what was written stays written");
}
