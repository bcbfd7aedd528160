//! Searches files for everything that was planted, in all its encodings at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::encodings::Encoding;

/// How much of a file is in memory at once, in bytes; files of dumps are far larger.
const CHUNK_BYTES: usize = 4 << 20;
/// Bytes around a hit that are shown.
const CONTEXT_BYTES: usize = 48;
/// Hits of one file that are told one by one.
const MAX_TOLD: usize = 12;

/// Everything that is searched for.
#[derive(Default)]
pub struct Needles {
    patterns: Vec<Vec<u8>>,
    /// What each pattern is: what was planted, and its encoding.
    names: Vec<(String, &'static str)>,
}

pub struct Scanner {
    needles: Needles,
    automaton: AhoCorasick,
    longest: usize,
}

/// What was found in one file: the number of each pattern, and where it was first.
pub type Hits = BTreeMap<usize, Hit>;

pub struct Hit {
    pub offset: u64,
    context: Vec<u8>,
}

/// What was found below a folder.
#[derive(Default)]
pub struct Place {
    pub files: u64,
    pub bytes: u64,
    /// Only files in which there is something.
    pub hits: BTreeMap<PathBuf, Hits>,
}

impl Needles {
    pub fn plant(&mut self, what: &str, encodings: &[Encoding]) {
        let first = self.patterns.len();
        for encoding in encodings {
            let pattern = (encoding.of)(what);
            // A date is the same in upper case.
            if !self.patterns[first..].contains(&pattern) {
                self.patterns.push(pattern);
                self.names.push((what.to_owned(), encoding.name));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// A file that has every pattern in it, with something between them.
    pub fn control(&self) -> Vec<u8> {
        self.patterns.iter().flat_map(|pattern| [pattern, &b"\n|"[..]].concat()).collect()
    }

    pub fn scanner(self) -> Scanner {
        // The patterns are too many for a DFA, and the quickest of the others is made in a second.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&self.patterns)
            .expect("the patterns fit an automaton");
        let longest = self.patterns.iter().map(Vec::len).max().expect("there are patterns");
        Scanner { needles: self, automaton, longest }
    }
}

impl Scanner {
    /// Searches all files below a folder, or one file.
    pub fn place(&self, path: &Path) -> io::Result<Place> {
        let mut place = Place::default();
        let mut left = vec![path.to_owned()];
        while let Some(path) = left.pop() {
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    left.push(entry?.path());
                }
                continue;
            }
            // A socket holds nothing.
            if !fs::symlink_metadata(&path)?.is_file() {
                continue;
            }
            let (bytes, hits) = self.read(File::open(&path)?)?;
            place.files += 1;
            place.bytes += bytes;
            if !hits.is_empty() {
                place.hits.insert(path, hits);
            }
        }
        Ok(place)
    }

    /// Searches everything that can be read here; how many bytes that was, and what is in them.
    ///
    /// # Errors
    /// Those of the reading.
    pub fn read(&self, from: impl Read) -> io::Result<(u64, Hits)> {
        self.read_in_parts(from, CHUNK_BYTES)
    }

    /// What was planted that these hits are of, each once.
    pub fn numbers<'a>(&'a self, hits: &Hits) -> BTreeSet<&'a str> {
        hits.keys().map(|at| self.needles.names[*at].0.as_str()).collect()
    }

    /// The encodings that these hits are in, each once.
    pub fn encodings(&self, hits: &Hits) -> BTreeSet<&'static str> {
        hits.keys().map(|at| self.needles.names[*at].1).collect()
    }

    /// Searches in parts of so many bytes. The end of each is searched again with the next, so that
    /// nothing is lost between two.
    fn read_in_parts(&self, mut from: impl Read, chunk: usize) -> io::Result<(u64, Hits)> {
        let (mut hits, mut window, mut before) =
            (Hits::new(), Vec::with_capacity(chunk + self.longest), 0_u64);
        loop {
            let kept = window.len();
            let read = from.by_ref().take(chunk as u64).read_to_end(&mut window)?;
            if read == 0 {
                return Ok((before + kept as u64, hits));
            }
            // Most of a dump is memory that was never touched, and no pattern is only zeros.
            if window.iter().any(|byte| *byte != 0) {
                for found in self.automaton.find_overlapping_iter(&window) {
                    let context = found.start().saturating_sub(CONTEXT_BYTES)
                        ..window.len().min(found.end() + CONTEXT_BYTES);
                    hits.entry(found.pattern().as_usize()).or_insert_with(|| Hit {
                        offset: before + found.start() as u64,
                        context: window[context].to_vec(),
                    });
                }
            }
            let done = window.len().saturating_sub(self.longest - 1);
            window.drain(..done);
            before += done as u64;
        }
    }

    /// What is not among these hits although it was planted.
    pub fn missing(&self, hits: &Hits, is_meant: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let names = self.needles.names.iter().enumerate();
        let missing =
            names.filter(|(at, (what, encoding))| is_meant(what, encoding) && !hits.contains_key(at));
        missing.map(|(_, (what, encoding))| format!("{what} {encoding}")).collect()
    }

    /// Takes what was planted on purpose out of some hits.
    pub fn forget(&self, hits: &mut Hits, what: &str) {
        hits.retain(|at, _| self.needles.names[*at].0 != what);
    }

    /// What these hits are, in lines for people.
    pub fn tell(&self, place: &Place) -> String {
        let mut text = String::new();
        for (path, hits) in &place.hits {
            let encodings = self.encodings(hits);
            text += &format!("{}: {} patterns, {encodings:?}\n", path.display(), hits.len());
            for (at, hit) in hits.iter().take(MAX_TOLD) {
                let (what, encoding) = &self.needles.names[*at];
                text += &format!("  {:#x}: {what} {encoding}: {}\n", hit.offset, hit.context.escape_ascii());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::encodings::{OF_NUMBERS, OF_TEXTS};
    use super::*;

    fn scanner() -> Scanner {
        let mut needles = Needles::default();
        needles.plant("9999991234567890", &OF_NUMBERS);
        needles.plant("9999990000000014", &OF_NUMBERS);
        needles.plant("Quvoraxi Zemutilobe", &OF_TEXTS);
        needles.scanner()
    }

    fn found(scanner: &Scanner, bytes: &[u8], chunk: usize) -> Vec<(usize, u64)> {
        let (length, hits) = scanner.read_in_parts(bytes, chunk).expect("bytes");
        assert_eq!(length, bytes.len() as u64);
        hits.iter().map(|(at, hit)| (*at, hit.offset)).collect()
    }

    #[test]
    fn everything_is_found_wherever_it_lies() {
        let scanner = scanner();
        let (chunk, room) = (100, 350);
        for (at, pattern) in scanner.needles.patterns.iter().enumerate() {
            // From the start of the file to its end, over the borders of the parts on the way.
            for place in 0..=room - pattern.len() {
                let mut bytes = vec![b'.'; room];
                bytes[place..place + pattern.len()].copy_from_slice(pattern);
                let found = found(&scanner, &bytes, chunk);
                assert!(found.contains(&(at, place as u64)), "{place}: {:?}", scanner.needles.names[at]);
                // Only a part of a number can be found beside it.
                assert!(
                    found
                        .iter()
                        .all(|(_, offset)| (place..place + pattern.len()).contains(&(*offset as usize)))
                );
            }
        }
    }

    #[test]
    fn a_part_may_be_smaller_than_what_is_searched() {
        let scanner = scanner();
        let control = scanner.needles.control();
        for chunk in [1, 7, 64, 1 << 20] {
            let (_, hits) = scanner.read_in_parts(&control[..], chunk).expect("bytes");
            assert_eq!(scanner.missing(&hits, |_, _| true), Vec::<String>::new(), "{chunk}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let scanner = scanner();
        assert_eq!(found(&scanner, b"", 100), []);
        assert_eq!(found(&scanner, &[0; 1000], 100), []);
        assert_eq!(found(&scanner, b"9999991234567891 999999123456789 9999991234 567890", 10), []);
        let (_, hits) = scanner.read_in_parts(&b"9999991234567890"[..], 100).expect("bytes");
        assert_eq!(
            scanner.missing(&hits, |_, _| true).len(),
            scanner.needles.len() - 2,
            "the number and its end are found"
        );
    }

    #[test]
    fn all_files_of_a_folder_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("a/b")).expect("folders");
        for name in ["1", "a/2", "a/b/3"] {
            fs::write(folder.path().join(name), b"9999990000000014").expect("written");
        }
        fs::write(folder.path().join("empty"), b"").expect("written");
        let place = scanner().place(folder.path()).expect("a place");
        assert_eq!((place.files, place.bytes, place.hits.len()), (4, 48, 3));
    }
}
