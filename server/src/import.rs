//! Products from a table: one product a row, with a description and a picture where the table has them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use kessai_shared::ids::Sku;
use kessai_shared::money::{MAX_AMOUNT, Minor};
use kessai_shared::picture::PictureName;
use kessai_shared::storefront::{MAX_CATEGORIES, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES};
use kessai_shared::table::{self, Row, Table, TableError};

use crate::pictures;

const COLUMNS: [&str; 7] =
    ["sku", "name", "unit_price_pence", "stock", "category?", "description?", "picture?"];
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
    /// `None` when the table has no such column, and so says nothing of it.
    pub description: Option<String>,
    /// As for the description; `Some(None)` is a product without a picture.
    pub picture: Option<Option<PictureName>>,
}

/// The products of a table, and where each picture that they name was found.
#[derive(Debug)]
pub struct Products {
    pub table: Table<Listing>,
    pub pictures: BTreeMap<PictureName, PathBuf>,
}

/// Reads the products of a file. The paths of pictures are taken from where the file is.
///
/// # Errors
/// [`TableError`] with every bad row; then nothing of the file counts.
pub fn products(path: &Path) -> Result<Products, TableError> {
    let mut seen: HashMap<Sku, u64> = HashMap::new();
    let mut categories: BTreeSet<String> = BTreeSet::new();
    let mut gallery = Gallery { folder: path.parent().unwrap_or(Path::new("")), named: HashMap::new() };
    let table = table::read(path, &COLUMNS, |row| {
        let listing = listing(row, &mut gallery)?;
        categories.insert(listing.category.clone());
        if categories.len() > MAX_CATEGORIES {
            row.bad("category", "at most 500 different categories in one shop");
        }
        if let Some(first) = seen.insert(listing.sku, row.line()) {
            row.bad("sku", &format!("every SKU once, but line {first} has it too"));
        }
        Some(listing)
    })?;
    let found = gallery.named.into_iter().filter_map(|(path, name)| Some((name.ok()?, path)));
    Ok(Products { table, pictures: found.collect() })
}

fn listing(row: &mut Row<'_>, gallery: &mut Gallery<'_>) -> Option<Listing> {
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
    let description = if row.has("description") { Some(description(row)) } else { None };
    let picture = if row.has("picture") { Some(gallery.picture(row)) } else { None };
    Some(Listing {
        sku: sku.ok()?,
        name: name?,
        category: category?,
        unit_price: Minor(unit_price?),
        stock: stock?,
        description: description.map_or(Some(None), |description| description.map(Some))?,
        picture: picture.map_or(Some(None), |picture| picture.map(Some))?,
    })
}

fn text(row: &mut Row<'_>, column: &str) -> Option<String> {
    let text = row.text(column).to_owned();
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        row.bad(column, "at most 120 bytes and no control characters");
        return None;
    }
    Some(text)
}

fn description(row: &mut Row<'_>) -> Option<String> {
    // Tables from elsewhere end their lines in two characters.
    let text = row.text("description").replace("\r\n", "\n").trim_end().to_owned();
    if text.len() > MAX_DESCRIPTION_BYTES || text.chars().any(|c| c.is_control() && c != '\n') {
        let most = MAX_DESCRIPTION_BYTES;
        row.bad("description", &format!("at most {most} bytes, and no control characters but line breaks"));
        return None;
    }
    Some(text)
}

/// The pictures that a table has named so far; each is read once, however many products share it.
struct Gallery<'a> {
    folder: &'a Path,
    named: HashMap<PathBuf, Result<PictureName, String>>,
}

impl Gallery<'_> {
    /// The picture of a row, or that it has none; `None` when it is a bad one.
    fn picture(&mut self, row: &mut Row<'_>) -> Option<Option<PictureName>> {
        let text = row.text("picture");
        if text.is_empty() {
            return Some(None);
        }
        // A table that came from elsewhere must not publish what lies outside of its own folder.
        let inside = Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            row.bad("picture", "a path inside the folder of the table, without ..");
            return None;
        }
        let path = self.folder.join(text);
        let name = self.named.entry(path).or_insert_with_key(|path| pictures::name_of(path));
        match name {
            Ok(name) => Some(Some(*name)),
            Err(expected) => {
                row.bad("picture", expected);
                None
            }
        }
    }
}
