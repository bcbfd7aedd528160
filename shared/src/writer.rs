//! The one writer of a daemon: it drains all that waits, decides it in one go, makes it durable with
//! one sync, and only then lets anybody know.

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::store::{Books, Fault, Stamp, Store};
use crate::time::Timestamp;

/// Most commands that may wait for the writer; whoever sends more waits.
pub const MAX_QUEUED: usize = 16_384;
/// Most commands that one group takes.
const MAX_GROUP: usize = 4_096;
/// From this size on a group takes no further command, in bytes: far under what the journal takes,
/// because one command may still add much.
const FULL_GROUP_BYTES: usize = 16 << 20;
/// How often the clerk looks at what is due when nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// Where the time comes from: the machine's clock, or a simulator's.
pub type Clock = std::sync::Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Puts a command into the queue of a writer, at once when there is room. The future holds the command
/// only while it waits for room, so that it costs the many that need not wait nothing.
///
/// # Errors
/// The command is gone when the writer is.
pub fn hand_in<C: Send>(
    queue: &mpsc::Sender<C>,
    command: C,
) -> impl Future<Output = Result<(), WriterGone>> + Send + '_ {
    let full = match queue.try_send(command) {
        Ok(()) => Ok(None),
        Err(TrySendError::Full(command)) => Ok(Some(Box::pin(queue.send(command)))),
        Err(TrySendError::Closed(_)) => Err(WriterGone),
    };
    async move {
        match full? {
            None => Ok(()),
            Some(waiting) => waiting.await.map_err(|_| WriterGone),
        }
    }
}

/// The writer has ended, and the daemon with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterGone;

/// Decides commands over the books, one after another.
pub trait Clerk: Send + 'static {
    type Books: Books;
    type Command: Send + 'static;

    /// # Errors
    /// [`Fault`] when a change that the clerk proposed does not follow from the books.
    fn handle(&mut self, command: Self::Command, desk: &mut Desk<'_, Self::Books>) -> Result<(), Fault>;

    /// What is due at this time without anybody asking.
    ///
    /// # Errors
    /// As [`Clerk::handle`].
    fn tick(&mut self, desk: &mut Desk<'_, Self::Books>) -> Result<(), Fault>;
}

type After<B> = Box<dyn FnOnce(&B) + Send>;

/// What a clerk works on while a group is open.
pub struct Desk<'a, B: Books> {
    store: &'a mut Store<B>,
    after: &'a mut Vec<After<B>>,
}

impl<B: Books> Desk<'_, B> {
    /// The books with every change of this group so far, none of which is durable yet.
    pub fn books(&self) -> &B {
        self.store.books()
    }

    /// Where the next change will stand, and its time.
    pub fn next_stamp(&self) -> Stamp {
        self.store.next_stamp()
    }

    /// Takes a change in.
    ///
    /// # Errors
    /// [`Fault::Books`] when it does not follow from the books.
    pub fn change(&mut self, change: &B::Change) -> Result<Stamp, Fault> {
        self.store.change(change)
    }

    /// Does something once the group is durable: telling somebody, above all.
    pub fn after(&mut self, act: impl FnOnce(&B) + Send + 'static) {
        self.after.push(Box::new(act));
    }
}

/// Runs the writer until the queue is closed or something fails.
///
/// # Errors
/// [`Fault`] when the disk or the books fail; nothing of the open group was told to anybody.
pub async fn run<C: Clerk>(
    mut store: Store<C::Books>,
    mut clerk: C,
    mut queue: mpsc::Receiver<C::Command>,
    clock: Clock,
) -> Result<(), Fault> {
    let mut last_tick = Timestamp::default();
    // One timer for all groups: one a group would cost more than deciding a command does.
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let first = match queue.try_recv() {
            Ok(command) => Some(command),
            Err(_) => tokio::select! {
                biased;
                command = queue.recv() => match command {
                    None => return store.close(),
                    command => command,
                },
                _ = ticks.tick() => None,
            },
        };
        let now = clock();
        store.begin(now);
        let mut after = Vec::new();
        let mut desk = Desk { store: &mut store, after: &mut after };
        if let Some(command) = first {
            clerk.handle(command, &mut desk)?;
            for _ in 1..MAX_GROUP {
                if desk.store.waiting_bytes() > FULL_GROUP_BYTES {
                    break;
                }
                let Ok(command) = queue.try_recv() else { break };
                clerk.handle(command, &mut desk)?;
            }
        }
        let due = last_tick.0.saturating_add(u64::try_from(TICK.as_micros()).unwrap_or(u64::MAX));
        // A clock that was set back must not keep the clerk from its rounds.
        if now >= Timestamp(due) || now < last_tick {
            last_tick = now;
            clerk.tick(&mut desk)?;
        }
        store.commit()?;
        after.into_iter().for_each(|act| act(store.books()));
    }
}

/// Carries commands out on a store that no daemon uses, one group each, and closes it again.
///
/// # Errors
/// [`Fault`] as [`run`]; the commands that were answered before it stand.
pub async fn each<C: Clerk, T, F: FnOnce(oneshot::Sender<T>) -> C::Command>(
    store: Store<C::Books>,
    clerk: C,
    clock: Clock,
    commands: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, Fault> {
    let (to_writer, queue) = mpsc::channel(1);
    let asking = async {
        let mut answers = Vec::new();
        for command in commands {
            let (tell, told) = oneshot::channel();
            let _ = to_writer.send(command(tell)).await;
            answers.push(told.await.map_err(|_| Fault::Unanswered)?);
        }
        drop(to_writer);
        Ok(answers)
    };
    let (ran, answers) = tokio::join!(run(store, clerk, queue, clock), asking);
    ran?;
    answers
}

/// Runs the writer on a thread of its own, because it waits for the disk.
///
/// The receiver gives how it ended.
///
/// # Errors
/// When the thread cannot be started.
pub fn spawn<C: Clerk>(
    store: Store<C::Books>,
    clerk: C,
    queue: mpsc::Receiver<C::Command>,
    clock: Clock,
) -> std::io::Result<oneshot::Receiver<Result<(), Fault>>> {
    let (tell, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("writer".into()).spawn(move || {
        let end = runtime.block_on(run(store, clerk, queue, clock));
        // Nobody waits for the end of a writer when the daemon is already gone.
        let _ = tell.send(end);
    })?;
    Ok(ended)
}
