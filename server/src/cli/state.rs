//! How the seller is, and who is connected to it.

use clap::Args;
use kessai_shared::columns::or_dash;
use kessai_shared::console::{FAILED, Failure, OK};
use kessai_shared::exchange::TurnedAway;
use kessai_shared::operator::print;
use kessai_shared::operator::reach::Reach;
use kessai_shared::operator::seller::{LinkHealth, LinkState, Reply, Request};

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
    let answers = if status.settlement_up { "answers" } else { "does not answer" };
    println!("settlement {answers}; the link is {}", state(&status.link));
    println!("clearing   batch {} is open", or_dash(status.open_batch));
    let TurnedAway { asked_again, paced, full, stalled, idle, slow } = status.turned_away;
    println!("strangers  {asked_again} asked for their address, {paced} too fast, {full} refused");
    println!("           {stalled} handshakes given up, {idle} idle and {slow} slow connections closed");
    status.nodes.lines().iter().for_each(|line| println!("{line}"));
    print::backups(status.backups.as_ref());
    if status.behind {
        println!(
            "ALARM      these books are an older copy and catch up from the settlement's; nothing is sold"
        );
    }
    if status.recovered > 0 {
        let recovered = status.recovered;
        println!("recovered  {recovered} orders from the settlement's books; see orders recovered");
    }
    if let Some(batch) = status.disputed_batch {
        println!(
            "ALARM      batch {batch} differs from the settlement's books, no new order is taken; run kessai reconcile"
        );
    }
    Ok(OK)
}

/// Tells how the link to the settlement is: exit code 1 when it is not up.
///
/// # Errors
/// [`Failure`] when the seller cannot be asked.
pub fn link(asked: &Asked) -> Result<u8, Failure> {
    let link = match asked.reach.ask(SELLER, &Request::Link)? {
        Reply::Link(link) => *link,
        reply => return Err(unexpected(reply)),
    };
    if asked.json {
        println!("{}", serde_json::to_string(&link)?);
    } else {
        print_link(&link);
    }
    Ok(if link.state == LinkState::Up { OK } else { FAILED })
}

fn print_link(link: &LinkHealth) {
    let seconds = |millis: u64| format!("{}.{} s", millis / 1_000, millis % 1_000 / 100);
    let millis = |micros: u64| format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10);
    let others = link.addresses.iter().filter(|address| Some(**address) != link.address);
    let others: Vec<String> = others.map(ToString::to_string).collect();
    let round_trips = link.round_trip_us.zip(link.best_round_trip_us);
    let round_trips = round_trips.map(|(now, best)| format!("{} now, {} at best", millis(now), millis(best)));
    println!("link       {}", state(link));
    println!("address    {}", or_dash(link.address));
    if !others.is_empty() {
        println!("others     {}", others.join(", "));
    }
    println!("round trip {}", or_dash(round_trips));
    println!("packets    {} sent, {} lost", link.packets_sent, link.packets_lost);
    println!(
        "echo       {}",
        link.last_echo_ms.map_or("none yet".to_owned(), |ms| format!("{} ago", seconds(ms)))
    );
    println!("connected  {} times in {} attempts", link.connections, link.attempts);
    println!("messages   {} wait for an answer, {} for the link", link.in_flight, link.waiting);
    println!("last error {}", or_dash(link.last_error.as_deref()));
}

/// Such as `closed-network, up for 12 s`.
fn state(link: &LinkHealth) -> String {
    let LinkHealth { kind, state, for_ms, .. } = link;
    format!("{kind}, {state} for {} s", for_ms / 1_000)
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
