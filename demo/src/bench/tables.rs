//! The accounts and products of a bench: as many as are wanted, all in good standing and in stock, so
//! that every purchase is approved. A row is known by its number, so the load needs no table.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use kessai_shared::card::{BadCard, CardNumber, HolderName, Particulars};
use kessai_shared::ids::{BadId, Customer, Sku};
use kessai_shared::storefront::Line;
use kessai_shared::time::{Day, YearMonth};
use kessai_tui_client::cards::PayingCard;

/// Most rows of one table, as many as an import takes.
pub const MAX_ROWS: u64 = 5_000_000;
/// Lines of one purchase.
pub const LINES: u64 = 3;
/// What an account may owe, in pence: no run comes near it.
const LIMIT_PENCE: u64 = 900_000_000_000;
/// Pieces of each product: no run sells so many.
const STOCK: u64 = 1_000_000_000;
/// What all cards begin with; the digits are in no issuer's range.
const NUMBER_START: &str = "999999";
const BIRTH_DATE: &str = "1980-01-02";
const EXPIRY: &str = "2090-06";
/// Multiplying by it spreads numbers in a row over the whole range (Knuth, TAOCP 6.4).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Categories of the shop.
const CATEGORIES: u64 = 20;

/// Writes the accounts as `import-accounts` reads them.
///
/// # Errors
/// When the file cannot be written.
pub fn write_accounts(path: &Path, count: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let columns =
        "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history,status";
    writeln!(file, "{columns}")?;
    for at in 0..count {
        let (number, name) = (number(at), name(at));
        writeln!(file, "{number},{name},{BIRTH_DATE},{EXPIRY},{LIMIT_PENCE},0,0,0;0;0;0;0,normal")?;
    }
    file.flush()
}

/// Writes the products as `import-products` reads them.
///
/// # Errors
/// When the file cannot be written.
pub fn write_products(path: &Path, count: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "sku,name,unit_price_pence,stock,category")?;
    for at in 0..count {
        let (price, category) = (100 + at % 1_000, at % CATEGORIES);
        writeln!(file, "{},PRODUCT {at} OF A BENCH,{price},{STOCK},Category {category}", sku(at))?;
    }
    file.flush()
}

/// What a terminal knows of the accounts and products of a shop.
pub struct Counter {
    accounts: u64,
    products: u64,
    birth_date: Day,
    expiry: YearMonth,
}

/// What one purchase is made of.
pub struct Basket {
    pub customer: Customer,
    pub lines: Vec<Line>,
    pub card: PayingCard,
}

impl Counter {
    /// The tables of so many accounts and products.
    ///
    /// # Errors
    /// Never for any number; the text only says what could not be read.
    pub fn new(accounts: u64, products: u64) -> Result<Self, String> {
        let birth_date = BIRTH_DATE.parse().map_err(|error| format!("{BIRTH_DATE}: {error}"))?;
        let expiry = EXPIRY.parse().map_err(|error| format!("{EXPIRY}: {error}"))?;
        Ok(Self { accounts, products, birth_date, expiry })
    }

    /// The purchase with this number: its card, its customer and its products are spread over all.
    ///
    /// # Errors
    /// As [`Counter::new`].
    pub fn basket(&self, nth: u64) -> Result<Basket, String> {
        let spread = nth.wrapping_mul(SPREAD) >> 24;
        let account = spread % self.accounts;
        let bad = |error: BadCard| error.to_string();
        let card = Particulars {
            number: CardNumber::try_from(number(account)).map_err(bad)?,
            name: HolderName::try_from(name(account)).map_err(bad)?,
            birth_date: self.birth_date,
            expiry: self.expiry,
        };
        // Neighbours of a product that is anywhere, so that no purchase lists one twice.
        let lines = (0..LINES).map(|next| {
            let sku = Sku::new(&sku((spread / 7 + next) % self.products))?;
            Ok(Line { sku, quantity: 1 })
        });
        let bad = |error: BadId| error.to_string();
        Ok(Basket {
            customer: Customer::new(&format!("c{account}")).map_err(bad)?,
            lines: lines.collect::<Result<_, _>>().map_err(bad)?,
            card: card.into(),
        })
    }
}

/// The card number of an account, with its check digit (ISO/IEC 7812-1 annex B).
fn number(account: u64) -> String {
    let mut number = String::with_capacity(16);
    number.push_str(NUMBER_START);
    let digits = format!("{account:09}");
    number.push_str(&digits);
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let values = number.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values.enumerate().map(|(at, d)| if at % 2 == 0 { doubled(d) } else { d }).sum();
    number.extend(char::from_digit((10 - sum % 10) % 10, 10));
    number
}

fn name(account: u64) -> String {
    format!("HOLDER {account:07}")
}

fn sku(product: u64) -> String {
    format!("B{product:07}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_basket_is_of_the_tables() {
        let folder = tempfile::tempdir().expect("a folder");
        let (accounts, products) = (folder.path().join("accounts"), folder.path().join("products"));
        write_accounts(&accounts, 300).expect("accounts");
        write_products(&products, 40).expect("products");
        let text = std::fs::read_to_string(&accounts).expect("accounts");
        let known: HashSet<&str> = text.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
        let listed = kessai_server::import::products(&products).expect("products").table.rows;
        let listed: HashSet<_> = listed.into_iter().map(|listing| listing.sku).collect();
        let counter = Counter::new(300, 40).expect("a counter");
        let (mut cards, mut skus) = (HashSet::new(), HashSet::new());
        for nth in 0..5_000 {
            let basket = counter.basket(nth).expect("a basket");
            let number = &basket.card.card.number;
            assert!(number.passes_luhn() && known.contains(number.digits()));
            let own: HashSet<_> = basket.lines.iter().map(|line| line.sku).collect();
            assert_eq!(own.len(), LINES as usize, "a product twice in one purchase");
            assert!(own.is_subset(&listed));
            cards.insert(number.digits().to_owned());
            skus.extend(own);
        }
        assert_eq!((cards.len(), skus.len()), (300, 40), "some are never bought with, or never bought");
    }
}
