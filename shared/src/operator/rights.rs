//! What an operator may do: look, or act too. Whatever a daemon keeps of it can change while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::keys;
use crate::ids::BadId;
use crate::pin::Pin;
use crate::pin_set::PinSet;

/// What an operator is told who may only look.
pub const NO_RIGHT: &str = "this operator's key may watch and change nothing; for more, on the daemon's machine, run its \
                            `operators allow PIN` without --watch";

/// How far an operator's right goes. Each has what the one before it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// To read, and to watch.
    Watch,
    /// To change something too.
    Act,
}

impl Right {
    pub const fn word(self) -> &'static str {
        match self {
            Right::Watch => "watch",
            Right::Act => "act",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Right {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let all = [Right::Watch, Right::Act];
        all.into_iter().find(|right| right.word() == text).ok_or(BadId("expected watch or act"))
    }
}

/// The operators of a daemon and what each may do. Clones show the same.
#[derive(Clone)]
pub struct Rights(Arc<Inner>);

struct Inner {
    data: PathBuf,
    /// Who keeps the folder itself: always allowed, and never on the list.
    own: Pin,
    listed: watch::Sender<Arc<BTreeMap<Pin, Right>>>,
    /// The same keys as the endpoint knows them, which closes the connections of those that leave it.
    pins: Arc<PinSet>,
}

impl Rights {
    /// Reads the list in a data folder.
    ///
    /// # Errors
    /// A line, or some, on what is wrong with the list.
    pub fn of_folder(data: PathBuf, own: Pin) -> Result<Self, String> {
        let listed = keys::listed(&data)?;
        let pins = Arc::new(PinSet::of(listed.keys().copied().chain([own])));
        let listed = watch::Sender::new(Arc::new(listed));
        Ok(Self(Arc::new(Inner { data, own, listed, pins })))
    }

    /// Takes the list over as it is now, and tells whether it has changed. With a mistake in it, all stays as it
    /// was.
    ///
    /// # Errors
    /// As [`Rights::of_folder`].
    pub fn reload(&self) -> Result<bool, String> {
        let listed = keys::listed(&self.0.data)?;
        // Who loses a right has lost it before the connection is closed.
        let pins: Vec<Pin> = listed.keys().copied().chain([self.0.own]).collect();
        let changed = self.0.listed.send_if_modified(|current| {
            let changed = **current != listed;
            *current = Arc::new(listed);
            changed
        });
        self.0.pins.replace(pins);
        Ok(changed)
    }

    /// What a key may do; `None` for one that is not on the list, or not any more.
    pub fn of(&self, pin: &Pin) -> Option<Right> {
        if *pin == self.0.own { Some(Right::Act) } else { self.0.listed.borrow().get(pin).copied() }
    }

    /// Whether what somebody asks for may be done: whoever is on the list may look, and whoever has the
    /// right to act may change something.
    pub fn allow(&self, pin: &Pin, changes_something: bool) -> bool {
        match self.of(pin) {
            Some(Right::Act) => true,
            Some(Right::Watch) => !changes_something,
            None => false,
        }
    }

    /// The key of whoever keeps the folder.
    pub fn own(&self) -> Pin {
        self.0.own
    }

    /// The list, without the folder's own key, and news of it.
    pub fn subscribe(&self) -> watch::Receiver<Arc<BTreeMap<Pin, Right>>> {
        self.0.listed.subscribe()
    }

    pub(super) fn pins(&self) -> &Arc<PinSet> {
        &self.0.pins
    }
}
