//! The shopper's configuration: a file, the environment and the command line, read once at the start. The
//! command line goes before the file, and the file before what the environment suggests.

pub mod commands;
mod file;
mod manual;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kessai_shared::config::ConfigError;
use kessai_shared::console::Failure;

use crate::app::Settings;
use crate::app::settings::{Background, Colour, Depth, ThemeName};
use crate::words::Lang;
use file::Wishes;

/// Everything that a shopper can set, and where each value came from.
#[derive(Default)]
pub struct Config {
    pub settings: Settings,
    /// Lines instead of screens.
    pub plain: bool,
    /// The file of the shop to open when none is named.
    pub shop: Option<PathBuf>,
    /// The table of cards to pay with when none is named.
    pub cards: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File,
    /// The variable of the environment with this name.
    Environment(&'static str),
    Flag,
}

/// What the command line says of how the terminal should be.
#[derive(Args, Clone, Default)]
pub struct Flags {
    /// The configuration file [default: kessai/config.toml in the user's configuration folder].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The language to speak: en, ja, or auto for that of the environment.
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<LangChoice>,
    /// The colours: terminal, auto, dark, light or contrast.
    #[arg(long, value_name = "THEME")]
    pub theme: Option<ThemeChoice>,
    /// Signs and lines of ASCII only.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub ascii: Option<bool>,
    /// Listen to clicks and to the wheel. No click pays.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub mouse: Option<bool>,
    /// Nothing moves by itself.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub reduced_motion: Option<bool>,
}

/// A language, or the environment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LangChoice {
    Auto,
    En,
    Ja,
}

/// A theme as the command line names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeChoice {
    Terminal,
    Auto,
    Dark,
    Light,
    Contrast,
}

impl Flags {
    /// Reads the configuration that is in force with these flags.
    ///
    /// # Errors
    /// [`Failure`] with a line for each mistake in the file.
    pub fn load(&self) -> Result<Config, Failure> {
        self.load_with(&|name| std::env::var(name).ok())
    }

    /// What these flags alone say, with nothing of the user's own file and of the environment but its `NO_COLOR`:
    /// so is what plays the same everywhere.
    pub fn alone(&self) -> Settings {
        let var = |name: &str| if name == "NO_COLOR" { std::env::var(name).ok() } else { None };
        let settings = Config::of(self, Wishes::default(), &var).settings;
        Settings { depth: Depth::default(), ..settings }
    }

    fn load_with(&self, var: &dyn Fn(&str) -> Option<String>) -> Result<Config, Failure> {
        let wishes = match (&self.config, default_file()) {
            // A file that was named has to be there; the usual one need not be.
            (Some(named), _) => Wishes::need(named),
            (None, Some(usual)) => Wishes::read(&usual),
            (None, None) => Ok(Wishes::default()),
        };
        Ok(Config::of(self, wishes.map_err(Failure::usage)?, var))
    }
}

/// The usual place of the configuration file: `$XDG_CONFIG_HOME/kessai/config.toml`. `None` without a home.
pub fn default_file() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "kessai")?;
    Some(folders.config_dir().join("config.toml"))
}

/// Where logs go: `$XDG_STATE_HOME/kessai`, where there is such a place.
pub fn state_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "kessai")?;
    folders.state_dir().map(Path::to_owned)
}

/// All mistakes of a configuration file.
///
/// # Errors
/// [`ConfigError`] with a line for each.
pub fn check(file: &Path) -> Result<(), ConfigError> {
    Wishes::need(file).map(drop)
}

impl Config {
    /// What is in force: the flags, else the wishes of the file, else what the environment suggests.
    fn of(flags: &Flags, wishes: Wishes, var: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut config = Self::default();
        let mut origins = BTreeMap::new();
        let mut choose = |key: &'static str, flag: bool, file: bool| {
            let origin = match (flag, file) {
                (true, _) => Origin::Flag,
                (false, true) => Origin::File,
                (false, false) => Origin::Default,
            };
            origins.insert(key, origin);
        };
        choose("language", flags.lang.is_some(), wishes.language.is_some());
        choose("theme", flags.theme.is_some(), wishes.theme.is_some());
        choose("ascii", flags.ascii.is_some(), wishes.ascii.is_some());
        choose("mouse", flags.mouse.is_some(), wishes.mouse.is_some());
        choose("reduced_motion", flags.reduced_motion.is_some(), wishes.reduced_motion.is_some());
        choose("colour", false, wishes.colour.is_some());
        choose("pictures", false, wishes.pictures.is_some());
        choose("plain", false, wishes.plain.is_some());
        choose("shop", false, wishes.shop.is_some());
        choose("cards", false, wishes.cards.is_some());
        choose("keys", false, wishes.rebinds);
        choose("dashboard_keys", false, wishes.rebinds_dashboard);
        let settings = &mut config.settings;
        let choice = flags.lang.or(wishes.language).unwrap_or(LangChoice::Auto);
        settings.lang = match choice {
            LangChoice::En => Lang::English,
            LangChoice::Ja => Lang::Japanese,
            LangChoice::Auto => {
                let (lang, variable) = language(var);
                origins.extend(variable.map(|name| ("language", Origin::Environment(name))));
                lang
            }
        };
        settings.theme = flags.theme.or(wishes.theme).unwrap_or(ThemeChoice::Auto).theme();
        settings.ascii = flags.ascii.or(wishes.ascii).unwrap_or_default();
        settings.mouse = flags.mouse.or(wishes.mouse).unwrap_or_default();
        settings.still = flags.reduced_motion.or(wishes.reduced_motion).unwrap_or_default();
        settings.colour = wishes.colour.unwrap_or_default();
        if Colour::from_no_color(var("NO_COLOR").as_deref()) == Colour::None {
            settings.colour = Colour::None;
            origins.insert("colour", Origin::Environment("NO_COLOR"));
        }
        settings.pictures = wishes.pictures.unwrap_or_default();
        settings.keys = wishes.keys;
        settings.dashboard_keys = wishes.dashboard_keys;
        settings.depth = depth(var);
        settings.background = background(var);
        Self {
            plain: wishes.plain.unwrap_or_default(),
            shop: wishes.shop,
            cards: wishes.cards,
            origins,
            ..config
        }
    }

    /// Where the value of this key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).copied().unwrap_or(Origin::Default)
    }
}

impl ThemeChoice {
    fn theme(self) -> ThemeName {
        match self {
            ThemeChoice::Terminal => ThemeName::Terminal,
            ThemeChoice::Auto => ThemeName::Auto,
            ThemeChoice::Dark => ThemeName::Dark,
            ThemeChoice::Light => ThemeName::Light,
            ThemeChoice::Contrast => ThemeName::Contrast,
        }
    }
}

/// The language of the environment: the first of these variables that says anything decides (POSIX.1-2024,
/// Base Definitions 8.2).
fn language(var: &dyn Fn(&str) -> Option<String>) -> (Lang, Option<&'static str>) {
    for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        if let Some(locale) = var(name).filter(|locale| !locale.is_empty()) {
            let code = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
            let lang = if code.eq_ignore_ascii_case("ja") { Lang::Japanese } else { Lang::English };
            return (lang, Some(name));
        }
    }
    (Lang::English, None)
}

/// How many colours the terminal says that it has.
fn depth(var: &dyn Fn(&str) -> Option<String>) -> Depth {
    /// Terminals whose names do not tell that they have 256 colours and more.
    const CAPABLE: [&str; 6] = ["kitty", "alacritty", "foot", "ghostty", "wezterm", "rio"];
    let (colorterm, term) = (var("COLORTERM").unwrap_or_default(), var("TERM").unwrap_or_default());
    if matches!(colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
        return Depth::Full;
    }
    let many = term.contains("256color") || CAPABLE.iter().any(|name| term.contains(name));
    if many { Depth::Cube } else { Depth::Sixteen }
}

/// The background that some terminals tell in `COLORFGBG`, as in `15;0`: the number of a colour of sixteen.
fn background(var: &dyn Fn(&str) -> Option<String>) -> Option<Background> {
    let colours = var("COLORFGBG")?;
    let number: u8 = colours.rsplit(';').next()?.parse().ok()?;
    match number {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _unknown => None,
    }
}

#[cfg(test)]
mod tests;
