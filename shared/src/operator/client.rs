//! The asking side of the operator wire: finds the daemon of a data folder, or one that is elsewhere,
//! and says in one line why there is no answer.

use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::live::{Beat, Second, Watched, Watching};
use super::{keys, post};
use crate::console::Failure;
use crate::exchange::{CallError, Client, LinkError, Pushed, close};
use crate::folder::{DataFolder, FolderKind};
use crate::identity::Identity;
use crate::net::knock::{Gate, KnockKey};
use crate::net::side::Side;
use crate::net::{Net, RealNet};
use crate::pin::Pin;
use crate::tls::{self, Peers, SERVER_NAME};

/// How long a daemon that has its folder may take until it listens: it may be starting.
const START_WAIT: Duration = Duration::from_secs(10);
const START_LOOK: Duration = Duration::from_millis(50);
/// How long one answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// How long the last packets may take to leave.
const FAREWELL: Duration = Duration::from_millis(250);
/// Largest address file that is read, in bytes.
const MAX_ADDRESS_BYTES: u64 = 200;

/// A daemon as its operators know it.
#[derive(Clone, Copy, Debug)]
pub struct Daemon {
    /// What people call it: `seller`, `settlement`.
    pub word: &'static str,
    /// Its program.
    pub program: &'static str,
    pub folder: FolderKind,
    pub alpn: &'static [u8],
    /// Whether it stands on the closed network, where nobody is answered who does not know the knock.
    pub is_silent: bool,
}

/// Where a daemon is.
#[derive(Clone, Debug)]
pub enum Place {
    /// On this machine, in this data folder.
    Here(PathBuf),
    /// At an address, with this pin; the operator's key is in a file, and so is what it knocks with, where
    /// the daemon is silent.
    There { address: SocketAddr, pin: Pin, key: PathBuf, knock_key: Option<PathBuf> },
}

/// A daemon that can be asked.
pub struct Operator {
    daemon: Daemon,
    client: Client,
    endpoint: quinn::Endpoint,
    address: SocketAddr,
    pin: Pin,
    own: Pin,
}

impl Operator {
    /// Connects to a daemon.
    ///
    /// # Errors
    /// [`Failure`] when it is not running, not where it should be, or not who it should be.
    pub async fn reach(daemon: Daemon, place: &Place) -> Result<Self, Failure> {
        let (address, pin, identity, knock_key) = match place {
            Place::Here(data) => {
                let (address, pin) = find(daemon, data).await?;
                let knock_key = Some(keys::knock_key_file(data));
                (address, pin, keys::own_key(data).map_err(Failure::failed)?, knock_key)
            }
            Place::There { address, pin, key, knock_key } => {
                if !key.exists() {
                    let key = key.display();
                    return Err(Failure::failed(format!(
                        "{key}: there is no key; make one with: {} operators key --key {key}",
                        daemon.program
                    )));
                }
                (*address, *pin, Identity::load_or_create(key)?, knock_key.clone())
            }
        };
        let config = tls::watching_client_config(&identity, Peers::pins([pin]), daemon.alpn)?;
        let own = identity.pin();
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let (endpoint, config) = if daemon.is_silent {
            let gate = Gate::of_seller(&knock_key_of(daemon, identity.pin(), knock_key)?);
            (RealNet::default().closed(&Side::at(any), &gate, None)?, gate.client_config(config))
        } else {
            (RealNet::default().endpoint(any, None)?, config)
        };
        let client = Client::connect(&endpoint, address, config, SERVER_NAME).await;
        let client = client.map_err(|error| unreached(daemon, (address, pin), own, &error))?;
        Ok(Self { daemon, client, endpoint, address, pin, own })
    }

    /// The pin of the daemon, which is also what its peers know it by.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`Failure`] when nobody answers: then what was asked for may have been done all the same.
    pub async fn ask<Req: Serialize, Rep: DeserializeOwned>(&self, request: &Req) -> Result<Rep, Failure> {
        let place = (self.address, self.pin);
        self.client.call(request, ANSWER_WAIT).await.map_err(|error| match error {
            CallError::Lost(error) | CallError::NotSent(error) => {
                unreached(self.daemon, place, self.own, &error)
            }
            CallError::Timeout | CallError::TooLate | CallError::TooLarge(_) | CallError::PeerFault(_) => {
                Failure::failed(format!("the {} at {}: {error}", self.daemon.word, self.address))
            }
        })
    }

    /// Begins to watch, on a connection of its own sort: the same one may be asked things beside. `S` is
    /// the status of the daemon that was reached.
    ///
    /// # Errors
    /// [`Failure`] when nobody answers, or as many watch already as may.
    pub async fn watch<S: Watched>(&self) -> Result<(Watching, Watch<Beat<S>>), Failure> {
        let reply = self.ask(&S::watch()).await?;
        let watching = S::watching(reply).map_err(|why| self.refused(why))?;
        let (pushed, place) = (self.client.pushed(), (self.address, self.pin));
        let watch = Watch { pushed, daemon: self.daemon, place, own: self.own, of: PhantomData };
        Ok((watching, watch))
    }

    /// Seconds before this one, or from the last on, the newest first; at most
    /// [`super::live::MAX_SECONDS`], and none when the daemon remembers none.
    ///
    /// # Errors
    /// [`Failure`] when nobody answers.
    pub async fn past<S: Watched>(&self, before: Option<u64>, limit: u16) -> Result<Vec<Second>, Failure> {
        S::seconds(self.ask(&S::past(before, limit)).await?).map_err(|why| self.refused(why))
    }

    fn refused(&self, why: Option<String>) -> Failure {
        let why = why.unwrap_or_else(|| "it answered something that was not asked".to_owned());
        Failure::failed(format!("the {} at {}: {why}", self.daemon.word, self.address))
    }

    /// Says goodbye, so that the daemon does not keep a place for somebody who is gone.
    pub async fn leave(self) {
        self.say_goodbye().await;
    }

    /// The same where others still hold this connection: they are told that it has ended.
    pub async fn say_goodbye(&self) {
        self.endpoint.close(close::DONE, b"done");
        // A daemon that is gone too has nobody to say goodbye to.
        let _ = tokio::time::timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }
}

/// What a daemon tells each second, until the [`Operator`] that it came from leaves.
pub struct Watch<T> {
    pushed: Pushed,
    daemon: Daemon,
    place: (SocketAddr, Pin),
    own: Pin,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Watch<T> {
    /// Waits for the next second. A caller that stops waiting misses nothing.
    ///
    /// # Errors
    /// [`Failure`] once the daemon or the way to it is gone; only a new connection shows more.
    pub async fn next(&mut self) -> Result<T, Failure> {
        let next = self.pushed.next().await;
        next.map(|(_, told)| told).map_err(|error| unreached(self.daemon, self.place, self.own, &error))
    }
}

/// What an operator knocks on a silent daemon with.
fn knock_key_of(daemon: Daemon, own: Pin, file: Option<PathBuf>) -> Result<KnockKey, Failure> {
    let Daemon { word, program, .. } = daemon;
    let file = file.ok_or_else(|| {
        let why = format!("--knock-key: the {word} answers nobody without one; on its machine, run");
        Failure::usage(format!("{why}: {program} knock-key {own} --out FILE"))
    })?;
    KnockKey::read(&file).map_err(Failure::failed)
}

/// Where the daemon of a data folder listens. One that holds its folder and has not said so yet is
/// starting, and is waited for.
async fn find(daemon: Daemon, data: &Path) -> Result<(SocketAddr, Pin), Failure> {
    let begun = Instant::now();
    let file = post::address_file(data);
    loop {
        if !DataFolder::is_live(data, daemon.folder)? {
            let (data, program) = (data.display(), daemon.program);
            return Err(Failure::failed(format!(
                "{data}: the {} is not running; start it with: {program} serve --data {data}",
                daemon.word
            )));
        }
        if let Some(found) = read(&file) {
            return Ok(found);
        }
        if begun.elapsed() > START_WAIT {
            return Err(Failure::failed(format!(
                "{}: the {} runs and does not say where operators can reach it; look at its log",
                file.display(),
                daemon.word
            )));
        }
        tokio::time::sleep(START_LOOK).await;
    }
}

fn read(file: &Path) -> Option<(SocketAddr, Pin)> {
    if std::fs::metadata(file).ok()?.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let text = std::fs::read_to_string(file).ok()?;
    let (address, pin) = text.trim().split_once(' ')?;
    Some((address.parse().ok()?, pin.parse().ok()?))
}

/// Why there is no answer, and what to do. A server may refuse a key only after the connection seemed
/// made, so the same reasons come from connecting and from the first question.
fn unreached(daemon: Daemon, (address, pin): (SocketAddr, Pin), own: Pin, error: &LinkError) -> Failure {
    let Daemon { word, program, .. } = daemon;
    Failure::failed(match error {
        LinkError::Refused(_) | LinkError::Revoked => format!(
            "the {word} at {address} does not take this operator's key; on its machine, run: {program} operators \
             allow {own}"
        ),
        LinkError::Untrusted(_) => {
            format!("who answers at {address} is not the {word} with the pin {pin}; compare address and pin")
        }
        LinkError::OtherProtocol => {
            format!("who answers at {address} speaks another language: is it a {word}, and of this version?")
        }
        LinkError::Closed { code, .. } if *code == close::TOO_MANY.into_inner() => {
            format!(
                "this key has as many connections to the {word} at {address} as one may have; end one of them"
            )
        }
        LinkError::Silent if daemon.is_silent => format!(
            "no {word} answers operators at {address}; if it runs, it is silent to this key: on its machine, run: \
             {program} operators allow {own}"
        ),
        LinkError::Silent => format!("no {word} answers operators at {address}; is it running?"),
        LinkError::Local(_)
        | LinkError::Busy
        | LinkError::Closed { .. }
        | LinkError::Restarted
        | LinkError::Fault(_)
        | LinkError::Done
        | LinkError::Transport(_) => format!("the {word} at {address} cannot be asked: {error}"),
    })
}
