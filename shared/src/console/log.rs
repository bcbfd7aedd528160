//! Where log lines go: to standard error, unless that is a screen somebody draws on.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From this length on, in bytes, a log is begun anew: nobody reads more, and nobody cleans it up.
const MOST_BYTES: u64 = 1 << 20;

static PLACE: Mutex<Place> = Mutex::new(Place { screen_taken: false, path: None, file: None });

struct Place {
    screen_taken: bool,
    /// Where lines go while the screen is taken.
    path: Option<PathBuf>,
    /// That file, once there was a line for it.
    file: Option<File>,
}

/// Names the file that lines go to while the screen is taken. Without one they are dropped then.
pub fn log_beside_screen(path: PathBuf) {
    let mut place = place();
    (place.path, place.file) = (Some(path), None);
}

/// Says whether somebody draws on the screen, so that a log line would spoil it.
pub fn keep_log_off_screen(taken: bool) {
    place().screen_taken = taken && io::stderr().is_terminal();
}

/// Writes a line of its own into the file beside the screen, wherever other lines go.
pub fn write_beside_screen(line: &str) {
    // There is nobody to tell of a log that cannot be written.
    let _ = place().write_beside(super::line::line(line).as_bytes());
}

/// Writes one log line to where lines go at the moment.
pub struct LogLine;

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut place = place();
        if !place.screen_taken {
            return io::stderr().write(bytes);
        }
        let _ = place.write_beside(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place {
    fn write_beside(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            let Some(path) = &self.path else { return Ok(()) };
            let long = std::fs::metadata(path).is_ok_and(|file| file.len() > MOST_BYTES);
            let mut how = OpenOptions::new();
            let how = if long { how.write(true).truncate(true) } else { how.append(true) };
            self.file = Some(how.create(true).open(path)?);
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
    }
}

fn place() -> MutexGuard<'static, Place> {
    PLACE.lock().unwrap_or_else(PoisonError::into_inner)
}
