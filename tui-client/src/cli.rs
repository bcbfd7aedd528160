//! The terminal's command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kessai_shared::address::Address;
use kessai_shared::console::{self, Failure, LogFormat, OK};
use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::time::Timestamp;
use kessai_shared::trace;

use crate::cards::{self, LabelledCard, PayingCard};
use crate::config::commands::ConfigAct;
use crate::config::{self, Flags};
use crate::headless::{self, Wanted};
use crate::home::Home;
use crate::operate::DashboardArgs;
use crate::receipts;
use crate::reconcile;
use crate::script::Kind;
use crate::script::command::{ScriptArgs, nobody_outside};
use crate::shop::Shop;
use crate::shop_file::ShopFile;
use crate::wallet::commands::{WalletArgs, WalletCommand};
use crate::{plain, replay, runtime, script, terminal, traffic};

/// The shopper's terminal of Kessai.
#[derive(Parser)]
#[command(name = "kessai", version)]
pub struct Cli {
    /// How log lines are written: text, or json with one object a line [default: text].
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// Send a trace of each purchase to the OpenTelemetry collector at this address.
    #[arg(long, global = true, value_name = "URL")]
    traces: Option<trace::Settings>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Open the shop on the screen.
    Shop {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        from: CardSource,
        /// Tell the shop by lines, one thing each: for screen readers, and for scripts through a pipe.
        #[arg(long)]
        plain: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Buy without a screen.
    Buy(Buy),
    /// List this terminal's orders.
    Orders {
        #[command(flatten)]
        at: At,
        #[arg(long)]
        json: bool,
    },
    /// Show one order with its way: what left when, and where the parcel can be asked about.
    Order {
        #[command(flatten)]
        at: At,
        order: OrderId,
        /// Go on until the order is settled, and tell what changes.
        #[arg(long)]
        follow: bool,
        #[arg(long)]
        json: bool,
    },
    /// Give back lines of an order, or all of it.
    Return {
        #[command(flatten)]
        at: At,
        order: OrderId,
        /// What to give back, as SKU or SKU=QUANTITY; everything when nothing is named.
        lines: Vec<Wanted>,
        /// The id of an earlier try, to go on with it.
        #[arg(long, value_name = "ID")]
        return_id: Option<ReturnId>,
        #[arg(long)]
        json: bool,
    },
    /// Cancel what of an order was not sent yet. Safe to repeat.
    Cancel {
        #[command(flatten)]
        at: At,
        order: OrderId,
        #[arg(long)]
        json: bool,
    },
    /// Look after the cards that this terminal pays with.
    Wallet(WalletCommand),
    /// Keep and check proofs of what was decided.
    #[command(subcommand)]
    Receipt(ReceiptAct),
    /// Watch the seller and the settlement live, and look after them.
    Dashboard(Box<DashboardArgs>),
    /// Lay receipts, the seller's orders and the settlement's books side by side, and list everything that does
    /// not fit. Exit code 1 when something does not.
    Reconcile(reconcile::Reconcile),
    /// Play a script: the same app, with keys from a file instead of a person. Exit code 1 when something is
    /// not as the script expects.
    Script {
        #[command(flatten)]
        script: ScriptArgs,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        from: CardSource,
    },
    /// Send trade that really happened through the shop and write down what is decided.
    Replay(Replay),
    /// Look at how this terminal is configured, and find what is wrong with it.
    #[command(subcommand)]
    Config(ConfigAct),
    /// Completions for shells, and manual pages.
    #[command(subcommand)]
    Generate(Generate),
}

#[derive(Subcommand)]
enum ReceiptAct {
    /// Ask the shop for an order and write its receipt.
    Save {
        #[command(flatten)]
        at: At,
        order: OrderId,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check a receipt offline. Exit code 0 when it proves what it says.
    Verify(receipts::Verify),
    /// Show what a receipt proves, step by step. Exit code 1 when a step does not hold or is not known.
    Show(receipts::Verify),
}

#[derive(Args)]
struct At {
    /// The file that the shop hands out [default: the one that the configuration names].
    #[arg(long, value_name = "FILE")]
    shop: Option<PathBuf>,
    /// This terminal's own folder [default: kessai in the user's data folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Where the cards come from: the wallet, unless a plain table is named.
#[derive(Args)]
struct CardSource {
    /// A CSV file with cards instead of the wallet: card_number,name,birth_date,expiry and perhaps a
    /// label.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wallet", "passphrase_file"])]
    cards: Option<PathBuf>,
    #[command(flatten)]
    wallet: WalletArgs,
}

#[derive(Args)]
struct Buy {
    #[command(flatten)]
    at: At,
    /// What to buy, as SKU or SKU=QUANTITY.
    #[arg(required = true)]
    lines: Vec<Wanted>,
    #[command(flatten)]
    from: CardSource,
    /// Which card, by its label or its last digits [default: the wallet's default, or the first].
    #[arg(long, value_name = "CARD")]
    card: Option<String>,
    /// The id of an earlier try, to find out how it ended or to go on with it.
    #[arg(long, value_name = "ID")]
    order_id: Option<OrderId>,
    /// Where to write the receipt, once it is decided.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Where it goes: the label of an address in addresses.toml [default: the book's default, if it has one].
    #[arg(long, value_name = "LABEL")]
    deliver_to: Option<String>,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Replay {
    #[command(flatten)]
    at: At,
    #[arg(long, value_name = "FILE")]
    traffic: PathBuf,
    #[arg(long, value_name = "FILE")]
    cardholders: PathBuf,
    /// Where to write what was decided.
    #[arg(long, value_name = "FILE")]
    decisions: PathBuf,
    /// How many connections; with 1 strictly in sequence.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
}

impl Cli {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with a line for people and an exit code.
    pub fn run(self) -> Result<u8, Failure> {
        self.log_format.into_iter().for_each(LogFormat::give);
        console::runtime()?.block_on(async {
            trace::start(self.traces.as_ref(), "kessai");
            match self.act {
                Act::Shop { at, from, plain, flags } => open_shop(at, from, plain, &flags).await,
                Act::Buy(mut buy) => {
                    buy.from.configure(Flags::default().load()?.cards);
                    runtime::stoppable(self::buy(&buy)).await
                }
                Act::Orders { at, json } => {
                    let shop = at.open()?;
                    leaving(&shop, headless::orders(&shop, json)).await
                }
                Act::Order { at, order, follow, json } => {
                    let shop = at.open()?;
                    let told = runtime::stoppable(headless::order(&shop, order, follow, json));
                    leaving(&shop, told).await
                }
                Act::Return { at, order, lines, return_id, json } => {
                    let shop = at.open()?;
                    leaving(&shop, headless::give_back(&shop, order, return_id, &lines, json)).await
                }
                Act::Cancel { at, order, json } => {
                    let shop = at.open()?;
                    leaving(&shop, headless::cancel(&shop, order, json)).await
                }
                Act::Wallet(command) => runtime::stoppable(command.run()).await,
                Act::Receipt(ReceiptAct::Verify(verify)) => receipts::verify(&verify),
                Act::Receipt(ReceiptAct::Show(show)) => receipts::show(&show),
                Act::Receipt(ReceiptAct::Save { at, order, out }) => {
                    let shop = at.open()?;
                    leaving(&shop, receipts::save(&shop, order, &out)).await
                }
                Act::Dashboard(dashboard) => dashboard.run().await,
                Act::Reconcile(reconcile) => runtime::stoppable(reconcile::run(&reconcile)).await,
                Act::Script { script, at, from } => play_script(script, &at, &from).await,
                Act::Replay(replay) => self::replay(&replay).await,
                Act::Config(act) => act.run(),
                Act::Generate(Generate::Man { dir }) => {
                    let end = Generate::Man { dir: dir.clone() }.run::<Self>()?;
                    config::commands::write_page(&dir)?;
                    Ok(end)
                }
                Act::Generate(completions) => completions.run::<Self>(),
            }
        })
    }
}

impl At {
    fn open(&self) -> Result<Shop, Failure> {
        let (file, home) = self.read()?;
        let clock = Arc::new(Timestamp::from_system_clock);
        Shop::new(file, home, &RealNet::default(), clock).map_err(headless::failure)
    }

    /// What a shop is opened with, as far as it can be wrong by itself.
    fn read(&self) -> Result<(ShopFile, Home), Failure> {
        let configured = match &self.shop {
            Some(_) => None,
            None => Flags::default().load()?.shop,
        };
        let shop = self.shop.as_ref().or(configured.as_ref()).ok_or_else(|| {
            Failure::usage(
                "there is no shop to go to: name its file with --shop FILE, or as shop in config.toml",
            )
        })?;
        let file = ShopFile::read(shop).map_err(Failure::usage)?;
        Ok((file, Home::new(console::data_folder(self.data.as_deref(), "kessai")?)))
    }
}

/// Carries a command out and leaves the shop however it went.
async fn leaving<T>(shop: &Shop, act: impl Future<Output = T>) -> T {
    let end = act.await;
    shop.leave().await;
    end
}

impl CardSource {
    /// Takes the configured table of cards where nothing is named.
    fn configure(&mut self, table: Option<PathBuf>) {
        let named = self.wallet.wallet.is_some() || self.wallet.passphrase_file.is_some();
        if !named {
            self.cards = self.cards.take().or(table);
        }
    }

    /// The cards, the one that is paid with by default first; `None` when there is neither a table
    /// nor a wallet.
    async fn cards(&self, at: &At) -> Result<Option<Vec<LabelledCard>>, Failure> {
        match &self.cards {
            Some(table) => Ok(Some(cards::load(table)?)),
            None => self.wallet.cards(at.data.as_deref()).await,
        }
    }

    fn name(&self, at: &At) -> Result<String, Failure> {
        match &self.cards {
            Some(table) => Ok(table.display().to_string()),
            None => Ok(self.wallet.file(at.data.as_deref())?.path().display().to_string()),
        }
    }
}

async fn open_shop(mut at: At, mut from: CardSource, plain: bool, flags: &Flags) -> Result<u8, Failure> {
    let config = flags.load()?;
    at.shop = at.shop.or(config.shop);
    from.configure(config.cards);
    let by_lines = match plain || config.plain {
        true => Some(plain::Why::Asked),
        false => terminal::is_dumb().then_some(plain::Why::Dumb),
    };
    if by_lines.is_none() {
        terminal::check()?;
    }
    let cards = runtime::stoppable(from.cards(&at)).await?.unwrap_or_default();
    let (file, home) = at.read()?;
    // A folder that was named holds everything of this terminal.
    let state = if at.data.is_none() { config::state_folder() } else { None };
    let folder = state.unwrap_or_else(|| home.path().to_owned());
    let clock = Arc::new(Timestamp::from_system_clock);
    let open = move || Shop::new(file, home, &RealNet::default(), clock);
    match by_lines {
        Some(why) => plain::run(open, cards, config.settings, &folder, why).await?,
        None => runtime::run(open, cards, config.settings, &folder).await?,
    }
    Ok(OK)
}

async fn play_script(script: ScriptArgs, at: &At, from: &CardSource) -> Result<u8, Failure> {
    let ready = script.ready()?;
    // Nobody is asked for a passphrase in vain.
    ready.script.must_be(Kind::Shop)?;
    let cards = runtime::stoppable(from.cards(at)).await?.unwrap_or_default();
    let (shop, home) = at.read()?;
    let at = script::command::At { shop, home: script.seeded(home), cards };
    ready.play_shop(at, &mut nobody_outside).await?;
    Ok(OK)
}

async fn buy(buy: &Buy) -> Result<u8, Failure> {
    let card = choose(buy).await?;
    let shop = buy.at.open()?;
    let shop = shop.delivering_to(address(&shop, buy.deliver_to.as_deref())?);
    let (lines, receipt) = (&buy.lines, buy.receipt.as_deref());
    leaving(&shop, headless::buy(&shop, buy.order_id, lines, &card, receipt, buy.json)).await
}

/// The address with this label, or the one that is taken when nobody chooses.
fn address(shop: &Shop, label: Option<&str>) -> Result<Option<Address>, Failure> {
    let book = shop.home().addresses().map_err(|why| Failure::usage(why.to_string()))?;
    let found = match label {
        Some(label) => book.find(label),
        None => book.default_at().and_then(|at| book.entries().get(at)),
    };
    match (label, found) {
        (Some(label), None) => {
            let file = shop.home().addresses_file();
            Err(Failure::usage(format!("{}: no address is called {label:?}", file.display())))
        }
        (_, found) => Ok(found.map(|entry| entry.address.clone())),
    }
}

async fn choose(buy: &Buy) -> Result<PayingCard, Failure> {
    let Some(cards) = buy.from.cards(&buy.at).await? else {
        return Err(Failure::usage(
            "there is no card to pay with: add one with `kessai wallet add`, or name a table of cards with --cards",
        ));
    };
    let found = match &buy.card {
        None => cards.first(),
        Some(wanted) => cards::find(&cards, wanted),
    };
    let found = found.map(|card| card.paying.clone());
    let name = buy.from.name(&buy.at)?;
    found.ok_or_else(|| Failure::failed(format!("{name}: there is no such card in it")))
}

async fn replay(replay: &Replay) -> Result<u8, Failure> {
    let shop = replay.at.open()?;
    let trades = traffic::trades(&replay.traffic)?;
    let cards = traffic::cards(&replay.cardholders)?;
    // What is decided must not be lost for want of a place to write it.
    let folder = replay.decisions.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Failure::failed(format!("{}: there is no such folder", replay.decisions.display())));
    }
    let bar = progress(trades.len() as u64);
    let begun = Instant::now();
    let net = RealNet::default();
    let connections = usize::from(replay.connections);
    let done = replay::run(&shop, &net, trades, cards, connections, |_| bar.inc(1)).await;
    bar.finish_and_clear();
    let outcomes = done.map_err(headless::failure)?;
    replay::write(&replay.decisions, &outcomes)?;
    println!("{}", replay::summary(&outcomes, begun.elapsed()));
    let unknown = outcomes.iter().any(|outcome| outcome.word == "unknown");
    Ok(if unknown { headless::UNKNOWN } else { OK })
}

fn progress(length: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {per_sec}  {eta} left");
    let bar = ProgressBar::with_draw_target(Some(length), target);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
