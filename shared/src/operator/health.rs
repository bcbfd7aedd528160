//! Whether a daemon is well, for whoever looks after many: one second of it is asked for, and judged.
//!
//! It is well when its operators' endpoint answers, its writer answers in time, it is in charge or follows the
//! node that is, the settlement can be spoken to (of a seller), and nothing urgent is on. What is not urgent is
//! told and does not make it unwell.

use std::time::Duration;

use clap::Args;
use tokio::time::timeout;

use super::client::{Daemon, Operator};
use super::live::{Alarm, Beat, Second, Watched};
use super::nodes::Nodes;
use super::reach::Reach;
use crate::console::{self, FAILED, Failure, OK};
use crate::measure::Gauge;

/// How long a daemon has for all of it: to be reached, and to tell one second.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a daemon is asked for its health.
#[derive(Args)]
pub struct Health {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Health {
    /// Asks, and tells in one line: exit code 0 when the daemon is well, and 1 when it is not.
    ///
    /// # Errors
    /// [`Failure`] when there is no way to ask, such as no runtime; a daemon that does not answer is unwell.
    pub fn run<S: Watched>(&self, daemon: Daemon, nodes: fn(&S) -> &Nodes) -> Result<u8, Failure> {
        let place = self.reach.place(daemon)?;
        let asking = async {
            let operator = Operator::reach(daemon, &place).await?;
            let (_, mut watch) = operator.watch::<S>().await?;
            let beat = watch.next().await;
            operator.leave().await;
            beat
        };
        let asked = console::runtime()?.block_on(async { timeout(PATIENCE, asking).await });
        let (ills, alarms) = match asked {
            Ok(Ok(Beat { second, status, alarms })) => {
                (ills(&second, status.as_deref().map(nodes), &alarms), alarms)
            }
            Ok(Err(failure)) => (vec![failure.line], Vec::new()),
            Err(_) => (
                vec![format!("the {} does not answer within {} s", daemon.word, PATIENCE.as_secs())],
                Vec::new(),
            ),
        };
        self.tell(&ills, &alarms)
    }

    fn tell(&self, ills: &[String], alarms: &[Alarm]) -> Result<u8, Failure> {
        let well = ills.is_empty();
        if self.json {
            println!("{}", serde_json::json!({ "well": well, "why": ills, "alarms": alarms }));
        } else if !well {
            println!("not well: {}", ills.join("; "));
        } else if alarms.is_empty() {
            println!("well");
        } else {
            let lines: Vec<&str> = alarms.iter().map(|alarm| alarm.line.as_str()).collect();
            println!("well, with alarms: {}", lines.join("; "));
        }
        Ok(if well { OK } else { FAILED })
    }
}

/// What makes a daemon unwell, each in a line.
pub fn ills(second: &Second, nodes: Option<&Nodes>, alarms: &[Alarm]) -> Vec<String> {
    let gauge = |of: Gauge| second.gauges.iter().find(|(gauge, _)| *gauge == of).map(|(_, value)| *value);
    let mut ills = Vec::new();
    match nodes {
        None => ills.push("its writer does not answer".to_owned()),
        Some(Nodes { in_charge: true, .. }) => {}
        Some(Nodes { follows: None, .. }) => ills.push("it is not in charge, and follows nobody".to_owned()),
        Some(Nodes { follows: Some(follows), .. }) => {
            if !follows.connected {
                ills.push("it does not reach the node that it follows".to_owned());
            }
            ills.extend(follows.problem.clone());
        }
    }
    if gauge(Gauge::LinkUp) == Some(0) {
        ills.push("the settlement cannot be spoken to".to_owned());
    }
    ills.extend(alarms.iter().filter(|alarm| alarm.urgent).map(|alarm| alarm.line.clone()));
    ills
}
