//! Pictures as pixels, in terminals that take them. In all others the view has drawn half blocks already,
//! and these stay.
//!
//! Which terminal it is stands in the environment, and how large its cells are the kernel knows. Nothing is
//! ever asked of the terminal itself: an answer would arrive among the keys, late or never.

use image::{DynamicImage, ImageBuffer, Rgba, imageops};
use kessai_shared::picture::PictureName;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use ratatui::widgets::Widget;
use ratatui_image::Image;
use ratatui_image::protocol::Protocol;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;

use crate::app::Model;
use crate::app::pixels::Pixels;
use crate::app::settings::Pictures;
use crate::view::Drawn;

/// Most pixels across and down that one cell is believed to have.
const MAX_CELL_SIDE: u16 = 128;

/// Other programs in the same terminal number their pictures from 1.
const FIRST_NUMBER: u32 = 0x004b_6573;

/// How a terminal takes a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graphics {
    /// <https://sw.kovidgoyal.net/kitty/graphics-protocol/>
    Kitty,
    /// <https://iterm2.com/documentation-images.html>
    Iterm2,
    /// The VT340's way, as some terminals for X and Wayland have it.
    Sixel,
}

impl Graphics {
    /// What the settings say, or else what is known of the terminal of this environment. Inside a multiplexer
    /// nothing is: its screen is not the terminal's.
    pub fn chosen(setting: Pictures, var: impl Fn(&str) -> Option<String>) -> Option<Self> {
        match setting {
            Pictures::None | Pictures::HalfBlocks => None,
            Pictures::Kitty => Some(Self::Kitty),
            Pictures::Iterm2 => Some(Self::Iterm2),
            Pictures::Sixel => Some(Self::Sixel),
            Pictures::Auto => Self::known(&var),
        }
    }

    fn known(var: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let term = var("TERM").unwrap_or_default();
        let program = var("TERM_PROGRAM").unwrap_or_default();
        let inside = ["TMUX", "STY", "ZELLIJ"].iter().any(|name| var(name).is_some());
        if inside || ["tmux", "screen"].iter().any(|name| term.starts_with(name)) {
            return None;
        }
        match (term.as_str(), program.as_str()) {
            ("xterm-kitty" | "xterm-ghostty", _) | (_, "ghostty") => Some(Self::Kitty),
            (_, "iTerm.app" | "WezTerm" | "mintty" | "rio") => Some(Self::Iterm2),
            ("foot" | "foot-direct" | "mlterm" | "contour" | "yaft-256color", _) => Some(Self::Sixel),
            _unknown => None,
        }
    }
}

/// Draws the picture of a frame over its half blocks, and keeps it as the terminal was given it.
#[derive(Default)]
pub struct Painter {
    /// How many pictures the terminal was given: they are numbered for terminals that keep them.
    given: u32,
    made: Option<Made>,
}

struct Made {
    graphics: Graphics,
    name: PictureName,
    size: Size,
    cell: (u16, u16),
    picture: Protocol,
}

impl Painter {
    /// Draws what `drawn` has a place for, in a terminal that takes pixels. Writes nothing to it.
    pub fn paint(&mut self, model: &Model, drawn: &Drawn, buf: &mut Buffer) {
        if drawn.picture.is_none() {
            return;
        }
        let graphics = Graphics::chosen(model.settings.pictures, |name| std::env::var(name).ok());
        if let Some((graphics, cell)) = graphics.zip(graphics.and_then(|_| cell_size())) {
            self.paint_as(graphics, cell, model, drawn, buf);
        }
    }

    /// Gives every picture to the terminal anew, as after another program had the screen.
    pub fn forget(&mut self) {
        self.made = None;
    }

    fn paint_as(
        &mut self,
        graphics: Graphics,
        cell: (u16, u16),
        model: &Model,
        drawn: &Drawn,
        buf: &mut Buffer,
    ) {
        let Some(placed) = drawn.picture else { return };
        let Some(pixels) = model.details.pictures.of(placed.name) else { return };
        let size = Size { width: placed.area.width, height: placed.area.height };
        let this = (graphics, placed.name, size, cell);
        if !self.made.as_ref().is_some_and(|made| (made.graphics, made.name, made.size, made.cell) == this) {
            self.given = self.given.wrapping_add(1);
            let number = FIRST_NUMBER.wrapping_add(self.given);
            let picture = made(graphics, fitted(pixels, size, cell), size, number);
            self.made = picture.map(|picture| Made { graphics, name: placed.name, size, cell, picture });
        }
        if let Some(made) = &self.made {
            Image::new(&made.picture).render(placed.area, buf);
        }
    }
}

/// How many pixels a cell of this terminal is wide and high, as far as the kernel was told.
fn cell_size() -> Option<(u16, u16)> {
    let window = crossterm::terminal::window_size().ok()?;
    let cell = (window.width.checked_div(window.columns)?, window.height.checked_div(window.rows)?);
    let sides = 1..=MAX_CELL_SIDE;
    (sides.contains(&cell.0) && sides.contains(&cell.1)).then_some(cell)
}

fn made(graphics: Graphics, image: DynamicImage, size: Size, number: u32) -> Option<Protocol> {
    match graphics {
        Graphics::Kitty => Kitty::new(image, size, number, false, false).map(Protocol::Kitty).ok(),
        Graphics::Iterm2 => Iterm2::new(image, size, false).map(Protocol::ITerm2).ok(),
        Graphics::Sixel => Sixel::new(image, size, false).map(Protocol::Sixel).ok(),
    }
}

/// The picture in the middle of exactly so many cells, in its own shape.
fn fitted(pixels: &Pixels, size: Size, cell: (u16, u16)) -> DynamicImage {
    let room = (u32::from(size.width) * u32::from(cell.0), u32::from(size.height) * u32::from(cell.1));
    let whole: Option<ImageBuffer<Rgba<u8>, Vec<u8>>> =
        ImageBuffer::from_raw(pixels.width(), pixels.height(), pixels.bytes().to_vec());
    let mut place: DynamicImage = ImageBuffer::from_pixel(room.0, room.1, Rgba([0_u8; 4])).into();
    if let Some(whole) = whole {
        let fit = DynamicImage::from(whole).resize(room.0, room.1, imageops::FilterType::Triangle);
        let middle = ((room.0 - fit.width()) / 2, (room.1 - fit.height()) / 2);
        imageops::overlay(&mut place, &fit, i64::from(middle.0), i64::from(middle.1));
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(vars: &[(&str, &str)]) -> Option<Graphics> {
        let var = |name: &str| vars.iter().find(|(is, _)| *is == name).map(|(_, value)| (*value).to_owned());
        Graphics::chosen(Pictures::Auto, var)
    }

    #[test]
    fn a_terminal_is_known_by_its_environment_and_never_inside_a_multiplexer() {
        assert_eq!(known(&[]), None);
        assert_eq!(known(&[("TERM", "xterm-256color")]), None);
        assert_eq!(known(&[("TERM", "xterm-kitty")]), Some(Graphics::Kitty));
        assert_eq!(known(&[("TERM", "foot")]), Some(Graphics::Sixel));
        let wezterm = ("TERM_PROGRAM", "WezTerm");
        assert_eq!(known(&[("TERM", "xterm-256color"), wezterm]), Some(Graphics::Iterm2));
        assert_eq!(known(&[("TERM", "tmux-256color"), wezterm]), None);
        assert_eq!(known(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-0/default,1,0")]), None);
    }

    #[test]
    fn a_setting_is_stronger_than_the_environment() {
        let kitty = |_: &str| Some("xterm-kitty".to_owned());
        assert_eq!(Graphics::chosen(Pictures::None, kitty), None);
        assert_eq!(Graphics::chosen(Pictures::HalfBlocks, kitty), None);
        assert_eq!(Graphics::chosen(Pictures::Sixel, kitty), Some(Graphics::Sixel));
    }

    #[test]
    fn a_picture_keeps_its_shape_in_its_cells() {
        let pixels = Pixels::new(4, 2, vec![255; 32]).expect("pixels");
        let image = fitted(&pixels, Size { width: 10, height: 5 }, (8, 16)).into_rgba8();
        assert_eq!(image.dimensions(), (80, 80));
        assert_eq!(image.get_pixel(40, 40).0, [255; 4]);
        assert_eq!((image.get_pixel(40, 10).0[3], image.get_pixel(40, 70).0[3]), (0, 0));
    }
}
