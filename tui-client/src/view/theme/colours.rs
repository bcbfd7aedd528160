//! The colours of the themes, and how they are shown where there are fewer of them.

use ratatui::style::Color;

use crate::app::settings::Depth;

/// A colour of sRGB, 8 bits for each of red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The colours of one theme. Every text can be read on [`back`](Self::back) and on [`bar`](Self::bar).
#[derive(Debug, PartialEq, Eq)]
pub struct Colours {
    pub text: Rgb,
    pub back: Rgb,
    pub dim: Rgb,
    pub accent: Rgb,
    pub good: Rgb,
    pub bad: Rgb,
    pub careful: Rgb,
    pub bar: Rgb,
    pub selected: Rgb,
    pub selected_back: Rgb,
    /// Of lines that only divide. No text has it.
    pub line: Rgb,
}

pub const DARK: Colours = Colours {
    text: Rgb(0xdf, 0xe3, 0xe8),
    back: Rgb(0x16, 0x19, 0x1f),
    dim: Rgb(0x9d, 0xa8, 0xb8),
    accent: Rgb(0x87, 0xc7, 0xff),
    good: Rgb(0x87, 0xd7, 0x9b),
    bad: Rgb(0xff, 0x95, 0x8f),
    careful: Rgb(0xf0, 0xc6, 0x74),
    bar: Rgb(0x21, 0x26, 0x2f),
    selected: Rgb(0xff, 0xff, 0xff),
    selected_back: Rgb(0x2c, 0x4f, 0x78),
    line: Rgb(0x4a, 0x53, 0x61),
};

pub const LIGHT: Colours = Colours {
    text: Rgb(0x24, 0x27, 0x2c),
    back: Rgb(0xfb, 0xfa, 0xf7),
    dim: Rgb(0x58, 0x5f, 0x6b),
    accent: Rgb(0x0b, 0x4f, 0x93),
    good: Rgb(0x11, 0x62, 0x2d),
    bad: Rgb(0xa8, 0x1f, 0x18),
    careful: Rgb(0x74, 0x45, 0x00),
    bar: Rgb(0xec, 0xea, 0xe3),
    selected: Rgb(0x0f, 0x24, 0x3b),
    selected_back: Rgb(0xc9, 0xdf, 0xf7),
    line: Rgb(0xb9, 0xb6, 0xac),
};

/// Every text has the contrast of seven to one and more that WCAG 2.2 asks for in 1.4.6 (level AAA).
pub const CONTRAST: Colours = Colours {
    text: Rgb(0xff, 0xff, 0xff),
    back: Rgb(0x00, 0x00, 0x00),
    dim: Rgb(0xff, 0xff, 0xff),
    accent: Rgb(0x5f, 0xff, 0xff),
    good: Rgb(0x5f, 0xff, 0x87),
    bad: Rgb(0xff, 0x87, 0x87),
    careful: Rgb(0xff, 0xff, 0x5f),
    bar: Rgb(0x00, 0x00, 0x00),
    selected: Rgb(0x00, 0x00, 0x00),
    selected_back: Rgb(0xff, 0xff, 0xff),
    line: Rgb(0xff, 0xff, 0xff),
};

/// The steps of red, green and blue in xterm's cube of colours.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// Where the cube begins, and where the greys do.
const CUBE: u8 = 16;
const GREYS: u8 = 232;

impl Rgb {
    /// The colour as the terminal is told it.
    pub fn at(self, depth: Depth) -> Color {
        match depth {
            Depth::Full => Color::Rgb(self.0, self.1, self.2),
            Depth::Cube | Depth::Sixteen => Color::Indexed(self.indexed()),
        }
    }

    /// The nearest of xterm's 256 colours.
    fn indexed(self) -> u8 {
        let index = CUBE..=u8::MAX;
        index.min_by_key(|index| self.distance(Self::of_index(*index))).unwrap_or(CUBE)
    }

    /// The colour with this index, from the beginning of the cube on.
    pub fn of_index(index: u8) -> Self {
        if index >= GREYS {
            let grey = 8 + 10 * (index - GREYS);
            return Self(grey, grey, grey);
        }
        let at = index.saturating_sub(CUBE);
        let step = |at: u8| STEPS[usize::from(at % 6)];
        Self(step(at / 36), step(at / 6), step(at))
    }

    fn distance(self, other: Self) -> u32 {
        let squared = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
        squared(self.0, other.0) + squared(self.1, other.1) + squared(self.2, other.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2.2 defines it.
    fn luminance(colour: Rgb) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
    }

    /// The contrast ratio of WCAG 2.2, from 1 to 21.
    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn shown(colour: Rgb, depth: Depth) -> Rgb {
        match colour.at(depth) {
            Color::Indexed(index) => Rgb::of_index(index),
            _full => colour,
        }
    }

    fn assert_contrast(name: &str, colours: &Colours, least: f64) {
        let texts = [colours.text, colours.dim, colours.accent, colours.good, colours.bad, colours.careful];
        let mut pairs: Vec<(Rgb, Rgb)> = vec![(colours.selected, colours.selected_back)];
        pairs.extend(texts.iter().flat_map(|text| [(*text, colours.back), (*text, colours.bar)]));
        for depth in [Depth::Full, Depth::Cube] {
            for (text, back) in &pairs {
                let ratio = contrast(shown(*text, depth), shown(*back, depth));
                assert!(ratio >= least, "{name}, {depth:?}: {text:?} on {back:?} is {ratio:.2}");
            }
        }
    }

    #[test]
    fn the_measure_itself_is_right() {
        assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 0.001);
        // The lightest grey that passes 4.5 on white, as WCAG's own examples have it.
        assert!((contrast(Rgb(0x76, 0x76, 0x76), Rgb(255, 255, 255)) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_text_can_be_read() {
        assert_contrast("dark", &DARK, 4.5);
        assert_contrast("light", &LIGHT, 4.5);
        assert_contrast("contrast", &CONTRAST, 7.0);
    }

    #[test]
    fn the_nearest_of_256_is_found() {
        assert_eq!(Rgb(0, 0, 0).indexed(), 16);
        assert_eq!(Rgb(255, 255, 255).indexed(), 231);
        assert_eq!(Rgb(95, 135, 175).indexed(), 67);
        assert_eq!(Rgb(0x26, 0x26, 0x26).indexed(), 235);
        for index in CUBE..=u8::MAX {
            assert_eq!(Rgb::of_index(Rgb::of_index(index).indexed()), Rgb::of_index(index));
        }
    }
}
