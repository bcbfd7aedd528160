//! A wire that is bad on demand. The kernel's own `netem` is not everywhere, so frames are carried by hand
//! from port to port, and suffer on the way what they are told to.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::net::packet::{Direction, PacketSocket, Protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::wire::Wire;

/// The longest frame that is carried, in bytes.
const MAX_FRAME_BYTES: usize = 9_216;
/// Most frames that are on their way at once; any more are lost, as in a switch whose queue is full.
const MAX_UNDER_WAY: usize = 20_000;
/// How soon the carrier notices that it is to stop.
const LOOK: Duration = Duration::from_millis(20);
/// Where the check sum of UDP over IPv4 without options stands in a frame.
const UDP_CHECKSUM: std::ops::Range<usize> = 40..42;

/// What happens to frames on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nothing arrives any more, what is under way included.
    pub cut: bool,
    /// How long a frame takes, and how much longer it may take by lot.
    pub delay: Duration,
    pub jitter: Duration,
    /// Of 256 frames, how many are lost, how many arrive twice, and how many are overtaken by those that were
    /// sent within `behind` after them.
    pub lost: u8,
    pub twice: u8,
    pub overtaken: u8,
    pub behind: Duration,
}

/// Carries the frames of one open wire until it is dropped.
pub struct Carrier {
    shared: Arc<Shared>,
    carrying: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    faults: Mutex<Faults>,
    stop: AtomicBool,
    carried: AtomicU64,
    dropped: AtomicU64,
}

/// A frame under way: when it arrives, in which order among those of one moment, where, and what it is.
type UnderWay = Reverse<(Instant, u64, usize, Vec<u8>)>;

impl Carrier {
    /// Begins to carry. `seed` is what its lots are drawn from.
    ///
    /// # Errors
    /// [`Failure`] when the ports cannot be opened.
    pub fn start(wire: &Wire, seed: u64) -> Result<Self, Failure> {
        let open = || wire.ports.iter().map(|port| PacketSocket::open(&port.port, Protocol::All));
        let sockets = wire.hub.inside(|| open().collect::<io::Result<Vec<_>>>())??;
        let shared = Arc::new(Shared::default());
        let carrier = Carry {
            sockets,
            shared: Arc::clone(&shared),
            under_way: BinaryHeap::new(),
            // The generator stands still at zero.
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            count: 0,
        };
        Ok(Self { shared, carrying: Some(thread::spawn(|| carrier.run())) })
    }

    /// What happens from now on to frames that are sent.
    pub fn suffer(&self, faults: Faults) {
        *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// How many frames arrived so far, copies included, and how many never did.
    pub fn counts(&self) -> (u64, u64) {
        (self.shared.carried.load(Ordering::Relaxed), self.shared.dropped.load(Ordering::Relaxed))
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(carrying) = self.carrying.take() {
            let _ = carrying.join();
        }
    }
}

struct Carry {
    sockets: Vec<PacketSocket>,
    shared: Arc<Shared>,
    under_way: BinaryHeap<UnderWay>,
    dice: u64,
    count: u64,
}

impl Carry {
    fn run(mut self) {
        let mut buffer = vec![0; MAX_FRAME_BYTES];
        while !self.shared.stop.load(Ordering::Relaxed) {
            self.wait();
            let faults = *self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
            for port in 0..self.sockets.len() {
                // What the kernel sends out of a port, we have sent there.
                while let Ok(arrived) = self.sockets[port].recv(&mut buffer) {
                    if arrived.direction != Direction::Outgoing && arrived.whole == arrived.len {
                        self.take(port, &mut buffer[..arrived.len], faults);
                    }
                }
            }
            self.deliver(faults);
        }
    }

    /// Until a frame comes, or the next one is due.
    fn wait(&self) {
        let due =
            self.under_way.peek().map(|Reverse((due, ..))| due.saturating_duration_since(Instant::now()));
        let wait = due.unwrap_or(LOOK).min(LOOK);
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let mut ports: Vec<PollFd<'_>> = self
            .sockets
            .iter()
            .map(|socket| PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN))
            .collect();
        // An interrupted wait is a short one.
        let _ = poll(&mut ports, Some(&timeout));
    }

    fn take(&mut self, from: usize, frame: &mut [u8], faults: Faults) {
        without_checksum(frame);
        for to in (0..self.sockets.len()).filter(|to| *to != from) {
            if self.lot(faults.lost) || faults.cut || self.under_way.len() >= MAX_UNDER_WAY {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let copies = if self.lot(faults.twice) { 2 } else { 1 };
            for _ in 0..copies {
                let mut delay = faults.delay + self.part_of(faults.jitter);
                if self.lot(faults.overtaken) {
                    delay += faults.behind;
                }
                self.count += 1;
                self.under_way.push(Reverse((Instant::now() + delay, self.count, to, frame.to_vec())));
            }
        }
    }

    fn deliver(&mut self, faults: Faults) {
        let now = Instant::now();
        while self.under_way.peek().is_some_and(|Reverse((due, ..))| *due <= now) {
            let Some(Reverse((_, _, to, frame))) = self.under_way.pop() else { return };
            let arrived = !faults.cut && self.sockets[to].send(&frame).is_ok();
            let count = if arrived { &self.shared.carried } else { &self.shared.dropped };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice >> 16
    }

    fn lot(&mut self, of_256: u8) -> bool {
        self.roll() & 0xff < u64::from(of_256)
    }

    fn part_of(&mut self, most: Duration) -> Duration {
        most * u32::try_from(self.roll() & 0xffff).unwrap_or(0) / 0xffff
    }
}

/// A host that thinks its card will do it leaves the check sum of UDP undone, and a frame that is sent by
/// hand passes no card. IPv4 allows to leave it out, as a zero (RFC 768).
fn without_checksum(frame: &mut [u8]) {
    let is_udp = frame.get(12..15) == Some(&[0x08, 0x00, 0x45]) && frame.get(23) == Some(&17);
    if let Some(checksum) = frame.get_mut(UDP_CHECKSUM).filter(|_| is_udp) {
        checksum.fill(0);
    }
}
