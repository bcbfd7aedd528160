//! The one writer of a daemon: it drains all that waits, decides it in one go, makes it durable with
//! one sync, and only then lets anybody know.

mod gate;

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::journal::Head;
use crate::store::{Books, Copied, Fault, Stamp, Store};
use crate::time::Timestamp;

pub use gate::{Gate, Rule};

/// Most commands that may wait for the writer; whoever sends more waits.
pub const MAX_QUEUED: usize = 16_384;
/// Most commands that one group takes.
const MAX_GROUP: usize = 4_096;
/// From this size on a group takes no further command, in bytes: far under what the journal takes,
/// because one command may still add much.
const FULL_GROUP_BYTES: usize = 16 << 20;
/// Most groups of another node that are taken over with one sync.
const MAX_COPIED: usize = 4_096;
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

    /// Groups of the node that this one follows are durable here and in the books; whatever is shown to
    /// others has to become current. More may be waiting when it is not the last.
    fn copied(
        &mut self,
        _groups: &[Copied<<Self::Books as Books>::Change>],
        _books: &Self::Books,
        _is_last: bool,
    ) {
    }
}

/// Groups that were proved, on their way to the writer of a node that follows.
pub type CopiedGroups<B> = Vec<Copied<<B as Books>::Change>>;

/// How a writer stands to the other nodes of its shop.
pub struct Standing<C: Clerk> {
    /// What has to have happened elsewhere before anybody is told.
    pub gate: Gate,
    /// What a node that follows is given by the one in charge.
    pub copied: Option<mpsc::Receiver<CopiedGroups<C::Books>>>,
    /// Commands that wait for no other and for no gate. What they do is told as soon as it is durable here.
    pub urgent: Option<mpsc::Receiver<C::Command>>,
}

impl<C: Clerk> Standing<C> {
    /// There is no other node.
    pub fn alone() -> Self {
        Self { gate: Gate::default(), copied: None, urgent: None }
    }
}

impl<C: Clerk> Default for Standing<C> {
    fn default() -> Self {
        Self::alone()
    }
}

type After<B> = Box<dyn FnOnce(&B, Head) + Send>;

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
        self.after.push(Box::new(move |books, _| act(books)));
    }

    /// As [`Desk::after`], for who has to know where the journal ends that the books are of: more may
    /// come into the group behind this.
    pub fn after_at(&mut self, act: impl FnOnce(&B, Head) + Send + 'static) {
        self.after.push(Box::new(act));
    }
}

/// Runs the writer until the queue is closed or something fails.
///
/// # Errors
/// [`Fault`] when the disk or the books fail; nothing of the open group was told to anybody.
pub async fn run<C: Clerk>(
    store: Store<C::Books>,
    clerk: C,
    queue: mpsc::Receiver<C::Command>,
    clock: Clock,
) -> Result<(), Fault> {
    run_with(store, clerk, queue, clock, Standing::alone()).await
}

/// As [`run`], for one of several nodes.
///
/// # Errors
/// As [`run`].
pub async fn run_with<C: Clerk>(
    store: Store<C::Books>,
    clerk: C,
    mut queue: mpsc::Receiver<C::Command>,
    clock: Clock,
    standing: Standing<C>,
) -> Result<(), Fault> {
    let Standing { gate, mut copied, mut urgent } = standing;
    let mut writer = Writer { store, clerk, clock, last_tick: Timestamp::default() };
    // One timer for all groups: one a group would cost more than deciding a command does.
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Whoever looks after the daemon is not kept waiting by a queue that is never empty.
        while let Some(Ok(command)) = urgent.as_mut().map(mpsc::Receiver::try_recv) {
            writer.at_once(command)?;
        }
        let first = match queue.try_recv() {
            Ok(command) => Some(command),
            Err(_) => tokio::select! {
                biased;
                command = next(&mut urgent) => {
                    writer.at_once(command)?;
                    continue;
                }
                groups = next(&mut copied) => {
                    writer.copy(groups, &mut copied)?;
                    continue;
                }
                command = queue.recv() => match command {
                    None => return writer.store.close(),
                    command => command,
                },
                _ = ticks.tick() => None,
            },
        };
        let after = writer.group(first, &mut queue)?;
        let position = writer.store.head().position;
        while !gate.lets_through(position) {
            tokio::select! {
                biased;
                command = next(&mut urgent) => writer.at_once(command)?,
                () = gate.passed(position) => {}
                // Whoever waits here is told nothing, which a daemon that stops has to bear.
                _ = ticks.tick() => if queue.is_closed() {
                    return writer.store.close();
                },
            }
        }
        let head = writer.store.head();
        after.into_iter().for_each(|act| act(writer.store.books(), head));
    }
}

/// The next of a source, as long as there is one; one that has ended is none.
async fn next<T>(source: &mut Option<mpsc::Receiver<T>>) -> T {
    if let Some(open) = source {
        if let Some(next) = open.recv().await {
            return next;
        }
        *source = None;
    }
    std::future::pending().await
}

struct Writer<C: Clerk> {
    store: Store<C::Books>,
    clerk: C,
    clock: Clock,
    last_tick: Timestamp,
}

impl<C: Clerk> Writer<C> {
    /// Makes a group of a command and of those that wait behind it, and gives what is to be done once it
    /// may be told.
    fn group(
        &mut self,
        first: Option<C::Command>,
        queue: &mut mpsc::Receiver<C::Command>,
    ) -> Result<Vec<After<C::Books>>, Fault> {
        let now = (self.clock)();
        self.store.begin(now);
        let mut after = Vec::new();
        let mut desk = Desk { store: &mut self.store, after: &mut after };
        if let Some(command) = first {
            self.clerk.handle(command, &mut desk)?;
            for _ in 1..MAX_GROUP {
                if desk.store.waiting_bytes() > FULL_GROUP_BYTES {
                    break;
                }
                let Ok(command) = queue.try_recv() else { break };
                self.clerk.handle(command, &mut desk)?;
            }
        }
        let due = self.last_tick.0.saturating_add(u64::try_from(TICK.as_micros()).unwrap_or(u64::MAX));
        // A clock that was set back must not keep the clerk from its rounds.
        if now >= Timestamp(due) || now < self.last_tick {
            self.last_tick = now;
            self.clerk.tick(&mut desk)?;
        }
        self.store.commit()?;
        Ok(after)
    }

    /// Carries a command out as a group of its own, and tells of it.
    fn at_once(&mut self, command: C::Command) -> Result<(), Fault> {
        self.store.begin((self.clock)());
        let mut after = Vec::new();
        self.clerk.handle(command, &mut Desk { store: &mut self.store, after: &mut after })?;
        self.store.commit()?;
        let head = self.store.head();
        after.into_iter().for_each(|act| act(self.store.books(), head));
        Ok(())
    }

    /// Takes over the groups that came from the node in charge, each as it is.
    fn copy(
        &mut self,
        mut groups: CopiedGroups<C::Books>,
        more: &mut Option<mpsc::Receiver<CopiedGroups<C::Books>>>,
    ) -> Result<(), Fault> {
        // What waits already shares the sync.
        while groups.len() < MAX_COPIED {
            let Some(Ok(next)) = more.as_mut().map(mpsc::Receiver::try_recv) else { break };
            groups.extend(next);
        }
        self.store.begin((self.clock)());
        self.store.copy(&groups)?;
        let is_last = more.as_ref().is_none_or(mpsc::Receiver::is_empty);
        self.clerk.copied(&groups, self.store.books(), is_last);
        Ok(())
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
    standing: Standing<C>,
) -> std::io::Result<oneshot::Receiver<Result<(), Fault>>> {
    let (tell, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("writer".into()).spawn(move || {
        let end = runtime.block_on(run_with(store, clerk, queue, clock, standing));
        // Nobody waits for the end of a writer when the daemon is already gone.
        let _ = tell.send(end);
    })?;
    Ok(ended)
}
