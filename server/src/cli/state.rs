//! How the seller is, and who is connected to it.

use clap::Args;
use kessai_shared::columns::or_dash;
use kessai_shared::console::{Failure, OK};
use kessai_shared::exchange::TurnedAway;
use kessai_shared::operator::print;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{Reply, Request};

use super::unexpected;
use crate::operator::SELLER;

#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Tells how the seller is.
///
/// # Errors
/// [`Failure`] when it cannot be asked.
pub fn status(asked: &Asked) -> Result<u8, Failure> {
    let status = match asked.reach.ask(SELLER, &Request::Status)? {
        Reply::Status(status) => status,
        reply => return Err(unexpected(reply)),
    };
    if asked.json {
        println!("{}", serde_json::to_string(&status)?);
        return Ok(OK);
    }
    println!("seller     {} {}, process {}", status.shop, status.version, status.pid);
    println!("products   {}", status.products);
    println!("orders     {}, {} pending, {} unknown", status.orders, status.pending, status.unknown);
    println!("errands    {} orders wait for the settlement", status.errands);
    println!("settlement {}", if status.settlement_up { "answers" } else { "does not answer" });
    println!("clearing   batch {} is open", or_dash(status.open_batch));
    let TurnedAway { asked_again, paced, full, stalled, idle, slow } = status.turned_away;
    println!("strangers  {asked_again} asked for their address, {paced} too fast, {full} refused");
    println!("           {stalled} handshakes given up, {idle} idle and {slow} slow connections closed");
    if let Some(batch) = status.disputed_batch {
        println!(
            "ALARM      batch {batch} differs from the settlement's books, no new order is taken; run kessai reconcile"
        );
    }
    Ok(OK)
}

/// Tells who is connected.
///
/// # Errors
/// [`Failure`] when it cannot be asked.
pub fn peers(asked: &Asked) -> Result<u8, Failure> {
    match asked.reach.ask(SELLER, &Request::Peers)? {
        Reply::Peers(peers) => print::peers(&peers, asked.json),
        reply => return Err(unexpected(reply)),
    }
    Ok(OK)
}
