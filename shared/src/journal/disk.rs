//! The few file operations the journal needs, and the folder that performs them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that one process at a time holds locked.
const LOCK_FILE: &str = "lock";

/// The few file operations the journal needs, so that a power cut can be played on them.
pub trait Disk: Send + Sync + 'static {
    /// The names of all files.
    ///
    /// # Errors
    /// Whatever the operating system reports.
    fn list(&self) -> io::Result<Vec<String>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Writes bytes at an offset, creating the file and filling a gap with zeros where needed.
    ///
    /// # Errors
    /// Whatever the operating system reports; any part of the bytes may then be in the file.
    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns once all earlier writes to the file, and its being in the folder, are durable.
    ///
    /// # Errors
    /// Whatever the operating system reports; what is durable is then unknown.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Cuts a file to a length.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()>;

    /// The length of a file, in bytes.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// The part of a file that starts at an offset; shorter than asked for where the file ends.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>>;

    /// As [`Disk::read_at`], in place of what `bytes` holds: memory that was used before is had again for
    /// much less than new memory.
    ///
    /// # Errors
    /// As [`Disk::read_at`].
    fn read_into(&self, name: &str, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        *bytes = self.read_at(name, offset, len)?;
        Ok(())
    }

    /// Gives a synced file another name, over whatever had it. Durable on return; after an error or a
    /// power cut it has one name or the other, whole.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file, durably on return.
    ///
    /// # Errors
    /// `NotFound` without the file, else whatever the operating system reports.
    fn delete(&mut self, name: &str) -> io::Result<()>;

    /// The same disk for another thread, under the same lock.
    fn another(&self) -> Box<dyn Disk>;

    /// The same disk for one who only reads and keeps nobody else from writing, however long.
    fn reading(&self) -> Box<dyn Disk> {
        self.another()
    }
}

/// A folder of real files.
#[derive(Debug)]
pub struct FileDisk {
    folder: PathBuf,
    /// The lock on the folder, or nothing when it may only be read.
    lock: Option<Arc<File>>,
    /// The file written last. One is enough: the journal syncs a file before it turns to another,
    /// and a journal of years must not run out of file handles.
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    name: String,
    file: File,
    /// Whether the folder was synced since this handle was opened.
    folder_synced: bool,
}

impl FileDisk {
    /// Opens a folder for writing, creating it if needed, and keeps others from doing the same.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds the folder, else whatever the operating system
    /// reports.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let missing = folder.ancestors().take_while(|path| !path.exists()).count();
        fs::create_dir_all(folder)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK_FILE))?;
        lock.try_lock().map_err(io::Error::from)?;
        // A folder made a moment ago would vanish with its parent's unwritten entry, and every
        // acknowledged record with it.
        for parent in folder.ancestors().skip(1).take(missing.max(1)) {
            let path = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            File::open(path)?.sync_all()?;
        }
        Ok(Self { folder: folder.to_path_buf(), lock: Some(Arc::new(lock)), current: None })
    }

    /// Opens a folder for reading only, even while a daemon writes to it.
    ///
    /// # Errors
    /// `NotFound` without the folder, else whatever the operating system reports.
    pub fn read_only(folder: &Path) -> io::Result<Self> {
        fs::read_dir(folder)?;
        Ok(Self { folder: folder.to_path_buf(), lock: None, current: None })
    }

    fn current(&mut self, name: &str) -> io::Result<&mut Current> {
        if self.lock.is_none() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        let current = match self.current.take() {
            Some(current) if current.name == name => current,
            _ => self.reach(name)?,
        };
        Ok(self.current.insert(current))
    }

    /// Lets go of the open file, whose name may be about to stand for another.
    fn change_folder(&mut self) -> io::Result<()> {
        self.current = None;
        self.lock.as_ref().map(|_| ()).ok_or_else(|| io::Error::from(io::ErrorKind::PermissionDenied))
    }

    fn reach(&self, name: &str) -> io::Result<Current> {
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(self.folder.join(name))?;
        Ok(Current { name: name.to_owned(), file, folder_synced: false })
    }
}

impl Disk for FileDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            // A name that is not text cannot be the journal's own, whose names are all ASCII.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(name))
    }

    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.current(name)?.file.write_all_at(bytes, offset)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        let current = self.current(name)?;
        current.file.sync_data()?;
        if !current.folder_synced {
            // The file may have been created a moment ago, or by a process that died before it
            // came to sync the folder, so each new handle does this once.
            current.folder_synced = true;
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn truncate(&mut self, name: &str, len: u64) -> io::Result<()> {
        if self.lock.is_some() {
            fs::metadata(self.folder.join(name))?;
        }
        self.current(name)?.file.set_len(len)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.folder.join(name))?.len())
    }

    fn read_at(&self, name: &str, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_into(name, offset, len, &mut bytes)?;
        Ok(bytes)
    }

    fn read_into(&self, name: &str, offset: u64, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut file = File::open(self.folder.join(name))?;
        file.seek(SeekFrom::Start(offset))?;
        // What the file has decides how much memory this takes, not what it says of itself.
        let left = usize::try_from(file.metadata()?.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        bytes.clear();
        let needed = len.min(left);
        if bytes.capacity() < needed {
            // The next file, or part of one, is about as long, and is to find room enough.
            let spare = if bytes.capacity() == 0 { 0 } else { needed / 8 };
            bytes.reserve_exact(needed + spare);
        }
        file.take(len as u64).read_to_end(bytes)?;
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.change_folder()?;
        fs::rename(self.folder.join(from), self.folder.join(to))?;
        File::open(&self.folder)?.sync_all()
    }

    fn delete(&mut self, name: &str) -> io::Result<()> {
        self.change_folder()?;
        fs::remove_file(self.folder.join(name))?;
        File::open(&self.folder)?.sync_all()
    }

    fn another(&self) -> Box<dyn Disk> {
        Box::new(Self { folder: self.folder.clone(), lock: self.lock.clone(), current: None })
    }

    fn reading(&self) -> Box<dyn Disk> {
        Box::new(Self { folder: self.folder.clone(), lock: None, current: None })
    }
}
