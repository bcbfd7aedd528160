use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};

use super::*;

const LONG: Duration = Duration::from_secs(10);

fn ask(pending: &Arc<Pending>, value: u64, patience: Duration) -> JoinHandle<Answer> {
    let pending = Arc::clone(pending);
    tokio::spawn(async move { pending.ask(&value, Instant::now() + patience).await })
}

fn reply(pending: &Pending, id: u64, body: &'static [u8]) -> Result<(), PeerFault> {
    pending.answer(&mut vec![Frame { id, body: Bytes::from_static(body) }], &mut Vec::new())
}

/// The frames of some values, with the ids they were given.
fn frames(asked: &[(u64, u64)]) -> Vec<u8> {
    let frame = |(id, value): &(u64, u64)| with_frame(*id, value, |frame| frame.to_vec()).unwrap();
    asked.iter().flat_map(frame).collect()
}

/// Lets every task that can go on go on.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn who_gives_up_before_the_request_is_written_is_never_heard() {
    let pending = Arc::new(Pending::new());
    let calls = [ask(&pending, 70, LONG), ask(&pending, 71, LONG), ask(&pending, 72, LONG)];
    settle().await;
    calls[1].abort();
    settle().await;
    assert_eq!(pending.next_batch().await.into_bytes(), frames(&[(0, 70), (2, 72)]));
    assert_eq!(reply(&pending, 2, b"b"), Ok(()));
    assert_eq!(reply(&pending, 1, b"nobody"), Ok(()));
    assert_eq!(reply(&pending, 0, b"a"), Ok(()));
    let [first, _, third] = calls;
    assert_eq!(first.await.unwrap(), Ok(Bytes::from_static(b"a")));
    assert_eq!(third.await.unwrap(), Ok(Bytes::from_static(b"b")));
    assert!(pending.lock().waiting.is_empty());
}

#[tokio::test]
async fn the_end_tells_what_was_sent_from_what_was_not() {
    let pending = Arc::new(Pending::new());
    let sent = ask(&pending, 1, LONG);
    settle().await;
    drop(pending.next_batch().await);
    let queued = ask(&pending, 2, LONG);
    settle().await;
    pending.end(&LinkError::Silent);
    assert_eq!(sent.await.unwrap(), Err(CallError::Lost(LinkError::Silent)));
    assert_eq!(queued.await.unwrap(), Err(CallError::NotSent(LinkError::Silent)));
    let late = pending.ask(&3_u64, Instant::now() + LONG).await;
    assert_eq!(late, Err(CallError::NotSent(LinkError::Silent)));
    assert!(pending.lock().waiting.is_empty());
}

#[tokio::test]
async fn a_reply_to_what_was_not_sent_is_a_fault() {
    let pending = Arc::new(Pending::new());
    assert_eq!(reply(&pending, 0, b""), Err(PeerFault::Unasked { id: 0 }));
    let call = ask(&pending, 1, LONG);
    settle().await;
    assert_eq!(reply(&pending, 0, b"early"), Err(PeerFault::Unasked { id: 0 }));
    drop(pending.next_batch().await);
    assert_eq!(reply(&pending, 0, b"first"), Ok(()));
    assert_eq!(reply(&pending, 0, b"second"), Ok(()));
    assert_eq!(call.await.unwrap(), Ok(Bytes::from_static(b"first")));
}

#[tokio::test]
async fn a_deadline_tells_whether_the_request_was_sent() {
    let pending = Arc::new(Pending::new());
    let patient = ask(&pending, 0, LONG);
    let sent = ask(&pending, 1, Duration::from_millis(40));
    settle().await;
    drop(pending.next_batch().await);
    let queued = ask(&pending, 2, Duration::from_millis(20));
    let watch = async { tokio::time::timeout(Duration::from_millis(200), pending.watch_deadlines()).await };
    assert!(watch.await.is_err());
    settle().await;
    assert!(sent.is_finished() && queued.is_finished());
    assert_eq!(sent.await.unwrap(), Err(CallError::Timeout));
    assert_eq!(queued.await.unwrap(), Err(CallError::TooLate));
    assert!(!patient.is_finished());
    // What ran out of time in the outbox is not written.
    let next = ask(&pending, 3, LONG);
    settle().await;
    assert_eq!(pending.next_batch().await.into_bytes(), frames(&[(3, 3)]));
    patient.abort();
    next.abort();
}

#[tokio::test]
async fn so_many_wait_to_be_written_and_others_wait_for_them() {
    let pending = Arc::new(Pending::new());
    let calls: Vec<_> = (0..OUTBOX_FRAMES as u64 + 1).map(|value| ask(&pending, value, LONG)).collect();
    settle().await;
    let too_many = pending.ask(&0_u64, Instant::now() + Duration::from_millis(20)).await;
    assert_eq!(too_many, Err(CallError::TooLate));
    assert_eq!(pending.next_batch().await.len(), OUTBOX_FRAMES);
    settle().await;
    assert_eq!(pending.next_batch().await.len(), 1);
    // A request that no frame holds takes no place with it.
    for _ in 0..=OUTBOX_FRAMES {
        let told = pending.ask(&"x".repeat(1 << 20), Instant::now() + Duration::from_millis(20)).await;
        assert!(matches!(told, Err(CallError::TooLarge(_))), "{told:?}");
    }
    pending.end(&LinkError::Done);
    for call in calls {
        assert_eq!(call.await.unwrap(), Err(CallError::Lost(LinkError::Done)));
    }
}
