//! `kessai script`: the command line of a script, here and wherever else one is played.

use std::path::{Path, PathBuf};

use clap::Args;
use kessai_shared::console::Failure;
use kessai_shared::net::RealNet;

use super::read::{Kind, Script, parse_size};
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

/// Does what a script wants of the world outside, or says why not.
pub type AskOutside<'a> = &'a mut dyn FnMut(&str) -> Result<(), String>;

/// How a script is played, as a command line says it. The script itself is the argument `script` of whatever
/// has these flags.
#[derive(Args, Clone)]
pub struct MannerArgs {
    /// Show it on the screen, as slowly as people read.
    #[arg(long, requires = "script")]
    at_reading_speed: bool,
    /// Write a recording (asciicast v2), timed as at reading speed.
    #[arg(long, value_name = "FILE", requires = "script")]
    record: Option<PathBuf>,
    /// The size of the script's window, unless it is shown on the screen.
    #[arg(
        long,
        value_name = "COLUMNSxROWS",
        default_value = "80x24",
        value_parser = parse_size,
        requires = "script"
    )]
    size: Size,
    /// Write the script's snapshots anew instead of comparing them.
    #[arg(long, requires = "script")]
    update: bool,
}

/// A script and how it is played.
#[derive(Args)]
pub struct ScriptArgs {
    /// The script: one command a line.
    #[arg(value_name = "FILE")]
    script: PathBuf,
    #[command(flatten)]
    manner: MannerArgs,
    /// The language of the app.
    #[arg(long, value_name = "en|ja", default_value = "en", value_parser = language)]
    lang: Lang,
    /// Make the ids of orders and returns from this number, the same in every run. Only for a demo shop that
    /// is new each time: at a shop that knows them already, the old orders are found under them.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// A script that can be played: it was read, and there is a screen for it.
pub struct Ready {
    pub script: Script,
    pub manner: Manner,
    pub settings: Settings,
}

/// The shop a script is played at, and who plays the shopper.
pub struct At {
    pub shop: ShopFile,
    pub home: Home,
    pub cards: Vec<LabelledCard>,
}

impl MannerArgs {
    /// Reads the script that is to be played so, before anything is opened for it.
    ///
    /// # Errors
    /// As [`Script::read`] and [`terminal::check`].
    pub fn ready(self, script: &Path, settings: Settings) -> Result<Ready, Failure> {
        let script = Script::read(script)?;
        let Self { at_reading_speed, record, size, update } = self;
        if at_reading_speed {
            terminal::check()?;
        }
        let size = if at_reading_speed { window()? } else { size };
        Ok(Ready { script, manner: Manner { size, at_reading_speed, record, update }, settings })
    }
}

impl ScriptArgs {
    /// As [`MannerArgs::ready`].
    ///
    /// # Errors
    /// As that.
    pub fn ready(&self) -> Result<Ready, Failure> {
        let colour = Colour::from_no_color(std::env::var("NO_COLOR").ok().as_deref());
        // Nothing of the shopper's own settings: a script plays the same everywhere.
        let settings = Settings { lang: self.lang, colour, ..Settings::default() };
        self.manner.clone().ready(&self.script, settings)
    }

    /// The terminal's folder, with ids from the seed where one is named.
    pub fn seeded(&self, home: Home) -> Home {
        match self.seed {
            Some(seed) => home.with_seed(seed),
            None => home,
        }
    }
}

impl Ready {
    /// Plays it at a shop. What the app cannot do itself is asked of `outside`.
    ///
    /// # Errors
    /// As [`play`], and when it is no script of a shop.
    pub async fn play_shop(self, at: At, outside: AskOutside<'_>) -> Result<(), Failure> {
        let Self { script, manner, settings } = self;
        script.must_be(Kind::Shop)?;
        let (clock, patience) = (MovedClock::default(), script.patience);
        let At { shop, home, cards } = at;
        panics::log_into(home.path());
        let shop_clock = clock.clock();
        let open = move || -> Result<Shop, ShopError> {
            let shop = Shop::new(shop, home, &RealNet::default(), shop_clock)?;
            Ok(patience.map_or(shop.clone(), |patience| shop.patient_for(patience)))
        };
        let (perform, failing) = at_shop(open);
        let model = Model::new(settings, cards, manner.size, clock.now());
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
