//! The standby's end: it pulls groups, proves them, hands them to its writer, and says what is durable.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use super::dial::{Dial, NoFeed, ask};
use super::wire::{Begin, End, Has, Refusal, Reply, Request, Welcome};
use crate::exchange::Client;
use crate::ids::NodeId;
use crate::journal::{Head, RawGroup};
use crate::store::{Books, Copied, Source, Unfit};
use crate::writer::CopiedGroups;

/// Pulls that are under way at once.
const PULLS: u64 = 6;
/// Batches of groups that may wait for the writer. Each comes of one part, or of the last one of a large group.
pub const WAITING: usize = 8;
/// The first and the longest wait before the node in charge is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_millis(1_000);

/// How a node follows, for operators and for whoever decides on promotion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// The node that is followed, once it has answered.
    pub of: Option<NodeId>,
    /// Whether a session goes on.
    pub connected: bool,
    /// Where the journal of the one in charge ends, as it last said.
    pub theirs: Head,
    /// When it last said anything.
    pub heard_at: Option<Instant>,
    /// Why there is no session, when there is none.
    pub problem: Option<String>,
    /// Whether the last session was over before everything was here that it had spoken of.
    pub behind: bool,
}

/// Why a node cannot follow any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The journals are not of one history.
    Refused(Refusal),
    /// What follows here is in no file of the node in charge any more.
    TooFarBehind,
    /// The writer is gone, and its end says why.
    WriterGone,
}

/// A node that follows.
pub struct Follower {
    stop: watch::Sender<bool>,
    status: watch::Receiver<Following>,
    link: watch::Receiver<Option<Client>>,
    source: Arc<Source>,
    task: JoinHandle<Result<Head, Lost>>,
}

/// What a follower stands on.
#[derive(Clone)]
pub struct Ground {
    pub dial: Dial,
    pub node: NodeId,
    /// The journal that is here; nobody asks which it is as long as it is empty.
    pub source: Arc<Source>,
    /// The mark of a folder that was seeded, to be removed once a group behind the checkpoint is durable.
    pub seeding: Option<PathBuf>,
}

impl Follower {
    /// Begins to follow: groups go to the writer over the channel.
    pub fn start<B: Books>(ground: Ground, writer: mpsc::Sender<CopiedGroups<B>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, status) = watch::channel(Following::default());
        let (linked, link) = watch::channel(None);
        let source = Arc::clone(&ground.source);
        let task = tokio::spawn(Run::<B>::new(ground, writer, stopped, (tell, linked)).run_on());
        Self { stop, status, link, source, task }
    }

    /// How it follows; whoever holds this hears of every change.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Following> {
        self.status.clone()
    }

    /// The connection to the node that is followed, while a session goes on: whoever asks over it asks a node
    /// that has everything that is here.
    #[must_use]
    pub fn link(&self) -> watch::Receiver<Option<Client>> {
        self.link.clone()
    }

    /// What is durable here.
    #[must_use]
    pub fn durable(&self) -> Head {
        *self.source.ring().head().borrow()
    }

    /// Ends following in good order: nothing more is pulled, everything that was received is durable and
    /// in the books when this returns, and the writer's channel is closed. Gives the end of the journal.
    ///
    /// # Errors
    /// [`Lost`] when it had come to an end already.
    pub async fn stop(self) -> Result<Head, Lost> {
        self.stop.send_replace(true);
        self.task.await.unwrap_or(Err(Lost::WriterGone))
    }

    /// Waits until it cannot follow any longer, and says why. It does not end by itself otherwise.
    pub async fn lost(&mut self) -> Lost {
        match (&mut self.task).await {
            Ok(Err(lost)) => lost,
            Ok(Ok(_)) | Err(_) => Lost::WriterGone,
        }
    }
}

struct Run<B: Books> {
    ground: Ground,
    writer: mpsc::Sender<CopiedGroups<B>>,
    stop: watch::Receiver<bool>,
    status: watch::Sender<Following>,
    link: watch::Sender<Option<Client>>,
    /// The end of what was handed to the writer.
    handed: Head,
    /// The end of an older copy that was last seen at the address and proved to be one.
    older: Option<End>,
}

/// How a session ended, when nothing is lost by it.
enum Over {
    Stopped,
    Broken(String),
}

impl<B: Books> Run<B> {
    fn new(
        ground: Ground,
        writer: mpsc::Sender<CopiedGroups<B>>,
        stop: watch::Receiver<bool>,
        (status, link): (watch::Sender<Following>, watch::Sender<Option<Client>>),
    ) -> Self {
        let handed = *ground.source.ring().head().borrow();
        Self { ground, writer, stop, status, link, handed, older: None }
    }

    async fn run_on(mut self) -> Result<Head, Lost> {
        let mut wait = FIRST_WAIT;
        loop {
            let begun = Instant::now();
            let over = self.session().await;
            self.link.send_replace(None);
            match over? {
                Over::Stopped => break,
                Over::Broken(why) => self.broken(why),
            }
            // One that lasted was a good one.
            wait = if begun.elapsed() > LONGEST_WAIT { FIRST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
            tokio::select! {
                () = sleep(wait) => {}
                _ = self.stop.wait_for(|stop| *stop) => break,
            }
        }
        let Self { ground, writer, handed, .. } = self;
        drop(writer);
        // A ring whose store is gone stands for a writer that failed.
        let reached = ground
            .source
            .ring()
            .head()
            .wait_for(|head| head.position >= handed.position)
            .await
            .map(|head| *head);
        reached.map_err(|_| Lost::WriterGone)
    }

    fn broken(&self, why: String) {
        let handed = self.handed.position;
        self.status.send_modify(|status| {
            if status.connected || status.problem.as_ref() != Some(&why) {
                tracing::warn!("not following: {why}");
            }
            status.behind = handed < status.theirs.position;
            status.connected = false;
            status.problem = Some(why);
        });
    }

    /// Follows over one connection.
    async fn session(&mut self) -> Result<Over, Lost> {
        let mut stop = self.stop.clone();
        let client = tokio::select! {
            client = self.ground.dial.connect() => client,
            _ = stop.wait_for(|stop| *stop) => return Ok(Over::Stopped),
        };
        let client = match client {
            Ok(client) => client,
            Err(why) => return Ok(Over::Broken(why.to_string())),
        };
        let welcome = tokio::select! {
            welcome = self.hello(&client) => welcome?,
            // One that is asked and says nothing holds up nobody who wants to be in charge.
            _ = stop.wait_for(|stop| *stop) => return Ok(Over::Stopped),
        };
        let welcome = match welcome {
            Ok(welcome) => welcome,
            Err(over) => return Ok(over),
        };
        tracing::info!("following node {} from record {} on", welcome.node, self.handed.position + 1);
        self.status.send_modify(|status| {
            *status = Following {
                of: Some(welcome.node),
                connected: true,
                theirs: welcome.end.into(),
                heard_at: Some(Instant::now()),
                ..Following::default()
            };
        });
        self.link.send_replace(Some(client.clone()));
        let telling = self.tell_durable(&client, welcome.session);
        let pulling = self.pull_all(&client, welcome.session);
        tokio::select! {
            over = pulling => over,
            why = telling => Ok(Over::Broken(why)),
        }
    }

    async fn hello(&mut self, client: &Client) -> Result<Result<Welcome, Over>, Lost> {
        let end = self.handed;
        let source = Arc::clone(&self.ground.source);
        let has = (end.position > 0).then(|| Has { journal: source.journal_id(), end: end.into() });
        let hello = Request::Hello { node: self.ground.node, kind: *source.kind().0, has };
        let broken = |why: NoFeed| Ok(Err(Over::Broken(why.to_string())));
        match ask(client, &hello).await {
            Ok(Reply::Welcome(welcome)) => match welcome.begin {
                // An empty store was made the copy of one journal, and stays that.
                _ if welcome.journal != source.journal_id() => Err(Lost::Refused(Refusal::OtherJournal)),
                Begin::Here => Ok(Ok(*welcome)),
                Begin::Checkpoint { .. } => Err(Lost::TooFarBehind),
            },
            Ok(_) => broken(NoFeed::Senseless),
            Err(NoFeed::Refused(refusal @ (Refusal::OtherJournal | Refusal::Diverged { .. }))) => {
                Err(Lost::Refused(refusal))
            }
            Err(NoFeed::Refused(Refusal::Shorter { end })) => self.shorter(end).await.map(Err),
            Err(why) => broken(why),
        }
    }

    /// The node there has less than this one. One that was put back to an older copy may catch up, or make
    /// room for another; one that has records of its own never fits again.
    async fn shorter(&mut self, end: End) -> Result<Over, Lost> {
        if self.older != Some(end) {
            let source = Arc::clone(&self.ground.source);
            let compared = tokio::task::spawn_blocking(move || source.goes_on_from(&end.into())).await;
            match compared {
                Ok(Ok(true)) => self.older = Some(end),
                Ok(Ok(false)) => return Err(Lost::Refused(Refusal::Diverged { ends: end.position })),
                Ok(Err(error)) => {
                    return Ok(Over::Broken(format!("the journal here cannot be compared: {error}")));
                }
                Err(_) => return Ok(Over::Broken("the journal here cannot be compared".to_owned())),
            }
        }
        Ok(Over::Broken(Refusal::Shorter { end }.to_string()))
    }

    /// Says what is durable here whenever that changes; gives why it could not.
    fn tell_durable(&self, client: &Client, session: u64) -> impl Future<Output = String> + use<B> {
        let (client, mut durable) = (client.clone(), self.ground.source.ring().head());
        let mut seeding = self.ground.seeding.clone();
        let begins = durable.borrow().position;
        async move {
            loop {
                let end = *durable.borrow_and_update();
                if end.position > begins
                    && let Some(mark) = seeding.take()
                    && let Err(error) = std::fs::remove_file(&mark)
                {
                    tracing::error!("{}: cannot be removed: {error}", mark.display());
                }
                match ask(&client, &Request::Durable { session, end: End::from(end) }).await {
                    Ok(Reply::Noted) => {}
                    Ok(_) => return NoFeed::Senseless.to_string(),
                    Err(why) => return why.to_string(),
                }
                if durable.changed().await.is_err() {
                    return "the writer is gone".to_owned();
                }
            }
        }
    }

    async fn pull_all(&mut self, client: &Client, session: u64) -> Result<Over, Lost> {
        let mut pulls = JoinSet::new();
        let pull = Arc::new(Request::Pull { session });
        let ask_for = |pulls: &mut JoinSet<_>| {
            let (client, pull) = (client.clone(), Arc::clone(&pull));
            pulls.spawn(async move { ask(&client, &pull).await });
        };
        (0..PULLS).for_each(|_| ask_for(&mut pulls));
        let mut parts = Parts::default();
        let mut stop = self.stop.clone();
        loop {
            let reply = tokio::select! {
                biased;
                reply = pulls.join_next() => reply,
                _ = stop.wait_for(|stop| *stop) => return Ok(Over::Stopped),
            };
            let reply = match reply {
                Some(Ok(reply)) => reply,
                Some(Err(_)) | None => return Ok(Over::Broken("a pull came to nothing".to_owned())),
            };
            let (part, end) = match reply {
                Ok(Reply::Chunk { seq, end, bytes }) => (Some((seq, bytes)), end),
                Ok(Reply::Nothing { end }) => (None, end),
                Ok(_) => return Ok(Over::Broken(NoFeed::Senseless.to_string())),
                Err(why) => return Ok(Over::Broken(why.to_string())),
            };
            ask_for(&mut pulls);
            self.status.send_modify(|status| {
                status.heard_at = Some(Instant::now());
                if end.position >= status.theirs.position {
                    status.theirs = end.into();
                }
            });
            let Some((seq, bytes)) = part else { continue };
            if let Err(why) = parts.take(seq, bytes.into()) {
                return Ok(Over::Broken(why));
            }
            // Nothing may come between what counts as handed over and handing it over, not even the end of
            // this session.
            let writer = self.writer.clone();
            let place = writer.reserve().await.map_err(|_| Lost::WriterGone)?;
            match self.proved(&mut parts) {
                Ok(groups) if groups.is_empty() => {}
                Ok(groups) => place.send(groups),
                Err(why) => return Ok(Over::Broken(why)),
            }
        }
    }

    /// The groups that are whole by now, each proved to follow the one before.
    fn proved(&mut self, parts: &mut Parts) -> Result<CopiedGroups<B>, String> {
        let mut groups = Vec::new();
        let mut head = self.handed;
        while let Some(group) = parts.group()? {
            let copied = Copied::prove::<B>(group, &head)
                .map_err(|unfit| format!("what the node in charge sends cannot be taken: {unfit}"))?;
            head = copied.head();
            groups.push(copied);
        }
        // Only now are they as good as handed over.
        self.handed = head;
        Ok(groups)
    }
}

/// The parts of a session, put together in their order.
#[derive(Default)]
struct Parts {
    /// Those that came before one that is missing.
    early: BTreeMap<u64, Bytes>,
    next: u64,
    bytes: BytesMut,
    /// Whether the last one in its order was empty: then all that was sent is here.
    all_here: bool,
}

impl Parts {
    /// # Errors
    /// A line when the peer numbers them as no peer does.
    fn take(&mut self, seq: u64, bytes: Bytes) -> Result<(), String> {
        if seq < self.next
            || seq >= self.next.saturating_add(PULLS)
            || self.early.insert(seq, bytes).is_some()
        {
            return Err(format!("part {seq} of the session came where {} was due", self.next));
        }
        while let Some(bytes) = self.early.remove(&self.next) {
            self.all_here = bytes.is_empty();
            self.bytes.extend_from_slice(&bytes);
            self.next += 1;
        }
        Ok(())
    }

    /// The next group, once all of it is here.
    ///
    /// # Errors
    /// A line when it cannot be one.
    fn group(&mut self) -> Result<Option<RawGroup>, String> {
        let too_long = |length| format!("a group announces {length} bytes");
        match RawGroup::sent_length(&self.bytes).map_err(too_long)? {
            Some(length) if length <= self.bytes.len() => {
                let mut whole = self.bytes.split_to(length).freeze();
                RawGroup::read(&mut whole).map_err(too_long)
            }
            // More of it would have come before nothing did.
            Some(_) | None if self.all_here && !self.bytes.is_empty() => {
                Err("a group ends before its end".to_owned())
            }
            Some(_) | None => Ok(None),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "cannot follow the node in charge: {refusal}"),
            Self::TooFarBehind => f.write_str(
                "cannot follow: the node in charge has cut its journal behind what is here; start this node \
                 again, and it begins with the checkpoint",
            ),
            Self::WriterGone => f.write_str("the writer is gone"),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNext(wrong) => wrong.fmt(f),
            Self::Undecodable { position, why } => {
                write!(f, "record {position} is none that this program knows: {why}")
            }
        }
    }
}
