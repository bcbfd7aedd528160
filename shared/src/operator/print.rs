//! How commands print what both daemons tell alike.

use serde_json::{Value, json};

use super::{MAX_ROWS, Page, Peers};
use crate::backup::schedule::{Failed, Last, Progress};
use crate::columns::Columns;
use crate::console::Failure;
use crate::time::Timestamp;

/// An instant for programs: microseconds since the Unix epoch, beside what people read.
pub fn instant(at: Timestamp) -> Value {
    json!({ "micros": at.0, "utc": at.to_string() })
}

/// Prints how the backups are doing that a daemon makes by itself; nothing where it makes none.
pub fn backups(progress: Option<&Progress>) {
    let Some(Progress { every_seconds, last, failed }) = progress else { return };
    match last {
        Some(Last { nth, at, position, .. }) => {
            println!(
                "backups    the last is {nth} of {at}, up to record {position}, every {every_seconds} s"
            );
        }
        None => println!("backups    none yet, one every {every_seconds} s"),
    }
    if let Some(Failed { at, why }) = failed {
        println!("ALARM      the backup of {at} failed: {why}");
    }
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

/// The word of a state: `PartiallyRefunded` is `partially_refunded`. What a state holds is left away.
pub fn word(state: impl std::fmt::Debug) -> String {
    let name = format!("{state:?}");
    let mut word = String::with_capacity(name.len() + 4);
    for (at, c) in name.chars().take_while(char::is_ascii_alphanumeric).enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// How many rows a command asks for that was told `--limit`.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Limit {
    /// How many rows to print at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

impl Limit {
    /// How many rows to ask for next, with so many there; `None` when there are enough.
    pub fn next(self, rows: usize) -> Option<u16> {
        let left = usize::try_from(self.limit).unwrap_or(usize::MAX).saturating_sub(rows);
        let left = u16::try_from(left).unwrap_or(MAX_ROWS).min(MAX_ROWS);
        (left > 0).then_some(left)
    }

    /// Asks for pages behind `from` until there are enough rows, or no more of them: the rows, and where
    /// the next begin.
    ///
    /// # Errors
    /// The first that asking for a page gives.
    pub async fn gather<Row, Cursor: Clone>(
        self,
        from: Option<Cursor>,
        page: impl AsyncFn(Option<Cursor>, u16) -> Result<Page<Row, Cursor>, Failure>,
    ) -> Result<(Vec<Row>, Option<Cursor>), Failure> {
        let (mut rows, mut next) = (Vec::new(), from);
        while let Some(limit) = self.next(rows.len()) {
            let found = page(next.clone(), limit).await?;
            rows.extend(found.rows);
            next = found.next;
            if next.is_none() {
                break;
            }
        }
        Ok((rows, next))
    }
}

/// Prints what comes behind a list that was cut short.
pub fn more(flag: &str, next: Option<impl std::fmt::Display>) {
    if let Some(next) = next {
        println!("more: {flag} {next}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storefront::PaymentState;

    #[test]
    fn states_have_the_words_of_the_design() {
        assert_eq!(word(PaymentState::PartiallyRefunded), "partially_refunded");
        assert_eq!(word(Some("content")), "some");
    }

    #[test]
    fn a_limit_is_asked_for_in_pages() {
        let limit = Limit { limit: 450 };
        assert_eq!(
            [0, 200, 400, 449, 450, 900].map(|rows| limit.next(rows)),
            [Some(200), Some(200), Some(50), Some(1), None, None]
        );
    }

    #[test]
    fn a_span_has_its_two_largest_units() {
        let spans = [(59, "59 s"), (61, "1 min 1 s"), (3_700, "1 h 1 min"), (90_000, "1 d 1 h")];
        spans.into_iter().for_each(|(seconds, text)| assert_eq!(span(seconds), text));
    }
}
