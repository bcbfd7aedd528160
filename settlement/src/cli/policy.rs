//! `kessai-settlement policy`: what the credit policy is and was, whether a file is one, and what it
//! would have done.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kessai_shared::columns::{Columns, plain};
use kessai_shared::console::{Failure, OK};
use kessai_shared::folder::DataFolder;
use kessai_shared::hex;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::operator::print::instant;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{PolicyRow, Reply, Request};
use kessai_shared::operator::{MAX_ROWS, Page};
use kessai_shared::store;
use kessai_shared::time::{Day, Timestamp};
use serde_json::{Value, json};

use super::sellers;
use super::state::unexpected;
use crate::backtest::{self, DEFAULT_LOSS_GIVEN_DEFAULT, DEFAULT_PENCE, Report, SWEPT, Terms, Trial};
use crate::ledger::{Books, Policy};
use crate::operator_wire::{SETTLEMENT, policy_row};
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
    Show(Asked),
    /// Print every policy that was ever in force, the newest last.
    History(Asked),
    /// Put the policy of the file in force now, in the name of the operator who asks.
    Reload(sellers::Asked),
    /// Try a policy on accounts whose future is known: for each rule and in all, whom it would approve,
    /// who of them defaulted, and what that would have cost. Touches no data folder.
    Backtest(Backtest),
}

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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
            Self::Show(asked) => show(asked),
            Self::Reload(asked) => sellers::reload_policy(asked),
            Self::History(asked) => history(asked),
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

fn show(asked: &Asked) -> Result<u8, Failure> {
    // One page holds the newest.
    let policies = asked.policies(true)?;
    let Some(in_force) = policies.last() else {
        return Err(Failure::failed("no policy was adopted yet: the first start of the settlement does it"));
    };
    if asked.json {
        println!("{}", as_json(in_force)?);
        return Ok(OK);
    }
    let PolicyRow { version, digest, at, position, by, text, .. } = in_force;
    println!("# version {version}, digest {}", policy_file::short(digest));
    println!("# in force since {at} UTC, record {position}, by {by}");
    print!("{text}");
    Ok(OK)
}

fn history(asked: &Asked) -> Result<u8, Failure> {
    let policies = asked.policies(false)?;
    if asked.json {
        let all = policies.iter().map(as_json).collect::<Result<Vec<Value>, _>>()?;
        println!("{}", Value::from(all));
        return Ok(OK);
    }
    let mut table = Columns::new(&[">version", "digest", "since (UTC)", ">record", "by", "changed"]);
    let mut before = Policy::default();
    for row in &policies {
        let policy = read_back(row)?;
        let changed = policy_file::changes(&before, &policy);
        table.row([
            row.version.to_string(),
            policy_file::short(&row.digest),
            row.at.to_string(),
            row.position.to_string(),
            row.by.to_string().chars().take(16).collect(),
            if changed.is_empty() { "-".to_owned() } else { changed.join(", ") },
        ]);
        before = policy;
    }
    print!("{table}");
    Ok(OK)
}

impl Asked {
    /// The policies there were, the newest last; with `newest` one page of them is enough. A settlement
    /// that runs or is elsewhere is asked, the books of one that does not run are read.
    fn policies(&self, newest: bool) -> Result<Vec<PolicyRow>, Failure> {
        if !self.reach.is_elsewhere() {
            let data = self.reach.data(SETTLEMENT)?;
            if !DataFolder::is_live(&data, SETTLEMENT.folder)? {
                let (books, _) = store::walk::<Books>(&data, JOURNAL, |_, _, _| ())?;
                return Ok(books.policies().all().map(policy_row).collect());
            }
        }
        self.reach.with(SETTLEMENT, async |operator| {
            let (mut rows, mut before): (Vec<PolicyRow>, _) = (Vec::new(), None);
            loop {
                match operator.ask(&Request::Policies { before, limit: MAX_ROWS }).await? {
                    Reply::Policies(Page { rows: more, next }) => {
                        rows.extend(more);
                        // A cursor that does not fall would never come to an end.
                        let falls = next.is_some_and(|next| before.is_none_or(|before| next < before));
                        if newest || !falls {
                            break;
                        }
                        before = next;
                    }
                    reply => return Err(unexpected(reply)),
                }
            }
            rows.reverse();
            Ok(rows)
        })
    }
}

/// The policy that a row's text says.
fn read_back(row: &PolicyRow) -> Result<Policy, Failure> {
    let stated = policy_file::parse_text(&row.text);
    let newer = |_| Failure::failed("the settlement is of another version and has policies of another form");
    stated.map(|stated| stated.policy).map_err(newer)
}

fn as_json(row: &PolicyRow) -> Result<Value, Failure> {
    Ok(json!({
        "version": row.version,
        "digest": *hex::of(&row.digest),
        "sequence": row.sequence,
        "position": row.position,
        "since": instant(row.at),
        "by": row.by.to_string(),
        "policy": serde_json::to_value(read_back(row)?)?,
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
