//! The folder of sealing keys as a settlement that runs sees it: what was added since it last looked,
//! and which keys have been over for how long.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::epoch::{self, Epoch, Files};

/// How often and how long a file that cannot be read is looked at again before it counts as bad.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(20);

#[derive(Default)]
pub struct Tended {
    /// The files that were read, as they were then.
    seen: Files,
    /// The keys whose time is over, and since when that is known.
    doomed: HashMap<[u8; 8], Instant>,
    /// The keys that could not be destroyed, to be destroyed the next time.
    pub unburied: Vec<Arc<Epoch>>,
}

impl Tended {
    /// Reads the files that are new or changed. A bad one keeps none of the others away.
    ///
    /// # Errors
    /// A line on a file that cannot be read.
    pub fn read_anew(&mut self, folder: &Path, all: &mut Vec<Arc<Epoch>>) -> Result<(), String> {
        let files = epoch::files(folder)?;
        if files == self.seen {
            return Ok(());
        }
        let mut failed = None;
        for (path, _) in files.iter().filter(|file| !self.seen.contains(file)) {
            match Epoch::load(path) {
                Ok(epoch) => take_in(all, epoch),
                // Another process sees to its end.
                Err(_) if goes_away(path) => {}
                Err(why) => failed = Some(why),
            }
        }
        self.seen = files;
        failed.map_or(Ok(()), Err)
    }

    /// Takes out the keys whose time has been over for so long.
    pub fn doom(
        &mut self,
        all: &mut Vec<Arc<Epoch>>,
        over: impl Fn(&Epoch) -> bool,
        grace: Duration,
    ) -> Vec<Arc<Epoch>> {
        let now = Instant::now();
        let over = all.iter().filter(|epoch| over(epoch)).map(|epoch| epoch.keys.key_id);
        self.doomed = over.map(|id| (id, self.doomed.get(&id).copied().unwrap_or(now))).collect();
        let ends =
            |epoch: &Epoch| self.doomed.get(&epoch.keys.key_id).is_some_and(|since| now - *since >= grace);
        let (out, stays) = std::mem::take(all).into_iter().partition(|epoch: &Arc<Epoch>| ends(epoch));
        *all = stays;
        out
    }
}

/// Whether a file that cannot be read is gone, or is a moment later: one that is being destroyed is blank
/// before it is removed.
fn goes_away(path: &Path) -> bool {
    let gone = || !path.exists();
    gone()
        || (0..LOOKS).any(|_| {
            std::thread::sleep(LOOK);
            gone()
        })
}

/// A key that was made here keeps the sessions it remembers; one that was signed meanwhile is replaced.
fn take_in(all: &mut Vec<Arc<Epoch>>, epoch: Epoch) {
    let same =
        |known: &Arc<Epoch>| known.keys.key_id == epoch.keys.key_id && known.is_signed() == epoch.is_signed();
    if !all.iter().any(same) {
        all.retain(|known| known.keys.key_id != epoch.keys.key_id);
        all.push(Arc::new(epoch));
    }
}
