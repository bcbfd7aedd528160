//! `kessai-settlement epochs`: the sealing keys, made ahead, signed by the root, destroyed in time.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use kessai_shared::console::{Failure, OK};
use kessai_shared::hex;
use kessai_shared::time::Timestamp;
use serde_json::{Value, json};

use super::Data;
use crate::keys::{Epoch, Keys, ceremony};
use crate::operator::client::must_exist;
use crate::settings::Settings;

#[derive(Subcommand)]
pub enum Epochs {
    /// Show the sealing keys there are.
    List {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
    },
    /// Make a new key that takes over at once; the old one is destroyed after the overlap. The root's key
    /// has to be in the folder of keys.
    Rotate {
        #[command(flatten)]
        data: Data,
    },
    /// Make keys for a root that is kept elsewhere, and write down what it has to sign.
    Request {
        #[command(flatten)]
        data: Data,
        /// How many keys, one after another.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=900))]
        count: u16,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign what a settlement asks for. Needs the root's key and nothing else of the settlement.
    Sign {
        request: PathBuf,
        #[arg(long, value_name = "KEY")]
        root: PathBuf,
        /// What `request` printed, told to you another way than the file came.
        #[arg(long, value_name = "DIGEST")]
        expect: String,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take in what the root has signed. A settlement that runs has it within seconds.
    Install {
        signed: PathBuf,
        #[command(flatten)]
        data: Data,
    },
}

impl Epochs {
    pub fn run(self) -> Result<u8, Failure> {
        match self {
            Epochs::List { data, json } => list(&data.path()?, json),
            Epochs::Rotate { data } => {
                let epoch = keys(&data.path()?)?.rotate(Timestamp::from_system_clock());
                println!("{}", line(&epoch.map_err(Failure::failed)?));
                Ok(OK)
            }
            Epochs::Request { data, count, out } => {
                let keys = keys(&data.path()?)?;
                let asked = keys.request(usize::from(count), Timestamp::from_system_clock());
                let asked = asked.map_err(Failure::failed)?;
                ceremony::write_request(&out, &asked).map_err(Failure::failed)?;
                println!("{} keys to be signed by {}", asked.len(), keys.root);
                println!("digest {}", hex::of(&ceremony::digest(&asked)).as_str());
                Ok(OK)
            }
            Epochs::Sign { request, root, expect, out } => {
                let asked = ceremony::read_request(&request).map_err(Failure::failed)?;
                let digest = hex::of(&ceremony::digest(&asked));
                if *digest != expect.trim().to_lowercase() {
                    let line = format!(
                        "{}: its digest is {}, not the one expected; nothing is signed",
                        request.display(),
                        digest.as_str()
                    );
                    return Err(Failure::failed(line));
                }
                let (root, pin) = ceremony::root_key(&root).map_err(Failure::failed)?;
                for keys in &asked {
                    let id = hex::of(&keys.key_id);
                    println!("{}  valid from {} to {}", id.as_str(), keys.not_before, keys.not_after);
                }
                let signed = ceremony::sign(asked, &root);
                ceremony::write_grant(&out, &signed).map_err(Failure::failed)?;
                println!("{} keys signed by {pin}", signed.len());
                Ok(OK)
            }
            Epochs::Install { signed, data } => {
                let keys = keys(&data.path()?)?;
                let granted = ceremony::read_grant(&signed).map_err(Failure::failed)?;
                let taken = keys.install(&granted).map_err(Failure::failed)?;
                if taken == 0 {
                    let why = "none of the signed keys is one of this settlement's whose time is not over";
                    return Err(Failure::failed(format!("{}: {why}; request new ones", signed.display())));
                }
                println!("{taken} of {} keys installed", granted.len());
                Ok(OK)
            }
        }
    }
}

fn keys(data: &Path) -> Result<Keys, Failure> {
    must_exist(data)?;
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    settings.load_keys(Timestamp::from_system_clock()).map_err(Failure::failed)
}

fn list(data: &Path, as_json: bool) -> Result<u8, Failure> {
    let keys = keys(data)?;
    let current = keys.current(Timestamp::from_system_clock());
    let is_current = |epoch: &Epoch| current == Some(epoch.keys.key_id);
    let mut rows = Vec::new();
    for epoch in keys.list() {
        let death = keys.death(&epoch);
        if as_json {
            let mut row = row(&epoch);
            row["current"] = is_current(&epoch).into();
            row["destroyed"] = death.to_string().into();
            rows.push(row);
        } else {
            let now = if is_current(&epoch) { "  current" } else { "" };
            println!("{}, destroyed {death}{now}", line(&epoch));
        }
    }
    if as_json {
        println!("{}", Value::from(rows));
    }
    Ok(OK)
}

fn row(epoch: &Epoch) -> Value {
    json!({
        "key_id": hex::of(&epoch.keys.key_id).as_str(),
        "suite": epoch.keys.suite,
        "starts": epoch.span.starts.to_string(),
        "ends": epoch.span.ends.to_string(),
        "not_before": epoch.keys.not_before.to_string(),
        "not_after": epoch.keys.not_after.to_string(),
        "signed": epoch.is_signed(),
    })
}

fn line(epoch: &Epoch) -> String {
    let signed = if epoch.is_signed() { "signed" } else { "not signed yet" };
    let id = hex::of(&epoch.keys.key_id);
    format!("{}  from {} to {}  {signed}", id.as_str(), epoch.span.starts, epoch.span.ends)
}
