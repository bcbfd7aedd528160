//! Pictures in cells: the upper half of a cell has one colour and the lower half another, so that a cell is
//! two pixels. Every terminal with colours can do that.

use kessai_shared::picture::PictureName;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::drawn::{Drawn, Placed};
use super::theme::Theme;
use crate::app::pixels::{PIXEL_BYTES, Pixels};

/// A pixel less opaque than this is not there, out of 255.
const SEEN_FROM: u32 = 128;

/// Draws the picture into the middle of `room`, in its own shape, and tells where it is. Cells are taken to
/// be twice as high as wide.
pub fn draw(
    name: PictureName,
    pixels: &Pixels,
    room: Rect,
    theme: Theme,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let area = fitted(pixels, room);
    for row in 0..area.height {
        for column in 0..area.width {
            let half = |half: u16| {
                let colour = average(pixels, (column, area.width), (2 * row + half, 2 * area.height));
                colour.map(|[red, green, blue]| theme.shade(red, green, blue))
            };
            let (symbol, fg, bg) = match (half(0), half(1)) {
                (Some(upper), lower) => ("▀", upper, lower),
                (None, Some(lower)) => ("▄", lower, None),
                (None, None) => continue,
            };
            if let Some(cell) = buf.cell_mut((area.x + column, area.y + row)) {
                cell.set_symbol(symbol).set_fg(fg);
                // Where the picture lets it through, what is behind it stays.
                cell.bg = bg.unwrap_or(cell.bg);
            }
        }
    }
    if !area.is_empty() {
        drawn.picture = Some(Placed { name, area });
    }
}

/// How many rows a picture of this shape takes when it is so many columns wide, at most `rows`.
pub fn rows(pixels: &Pixels, columns: u16, rows: u16) -> u16 {
    fitted(pixels, Rect { x: 0, y: 0, width: columns, height: rows }).height
}

/// The largest part of `room` with the picture's shape, in its middle.
fn fitted(pixels: &Pixels, room: Rect) -> Rect {
    let (width, height) = (pixels.width(), pixels.height());
    let (columns, halves) = (u32::from(room.width), 2 * u32::from(room.height));
    let (wide, high) = if columns * height <= halves * width {
        (columns, (columns * height).div_ceil(width))
    } else {
        ((halves * width).div_ceil(height), halves)
    };
    let wide = u16::try_from(wide).unwrap_or(room.width).min(room.width);
    let high = u16::try_from(high.div_ceil(2)).unwrap_or(room.height).min(room.height);
    Rect {
        x: room.x + (room.width - wide) / 2,
        y: room.y + (room.height - high) / 2,
        width: wide,
        height: high,
    }
}

/// The colour of one of `of` columns and rows, each pixel in it counting as much as it is opaque; `None`
/// where the picture lets through what is behind it.
fn average(pixels: &Pixels, column: (u16, u16), row: (u16, u16)) -> Option<[u8; 3]> {
    let span = |(at, of): (u16, u16), whole: u32| {
        let from = u32::from(at) * whole / u32::from(of);
        from..((u32::from(at) + 1) * whole / u32::from(of)).max(from + 1)
    };
    let (mut sums, mut count) = ([0_u32; PIXEL_BYTES], 0);
    for y in span(row, pixels.height()) {
        for x in span(column, pixels.width()) {
            let [red, green, blue, alpha] = pixels.at(x, y).map(u32::from);
            sums[0] += red * alpha;
            sums[1] += green * alpha;
            sums[2] += blue * alpha;
            sums[3] += alpha;
            count += 1;
        }
    }
    let opaque = sums[3];
    if opaque < SEEN_FROM * count {
        return None;
    }
    let mean = |sum: u32| u8::try_from(sum / opaque).unwrap_or(u8::MAX);
    Some([mean(sums[0]), mean(sums[1]), mean(sums[2])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Settings;
    use proptest::prelude::*;
    use ratatui::style::Color;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];
    const CLEAR: [u8; 4] = [0, 0, 0, 0];

    fn drawing(pixels: &Pixels, columns: u16, rows: u16) -> (Buffer, Drawn) {
        let room = Rect::new(0, 0, columns, rows);
        let (mut buf, mut drawn) = (Buffer::empty(room), Drawn::default());
        let theme = Theme::of(&Settings::default());
        draw(PictureName::of(b"one"), pixels, room, theme, &mut buf, &mut drawn);
        (buf, drawn)
    }

    #[test]
    fn a_cell_has_the_colours_of_two_pixels() {
        let rows = [RED, RED, BLUE, CLEAR, CLEAR, BLUE, CLEAR, CLEAR];
        let pixels = Pixels::new(2, 4, rows.concat()).expect("pixels");
        let (buf, drawn) = drawing(&pixels, 2, 2);
        assert_eq!(drawn.picture.map(|placed| placed.area), Some(Rect::new(0, 0, 2, 2)));
        let cell = |x, y| {
            let cell = &buf[(x, y)];
            (cell.symbol().to_owned(), cell.fg, cell.bg)
        };
        let (red, blue) = (Color::Rgb(255, 0, 0), Color::Rgb(0, 0, 255));
        assert_eq!(cell(0, 0), ("▀".to_owned(), red, blue));
        assert_eq!(cell(1, 0), ("▀".to_owned(), red, Color::Reset));
        assert_eq!(cell(0, 1), (" ".to_owned(), Color::Reset, Color::Reset));
        assert_eq!(cell(1, 1), ("▀".to_owned(), blue, Color::Reset));
    }

    #[test]
    fn a_picture_keeps_its_shape_in_the_middle_of_its_room() {
        let square = Pixels::new(8, 8, RED.repeat(64)).expect("pixels");
        let (_, drawn) = drawing(&square, 40, 10);
        assert_eq!(drawn.picture.map(|placed| placed.area), Some(Rect::new(10, 0, 20, 10)));
        assert_eq!(super::rows(&square, 20, 30), 10);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn every_shape_fits_every_room(
            (width, height) in prop_oneof![(1_u32..40, 1_u32..40), (1_u32..3, 300_u32..=320), (300_u32..=320, 1_u32..3)],
            (columns, rows) in (0_u16..60, 0_u16..30),
        ) {
            let pixels = Pixels::new(width, height, vec![9; (width * height * 4) as usize]).expect("pixels");
            let (_, drawn) = drawing(&pixels, columns, rows);
            if let Some(placed) = drawn.picture {
                prop_assert_eq!(placed.area.intersection(Rect::new(0, 0, columns, rows)), placed.area);
            } else {
                prop_assert!(columns == 0 || rows == 0);
            }
        }
    }
}
