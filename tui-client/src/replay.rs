//! Sends trade that really happened through the real path, and writes down what was decided.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::card::Particulars;
use kessai_shared::digest::sha256;
use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::money::Minor;
use kessai_shared::net::Net;
use kessai_shared::outcome::ResponseCode;
use kessai_shared::storefront::{Refusal, ReturnState};
use kessai_shared::time::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::cards::PayingCard;
use crate::ending::Ending;
use crate::shop::{Shop, ShopError};
use crate::traffic::{Kind, Trade};

/// How long one order may be in doubt before the replay goes on without knowing.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often an order that came to nothing without anybody's decision is made anew.
const MAX_ATTEMPTS: u8 = 20;
/// What stands in for the particulars of a card that no file knows.
const NOBODY: (&str, &str, &str) = ("NOBODY", "1900-01-01", "9999-12");

/// What became of one trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub sequence: u64,
    pub kind: &'static str,
    pub reference: String,
    pub word: String,
    pub amount: Minor,
    pub took: Duration,
}

/// Replays on so many connections; each customer's trade stays in its order, on one of them.
///
/// # Errors
/// The first [`ShopError`] after which nothing more can be said.
pub async fn run(
    shop: &Shop,
    net: &impl Net,
    trades: Vec<Trade>,
    cards: HashMap<String, Particulars>,
    connections: usize,
    mut progress: impl FnMut(&Outcome),
) -> Result<Vec<Outcome>, ShopError> {
    let cards = Arc::new(cards);
    let mut lanes: Vec<Vec<Trade>> = vec![Vec::new(); connections];
    for trade in trades {
        let digest = sha256(&[trade.customer.as_str().as_bytes()]);
        let lane = usize::from(u16::from_le_bytes([digest[0], digest[1]])) % connections;
        lanes[lane].push(trade);
    }
    let (tell, mut told) = mpsc::channel(connections);
    let mut running = JoinSet::new();
    for lane in lanes.into_iter().filter(|lane| !lane.is_empty()) {
        let shop = shop.another(net)?.patient_for(PATIENCE);
        let (cards, tell) = (Arc::clone(&cards), tell.clone());
        running.spawn(async move {
            for trade in lane {
                let outcome = replay(&shop, &trade, &cards).await?;
                // The one who listens is gone only when another lane has failed.
                let _ = tell.send(outcome).await;
            }
            shop.leave().await;
            Ok::<(), ShopError>(())
        });
    }
    drop(tell);
    let mut outcomes = Vec::new();
    loop {
        tokio::select! {
            outcome = told.recv() => match outcome {
                Some(outcome) => {
                    progress(&outcome);
                    outcomes.push(outcome);
                }
                None => break,
            },
            Some(lane) = running.join_next() => {
                lane.map_err(|error| ShopError::Local(error.to_string()))??;
            }
        }
    }
    while let Some(lane) = running.join_next().await {
        lane.map_err(|error| ShopError::Local(error.to_string()))??;
    }
    outcomes.sort_by_key(|outcome| outcome.sequence);
    Ok(outcomes)
}

async fn replay(
    shop: &Shop,
    trade: &Trade,
    cards: &HashMap<String, Particulars>,
) -> Result<Outcome, ShopError> {
    let begun = Instant::now();
    let shop = shop.serving(trade.customer);
    let (word, amount) = match trade.kind {
        Kind::Order => buy(&shop, trade, cards).await?,
        Kind::Return => give_back(&shop, trade).await?,
    };
    let (kind, reference) = (trade.kind.name(), trade.reference.clone());
    Ok(Outcome { sequence: trade.sequence, kind, reference, word, amount, took: begun.elapsed() })
}

async fn buy(
    shop: &Shop,
    trade: &Trade,
    cards: &HashMap<String, Particulars>,
) -> Result<(String, Minor), ShopError> {
    let card: PayingCard = match cards.get(trade.card.digits()) {
        Some(card) => card.clone().into(),
        None => nobody(trade)?.into(),
    };
    let mut ending = Ending::Unknown;
    for attempt in 0..MAX_ATTEMPTS {
        let order = OrderId::from_bytes(id(shop, trade, attempt));
        ending = match purchase(shop, trade, order, &card).await {
            Ok(ending) => ending,
            // What the shop does not list is not in stock either, and no sum is too large to refuse.
            Err(ShopError::Refused(Refusal::UnknownSku { .. })) => {
                return Ok(("out_of_stock".into(), Minor::ZERO));
            }
            Err(ShopError::Refused(Refusal::AmountTooLarge)) => {
                return Ok((ResponseCode::INVALID_AMOUNT.to_string(), Minor::ZERO));
            }
            Err(error) => return Err(error),
        };
        // Nobody decided about this one and nothing was charged, so a customer would order again.
        if ending != Ending::Interrupted {
            break;
        }
    }
    let amount = match ending {
        Ending::Accepted { amount, .. } => amount,
        Ending::Declined { .. }
        | Ending::OutOfStock { .. }
        | Ending::Interrupted
        | Ending::HoldExpired
        | Ending::Cancelled { .. }
        | Ending::Unknown => Minor::ZERO,
    };
    Ok((ending.word(), amount))
}

/// One try under one order id, for as long as the replay has patience.
async fn purchase(
    shop: &Shop,
    trade: &Trade,
    order: OrderId,
    card: &PayingCard,
) -> Result<Ending, ShopError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let tried = match shop.quote(order, &trade.lines).await {
            Ok(quote) => shop.pay(&quote, card).await,
            Err(error) => Err(error),
        };
        let passing = match &tried {
            Err(ShopError::Unreachable(_) | ShopError::NoAnswer) => true,
            Err(ShopError::Refused(refusal)) => refusal.is_transient() || *refusal == Refusal::QuoteExpired,
            Err(ShopError::Untrusted(_) | ShopError::Local(_) | ShopError::Broke | ShopError::NotKept(_)) => {
                false
            }
            Ok(ending) => *ending == Ending::Unknown,
        };
        if !passing || Instant::now() >= until {
            return tried;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn give_back(shop: &Shop, trade: &Trade) -> Result<(String, Minor), ShopError> {
    let given = shop.give_back_from(ReturnId::from_bytes(id(shop, trade, 0)), None, &trade.lines).await?;
    let word = match given.state {
        ReturnState::Refunded => "refunded",
        ReturnState::NothingToReturn => "nothing_to_return",
        ReturnState::Pending => "unknown",
        ReturnState::Refused => "refund_refused",
    };
    // What is given back counts against what was held.
    Ok((word.to_owned(), Minor(-given.refunded.0)))
}

/// The id of a trade at this terminal: the same trade always has the same id, so that a replay that
/// is run again finds what it did before.
fn id(shop: &Shop, trade: &Trade, attempt: u8) -> [u8; 16] {
    let mut content = vec![attempt];
    for part in [trade.kind.name(), &trade.reference, trade.customer.as_str(), trade.card.digits()] {
        content.extend_from_slice(&sha256(&[part.as_bytes()]));
    }
    for line in &trade.lines {
        content.extend_from_slice(&sha256(&[line.sku.as_str().as_bytes(), &line.quantity.to_le_bytes()]));
    }
    content.extend_from_slice(&trade.sequence.to_le_bytes());
    let derived = shop.identity().derive(b"kessai replay id v1", &sha256(&[&content]));
    let mut random = [0; 10];
    random.copy_from_slice(&derived[..10]);
    // The sequence number stands where the time would, so that orders are listed as they came.
    *OrderId::mint(Timestamp(trade.sequence.saturating_mul(1_000)), random).as_bytes()
}

fn nobody(trade: &Trade) -> Result<Particulars, ShopError> {
    let (name, birth_date, expiry) = NOBODY;
    let bad = |_| ShopError::Local("the stand-in for an unknown card is malformed".to_owned());
    Ok(Particulars {
        number: trade.card.clone(),
        name: name.parse().map_err(|_| bad(()))?,
        birth_date: birth_date.parse().map_err(|_| bad(()))?,
        expiry: expiry.parse().map_err(|_| bad(()))?,
    })
}

/// Writes the outcomes as a table, aside first, so that a file that is there is whole.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, outcomes: &[Outcome]) -> Result<(), csv::Error> {
    let draft = path.with_extension("part");
    let mut table = csv::Writer::from_path(&draft)?;
    table.write_record(["sequence", "kind", "reference", "outcome", "amount_pence"])?;
    for outcome in outcomes {
        let (sequence, amount) = (outcome.sequence.to_string(), outcome.amount.to_string());
        table.write_record([&sequence, outcome.kind, &outcome.reference, &outcome.word, &amount])?;
    }
    table.flush()?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

/// One line on what was decided, how fast, and how long each took.
pub fn summary(outcomes: &[Outcome], took: Duration) -> String {
    let mut words: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for outcome in outcomes {
        *words.entry((outcome.kind, &outcome.word)).or_default() += 1;
    }
    let mut times: Vec<Duration> = outcomes.iter().map(|outcome| outcome.took).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    let millis = |percent| at(percent).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    let per_second = outcomes.len() as f64 / took.as_secs_f64().max(0.001);
    let words = words.iter().map(|((kind, word), count)| format!("{kind} {word} {count}"));
    format!(
        "{} decided in {:.1} s, {per_second:.0}/s, p50 {:.1} ms, p99 {:.1} ms: {}",
        outcomes.len(),
        took.as_secs_f64(),
        millis(50),
        millis(99),
        words.collect::<Vec<_>>().join(", ")
    )
}
