//! How a command reaches the books: through the socket of the settlement that runs on them, or by
//! itself where none does.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::console::Failure;
use kessai_shared::daemon::{self, Ended};
use kessai_shared::folder::{DataFolder, FolderError};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock, MAX_QUEUED, Standing};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::office::{self, Office};
use super::{Reply, Request, frame, socket};
use crate::clerk::Clerk;
use crate::ledger::Books;
use crate::rekey::Progress;
use crate::settings::{FOLDER, JOURNAL, Settings};
use crate::vault::LiveVault;

/// How long a settlement that has the folder may take until it answers: it may be starting.
const START_WAIT: Duration = Duration::from_secs(10);
const START_LOOK: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(120);

/// Where the books are: in a running settlement, or in this process.
pub enum Operator {
    There(UnixStream),
    Here(Box<Here>),
}

/// Books that no settlement runs on meanwhile, because the folder is held.
pub struct Here {
    office: Office,
    ended: Ended,
    _folder: DataFolder,
}

impl Operator {
    /// Reaches the books of a data folder. Where there are none yet, they begin.
    ///
    /// # Errors
    /// [`Failure`] when the folder, its keys or its books are not as they should be, or whoever uses
    /// them does not answer.
    pub async fn reach(settings: &Settings) -> Result<Self, Failure> {
        let (socket, begun) = (socket::path(&settings.data), Instant::now());
        loop {
            match DataFolder::open(&settings.data, FOLDER) {
                Ok(folder) => return Here::open(settings, folder).map(Box::new).map(Self::Here),
                Err(FolderError::InUse(_)) => {}
                Err(error) => return Err(error.into()),
            }
            match UnixStream::connect(&socket).await {
                Ok(stream) => return Ok(Self::There(stream)),
                Err(error) if begun.elapsed() > START_WAIT || error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(Failure::failed(format!(
                        "{}: another process uses this data folder, and cannot be asked at {}: {error}; stop it \
                         first",
                        settings.data.display(),
                        socket.display()
                    )));
                }
                Err(_) => tokio::time::sleep(START_LOOK).await,
            }
        }
    }

    /// Asks, and waits for the answer. `tell` hears how far it is.
    ///
    /// # Errors
    /// [`Failure`] when it is refused, or nobody answers any more.
    pub async fn ask(&mut self, request: Request, tell: impl FnMut(Progress)) -> Result<Reply, Failure> {
        match self.ask_for_any(request, tell).await? {
            Reply::Refused(why) => Err(Failure::failed(why)),
            reply => Ok(reply),
        }
    }

    /// As [`Operator::ask`]; a refusal is an answer, too.
    ///
    /// # Errors
    /// [`Failure`] when nobody answers any more: it may have been carried out.
    pub async fn ask_for_any(
        &mut self,
        request: Request,
        mut tell: impl FnMut(Progress),
    ) -> Result<Reply, Failure> {
        match self {
            Self::There(stream) => over_there(stream, &request, &mut tell).await,
            Self::Here(here) => here.answer(request, &mut tell).await,
        }
    }

    /// Puts the books away, where they are in this process.
    ///
    /// # Errors
    /// [`Failure`] when that fails.
    pub async fn close(self) -> Result<(), Failure> {
        match self {
            Self::There(_) => Ok(()),
            Self::Here(here) => {
                let Here { office, ended, _folder } = *here;
                drop(office);
                end_of(ended).await
            }
        }
    }
}

impl Here {
    fn open(settings: &Settings, folder: DataFolder) -> Result<Self, Failure> {
        // The books may be about to begin, and all keys have to be there before them.
        let (data, books) = (&settings.data, settings.data.join("journal"));
        let vault = LiveVault::load_or_create(&settings.vault_key(), &books).map_err(Failure::failed)?;
        let now = Timestamp::from_system_clock();
        settings.load_keys(now).map_err(Failure::failed)?;
        let store = daemon::open::<Books>(data, JOURNAL, None)?;
        vault.lease().fits(store.books()).map_err(Failure::failed)?;
        let clock: Clock = Arc::new(Timestamp::from_system_clock);
        let (writer, queue) = mpsc::channel(MAX_QUEUED);
        let clerk = Clerk::new(Arc::clone(&clock)).with_terms(settings.terms).clearing(settings.clearing);
        let ended = writer::spawn(store, clerk, queue, clock, Standing::alone())?;
        let by = office::local_operator(data).map_err(Failure::failed)?;
        Ok(Self { office: Office::new(Arc::new(vault), writer, by, false), ended, _folder: folder })
    }

    async fn answer(&mut self, request: Request, tell: &mut impl FnMut(Progress)) -> Result<Reply, Failure> {
        let (far, mut how_far) = mpsc::channel(1);
        let answer = self.office.answer(request, &far);
        tokio::pin!(answer);
        let reply = loop {
            tokio::select! {
                reply = &mut answer => break reply,
                Some(progress) = how_far.recv() => tell(progress),
            }
        };
        // A writer that has ended says better why than whoever could not reach it.
        match self.ended.try_recv() {
            Ok(Err(fault)) => Err(fault.into()),
            Ok(Ok(())) | Err(_) => Ok(reply),
        }
    }
}

async fn end_of(ended: Ended) -> Result<(), Failure> {
    ended.await.map_err(|_| Failure::failed("the writer is gone"))?.map_err(Failure::from)
}

async fn over_there(
    stream: &mut UnixStream,
    request: &Request,
    tell: &mut impl FnMut(Progress),
) -> Result<Reply, Failure> {
    let failed = |why: String| {
        Failure::failed(format!("the running settlement {why}; run the same command again, which is safe"))
    };
    let silent = |_| failed("does not answer".to_owned());
    let broken = |error: io::Error| failed(format!("was lost before it answered: {error}"));
    // One that does not listen may have said why before it hung up.
    let written = timeout(ANSWER_WAIT, frame::write(stream, request)).await.map_err(silent)?;
    loop {
        let reply = timeout(ANSWER_WAIT, frame::read(stream)).await.map_err(silent)?;
        match reply.map_err(broken)? {
            Some(Reply::Progress(progress)) => tell(progress),
            Some(reply) => return Ok(reply),
            None => {
                written.map_err(broken)?;
                return Err(failed("has stopped".to_owned()));
            }
        }
    }
}

/// Whether there is a data folder of a settlement, so that no command makes one by a slip of the pen.
///
/// # Errors
/// [`Failure`] when there is none.
pub fn must_exist(data: &Path) -> Result<(), Failure> {
    Ok(DataFolder::is_live(data, FOLDER).map(drop)?)
}
