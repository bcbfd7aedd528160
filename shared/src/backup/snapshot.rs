//! The journal of a daemon that may be running, held still: every file is opened at once, so that one
//! that is deleted meanwhile, because a checkpoint stands for it, is still there for whoever reads.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::BackupError;
use crate::checkpoint;
use crate::journal::{Disk, START_BYTES, mark_in, segments};

/// How often the folder is listed anew because a file was taken away meanwhile.
const TRIES: u32 = 8;
/// Most files of a journal that are held at a time.
const MAX_FILES: usize = 4_096;

/// The open files. It can be read only.
#[derive(Clone)]
pub struct Held {
    files: Arc<BTreeMap<String, File>>,
}

impl Held {
    /// Opens every segment and checkpoint of a journal folder. What is not there yet is an empty journal.
    ///
    /// # Errors
    /// [`BackupError::Io`] when they cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, BackupError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_open(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
                opened => return opened.map_err(BackupError::io("read the journal in", folder)),
            }
        }
    }

    fn try_open(folder: &Path) -> io::Result<Self> {
        let mut names = Vec::new();
        match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            entries => {
                for entry in entries? {
                    names.extend(entry?.file_name().into_string().ok());
                }
            }
        }
        let mut wanted: Vec<String> = segments(&names).into_iter().map(|(_, name)| name).collect();
        wanted.extend(checkpoint::positions(&names).into_iter().map(checkpoint::file_name));
        if wanted.len() > MAX_FILES {
            return Err(io::Error::other(format!("it has more than {MAX_FILES} files")));
        }
        let open = |name: String| File::open(folder.join(&name)).map(|file| (name, file));
        let files = wanted.into_iter().map(open).collect::<io::Result<_>>()?;
        Ok(Self { files: Arc::new(files) })
    }

    /// The positions of the checkpoints, the newest first.
    pub fn checkpoints(&self) -> Vec<u64> {
        let names: Vec<String> = self.files.keys().cloned().collect();
        checkpoint::positions(&names)
    }

    /// Which journal it is; nothing while there is none.
    ///
    /// # Errors
    /// [`BackupError`] when the newest segment does not say.
    pub fn mark(&self) -> Result<Option<[u8; 16]>, BackupError> {
        let names: Vec<String> = self.files.keys().cloned().collect();
        let Some((_, name)) = segments(&names).pop() else { return Ok(None) };
        let bytes = self.read_at(&name, 0, START_BYTES);
        let mark = bytes.ok().and_then(|bytes| mark_in(&bytes));
        match mark {
            Some(mark) => Ok(Some(mark.0)),
            // The first group of it may be under way, and nobody was told of anything in it.
            None if names.len() == 1 => Ok(None),
            None => Err(BackupError::Refused(format!("{name}: does not begin as a segment; run verify"))),
        }
    }

    fn file(&self, name: &str) -> io::Result<&File> {
        self.files.get(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Disk for Held {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.len(name)?).unwrap_or(usize::MAX);
        self.read_at(name, 0, length)
    }

    fn write_at(&mut self, _: &str, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&mut self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn truncate(&mut self, _: &str, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.metadata()?.len())
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let file = self.file(name)?;
        let left = usize::try_from(file.metadata()?.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(left)];
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read_at(&mut bytes[filled..], offset + filled as u64)? {
                // It was cut meanwhile, as a journal is that drops an unfinished write.
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn rename(&mut self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn delete(&mut self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn another(&self) -> Box<dyn Disk> {
        Box::new(self.clone())
    }
}
