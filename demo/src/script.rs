//! `kessai-demo script`: a script at a shop of its own, which is opened for it and knows how to go wrong.

mod outside;
mod shoppers;

use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::{Failure, OK};
use kessai_shared::operator::client::Place;
use kessai_tui_client::home::Home;
use kessai_tui_client::operate::Places;
use kessai_tui_client::script::Kind;
use kessai_tui_client::script::command::{At, ScriptArgs};
use kessai_tui_client::{cards, runtime};

use crate::house::{House, Plan};
use crate::sample::Sample;
use outside::Outside;
use shoppers::Shoppers;

#[derive(Args)]
pub struct Script {
    #[command(flatten)]
    script: ScriptArgs,
}

/// Plays a script at the sample shop, in a folder of its own unless one is named: as a shopper, or as an
/// operator of both daemons.
///
/// # Errors
/// [`Failure`] as the script's, and when the shop does not open.
pub async fn run(data: Option<PathBuf>, script: Script) -> Result<u8, Failure> {
    let ready = script.script.ready()?;
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
    let (shop, cards) = (house.shop.clone(), cards::load(&sample.cards)?);
    let shoppers = Shoppers::new(shop.clone(), data.join("shoppers"), cards.clone(), script.script.seed);
    let mut outside = Outside { daemons: house.pids(), shoppers };
    let (folder, mut ask) = (data.join("terminal"), |name: &str| outside.ask(name));
    let play = async {
        match ready.script.kind {
            Kind::Shop => {
                let home = script.script.seeded(Home::new(folder));
                ready.play_shop(At { shop, home, cards }, &mut ask).await
            }
            Kind::Dashboard => {
                let place = |name: &str| Some(Place::Here(data.join(name)));
                let places = Places { seller: place("seller"), settlement: place("settlement") };
                ready.play_dashboard(places, false, &folder, &mut ask).await
            }
        }
    };
    let end = tokio::select! {
        end = play => end,
        failure = house.watch() => Err(failure),
    };
    // Whoever is still halted would not hear that the shop closes.
    outside.go_on();
    drop(outside);
    house.close().await;
    end.map(|()| OK)
}
