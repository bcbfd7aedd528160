//! How commands print what both daemons tell alike.

use serde_json::{Value, json};

use super::{MAX_ROWS, Peers};
use crate::columns::Columns;
use crate::time::Timestamp;

/// An instant for programs: microseconds since the Unix epoch, beside what people read.
pub fn instant(at: Timestamp) -> Value {
    json!({ "micros": at.0, "utc": at.to_string() })
}

/// Prints who is connected.
pub fn peers(peers: &Peers, json: bool) {
    if json {
        let peer = |peer: &super::Peer| {
            json!({
                "endpoint": peer.endpoint.name(),
                "pin": peer.pin.to_string(),
                "address": peer.address.to_string(),
                "seconds": peer.seconds,
            })
        };
        let rows: Vec<Value> = peers.peers.iter().map(peer).collect();
        let totals: serde_json::Map<String, Value> =
            peers.totals.iter().map(|(endpoint, total)| (endpoint.name().to_owned(), json!(total))).collect();
        println!("{}", json!({ "peers": rows, "totals": totals }));
        return;
    }
    let mut table = Columns::new(&["endpoint", "key", "address", ">connected for"]);
    for peer in &peers.peers {
        let lasted = span(peer.seconds);
        table.row([peer.endpoint.name().to_owned(), peer.pin.to_string(), peer.address.to_string(), lasted]);
    }
    print!("{table}");
    for (endpoint, total) in peers.totals.iter().filter(|(_, total)| *total > u64::from(MAX_ROWS)) {
        println!(
            "{total} connections at the {} endpoint, of which the {MAX_ROWS} oldest are shown",
            endpoint.name()
        );
    }
}

/// A span of time in its two largest units.
fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}
