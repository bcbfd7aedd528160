//! The file a key is kept in.

use std::io;
use std::path::Path;

use aws_lc_rs::signature::Ed25519KeyPair;

use super::{Identity, IdentityError};
use crate::{hex, private_file};

/// Largest key file that is read, in bytes. A key takes fewer than 200.
const MAX_KEY_FILE_BYTES: u64 = 4096;

impl Identity {
    /// The key in a file, which is created with a new key when there is none. The file holds the
    /// hex digits of a PKCS#8 private key.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, is open to others than its owner, or holds no key.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, IdentityError> {
        let path = path.as_ref();
        match Self::read(path) {
            Err(IdentityError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                let identity = Self::generate()?;
                match identity.create(path) {
                    // Another process was quicker, and its key is the one in the file.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
                    done => done.map_err(at(path)).map(|()| identity),
                }
            }
            read => read,
        }
    }

    fn read(path: &Path) -> Result<Self, IdentityError> {
        let malformed = || IdentityError::Malformed(path.to_path_buf());
        let (text, exposed) = match private_file::read_any(path, MAX_KEY_FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(malformed()),
            read => read.map_err(at(path))?,
        };
        if exposed {
            return Err(IdentityError::Exposed(path.to_path_buf()));
        }
        let der = std::str::from_utf8(&text).ok().and_then(|text| hex::read(text.trim()));
        let pair = der.and_then(|der| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok());
        Self::of_pair(pair.ok_or_else(malformed)?)
    }

    /// Writes a file that is whole or absent whenever the power fails, and never replaces a key.
    fn create(&self, path: &Path) -> io::Result<()> {
        let document = self.pair.to_pkcs8v1().map_err(io::Error::other)?;
        private_file::create(path, hex::of(document.as_ref()).as_bytes())
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> IdentityError {
    move |error| IdentityError::Io(path.to_path_buf(), error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

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
            private_file::create(&path, text).unwrap();
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
