//! `kessai script`: the command line of a script, here and wherever else one is played.

use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::Failure;

use super::read::{Script, parse_size};
use super::{Manner, MovedClock, Scene, play};
use crate::app::model::Size;
use crate::app::settings::Colour;
use crate::app::{Model, Settings};
use crate::cards::LabelledCard;
use crate::home::Home;
use crate::runtime::at_shop;
use crate::shop::{Shop, ShopError};
use crate::shop_file::ShopFile;
use crate::terminal::{self, panics};
use crate::words::Lang;
use kessai_shared::net::RealNet;

/// How a script is played, as a command line says it.
#[derive(Args)]
pub struct ScriptArgs {
    /// The script: one command a line.
    file: PathBuf,
    /// Show it on the screen, as slowly as people read.
    #[arg(long)]
    at_reading_speed: bool,
    /// Write a recording (asciicast v2), timed as at reading speed.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The size of the window, unless it is shown on the screen.
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "80x24", value_parser = parse_size)]
    size: Size,
    /// The language of the app.
    #[arg(long, value_name = "en|ja", default_value = "en", value_parser = language)]
    lang: Lang,
    /// Make the ids of orders and returns from this number, the same in every run. Only for a demo shop that
    /// is new each time: at a shop that knows them already, the old orders are found under them.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Write the snapshots anew instead of comparing them.
    #[arg(long)]
    update: bool,
}

/// The shop a script is played at, and who plays the shopper.
pub struct At {
    pub shop: ShopFile,
    pub home: Home,
    pub cards: Vec<LabelledCard>,
}

impl ScriptArgs {
    /// Whether there is such a script and a screen for it, before anything is opened for it.
    ///
    /// # Errors
    /// As [`Script::read`] and [`terminal::check`].
    pub fn check(&self) -> Result<(), Failure> {
        Script::read(&self.file)?;
        if self.at_reading_speed { terminal::check() } else { Ok(()) }
    }

    /// Plays it. What the app cannot do itself is asked of `outside`.
    ///
    /// # Errors
    /// As [`play`].
    pub async fn play(
        self,
        at: At,
        outside: &mut dyn FnMut(&str) -> Result<(), String>,
    ) -> Result<(), Failure> {
        self.check()?;
        let script = Script::read(&self.file)?;
        let size = if self.at_reading_speed { window()? } else { self.size };
        let (clock, patience) = (MovedClock::default(), script.patience);
        let At { shop, home, cards } = at;
        panics::log_into(home.path());
        let home = match self.seed {
            Some(seed) => home.with_seed(seed),
            None => home,
        };
        let shop_clock = clock.clock();
        let open = move || -> Result<Shop, ShopError> {
            let shop = Shop::new(shop, home, &RealNet::default(), shop_clock)?;
            Ok(patience.map_or(shop.clone(), |patience| shop.patient_for(patience)))
        };
        let (perform, failing) = at_shop(open);
        let colour = Colour::from_no_color(std::env::var("NO_COLOR").ok().as_deref());
        // Nothing of the shopper's own settings: a script plays the same everywhere.
        let settings = Settings { lang: self.lang, colour, ..Settings::default() };
        let model = Model::new(settings, cards, size, clock.now());
        let Self { at_reading_speed, record, update, .. } = self;
        let manner = Manner { size, at_reading_speed, record, update };
        play(&script, manner, Scene { model, perform, clock, outside }, failing).await
    }
}

/// Without a harness there is nobody outside.
///
/// # Errors
/// Always, with what to do.
pub fn nobody_outside(name: &str) -> Result<(), String> {
    Err(format!("nobody here can do {name:?}; play this script with: kessai-demo script"))
}

fn window() -> Result<Size, Failure> {
    let (columns, rows) = crossterm::terminal::size().map_err(Failure::failed)?;
    Ok(Size { columns, rows })
}

fn language(code: &str) -> Result<Lang, String> {
    let known = Lang::ALL.into_iter().find(|lang| lang.code() == code);
    known.ok_or_else(|| format!("expected en or ja; found {code:?}"))
}
