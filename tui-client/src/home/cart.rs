//! The cart of one shop in a file, so that it is there the next time.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::private_file;
use kessai_shared::storefront::{Item, MAX_LINES, MAX_NAME_BYTES, MAX_QUANTITY};
use serde::{Deserialize, Serialize};

use super::Home;
use crate::app::model::{Goods, KeptCart, Quantity};

/// The largest file that is read, in bytes: a full cart, and some that were set aside.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// Most orders whose goods are set aside.
const MAX_ASIDE: usize = 64;

/// The newest cart that is to be kept, and the newest that was.
#[derive(Default)]
pub struct CartFile {
    next: Mutex<Option<(u64, KeptCart)>>,
    kept: Mutex<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    goods: Vec<KeptGoods>,
    #[serde(default)]
    aside: Vec<Aside>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Aside {
    order: String,
    goods: Vec<KeptGoods>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptGoods {
    sku: String,
    name: String,
    category: String,
    unit_price: i64,
    available: u32,
    on_hand: u32,
    quantity: u32,
}

impl Home {
    /// The cart of this shop as it was kept; an empty one when there is none.
    ///
    /// # Errors
    /// A line on what is wrong with the file, which is put out of the way.
    pub fn cart(&self, shop: Pin) -> Result<KeptCart, String> {
        let path = self.file_of(shop, "cart", "json");
        let read = match private_file::read_any(&path, MAX_FILE_BYTES) {
            Ok((bytes, _)) => serde_json::from_slice::<Kept>(&bytes).map_err(|why| why.to_string()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(KeptCart::default()),
            Err(why) => Err(why.to_string()),
        };
        read.and_then(Kept::into_cart).map_err(|why| match Self::set_aside(&path) {
            Ok(aside) => format!("{}: {why}; it is now {}", path.display(), aside.display()),
            Err(_) => format!("{}: {why}", path.display()),
        })
    }

    /// Keeps the cart of this shop, unless a newer one is on its way or kept already.
    ///
    /// # Errors
    /// When the file cannot be written; the one before is still there.
    pub fn keep_cart(&self, shop: Pin, revision: u64, cart: KeptCart) -> io::Result<()> {
        {
            let mut next = lock(&self.cart.next);
            if next.as_ref().is_none_or(|(other, _)| *other < revision) {
                *next = Some((revision, cart));
            }
        }
        // Whoever comes first writes the newest there is; the others find nothing left to write.
        let mut kept = lock(&self.cart.kept);
        let Some((revision, cart)) = lock(&self.cart.next).take() else { return Ok(()) };
        if revision <= *kept {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&Kept::of(&cart)).map_err(io::Error::other)?;
        private_file::replace(&self.file_of(shop, "cart", "json"), &bytes)?;
        *kept = revision;
        Ok(())
    }
}

impl Kept {
    fn of(cart: &KeptCart) -> Self {
        let newest = cart.aside.len().saturating_sub(MAX_ASIDE);
        let aside = cart.aside.iter().skip(newest);
        Self {
            goods: cart.goods.iter().map(KeptGoods::of).collect(),
            aside: aside
                .map(|(order, goods)| Aside {
                    order: order.to_string(),
                    goods: goods.iter().map(KeptGoods::of).collect(),
                })
                .collect(),
        }
    }

    fn into_cart(self) -> Result<KeptCart, String> {
        let all = |goods: Vec<KeptGoods>| {
            if goods.len() > MAX_LINES {
                return Err(format!("more than {MAX_LINES} products"));
            }
            goods.into_iter().map(KeptGoods::into_goods).collect::<Result<Vec<_>, String>>()
        };
        if self.aside.len() > MAX_ASIDE {
            return Err(format!("more than {MAX_ASIDE} orders"));
        }
        let aside = self.aside.into_iter().map(|aside| {
            let order: OrderId =
                aside.order.parse().map_err(|why: kessai_shared::ids::BadId| why.to_string())?;
            Ok((order, all(aside.goods)?))
        });
        let aside = aside.collect::<Result<Vec<_>, String>>()?;
        Ok(KeptCart { goods: all(self.goods)?, aside })
    }
}

impl KeptGoods {
    fn of(goods: &Goods) -> Self {
        let Item { sku, name, category, unit_price, available, on_hand } = goods.item.clone();
        let (sku, unit_price) = (sku.to_string(), unit_price.0);
        Self { sku, name, category, unit_price, available, on_hand, quantity: goods.quantity.get() }
    }

    fn into_goods(self) -> Result<Goods, String> {
        let Self { sku, name, category, unit_price, available, on_hand, quantity } = self;
        let sku = Sku::new(&sku).map_err(|why| why.to_string())?;
        if quantity == 0 || quantity > MAX_QUANTITY || unit_price < 0 {
            return Err(format!("{sku}: not a quantity and a price"));
        }
        if name.len() > MAX_NAME_BYTES || category.len() > MAX_NAME_BYTES {
            return Err(format!("{sku}: a name of more than {MAX_NAME_BYTES} bytes"));
        }
        let item = Item { sku, name, category, unit_price: Minor(unit_price), available, on_hand };
        Ok(Goods { item, quantity: Quantity::of(quantity) })
    }
}

// What is guarded is replaced as a whole, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
