//! Purchases that arrive when they are due, whatever is still unanswered. The time of each counts from
//! when it was due, so a queue shows in the figures instead of slowing the arrivals down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::tables::Counter;
use super::tally::Tally;
use super::till::Till;

/// Later than this after its time a purchase counts as a late start.
const LATE: Duration = Duration::from_millis(1);

/// Starts the loop at `rate` purchases a second, at most `most` of them outstanding. Those that are
/// due beyond wait, and what has not begun when the clock stops is given up.
///
/// # Errors
/// When the thread of the schedule cannot be started.
pub fn start(
    tills: &[Arc<Till>],
    counter: &Arc<Counter>,
    tally: &Arc<Tally>,
    rate: f64,
    most: u32,
) -> std::io::Result<JoinSet<Result<(), String>>> {
    let due = schedule(rate, tally.window().ends)?;
    let mut buyers = JoinSet::new();
    buyers.spawn(begin_each(due, tills.to_vec(), Arc::clone(counter), Arc::clone(tally), most));
    Ok(buyers)
}

/// Tells when each purchase is due, as it is. A thread of its own, because the timers of the runtime
/// are a millisecond wide, which is longer than a purchase takes.
fn schedule(rate: f64, until: Instant) -> std::io::Result<mpsc::UnboundedReceiver<Instant>> {
    let (tell, due) = mpsc::unbounded_channel();
    let begun = Instant::now();
    std::thread::Builder::new().name("schedule".to_owned()).spawn(move || {
        for nth in 0_u64.. {
            let at = begun + Duration::from_secs_f64(nth as f64 / rate);
            if at >= until {
                break;
            }
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            // Nobody listens any more when the load has failed.
            if tell.send(at).is_err() {
                break;
            }
        }
    })?;
    Ok(due)
}

async fn begin_each(
    mut due: mpsc::UnboundedReceiver<Instant>,
    tills: Vec<Arc<Till>>,
    counter: Arc<Counter>,
    tally: Arc<Tally>,
    most: u32,
) -> Result<(), String> {
    let room = Arc::new(Semaphore::new(most as usize));
    let mut buying = JoinSet::new();
    let mut nth = 0;
    while let Some(scheduled) = due.recv().await {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        if Instant::now() >= tally.window().ends {
            tally.give_up(scheduled);
            continue;
        }
        if scheduled.elapsed() > LATE {
            tally.late(scheduled);
        }
        let till = Arc::clone(&tills[nth as usize % tills.len()]);
        let (counter, tally) = (Arc::clone(&counter), Arc::clone(&tally));
        buying.spawn(async move {
            let _place = place;
            let waited = scheduled.elapsed();
            let times = till.buy(&counter, nth).await?;
            tally.open(scheduled, waited, times);
            Ok::<(), String>(())
        });
        nth += 1;
        // Those that have ended are looked at as they do: the first that failed ends the run.
        while let Some(ended) = buying.try_join_next() {
            ended.map_err(|error| error.to_string())??;
        }
    }
    while let Some(ended) = buying.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    Ok(())
}
