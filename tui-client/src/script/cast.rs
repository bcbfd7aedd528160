//! A recording as asciicast v2 (<https://docs.asciinema.org/manual/asciicast/v2/>): one JSON value a line,
//! first about the whole, then for each piece of output when it came and what it was.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kessai_shared::console::Failure;
use serde_json::json;

use crate::app::model::Size;
use crate::terminal::hold;

pub struct Cast {
    path: PathBuf,
    text: String,
    /// How far the recording is. At a shop it is not the time at which anything really happened, so that the
    /// same script gives the same recording.
    at: Duration,
}

impl Cast {
    /// Begins a recording with what a terminal is sent when a session begins.
    pub fn begin(path: &Path, size: Size) -> Result<Self, Failure> {
        let head = json!({
            "version": 2,
            "width": size.columns,
            "height": size.rows,
            "env": { "TERM": "xterm-256color" },
        });
        let mut cast = Self { path: path.to_owned(), text: format!("{head}\n"), at: Duration::ZERO };
        cast.output(&hold::opening(false)?);
        Ok(cast)
    }

    pub fn output(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.event("o", &String::from_utf8_lossy(bytes));
        }
    }

    pub fn resize(&mut self, size: Size) {
        self.event("r", &format!("{}x{}", size.columns, size.rows));
    }

    pub fn advance(&mut self, by: Duration) {
        self.at += by;
    }

    /// It never goes back.
    pub fn advance_to(&mut self, at: Duration) {
        self.at = self.at.max(at);
    }

    /// Ends it with what a terminal is sent when a session ends, and writes the file.
    pub fn end(mut self) -> Result<(), Failure> {
        self.output(&hold::closing()?);
        std::fs::write(&self.path, &self.text)
            .map_err(|error| Failure::failed(format!("{}: {error}", self.path.display())))
    }

    fn event(&mut self, kind: &str, what: &str) {
        let (seconds, rest) = (self.at.as_secs(), self.at.subsec_millis());
        self.text.push_str(&format!("[{seconds}.{rest:03}, \"{kind}\", {}]\n", json!(what)));
    }
}
