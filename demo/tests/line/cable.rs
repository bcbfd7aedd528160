//! A cable that behaves as badly as Ethernet may: it fills frames up, and carries what is none of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kessai_demo::lan::Host;
use kessai_shared::net::line::ETHER_TYPE;
use kessai_shared::net::packet::{BROADCAST, HEADER_BYTES, PacketSocket, Protocol};

/// What cards fill a short frame up to, in bytes; this one does it to all, to see that it does no harm.
const FILLING: [u8; 46] = [0xa5; 46];

/// The two ends of a cable, in the hands of somebody in the middle.
pub struct Cable {
    stop: Arc<AtomicBool>,
    carried: Arc<AtomicU64>,
    /// How many frames were for one station alone.
    unicast: Arc<AtomicU64>,
    carrier: Option<JoinHandle<()>>,
}

impl Cable {
    /// Joins two interfaces of a host.
    pub fn between(host: &Host, one: &str, two: &str) -> Self {
        let open = |name: &str| PacketSocket::open(name, Protocol::Ether(ETHER_TYPE)).expect("a socket");
        let (one, two) = host.inside(|| (open(one), open(two))).expect("a host");
        let stop = Arc::new(AtomicBool::new(false));
        let (carried, unicast) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let told = (Arc::clone(&stop), Arc::clone(&carried), Arc::clone(&unicast));
        let carrier = std::thread::spawn(move || {
            let (stop, carried, unicast) = told;
            while !stop.load(Ordering::Relaxed) {
                let moved = carry(&one, &two, &unicast) + carry(&two, &one, &unicast);
                carried.fetch_add(moved, Ordering::Relaxed);
                if moved == 0 {
                    std::thread::sleep(Duration::from_micros(200));
                }
            }
        });
        Self { stop, carried, unicast, carrier: Some(carrier) }
    }

    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    pub fn unicast(&self) -> u64 {
        self.unicast.load(Ordering::Relaxed)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.carrier.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

/// Carries what has come, each frame after a bad one of every kind.
fn carry(from: &PacketSocket, to: &PacketSocket, unicast: &AtomicU64) -> u64 {
    let (mut frame, mut moved) = (vec![0; 10_000], 0);
    while let Ok(arrived) = from.recv(&mut frame) {
        let whole = &frame[..arrived.len];
        assert_eq!(u16::from_be_bytes([whole[12], whole[13]]), ETHER_TYPE);
        bad_frames(whole).iter().for_each(|bad| drop(to.send(bad)));
        if whole[..6] != BROADCAST {
            unicast.fetch_add(1, Ordering::Relaxed);
        }
        let mut filled = whole.to_vec();
        // The longest of the link's frames have no room for it.
        if filled.len() + FILLING.len() <= 1_500 {
            filled.extend(FILLING);
        }
        to.send(&filled).expect("carried");
        moved += 1;
    }
    moved
}

/// Frames to where `good` goes that are not to be taken for any of ours.
fn bad_frames(good: &[u8]) -> Vec<Vec<u8>> {
    let of = |said: u16, rest: &[u8]| {
        let mut frame = good[..HEADER_BYTES].to_vec();
        frame.extend(said.to_be_bytes());
        frame.extend(rest);
        frame
    };
    let datagram = &good[HEADER_BYTES + 2..];
    let len = u16::try_from(datagram.len()).expect("a frame is short");
    let mut other_type = good.to_vec();
    other_type[12..14].copy_from_slice(&0x0800_u16.to_be_bytes());
    vec![
        other_type,
        // Longer than what follows, by one and by all there is; nothing at all; cut off in its length.
        of(len + 1, datagram),
        of(u16::MAX, datagram),
        of(0, datagram),
        of(len, &[])[..HEADER_BYTES + 1].to_vec(),
        // Garbage of the right length.
        of(len, &vec![0x5a; usize::from(len)]),
    ]
}
