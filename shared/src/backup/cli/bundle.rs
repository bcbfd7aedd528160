//! The commands about bundles.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::backup::Subject;
use crate::backup::bundle::{Entry, List, bundle, unbundle};
use crate::console::{self, Failure, OK};
use crate::pin::Pin;
use crate::time::Timestamp;

/// Put this program, the configuration and the public halves of the keys into one file, signed with the
/// daemon's key. No private key is in it.
#[derive(Args, Clone, Debug)]
pub struct Bundle {
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The data folder [default: the daemon's own in the user's data folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Unpack a bundle, once its signature and every file in it are proved.
#[derive(Args, Clone, Debug)]
pub struct Unbundle {
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The new folder, which is not there yet or empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The pin of the daemon that has signed it, as its `keys` prints it.
    #[arg(long, value_name = "PIN")]
    pin: Pin,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Bundle {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with what is wrong.
    pub fn run(self, subject: &Subject) -> Result<u8, Failure> {
        let data = console::data_folder(self.data.as_deref(), subject.daemon.program)?;
        let program = std::env::current_exe()?;
        let list = bundle(subject, (&program, &data), &self.out, Timestamp::from_system_clock())?;
        if self.json {
            println!("{}", list_json(&list));
            return Ok(OK);
        }
        let out = self.out.display();
        println!("{out}: {} files of {} {}", list.files.len(), list.program, list.version);
        println!("signed by {}; no private key is in it", list.pin());
        Ok(OK)
    }
}

impl Unbundle {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with what is wrong; there is no folder then.
    pub fn run(self) -> Result<u8, Failure> {
        let list = unbundle(&self.from, &self.to, self.pin)?;
        if self.json {
            println!("{}", list_json(&list));
            return Ok(OK);
        }
        list.files.iter().for_each(|Entry { name, .. }| println!("{}", self.to.join(name).display()));
        println!("{} {}, signed by {} at {}", list.program, list.version, list.pin(), list.made_at);
        Ok(OK)
    }
}

fn list_json(list: &List) -> Value {
    let file = |entry: &Entry| json!({ "name": entry.name, "bytes": entry.bytes, "runs": entry.runs });
    json!({
        "program": list.program,
        "version": list.version,
        "made_at": list.made_at.to_string(),
        "pin": list.pin().to_string(),
        "files": list.files.iter().map(file).collect::<Vec<_>>(),
    })
}
