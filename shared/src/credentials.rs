//! Keys that systemd hands to a daemon (systemd.exec(5), `LoadCredential=`): files in a folder of memory that
//! only this process sees, which `CREDENTIALS_DIRECTORY` names. They are read where they are; nothing of them
//! is copied to a disk.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folder, as the environment named it at the first question.
static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The credential with the name of this file, where there is one, and else the file.
pub fn instead_of(file: &Path) -> PathBuf {
    let given = folder().zip(file.file_name()).map(|(folder, name)| folder.join(name));
    given.filter(|given| given.is_file()).unwrap_or_else(|| file.to_owned())
}

/// Whether a file is one that was handed over so. Where its owner is root and its reader is not, an access
/// list names the reader, and what the mode then shows for the group is the mask of that list.
pub(crate) fn holds(file: &Path) -> bool {
    folder().is_some_and(|folder| file.parent() == Some(folder))
}

fn folder() -> Option<&'static Path> {
    let named =
        || std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|path| path.is_absolute());
    FOLDER.get_or_init(named).as_deref()
}
