//! The demo's command line: a whole shop on one machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::Settings;
use kessai_tui_client::app::settings::Colour;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::Shop;
use kessai_tui_client::{cards, runtime, terminal};

use crate::bench::{self, Bench};
use crate::cast::{self, CastToSvg};
use crate::chart;
use crate::chart::command::Chart;
use crate::figures::{self, Figures};
use crate::house::{House, Plan};
use crate::lan;
use crate::probe::{self, Probe};
use crate::sample::Sample;
use crate::script::{self, Script};

/// A whole Kessai shop on one machine: settlement, seller and terminal.
#[derive(Parser)]
#[command(name = "kessai-demo", version)]
pub struct Cli {
    #[command(subcommand)]
    act: Option<Act>,
    /// Where everything is kept [default: kessai-demo in the user's data folder].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Act {
    /// Open a shop without a screen, on tables of your own, until it is stopped.
    Serve(Serve),
    /// Measure purchases a second: both daemons on an empty folder (a temporary one, unless --data names
    /// one), and a load beside them. Fails unless the books of both are sound afterwards.
    Bench(Bench),
    /// Prove that the settlement is silent: a million probes by a stranger on its network, and from the
    /// seller's own address without the key, while purchases go on. Fails when a byte comes back.
    Probe(Probe),
    /// The four systems of the design side by side, each in networks of its own with a stranger on them: where
    /// card numbers can be read, what the stranger can do, what goes over the wires. Needs root, or a kernel
    /// that gives its users namespaces.
    Figures(Figures),
    /// Play a script at a sample shop that is opened for it: in a temporary folder, unless --data names one.
    Script(Script),
    /// Make an animated picture (SVG) of a recording (asciicast v2).
    CastToSvg(CastToSvg),
    /// Draw what a capture holds: who said what to whom, how many bytes and how many round trips.
    Chart(Chart),
    /// Completions for shells, and manual pages.
    #[command(subcommand)]
    Generate(Generate),
}

#[derive(Args)]
struct Serve {
    /// The products: sku,name,unit_price_pence,stock, and perhaps category, description and picture.
    /// [default: the sample's]
    #[arg(long, value_name = "FILE")]
    products: Option<PathBuf>,
    /// The card accounts. [default: the sample's]
    #[arg(long, value_name = "FILE")]
    cardholders: Option<PathBuf>,
    /// The seller's address on the open network [default: the last one, or any that is free].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// What is between the two daemons.
    #[arg(long, value_name = "KIND", default_value = "closed-network")]
    link: Link,
    /// With a second seller node that follows the first and takes over when that one is killed.
    #[arg(long, conflicts_with = "link")]
    standby: bool,
}

/// What one machine has for both ends of a link.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Link {
    ClosedNetwork,
    UnixLine,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with a line for people and an exit code.
    pub fn run(self) -> Result<u8, Failure> {
        // Before anything else, because the program may have to start anew for it.
        if let Some(Act::Probe(_)) = &self.act {
            lan::enter()?;
        }
        // It moves between namespaces, which no thread of a runtime should be there for.
        if let Some(Act::Figures(figures)) = &self.act {
            return figures::run(self.data, figures);
        }
        let data = console::data_folder(self.data.as_deref(), "kessai-demo")?;
        let runtime = console::runtime()?;
        match self.act {
            None => {
                terminal::check().map_err(|failure| Failure {
                    line: format!("{}; without one, run: kessai-demo serve", failure.line),
                    ..failure
                })?;
                runtime.block_on(play(data))
            }
            Some(Act::Serve(serve)) => runtime.block_on(self::serve(data, serve)),
            Some(Act::Generate(generate)) => generate.run::<Self>(),
            Some(Act::Probe(probe)) => runtime.block_on(probe::run(probe)),
            Some(Act::Script(script)) => runtime.block_on(script::run(self.data, script)),
            Some(Act::CastToSvg(command)) => cast::run(&command),
            Some(Act::Chart(chart)) => chart::command::run(&chart),
            Some(Act::Bench(bench)) => runtime.block_on(bench::run(self.data, bench)),
            Some(Act::Figures(figures)) => figures::run(self.data, &figures),
        }
    }
}

/// The sample shop, with the terminal on the screen.
async fn play(data: PathBuf) -> Result<u8, Failure> {
    let sample = Sample::write(&data.join("sample"))?;
    let cards = cards::load(&sample.cards)?;
    eprintln!("Opening the shop in {} …", data.display());
    let plan = Plan {
        data: data.clone(),
        products: sample.products,
        cardholders: sample.accounts,
        listen: None,
        quiet: true,
        verbose: false,
        on_line: false,
        standby: false,
    };
    let mut house = House::open(plan).await?;
    let home = Home::new(data.join("terminal"));
    let clock = Arc::new(Timestamp::from_system_clock);
    let (file, folder) = (house.shop.clone(), home.path().to_owned());
    let open = move || Shop::new(file, home, &RealNet::default(), clock);
    let colour = Colour::from_no_color(std::env::var("NO_COLOR").ok().as_deref());
    let settings = Settings { colour, ..Settings::default() };
    let end = tokio::select! {
        end = runtime::run(open, cards, settings, &folder) => end,
        failure = house.watch() => Err(failure),
    };
    house.close().await;
    end.map(|()| OK)
}

/// A shop without a screen.
async fn serve(data: PathBuf, serve: Serve) -> Result<u8, Failure> {
    let stop = console::stop_request(false)?;
    let sample = match (&serve.products, &serve.cardholders) {
        (Some(_), Some(_)) => None,
        (Some(_), None) | (None, Some(_)) | (None, None) => Some(Sample::write(&data.join("sample"))?),
    };
    let pick = |given: Option<PathBuf>, own: fn(&Sample) -> PathBuf| {
        given.or_else(|| sample.as_ref().map(own)).unwrap_or_default()
    };
    let plan = Plan {
        data,
        products: pick(serve.products, |sample| sample.products.clone()),
        cardholders: pick(serve.cardholders, |sample| sample.accounts.clone()),
        listen: serve.listen,
        quiet: false,
        verbose: false,
        on_line: serve.link == Link::UnixLine,
        standby: serve.standby,
    };
    tokio::pin!(stop);
    let mut house = tokio::select! {
        house = House::open(plan) => house?,
        () = &mut stop => return Ok(OK),
    };
    println!("ready");
    let end = tokio::select! {
        () = &mut stop => Ok(OK),
        failure = house.watch() => Err(failure),
    };
    house.close().await;
    end
}
