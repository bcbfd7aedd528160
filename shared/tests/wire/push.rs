//! Watchers: told what there is without asking each time, each at its own pace, and none at the server's
//! cost.

use std::sync::Arc;
use std::time::Duration;

use kessai_shared::exchange::{Client, Limits, LinkError, Pushed, WATCHERS, WATCHERS_PER_KEY, close};
use kessai_shared::identity::Identity;
use kessai_shared::pin_set::PinSet;
use kessai_shared::tls::{Peers, SERVER_NAME, watching_client_config};
use tokio::time::{sleep, timeout};

use super::service::{
    ALPN, Ask, BEFORE_ANY_DEADLINE, SOON, TestServer, Told, echo, endpoint, identity, localhost,
};

/// Many connections of one key.
const LIMITS: Limits = Limits { max_connections_per_peer: 64, ..Limits::USUAL };

async fn client(server: &TestServer, identity: &Identity) -> Client {
    let config = watching_client_config(identity, Peers::pins([server.pin]), ALPN).unwrap();
    Client::connect(&endpoint(), server.addr, config, SERVER_NAME).await.unwrap()
}

/// Asks to be told.
async fn watch(client: &Client) -> Pushed {
    assert_eq!(client.call(&Ask::Watch, SOON).await, Ok(Told::Value(1)));
    client.pushed()
}

/// The next that is told, whose number it is.
async fn next(pushed: &mut Pushed) -> Result<u64, LinkError> {
    let (number, told) = timeout(SOON, pushed.next::<u64>()).await.expect("something is told")?;
    assert_eq!(number, told);
    Ok(told)
}

#[tokio::test]
async fn all_who_watch_are_told_the_same_and_may_ask_beside() {
    let server = TestServer::with(&identity(), Peers::Any, LIMITS);
    let mut all = Vec::new();
    for _ in 0..10 {
        let client = client(&server, &identity()).await;
        let pushed = watch(&client).await;
        all.push((client, pushed));
    }
    for number in 1..=20 {
        server.teller.broadcast.tell(number, &number);
        for (client, pushed) in &mut all {
            assert_eq!(next(pushed).await, Ok(number));
            assert_eq!(echo(client, number).await, Ok(number));
        }
    }
}

#[tokio::test]
async fn there_are_so_many_watchers_of_one_key_and_a_place_comes_free() {
    let server = TestServer::with(&identity(), Peers::Any, LIMITS);
    let (mine, theirs) = (identity(), identity());
    let mut all = Vec::new();
    for nth in 0..WATCHERS {
        let key = if nth < WATCHERS_PER_KEY { &mine } else { &theirs };
        let client = client(&server, key).await;
        assert_eq!(client.call(&Ask::Watch, SOON).await, Ok(Told::Value(1)), "{nth}");
        if nth + 1 == WATCHERS_PER_KEY {
            let more = self::client(&server, &mine).await;
            assert_eq!(more.call(&Ask::Watch, SOON).await, Ok(Told::Value(0)));
        }
        all.push(client);
    }
    let late = client(&server, &identity()).await;
    assert_eq!(late.call(&Ask::Watch, SOON).await, Ok(Told::Value(0)));
    drop(all.pop());
    for _ in 0..3_000 {
        if late.call(&Ask::Watch, SOON).await == Ok(Told::Value(1)) {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("the place of one who left does not come free");
}

#[tokio::test]
async fn a_watcher_that_never_reads_is_closed_and_others_hear_no_less() {
    // Long enough for one who reads on a machine that stands still for a moment.
    let limits = Limits { reply_deadline: Duration::from_secs(5), ..LIMITS };
    let server = TestServer::with(&identity(), Peers::Any, limits);
    let (asleep, awake) = (client(&server, &identity()).await, client(&server, &identity()).await);
    let stuck = watch(&asleep).await;
    let mut pushed = watch(&awake).await;
    // Far more than may lie unread.
    let large = vec![7_u8; 100_000];
    for number in 1..=40_u64 {
        server.teller.broadcast.tell(number, &large);
        let told = timeout(SOON, pushed.next::<Vec<u8>>()).await.expect("it is told");
        assert_eq!(told.expect("it goes on").0, number);
        sleep(Duration::from_millis(25)).await;
    }
    let ended = timeout(SOON, asleep.closed()).await.expect("it is closed");
    assert!(matches!(ended, LinkError::Closed { code, .. } if code == close::SLOW.into_inner()), "{ended:?}");
    drop(stuck);
}

#[tokio::test]
async fn one_who_reads_late_gets_the_newest_and_not_a_long_line_of_old_ones() {
    let server = TestServer::with(&identity(), Peers::Any, LIMITS);
    let client = client(&server, &identity()).await;
    let mut pushed = watch(&client).await;
    // Ten megabytes are told while nobody reads.
    for number in 1..=1_000_u64 {
        server.teller.broadcast.tell(number, &vec![number; 5_000]);
        if number % 50 == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }
    let (mut seen, mut last) = (0, 0);
    while last < 1_000 {
        let next = timeout(SOON, pushed.next::<Vec<u64>>()).await.expect("more is told");
        match next {
            Ok((number, _)) => {
                assert!(number > last, "the order is kept");
                (seen, last) = (seen + 1, number);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(seen < 200, "{seen} messages waited for one who did not read");
}

#[tokio::test]
async fn a_revoked_key_is_told_no_more_and_one_who_watches_is_not_idle() {
    let mine = identity();
    let pins = Arc::new(PinSet::of([mine.pin()]));
    let limits = Limits { max_connections: 1, spare_after: Duration::from_millis(500), ..LIMITS };
    let server = TestServer::at(localhost(), &identity(), Peers::Pins(Arc::clone(&pins)), limits);
    let client = client(&server, &mine).await;
    let mut pushed = watch(&client).await;
    for number in 1..=12 {
        server.teller.broadcast.tell(number, &number);
        assert_eq!(next(&mut pushed).await, Ok(number));
        sleep(Duration::from_millis(100)).await;
    }
    // Whoever came now would get the place of an idle one.
    assert!(!client.is_closed());
    pins.replace([]);
    assert_eq!(next(&mut pushed).await, Err(LinkError::Revoked));
}

#[tokio::test]
async fn a_server_that_goes_down_says_so_to_those_who_watch() {
    let server = TestServer::with(&identity(), Peers::Any, LIMITS);
    let client = client(&server, &identity()).await;
    let mut pushed = watch(&client).await;
    let begun = std::time::Instant::now();
    server.stop().await;
    let ended = next(&mut pushed).await;
    assert!(matches!(ended, Err(LinkError::Restarted | LinkError::Closed { .. })), "{ended:?}");
    assert!(begun.elapsed() < BEFORE_ANY_DEADLINE, "nobody waits for a watcher");
}
