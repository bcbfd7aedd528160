//! The pictures of products: what they go by, and what may be one. Both ends check the same things: the
//! seller when a picture is imported, and the terminal before it decodes what a seller sent it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::sha256_of_all;
use crate::hex;

/// Largest picture, in bytes: with its frame around it, it fits [`crate::exchange::MAX_FRAME_BYTES`] twice.
pub const MAX_PICTURE_BYTES: usize = 60 * 1024;
/// Most columns and most rows of a picture, in pixels. What it takes in memory once it is unpacked is
/// bounded by that, 16 MiB with four bytes a pixel, however well it was packed.
pub const MAX_PICTURE_SIDE: u32 = 2_048;

const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The header chunk is the first one of a PNG, and has this length and name (PNG, third edition, 11.2.1).
const PNG_HEADER: &[u8] = b"\0\0\0\x0dIHDR";
const JPEG_MAGIC: &[u8] = b"\xff\xd8\xff";
/// Most segments of a JPEG that are looked at for its size.
const MAX_JPEG_SEGMENTS: usize = 256;

/// What a picture goes by: the SHA-256 of its bytes, written as 64 lowercase hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PictureName([u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Png,
    Jpeg,
}

/// What the first bytes of a picture say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub kind: Kind,
    /// Pixels across, 1 to [`MAX_PICTURE_SIDE`].
    pub width: u32,
    /// Pixels down, 1 to [`MAX_PICTURE_SIDE`].
    pub height: u32,
}

/// Why some bytes are not a picture that a product can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPicture {
    TooManyBytes,
    TooManyPixels,
    NeitherPngNorJpeg,
}

/// Looks at the first bytes of a picture. It decodes nothing: a picture that passes may still be damaged.
///
/// # Errors
/// [`BadPicture`] when it is too large, or neither a PNG nor a JPEG.
pub fn check(bytes: &[u8]) -> Result<Picture, BadPicture> {
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(BadPicture::TooManyBytes);
    }
    let (kind, (width, height)) = png_size(bytes)
        .map(|size| (Kind::Png, size))
        .or_else(|| jpeg_size(bytes).map(|size| (Kind::Jpeg, size)))
        .ok_or(BadPicture::NeitherPngNorJpeg)?;
    let sides = 1..=MAX_PICTURE_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(BadPicture::TooManyPixels);
    }
    Ok(Picture { kind, width, height })
}

fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(PNG_MAGIC)?.strip_prefix(PNG_HEADER)?;
    let side = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((side(0)?, side(4)?))
}

/// A JPEG is a row of segments, each a marker and a length; the one that begins the frame has the size
/// (ITU-T T.81, B.2.2).
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(JPEG_MAGIC).and_then(|_| bytes.get(2..))?;
    for _ in 0..MAX_JPEG_SEGMENTS {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        // A marker may have any number of fill bytes before it.
        if marker == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let side = |at: usize| Some(u32::from(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
            return Some((side(7)?, side(5)?));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = rest.get(2 + length.max(2)..)?;
    }
    None
}

impl PictureName {
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256_of_all(&[bytes]))
    }

    /// Whether these are the bytes that go by this name.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        Self::of(bytes) == *self
    }
}

impl fmt::Display for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PictureName({self})")
    }
}

impl FromStr for PictureName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        // A file must have one name only, so capitals are refused.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotAName);
        }
        let mut name = [0; 32];
        hex::fill(text, &mut name).ok_or(NotAName)?;
        Ok(Self(name))
    }
}

/// A text that is not 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAName;

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a picture goes by 64 lowercase hex digits")
    }
}

impl fmt::Display for BadPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadPicture::TooManyBytes => write!(f, "at most {} KiB", MAX_PICTURE_BYTES / 1024),
            BadPicture::TooManyPixels => write!(f, "1 to {MAX_PICTURE_SIDE} pixels across and down"),
            BadPicture::NeitherPngNorJpeg => f.write_str("a PNG or a JPEG"),
        }
    }
}

impl std::error::Error for BadPicture {}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [PNG_MAGIC, PNG_HEADER, &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\x02\0\0\0"].concat()
    }

    /// With a comment before the frame, and with fill bytes.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let frame = [&b"\xff\xff\xc0\0\x11\x08"[..], &height.to_be_bytes(), &width.to_be_bytes()].concat();
        [&b"\xff\xd8\xff\xfe\0\x04hi"[..], &frame].concat()
    }

    #[test]
    fn a_png_and_a_jpeg_are_told_by_their_first_bytes() {
        assert_eq!(check(&png(96, 128)), Ok(Picture { kind: Kind::Png, width: 96, height: 128 }));
        assert_eq!(check(&jpeg(640, 480)), Ok(Picture { kind: Kind::Jpeg, width: 640, height: 480 }));
        for other in [&b"GIF89a\x01\0\x01\0"[..], b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", b"<svg/>"] {
            assert_eq!(check(other), Err(BadPicture::NeitherPngNorJpeg), "{other:?}");
        }
    }

    #[test]
    fn every_cut_of_a_header_is_refused_and_none_panics() {
        for whole in [png(1, 1), jpeg(1, 1)] {
            let needed = whole.len() - if whole.starts_with(PNG_MAGIC) { 5 } else { 0 };
            for end in 0..needed {
                assert_eq!(check(&whole[..end]), Err(BadPicture::NeitherPngNorJpeg), "{end}");
            }
        }
    }

    #[test]
    fn a_picture_has_a_size_in_bytes_and_in_pixels() {
        for (width, height) in [(0, 1), (1, 0), (MAX_PICTURE_SIDE + 1, 1), (1, u32::MAX)] {
            assert_eq!(check(&png(width, height)), Err(BadPicture::TooManyPixels));
        }
        assert_eq!(check(&jpeg(u16::MAX, 1)), Err(BadPicture::TooManyPixels));
        let mut large = png(MAX_PICTURE_SIDE, MAX_PICTURE_SIDE);
        large.resize(MAX_PICTURE_BYTES, 0);
        assert!(check(&large).is_ok());
        large.push(0);
        assert_eq!(check(&large), Err(BadPicture::TooManyBytes));
    }

    #[test]
    fn a_name_is_the_digest_that_sha256sum_prints() {
        let name = PictureName::of(b"abc");
        assert_eq!(name.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(name.to_string().parse(), Ok(name));
        assert!(name.is_of(b"abc") && !name.is_of(b"abd"));
        assert_eq!(name.to_string().to_uppercase().parse::<PictureName>(), Err(NotAName));
    }
}
