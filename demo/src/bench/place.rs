//! The folder that a bench takes place in: one that was named and is empty, or a fresh one.

use std::path::{Path, PathBuf};

use kessai_shared::console::Failure;

/// A folder for one run.
pub enum Place {
    /// Named on the command line; it is kept.
    Named(PathBuf),
    /// Removed when the run has gone well.
    Fresh(tempfile::TempDir),
}

impl Place {
    /// The named folder, or a fresh one where the system keeps what is temporary.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be made or is not empty.
    pub fn of(named: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = named else {
            return Ok(Self::Fresh(tempfile::Builder::new().prefix("kessai-bench-").tempdir()?));
        };
        let failed = |error| Failure::failed(format!("{}: cannot be used: {error}", path.display()));
        std::fs::create_dir_all(&path).map_err(failed)?;
        if std::fs::read_dir(&path).map_err(failed)?.next().is_some() {
            let line = format!("{}: is not empty; name an empty folder with --data", path.display());
            return Err(Failure::usage(line));
        }
        Ok(Self::Named(path))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Named(path) => path,
            Self::Fresh(folder) => folder.path(),
        }
    }

    /// What a run that failed wrote is kept, because it may show why.
    #[must_use]
    pub fn keep(self, mut failure: Failure) -> Failure {
        let path = match self {
            Self::Named(path) => path,
            Self::Fresh(folder) => folder.keep(),
        };
        if !failure.line.is_empty() {
            failure.line.push('\n');
        }
        failure.line.push_str(&format!("the run failed; its folder is kept: {}", path.display()));
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_something_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let named = folder.path().join("named");
        let place = Place::of(Some(named.clone())).map_err(|failure| failure.line).expect("a new folder");
        assert_eq!(place.path(), named);
        std::fs::write(named.join("a"), "b").expect("written");
        let refused = Place::of(Some(named.clone())).map(|_| ()).expect_err("not empty");
        assert_eq!((refused.code, refused.line.contains("is not empty")), (2, true), "{refused:?}");
        assert!(Place::of(Some(named.join("a"))).is_err(), "a file is no folder");
    }

    #[test]
    fn what_failed_is_kept() {
        let place = Place::of(None).map_err(|failure| failure.line).expect("a fresh folder");
        let path = place.path().to_owned();
        let failure = place.keep(Failure::failed("why"));
        assert!(failure.line.starts_with("why\n") && path.is_dir(), "{failure:?}");
        std::fs::remove_dir(path).expect("empty");
    }
}
