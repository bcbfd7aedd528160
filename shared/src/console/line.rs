//! What a log line looks like: text for people, or one JSON object for programs.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::time::Timestamp;

/// Whether lines are JSON from here on. One for the whole process, as its standard error is.
static AS_JSON: AtomicBool = AtomicBool::new(false);
/// Whether the command line said so, which goes before any file.
static IS_GIVEN: AtomicBool = AtomicBool::new(false);

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Time, level, what happened, and fields such as `order=`.
    #[default]
    Text,
    /// One object a line, with `at`, `level`, `program`, `target`, `message` and the same fields.
    Json,
}

impl LogFormat {
    /// What a configuration says of it under `log`.
    pub const EXPECTED: &str = "\"text\" or \"json\"";

    /// Writes every line from here on so, as the command line wants it.
    pub fn give(self) {
        IS_GIVEN.store(true, Ordering::Relaxed);
        AS_JSON.store(self == LogFormat::Json, Ordering::Relaxed);
    }

    /// Writes every line from here on so, as a configuration wants it, unless the command line said how.
    pub fn apply(self) {
        if !IS_GIVEN.load(Ordering::Relaxed) {
            AS_JSON.store(self == LogFormat::Json, Ordering::Relaxed);
        }
    }

    pub(super) fn current() -> Self {
        if AS_JSON.load(Ordering::Relaxed) { LogFormat::Json } else { LogFormat::Text }
    }
}

/// A text that names no format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFormat;

impl FromStr for LogFormat {
    type Err = BadFormat;

    fn from_str(text: &str) -> Result<Self, BadFormat> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(BadFormat),
        }
    }
}

impl fmt::Display for BadFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected text or json")
    }
}

impl std::error::Error for BadFormat {}

/// Writes events as lines of the format that is current then.
pub(super) struct Lines {
    text: Format<Full>,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { text: Format::default().with_target(false).with_ansi(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match LogFormat::current() {
            LogFormat::Text => self.text.format_event(context, writer, event),
            LogFormat::Json => {
                let metadata = event.metadata();
                let mut line = Line::new(metadata.level().as_str());
                line.0.insert("target".to_owned(), metadata.target().into());
                event.record(&mut line);
                writeln!(writer, "{}", Value::Object(line.0))
            }
        }
    }
}

/// A text of our own as a line of the format that is current.
pub(super) fn line(text: &str) -> String {
    match LogFormat::current() {
        LogFormat::Text => format!("{text}\n"),
        LogFormat::Json => {
            let mut line = Line::new("ERROR");
            line.0.insert("message".to_owned(), text.into());
            format!("{}\n", Value::Object(line.0))
        }
    }
}

/// The keys of a JSON line, while they are gathered.
struct Line(Map<String, Value>);

impl Line {
    fn new(level: &str) -> Self {
        static PROGRAM: OnceLock<String> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| {
            let called = std::env::args_os().next().map(std::path::PathBuf::from);
            let name = called.as_deref().and_then(std::path::Path::file_name);
            name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        });
        let mut keys = Map::new();
        keys.insert("at".to_owned(), instant(Timestamp::from_system_clock()).into());
        keys.insert("level".to_owned(), level.to_ascii_lowercase().into());
        keys.insert("program".to_owned(), program.as_str().into());
        Self(keys)
    }

    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

/// RFC 3339 with microseconds, in UTC.
fn instant(at: Timestamp) -> String {
    format!("{}.{:06}Z", at.to_string().replace(' ', "T"), at.0 % 1_000_000)
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}
