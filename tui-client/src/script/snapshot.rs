//! Screens kept as text files beside the script, one for each size and language.

use std::path::{Path, PathBuf};

use crate::app::Model;

/// Compares a screen with the one that is kept, or keeps it.
///
/// # Errors
/// What is wrong, in words.
pub fn check(script: &Path, name: &str, model: &Model, seen: &str, update: bool) -> Result<(), String> {
    let file = file(script, name, model);
    if update {
        return std::fs::write(&file, seen).map_err(|error| format!("{}: {error}", file.display()));
    }
    match std::fs::read_to_string(&file) {
        Ok(kept) if kept == seen => Ok(()),
        Ok(kept) => Err(format!("the screen is not as in {}, which has:\n{kept}", file.display())),
        Err(error) => Err(format!("{}: {error}; --update keeps the screen there", file.display())),
    }
}

fn file(script: &Path, name: &str, model: &Model) -> PathBuf {
    let stem = script.file_stem().unwrap_or_default().to_string_lossy();
    let (size, lang) = (model.size, model.settings.lang.code());
    script.with_file_name(format!("{stem}-{name}-{}x{}-{lang}.txt", size.columns, size.rows))
}
