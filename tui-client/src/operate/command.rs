//! The command line of the dashboard.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::operator::client::Place;
use kessai_shared::operator::seller;
use kessai_shared::time::Timestamp;
use kessai_shared::writer::Clock;

use super::{Daemons, Places, PlacesArgs, lines};
use crate::config::{self, Flags};
use crate::dashboard::Model;
use crate::dashboard::told::{Teller, When};
use crate::runtime::run_program;
use crate::script::command::{MannerArgs, nobody_outside};
use crate::terminal::{self, panics};

/// What to watch. Without any place, the seller whose data folder is in the user's own.
#[derive(Args)]
pub struct DashboardArgs {
    #[command(flatten)]
    at: PlacesArgs,
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
    /// Play a script: the same dashboard, with keys from a file instead of an operator.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plain", "on_change", "json", "config"])]
    script: Option<PathBuf>,
    #[command(flatten)]
    manner: MannerArgs,
    #[command(flatten)]
    flags: Flags,
}

/// Watches until the operator leaves.
///
/// # Errors
/// [`Failure`] when the terminal is unsuitable, on a signal, and after a panic. A daemon that cannot be
/// reached is no failure: it is shown as that, and tried again.
pub async fn run(args: &DashboardArgs) -> Result<u8, Failure> {
    if let Some(script) = &args.script {
        let ready = args.manner.clone().ready(script, args.flags.alone())?;
        let (places, folder) = (args.places()?, log_folder()?);
        ready.play_dashboard(places, args.readonly, &folder, &mut nobody_outside).await?;
        return Ok(OK);
    }
    let config = args.flags.load()?;
    let by_lines = args.plain || args.on_change || args.json || config.plain || terminal::is_dumb();
    if !by_lines {
        terminal::check()?;
    }
    let places = args.places()?;
    let watched = places.watched();
    panics::log_into(&log_folder()?);
    let daemons = Arc::new(Daemons::new(places, args.readonly));
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

    fn places(&self) -> Result<Places, Failure> {
        if self.at.seller_pin.is_some() && self.at.seller_at.is_none() {
            return Err(Failure::usage("--seller-pin says who is at --seller-at, which is missing"));
        }
        match self.at.places() {
            Places { seller: None, settlement: None } => {
                let own = console::data_folder(None, seller::DAEMON.program)?;
                Ok(Places { seller: Some(Place::Here(own)), settlement: None })
            }
            places => Ok(places),
        }
    }
}

/// Where panics are written down.
fn log_folder() -> Result<PathBuf, Failure> {
    match config::state_folder() {
        Some(folder) => Ok(folder),
        None => console::data_folder(None, "kessai"),
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
