//! `kessai-demo script`: a script at a shop of its own, which is opened for it and knows how to go wrong.

use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::{Failure, OK};
use kessai_tui_client::home::Home;
use kessai_tui_client::script::command::{At, ScriptArgs};
use kessai_tui_client::{cards, runtime};
use rustix::process::{Pid, Signal, kill_process};

use crate::house::{House, Plan};
use crate::sample::Sample;

#[derive(Args)]
pub struct Script {
    #[command(flatten)]
    script: ScriptArgs,
}

/// Plays a script at the sample shop, in a folder of its own unless one is named.
///
/// # Errors
/// [`Failure`] as the script's, and when the shop does not open.
pub async fn run(data: Option<PathBuf>, script: Script) -> Result<u8, Failure> {
    script.script.check()?;
    let own = tempfile::tempdir()?;
    let data = data.unwrap_or_else(|| own.path().to_owned());
    let sample = Sample::write(&data.join("sample"))?;
    let plan = Plan {
        data: data.clone(),
        products: sample.products,
        cardholders: sample.accounts,
        listen: None,
        quiet: true,
        verbose: false,
        on_line: false,
        standby: false,
    };
    let mut house = runtime::stoppable(House::open(plan)).await?;
    let at = At {
        shop: house.shop.clone(),
        home: Home::new(data.join("terminal")),
        cards: cards::load(&sample.cards)?,
    };
    let daemons = Daemons(house.pids());
    let mut outside = |name: &str| daemons.fault(name);
    let end = tokio::select! {
        end = script.script.play(at, &mut outside) => end,
        failure = house.watch() => Err(failure),
    };
    // Whoever is still halted would not hear that the shop closes.
    daemons.go_on();
    house.close().await;
    end.map(|()| OK)
}

/// The processes of seller and settlement.
struct Daemons([Option<u32>; 2]);

impl Daemons {
    /// Does what a script asks of the outside: it halts a daemon, so that nobody answers any more, or lets it
    /// go on.
    fn fault(&self, name: &str) -> Result<(), String> {
        let [seller, settlement] = self.0;
        let (pid, signal) = match name {
            "halt-seller" => (seller, Signal::STOP),
            "halt-settlement" => (settlement, Signal::STOP),
            "go-on-seller" => (seller, Signal::CONT),
            "go-on-settlement" => (settlement, Signal::CONT),
            unknown => {
                return Err(format!(
                    "nobody outside can do {unknown:?}: only halt-seller, go-on-seller, halt-settlement and \
                     go-on-settlement"
                ));
            }
        };
        send(pid, signal).map_err(|error| format!("{name}: {error}"))
    }

    fn go_on(&self) {
        for pid in self.0 {
            // One that has ended needs nothing.
            let _ = send(pid, Signal::CONT);
        }
    }
}

fn send(pid: Option<u32>, signal: Signal) -> std::io::Result<()> {
    let pid = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let pid = pid.ok_or_else(|| std::io::Error::other("there is no such process"))?;
    Ok(kill_process(pid, signal)?)
}
