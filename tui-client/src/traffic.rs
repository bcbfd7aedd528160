//! Trade that really happened, as a table of order lines, and the cards it was paid with.

use std::collections::HashMap;
use std::path::Path;

use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::ids::{Customer, Sku};
use kessai_shared::storefront::{Line, MAX_QUANTITY};
use kessai_shared::table::{self, TableError};

const COLUMNS: [&str; 7] = ["sequence", "kind", "reference", "customer", "card_number", "sku", "quantity"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Order,
    Return,
}

/// One order or one return, of one customer.
#[derive(Clone)]
pub struct Trade {
    pub sequence: u64,
    pub kind: Kind,
    pub reference: String,
    pub customer: Customer,
    pub card: CardNumber,
    pub lines: Vec<Line>,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Order => "order",
            Kind::Return => "return",
        }
    }
}

/// Reads trade; rows with one sequence number are one order or return.
///
/// # Errors
/// [`TableError`] with every bad row.
pub fn trades(path: &Path) -> Result<Vec<Trade>, TableError> {
    let table = table::read(path, &COLUMNS, |row| {
        let sequence = row.get::<u64>("sequence", "a whole number");
        let kind = match row.text("kind") {
            "order" => Some(Kind::Order),
            "return" => Some(Kind::Return),
            _ => None,
        };
        if kind.is_none() {
            row.bad("kind", "order or return");
        }
        let customer = Customer::new(row.text("customer"));
        if customer.is_err() {
            row.bad("customer", "at most 40 bytes");
        }
        let sku = Sku::new(row.text("sku"));
        if sku.is_err() {
            row.bad("sku", "1 to 40 bytes, no space at the ends");
        }
        let card = row.get::<CardNumber>("card_number", "12 to 19 digits");
        let pieces = |quantity: &u32| (1..=MAX_QUANTITY).contains(quantity);
        let quantity = row.get_where("quantity", "a whole number from 1 to 1000000", pieces);
        let reference = row.text("reference").to_owned();
        let lines = vec![Line { sku: sku.ok()?, quantity: quantity? }];
        let (customer, card) = (customer.ok()?, card?);
        Some(Trade { sequence: sequence?, kind: kind?, reference, customer, card, lines })
    })?;
    let mut trades: Vec<Trade> = Vec::new();
    for row in table.rows {
        match trades.last_mut() {
            Some(last) if last.sequence == row.sequence => last.lines.extend(row.lines),
            Some(_) | None => trades.push(row),
        }
    }
    trades.sort_by_key(|trade| trade.sequence);
    Ok(trades)
}

/// The cards of a file by their numbers.
///
/// # Errors
/// [`TableError`] with every bad row.
pub fn cards(path: &Path) -> Result<HashMap<String, Particulars>, TableError> {
    let cards = crate::cards::load(path)?;
    Ok(cards
        .into_iter()
        .map(|card| card.paying.card)
        .map(|card| (card.number.digits().to_owned(), card))
        .collect())
}
