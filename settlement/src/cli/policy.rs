//! `kessai-settlement policy`: what the credit policy is and was, whether a file is one, and what it
//! would have done.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kessai_shared::columns::{Columns, plain};
use kessai_shared::console::{Failure, OK};
use kessai_shared::hex;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::operator::print::instant;
use kessai_shared::store;
use kessai_shared::time::{Day, Timestamp};
use serde_json::{Value, json};

use super::Data;
use crate::backtest::{self, DEFAULT_LOSS_GIVEN_DEFAULT, DEFAULT_PENCE, Report, SWEPT, Terms, Trial};
use crate::ledger::{Adopted, Books, Policy};
use crate::operator::client::must_exist;
use crate::policy_file;
use crate::settings::JOURNAL;

#[derive(Subcommand)]
pub enum PolicyAct {
    /// Check a policy file and print the policy that it makes, every key with its value.
    Check {
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Print the policy in force: its version and digest, since when, and every key with its value.
    Show {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
    },
    /// Print every policy that was ever in force, the newest last.
    History {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
    },
    /// Try a policy on accounts whose future is known: for each rule and in all, whom it would approve,
    /// who of them defaulted, and what that would have cost. Touches no data folder.
    Backtest(Backtest),
}

#[derive(Args)]
pub struct Backtest {
    /// The accounts, a CSV file with the columns of `import-accounts` and `defaulted_next_month`, 0 or 1.
    /// Card numbers and names are not needed.
    #[arg(long, value_name = "FILE")]
    accounts: PathBuf,
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Another policy to hold it against.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The purchase that every account is asked for.
    #[arg(long, value_name = "PENCE", default_value_t = DEFAULT_PENCE, value_parser = clap::value_parser!(i64).range(1..=MAX_AMOUNT))]
    amount: i64,
    /// The day of the purchase, from which on cards that have expired are declined [default: today].
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Day>,
    /// Which share of the exposure to an account that defaults is lost for good, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = DEFAULT_LOSS_GIVEN_DEFAULT, value_parser = share)]
    loss_given_default: f64,
    #[arg(long)]
    json: bool,
}

impl PolicyAct {
    /// # Errors
    /// [`Failure`] when a file is not as it should be, or the books cannot be read.
    pub fn run(&self) -> Result<u8, Failure> {
        match self {
            Self::Check { file, json } => check(file, *json),
            Self::Show { data, json } => show(&data.path()?, *json),
            Self::History { data, json } => history(&data.path()?, *json),
            Self::Backtest(backtest) => backtest.run(),
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1, such as 0.75".to_owned())
}

fn check(file: &Path, json: bool) -> Result<u8, Failure> {
    let proposed = policy_file::need(file).map_err(Failure::usage)?;
    let digest = proposed.policy.digest();
    if json {
        let policy = serde_json::to_value(&proposed.policy)?;
        println!("{}", json!({ "version": proposed.version, "digest": *hex::of(&digest), "policy": policy }));
        return Ok(OK);
    }
    let version = proposed.version.map_or("the next one".to_owned(), |version| version.to_string());
    println!("# sound: version {version}, digest {}", policy_file::short(&digest));
    print!("{}", policy_file::text(&proposed.policy));
    Ok(OK)
}

fn show(data: &Path, json: bool) -> Result<u8, Failure> {
    let adopted = adopted(data)?;
    let Some(in_force) = adopted.last() else {
        return Err(Failure::failed("no policy was adopted yet: the first start of the settlement does it"));
    };
    if json {
        println!("{}", as_json(in_force)?);
        return Ok(OK);
    }
    let Adopted { adoption, at, position } = in_force;
    println!("# version {}, digest {}", adoption.version, policy_file::short(&adoption.digest));
    println!("# in force since {at} UTC, record {position}, by {}", adoption.by);
    print!("{}", policy_file::text(&adoption.policy));
    Ok(OK)
}

fn history(data: &Path, json: bool) -> Result<u8, Failure> {
    let adopted = adopted(data)?;
    if json {
        let all = adopted.iter().map(as_json).collect::<Result<Vec<Value>, _>>()?;
        println!("{}", Value::from(all));
        return Ok(OK);
    }
    let mut table = Columns::new(&[">version", "digest", "since (UTC)", ">record", "by", "changed"]);
    let default = Policy::default();
    let mut before = &default;
    for Adopted { adoption, at, position } in &adopted {
        let changed = policy_file::changes(before, &adoption.policy);
        table.row([
            adoption.version.to_string(),
            policy_file::short(&adoption.digest),
            at.to_string(),
            position.to_string(),
            adoption.by.to_string().chars().take(16).collect(),
            if changed.is_empty() { "-".to_owned() } else { changed.join(", ") },
        ]);
        before = &adoption.policy;
    }
    print!("{table}");
    Ok(OK)
}

/// The policies of a data folder, whether its settlement runs or not.
fn adopted(data: &Path) -> Result<Vec<Adopted>, Failure> {
    must_exist(data)?;
    let (books, _) = store::walk::<Books>(data, JOURNAL, |_, _, _| ())?;
    Ok(books.policies().all().cloned().collect())
}

fn as_json(adopted: &Adopted) -> Result<Value, Failure> {
    let Adopted { adoption, at, position } = adopted;
    Ok(json!({
        "version": adoption.version,
        "digest": *hex::of(&adoption.digest),
        "sequence": adoption.sequence,
        "position": position,
        "since": instant(*at),
        "by": adoption.by.to_string(),
        "policy": serde_json::to_value(&adoption.policy)?,
    }))
}

impl Backtest {
    fn run(&self) -> Result<u8, Failure> {
        let files = std::iter::once(&self.policy).chain(&self.against);
        let (mut trials, mut wrong) = (Vec::new(), Vec::new());
        for file in files {
            match policy_file::need(file) {
                Ok(proposed) => trials.push(Trial {
                    name: plain(&file.display().to_string()),
                    version: proposed.version,
                    policy: proposed.policy,
                }),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        if !wrong.is_empty() {
            return Err(Failure::usage(wrong.join("\n")));
        }
        let bar = self.bar(trials.len());
        let past = backtest::read(&self.accounts)?;
        if !past.ignored.is_empty() {
            let (file, ignored) = (self.accounts.display(), past.ignored.join(", "));
            eprintln!("kessai-settlement: {file}: ignored columns: {}", plain(&ignored));
        }
        bar.inc(1);
        let as_of = self.as_of.map_or_else(Timestamp::from_system_clock, Day::begins);
        let terms = Terms { amount: Minor(self.amount), as_of, loss_given_default: self.loss_given_default };
        let report = Report::of(&past.rows, &trials, terms, || bar.inc(1));
        bar.finish_and_clear();
        if self.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            print!("{}", backtest::print(&report, past.rows.len()));
        }
        Ok(OK)
    }

    /// One step for the table and one for each pass over it.
    fn bar(&self, trials: usize) -> ProgressBar {
        let bar = ProgressBar::hidden();
        if !self.json && std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} passes")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_style(style);
        }
        bar.set_length((1 + trials + SWEPT) as u64);
        bar
    }
}
