//! Counts what leaves a host, frame by frame, before any wire: what is not there was not sent.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kessai_shared::console::Failure;
use kessai_shared::net::packet::{Direction, PacketSocket, Protocol};
use serde::{Deserialize, Serialize};
use socket2::{SockFilter, SockRef};

use super::frame::{Carried, Frame};

/// The longest frame that is read whole, in bytes.
pub(super) const MAX_FRAME_BYTES: usize = 65_536;
/// What the kernel is asked to hold until it is read, in bytes.
const BUFFER_BYTES: usize = 8 * 1024 * 1024;
/// How long a tap waits before it looks whether it shall end.
const LOOK: Duration = Duration::from_millis(50);
/// The most addresses that are told apart. A prober has a few dozen.
const MAX_ADDRESSES: usize = 4_096;

/// How many frames there were, and how many bytes of Ethernet they had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub frames: u64,
    pub bytes: u64,
}

impl Amount {
    pub fn add(&mut self, frames: u64, bytes: u64) {
        self.frames += frames;
        self.bytes += bytes;
    }

    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.frames == 0
    }
}

/// What a host sent, by what it was and whom it was for.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub by: BTreeMap<(Carried, Option<SocketAddr>), Amount>,
    /// To the one address that may be answered.
    pub answered: Amount,
}

/// Listens to what a host sends.
pub struct Tap {
    end: Arc<AtomicBool>,
    reader: JoinHandle<Sent>,
}

impl Tap {
    /// Listens to what leaves an interface of the host that this is called on. What goes from one to the
    /// other of these addresses is the business of those who may talk to each other.
    ///
    /// # Errors
    /// [`Failure`] when the kernel gives no raw socket.
    pub fn open(interface: &str, business: (SocketAddr, SocketAddr)) -> Result<Self, Failure> {
        let socket = listen(interface)?;
        // Without it in the kernel, a million frames that nobody counts would have to be read.
        SockRef::from(&socket).attach_filter(&outgoing())?;
        let end = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&end);
        let reader = std::thread::Builder::new().name("tap".to_owned()).spawn(move || {
            let (mut sent, mut room) = (Sent::default(), vec![0; MAX_FRAME_BYTES]);
            loop {
                // Once it shall end, only what is there already is read: business goes on and on.
                let ends =
                    asked.load(Ordering::SeqCst) && SockRef::from(&socket).set_nonblocking(true).is_ok();
                match socket.recv(&mut room) {
                    Ok(arrived) if arrived.direction == Direction::Outgoing => {
                        sent.take(&room[..arrived.len], business);
                    }
                    // It came in before the filter was there.
                    Ok(_) => {}
                    Err(error) if is_quiet(&error) && ends => return sent,
                    Err(_) => {}
                }
            }
        })?;
        Ok(Self { end, reader })
    }

    /// Ends it, and gives what was sent until now.
    ///
    /// # Errors
    /// [`Failure`] when it has failed.
    pub fn close(self) -> Result<Sent, Failure> {
        self.end.store(true, Ordering::SeqCst);
        self.reader.join().map_err(|_| Failure::failed("the tap has failed"))
    }
}

impl Sent {
    fn take(&mut self, bytes: &[u8], (from, to): (SocketAddr, SocketAddr)) {
        let frame = Frame::read(bytes);
        let length = bytes.len() as u64;
        if frame.carried == Carried::Udp && (frame.from, frame.to) == (Some(from), Some(to)) {
            return self.answered.add(1, length);
        }
        let mut key = (frame.carried, frame.to);
        if !self.by.contains_key(&key) && self.by.len() >= MAX_ADDRESSES {
            key.1 = None;
        }
        self.by.entry(key).or_default().add(1, length);
    }
}

/// A socket that hears an interface of the host that this is called on, and waits for a while.
pub(super) fn listen(interface: &str) -> Result<PacketSocket, Failure> {
    let socket = PacketSocket::open(interface, Protocol::All)?;
    let descriptor = SockRef::from(&socket);
    // A kernel that gives less may lose frames under load only.
    let _ = descriptor.set_recv_buffer_size(BUFFER_BYTES);
    descriptor.set_nonblocking(false)?;
    descriptor.set_read_timeout(Some(LOOK))?;
    Ok(socket)
}

/// A filter of the kernel (bpf(4)) that takes what leaves, whole, and nothing else.
fn outgoing() -> [SockFilter; 4] {
    const LOAD_BYTE: u16 = 0x30;
    const IS: u16 = 0x15;
    const TAKE: u16 = 0x06;
    /// Where a filter finds the direction of a frame (`SKF_AD_OFF + SKF_AD_PKTTYPE`), and the one that
    /// leaves (`PACKET_OUTGOING`).
    const DIRECTION: u32 = 0xffff_f000 + 4;
    const OUTGOING: u32 = 4;
    [
        SockFilter::new(LOAD_BYTE, 0, 0, DIRECTION),
        SockFilter::new(IS, 0, 1, OUTGOING),
        SockFilter::new(TAKE, 0, 0, u32::MAX),
        SockFilter::new(TAKE, 0, 0, 0),
    ]
}

pub(super) fn is_quiet(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
