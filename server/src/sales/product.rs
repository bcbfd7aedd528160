//! What the shop sells.

use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
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
