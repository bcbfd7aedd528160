//! Screens kept as text files beside the script, one for each size and language.

use std::path::{Path, PathBuf};

use crate::app::model::Size;
use crate::words::Lang;

/// Keeps a screen.
///
/// # Errors
/// What is wrong, in words.
pub fn keep(file: &Path, seen: &str) -> Result<(), String> {
    std::fs::write(file, seen).map_err(|error| format!("{}: {error}", file.display()))
}

/// The screen that is kept.
///
/// # Errors
/// What is wrong, in words, and what to do.
pub fn kept(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file)
        .map_err(|error| format!("{}: {error}; --update keeps the screen there", file.display()))
}

/// That a screen is not the one that is kept.
pub fn differs(file: &Path, kept: &str) -> String {
    format!("the screen is not as in {}, which has:\n{kept}", file.display())
}

/// Where the screen of this name is kept.
pub fn file(script: &Path, name: &str, size: Size, lang: Lang) -> PathBuf {
    let stem = script.file_stem().unwrap_or_default().to_string_lossy();
    let lang = lang.code();
    script.with_file_name(format!("{stem}-{name}-{}x{}-{lang}.txt", size.columns, size.rows))
}
