//! The seller's command line.

mod find;
mod fulfil;
mod orders;
mod promote;
mod recovered;
mod shelves;
mod state;
mod stock;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use kessai_shared::aside;
use kessai_shared::backup::cli;
use kessai_shared::console::{self, FAILED, Failure, LogFormat, OK};
use kessai_shared::daemon::{self, Ground};
use kessai_shared::folder::DataFolder;
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::net::line::opener::OpenLine;
use kessai_shared::net::side::GivenLink;
use kessai_shared::notify;
use kessai_shared::operator::client::Daemon;
use kessai_shared::operator::health::Health;
use kessai_shared::operator::reach::Operators;
use kessai_shared::operator::seller::{Reply, Request, Status};
use kessai_shared::operator::trail;
use kessai_shared::operator::trail_cli::{Trail, Wire};
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use kessai_shared::trace;
use kessai_shared::writer::{self, Clock};

use crate::backup::SUBJECT;
use crate::charge::Charge;
use crate::clerk::{Clerk, Command, Imported};
use crate::courier::{self, Cards};
use crate::import::Products;
use crate::operator::SELLER;
use crate::pictures::Pictures;
use crate::sales::{Books, Terms};
use crate::settings::{FOLDER, Given, JOURNAL, Settings};
use crate::shown::Shown;
use crate::{import, verify};

/// How many rows of a table one group of the journal takes. An import that is cut short between two
/// groups is finished by running it again: known rows change nothing.
const IMPORT_ROWS: usize = 20_000;

/// A shop that is closed neither ships nor cancels anything.
const CLOSED: Terms =
    Terms { ship_after: None, ship_within: u64::MAX, deliver_after: u64::MAX, recovered_for: u64::MAX };

/// How long the last spans may take to leave when the seller stops.
const TRACES_WAIT: Duration = Duration::from_secs(1);

/// Least threads of a seller that is open: while one begins a handshake with a stranger, another carries on
/// with the purchases.
const THREADS: usize = 2;

/// The seller server of Kessai: keeps the product database, and sells.
#[derive(Parser)]
#[command(name = "kessai-server", version)]
pub struct Cli {
    /// How log lines are written: text, or json with one object a line [default: `log` in server.toml, else text].
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Run the seller server.
    Serve(Serve),
    /// Run a node that follows the one in charge of the shop: it has the shop's key, takes every change over,
    /// answers who looks around, and can be promoted. An empty data folder is filled first.
    Standby(Standby),
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
        /// Remove journals that were set aside by `--rejoin`, when everything is sound.
        #[arg(long)]
        remove_aside: bool,
    },
    Backup(cli::Backup),
    Restore(cli::Restore),
    Bundle(cli::Bundle),
    Unbundle(cli::Unbundle),
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
    /// Tell in one line whether the running seller is well. Exit code 1 when it is not.
    Health(Health),
    /// Completions for shells, and manual pages.
    #[command(subcommand)]
    Generate(Generate),
    /// Put this node in charge of its shop, in place of the one that is.
    Promote(promote::Promote),
    /// Whose keys may operate this seller.
    #[command(subcommand)]
    Operators(Operators),
    #[command(flatten)]
    Trail(Trail),
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
    /// The address where standbys follow this node, with the shop's own key [default: nowhere].
    #[arg(long, value_name = "ADDRESS")]
    standby_listen: Option<SocketAddr>,
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
        self.log_format.into_iter().for_each(LogFormat::give);
        match self.act {
            Act::Serve(serve) => self::serve(serve, Given::default()),
            Act::Standby(standby) => standby.run(),
            Act::OpenLine(line) => line.run(),
            Act::ImportProducts { file, data } => import_products(&data.path()?, &file),
            Act::Verify { data, json, remove_aside } => verify_books(&data.path()?, json, remove_aside),
            Act::Backup(backup) => backup.run(&SUBJECT),
            Act::Restore(restore) => restore.run(&SUBJECT),
            Act::Bundle(bundle) => bundle.run(&SUBJECT),
            Act::Unbundle(unbundle) => unbundle.run(),
            Act::Orders(orders) => orders.run(),
            Act::Stock(stock) => stock.run(),
            Act::Status(asked) => state::status(&asked),
            Act::Link(asked) => state::link(&asked),
            Act::Peers(asked) => state::peers(&asked),
            Act::Promote(promote) => promote.run(),
            Act::Health(health) => health.run::<Status>(SELLER, |status| &status.nodes),
            Act::Generate(generate) => generate.run::<Self>(),
            Act::Operators(operators) => operators.run(SELLER),
            Act::Trail(trail) => trail.run::<Shop>(),
            Act::Keys { data } => show_keys(&data.path()?),
        }
    }
}

impl Data {
    fn path(&self) -> Result<PathBuf, Failure> {
        console::data_folder(self.folder.as_deref(), "kessai-server")
    }
}

#[derive(Args)]
struct Standby {
    /// Where the node in charge lets standbys follow it: its `standby_listen` [default: `standby_of` in
    /// server.toml].
    #[arg(long, value_name = "ADDRESS")]
    of: Option<SocketAddr>,
    /// Set the journal that is here aside and begin anew, as after this node was in charge and wrote what
    /// nobody else has.
    #[arg(long)]
    rejoin: bool,
    #[command(flatten)]
    serve: Serve,
}

impl Standby {
    fn run(self) -> Result<u8, Failure> {
        let Self { of, rejoin, serve } = self;
        self::serve(serve, Given { standby_of: of, rejoin, insists: true, ..Given::default() })
    }
}

fn serve(serve: Serve, standby: Given) -> Result<u8, Failure> {
    let data = serve.data.path()?;
    let given = Given {
        listen: serve.listen,
        operator_listen: serve.operator_listen,
        settlement: serve.settlement,
        settlement_pins: serve.settlement_pin,
        link: serve.link,
        standby_listen: serve.standby_listen,
        ..standby
    };
    let settings = Settings::read(&data, given).map_err(Failure::usage)?;
    settings.log.apply();
    let _folder = DataFolder::open(&data, FOLDER)?;
    aside::warn(&data);
    let runtime = console::runtime_of_least(THREADS)?;
    let end = runtime.block_on(async {
        let stop = console::stop_request(serve.with_parent)?;
        trace::start(settings.traces.as_ref(), "kessai-server");
        let net =
            RealNet::of_identity(&crate::daemon::load_identity(&settings.data).map_err(Failure::failed)?);
        let ground = Ground { net, clock: Arc::new(Timestamp::from_system_clock), disk: None };
        let ready = |ready: crate::daemon::Ready| {
            console::warn_if_unlocked();
            println!("ready {} {}", ready.address, ready.pin);
            notify::ready(&format!("terminals connect at {}", ready.address));
        };
        let end = crate::daemon::run(settings, ground, ready, stop).await;
        trace::flush(TRACES_WAIT).await;
        end
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    end.map(|()| OK)
}

fn import_products(data: &Path, file: &Path) -> Result<u8, Failure> {
    let _folder = DataFolder::open(data, FOLDER)?;
    let Products { table, pictures: found } = import::products(file)?;
    if !table.ignored.is_empty() {
        eprintln!("kessai-server: {}: ignored columns: {}", file.display(), table.ignored.join(", "));
    }
    // The books are about to begin, and the key has to be there before them.
    crate::daemon::load_identity(data).map_err(Failure::failed)?;
    // A record that names a picture is of one that is there.
    let pictures = Pictures::in_folder(data);
    found.iter().try_for_each(|(name, from)| pictures.take_in(*name, from)).map_err(Failure::failed)?;
    let store = daemon::open::<Books>(data, JOURNAL, None)?;
    let clock: Clock = Arc::new(Timestamp::from_system_clock);
    // No courier is under way while the shop is closed: what is owed waits for the next start.
    let (errands, _) = courier::errands();
    let shown = Shown::of(store.books());
    let charge = Charge::at_rest(store.books());
    let clerk = Clerk::new(Arc::clone(&clock), CLOSED, Cards::default(), shown, errands, charge);
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

fn verify_books(data: &Path, json: bool, remove_aside: bool) -> Result<u8, Failure> {
    let mut report = verify::verify(data).map_err(Failure::failed)?;
    let remove = remove_aside && report.problems.is_empty();
    report.notes.extend(aside::after_verify(data, remove).map_err(Failure::failed)?);
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

/// The seller, as it is asked what both daemons are asked alike.
struct Shop;

impl Wire for Shop {
    type Request = Request;
    type Reply = Reply;
    const DAEMON: Daemon = SELLER;

    fn request(request: trail::Request) -> Request {
        Request::Trail(request)
    }

    fn reply(reply: Reply) -> Result<trail::Reply, Failure> {
        match reply {
            Reply::Trail(reply) => Ok(reply),
            reply => Err(unexpected(reply)),
        }
    }
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
