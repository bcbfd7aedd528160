//! What both daemons do alike: stand on some ground, start their writer, serve, and stop in good
//! order.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::exchange::{self, Limits, Service};
use crate::journal::{Disk, Kind};
use crate::store::{Books, Fault, Keep, Options, Store};
use crate::tls::Peers;
use crate::writer::{self, Clerk, Clock, Standing};

/// What a daemon stands on. The machine is one ground; a simulator brings another.
pub struct Ground<N> {
    pub net: N,
    pub clock: Clock,
    /// The disk of the journal, where it is not the data folder's own. The writer then runs as a
    /// task, so that a simulator has everything on its one thread.
    pub disk: Option<Box<dyn Disk>>,
}

/// How a writer ended.
pub type Ended = oneshot::Receiver<Result<(), Fault>>;

/// Opens the store in a data folder, keeping all journal that somebody holds, and logs what an operator
/// should know of it.
///
/// # Errors
/// [`Fault`] when it cannot be used.
pub fn open<B: Books>(data: &Path, kind: Kind, disk: Option<Box<dyn Disk>>) -> Result<Store<B>, Fault> {
    open_keeping(data, kind, disk, Keep::ALL)
}

/// As [`open`], by one who knows how long journal is kept for others.
///
/// # Errors
/// As [`open`].
pub fn open_keeping<B: Books>(
    data: &Path,
    kind: Kind,
    disk: Option<Box<dyn Disk>>,
    keep: Keep,
) -> Result<Store<B>, Fault> {
    let (store, opened) = match disk {
        Some(disk) => {
            let options = Options { keep, ..Options::in_place() };
            Store::open_on_with(disk, &data.join("shelf"), kind, options)?
        }
        None => Store::open_with(data, kind, Options { keep, ..Options::default() })?,
    };
    opened.notes().iter().for_each(|note| tracing::warn!("{note}"));
    Ok(store)
}

/// Starts the writer: on a thread of its own, or as a task.
///
/// # Errors
/// When the thread cannot be started.
pub fn start<C: Clerk>(
    store: Store<C::Books>,
    clerk: C,
    queue: mpsc::Receiver<C::Command>,
    clock: Clock,
    as_task: bool,
) -> std::io::Result<Ended> {
    start_with(store, clerk, queue, clock, (as_task, Standing::alone()))
}

/// As [`start`], for one of several nodes.
///
/// # Errors
/// As [`start`].
pub fn start_with<C: Clerk>(
    store: Store<C::Books>,
    clerk: C,
    queue: mpsc::Receiver<C::Command>,
    clock: Clock,
    (as_task, standing): (bool, Standing<C>),
) -> std::io::Result<Ended> {
    if !as_task {
        return writer::spawn(store, clerk, queue, clock, standing);
    }
    let (tell, ended) = oneshot::channel();
    tokio::spawn(async move {
        // Nobody waits for the end of a writer when the daemon is already gone.
        let _ = tell.send(writer::run_with(store, clerk, queue, clock, standing).await);
    });
    Ok(ended)
}

/// Serves until `stop` is done or the writer has failed, and sees the writer to its end. `release`
/// lets go of what else keeps the writer's queue open.
///
/// # Errors
/// A line on why the writer failed: the daemon has to stop, and find out from the disk.
pub async fn serve<S: Service>(
    endpoint: quinn::Endpoint,
    peers: Peers,
    service: Arc<S>,
    limits: Limits,
    mut ended: Ended,
    stop: impl Future<Output = ()> + Send,
    release: impl FnOnce(),
) -> Result<(), String> {
    let (tell, mut told) = oneshot::channel();
    let until = async {
        tokio::select! {
            () = stop => {}
            end = &mut ended => { let _ = tell.send(end); }
        }
    };
    exchange::serve(endpoint, peers, service, limits, until).await;
    release();
    let end = match told.try_recv() {
        Ok(end) => end,
        Err(_) => ended.await,
    };
    end.map_err(|_| "stopped: the writer is gone".to_owned())?.map_err(|fault| format!("stopped: {fault}"))
}
