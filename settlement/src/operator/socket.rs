//! The socket of a running settlement. Only its own user, and root, is answered.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::office::Office;
use super::{Reply, Request, frame};
use crate::clerk::cards::{Holder, Imported};

/// Most operators at a time.
const MAX_CONNECTIONS: usize = 8;
/// How long an operator may take for its next request, and for taking an answer in.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a failure to take a connection in keeps the door closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long it may take to tell somebody why they are turned away.
const TURN_AWAY: Duration = Duration::from_millis(100);
const ROOT: u32 = 0;

/// The socket of a data folder.
pub fn path(data: &Path) -> PathBuf {
    data.join("operator.sock")
}

/// A socket that operators can reach; its file is gone when this is dropped.
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Door {
    /// Opens the socket in a data folder that this process holds, so that any other one there is
    /// what a dead settlement left behind.
    ///
    /// # Errors
    /// A line on why there is none.
    pub fn open(data: &Path) -> Result<Self, String> {
        let path = path(data);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidInput => format!(
                "{}: the path is too long for a socket, so commands reach this settlement only while it is \
                 stopped; use a data folder with a shorter path",
                path.display()
            ),
            _ => format!("{}: the operator's socket cannot be made: {error}", path.display()),
        };
        // Made aside, under a name of the same length, so that nobody finds it before it is closed to
        // others.
        let draft = path.with_extension("bind");
        remove_socket(&draft).map_err(failed)?;
        remove_socket(&path).map_err(failed)?;
        let listener = UnixListener::bind(&draft).map_err(failed)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        fs::rename(&draft, &path).map_err(failed)?;
        let owner = fs::metadata(&path).map_err(failed)?.uid();
        Ok(Self { listener, path, owner })
    }

    /// Answers operators until it is dropped.
    pub async fn serve(self, office: Arc<Office>) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((mut stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let peer = stream.peer_cred().map(|peer| peer.uid());
            if !peer.as_ref().is_ok_and(|uid| *uid == self.owner || *uid == ROOT) {
                tracing::warn!("operator: a process of another user was turned away");
            } else if connections.len() >= MAX_CONNECTIONS {
                let why =
                    format!("more than {MAX_CONNECTIONS} operators at a time; try again when one is done");
                tracing::warn!("operator: one was turned away: {why}");
                // A new wire has room for a line, so this keeps nobody waiting.
                let _ = timeout(TURN_AWAY, frame::write(&mut stream, &Reply::Refused(why))).await;
            } else {
                connections.spawn(converse(stream, Arc::clone(&office)));
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The next start removes what cannot be removed now.
        let _ = remove_socket(&self.path);
    }
}

fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::other("something else has that name; move it away")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

async fn converse(mut stream: UnixStream, office: Arc<Office>) {
    // A table comes in many parts and is one line of the log.
    let mut imported = Imported::default();
    answer_all(&mut stream, &office, &mut imported).await;
    let Imported { opened, restated, unchanged, other_currency } = imported;
    if other_currency > 0 {
        tracing::warn!(
            "operator: {other_currency} known account(s) were given in another currency; they stay as they are"
        );
    }
    if opened + restated + unchanged > 0 {
        tracing::info!(
            "operator: accounts were taken in: {opened} opened, {restated} restated, {unchanged} unchanged"
        );
    }
}

async fn answer_all(stream: &mut UnixStream, office: &Office, imported: &mut Imported) {
    loop {
        let request = match timeout(DEADLINE, frame::read::<Request>(stream)).await {
            Ok(Ok(Some(request))) => request,
            // It has said all, or takes too long, or the wire broke.
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(error)) => {
                let why =
                    Reply::Refused(format!("not understood: {error}; use the program of this settlement"));
                let _ = timeout(DEADLINE, frame::write(stream, &why)).await;
                return;
            }
        };
        let act = act_of(&request);
        if request == Request::Rekey {
            tracing::info!("operator: a rekey is asked for");
        }
        let (tell, mut told) = mpsc::channel(1);
        let answer = office.answer(request, &tell);
        tokio::pin!(answer);
        let last = loop {
            let progress = tokio::select! {
                reply = &mut answer => break reply,
                Some(progress) = told.recv() => progress,
            };
            if !say(stream, &Reply::Progress(progress)).await {
                return;
            }
        };
        match (&last, act) {
            (Reply::Imported(more), _) => imported.add(*more),
            (Reply::Refused(why), Some(act)) => tracing::warn!("operator: {act} was refused: {why}"),
            (Reply::Issued, Some(act)) => tracing::info!("operator: {act}"),
            _ => {}
        }
        if !say(stream, &last).await {
            return;
        }
    }
}

/// What a request that changes something is called in the log, which knows nothing of cards.
fn act_of(request: &Request) -> Option<&'static str> {
    match request {
        Request::Status | Request::Find { .. } | Request::Page { .. } => None,
        Request::ImportAccounts { .. } => Some("accounts taken in"),
        Request::Rekey => Some("rekey"),
        Request::Issue { holder: Holder::New(_), enrolment: Some(_) } => {
            Some("a new account and its card with an enrolment code")
        }
        Request::Issue { holder: Holder::New(_), enrolment: None } => Some("a new account and its card"),
        Request::Issue { holder: Holder::Known(_), enrolment: Some(_) } => {
            Some("a card with an enrolment code for a known account")
        }
        Request::Issue { holder: Holder::Known(_), enrolment: None } => Some("a card for a known account"),
    }
}

/// Whether the other side has taken it.
async fn say(stream: &mut UnixStream, reply: &Reply) -> bool {
    matches!(timeout(DEADLINE, frame::write(stream, reply)).await, Ok(Ok(())))
}
