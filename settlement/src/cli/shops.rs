//! Which node is in charge of each shop.

use clap::Args;
use kessai_shared::columns::or_dash;
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::settlement::{Reply, Request};
use kessai_shared::operator::{MAX_ROWS, shops::ShopRow};
use kessai_shared::settlement::Mode;
use serde_json::{Value, json};

use super::state::unexpected;
use crate::operator_wire::SETTLEMENT;

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Lists every shop that a node was ever put in charge of.
///
/// # Errors
/// [`Failure`] when the settlement cannot be asked.
pub fn shops(asked: &Asked) -> Result<u8, Failure> {
    let mut all: Vec<ShopRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.seller);
        let page = match asked.reach.ask(SETTLEMENT, &Request::Shops { after, limit: MAX_ROWS })? {
            Reply::Shops(page) => page,
            reply => return Err(unexpected(reply)),
        };
        all.extend(page.rows);
        if page.next.is_none() {
            break;
        }
    }
    if asked.json {
        let rows: Vec<Value> = all.iter().map(as_json).collect();
        println!("{}", json!({ "shops": rows }));
        return Ok(OK);
    }
    for row in &all {
        let heard = or_dash(row.heard_ms.map(|ms| format!("{ms} ms ago")));
        println!("shop   {}", row.seller);
        println!("       epoch {}, node {}, {}", row.epoch, row.node, row.mode.name());
        println!("       since {}, journal at least {} records, heard {heard}", row.since, row.position);
    }
    if all.is_empty() {
        println!("no shop has a node in charge yet");
    }
    Ok(OK)
}

/// Ids as they are written everywhere else.
fn as_json(row: &ShopRow) -> Value {
    let standby = match row.mode {
        Mode::Sync { standby } => Some(standby.to_string()),
        Mode::Alone | Mode::Async => None,
    };
    json!({
        "seller": row.seller.to_string(),
        "epoch": row.epoch,
        "node": row.node.to_string(),
        "mode": row.mode.name(),
        "standby": standby,
        "position": row.position,
        "since": row.since.to_string(),
        "heard_ms": row.heard_ms,
    })
}
