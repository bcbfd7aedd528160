//! From the bytes of a picture to pixels. The bytes come from a seller, who may be anybody: how much memory
//! unpacking takes is bounded by what stands at their beginning, before anything is unpacked.

mod screen;

pub use screen::{Graphics, Painter};

use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use kessai_shared::picture::{self, BadPicture, Kind, MAX_PICTURE_SIDE};

use crate::app::pixels::{MAX_SIDE, Pixels};

/// Most memory that unpacking may take, in bytes: the largest picture with four bytes a pixel, and half as
/// much again to work with.
const MAX_UNPACKED_BYTES: u64 = 24 * 1024 * 1024;

/// One picture is unpacked at a time, so that the bound on memory holds for all of them together.
static TURN: Mutex<()> = Mutex::new(());

/// Why some bytes cannot be shown.
#[derive(Debug, PartialEq, Eq)]
pub enum Unshowable {
    Bad(BadPicture),
    /// What follows the beginning is not what it says.
    Damaged,
}

/// Unpacks a PNG or a JPEG and makes it at most [`MAX_SIDE`] pixels a side.
///
/// # Errors
/// [`Unshowable`] when the bytes are no such picture, or one too large.
pub fn unpack(bytes: &[u8]) -> Result<Pixels, Unshowable> {
    let seen = picture::check(bytes).map_err(Unshowable::Bad)?;
    let format = match seen.kind {
        Kind::Png => ImageFormat::Png,
        Kind::Jpeg => ImageFormat::Jpeg,
    };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_PICTURE_SIDE);
    limits.max_image_height = Some(MAX_PICTURE_SIDE);
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    reader.limits(limits);
    let whole = reader.decode().map_err(|_| Unshowable::Damaged)?;
    let small = if whole.width().max(whole.height()) > MAX_SIDE {
        whole.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle)
    } else {
        whole
    };
    pixels(small).ok_or(Unshowable::Damaged)
}

fn pixels(image: DynamicImage) -> Option<Pixels> {
    let image = image.into_rgba8();
    let (width, height) = image.dimensions();
    Pixels::new(width, height, image.into_raw())
}

impl std::fmt::Display for Unshowable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unshowable::Bad(why) => write!(f, "it has to be {why}"),
            Unshowable::Damaged => f.write_str("it is damaged"),
        }
    }
}

impl std::error::Error for Unshowable {}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, Rgb, Rgba};
    use proptest::prelude::*;

    fn packed(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), format).expect("memory takes it");
        bytes
    }

    fn flag(width: u32, height: u32) -> DynamicImage {
        ImageBuffer::from_fn(width, height, |x, _| match x * 2 < width {
            true => Rgba([255_u8, 0, 0, 255]),
            false => Rgba([0, 0, 255, 0]),
        })
        .into()
    }

    #[test]
    fn a_small_picture_stays_as_it_is() {
        let pixels = unpack(&packed(&flag(4, 2), ImageFormat::Png)).expect("a picture");
        assert_eq!((pixels.width(), pixels.height()), (4, 2));
        assert_eq!((pixels.at(0, 0), pixels.at(3, 1)), ([255, 0, 0, 255], [0, 0, 255, 0]));
        assert_eq!(pixels.at(9, 9), pixels.at(3, 1));
    }

    #[test]
    fn a_large_picture_is_made_small_in_its_shape() {
        let pixels = unpack(&packed(&flag(1_280, 320), ImageFormat::Png)).expect("a picture");
        assert_eq!((pixels.width(), pixels.height()), (MAX_SIDE, MAX_SIDE / 4));
        let jpeg: DynamicImage = ImageBuffer::from_pixel(64, 640, Rgb([10_u8, 200, 30])).into();
        let pixels = unpack(&packed(&jpeg, ImageFormat::Jpeg)).expect("a picture");
        assert_eq!((pixels.width(), pixels.height()), (32, MAX_SIDE));
        assert!(pixels.at(5, 5)[1] > 190);
    }

    /// What a dishonest seller would send: few bytes that unpack to many.
    #[test]
    fn a_bomb_does_not_go_off() {
        use image::codecs::png::{CompressionType, FilterType, PngEncoder};
        let deep: DynamicImage = ImageBuffer::from_pixel(2_048, 2_048, Rgba([7_u16; 4])).into();
        let mut bomb = Vec::new();
        let small = PngEncoder::new_with_quality(&mut bomb, CompressionType::Best, FilterType::NoFilter);
        deep.write_with_encoder(small).expect("a picture");
        assert!(bomb.len() < kessai_shared::picture::MAX_PICTURE_BYTES, "{}", bomb.len());
        assert_eq!(unpack(&bomb).err(), Some(Unshowable::Damaged));
        let wide: DynamicImage = ImageBuffer::from_pixel(2_049, 1, Rgb([7_u8; 3])).into();
        let bad = unpack(&packed(&wide, ImageFormat::Png));
        assert_eq!(bad.err(), Some(Unshowable::Bad(BadPicture::TooManyPixels)));
        assert!(unpack(&[0; 200_000]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_damage_is_a_panic(cut in 0_usize..700, at in 0_usize..700, by in 1_u8..) {
            for format in [ImageFormat::Png, ImageFormat::Jpeg] {
                let mut bytes = packed(&DynamicImage::from(flag(24, 24).into_rgb8()), format);
                let at = at % bytes.len();
                bytes[at] ^= by;
                let _either_way = unpack(&bytes);
                bytes.truncate(cut);
                let _either_way = unpack(&bytes);
            }
        }
    }
}
