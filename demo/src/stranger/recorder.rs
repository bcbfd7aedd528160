//! Writes down what goes over a wire between the seller and the settlement, from a place on that wire.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kessai_shared::console::Failure;

use super::frame::{Carried, Frame};
use super::recorded::Recorded;
use super::tap::{MAX_FRAME_BYTES, listen};

/// Listens until it is let go of.
pub struct Recorder {
    end: Arc<AtomicBool>,
    recorded: Arc<Mutex<Recorded>>,
    reader: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Listens at an interface of the host that this is called on.
    ///
    /// # Errors
    /// [`Failure`] when the kernel gives no raw socket.
    pub fn open(interface: &str, settlement: SocketAddr) -> Result<Self, Failure> {
        let socket = listen(interface)?;
        let (end, recorded) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Recorded::default())));
        let (asked, book) = (Arc::clone(&end), Arc::clone(&recorded));
        let reader = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
            let mut room = vec![0; MAX_FRAME_BYTES];
            while !asked.load(Ordering::SeqCst) {
                // It waits for a while only, and an interface that went down may come back.
                let Ok(arrived) = socket.recv(&mut room) else { continue };
                let frame = Frame::read(&room[..arrived.len]);
                let (Carried::Udp, Some(from), Some(to)) = (frame.carried, frame.from, frame.to) else {
                    continue;
                };
                if from == settlement || to == settlement {
                    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
                    book.take(settlement, to, frame.payload);
                }
            }
        })?;
        Ok(Self { end, recorded, reader: Some(reader) })
    }

    /// What was heard so far.
    #[must_use]
    pub fn so_far(&self) -> Recorded {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
        // A recorder that panicked has nothing more to say.
        let _ = self.reader.take().map(JoinHandle::join);
    }
}
