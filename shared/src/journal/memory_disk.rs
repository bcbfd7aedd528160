//! A disk in memory that remembers what was synced, so that a power cut can be played on it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::content::{Content, Fate};
use super::{Dice, Disk};

/// A disk in memory; clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Content>,
    fuse: Fuse,
    /// The change of the folder that the fuse blew in.
    half_done: Step,
}

/// One change of the folder: what each of these names stands for after it.
type Step = Vec<(String, Option<Content>)>;

fn take_step(files: &mut BTreeMap<String, Content>, step: Step) {
    for (name, content) in step {
        match content {
            Some(content) => files.insert(name, content),
            None => files.remove(&name),
        };
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Fuse {
    #[default]
    None,
    /// So many more operations succeed.
    Burning(u64),
    Blown,
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets so many more writes, syncs, truncations, renames and deletions succeed; then everything
    /// fails as on a full disk. The write it happens in leaves half its bytes behind, and the sync it happens in
    /// leaves writes behind that no later sync makes durable, as Linux does.
    pub fn fail_after(&self, operations: u64) {
        self.state().fuse = Fuse::Burning(operations);
    }

    /// The disk after the power went at this moment, as another, working disk. Of everything that
    /// was not synced, each sector is kept, dropped, torn or has a bit flipped, and the length of
    /// each file is anywhere between the synced and the current one. The same seed gives the same
    /// outcome.
    #[must_use]
    pub fn power_cut(&self, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let fate = Fate::of(&mut dice);
        let mut files = BTreeMap::new();
        let state = self.state();
        let mut before = state.files.clone();
        if !state.half_done.is_empty() && dice.percent(50) {
            take_step(&mut before, state.half_done.clone());
        }
        for (name, content) in &before {
            if content.entered || dice.percent(50) {
                let survived = content.survive(&mut dice, fate);
                files.insert(name.clone(), Content::durable(survived));
            }
        }
        Self::with(files)
    }

    /// The disk as another, working disk after only the process died: everything written can be
    /// read, and what was not synced is still not durable.
    #[must_use]
    pub fn process_death(&self) -> Self {
        Self::with(self.state().files.clone())
    }

    /// Removes a file, durably; false when there is none.
    #[must_use]
    pub fn remove(&self, name: &str) -> bool {
        self.state().files.remove(name).is_some()
    }

    fn with(files: BTreeMap<String, Content>) -> Self {
        Self { state: Arc::new(Mutex::new(State { files, ..State::default() })) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state();
        state.check()?;
        Ok(state.files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.state();
        state.check()?;
        let content = state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(content.read())
    }

    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut state = self.state();
        state.check()?;
        let outcome = state.burn();
        let written = match &outcome {
            Ok(()) => bytes,
            Err(_) => bytes.split_at(bytes.len() / 2).0,
        };
        let content = state.files.entry(name.to_owned()).or_default();
        content.write(offset, written);
        outcome
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        let outcome = state.burn();
        let content = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        match &outcome {
            Ok(()) => content.sync(),
            Err(_) => content.forget(),
        }
        outcome
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        let length = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut state = self.state();
        state.check()?;
        state.burn()?;
        let content = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        content.cut(length);
        Ok(())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.read(name).map(|bytes| bytes.len() as u64)
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(name)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(len).min(bytes.len());
        Ok(bytes.get(start..end).unwrap_or_default().to_vec())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        let content = state.files.get(from).ok_or(io::ErrorKind::NotFound)?.clone();
        let step = vec![(from.to_owned(), None), (to.to_owned(), Some(content))];
        state.enter(step)
    }

    fn delete(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.check()?;
        state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        state.enter(vec![(name.to_owned(), None)])
    }

    fn another(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }
}

impl State {
    /// Changes the folder, durably. When the fuse blows in it, a power cut decides whether it happened.
    fn enter(&mut self, step: Step) -> io::Result<()> {
        if let Err(error) = self.burn() {
            self.half_done = step;
            return Err(error);
        }
        take_step(&mut self.files, step);
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.fuse {
            Fuse::Blown => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Fuse::None | Fuse::Burning(_) => Ok(()),
        }
    }

    fn burn(&mut self) -> io::Result<()> {
        self.fuse = match self.fuse {
            Fuse::None => Fuse::None,
            Fuse::Burning(0) | Fuse::Blown => Fuse::Blown,
            Fuse::Burning(left) => Fuse::Burning(left - 1),
        };
        self.check()
    }
}

#[cfg(test)]
mod tests;
