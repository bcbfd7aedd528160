//! Room made ahead of the journal's end: zeros that are on the disk before a group is written over them.
//!
//! A sync that makes a file longer has to wait for the file system's own journal too, and takes half as
//! long again. So a thread of its own writes zeros behind the end, and the one who appends finds them
//! there. It never waits for it but in one case: zeros that are under way must not come to lie over a
//! group.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::Disk;

/// The least and the most room that is made at once, in bytes. In between it is as much as the file has
/// already, so that a small shop's journal is at the most twice as long as what is in it.
const LEAST_BYTES: u64 = 64 << 10;
const MOST_BYTES: u64 = 4 << 20;
/// How much is written and synced at a time, in bytes, so that a sync of the one who appends does not wait
/// behind all of it.
const PIECE_BYTES: u64 = 256 << 10;

struct Job {
    file: String,
    from: u64,
    to: u64,
}

pub(super) struct Ahead {
    file: String,
    /// How long the file is, what is under way aside, in bytes.
    room: u64,
    /// How long it will be once what is under way is done.
    under_way: Option<u64>,
    /// Whether no room could be made in this file; a full disk shows at the next append.
    given_up: bool,
    jobs: Option<SyncSender<Job>>,
    done: Receiver<io::Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Starts with a file that is `room` bytes long.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(disk: Box<dyn Disk>, file: &str, room: u64) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(1);
        let (tell, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("journal-room".into())
            .spawn(move || make_room(disk, &waiting, &tell))?;
        let file = file.to_owned();
        Ok(Self {
            file,
            room,
            under_way: None,
            given_up: false,
            jobs: Some(jobs),
            done,
            thread: Some(thread),
        })
    }

    /// To be called before bytes are written up to `end`: returns once nobody else writes there.
    pub(super) fn before_write(&mut self, file: &str, end: u64) {
        if self.under_way.is_some() {
            let now = if file != self.file || end > self.room {
                self.done.recv().ok()
            } else {
                self.done.try_recv().ok()
            };
            now.into_iter().for_each(|outcome| self.note(&outcome));
        }
        if file != self.file {
            file.clone_into(&mut self.file);
            (self.room, self.given_up) = (0, false);
        }
    }

    /// To be called once bytes up to `end` are durable, in a file that is to be `limit` bytes long.
    pub(super) fn after_write(&mut self, end: u64, limit: u64) {
        self.room = self.room.max(end);
        let step = end.clamp(LEAST_BYTES, MOST_BYTES);
        let enough = self.room - end > step / 2 || self.room >= limit;
        if enough || self.given_up || self.under_way.is_some() {
            return;
        }
        let to = self.room.saturating_add(step).min(limit);
        let job = Job { file: self.file.clone(), from: self.room, to };
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => self.under_way = Some(to),
            Some(Err(_)) | None => self.given_up = true,
        }
    }

    fn note(&mut self, outcome: &io::Result<()>) {
        let to = self.under_way.take();
        match outcome {
            Ok(()) => self.room = to.unwrap_or(self.room),
            Err(_) => self.given_up = true,
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.jobs = None;
        // It holds the lock on the folder too, and whoever opens it next expects to get that.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn make_room(mut disk: Box<dyn Disk>, jobs: &Receiver<Job>, tell: &SyncSender<io::Result<()>>) {
    let zeros = vec![0; PIECE_BYTES as usize];
    while let Ok(Job { file, from, to }) = jobs.recv() {
        let mut outcome = Ok(());
        let mut at = from;
        while at < to && outcome.is_ok() {
            let length = (to - at).min(PIECE_BYTES);
            let piece = zeros.get(..length as usize).unwrap_or_default();
            outcome = disk.write_at(&file, at, piece).and_then(|()| disk.sync(&file));
            at += length;
        }
        if tell.send(outcome).is_err() {
            return;
        }
    }
}
