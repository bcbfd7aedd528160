//! The memory of a live process, as a thief with root would read it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crate::search::scanner::{Hits, Scanner};

/// Bytes of a page, and of its entry in `/proc/PID/pagemap` (kernel documentation, admin-guide/mm/pagemap).
const PAGE_BYTES: u64 = 4_096;
const ENTRY_BYTES: u64 = 8;
/// Bits of an entry: the page is in memory, or in the swap.
const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;
/// Entries that are read at once.
const ENTRIES: usize = 4_096;
/// What is never memory of the program itself.
const NOT_MEMORY: [&str; 2] = ["[vvar", "[vsyscall]"];

/// What was found in the memory of a process, and how many bytes there were.
pub struct Memory {
    pub bytes: u64,
    pub hits: Hits,
}

/// Searches all pages that a process has written or read.
///
/// # Errors
/// When the kernel shows nobody this memory, as in a user namespace that did not start the process.
pub fn search(scanner: &Scanner, pid: u32) -> io::Result<Memory> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let pages = File::open(format!("/proc/{pid}/pagemap"))?;
    let mut ranges = Vec::new();
    for line in maps.lines().filter(|line| !NOT_MEMORY.iter().any(|name| line.contains(name))) {
        if let Some((from, to)) = range(line) {
            present(&pages, from, to, &mut ranges)?;
        }
    }
    let (bytes, hits) = scanner.read(Pages { memory, ranges, at: 0 })?;
    Ok(Memory { bytes, hits })
}

/// Two addresses in hexadecimal at the start of a line, of memory that may be read.
fn range(line: &str) -> Option<(u64, u64)> {
    let (span, rest) = line.split_once(' ')?;
    let (from, to) = span.split_once('-')?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    Some((hex(from)?, hex(to)?)).filter(|_| rest.starts_with('r'))
}

/// The parts of a range that are there. A daemon maps hundreds of megabytes that it never touches.
fn present(pages: &File, from: u64, to: u64, ranges: &mut Vec<(u64, u64)>) -> io::Result<()> {
    let (mut page, last) = (from / PAGE_BYTES, to / PAGE_BYTES);
    let mut entries = vec![0; ENTRIES * ENTRY_BYTES as usize];
    while page < last {
        let wanted = usize::try_from(last - page).unwrap_or(ENTRIES).min(ENTRIES) * ENTRY_BYTES as usize;
        let read = pages.read_at(&mut entries[..wanted], page * ENTRY_BYTES)?;
        if read < ENTRY_BYTES as usize {
            return Ok(());
        }
        for entry in entries[..read].chunks_exact(ENTRY_BYTES as usize) {
            let entry = entry.try_into().map_or(0, u64::from_ne_bytes);
            let (begins, ends) = (page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
            if entry & PRESENT_OR_SWAPPED != 0 {
                match ranges.last_mut() {
                    Some((_, end)) if *end == begins => *end = ends,
                    _ => ranges.push((begins, ends)),
                }
            }
            page += 1;
        }
    }
    Ok(())
}

/// These ranges one after the other.
struct Pages {
    memory: File,
    ranges: Vec<(u64, u64)>,
    /// The first range that is not read to its end.
    at: usize,
}

impl Read for Pages {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while let Some((from, to)) = self.ranges.get_mut(self.at) {
            let wanted = usize::try_from(*to - *from).unwrap_or(usize::MAX).min(room.len());
            if wanted == 0 && !room.is_empty() {
                self.at += 1;
                continue;
            }
            match self.memory.read_at(&mut room[..wanted], *from) {
                // A page that the program gave back meanwhile is gone, and what was on it too.
                Ok(0) | Err(_) => *from = (*from + PAGE_BYTES).min(*to),
                Ok(read) => {
                    *from += read as u64;
                    return Ok(read);
                }
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::encodings::OF_NUMBERS;
    use crate::search::scanner::Needles;

    #[test]
    fn what_is_in_our_own_memory_is_found() {
        let number = "9999994455667788";
        let mut needles = Needles::default();
        needles.plant(number, &OF_NUMBERS);
        let scanner = needles.scanner();
        let memory = search(&scanner, std::process::id()).unwrap();
        assert!(memory.bytes > 1 << 20, "{}", memory.bytes);
        assert!(scanner.numbers(&memory.hits).contains(number));
        assert!(search(&scanner, u32::MAX).is_err());
    }
}
