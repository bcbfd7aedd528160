//! The pictures of products, as files beside the books: each goes by the SHA-256 of its bytes, so that it
//! never changes, and two products may share one. A picture is on the disk before the journal names it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kessai_shared::picture::{self, MAX_PICTURE_BYTES, PictureName};
use kessai_shared::private_file;

/// The folder of the pictures in the seller's data folder.
const FOLDER: &str = "pictures";

#[derive(Clone, Debug)]
pub struct Pictures {
    folder: PathBuf,
}

impl Pictures {
    pub fn in_folder(data: &Path) -> Self {
        Self { folder: data.join(FOLDER) }
    }

    /// The bytes of a picture, which are what its name says.
    ///
    /// # Errors
    /// A line on what is wrong when there is none, it cannot be read, or it was damaged.
    pub fn read(&self, name: PictureName) -> Result<Vec<u8>, String> {
        let path = self.path(name);
        let bytes = read_whole(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !name.is_of(&bytes) {
            return Err(format!("{}: is damaged; import the picture again", path.display()));
        }
        Ok(bytes)
    }

    /// Takes a picture in from a file outside; it is on the disk when this returns. One that is here
    /// already stays, unless it is damaged.
    ///
    /// # Errors
    /// A line on what is wrong when it cannot be read or written, or is another than when it was named.
    pub fn take_in(&self, name: PictureName, from: &Path) -> Result<(), String> {
        if self.read(name).is_ok() {
            return Ok(());
        }
        let bytes = read_whole(from).map_err(|error| format!("{}: {error}", from.display()))?;
        if !name.is_of(&bytes) {
            return Err(format!("{}: has changed while it was imported; import again", from.display()));
        }
        let path = self.path(name);
        private_file::replace(&path, &bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn path(&self, name: PictureName) -> PathBuf {
        self.folder.join(name.to_string())
    }
}

/// Reads a picture that a table names, and tells what it goes by.
///
/// # Errors
/// What was expected of the field instead.
pub fn name_of(path: &Path) -> Result<PictureName, String> {
    let bytes = read_whole(path).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => picture::BadPicture::TooManyBytes.to_string(),
        _ => format!("a file that can be read, but {}: {error}", path.display()),
    })?;
    picture::check(&bytes).map_err(|why| why.to_string())?;
    Ok(PictureName::of(&bytes))
}

fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    // Whoever opens a pipe waits for somebody at its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a file"));
    }
    let (bytes, _) = private_file::read_any(path, MAX_PICTURE_BYTES as u64)?;
    Ok(bytes.to_vec())
}
