//! How this shopper wants the terminal to be. Values only: where they come from stands in `config.rs`.

use super::keymap::Keymap;
use crate::dashboard;
use crate::words::Lang;

#[derive(Clone, Default)]
pub struct Settings {
    pub lang: Lang,
    pub theme: ThemeName,
    /// How many colours the terminal can show.
    pub depth: Depth,
    /// What the terminal's own background is, once that is known.
    pub background: Option<Background>,
    /// Signs and lines of ASCII only.
    pub ascii: bool,
    /// Nothing moves by itself.
    pub still: bool,
    /// Clicks and the wheel are listened to, and the terminal does not mark text with them.
    pub mouse: bool,
    pub colour: Colour,
    pub pictures: Pictures,
    pub keys: Keymap,
    pub dashboard_keys: dashboard::keymap::Keymap,
}

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// The colours that the terminal itself has: right on a dark screen and on a light one.
    #[default]
    Terminal,
    /// [`Dark`](Self::Dark) or [`Light`](Self::Light), as the terminal's background is, and
    /// [`Terminal`](Self::Terminal) as long as nobody knows.
    Auto,
    Dark,
    Light,
    /// Black, white, and the fewest and strongest colours.
    Contrast,
}

impl ThemeName {
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Auto, Self::Dark, Self::Light, Self::Contrast];

    /// Its name in the configuration file and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
        }
    }
}

/// How many colours a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Sixteen, and nobody knows which: only its own theme is right there.
    Sixteen,
    /// The 256 of xterm: a cube of 6 steps a colour, and 24 greys.
    Cube,
    /// Any, in 8 bits for red, green and blue.
    #[default]
    Full,
}

/// What is behind the text of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
}

/// How the pictures of products are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// As pixels where the terminal is known to take them, else as half blocks.
    #[default]
    Auto,
    /// Two colours in each cell: right in every terminal with colours.
    HalfBlocks,
    Kitty,
    Sixel,
    Iterm2,
    None,
}

impl Pictures {
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::HalfBlocks, Self::Kitty, Self::Sixel, Self::Iterm2, Self::None];

    /// Its name in the configuration file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::HalfBlocks => "blocks",
            Self::Kitty => "kitty",
            Self::Sixel => "sixel",
            Self::Iterm2 => "iterm2",
            Self::None => "never",
        }
    }
}

/// Whether there are colours at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    #[default]
    Some,
    /// As <https://no-color.org> asks.
    None,
}

impl Colour {
    /// Any `NO_COLOR` that is not empty means none.
    pub fn from_no_color(no_color: Option<&str>) -> Self {
        if no_color.is_none_or(str::is_empty) { Colour::Some } else { Colour::None }
    }
}

impl Settings {
    pub fn has_colours(&self) -> bool {
        self.colour != Colour::None
    }

    /// Whether it would help to know what the terminal's background is.
    pub fn wants_background(&self) -> bool {
        self.theme == ThemeName::Auto
            && self.background.is_none()
            && self.colour == Colour::Some
            && self.depth != Depth::Sixteen
    }
}
