//! `kessai config`: looking at the configuration, and finding what is wrong with it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kessai_shared::console::{Failure, OK};
use serde_json::{Map, Value, json};

use super::{Config, Flags, Origin, check, default_file, manual};
use crate::app::keymap::{KeyAction, KeymapOf};
use crate::app::settings::Colour;
use crate::words::Words;

#[derive(Subcommand)]
pub enum ConfigAct {
    /// Check a configuration file. Exit code 2 when something in it is wrong.
    Check {
        /// The file [default: the one that is read at the start].
        file: Option<PathBuf>,
    },
    /// Show what is in force, and where each value came from.
    Show(Show),
    /// Show where the configuration file is, whether there is one or not.
    Path,
    /// Write a configuration file in which everything can be read and changed.
    Init {
        /// Print it instead.
        #[arg(long)]
        print: bool,
    },
    /// List what keys can be bound to, and their keys.
    Keys(Show),
}

#[derive(Args)]
pub struct Show {
    #[command(flatten)]
    flags: Flags,
    #[arg(long)]
    json: bool,
}

impl ConfigAct {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with a line for each mistake, and where files cannot be read or written.
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            ConfigAct::Check { file } => return checked(file),
            ConfigAct::Show(show) => print(&shown(&show.flags.load()?, show.json))?,
            ConfigAct::Path => print(&format!("{}\n", usual()?.display()))?,
            ConfigAct::Init { print: true } => print(&manual::file())?,
            ConfigAct::Init { print: false } => return init(&usual()?),
            ConfigAct::Keys(show) => print(&keys(&show.flags.load()?, show.json))?,
        }
        Ok(OK)
    }
}

/// Writes the manual page of the file into a folder.
///
/// # Errors
/// [`Failure`] when it cannot be written.
pub fn write_page(dir: &Path) -> Result<(), Failure> {
    let file = dir.join("kessai-config.5");
    std::fs::write(&file, manual::page())
        .map_err(|error| Failure::failed(format!("{}: cannot be written: {error}", file.display())))
}

fn checked(named: Option<PathBuf>) -> Result<u8, Failure> {
    let (file, must_be) = match named {
        Some(file) => (file, true),
        None => (usual()?, false),
    };
    if !must_be && !file.exists() {
        print(&format!("{}: there is none; everything is as it is without one\n", file.display()))?;
        return Ok(OK);
    }
    check(&file).map_err(Failure::usage)?;
    print(&format!("{}: nothing is wrong with it\n", file.display()))?;
    Ok(OK)
}

fn usual() -> Result<PathBuf, Failure> {
    default_file().ok_or_else(|| Failure::usage("there is no home folder; name a file with --config FILE"))
}

fn init(file: &Path) -> Result<u8, Failure> {
    let unwritten = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::failed(format!("{}: is there already; remove it first", file.display()))
        }
        _other => Failure::failed(format!("{}: cannot be written: {error}", file.display())),
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(unwritten)?;
    }
    let mut new = OpenOptions::new().write(true).create_new(true).open(file).map_err(unwritten)?;
    new.write_all(manual::file().as_bytes()).map_err(unwritten)?;
    print(&format!("{}: written\n", file.display()))?;
    Ok(OK)
}

/// What is in force: as a configuration file would say it, with the origins as comments.
fn shown(config: &Config, json: bool) -> String {
    let values = values(config);
    if json {
        let all: Map<String, Value> = values
            .into_iter()
            .map(|(key, value)| {
                let from = origin(config.origin(key));
                (key.to_owned(), json!({ "value": value, "from": from }))
            })
            .collect();
        return format!("{}\n", Value::Object(all));
    }
    let line = |(key, value): (&'static str, Value)| match value {
        Value::Null => format!("# {key} is not set\n"),
        value => {
            let set = format!("{key} = {value}");
            format!("{set:<34} # {}\n", origin(config.origin(key)))
        }
    };
    let mut text: String = values.into_iter().map(line).collect();
    let settings = &config.settings;
    for (table, changed) in
        [("keys", rebound(&settings.keys)), ("dashboard_keys", rebound(&settings.dashboard_keys))]
    {
        if !changed.is_empty() {
            text.push_str(&format!("\n[{table}]\n"));
            changed.iter().for_each(|(name, keys)| text.push_str(&format!("{name} = {keys}\n")));
        }
    }
    text
}

fn values(config: &Config) -> Vec<(&'static str, Value)> {
    let settings = &config.settings;
    let colour = match settings.colour {
        Colour::Some => "auto",
        Colour::None => "never",
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).into();
    vec![
        ("language", settings.lang.code().into()),
        ("theme", settings.theme.name().into()),
        ("colour", colour.into()),
        ("ascii", settings.ascii.into()),
        ("reduced_motion", settings.still.into()),
        ("mouse", settings.mouse.into()),
        ("pictures", settings.pictures.name().into()),
        ("plain", config.plain.into()),
        ("shop", path(&config.shop)),
        ("cards", path(&config.cards)),
    ]
}

/// The actions that have other keys than their own.
fn rebound<A: KeyAction>(keymap: &KeymapOf<A>) -> Vec<(&'static str, Value)> {
    let (own, now) = (manual::actions(&KeymapOf::<A>::default()), manual::actions(keymap));
    let pairs = own.into_iter().zip(now).filter(|(own, now)| own.keys != now.keys);
    pairs.map(|(_, now)| (now.name, now.keys.into())).collect()
}

fn origin(origin: Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File => "configuration file".to_owned(),
        Origin::Environment(name) => name.to_owned(),
        Origin::Flag => "command line".to_owned(),
    }
}

fn keys(config: &Config, json: bool) -> String {
    let words = Words::of(config.settings.lang);
    let told = |ids: &[&str]| ids.iter().map(|id| words.tell(id, &[])).collect::<Vec<_>>().join("; ");
    let settings = &config.settings;
    let tables = [
        ("keys", manual::actions(&settings.keys)),
        ("dashboard_keys", manual::actions(&settings.dashboard_keys)),
    ];
    if json {
        let all = tables.iter().flat_map(|(table, actions)| actions.iter().map(move |bound| (table, bound)));
        let list = all.map(|(table, bound)| {
            let (does, places) = (told(&bound.help), &bound.contexts);
            json!({ "table": table, "action": bound.name, "keys": bound.keys, "where": places, "does": does })
        });
        return format!("{}\n", list.collect::<Value>());
    }
    let line = |bound: &manual::Bound| {
        let (keys, places) = (bound.keys.join(" "), bound.contexts.join(", "));
        format!("{:<13} {keys:<22} {}\n{:<13} in: {places}\n", bound.name, told(&bound.help), "")
    };
    let part = |(table, actions): &(&str, Vec<manual::Bound>)| {
        format!("[{table}]\n{}", actions.iter().map(line).collect::<String>())
    };
    tables.iter().map(part).collect::<Vec<_>>().join("\n")
}

// A reader that has seen enough, as `head` has, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
