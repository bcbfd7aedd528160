//! So many purchases outstanding all the time: whenever one ends, the next begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use super::tables::Counter;
use super::tally::Tally;
use super::till::Till;

/// Starts the loop; its tasks end by themselves when the clock has stopped.
pub fn start(
    tills: &[Arc<Till>],
    counter: &Arc<Counter>,
    tally: &Arc<Tally>,
    outstanding: u32,
) -> JoinSet<Result<(), String>> {
    let numbers = Arc::new(AtomicU64::new(0));
    let mut buyers = JoinSet::new();
    for till in tills.iter().cycle().take(outstanding as usize) {
        let (till, counter, tally) = (Arc::clone(till), Arc::clone(counter), Arc::clone(tally));
        let numbers = Arc::clone(&numbers);
        buyers.spawn(async move {
            while Instant::now() < tally.window().ends {
                let nth = numbers.fetch_add(1, Ordering::Relaxed);
                tally.closed(till.buy(&counter, nth).await?);
            }
            Ok(())
        });
    }
    buyers
}
