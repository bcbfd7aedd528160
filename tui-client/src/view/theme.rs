//! The few styles there are. A colour only ever repeats what a word or a sign says already, so
//! that nothing is lost where there are no colours.

mod colours;

use ratatui::style::{Color, Modifier, Style};

use crate::app::settings::{Background, Colour, Depth, Settings, ThemeName};
use colours::{CONTRAST, Colours, DARK, LIGHT, Rgb};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// `None` leaves every colour to the terminal, but for the few that all of them have.
    colours: Option<&'static Colours>,
    depth: Depth,
    colour: bool,
}

impl Theme {
    pub fn of(settings: &Settings) -> Self {
        let colour = settings.colour == Colour::Some;
        let named = match (settings.theme, settings.background) {
            (ThemeName::Dark, _) | (ThemeName::Auto, Some(Background::Dark)) => Some(&DARK),
            (ThemeName::Light, _) | (ThemeName::Auto, Some(Background::Light)) => Some(&LIGHT),
            (ThemeName::Contrast, _) => Some(&CONTRAST),
            (ThemeName::Terminal, _) | (ThemeName::Auto, None) => None,
        };
        let colours = named.filter(|_| colour && settings.depth != Depth::Sixteen);
        Self { colours, depth: settings.depth, colour }
    }

    pub fn plain(self) -> Style {
        self.pair(|c| (c.text, c.back)).unwrap_or_default()
    }

    /// What is there to be found, and not to be read first.
    pub fn dim(self) -> Style {
        // Fainter is not readable enough where the theme promises that it is.
        self.on(|c| c.dim).unwrap_or(Style::new().add_modifier(Modifier::DIM))
    }

    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What the eye should find: headings and keys.
    pub fn accent(self) -> Style {
        self.coloured(|c| c.accent, Color::Cyan)
    }

    pub fn selected(self) -> Style {
        let own = self.pair(|c| (c.selected, c.selected_back));
        own.map_or(Style::new().add_modifier(Modifier::REVERSED), |own| own.add_modifier(Modifier::BOLD))
    }

    /// A colour of a picture, as near to it as the terminal comes.
    pub fn shade(self, red: u8, green: u8, blue: u8) -> Color {
        Rgb(red, green, blue).at(self.depth)
    }

    /// The bars above and below.
    pub fn bar(self) -> Style {
        self.pair(|c| (c.text, c.bar)).unwrap_or_default()
    }

    /// Lines that only divide.
    pub fn line(self) -> Style {
        self.on(|c| c.line).unwrap_or(Style::new().add_modifier(Modifier::DIM))
    }

    pub fn good(self) -> Style {
        self.coloured(|c| c.good, Color::Green)
    }

    pub fn bad(self) -> Style {
        self.coloured(|c| c.bad, Color::Red)
    }

    pub fn careful(self) -> Style {
        self.coloured(|c| c.careful, Color::Yellow)
    }

    fn coloured(self, own: impl Fn(&Colours) -> Rgb, terminals: Color) -> Style {
        let bold = self.strong();
        let fallback = if self.colour { bold.fg(terminals) } else { bold };
        self.on(own).map_or(fallback, |own| own.add_modifier(Modifier::BOLD))
    }

    fn on(self, colour: impl Fn(&Colours) -> Rgb) -> Option<Style> {
        self.colours.map(|colours| Style::new().fg(colour(colours).at(self.depth)))
    }

    fn pair(self, colours: impl Fn(&Colours) -> (Rgb, Rgb)) -> Option<Style> {
        let (text, back) = colours(self.colours?);
        Some(Style::new().fg(text.at(self.depth)).bg(back.at(self.depth)))
    }
}
