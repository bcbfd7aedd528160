//! What the shop has: pages of its catalogue, single products, and their pictures.

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::picture::PictureName;
use kessai_shared::storefront::{Item, MAX_NAME_BYTES, Page, ProductView, Reply, Request, Search};

use super::{Shop, ShopError, unexpected};
use crate::app::pixels::Pixels;
use crate::picture;

impl Shop {
    /// A page of the catalogue: `limit` rows of what the search finds, from the row `from`.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn browse(&self, search: Search, from: u32, limit: u16) -> Result<Page, ShopError> {
        match self.ask(&Request::Browse { search, from, limit }).await? {
            Reply::Page(page) => {
                sound(&page.items)?;
                Ok(page)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// One product, with its description and the name of its picture.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn product(&self, sku: Sku) -> Result<ProductView, ShopError> {
        match self.ask(&Request::Product { sku }).await? {
            Reply::Product(view) => {
                sound(std::slice::from_ref(&view.item))?;
                Ok(*view)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// A picture, unpacked. Its bytes are checked against its name first, so that only the picture that the
    /// product goes by is ever unpacked.
    ///
    /// # Errors
    /// [`ShopError`] as for every question; [`ShopError::Untrusted`] when it is another picture, or none.
    pub async fn picture(&self, name: PictureName) -> Result<Pixels, ShopError> {
        let bytes = match self.ask(&Request::Picture { picture: name }).await? {
            Reply::Picture(bytes) => bytes,
            other => return Err(unexpected(&other)),
        };
        if !name.is_of(&bytes) {
            return Err(ShopError::Untrusted("the picture is another one".to_owned()));
        }
        // Unpacking takes the processor for a while, which must not hold up the keys.
        let unpacked = tokio::task::spawn_blocking(move || picture::unpack(&bytes)).await;
        let unpacked = unpacked.map_err(|_| ShopError::Local("the picture cannot be unpacked".into()))?;
        unpacked.map_err(|why| ShopError::Untrusted(format!("the picture: {why}")))
    }
}

/// Whether these are products that a shop can have: what is kept of a cart is held to the same.
pub(super) fn sound(items: &[Item]) -> Result<(), ShopError> {
    let fits = |item: &Item| {
        let texts = item.name.len() <= MAX_NAME_BYTES && item.category.len() <= MAX_NAME_BYTES;
        texts && item.unit_price >= Minor::ZERO
    };
    match items.iter().find(|item| !fits(item)) {
        Some(item) => {
            Err(ShopError::Untrusted(format!("the shop describes {} as no product can be", item.sku)))
        }
        None => Ok(()),
    }
}
