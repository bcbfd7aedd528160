//! The product that is looked at by itself.

use kessai_shared::storefront::Item;

use super::Quantity;

pub struct Product {
    /// As the shop told it last.
    pub item: Item,
    pub quantity: Quantity,
    /// How many rows of its description are above the window.
    pub top: u16,
}
