//! Whether a file may have changed since it was last read.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// How often a file that has just changed is read again: what is written within the same tick of the file
/// system's clock leaves no other trace.
const FRESH_LOOKS: u32 = 5;

/// What a file system says of a file: its inode, its length, and when it was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Looks at one file again and again.
#[derive(Debug)]
pub struct News {
    file: PathBuf,
    seen: Option<Seen>,
    fresh: u32,
}

impl News {
    /// Of a file that was read a moment ago.
    #[must_use]
    pub fn of(file: PathBuf) -> Self {
        Self { seen: seen(&file), file, fresh: FRESH_LOOKS }
    }

    /// Whether it is to be read again.
    pub fn may_be(&mut self) -> bool {
        let now = seen(&self.file);
        if now != self.seen {
            (self.seen, self.fresh) = (now, FRESH_LOOKS);
            return true;
        }
        let fresh = self.fresh > 0;
        self.fresh = self.fresh.saturating_sub(1);
        fresh
    }
}

fn seen(file: &std::path::Path) -> Option<Seen> {
    let meta = fs::metadata(file).ok()?;
    let modified = (meta.mtime(), meta.mtime_nsec());
    Some(Seen { inode: meta.ino(), bytes: meta.len(), modified, changed: (meta.ctime(), meta.ctime_nsec()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_just_changed_is_read_a_few_times_and_then_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list");
        fs::write(&file, "one").unwrap();
        let mut news = News::of(file.clone());
        for _ in 0..FRESH_LOOKS {
            assert!(news.may_be(), "another change of the same moment would show in nothing else");
        }
        assert!(!news.may_be());
        // The same length, and by its own word not changed since.
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, "two").unwrap();
        fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        assert!(news.may_be());
        (0..FRESH_LOOKS).for_each(|_| assert!(news.may_be()));
        assert!(!news.may_be());
        fs::remove_file(&file).unwrap();
        assert!(news.may_be(), "one that is gone has changed");
    }
}
