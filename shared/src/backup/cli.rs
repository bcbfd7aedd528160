//! The commands about backups. Both daemons have them alike.

mod bundle;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    Backup as Found, BackupError, BackupKey, Made, Manifest, Point, Restored, Subject, Until, Wanted,
    backups, make, restore, verify,
};
use crate::columns::Columns;
use crate::console::{self, Failure, OK};
use crate::folder::DataFolder;
use crate::sealed_file::Passphrase;
use crate::time::{Day, Timestamp};

pub use bundle::{Bundle, Unbundle};

/// Fewest characters of a new key's passphrase: what is shorter is soon guessed by whoever has the file.
const MIN_PASSPHRASE_CHARACTERS: usize = 8;
/// How much lower than that of others the priority is at which a backup is made.
const NICENESS: i32 = 19;
const DAY_SECONDS: u64 = 24 * 3_600;

/// Make a backup, while the daemon runs or not.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Backup {
    #[command(subcommand)]
    act: Option<Act>,
    /// The folder of backups.
    #[arg(long, value_name = "DIR", required = true)]
    to: Option<PathBuf>,
    #[command(flatten)]
    key: Option<Key>,
    /// Begin a new chain, even where this could go on from the last backup.
    #[arg(long)]
    full: bool,
    /// The data folder [default: the daemon's own in the user's data folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand, Clone, Debug)]
enum Act {
    /// Make the key that backups are sealed with. Keep it apart from them, and a copy of it elsewhere:
    /// without it no backup can ever be read.
    Key {
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A file with a passphrase that the key then opens with; a daemon's own backups need a key
        /// without one.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// List the backups in a folder.
    List {
        #[command(flatten)]
        from: From,
        #[arg(long)]
        json: bool,
    },
    /// Restore a backup into a scratch folder, check everything there, and compare what the books come to.
    Verify {
        #[command(flatten)]
        from: From,
        /// The number of the backup [default: the newest].
        #[arg(long = "backup", value_name = "NUMBER")]
        nth: Option<u64>,
        /// Where it is restored for a while [default: the system's folder for temporary files].
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
}

/// Make a data folder of a backup. It is there only when all of it was checked.
#[derive(Args, Clone, Debug)]
pub struct Restore {
    #[command(flatten)]
    from: From,
    /// The new data folder, which is not there yet or empty.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only up to the last group of the journal at or before this record, such as 1200, or this time, such
    /// as "2026-11-23 09:30:00" (UTC).
    #[arg(long, value_name = "WHEN", value_parser = until, conflicts_with = "nth")]
    until: Option<Until>,
    /// The whole of the backup with this number [default: the newest].
    #[arg(long = "backup", value_name = "NUMBER")]
    nth: Option<u64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Debug)]
struct From {
    /// The folder of backups.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    #[command(flatten)]
    key: Key,
}

#[derive(Args, Clone, Debug)]
struct Key {
    /// The file with the backup key.
    #[arg(long, value_name = "FILE", required = true)]
    key: PathBuf,
    /// The file with the passphrase of the key, if it has one.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Backup {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with what is wrong.
    pub fn run(self, subject: &Subject) -> Result<u8, Failure> {
        match self.act {
            None => {
                let (Some(to), Some(key)) = (self.to, self.key) else {
                    return Err(Failure::usage("name the folder with --to DIR and the key with --key FILE"));
                };
                let data = console::data_folder(self.data.as_deref(), subject.daemon.program)?;
                back_up(subject, &data, (&to, &key.read()?), (self.full, self.json))
            }
            Some(Act::Key { out, passphrase_file }) => make_key(&out, passphrase_file.as_deref()),
            Some(Act::List { from, json }) => list(&from, json),
            Some(Act::Verify { from, nth, scratch, json }) => {
                let scratch = scratch.unwrap_or_else(std::env::temp_dir);
                let until = nth.map_or(Until::End, Until::Backup);
                let verified = verify(subject, &from.from, &scratch, &from.key.read()?, until)?;
                print_verified(&verified.restored, json);
                Ok(OK)
            }
        }
    }
}

impl Restore {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with what is wrong; there is no data folder then.
    pub fn run(self, subject: &Subject) -> Result<u8, Failure> {
        let until = self.until.or(self.nth.map(Until::Backup)).unwrap_or(Until::End);
        let restored = restore(subject, &self.from.from, &self.data, &self.from.key.read()?, until)?;
        let data = self.data.display();
        if self.json {
            let mut report = restored_json(&restored);
            report["data"] = json!(data.to_string());
            report["kept_apart"] = json!(subject.kept_apart);
            println!("{report}");
            return Ok(OK);
        }
        let Restored { nth, backups, ends, .. } = &restored;
        println!(
            "restored {data} from backup {nth}, the last of {backups}: {}",
            place(ends.position, ends.time)
        );
        println!("sound, head {}", ends.hash);
        println!("Private keys are in no backup. Before the start, put back:");
        subject.kept_apart.iter().for_each(|name| println!("  {data}/{name}"));
        println!("It is node {}, another than the one that was backed up.", restored.node);
        Ok(OK)
    }
}

impl Key {
    fn read(&self) -> Result<BackupKey, Failure> {
        let passphrase = self.passphrase_file.as_deref().map(Passphrase::from_file).transpose()?;
        if passphrase.is_none() && BackupKey::wants_passphrase(&self.key) {
            let key = self.key.display();
            return Err(Failure::usage(format!("{key}: has a passphrase; name it with --passphrase-file")));
        }
        Ok(BackupKey::read(&self.key, passphrase.as_ref())?)
    }
}

fn back_up(
    subject: &Subject,
    data: &Path,
    (to, key): (&Path, &BackupKey),
    (full, json): (bool, bool),
) -> Result<u8, Failure> {
    // Whoever buys meanwhile goes first. Without the right to it, it is done at the priority of all others.
    let _ = rustix::process::nice(NICENESS);
    let live = DataFolder::is_live(data, subject.daemon.folder)?;
    // Nobody starts the daemon meanwhile.
    let held = if live { None } else { Some(DataFolder::open(data, subject.daemon.folder)?) };
    let mut point = || -> Result<Point, BackupError> {
        if held.is_none() {
            return (subject.ask)(data).map_err(BackupError::Refused);
        }
        let checked = (subject.verify)(data).map_err(BackupError::Refused)?;
        match checked.problems.first() {
            None => Ok(checked.point),
            Some(problem) => Err(BackupError::Refused(format!("the books are not sound: {problem}"))),
        }
    };
    let wanted = Wanted { data, to, full, now: Timestamp::from_system_clock(), stop: None };
    let Made { backup, notes } = make(subject, &wanted, key, &mut point)?;
    let manifest = &backup.manifest;
    if json {
        let mut report = row_json(manifest);
        report["folder"] = json!(backup.folder.display().to_string());
        report["running"] = json!(live);
        report["notes"] = json!(notes);
        println!("{report}");
        return Ok(OK);
    }
    let folder = backup.folder.display();
    println!("{folder}: {} {}", sort(manifest), place(manifest.ends.position, manifest.ends.time));
    println!(
        "{} records, {} rows, {} files, {} bytes",
        manifest.records,
        manifest.rows,
        manifest.contents.len(),
        manifest.bytes()
    );
    notes.iter().for_each(|note| println!("note: {note}"));
    println!("Private keys are not in it. Keep apart: {}.", subject.kept_apart.join(", "));
    Ok(OK)
}

fn make_key(out: &Path, passphrase_file: Option<&Path>) -> Result<u8, Failure> {
    let passphrase = passphrase_file.map(Passphrase::from_file).transpose()?;
    if passphrase.as_ref().is_some_and(|text| text.characters() < MIN_PASSPHRASE_CHARACTERS) {
        let line = format!("a new passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters");
        return Err(Failure::failed(line));
    }
    BackupKey::generate()?.write(out, passphrase.as_ref())?;
    println!("wrote {}", out.display());
    println!("Keep a copy of it elsewhere: without it no backup can ever be read.");
    Ok(OK)
}

fn list(from: &From, json: bool) -> Result<u8, Failure> {
    let found = backups(&from.from, &from.key.read()?)?;
    if json {
        let rows: Vec<Value> = found.iter().map(|backup| row_json(&backup.manifest)).collect();
        println!("{}", json!({ "backups": rows }));
        return Ok(OK);
    }
    let mut table = Columns::new(&[">backup", "sort", "made", ">from record", ">to record", "of", ">bytes"]);
    for Found { manifest, .. } in &found {
        table.row([
            manifest.nth.to_string(),
            sort(manifest),
            manifest.made_at.to_string(),
            manifest.first.map_or(manifest.begins.position, |_| manifest.begins.position + 1).to_string(),
            manifest.ends.position.to_string(),
            manifest.ends.time.to_string(),
            manifest.bytes().to_string(),
        ]);
    }
    print!("{table}");
    Ok(OK)
}

fn print_verified(restored: &Restored, json: bool) {
    if json {
        println!("{}", restored_json(restored));
        return;
    }
    let Restored { nth, backups, ends, checked, .. } = restored;
    println!("backup {nth}, the last of {backups}: {}", place(ends.position, ends.time));
    for (name, total) in &checked.point.totals {
        println!("{name:<20} {total}");
    }
    println!("sound, and all totals are those of when it was made");
}

fn restored_json(restored: &Restored) -> Value {
    let Restored { nth, backups, ends, checked, whole, manifest, node } = restored;
    json!({
        "backup": nth,
        "backups": backups,
        "position": ends.position,
        "time": ends.time.to_string(),
        "head": ends.hash.to_string(),
        "whole": whole,
        "node": node.to_string(),
        "made_at": manifest.made_at.to_string(),
        "totals": checked.point.totals,
        "problems": checked.problems,
    })
}

fn row_json(manifest: &Manifest) -> Value {
    json!({
        "backup": manifest.nth,
        "full": manifest.is_full(),
        "parent": manifest.parent.map(|parent| parent.nth),
        "made_at": manifest.made_at.to_string(),
        "program": manifest.program,
        "pin": manifest.pin.to_string(),
        "after": manifest.begins.position,
        "position": manifest.ends.position,
        "time": manifest.ends.time.to_string(),
        "head": manifest.ends.hash.to_string(),
        "records": manifest.records,
        "groups": manifest.groups,
        "rows": manifest.rows,
        "files": manifest.contents.len(),
        "bytes": manifest.bytes(),
        "totals": manifest.totals,
    })
}

fn sort(manifest: &Manifest) -> String {
    manifest.parent.map_or_else(|| "full".to_owned(), |parent| format!("behind {}", parent.nth))
}

fn place(position: u64, time: Timestamp) -> String {
    if position == 0 { "an empty journal".to_owned() } else { format!("up to record {position} of {time}") }
}

/// A record's position, or an instant as log lines have it.
fn until(text: &str) -> Result<Until, String> {
    if let Ok(position) = text.parse() {
        return Ok(Until::Position(position));
    }
    instant(text)
        .map(Until::Time)
        .ok_or_else(|| "expected a record such as 1200, or a time such as 2026-11-23 09:30:00".to_owned())
}

fn instant(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (day, clock) = text.split_once([' ', 'T'])?;
    let mut parts = clock.split(':');
    let mut next = |end: u64| {
        let part = parts.next().filter(|part| part.len() == 2)?;
        part.parse::<u64>().ok().filter(|value| *value < end)
    };
    let seconds = next(24)? * 3_600 + next(60)? * 60 + next(60)?;
    let begins = day.parse::<Day>().ok()?.begins();
    // Of the whole second that is named, nothing is left out.
    let within = parts.next().is_none() && seconds < DAY_SECONDS;
    within.then(|| begins.plus_seconds(seconds + 1).0.checked_sub(1).map(Timestamp))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_record_or_an_instant_as_log_lines_have_it() {
        assert_eq!(until("1200"), Ok(Until::Position(1_200)));
        let second = Timestamp(1_291_192_000_999_999);
        for text in ["2010-12-01 08:26:40", "2010-12-01T08:26:40", "2010-12-01T08:26:40Z"] {
            assert_eq!(until(text), Ok(Until::Time(second)), "{text}");
        }
        for bad in
            ["", "-1", "2010-12-01", "2010-12-01 8:26:40", "2010-12-01 24:00:00", "2010-12-01 08:26:40:1"]
        {
            assert!(until(bad).is_err(), "{bad}");
        }
    }
}
