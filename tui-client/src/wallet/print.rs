//! What a wallet shows of its cards: never more of a number than its last four digits.

use serde_json::{Value, json};

use super::{Entry, Wallet};
use crate::view::text;

/// Hexadecimal digits of an issuer's root that a list shows.
const ROOT_DIGITS: usize = 8;

/// One line for each card; a star marks the default.
pub fn lines(wallet: &Wallet) -> Vec<String> {
    let label = |entry: &Entry| text::clean(&entry.label);
    let wide = wallet.entries().iter().map(|entry| text::width(&label(entry))).max().unwrap_or(0);
    let line = |entry: &Entry| {
        let star = if is_default(wallet, entry) { '*' } else { ' ' };
        let (label, number) = (text::left(&label(entry), wide), entry.card.number.masked());
        let mut line = format!("{star} {label}  {number}  {}", entry.card.expiry);
        if let Some(root) = entry.issuer_root {
            line.push_str(&format!("  issuer {}", &root.to_string()[..ROOT_DIGITS]));
        }
        if entry.holder.is_some() {
            line.push_str("  key");
        }
        line
    };
    wallet.entries().iter().map(|entry| line(entry)).collect()
}

pub fn json(wallet: &Wallet) -> Value {
    let card = |entry: &Entry| {
        json!({
            "label": entry.label,
            "number": entry.card.number.masked(),
            "expiry": entry.card.expiry.to_string(),
            "issuer_root": entry.issuer_root.map(|root| root.to_string()),
            "holder_key": entry.holder.is_some(),
            "default": is_default(wallet, entry),
        })
    };
    wallet.entries().iter().map(|entry| card(entry)).collect()
}

fn is_default(wallet: &Wallet, entry: &Entry) -> bool {
    wallet.default_label() == Some(entry.label.as_str())
}
