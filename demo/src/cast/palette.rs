//! The colours of the pictures: a dark window, as most terminals have.

use vt100::Color;

use super::frames::Style;

pub const BACK: &str = "#15181e";
pub const FORE: &str = "#d7dce4";

/// The sixteen colours that have names, as one terminal shows them.
const NAMED: [&str; 16] = [
    "#15181e", "#e0606b", "#7fbf6b", "#d9b25f", "#6aa5e8", "#c583d6", "#58b8bd", "#d7dce4", "#5c6370",
    "#ef7b85", "#98d486", "#ecc878", "#86baf5", "#d79ae6", "#72cfd4", "#f4f6f9",
];
/// The steps of the colour cube of 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What a style's text and its ground are painted with; no ground when it is the window's own.
pub fn paints(style: Style) -> (String, Option<String>) {
    let fore = style.fore.map_or_else(|| FORE.to_owned(), colour);
    let back = style.back.map(colour);
    if style.inverse {
        return (back.unwrap_or_else(|| BACK.to_owned()), Some(fore));
    }
    (fore, back)
}

fn colour(colour: Color) -> String {
    match colour {
        Color::Default => FORE.to_owned(),
        Color::Idx(number @ 0..=15) => NAMED[usize::from(number)].to_owned(),
        Color::Idx(number @ 16..=231) => {
            let at = usize::from(number - 16);
            rgb(CUBE[at / 36], CUBE[at / 6 % 6], CUBE[at % 6])
        }
        Color::Idx(number @ 232..=255) => {
            let grey = 8 + (number - 232) * 10;
            rgb(grey, grey, grey)
        }
        Color::Rgb(red, green, blue) => rgb(red, green, blue),
    }
}

fn rgb(red: u8, green: u8, blue: u8) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
