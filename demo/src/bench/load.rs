//! The load as a process of its own: it shops as terminals do, and tells what it found. It is started
//! by the bench and speaks to it in lines: `begun`, `over`, and then what it found as JSON.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::console::{self, Failure, OK};
use kessai_tui_client::shop_file::ShopFile;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use super::counted_net::{CountedNet, WireBytes};
use super::tables::Counter;
use super::tally::{Counts, Tally, Window};
use super::till::Till;
use super::{closed_loop, floor, inquiries, open_loop};

/// What the load says when its clock starts, and when it stops.
pub const BEGUN: &str = "begun";
pub const OVER: &str = "over";

/// What the process is to do; it comes as one argument, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Task {
    Buy(Plan),
    Inquire(inquiries::Plan),
    Floor(floor::Plan),
}

/// What a load of purchases is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The shop's file, and the folder of the terminals' keys.
    pub shop: PathBuf,
    pub homes: PathBuf,
    pub connections: u32,
    pub accounts: u64,
    pub products: u64,
    pub warm_up: Duration,
    pub length: Duration,
    pub pace: Pace,
}

/// How purchases come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pace {
    /// So many outstanding at all times.
    Closed { outstanding: u32 },
    /// So many a second whatever is outstanding, up to a limit.
    Open { rate: f64, most: u32 },
}

impl Pace {
    /// How many purchases may be outstanding.
    pub fn most(self) -> u32 {
        match self {
            Pace::Closed { outstanding } => outstanding,
            Pace::Open { most, .. } => most,
        }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pace::Closed { outstanding } => write!(f, "{outstanding} outstanding"),
            Pace::Open { rate, most } => write!(f, "{rate} a second, at most {most} outstanding"),
        }
    }
}

/// What the load found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub counts: Counts,
    /// Everything that went over the open wire, handshakes and warm-up too.
    pub wire: WireBytes,
}

/// Runs a load and says what it found.
///
/// # Errors
/// [`Failure`] at the first purchase that does not end as it should.
pub fn run(task: &str) -> Result<u8, Failure> {
    let task: Task = serde_json::from_str(task).map_err(Failure::usage)?;
    let runtime = console::runtime()?;
    let end = runtime.block_on(async {
        let parent_gone = console::stop_request(true)?;
        tokio::select! {
            end = carry_out(task) => end,
            () = parent_gone => Err(Failure::failed("stopped")),
        }
    });
    // A thread that reads standard input cannot be waited for.
    runtime.shutdown_background();
    println!("{}", end?);
    Ok(OK)
}

/// Does what is asked and gives what was found, as JSON.
async fn carry_out(task: Task) -> Result<String, Failure> {
    Ok(match task {
        Task::Buy(plan) => serde_json::to_string(&buy(plan).await?)?,
        Task::Inquire(plan) => serde_json::to_string(&inquiries::ask_all(&plan).await?)?,
        Task::Floor(plan) => serde_json::to_string(&floor::measure(&plan).await?)?,
    })
}

async fn buy(plan: Plan) -> Result<Found, Failure> {
    let net = CountedNet::default();
    let file = ShopFile::read(&plan.shop)?;
    let mut tills = Vec::new();
    for at in 0..plan.connections {
        let till = Till::open(file.clone(), &plan.homes.join(format!("terminal-{at}")), &net).await?;
        tills.push(Arc::new(till));
    }
    let counter = Arc::new(Counter::new(plan.accounts, plan.products).map_err(Failure::failed)?);
    let tally = Arc::new(Tally::new(Window::after(plan.warm_up, plan.length)));
    let mut buyers = match plan.pace {
        Pace::Closed { outstanding } => closed_loop::start(&tills, &counter, &tally, outstanding),
        Pace::Open { rate, most } => open_loop::start(&tills, &counter, &tally, rate, most)?,
    };
    let window = tally.window();
    let mut signs = [(window.starts, BEGUN), (window.ends, OVER)].into_iter().peekable();
    loop {
        let next = signs.peek().copied();
        let clock = async {
            match next {
                Some((at, _)) => sleep_until(Instant::from_std(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = clock => signs.next().into_iter().for_each(|(_, sign)| println!("{sign}")),
            ended = buyers.join_next() => match ended {
                Some(ended) => ended?.map_err(|why| Failure::failed(format!("a purchase: {why}")))?,
                // The clock has run out before the last of them ended, so both signs are due.
                None if next.is_none() => break,
                None => clock_out(&mut signs).await,
            },
        }
    }
    for till in &tills {
        till.leave().await;
    }
    Ok(Found { counts: tally.counts(), wire: net.bytes() })
}

/// Gives the signs that are left, each at its time.
async fn clock_out(signs: &mut impl Iterator<Item = (std::time::Instant, &'static str)>) {
    for (at, sign) in signs {
        sleep_until(Instant::from_std(at)).await;
        println!("{sign}");
    }
}
