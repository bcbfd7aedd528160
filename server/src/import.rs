//! Products from a table: one product a row.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use kessai_shared::ids::Sku;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::table::{self, Row, Table, TableError};

const COLUMNS: [&str; 5] = ["sku", "name", "unit_price_pence", "stock", "category?"];
/// Longest product name and category, in bytes.
const MAX_NAME_BYTES: usize = 120;
/// Most categories of one shop: all of them are told to every terminal that comes in.
const MAX_CATEGORIES: usize = 500;
/// Most pieces of one product.
const MAX_STOCK: u64 = 1_000_000_000;

/// A product as a table lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub sku: Sku,
    pub name: String,
    pub category: String,
    pub unit_price: Minor,
    pub stock: u64,
}

/// Reads the products of a file.
///
/// # Errors
/// [`TableError`] with every bad row; then nothing of the file counts.
pub fn products(path: &Path) -> Result<Table<Listing>, TableError> {
    let mut seen: HashMap<Sku, u64> = HashMap::new();
    let mut categories: BTreeSet<String> = BTreeSet::new();
    table::read(path, &COLUMNS, |row| {
        let listing = listing(row)?;
        categories.insert(listing.category.clone());
        if categories.len() > MAX_CATEGORIES {
            row.bad("category", "at most 500 different categories in one shop");
        }
        if let Some(first) = seen.insert(listing.sku, row.line()) {
            row.bad("sku", &format!("every SKU once, but line {first} has it too"));
        }
        Some(listing)
    })
}

fn listing(row: &mut Row<'_>) -> Option<Listing> {
    // Every field is looked at before the first bad one ends the row, so that all are reported.
    let sku = Sku::new(row.text("sku"));
    if sku.is_err() {
        row.bad("sku", "1 to 40 bytes, no space at the ends");
    }
    let name = text(row, "name");
    let category = text(row, "category");
    let price = "a whole number of pence, 0 or more";
    let unit_price = row.get_where("unit_price_pence", price, |p: &i64| (0..=MAX_AMOUNT).contains(p));
    let stock = row.get_where("stock", "a whole number of pieces, 0 or more", |s: &u64| *s <= MAX_STOCK);
    let (name, category) = (name?, category?);
    Some(Listing { sku: sku.ok()?, name, category, unit_price: Minor(unit_price?), stock: stock? })
}

fn text(row: &mut Row<'_>, column: &str) -> Option<String> {
    let text = row.text(column).to_owned();
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        row.bad(column, "at most 120 bytes and no control characters");
        return None;
    }
    Some(text)
}
