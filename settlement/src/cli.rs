//! The settlement's command line.

mod account;
mod ask;
mod clearing;
mod disputes;
mod entries;
mod epochs;
mod issue;
mod lists;
mod operate;
mod policy;
mod sellers;
mod shops;
mod state;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use kessai_shared::aside;
use kessai_shared::backup::cli;
use kessai_shared::console::{self, FAILED, Failure, LogFormat, OK};
use kessai_shared::daemon::Ground;
use kessai_shared::folder::{DataFolder, FolderError};
use kessai_shared::identity::Identity;
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::net::knock::KnockKey;
use kessai_shared::net::line::opener::OpenLine;
use kessai_shared::net::side::GivenLink;
use kessai_shared::notify;
use kessai_shared::operator::client::Daemon;
use kessai_shared::operator::health::Health;
use kessai_shared::operator::keys as operator_keys;
use kessai_shared::operator::reach::Operators;
use kessai_shared::operator::settlement::{Reply, Request, Status};
use kessai_shared::operator::{trail, trail_cli};
use kessai_shared::pin_set::{self, PinSet};
use kessai_shared::time::Timestamp;
use kessai_shared::trace;
use kessai_shared::writer::Clock;

use crate::backup::SUBJECT;
use crate::operator_wire::SETTLEMENT;
use crate::settings::{FOLDER, Settings};
use crate::{standby, verify};

/// How long the settlement waits for a data folder that is in use, and how often it looks.
const FOLDER_WAIT: Duration = Duration::from_secs(3);
const FOLDER_LOOK: Duration = Duration::from_millis(50);

/// How long the last spans may take to leave when the settlement stops.
const TRACES_WAIT: Duration = Duration::from_secs(1);

/// The settlement server of Kessai: holds the credit information, and decides.
#[derive(Parser)]
#[command(name = "kessai-settlement", version)]
pub struct Cli {
    /// How log lines are written: text, or json with one object a line [default: `log` in settlement.toml, else text].
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Run the settlement server.
    Serve(Serve),
    /// Run a node that follows the settlement in charge and is silent to sellers. It needs that one's
    /// `keys/settlement.key`; all else it is given. Once promoted it is the settlement.
    Standby(Standby),
    /// Put this standby in charge, when the node that it follows is gone or stopped: its epoch is higher than
    /// the other's, which no seller that has seen it talks to any more.
    Promote(state::Promote),
    OpenLine(OpenLine),
    /// Take card accounts in from a CSV file. Nothing of a file with a bad row is taken.
    ImportAccounts {
        file: PathBuf,
        #[command(flatten)]
        data: Data,
    },
    /// Keep all accounts under a new key and destroy the old one, while purchases go on. One that was
    /// interrupted goes on where it stopped.
    Rekey {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
    },
    /// Make a card file that its holder's wallet takes in, for a known account or a new one. The code in
    /// it enrols the holder's key once; a key that was enrolled before is void at once.
    IssueCard {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        act: issue::Wanted,
    },
    /// Tell how the settlement is.
    Status(state::Asked),
    /// One card account of the running settlement: its months, and what operators do to it.
    #[command(subcommand)]
    Account(account::Account),
    /// The accounts of the running settlement.
    #[command(subcommand)]
    Accounts(lists::Accounts),
    /// What the running settlement holds for purchases that were not captured yet.
    #[command(subcommand)]
    Holds(lists::Holds),
    /// Clearing batches: what each seller is paid out.
    #[command(subcommand)]
    Clearing(clearing::Clearing),
    /// The journal of the running settlement as double entries.
    #[command(subcommand)]
    Entries(entries::Entries),
    /// Which node is in charge of each shop.
    Shops(shops::Asked),
    /// The orders of sellers, as the running settlement knows them.
    #[command(subcommand)]
    Orders(entries::Orders),
    /// Charges that cardholders dispute.
    #[command(subcommand)]
    Chargebacks(disputes::Chargebacks),
    /// Captures that came after their hold had expired.
    #[command(subcommand)]
    LateCaptures(disputes::LateCaptures),
    /// The sellers that may connect to the running settlement.
    #[command(subcommand)]
    Sellers(sellers::Sellers),
    /// Have the running settlement keep all cards under a new key; it goes on by itself, and purchases with it.
    RekeyNow(trail_cli::Because),
    /// Show the last four digits of an account's card. It is recorded who was shown them, and why.
    ShowCard(sellers::ShowCard),
    #[command(flatten)]
    Trail(trail_cli::Trail),
    /// Tell who is connected to the running settlement.
    Peers(state::Asked),
    /// Tell in one line whether the running settlement is well. Exit code 1 when it is not.
    Health(Health),
    /// Completions for shells, and manual pages.
    #[command(subcommand)]
    Generate(Generate),
    /// Whose keys may operate this settlement.
    #[command(subcommand)]
    Operators(Operators),
    /// Check journal, store and books, and print their totals. Exit code 1 when something is wrong.
    Verify {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
        /// Remove journals that were set aside by `--rejoin`, when everything is sound.
        #[arg(long)]
        remove_aside: bool,
    },
    Backup(cli::Backup),
    Restore(cli::Restore),
    Bundle(cli::Bundle),
    Unbundle(cli::Unbundle),
    /// Print the pins of this settlement, making its keys when there are none: its own, and its issuer's root.
    Keys {
        #[command(flatten)]
        data: Data,
    },
    /// The keys that cards are sealed to, each for a short time.
    #[command(subcommand)]
    Epochs(epochs::Epochs),
    /// The credit policy: what is in force, what was, and what a file would do.
    #[command(subcommand)]
    Policy(policy::PolicyAct),
    /// Let the seller with this pin connect.
    Allow {
        pin: kessai_shared::pin::Pin,
        #[command(flatten)]
        data: Data,
    },
    /// Write the key that the seller, or the operator, with this pin knocks with. Without it the settlement is
    /// silent to them, as it is to everybody. Whoever has the file can find the settlement, but not talk to it.
    KnockKey {
        pin: kessai_shared::pin::Pin,
        /// A private file that the seller's `knock_key` then names.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Args)]
struct Data {
    /// The data folder [default: kessai-settlement in the user's data folder].
    #[arg(long = "data", value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// The address on the closed network.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address where operators connect, on the closed network [default: any free port, for this machine
    /// alone].
    #[arg(long, value_name = "ADDRESS")]
    operator_listen: Option<SocketAddr>,
    /// The address where standbys follow this node, on the closed network [default: nowhere].
    #[arg(long, value_name = "ADDRESS")]
    standby_listen: Option<SocketAddr>,
    #[command(flatten)]
    link: GivenLink,
    /// Stop when standard input ends, as it does when the parent process is gone.
    #[arg(long)]
    with_parent: bool,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with a line for people and an exit code.
    pub fn run(self) -> Result<u8, Failure> {
        self.log_format.into_iter().for_each(LogFormat::give);
        match self.act {
            Act::Serve(serve) => self::serve(serve),
            Act::Standby(standby) => standby.run(),
            Act::Promote(asked) => state::promote(&asked),
            Act::OpenLine(line) => line.run(),
            Act::ImportAccounts { file, data } => operate::import_accounts(&data.path()?, &file),
            Act::Rekey { data, json } => operate::rekey(&data.path()?, json),
            Act::IssueCard { data, act } => issue::issue_card(&data.path()?, &act),
            Act::Status(asked) => state::status(&asked),
            Act::Shops(asked) => shops::shops(&asked),
            Act::Account(account) => account.run(),
            Act::Accounts(accounts) => accounts.run(),
            Act::Holds(holds) => holds.run(),
            Act::Clearing(clearing) => clearing.run(),
            Act::Entries(entries) => entries.run(),
            Act::Orders(orders) => orders.run(),
            Act::Chargebacks(chargebacks) => chargebacks.run(),
            Act::LateCaptures(late) => late.run(),
            Act::Peers(asked) => state::peers(&asked),
            Act::Sellers(sellers) => sellers.run(),
            Act::RekeyNow(because) => sellers::rekey(because),
            Act::ShowCard(asked) => sellers::show_card(asked),
            Act::Trail(trail) => trail.run::<Ledger>(),
            Act::Health(health) => health.run::<Status>(SETTLEMENT, |status| &status.nodes),
            Act::Generate(generate) => generate.run::<Self>(),
            Act::Operators(operators) => operators.run(SETTLEMENT),
            Act::Verify { data, json, remove_aside } => verify_books(&data.path()?, json, remove_aside),
            Act::Backup(backup) => backup.run(&SUBJECT),
            Act::Restore(restore) => restore.run(&SUBJECT),
            Act::Bundle(bundle) => bundle.run(&SUBJECT),
            Act::Unbundle(unbundle) => unbundle.run(),
            Act::Keys { data } => show_keys(&data.path()?),
            Act::Epochs(epochs) => epochs.run(),
            Act::Policy(policy) => policy.run(),
            Act::Allow { pin, data } => allow(&data.path()?, pin),
            Act::KnockKey { pin, out, data } => knock_key(&data.path()?, pin, &out),
        }
    }
}

/// The settlement, as it is asked what both daemons are asked alike.
struct Ledger;

impl trail_cli::Wire for Ledger {
    type Request = Request;
    type Reply = Reply;
    const DAEMON: Daemon = SETTLEMENT;

    fn request(request: trail::Request) -> Request {
        Request::Trail(request)
    }

    fn reply(reply: Reply) -> Result<trail::Reply, Failure> {
        match reply {
            Reply::Trail(reply) => Ok(reply),
            reply => Err(state::unexpected(reply)),
        }
    }
}

impl Data {
    fn path(&self) -> Result<PathBuf, Failure> {
        console::data_folder(self.folder.as_deref(), "kessai-settlement")
    }
}

/// Holds the data folder. An operator's command may hold it for a moment when the settlement was not
/// there, as after a crash; the settlement waits for it, rather than end for it.
fn hold(data: &Path) -> Result<DataFolder, Failure> {
    let begun = Instant::now();
    loop {
        match DataFolder::open(data, FOLDER) {
            Err(FolderError::InUse(_)) if begun.elapsed() < FOLDER_WAIT => std::thread::sleep(FOLDER_LOOK),
            opened => return opened.map_err(Failure::from),
        }
    }
}

#[derive(Args)]
struct Standby {
    /// Where the node in charge lets standbys follow it: its `standby_listen` [default: `standby_of` in
    /// settlement.toml].
    #[arg(long, value_name = "ADDRESS")]
    of: Option<SocketAddr>,
    /// Set the journal that is here aside and begin anew, as after this node was in charge.
    #[arg(long)]
    rejoin: bool,
    #[command(flatten)]
    serve: Serve,
}

impl Standby {
    fn run(self) -> Result<u8, Failure> {
        let settings = self.serve.settings()?;
        let missing = "standby_of: is missing; the node in charge, here or as --of";
        let of = self.of.or(settings.standby_of).ok_or_else(|| Failure::usage(missing))?;
        serve_after(settings, self.serve.with_parent, Some(standby::Following { of, rejoin: self.rejoin }))
    }
}

impl Serve {
    fn settings(&self) -> Result<Settings, Failure> {
        let data = self.data.path()?;
        let settings = Settings::read_with(&data, self.listen, self.link.clone()).map_err(Failure::usage)?;
        let settings = settings.with_operators_at(self.operator_listen).map_err(Failure::usage)?;
        Ok(Settings { standby_listen: self.standby_listen.or(settings.standby_listen), ..settings })
    }
}

fn serve(serve: Serve) -> Result<u8, Failure> {
    serve_after(serve.settings()?, serve.with_parent, None)
}

/// Runs the settlement, a standby first as long as it follows.
fn serve_after(
    settings: Settings,
    with_parent: bool,
    following: Option<standby::Following>,
) -> Result<u8, Failure> {
    settings.log.apply();
    let _folder = hold(&settings.data)?;
    aside::warn(&settings.data);
    make_list(&settings.sellers)?;
    let runtime = console::runtime()?;
    let end = runtime.block_on(async {
        let stop = console::stop_request(with_parent)?;
        trace::start(settings.traces.as_ref(), "kessai-settlement");
        let mut stop = std::pin::pin!(stop);
        let clock: Clock = Arc::new(Timestamp::from_system_clock);
        let mut changeover = None;
        if let Some(following) = following {
            let ready = |identity: &Identity| {
                println!("standby {}", identity.pin());
                notify::ready("follows the settlement in charge");
            };
            let net = RealNet::default();
            let end = standby::follow(&settings, &net, Arc::clone(&clock), following, ready, stop.as_mut());
            match end.await.map_err(Failure::failed)? {
                standby::End::Stopped => return Ok(()),
                standby::End::Promoted(_) => changeover = Some(notify::Changeover::begin()),
            }
        }
        let ground = Ground { net: RealNet::default(), clock, disk: None };
        let ready = |ready: crate::daemon::Ready| {
            drop(changeover);
            console::warn_if_unlocked();
            println!("ready {} {} {}", ready.address, ready.pin, ready.root);
            notify::ready(&format!("sellers connect at {}", ready.address));
        };
        let end = crate::daemon::run(settings, ground, ready, stop).await.map_err(Failure::failed);
        trace::flush(TRACES_WAIT).await;
        end
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    end.map(|()| OK)
}

fn verify_books(data: &Path, json: bool, remove_aside: bool) -> Result<u8, Failure> {
    let mut report = verify::verify(data).map_err(Failure::failed)?;
    let remove = remove_aside && report.problems.is_empty();
    report.notes.extend(aside::after_verify(data, remove).map_err(Failure::failed)?);
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("records   {} in {} groups, head {}", report.records, report.groups, report.head);
        println!("accounts  {}", report.accounts);
        println!("decisions {}, of which {} approved", report.decisions, report.approved);
        let reasons: Vec<_> = report.reasons.iter().map(|(word, count)| format!("{word} {count}")).collect();
        println!("reasons   {}", reasons.join(", "));
        println!("proven    {} in {} signed groups", report.decisions_proven, report.groups_signed);
        println!("holds     {} live", report.live_holds);
        for (code, money) in &report.money {
            println!("{code}       {} held, balances {}", money.held, money.balance);
            println!(
                "          captured {}, refunded {}, charged back {} (minor units)",
                money.captured, money.refunded, money.charged_back
            );
        }
        if report.late_presentments > 0 {
            println!("too late  {} order(s) captured after their hold had expired", report.late_presentments);
        }
        println!("exposure  {} pence", report.exposure_pence);
        report.notes.iter().for_each(|note| println!("note      {note}"));
        report.problems.iter().for_each(|problem| println!("WRONG     {problem}"));
        println!("{}", if report.problems.is_empty() { "sound" } else { "NOT SOUND" });
    }
    Ok(if report.problems.is_empty() { OK } else { FAILED })
}

/// A folder of another daemon is none that anything is to be written to.
fn may_be_ours(data: &Path) -> Result<(), Failure> {
    match DataFolder::is_live(data, FOLDER) {
        Err(error @ (FolderError::OtherKind { .. } | FolderError::OtherVersion { .. })) => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn show_keys(data: &Path) -> Result<u8, Failure> {
    may_be_ours(data)?;
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    let keys = settings.load_keys(Timestamp::from_system_clock()).map_err(Failure::failed)?;
    println!("settlement {}\nissuer     {}", keys.identity.pin(), keys.root);
    Ok(OK)
}

fn allow(data: &Path, pin: kessai_shared::pin::Pin) -> Result<u8, Failure> {
    may_be_ours(data)?;
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    make_list(&settings.sellers)?;
    pin_set::allow(&settings.sellers, pin)?;
    println!("allowed {pin}");
    Ok(OK)
}

fn knock_key(data: &Path, pin: kessai_shared::pin::Pin, out: &Path) -> Result<u8, Failure> {
    may_be_ours(data)?;
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    let keys = settings.load_keys(Timestamp::from_system_clock()).map_err(Failure::failed)?;
    KnockKey::of_seller(&keys.identity, &pin).write(out)?;
    println!("wrote {}", out.display());
    let seller = settings.sellers.exists() && PinSet::load(&settings.sellers)?.contains(&pin);
    let operator = operator_keys::listed(data).map_err(Failure::failed)?.contains_key(&pin);
    if !seller && !operator {
        eprintln!(
            "kessai-settlement: {pin} may not connect yet; run: kessai-settlement allow {pin} for a seller, or \
             kessai-settlement operators allow {pin} for an operator"
        );
    }
    Ok(OK)
}

/// An empty list lets nobody in, which is where a new settlement starts.
fn make_list(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, "# The pins of the sellers that may connect, one a line.\n")?;
    }
    Ok(())
}
