//! Unix lines as endpoints use them: through the reactor, from both ends.

use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quinn::AsyncUdpSocket;
use quinn::udp::{RecvMeta, Transmit};
use tokio::time::timeout;

use crate::net::MAX_DATAGRAM_BYTES;
use crate::net::side::{End, SELLER_END, SETTLEMENT_END};

/// No test expects anything to take this long.
const PATIENCE: Duration = Duration::from_secs(60);

type Socket = Arc<dyn AsyncUdpSocket>;

fn ends(folder: &Path) -> (Socket, Socket) {
    let end = |end| super::unix(end, folder).expect("an end");
    (end(End::Settlement), end(End::Seller))
}

fn send(socket: &Socket, destination: SocketAddr, contents: &[u8]) -> io::Result<()> {
    socket.try_send(&Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None })
}

/// Sends as an endpoint does: when there is no room it waits until it is told that there is.
async fn send_all(socket: &Socket, destination: SocketAddr, contents: &[u8]) {
    let mut room = Arc::clone(socket).create_io_poller();
    loop {
        poll_fn(|cx| room.as_mut().poll_writable(cx)).await.expect("a descriptor");
        match send(socket, destination, contents) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return sent.expect("sent"),
        }
    }
}

/// Sends until there is no room, and gives how many found some.
async fn fill(socket: &Socket, destination: SocketAddr) -> usize {
    let mut held = 0;
    loop {
        if timeout(Duration::from_millis(500), send_all(socket, destination, b"held")).await.is_err() {
            // Time may also have passed because the machine stood still.
            match send(socket, destination, b"held") {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                sent => sent.expect("sent"),
            }
        }
        held += 1;
        assert!(held < 100_000, "a queue without an end");
    }
    assert!(held > 0);
    held
}

async fn receive(socket: &Socket) -> (SocketAddr, Vec<u8>) {
    let mut room = vec![0; usize::from(MAX_DATAGRAM_BYTES)];
    let mut meta = [RecvMeta::default()];
    let came = poll_fn(|cx| socket.poll_recv(cx, &mut [IoSliceMut::new(&mut room)], &mut meta));
    assert_eq!(timeout(PATIENCE, came).await.expect("a datagram").expect("no error"), 1);
    assert_eq!(meta[0].len, meta[0].stride);
    room.truncate(meta[0].len);
    (meta[0].addr, room)
}

#[tokio::test]
async fn each_end_hears_the_other_and_nothing_for_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (settlement, seller) = ends(folder.path());
    assert_eq!(
        (settlement.local_addr().unwrap(), seller.local_addr().unwrap()),
        (SETTLEMENT_END, SELLER_END)
    );
    assert!(!settlement.may_fragment() && settlement.max_transmit_segments() == 1);
    let longest = vec![7; usize::from(MAX_DATAGRAM_BYTES)];
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 7_100));
    send_all(&seller, elsewhere, b"for a network").await;
    send_all(&seller, SETTLEMENT_END, &longest).await;
    assert_eq!(receive(&settlement).await, (SELLER_END, longest));
    send_all(&settlement, SELLER_END, b"answer").await;
    assert_eq!(receive(&seller).await, (SETTLEMENT_END, b"answer".to_vec()));
}

#[tokio::test]
async fn an_end_that_is_started_again_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let (settlement, seller) = ends(folder.path());
    send_all(&seller, SETTLEMENT_END, b"before").await;
    assert_eq!(receive(&settlement).await.1, b"before");
    drop(settlement);
    // Nobody is there: lost, and no error.
    send_all(&seller, SETTLEMENT_END, b"lost").await;
    let settlement = super::unix(End::Settlement, folder.path()).expect("the file of one that is gone");
    send_all(&seller, SETTLEMENT_END, b"after").await;
    assert_eq!(receive(&settlement).await.1, b"after");
    send_all(&settlement, SELLER_END, b"to the old one").await;
    assert_eq!(receive(&seller).await.1, b"to the old one");
    drop(seller);
    // The first datagram to whoever comes next is not lost.
    let seller = super::unix(End::Seller, folder.path()).expect("the file of one that is gone");
    send_all(&settlement, SELLER_END, b"to the new one").await;
    assert_eq!(receive(&seller).await.1, b"to the new one");
}

#[tokio::test]
async fn before_the_other_end_is_there_everything_is_lost_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let seller = super::unix(End::Seller, folder.path()).unwrap();
    for _ in 0..1_000 {
        timeout(PATIENCE, send_all(&seller, SETTLEMENT_END, b"hello")).await.expect("room");
    }
}

/// The queue of the other end takes a handful of datagrams (`net.unix.max_dgram_qlen`). Nothing is lost for
/// that, and whoever waits is woken, by every datagram that is taken out.
#[tokio::test]
async fn a_full_queue_is_waited_for() {
    const COUNT: u32 = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let (settlement, seller) = ends(folder.path());
    let held = fill(&seller, SETTLEMENT_END).await;
    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            send_all(&seller, SETTLEMENT_END, &number.to_be_bytes()).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..held {
        assert_eq!(receive(&settlement).await.1, b"held");
    }
    for number in 0..COUNT {
        assert_eq!(receive(&settlement).await.1, number.to_be_bytes());
    }
    sending.await.unwrap();
}

/// An end whose queue is full dies, and whoever waits for room must not wait for ever.
#[tokio::test]
async fn whoever_waits_for_an_end_that_dies_is_woken() {
    let folder = tempfile::tempdir().unwrap();
    let (settlement, seller) = ends(folder.path());
    fill(&seller, SETTLEMENT_END).await;
    let waiting = tokio::spawn(async move { send_all(&seller, SETTLEMENT_END, b"more").await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    drop(settlement);
    timeout(PATIENCE, waiting).await.expect("woken").unwrap();
}

#[tokio::test]
async fn an_end_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let _seller = super::unix(End::Seller, folder.path()).unwrap();
    let error = super::unix(End::Seller, folder.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("seller.sock: another process"), "{error}");
}

#[tokio::test]
async fn a_folder_or_file_that_is_not_ours_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let open = parent.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let error = super::unix(End::Seller, &open).unwrap_err();
    assert!(error.to_string().contains("everyone may write to it"), "{error}");
    let made = parent.path().join("made").join("here");
    super::unix(End::Seller, &made).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&made), mode(&made.join("seller.sock"))), (0o700, 0o600));
    let file = parent.path().join("made").join("settlement.sock");
    std::fs::write(&file, "notes").unwrap();
    let error = super::unix(End::Settlement, file.parent().unwrap()).unwrap_err();
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"notes");
}

/// Whoever may write to the folder can send anything; it costs the line nothing but the time to drop it.
#[tokio::test]
async fn empty_and_endless_datagrams_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let (settlement, seller) = ends(folder.path());
    let stranger = UnixDatagram::unbound().unwrap();
    stranger.connect(folder.path().join("settlement.sock")).unwrap();
    for _ in 0..5 {
        stranger.send(b"").unwrap();
    }
    stranger.send(&vec![1; 100_000]).unwrap();
    send_all(&seller, SETTLEMENT_END, b"after all that").await;
    loop {
        let came = receive(&settlement).await.1;
        if came == b"after all that" {
            break;
        }
        assert!(came.iter().all(|byte| *byte == 1) && !came.is_empty());
    }
}
