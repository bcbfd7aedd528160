//! The terminal's command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::manual::Generate;
use kessai_shared::net::RealNet;
use kessai_shared::time::Timestamp;

use crate::cards::{self, LabelledCard, PayingCard};
use crate::headless::{self, Wanted};
use crate::home::Home;
use crate::receipts;
use crate::reconcile;
use crate::shop::Shop;
use crate::shop_file::ShopFile;
use crate::wallet::commands::{WalletArgs, WalletCommand};
use crate::{replay, runtime, terminal, traffic};

/// The shopper's terminal of Kessai.
#[derive(Parser)]
#[command(name = "kessai", version)]
pub struct Cli {
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
    /// Lay receipts, the seller's orders and the settlement's books side by side, and list everything that does
    /// not fit. Exit code 1 when something does not.
    Reconcile(reconcile::Reconcile),
    /// Send trade that really happened through the shop and write down what is decided.
    Replay(Replay),
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
}

#[derive(Args)]
struct At {
    /// The file that the shop hands out.
    #[arg(long, value_name = "FILE")]
    shop: PathBuf,
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
        console::runtime()?.block_on(async {
            match self.act {
                Act::Shop { at, from } => open_shop(&at, &from).await,
                Act::Buy(buy) => runtime::stoppable(self::buy(&buy)).await,
                Act::Orders { at, json } => {
                    let shop = at.open()?;
                    leaving(&shop, headless::orders(&shop, json)).await
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
                Act::Receipt(ReceiptAct::Save { at, order, out }) => {
                    let shop = at.open()?;
                    leaving(&shop, receipts::save(&shop, order, &out)).await
                }
                Act::Reconcile(reconcile) => runtime::stoppable(reconcile::run(&reconcile)).await,
                Act::Replay(replay) => self::replay(&replay).await,
                Act::Generate(generate) => generate.run::<Self>(),
            }
        })
    }
}

impl At {
    fn open(&self) -> Result<Shop, Failure> {
        let file = ShopFile::read(&self.shop).map_err(Failure::usage)?;
        let home = Home::new(console::data_folder(self.data.as_deref(), "kessai")?);
        let clock = Arc::new(Timestamp::from_system_clock);
        Shop::new(file, home, &RealNet::default(), clock).map_err(headless::failure)
    }
}

/// Carries a command out and leaves the shop however it went.
async fn leaving<T>(shop: &Shop, act: impl Future<Output = T>) -> T {
    let end = act.await;
    shop.leave().await;
    end
}

impl CardSource {
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

async fn open_shop(at: &At, from: &CardSource) -> Result<u8, Failure> {
    terminal::check()?;
    let cards = runtime::stoppable(from.cards(at)).await?.unwrap_or_default();
    runtime::run(at.open()?, cards).await?;
    Ok(OK)
}

async fn buy(buy: &Buy) -> Result<u8, Failure> {
    let card = choose(buy).await?;
    let shop = buy.at.open()?;
    let (lines, receipt) = (&buy.lines, buy.receipt.as_deref());
    leaving(&shop, headless::buy(&shop, buy.order_id, lines, &card, receipt, buy.json)).await
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
