//! The shopper of every system: buys one thing after the other with cards from a table, when it is told to,
//! and tells how each purchase ended and how long it took.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::card::Particulars;
use kessai_shared::console::Failure;
use kessai_shared::identity::Identity;
use kessai_shared::ids::Sku;
use kessai_shared::net::RealNet;
use kessai_shared::outcome::ResponseCode;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::cards::{self, LabelledCard};
use kessai_tui_client::ending::Ending;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::Shop;
use kessai_tui_client::shop_file::ShopFile;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::cards::SKU;
use super::conventional::message::{Answer, Ask};
use super::conventional::wire::{Caller, Dress, Whom};

/// How long a seller whose settlement has only just come up may take to have its keys.
const FIRST_WELCOME: Duration = Duration::from_secs(10);

/// What one is started with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The shopper's own files.
    pub data: PathBuf,
    pub cards: PathBuf,
    pub at: At,
}

/// Where, and how, it shops.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum At {
    /// With the product's own terminal.
    Product(PathBuf),
    /// Gives the card to the seller.
    Seller(Dress, Whom),
    /// Asks the settlement and brings the approval to the seller.
    Both { dress: Dress, seller: Whom, settlement: Whom, merchant: Pin },
}

/// How a purchase ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bought {
    /// The response code as the shopper was told it, or a word when there is none.
    pub code: String,
    /// Whether the goods are the shopper's.
    pub goods: bool,
    /// From the first question to the outcome, in microseconds.
    pub micros: u64,
}

/// Buys with the card of each number that comes in a line, until there are no more lines.
///
/// # Errors
/// [`Failure`] when its files cannot be read.
pub async fn run(plan: Plan) -> Result<(), Failure> {
    let cards = cards::load(&plan.cards)?;
    let till = Till::open(&plan).await?;
    println!("ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let card = line.trim().parse::<usize>().ok().and_then(|nth| cards.get(nth));
        let card = card.ok_or_else(|| Failure::usage("the number of a card is needed"))?;
        let begun = Instant::now();
        let (code, goods) = till.buy(card).await.unwrap_or_else(|failure| (failure.line, false));
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        println!("{}", serde_json::to_string(&Bought { code, goods, micros })?);
    }
    Ok(())
}

enum Till {
    Product(Shop),
    Seller(Box<Caller>),
    Both { seller: Box<Caller>, settlement: Box<Caller>, merchant: Pin },
}

impl Till {
    async fn open(plan: &Plan) -> Result<Self, Failure> {
        let home = Home::new(plan.data.clone());
        std::fs::create_dir_all(&plan.data)?;
        Ok(match &plan.at {
            At::Product(file) => {
                let clock = Arc::new(Timestamp::from_system_clock);
                let shop = Shop::new(ShopFile::read(file)?, home, &RealNet::default(), clock)?;
                let until = Instant::now() + FIRST_WELCOME;
                while shop.welcome().await?.issuer_keys.is_empty() && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Self::Product(shop)
            }
            At::Seller(dress, seller) => {
                Self::Seller(Box::new(Caller::new(*dress, *seller, &home.identity()?)?))
            }
            At::Both { dress, seller, settlement, merchant } => {
                let identity: Identity = home.identity()?;
                let [seller, settlement] =
                    [seller, settlement].map(|whom| Caller::new(*dress, *whom, &identity));
                let (seller, settlement) = (Box::new(seller?), Box::new(settlement?));
                Self::Both { seller, settlement, merchant: *merchant }
            }
        })
    }

    /// One purchase of one piece: the code that the shopper is told, and whether there are goods.
    async fn buy(&self, card: &LabelledCard) -> Result<(String, bool), Failure> {
        match self {
            Self::Product(shop) => {
                let order = shop.open_checkout()?;
                let lines = [Line { sku: Sku::new(SKU)?, quantity: 1 }];
                let quote = shop.quote(order, &lines).await?;
                Ok(told(&shop.pay(&quote, &card.paying).await?))
            }
            Self::Seller(seller) => {
                seller.ask(&price()).await?;
                let buy = Ask::Buy { sku: SKU.to_owned(), quantity: 1, card: card.paying.card.clone() };
                Ok(ended(&seller.ask(&buy).await?))
            }
            Self::Both { seller, settlement, merchant } => {
                let card: Particulars = card.paying.card.clone();
                let amount = match seller.ask(&price()).await? {
                    Answer::Price(amount) => amount,
                    other => return Ok(ended(&other)),
                };
                let ask = Ask::Authorise { merchant: *merchant, order: None, amount, card };
                let approval = match settlement.ask(&ask).await? {
                    Answer::Decided { approval: Some(approval), .. } => approval,
                    other => return Ok(ended(&other)),
                };
                Ok(ended(&seller.ask(&Ask::Collect { sku: SKU.to_owned(), quantity: 1, approval }).await?))
            }
        }
    }
}

fn price() -> Ask {
    Ask::Price { sku: SKU.to_owned(), quantity: 1 }
}

/// What a conventional answer comes to.
fn ended(answer: &Answer) -> (String, bool) {
    match answer {
        Answer::Confirmed { .. } => (ResponseCode::APPROVED.to_string(), true),
        Answer::Declined { code } | Answer::Decided { code, .. } => (code.to_string(), false),
        Answer::Refused(why) => (why.clone(), false),
        Answer::Price(_) => ("a price".to_owned(), false),
    }
}

fn told(ending: &Ending) -> (String, bool) {
    match ending {
        Ending::Accepted { .. } => (ResponseCode::APPROVED.to_string(), true),
        Ending::Declined { reason: Some(reason) } => (reason.code().to_string(), false),
        Ending::Declined { reason: None }
        | Ending::OutOfStock { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { .. }
        | Ending::Unknown => (ending.word().to_owned(), false),
    }
}
