//! The arguments of a command that asks a daemon, and the keys with which it does. All programs have
//! them alike.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Daemon, Operator, Place};
use super::keys;
use super::rights::Right;
use crate::console::{self, Failure, OK};
use crate::folder::{DataFolder, FolderError};
use crate::identity::Identity;
use crate::pin::Pin;

/// Which daemon a command asks: the one of a data folder on this machine, or one that is elsewhere.
#[derive(Args, Clone, Debug)]
pub struct Reach {
    /// The data folder of the daemon on this machine [default: its own in the user's data folder].
    #[arg(long = "data", value_name = "DIR", conflicts_with_all = ["at", "pin", "key", "knock_key"])]
    data: Option<PathBuf>,
    /// Where a daemon on another machine listens for operators.
    #[arg(long, value_name = "ADDRESS", requires = "pin", requires = "key")]
    at: Option<SocketAddr>,
    /// The pin of that daemon.
    #[arg(long, value_name = "PIN", requires = "at")]
    pin: Option<Pin>,
    /// The file with the operator's key, as `operators key` makes it.
    #[arg(long, value_name = "FILE", requires = "at")]
    key: Option<PathBuf>,
    /// The file with what is knocked with on a settlement, as its `knock-key` writes it.
    #[arg(long, value_name = "FILE", requires = "at")]
    knock_key: Option<PathBuf>,
}

impl Reach {
    /// Whether the daemon is asked at an address, and not in a data folder.
    pub fn is_elsewhere(&self) -> bool {
        self.at.is_some()
    }

    /// The data folder of a daemon on this machine.
    ///
    /// # Errors
    /// [`Failure`] when there is no home folder to look in.
    pub fn data(&self, daemon: Daemon) -> Result<PathBuf, Failure> {
        console::data_folder(self.data.as_deref(), daemon.program)
    }

    pub(super) fn place(&self, daemon: Daemon) -> Result<Place, Failure> {
        match (self.at, self.pin, &self.key) {
            (Some(address), Some(pin), Some(key)) => {
                Ok(Place::There { address, pin, key: key.clone(), knock_key: self.knock_key.clone() })
            }
            _ => self.data(daemon).map(Place::Here),
        }
    }

    /// Connects, and asks as often as `with` likes.
    ///
    /// # Errors
    /// [`Failure`] when the daemon cannot be reached, and what `with` gives.
    pub fn with<T>(
        &self,
        daemon: Daemon,
        with: impl AsyncFnOnce(&Operator) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let place = self.place(daemon)?;
        console::runtime()?.block_on(async {
            let operator = Operator::reach(daemon, &place).await?;
            let done = with(&operator).await;
            operator.leave().await;
            done
        })
    }

    /// Asks once.
    ///
    /// # Errors
    /// [`Failure`] when the daemon cannot be reached or does not answer.
    pub fn ask<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        daemon: Daemon,
        request: &Req,
    ) -> Result<Rep, Failure> {
        self.with(daemon, async |operator| operator.ask(request).await)
    }
}

/// Whose keys may operate this daemon.
#[derive(Subcommand, Clone, Debug)]
pub enum Operators {
    /// Let the operator with this pin connect, from another machine too.
    Allow {
        pin: Pin,
        /// It may look and watch, and change nothing.
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        data: OperatorsData,
    },
    /// Take a pin off the list. Its connections are closed.
    Remove {
        pin: Pin,
        #[command(flatten)]
        data: OperatorsData,
    },
    /// Print the pins that may connect.
    List {
        #[command(flatten)]
        data: OperatorsData,
        #[arg(long)]
        json: bool,
    },
    /// Print the pin of an operator's key, making the key when there is none.
    Key {
        #[command(flatten)]
        data: OperatorsData,
        /// The file of a key to take along to another machine [default: the data folder's own].
        #[arg(long, value_name = "FILE", conflicts_with = "folder")]
        key: Option<PathBuf>,
    },
}

/// The data folder of the daemon on this machine.
#[derive(Args, Clone, Debug)]
pub struct OperatorsData {
    /// The data folder [default: the daemon's own in the user's data folder].
    #[arg(long = "data", value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Operators {
    /// Carries the command out. It works on the list itself, whether the daemon runs or not.
    ///
    /// # Errors
    /// [`Failure`] when the folder is another daemon's, or list or key cannot be used.
    pub fn run(self, daemon: Daemon) -> Result<u8, Failure> {
        let folder = |data: &OperatorsData| {
            let path = console::data_folder(data.folder.as_deref(), daemon.program)?;
            may_be_ours(&path, daemon).map(|()| path)
        };
        match self {
            Operators::Allow { pin, watch, data } => {
                let right = if watch { Right::Watch } else { Right::Act };
                keys::allow(&folder(&data)?, pin, right).map_err(Failure::failed)?;
                println!("allowed {pin}{}", if watch { " to watch" } else { "" });
            }
            Operators::Remove { pin, data } => {
                if !keys::remove(&folder(&data)?, pin).map_err(Failure::failed)? {
                    return Err(Failure::failed(format!("{pin} is not on the list of operators")));
                }
                println!("removed {pin}");
            }
            Operators::List { data, json } => list(&folder(&data)?, json)?,
            Operators::Key { key: Some(key), .. } => {
                println!("operator {}", Identity::load_or_create(key)?.pin())
            }
            Operators::Key { key: None, data } => {
                println!("operator {}", keys::own_key(&folder(&data)?).map_err(Failure::failed)?.pin());
            }
        }
        Ok(OK)
    }
}

fn list(data: &Path, json: bool) -> Result<(), Failure> {
    let own = keys::own_key(data).map_err(Failure::failed)?.pin();
    let listed = keys::listed(data).map_err(Failure::failed)?;
    if json {
        let others: Vec<String> = listed.keys().map(Pin::to_string).collect();
        let rights: BTreeMap<String, Right> =
            listed.iter().map(|(pin, right)| (pin.to_string(), *right)).collect();
        println!("{}", serde_json::json!({ "own": own.to_string(), "listed": others, "rights": rights }));
        return Ok(());
    }
    println!("{own}  this folder's own");
    listed.iter().for_each(|(pin, right)| println!("{pin}  {right}"));
    Ok(())
}

/// A folder of another daemon is none that anything is to be written to. An empty or missing one may
/// become this daemon's.
fn may_be_ours(data: &Path, daemon: Daemon) -> Result<(), Failure> {
    match DataFolder::is_live(data, daemon.folder) {
        Err(error @ (FolderError::OtherKind { .. } | FolderError::OtherVersion { .. })) => Err(error.into()),
        Ok(_) | Err(_) => std::fs::create_dir_all(data).map_err(Failure::from),
    }
}
