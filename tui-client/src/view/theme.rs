//! The few styles there are. A colour only ever repeats what a word or a sign says already, so
//! that nothing is lost where there are no colours.

use ratatui::style::{Color, Modifier, Style};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    /// As <https://no-color.org> asks: any non-empty `NO_COLOR` means none.
    pub fn from_no_color(no_color: Option<&str>) -> Self {
        Self { colour: no_color.is_none_or(str::is_empty) }
    }

    pub fn plain(self) -> Style {
        Style::new()
    }

    pub fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    pub fn bad(self) -> Style {
        self.coloured(Color::Red)
    }

    pub fn careful(self) -> Style {
        self.coloured(Color::Yellow)
    }

    fn coloured(self, colour: Color) -> Style {
        if self.colour { self.strong().fg(colour) } else { self.strong() }
    }
}
