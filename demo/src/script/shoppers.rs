//! Other people at the shop of a script: terminals with keys of their own, which buy at a modest rate, so that
//! there is something to be seen that nobody in the script has done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::ids::Sku;
use kessai_shared::net::RealNet;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::cards::{self, LabelledCard, PayingCard};
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Shop, ShopError};
use kessai_tui_client::shop_file::ShopFile;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How many of them there are, and how long each of them looks around between two purchases.
const SHOPPERS: usize = 3;
const AROUND: Duration = Duration::from_millis(700);
/// What they take in turn: what the sample has much of, and what is cheap, so that the card lasts.
const GOODS: [&str; 7] =
    ["TEA-MUGI", "CLIP-BRASS", "TEA-HOJICHA", "TAPE-WASHI", "YUZU-KOSHO", "NOTE-GRID", "TEA-GENMAI"];
/// What they pay with in turn: most purchases of a good day are approved.
const CARDS: [&str; 9] = [
    "Approved",
    "Approved",
    "Approved",
    "Over the limit",
    "Approved",
    "Approved",
    "Approved",
    "Approved",
    "Expired",
];

pub struct Shoppers {
    shop: ShopFile,
    /// The folder of their terminals.
    folder: PathBuf,
    cards: Vec<LabelledCard>,
    /// Makes their ids the same in every run.
    seed: Option<u64>,
    /// They leave when this is gone.
    here: Option<watch::Sender<()>>,
    tasks: JoinSet<()>,
}

impl Shoppers {
    pub fn new(shop: ShopFile, folder: PathBuf, cards: Vec<LabelledCard>, seed: Option<u64>) -> Self {
        Self { shop, folder, cards, seed, here: None, tasks: JoinSet::new() }
    }

    /// Lets them come and buy until they are to leave. Those that are here already stay.
    ///
    /// # Errors
    /// A line on why a terminal of theirs cannot be had.
    pub fn come(&mut self) -> Result<(), String> {
        if self.here.is_some() {
            return Ok(());
        }
        let (here, told) = watch::channel(());
        self.here = Some(here);
        // Those of before, who are still at a purchase, are no hindrance: each has a terminal of their own.
        let first = self.tasks.len();
        for nth in first..first + SHOPPERS {
            let home = Home::new(self.folder.join(format!("{nth}")));
            let home = match self.seed {
                Some(seed) => home.with_seed(seed.wrapping_add(1 + nth as u64)),
                None => home,
            };
            let clock = Arc::new(Timestamp::from_system_clock);
            let shop = Shop::new(self.shop.clone(), home, &RealNet::default(), clock);
            let shop = shop.map_err(|error| error.to_string())?;
            self.tasks.spawn(buy_and_buy(shop, self.cards.clone(), nth, told.clone()));
        }
        Ok(())
    }

    /// Each leaves once the purchase that is under way has ended.
    pub fn leave(&mut self) {
        self.here = None;
    }
}

async fn buy_and_buy(shop: Shop, cards: Vec<LabelledCard>, first: usize, mut here: watch::Receiver<()>) {
    let mut nth = first;
    while here.has_changed().is_ok() {
        let card = cards::find(&cards, CARDS[nth % CARDS.len()]);
        if let (Some(card), Ok(sku)) = (card, Sku::new(GOODS[nth % GOODS.len()])) {
            // What goes wrong is to be seen where the script looks, and the next purchase is another one.
            if let Err(error) = buy(&shop, sku, &card.paying).await {
                tracing::debug!("a shopper: {error}");
            }
        }
        nth += SHOPPERS;
        tokio::select! {
            () = sleep(AROUND) => {}
            _is_gone = here.changed() => {}
        }
    }
    shop.leave().await;
}

async fn buy(shop: &Shop, sku: Sku, card: &PayingCard) -> Result<(), ShopError> {
    let order = shop.open_checkout()?;
    let quoted = shop.quote(order, &[Line { sku, quantity: 1 }]).await?;
    shop.pay(&quoted, card).await.map(drop)
}
