//! The file a key is kept in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

use super::{Identity, IdentityError};
use crate::hex;

/// Largest key file that is read, in bytes. A key takes fewer than 200.
const MAX_KEY_FILE_BYTES: u64 = 4096;

/// Permission bits by which others than the owner could use the file.
const OTHERS: u32 = 0o077;

impl Identity {
    /// The key in a file, which is created with a new key when there is none. The file holds the
    /// hex digits of a PKCS#8 private key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, is open to others than its owner, or holds no key.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, IdentityError> {
        let path = path.as_ref();
        match File::open(path) {
            Ok(file) => Self::read(file, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let identity = Self::generate()?;
                match identity.create(path) {
                    // Another process was quicker, and its key is the one in the file.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Self::read(File::open(path).map_err(at(path))?, path)
                    }
                    done => done.map_err(at(path)).map(|()| identity),
                }
            }
            Err(error) => Err(at(path)(error)),
        }
    }

    fn read(file: File, path: &Path) -> Result<Self, IdentityError> {
        // The permissions are those of the open file, so that nobody can swap it in between.
        let metadata = file.metadata().map_err(at(path))?;
        if metadata.permissions().mode() & OTHERS != 0 {
            return Err(IdentityError::Exposed(path.to_path_buf()));
        }
        // With room for all of it from the start: text that grows leaves a copy of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE_BYTES as usize + 1));
        match file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(IdentityError::Malformed(path.to_path_buf()));
            }
            read => read.map_err(at(path))?,
        };
        let digits = text.trim();
        let mut der = Zeroizing::new(vec![0; digits.len() / 2]);
        hex::fill(digits, &mut der)
            .and_then(|()| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok())
            .ok_or_else(|| IdentityError::Malformed(path.to_path_buf()))
            .and_then(Self::of_pair)
    }

    /// Writes a file that is whole or absent whenever the power fails, and never replaces a key.
    fn create(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let document = self.pair.to_pkcs8v1().map_err(io::Error::other)?;
        let text = hex::of(document.as_ref());
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let temporary = PathBuf::from(name);
        let placed = write_durably(&temporary, text.as_bytes())
            // A link, unlike a rename, fails when another process has placed its key meanwhile.
            .and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        placed.and(removed)?;
        File::open(directory)?.sync_all()
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> IdentityError {
    move |error| IdentityError::Io(path.to_path_buf(), error)
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A file of this name is the leftover of a process that died halfway.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_gives_the_same_key_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let made = Identity::load_or_create(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let read = Identity::load_or_create(&path).unwrap();
        assert_eq!(made.pin(), read.pin());
        assert_eq!(made.derive(b"a", b"b"), read.derive(b"a", b"b"));
    }

    #[test]
    fn an_exposed_file_is_refused_with_the_cure() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        Identity::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = Identity::load_or_create(&path).err().unwrap().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_malformed_file_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        for text in [&b""[..], b"\n", b"zz", b"302e0201", b"\xff\xfe", &[b'a'; 9000]] {
            let _ = fs::remove_file(&path);
            write_durably(&path, text).unwrap();
            let error = Identity::load_or_create(&path).err().unwrap();
            assert!(matches!(error, IdentityError::Malformed(_)), "{error}");
            assert_eq!(fs::read(&path).unwrap(), text);
        }
    }

    #[test]
    fn callers_that_race_end_up_with_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        Identity::generate().unwrap().create(&path).unwrap();
        let late = Identity::generate().unwrap().create(&path).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::AlreadyExists);
    }
}
