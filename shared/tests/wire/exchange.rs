//! Calls that go well, and calls that run out of time.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kessai_shared::exchange::{CallError, Limits, LinkError, MAX_FRAME_BYTES};
use kessai_shared::tls::{IDLE_TIMEOUT, Peers};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::service::{
    Ask, BEFORE_ANY_DEADLINE, FOR_EVER, SOON, TestServer, Told, echo, identity, until_counted, wait,
};

#[tokio::test]
async fn a_thousand_calls_share_a_connection_and_come_back_in_any_order() {
    let server = TestServer::open();
    let client = server.client().await;
    let mut calls = JoinSet::new();
    for value in 0..1000 {
        let client = client.clone();
        calls.spawn(async move {
            // So far apart that a slow machine has many of them under way at once, too.
            let millis = value * 7919 % 500;
            let told = client.call(&Ask::Wait { millis, value }, SOON).await;
            assert_eq!(told, Ok(Told::Value(value)));
            value
        });
    }
    let order = calls.join_all().await;
    assert_eq!(order.len(), 1000);
    assert_eq!(server.calls(), 1000);
    assert!(server.teller.most.load(Ordering::SeqCst) > 100);
}

/// How long connections last that end at about the time when longer datagrams are tried on them, in
/// microseconds.
const SHORT: u64 = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_at_any_moment_keeps_no_place() {
    let server = TestServer::open();
    for nth in 0..200 {
        let client = server.client().await;
        assert_eq!(echo(&client, nth).await, Ok(nth));
        sleep(Duration::from_micros(nth * SHORT / 200)).await;
    }
    // Well before anybody would be taken for gone who did not say so.
    let begun = Instant::now();
    while !server.teller.roster.is_empty() {
        let left = server.teller.roster.connected();
        assert!(begun.elapsed() < IDLE_TIMEOUT / 2, "they left and are not gone: {left:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_later_call_overtakes_an_earlier_one() {
    let server = TestServer::open();
    let client = server.client().await;
    let slow = {
        let client = client.clone();
        tokio::spawn(async move { wait(&client, FOR_EVER, SOON).await })
    };
    until_counted(&server.teller.calls, 1).await;
    assert_eq!(echo(&client, 1).await, Ok(1));
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test]
async fn the_largest_message_passes_and_a_larger_one_never_leaves() {
    let server = TestServer::open();
    let client = server.client().await;
    // Eight bytes of request id, one of the variant and three of the length stand in the frame.
    let largest = vec![7; MAX_FRAME_BYTES - 12];
    let told = client.call(&Ask::Blob(largest.clone()), SOON).await;
    assert_eq!(told, Ok(Told::Blob(largest)));
    let larger = vec![7; MAX_FRAME_BYTES - 11];
    let told = client.call::<_, Told>(&Ask::Blob(larger), SOON).await;
    let error = told.unwrap_err();
    assert_eq!(error, CallError::TooLarge(MAX_FRAME_BYTES + 1));
    assert!(!error.may_have_happened());
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn a_deadline_ends_one_call_and_nothing_else() {
    let server = TestServer::open();
    let client = server.client().await;
    let error = wait(&client, 6_000, Duration::from_millis(100)).await;
    let error = error.unwrap_err();
    assert_eq!(error, CallError::Timeout);
    assert!(error.may_have_happened());
    assert_eq!(server.teller.done.load(Ordering::SeqCst), 0, "it waited for the reply");
    // The reply that comes too late is nobody's, and the connection goes on.
    until_counted(&server.teller.done, 1).await;
    assert_eq!(echo(&client, 5).await, Ok(5));
}

#[tokio::test]
async fn a_call_that_lost_its_time_before_it_was_sent_never_happens() {
    let server = TestServer::with(
        &identity(),
        Peers::Any,
        Limits { max_in_flight_per_connection: 1, ..Limits::default() },
    );
    let client = server.client().await;
    let mut calls = JoinSet::new();
    // The first call keeps the server from reading, so the rest fill the windows and then wait.
    let blocking = client.clone();
    calls.spawn(async move { wait(&blocking, 3_000, SOON).await });
    for _ in 0..20 {
        let client = client.clone();
        let blob = Ask::Blob(vec![0; MAX_FRAME_BYTES / 2]);
        calls.spawn(async move { client.call(&blob, Duration::from_millis(1_000)).await });
    }
    let outcomes = calls.join_all().await;
    let count = |wanted: fn(&Result<Told, CallError>) -> bool| {
        outcomes.iter().filter(|outcome| wanted(outcome)).count() as u64
    };
    let done = count(Result::is_ok);
    let unknown = count(|outcome| *outcome == Err(CallError::Timeout));
    let never = count(|outcome| *outcome == Err(CallError::TooLate));
    assert_eq!(done + unknown + never, 21, "{outcomes:?}");
    assert!(unknown > 0 && never > 0, "{unknown} unknown, {never} never sent");
    assert!(!CallError::TooLate.may_have_happened());
    // Whatever was sent arrives in the end, and nothing else does.
    assert_eq!(echo(&client, 5).await, Ok(5));
    assert_eq!(server.calls(), done + unknown + 1);
}

#[tokio::test]
async fn a_server_that_goes_down_finishes_what_it_has_begun() {
    let server = TestServer::open();
    let client = server.client().await;
    let begun = {
        let client = client.clone();
        tokio::spawn(async move { wait(&client, 300, SOON).await })
    };
    until_counted(&server.teller.calls, 1).await;
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < BEFORE_ANY_DEADLINE);
    assert_eq!(begun.await.unwrap(), Ok(Told::Value(0)));
    let closed = client.closed().await;
    assert!(matches!(closed, LinkError::Closed { code: 5, .. }), "{closed:?}");
    let error = echo(&client, 1).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_call_goes_on_when_its_client_leaves() {
    let server = TestServer::open();
    let client = server.client().await;
    let error = wait(&client, 2_000, Duration::from_millis(50)).await;
    assert_eq!(error, Err(CallError::Timeout));
    drop(client);
    until_counted(&server.teller.done, 1).await;
}

#[tokio::test]
async fn a_call_that_panics_costs_its_own_reply_and_no_place() {
    let server = TestServer::with(
        &identity(),
        Peers::Any,
        Limits { max_in_flight_per_connection: 1, ..Limits::default() },
    );
    let client = server.client().await;
    let told = client.call::<_, Told>(&Ask::Panic, Duration::from_millis(200)).await;
    assert_eq!(told, Err(CallError::Timeout));
    assert_eq!(echo(&client, 5).await, Ok(5));
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < BEFORE_ANY_DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn connections_that_are_gone_hold_up_nobody_who_goes_down() {
    let server = TestServer::open();
    for _ in 0..3 {
        let client = server.client().await;
        assert_eq!(echo(&client, 1).await, Ok(1));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < BEFORE_ANY_DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn each_call_has_its_own_deadline_whatever_the_others_have() {
    let server = TestServer::open();
    let client = server.client().await;
    let (mut long, mut short) = (JoinSet::new(), JoinSet::new());
    // Long ones before, so that a shorter one has to be noticed; and some that are answered before.
    for millis in [40_000, 20_000, 400, 100, 30_000, 200] {
        let client = client.clone();
        let calls = if millis < 1_000 { &mut short } else { &mut long };
        calls.spawn(async move {
            let started = Instant::now();
            let outcome = wait(&client, FOR_EVER, Duration::from_millis(millis)).await;
            assert_eq!(outcome, Err(CallError::Timeout));
            assert!(started.elapsed() >= Duration::from_millis(millis));
        });
    }
    for value in 0..50 {
        assert_eq!(echo(&client, value).await, Ok(value));
    }
    short.join_all().await;
    // What is over when the short ones are was waited for by them.
    assert!(long.try_join_next().is_none(), "a short deadline waited for a long one");
}

#[tokio::test]
async fn a_call_that_its_caller_drops_disturbs_no_other() {
    let server = TestServer::open();
    let client = server.client().await;
    for value in 0..200 {
        let dropped = client.clone();
        let call = tokio::spawn(async move { wait(&dropped, 1, SOON).await });
        if value % 2 == 0 {
            tokio::task::yield_now().await;
        }
        call.abort();
        assert_eq!(echo(&client, value).await, Ok(value));
    }
}
