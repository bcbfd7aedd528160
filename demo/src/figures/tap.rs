//! A tap on every wire: each frame once, at the port where it came in, so that who sent it is known whatever
//! it says of itself.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::net::packet::{BROADCAST, Direction, Mac, PacketSocket, Protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use crate::chart::Frame;
use crate::lan::Wire;

/// The longest frame that is kept, in bytes; what is longer on the wire is cut.
const MAX_FRAME_BYTES: usize = 9_216;
/// Most frames that are kept of one system. One that runs into it is said to be cut off.
const MAX_FRAMES: usize = 400_000;
/// What the kernel is asked to hold for each tap, in bytes.
const BUFFER_BYTES: usize = 4 << 20;
/// How often a tap looks whether it is to end, in nanoseconds.
const LOOK_NANOS: i64 = 50_000_000;
/// How long after the last frame a wire counts as quiet, and how long that is waited for.
const QUIET: Duration = Duration::from_millis(60);
const QUIET_DEADLINE: Duration = Duration::from_secs(2);

/// Listens until it is dropped.
pub struct Tap {
    begun: Instant,
    heard: Arc<Mutex<Vec<Frame>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// One port that is listened at.
struct Ear {
    wire: String,
    host: String,
    /// The host at the other end, on a wire that has two: whatever address a frame is for, it goes there.
    other: Option<String>,
    socket: PacketSocket,
}

impl Tap {
    /// Opens taps on all ports of these wires.
    ///
    /// # Errors
    /// [`Failure`] when the kernel gives none.
    pub fn on(wires: &[&Wire]) -> Result<Self, Failure> {
        let mut ears = Vec::new();
        for wire in wires {
            for port in &wire.ports {
                let socket = wire.hub.inside(|| PacketSocket::open(&port.port, Protocol::All))??;
                // A kernel that gives less may lose frames in a flood.
                let _ = sockopt::set_socket_recv_buffer_size(socket.as_fd(), BUFFER_BYTES);
                let host = port.host.name().to_owned();
                let other = match wire.ports.as_slice() {
                    [one, two] => Some(if one.host.name() == host { two } else { one }),
                    _ => None,
                };
                let other = other.map(|port| port.host.name().to_owned());
                ears.push(Ear { wire: wire.name.clone(), host, other, socket });
            }
        }
        let (begun, heard, over) = (Instant::now(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let (to, until) = (Arc::clone(&heard), Arc::clone(&over));
        let thread = std::thread::spawn(move || listen(&ears, begun, &to, &until));
        Ok(Self { begun, heard, over, thread: Some(thread) })
    }

    /// How long it has been open.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Waits until nothing has gone over any wire for a moment; at most two seconds, because some never rest.
    pub fn settle(&self) {
        let until = Instant::now() + QUIET_DEADLINE;
        loop {
            let last = self.frames().last().map_or(Duration::ZERO, |seen| seen.at);
            if self.now().saturating_sub(last) > QUIET || Instant::now() > until {
                return;
            }
            std::thread::sleep(QUIET / 3);
        }
    }

    /// All frames so far that came after a time.
    pub fn since(&self, at: Duration) -> Vec<Frame> {
        self.frames().iter().filter(|seen| seen.at >= at).cloned().collect()
    }

    /// Whether there were more frames than are kept.
    pub fn is_cut(&self) -> bool {
        self.frames().len() >= MAX_FRAMES
    }

    fn frames(&self) -> std::sync::MutexGuard<'_, Vec<Frame>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It ends by itself, and what it panicked of is no longer of interest.
            let _ = thread.join();
        }
    }
}

fn listen(ears: &[Ear], begun: Instant, heard: &Mutex<Vec<Frame>>, over: &AtomicBool) {
    let mut owners: BTreeMap<Mac, String> = BTreeMap::new();
    let mut room = vec![0; MAX_FRAME_BYTES];
    while !over.load(Ordering::Relaxed) {
        let mut ready: Vec<PollFd<'_>> =
            ears.iter().map(|ear| PollFd::new(&ear.socket, PollFlags::IN)).collect();
        let wait = Timespec { tv_sec: 0, tv_nsec: LOOK_NANOS };
        if poll(&mut ready, Some(&wait)).is_err() {
            continue;
        }
        let mut new = Vec::new();
        for ear in ears {
            take(ear, begun, &mut room, &mut new);
        }
        // Two wires are read one after the other, and a frame of the one may have caused one of the other.
        new.sort_by_key(|seen| seen.at);
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        for mut seen in new {
            let (to, from) = (mac(&seen.bytes, 0), mac(&seen.bytes, 6));
            // Whoever lies about his address does not take it away from its owner.
            owners.entry(from).or_insert_with(|| seen.from.clone());
            seen.to = match owners.get(&to) {
                _ if !seen.to.is_empty() => seen.to,
                Some(owner) => owner.clone(),
                None if to == BROADCAST => "all".to_owned(),
                None => "nobody known".to_owned(),
            };
            if heard.len() < MAX_FRAMES {
                heard.push(seen);
            }
        }
    }
}

fn take(ear: &Ear, begun: Instant, room: &mut [u8], new: &mut Vec<Frame>) {
    loop {
        match ear.socket.recv(room) {
            Ok(arrived) => {
                // What the hub hands on to this host came in at another port and is counted there.
                if arrived.direction == Direction::Outgoing {
                    continue;
                }
                let bytes = room[..arrived.len.min(room.len())].to_vec();
                let (wire, from) = (ear.wire.clone(), ear.host.clone());
                let to = ear.other.clone().unwrap_or_default();
                new.push(Frame { at: begun.elapsed(), wire, from, to, bytes, label: None });
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // An interface that went down is heard again when it is up.
            Err(_) => return,
        }
    }
}

fn mac(frame: &[u8], at: usize) -> Mac {
    frame.get(at..at + 6).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}
