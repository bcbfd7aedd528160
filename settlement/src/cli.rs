//! The settlement's command line.

mod epochs;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use kessai_shared::console::{self, FAILED, Failure, OK};
use kessai_shared::daemon::{self, Ground};
use kessai_shared::folder::DataFolder;
use kessai_shared::net::RealNet;
use kessai_shared::time::Timestamp;
use kessai_shared::writer;

use crate::clerk::{Clerk, Command, Imported};
use crate::keys::Keys;
use crate::ledger::Books;
use crate::settings::{FOLDER, JOURNAL, Settings};
use crate::vault::LiveVault;
use crate::{import, verify};

/// How many rows of a table one group of the journal takes. An import that is cut short between two
/// groups is finished by running it again: known rows change nothing.
const IMPORT_ROWS: usize = 100_000;

/// The settlement server of Kessai: holds the credit information, and decides.
#[derive(Parser)]
#[command(name = "kessai-settlement", version)]
pub struct Cli {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Run the settlement server.
    Serve(Serve),
    /// Take card accounts in from a CSV file. Nothing of a file with a bad row is taken.
    ImportAccounts {
        file: PathBuf,
        #[command(flatten)]
        data: Data,
    },
    /// Check journal, store and books, and print their totals. Exit code 1 when something is wrong.
    Verify {
        #[command(flatten)]
        data: Data,
        #[arg(long)]
        json: bool,
    },
    /// Print the pins of this settlement, making its keys when there are none: its own, and its issuer's root.
    Keys {
        #[command(flatten)]
        data: Data,
    },
    /// The keys that cards are sealed to, each for a short time.
    #[command(subcommand)]
    Epochs(epochs::Epochs),
    /// Let the seller with this pin connect.
    Allow {
        pin: kessai_shared::pin::Pin,
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
        match self.act {
            Act::Serve(serve) => self::serve(&serve),
            Act::ImportAccounts { file, data } => import_accounts(&data.path()?, &file),
            Act::Verify { data, json } => verify_books(&data.path()?, json),
            Act::Keys { data } => show_keys(&data.path()?),
            Act::Epochs(epochs) => epochs.run(),
            Act::Allow { pin, data } => allow(&data.path()?, pin),
        }
    }
}

impl Data {
    fn path(&self) -> Result<PathBuf, Failure> {
        console::data_folder(self.folder.as_deref(), "kessai-settlement")
    }
}

fn serve(serve: &Serve) -> Result<u8, Failure> {
    let data = serve.data.path()?;
    let settings = Settings::read(&data, serve.listen).map_err(Failure::usage)?;
    let _folder = DataFolder::open(&data, FOLDER)?;
    make_list(&settings.sellers)?;
    let runtime = console::runtime()?;
    let end = runtime.block_on(async {
        let stop = console::stop_request(serve.with_parent)?;
        let ground =
            Ground { net: RealNet::default(), clock: Arc::new(Timestamp::from_system_clock), disk: None };
        let ready = |ready: crate::daemon::Ready| {
            console::warn_if_unlocked();
            println!("ready {} {} {}", ready.address, ready.pin, ready.root);
        };
        crate::daemon::run(settings, ground, ready, stop).await.map_err(Failure::failed)
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    end.map(|()| OK)
}

fn import_accounts(data: &Path, file: &Path) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    let _folder = DataFolder::open(data, FOLDER)?;
    // The books are about to begin, and all keys have to be there before them.
    let books = data.join("journal");
    let vault = LiveVault::load_or_create(&settings.keys.join("vault.key"), &books);
    let lease = vault.map_err(Failure::failed)?.lease();
    let now = Timestamp::from_system_clock();
    Keys::load_or_create(&settings.keys, &books, (settings.suite, settings.epochs), now)
        .map_err(Failure::failed)?;
    let table = import::accounts(file, &lease)?;
    if !table.ignored.is_empty() {
        eprintln!("kessai-settlement: {}: ignored columns: {}", file.display(), table.ignored.join(", "));
    }
    let store = daemon::open::<Books>(data, JOURNAL, None)?;
    lease.fits(store.books()).map_err(Failure::failed)?;
    let clock: writer::Clock = Arc::new(Timestamp::from_system_clock);
    let clerk = Clerk::new(settings.policy, Arc::clone(&clock));
    let parts = table.rows.chunks(IMPORT_ROWS).map(|rows| {
        let (accounts, lease) = (rows.to_vec(), Arc::clone(&lease));
        move |tell| Command::Import { accounts, lease, tell }
    });
    let imported = console::runtime()?.block_on(writer::each(store, clerk, clock, parts))?;
    let sum = |count: fn(&Imported) -> u64| imported.iter().map(count).sum::<u64>();
    let (opened, restated, unchanged) = (sum(|i| i.opened), sum(|i| i.restated), sum(|i| i.unchanged));
    println!("{opened} accounts opened, {restated} restated, {unchanged} unchanged");
    Ok(OK)
}

fn verify_books(data: &Path, json: bool) -> Result<u8, Failure> {
    let report = verify::verify(data).map_err(Failure::failed)?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("records   {} in {} groups, head {}", report.records, report.groups, report.head);
        println!("accounts  {}", report.accounts);
        println!("decisions {}, of which {} approved", report.decisions, report.approved);
        let reasons: Vec<_> = report.reasons.iter().map(|(word, count)| format!("{word} {count}")).collect();
        println!("reasons   {}", reasons.join(", "));
        println!("proven    {} in {} signed groups", report.decisions_proven, report.groups_signed);
        println!("holds     {} live, {} pence", report.live_holds, report.held_pence);
        println!("balances  {} pence", report.balance_pence);
        println!("captured  {} pence, refunded {} pence", report.captured_pence, report.refunded_pence);
        println!("exposure  {} pence", report.exposure_pence);
        report.notes.iter().for_each(|note| println!("note      {note}"));
        report.problems.iter().for_each(|problem| println!("WRONG     {problem}"));
        println!("{}", if report.problems.is_empty() { "sound" } else { "NOT SOUND" });
    }
    Ok(if report.problems.is_empty() { OK } else { FAILED })
}

fn show_keys(data: &Path) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    let (books, now) = (data.join("journal"), Timestamp::from_system_clock());
    let keys = Keys::load_or_create(&settings.keys, &books, (settings.suite, settings.epochs), now)
        .map_err(Failure::failed)?;
    println!("settlement {}\nissuer     {}", keys.identity.pin(), keys.root);
    Ok(OK)
}

fn allow(data: &Path, pin: kessai_shared::pin::Pin) -> Result<u8, Failure> {
    let settings = Settings::read(data, None).map_err(Failure::usage)?;
    make_list(&settings.sellers)?;
    let listed = kessai_shared::pin_set::PinSet::load(&settings.sellers)?;
    if !listed.contains(&pin) {
        let text = std::fs::read_to_string(&settings.sellers)?;
        let text = format!("{}\n{pin}\n", text.trim_end());
        // Written aside and renamed: a daemon that reads meanwhile sees the old list or the new one.
        let draft = settings.sellers.with_extension("new");
        std::fs::write(&draft, text)?;
        std::fs::rename(&draft, &settings.sellers)?;
    }
    println!("allowed {pin}");
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
