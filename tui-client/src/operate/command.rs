//! The command line of the dashboard.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::operator::client::Place;
use kessai_shared::operator::seller;
use kessai_shared::pin::Pin;
use kessai_shared::time::Timestamp;
use kessai_shared::writer::Clock;

use super::{Daemons, lines};
use crate::config::{self, Flags};
use crate::dashboard::told::{Teller, When};
use crate::dashboard::{Daemon, Model};
use crate::reconcile::books::Side;
use crate::runtime::run_program;
use crate::terminal::{self, panics};

/// What to watch. Without any place, the seller whose data folder is in the user's own.
#[derive(Args)]
pub struct DashboardArgs {
    /// The data folder of the seller on this machine.
    #[arg(long, value_name = "DIR", conflicts_with = "seller_at")]
    seller_data: Option<PathBuf>,
    /// Where a seller on another machine listens for operators.
    #[arg(long, value_name = "ADDRESS", requires = "seller_pin", requires = "seller_key")]
    seller_at: Option<SocketAddr>,
    /// The pin of that seller.
    #[arg(long, value_name = "PIN", requires = "seller_at")]
    seller_pin: Option<Pin>,
    /// The file with the operator's key for the seller.
    #[arg(long, value_name = "FILE", requires = "seller_at")]
    seller_key: Option<PathBuf>,
    /// The data folder of the settlement on this machine.
    #[arg(long, value_name = "DIR", conflicts_with = "settlement_at")]
    settlement_data: Option<PathBuf>,
    /// Where a settlement on another machine listens for operators.
    #[arg(long, value_name = "ADDRESS", requires = "settlement_pin", requires = "settlement_key")]
    settlement_at: Option<SocketAddr>,
    /// The pin of that settlement.
    #[arg(long, value_name = "PIN", requires = "settlement_at")]
    settlement_pin: Option<Pin>,
    /// The file with the operator's key for the settlement.
    #[arg(long, value_name = "FILE", requires = "settlement_at")]
    settlement_key: Option<PathBuf>,
    /// The file with what is knocked with on that settlement, as its `knock-key` writes it.
    #[arg(long, value_name = "FILE", requires = "settlement_at")]
    settlement_knock_key: Option<PathBuf>,
    /// Send nothing that changes anything.
    #[arg(long)]
    readonly: bool,
    /// Tell by lines instead of on a screen: one each second.
    #[arg(long)]
    plain: bool,
    /// By lines, and only when a daemon stands otherwise than before.
    #[arg(long)]
    on_change: bool,
    /// By lines for programs: a JSON object each.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Watches until the operator leaves.
///
/// # Errors
/// [`Failure`] when the terminal is unsuitable, on a signal, and after a panic. A daemon that cannot be
/// reached is no failure: it is shown as that, and tried again.
pub async fn run(args: &DashboardArgs) -> Result<u8, Failure> {
    let config = args.flags.load()?;
    let by_lines = args.plain || args.on_change || args.json || config.plain || terminal::is_dumb();
    if !by_lines {
        terminal::check()?;
    }
    let (seller, settlement) = args.places()?;
    let watched: Vec<Daemon> = [(Daemon::Seller, &seller), (Daemon::Settlement, &settlement)]
        .into_iter()
        .filter_map(|(daemon, place)| place.as_ref().map(|_| daemon))
        .collect();
    let folder = match config::state_folder() {
        Some(folder) => folder,
        None => console::data_folder(None, "kessai")?,
    };
    panics::log_into(&folder);
    let daemons = Arc::new(Daemons::new(seller, settlement, args.readonly));
    let (settings, readonly) = (config.settings, args.readonly);
    let make = move |size, now| Model::new(settings, &watched, readonly, size, now);
    let ended = if by_lines {
        let when = if args.on_change { When::OnChange } else { When::EachSecond };
        let teller = Teller::new(when, args.json);
        lines::run(daemons.perform(), Box::new(make), steady_clock(), teller).await
    } else {
        run_program(daemons.perform(), std::future::pending(), Box::new(make), steady_clock()).await
    };
    daemons.leave().await;
    ended.map(|()| OK)
}

impl DashboardArgs {
    /// # Errors
    /// As [`run`].
    pub async fn run(&self) -> Result<u8, Failure> {
        run(self).await
    }

    fn places(&self) -> Result<(Option<Place>, Option<Place>), Failure> {
        let seller = Side {
            data: self.seller_data.clone(),
            at: self.seller_at,
            pin: self.seller_pin,
            key: self.seller_key.clone(),
            knock_key: None,
        };
        let settlement = Side {
            data: self.settlement_data.clone(),
            at: self.settlement_at,
            pin: self.settlement_pin,
            key: self.settlement_key.clone(),
            knock_key: self.settlement_knock_key.clone(),
        };
        match (seller.place(), settlement.place()) {
            (None, None) => {
                let own = console::data_folder(None, seller::DAEMON.program)?;
                Ok((Some(Place::Here(own)), None))
            }
            places => Ok(places),
        }
    }
}

/// A clock that begins with the system's and never jumps: ages must be right while somebody sets the time.
fn steady_clock() -> Clock {
    let (begun, at) = (Instant::now(), Timestamp::from_system_clock());
    Arc::new(move || {
        let passed = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        Timestamp(at.0.saturating_add(passed))
    })
}
