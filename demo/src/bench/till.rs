//! One terminal of the load: the real client code on a connection of its own, and one purchase on it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::digest::sha256;
use kessai_shared::ids::OrderId;
use kessai_shared::net::Net;
use kessai_shared::time::Timestamp;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::{Ending, Shop, ShopError};
use kessai_tui_client::shop_file::ShopFile;

use super::tables::Counter;

/// How long a seller whose settlement has only just come up may take to have its keys.
const FIRST_WELCOME: Duration = Duration::from_secs(10);

/// A terminal that is connected.
pub struct Till {
    shop: Shop,
    /// Makes the order ids of this run unlike those of any other.
    seed: [u8; 32],
}

/// How long the parts of one purchase took.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub quote: Duration,
    pub pay: Duration,
}

impl Till {
    /// A terminal with a key in this folder, made when there is none, that has heard the keys to seal with.
    ///
    /// # Errors
    /// [`ShopError`] when it cannot connect.
    pub async fn open(file: ShopFile, home: &Path, net: &impl Net) -> Result<Self, ShopError> {
        let clock = Arc::new(Timestamp::from_system_clock);
        let shop = Shop::new(file, Home::new(home.to_owned()), net, clock)?;
        let until = Instant::now() + FIRST_WELCOME;
        while shop.welcome().await?.issuer_keys.is_empty() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let now = Timestamp::from_system_clock().0.to_le_bytes();
        let mut context = now.to_vec();
        context.extend_from_slice(&std::process::id().to_le_bytes());
        let seed = shop.identity().derive(b"kessai bench order id v1", &context);
        Ok(Self { shop, seed })
    }

    /// A quote and its payment. Only a purchase whose approval the settlement has signed counts.
    ///
    /// # Errors
    /// A line on why the purchase did not end as it should.
    pub async fn buy(&self, counter: &Counter, nth: u64) -> Result<Times, String> {
        let basket = counter.basket(nth)?;
        let shop = self.shop.serving(basket.customer);
        let order = self.mint(nth);
        let begun = Instant::now();
        let quoted = shop.quote(order, &basket.lines).await.map_err(|error| format!("quote: {error}"))?;
        let asked = Instant::now();
        let ending = shop.pay(&quoted, &basket.card).await.map_err(|error| format!("payment: {error}"))?;
        match ending {
            Ending::Accepted { .. } => Ok(Times { quote: asked - begun, pay: asked.elapsed() }),
            ending => Err(format!("ended as {}, and only approvals count here", ending.word())),
        }
    }

    /// Says goodbye.
    pub async fn leave(&self) {
        self.shop.leave().await;
    }

    /// An order id that is not written down before it is used: what a terminal keeps on its own disk
    /// is that terminal's affair, and here all of them would write to the disk of the daemons.
    fn mint(&self, nth: u64) -> OrderId {
        let digest = sha256(&[&self.seed, &nth.to_le_bytes()]);
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        OrderId::mint(Timestamp::from_system_clock(), random)
    }
}
