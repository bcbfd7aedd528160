//! A picture as plain values: what is left of a PNG or a JPEG once it is unpacked.

/// Most pixels across and down that are kept of a picture: more than a product's place has on most screens.
pub const MAX_SIDE: u32 = 320;
/// Bytes of one pixel: red, green, blue, and how opaque it is.
pub const PIXEL_BYTES: usize = 4;

#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Pixels {
    /// Row by row from the top, four bytes a pixel; `None` when that is not what the bytes are, or when a
    /// side is not 1 to [`MAX_SIDE`] pixels.
    pub fn new(width: u32, height: u32, rgba: Vec<u8>) -> Option<Self> {
        let sides = 1..=MAX_SIDE;
        let sized = sides.contains(&width) && sides.contains(&height);
        let whole = sized && rgba.len() == width as usize * height as usize * PIXEL_BYTES;
        whole.then_some(Self { width, height, rgba })
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    pub fn bytes(&self) -> &[u8] {
        &self.rgba
    }

    /// The pixel `x` from the left and `y` from the top; beyond an edge, the one at it.
    pub fn at(&self, x: u32, y: u32) -> [u8; PIXEL_BYTES] {
        let (x, y) = (x.min(self.width - 1) as usize, y.min(self.height - 1) as usize);
        let from = (y * self.width as usize + x) * PIXEL_BYTES;
        let pixel = self.rgba.get(from..from + PIXEL_BYTES);
        pixel.and_then(|pixel| pixel.try_into().ok()).unwrap_or_default()
    }
}
