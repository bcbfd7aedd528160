//! The seller's command line.

mod fulfil;
mod orders;
mod shelves;
mod state;
mod stock;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use kessai_shared::console::{self, FAILED, Failure, OK};
use kessai_shared::daemon::{self, Ground};
use kessai_shared::folder::DataFolder;
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::net::line::opener::OpenLine;
use kessai_shared::net::side::GivenLink;
use kessai_shared::operator::reach::Operators;
use kessai_shared::operator::seller::Reply;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};

use crate::clerk::{Clerk, Command, Imported};
use crate::courier::{self, Cards};
use crate::operator::SELLER;
use crate::sales::{Books, Terms};
use crate::settings::{FOLDER, Given, JOURNAL, Settings};
use crate::shown::Shown;
use crate::{import, verify};

/// How many rows of a table one group of the journal takes. An import that is cut short between two
/// groups is finished by running it again: known rows change nothing.
const IMPORT_ROWS: usize = 100_000;

/// A shop that is closed neither ships nor cancels anything.
const CLOSED: Terms = Terms { ship_after: None, ship_within: u64::MAX, deliver_after: u64::MAX };

/// The seller server of Kessai: keeps the product database, and sells.
#[derive(Parser)]
#[command(name = "kessai-server", version)]
pub struct Cli {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Run the seller server.
    Serve(Serve),
    OpenLine(OpenLine),
    /// Take products in from a CSV file. Nothing of a file with a bad row is taken.
    ImportProducts {
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
    /// The orders of the running seller.
    #[command(subcommand)]
    Orders(orders::Orders),
    /// The stock of the running seller.
    #[command(subcommand)]
    Stock(stock::Stock),
    /// Tell how the running seller is.
    Status(state::Asked),
    /// Tell how the link to the settlement is. Exit code 1 when it is not up.
    Link(state::Asked),
    /// Tell who is connected to the running seller.
    Peers(state::Asked),
    /// Completions for shells, and manual pages.
    #[command(subcommand)]
    Generate(Generate),
    /// Whose keys may operate this seller.
    #[command(subcommand)]
    Operators(Operators),
    /// Print the pin of this seller, making its key when there is none.
    Keys {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Args)]
struct Data {
    /// The data folder [default: kessai-server in the user's data folder].
    #[arg(long = "data", value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// The address on the open network.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address where operators connect [default: any free port, for this machine alone].
    #[arg(long, value_name = "ADDRESS")]
    operator_listen: Option<SocketAddr>,
    /// The settlement's address on the closed network; once for each way there is to it.
    #[arg(long, value_name = "ADDRESS")]
    settlement: Vec<SocketAddr>,
    /// The settlement's pin; twice while it changes its key.
    #[arg(long, value_name = "PIN")]
    settlement_pin: Vec<Pin>,
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
        match self.act {
            Act::Serve(serve) => self::serve(serve),
            Act::OpenLine(line) => line.run(),
            Act::ImportProducts { file, data } => import_products(&data.path()?, &file),
            Act::Verify { data, json } => verify_books(&data.path()?, json),
            Act::Orders(orders) => orders.run(),
            Act::Stock(stock) => stock.run(),
            Act::Status(asked) => state::status(&asked),
            Act::Link(asked) => state::link(&asked),
            Act::Peers(asked) => state::peers(&asked),
            Act::Generate(generate) => generate.run::<Self>(),
            Act::Operators(operators) => operators.run(SELLER),
            Act::Keys { data } => show_keys(&data.path()?),
        }
    }
}

impl Data {
    fn path(&self) -> Result<PathBuf, Failure> {
        console::data_folder(self.folder.as_deref(), "kessai-server")
    }
}

fn serve(serve: Serve) -> Result<u8, Failure> {
    let data = serve.data.path()?;
    let given = Given {
        listen: serve.listen,
        operator_listen: serve.operator_listen,
        settlement: serve.settlement,
        settlement_pins: serve.settlement_pin,
        link: serve.link,
    };
    let settings = Settings::read(&data, given).map_err(Failure::usage)?;
    let _folder = DataFolder::open(&data, FOLDER)?;
    let runtime = console::runtime()?;
    let end = runtime.block_on(async {
        let stop = console::stop_request(serve.with_parent)?;
        let net =
            RealNet::of_identity(&crate::daemon::load_identity(&settings.data).map_err(Failure::failed)?);
        let ground = Ground { net, clock: Arc::new(Timestamp::from_system_clock), disk: None };
        let ready = |ready: crate::daemon::Ready| {
            console::warn_if_unlocked();
            println!("ready {} {}", ready.address, ready.pin);
        };
        crate::daemon::run(settings, ground, ready, stop).await.map_err(Failure::failed)
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    end.map(|()| OK)
}

fn import_products(data: &Path, file: &Path) -> Result<u8, Failure> {
    let _folder = DataFolder::open(data, FOLDER)?;
    let table = import::products(file)?;
    if !table.ignored.is_empty() {
        eprintln!("kessai-server: {}: ignored columns: {}", file.display(), table.ignored.join(", "));
    }
    // The books are about to begin, and the key has to be there before them.
    crate::daemon::load_identity(data).map_err(Failure::failed)?;
    let store = daemon::open::<Books>(data, JOURNAL, None)?;
    let clock: Clock = Arc::new(Timestamp::from_system_clock);
    // No courier is under way while the shop is closed: what is owed waits for the next start.
    let (errands, _) = courier::errands();
    let shown = Shown::of(store.books());
    let clerk = Clerk::new(Arc::clone(&clock), CLOSED, Cards::default(), shown, errands);
    let parts = table.rows.chunks(IMPORT_ROWS).map(|rows| {
        let listings = rows.to_vec();
        move |tell| Command::Import { listings, tell }
    });
    let imported = console::runtime()?.block_on(writer::each(store, clerk, clock, parts))?;
    let sum = |count: fn(&Imported) -> u64| imported.iter().map(count).sum::<u64>();
    let (stocked, relisted, unchanged) = (sum(|i| i.stocked), sum(|i| i.relisted), sum(|i| i.unchanged));
    println!("{stocked} products stocked, {relisted} relisted, {unchanged} unchanged");
    Ok(OK)
}

fn verify_books(data: &Path, json: bool) -> Result<u8, Failure> {
    let report = verify::verify(data).map_err(Failure::failed)?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("records   {} in {} groups, head {}", report.records, report.groups, report.head);
        println!("products  {}, {} pieces available", report.products, report.stock_left);
        println!("orders    {}, of which {} accepted", report.orders, report.accepted_orders);
        println!("accepted  {} pence", report.accepted_pence);
        println!("cancelled {} pence", report.cancelled_pence);
        println!("refunded  {} pence", report.refunded_pence);
        println!("pending   {} orders wait for the settlement", report.pending_orders);
        report.notes.iter().for_each(|note| println!("note      {note}"));
        report.problems.iter().for_each(|problem| println!("WRONG     {problem}"));
        println!("{}", if report.problems.is_empty() { "sound" } else { "NOT SOUND" });
    }
    Ok(if report.problems.is_empty() { OK } else { FAILED })
}

fn show_keys(data: &Path) -> Result<u8, Failure> {
    let identity = crate::daemon::load_identity(data).map_err(Failure::failed)?;
    println!("seller {}", identity.pin());
    Ok(OK)
}

/// A refusal, or what no seller of this version answers.
fn unexpected(reply: Reply) -> Failure {
    match reply {
        Reply::Refused(refusal) => Failure::failed(refusal),
        _ => Failure::failed(
            "the seller answered something else than it was asked; use the program of this seller",
        ),
    }
}
