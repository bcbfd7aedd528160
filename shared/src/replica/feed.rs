//! The node in charge, as those who follow it see it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::keys::Files;
use super::peers::{Followers, Standby};
use super::session::{Cursor, unreadable};
use super::wire::{Begin, End, Has, KeyBytes, Refusal, Reply, Request, Welcome};
use super::{CHUNK_BYTES, POLL};
use crate::checkpoint;
use crate::exchange::{self, Limits, Service};
use crate::ids::NodeId;
use crate::journal::{JournalError, Place};
use crate::pin::Pin;
use crate::store::{HoldError, Source};
use crate::tls::Peers;
use crate::writer::Gate;
use crate::{digest, private_file};

/// Most nodes that may follow at once.
const MAX_STANDBYS: usize = 8;
/// How often a place is looked for anew because a checkpoint has come to stand for it.
const TRIES: u32 = 4;
/// How long the last packets to those who follow may take to be on their way.
const FAREWELL: Duration = Duration::from_millis(250);
/// Most key files that a node hands on, and the largest of them, in bytes.
const MAX_KEY_FILES: usize = 4_096;
const MAX_KEY_FILE_BYTES: u64 = 16 << 10;

/// What standbys may take of a node at once.
pub const LIMITS: Limits = Limits {
    max_connections: 2 * MAX_STANDBYS,
    max_connections_per_peer: 2 * MAX_STANDBYS,
    max_handshakes: 2 * MAX_STANDBYS,
    max_in_flight_per_connection: 32,
    max_request_bytes: 4 * 1024,
    ..Limits::USUAL
};

/// Answers standbys out of a store that is being written.
pub struct Feed {
    node: NodeId,
    source: Arc<Source>,
    sessions: Mutex<HashMap<u64, Arc<Session>>>,
    followers: watch::Sender<Followers>,
    /// Whose word opens the gate, and the gate.
    guard: Mutex<Option<NodeId>>,
    gate: Gate,
    /// The key files that a standby needs too.
    keys: Option<Files>,
}

struct Session {
    node: NodeId,
    cursor: Arc<Turn<Cursor>>,
}

/// A feed that answers, until it is told to stop or dropped.
pub struct Feeding {
    stop: Option<oneshot::Sender<()>>,
    endpoint: quinn::Endpoint,
}

impl Feed {
    /// Of this node and its store. What the guarding standby makes durable reaches the gate.
    #[must_use]
    pub fn new(node: NodeId, source: Source, gate: Gate) -> Self {
        Self {
            node,
            source: Arc::new(source),
            sessions: Mutex::default(),
            followers: watch::Sender::default(),
            guard: Mutex::default(),
            gate,
            keys: None,
        }
    }

    /// The same, which hands on key files.
    #[must_use]
    pub fn with_keys(self, files: Files) -> Self {
        Self { keys: Some(files), ..self }
    }

    /// Makes one standby the one whose durable position the gate waits for, or none. What another had said
    /// is forgotten.
    pub fn guard(&self, standby: Option<NodeId>) {
        let mut guard = lock(&self.guard);
        if *guard != standby {
            *guard = standby;
            self.gate.forget();
            let known = standby.and_then(|standby| self.followers.borrow().get(&standby).copied());
            known.iter().for_each(|known| self.gate.reach(known.durable.position));
        }
    }

    /// The standby whose durable position the gate waits for.
    pub fn guarded(&self) -> Option<NodeId> {
        *lock(&self.guard)
    }

    /// Everybody who has followed since the start; whoever holds this hears of every change.
    pub fn followers(&self) -> watch::Receiver<Followers> {
        self.followers.subscribe()
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Begins to answer at an endpoint that lets in whoever has the shop's own key.
    #[must_use]
    pub fn serve(self: &Arc<Self>, endpoint: quinn::Endpoint, peers: Peers) -> Feeding {
        self.serve_within(endpoint, peers, LIMITS)
    }

    /// The same at an endpoint that is silent to strangers: whoever has knocked is asked for nothing more.
    #[must_use]
    pub fn serve_silently(self: &Arc<Self>, endpoint: quinn::Endpoint, peers: Peers) -> Feeding {
        self.serve_within(endpoint, peers, Limits { retry_above: None, ..LIMITS })
    }

    fn serve_within(self: &Arc<Self>, endpoint: quinn::Endpoint, peers: Peers, limits: Limits) -> Feeding {
        let (stop, stopped) = oneshot::channel();
        let until = async {
            // One that is dropped stops too.
            let _ = stopped.await;
        };
        tokio::spawn(exchange::serve(endpoint.clone(), peers, Arc::clone(self), limits, until));
        Feeding { stop: Some(stop), endpoint }
    }

    async fn hello(&self, node: NodeId, kind: [u8; 4], has: Option<Has>) -> Result<Reply, Refusal> {
        let journal = self.source.journal_id();
        // A node that has nothing takes whatever journal there is.
        let other = has.is_some_and(|has| has.end.position > 0 && has.journal != journal);
        if kind != *self.source.kind().0 || other || node == self.node {
            return Err(Refusal::OtherJournal);
        }
        let has = has.map(|has| has.end).unwrap_or_default();
        let source = Arc::clone(&self.source);
        let sought = tokio::task::spawn_blocking(move || seek_and_hold(&source, node, has)).await;
        let begin = sought.map_err(|_| Refusal::Unreadable)??;
        let from = match begin {
            Begin::Here => has,
            Begin::Checkpoint { at, .. } => at,
        };
        let mut sessions = lock(&self.sessions);
        sessions.retain(|_, session| session.node != node);
        if sessions.len() >= MAX_STANDBYS {
            self.forget_silent(&mut sessions);
        }
        if sessions.len() >= MAX_STANDBYS {
            return Err(Refusal::TooMany);
        }
        let mut id = [0; 8];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| Refusal::Unreadable)?;
        let session = u64::from_le_bytes(id);
        let cursor = Arc::new(Turn::new(Cursor::behind(from.position)));
        sessions.insert(session, Arc::new(Session { node, cursor }));
        drop(sessions);
        let durable = if begin == Begin::Here { has } else { End::default() };
        self.note(node, |standby| (standby.sent, standby.durable) = (from.position, durable.into()));
        let end = (*self.source.ring().head().borrow()).into();
        Ok(Reply::Welcome(Box::new(Welcome { node: self.node, session, journal, end, begin })))
    }

    async fn pull(&self, id: u64) -> Result<Reply, Refusal> {
        let session = self.session(id)?;
        let node = session.node;
        self.note(node, |_| {});
        // Whoever pulls while another waits gets the part behind that one's.
        let until = Instant::now() + POLL;
        let Ok(mut cursor) = timeout_at(until, Arc::clone(&session.cursor).lock_owned()).await else {
            return Ok(Reply::Nothing { end: (*self.source.ring().head().borrow()).into() });
        };
        if !cursor.has_rest() {
            let mut head = self.source.ring().head();
            let from = cursor.position();
            // A sender that is gone is a store that is closed, of which there is nothing new.
            let _ = timeout_at(until, head.wait_for(|head| head.position > from)).await;
            if cursor.is_near(&self.source) {
                cursor.fill(&self.source)?;
            } else {
                let source = Arc::clone(&self.source);
                let filled = tokio::task::spawn_blocking(move || {
                    let filled = cursor.fill(&source);
                    (cursor, filled)
                });
                let (back, filled) = filled.await.map_err(|_| Refusal::Unreadable)?;
                cursor = back;
                filled?;
            }
        }
        let (seq, bytes) = cursor.part();
        let sent = cursor.position();
        drop(cursor);
        self.note(node, |standby| standby.sent = standby.sent.max(sent));
        let end = (*self.source.ring().head().borrow()).into();
        Ok(Reply::Chunk { seq, end, bytes: bytes.to_vec() })
    }

    fn durable(&self, id: u64, end: End) -> Result<Reply, Refusal> {
        let node = self.session(id)?.node;
        let mut makes_sense = true;
        self.note(node, |standby| {
            makes_sense = end.position <= standby.sent;
            if makes_sense && end.position >= standby.durable.position {
                standby.durable = end.into();
            }
        });
        if !makes_sense {
            return Err(Refusal::Senseless);
        }
        if *lock(&self.guard) == Some(node) {
            self.gate.reach(end.position);
        }
        // A standby that was dropped because it was gone for too long hears so with its next hello.
        let _ = self.source.floors().hold(&holder(node), end.position);
        Ok(Reply::Noted)
    }

    async fn checkpoint(&self, position: u64, offset: u64) -> Result<Reply, Refusal> {
        let disk = self.source.disk();
        let read = tokio::task::spawn_blocking(move || {
            let name = checkpoint::file_name(position);
            Ok((disk.len(&name)?, disk.read_at(&name, offset, CHUNK_BYTES)?))
        });
        let read: std::io::Result<_> = read.await.map_err(|_| Refusal::Unreadable)?;
        // A newer one has taken its place; the standby begins again.
        let (total, bytes) = read.map_err(|_| Refusal::Gone)?;
        Ok(Reply::Checkpoint { total, bytes })
    }

    fn key_files(&self) -> Result<Reply, Refusal> {
        let keys = self.keys.as_ref().ok_or(Refusal::Gone)?;
        let mut files = Vec::new();
        for name in keys.names().map_err(|_| Refusal::Unreadable)? {
            let path = keys.path(&name).ok_or(Refusal::Unreadable)?;
            // One that goes away meanwhile is destroyed at the standby too.
            match private_file::read_any(&path, MAX_KEY_FILE_BYTES) {
                Ok((bytes, _)) => files.push((name, digest::sha256(&[&bytes]))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => return Err(Refusal::Unreadable),
            }
            if files.len() > MAX_KEY_FILES {
                return Err(Refusal::TooMany);
            }
        }
        Ok(Reply::KeyFiles(files))
    }

    fn key_file(&self, name: &str) -> Result<Reply, Refusal> {
        let path = self.keys.as_ref().and_then(|keys| keys.path(name)).ok_or(Refusal::Gone)?;
        let read = private_file::read_any(&path, MAX_KEY_FILE_BYTES);
        let (bytes, _) = read.map_err(|_| Refusal::Gone)?;
        Ok(Reply::KeyFile(KeyBytes(bytes.to_vec())))
    }

    fn session(&self, id: u64) -> Result<Arc<Session>, Refusal> {
        lock(&self.sessions).get(&id).cloned().ok_or(Refusal::UnknownSession)
    }

    /// Notes that a standby was heard, and what it said.
    fn note(&self, node: NodeId, change: impl FnOnce(&mut Standby)) {
        self.followers.send_modify(|followers| {
            let unheard = Standby { sent: 0, durable: Default::default(), heard_at: Instant::now() };
            let standby = followers.entry(node).or_insert(unheard);
            standby.heard_at = Instant::now();
            change(standby);
        });
    }

    fn forget_silent(&self, sessions: &mut HashMap<u64, Arc<Session>>) {
        let followers = self.followers.borrow();
        sessions.retain(|_, session| followers.get(&session.node).is_some_and(Standby::is_connected));
    }
}

impl Service for Feed {
    type Request = Request;
    type Reply = Reply;

    async fn call(self: Arc<Self>, _peer: Pin, request: Request) -> Reply {
        let reply = match request {
            Request::Hello { node, kind, has } => self.hello(node, kind, has).await,
            Request::Pull { session } => self.pull(session).await,
            Request::Durable { session, end } => self.durable(session, end),
            Request::Checkpoint { position, offset } => self.checkpoint(position, offset).await,
            Request::KeyFiles => self.key_files(),
            Request::KeyFile { name } => self.key_file(&name),
        };
        reply.unwrap_or_else(Reply::Refused)
    }
}

impl Feeding {
    /// Ends it, and tells those who follow so, that none of them finds out by waiting.
    pub async fn close(mut self) {
        self.stop.take();
        self.endpoint.close(exchange::close::SHUTDOWN, b"the node is going down");
        // One that is gone itself has nobody to tell.
        let _ = timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }
}

/// The name under which the journal is kept for a standby.
fn holder(node: NodeId) -> String {
    format!("standby-{node}")
}

/// Finds where a standby goes on, and keeps the journal from being cut away behind that place.
fn seek_and_hold(source: &Source, node: NodeId, has: End) -> Result<Begin, Refusal> {
    for _ in 0..TRIES {
        let begin = seek(source, has)?;
        let from = match begin {
            Begin::Here => has.position,
            Begin::Checkpoint { at, .. } => at.position,
        };
        match source.floors().hold(&holder(node), from) {
            // A newer checkpoint has come meanwhile.
            Err(HoldError::Cut { .. }) => {}
            Err(error @ (HoldError::Name | HoldError::TooMany | HoldError::Closed | HoldError::Disk(_))) => {
                tracing::warn!("the journal is not kept for standby {node}: {error}");
                return Ok(begin);
            }
            Ok(()) => return Ok(begin),
        }
    }
    Err(Refusal::Gone)
}

/// Holds what a standby has against the journal, and says how it goes on from there.
fn seek(source: &Source, has: End) -> Result<Begin, Refusal> {
    let end = *source.ring().head().borrow();
    let diverged = Refusal::Diverged { ends: end.position };
    if has.position > end.position {
        return Err(Refusal::Shorter { end: end.into() });
    }
    match source.reader().find(has.position, end.position).map_err(|error| unreadable(&error))? {
        Place::Behind(hash) if hash == has.hash => Ok(Begin::Here),
        Place::Behind(_) | Place::Nowhere => Err(diverged),
        Place::Cut { .. } => newest_checkpoint(source),
    }
}

fn newest_checkpoint(source: &Source) -> Result<Begin, Refusal> {
    let disk = source.disk();
    let listed = disk.list().map_err(|error| {
        unreadable(&JournalError::Io { what: "listing the journal".to_owned(), source: error })
    })?;
    let position = checkpoint::positions(&listed).first().copied().ok_or(Refusal::Unreadable)?;
    let mut reader = checkpoint::Reader::new(disk.as_ref(), source.kind(), position);
    let read = reader.next().map_err(|damage| {
        tracing::error!("a standby cannot be given a checkpoint: {damage}");
        Refusal::Unreadable
    });
    read?;
    let about = reader.about().ok_or(Refusal::Unreadable)?;
    let bytes = disk.len(&checkpoint::file_name(position)).map_err(|_| Refusal::Gone)?;
    Ok(Begin::Checkpoint { at: about.head.into(), bytes })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
