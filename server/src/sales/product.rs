//! What the shop sells.

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::picture::PictureName;
use serde::{Deserialize, Serialize};

use super::stock::Stock;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub sku: Sku,
    pub name: String,
    pub category: String,
    pub unit_price: Minor,
    pub stock: Stock,
}

/// What the shop says of a product besides its name. It is a row of its own, because the row of the product
/// is written anew with every piece that moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// At most [`kessai_shared::storefront::MAX_DESCRIPTION_BYTES`]; may have line breaks.
    pub description: String,
    /// The picture itself is a file beside the books.
    pub picture: Option<PictureName>,
}
