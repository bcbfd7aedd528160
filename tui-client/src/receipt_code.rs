//! The code of a receipt: a short text that names it and lets anybody find out whether a file is that receipt,
//! and the same as a QR code (ISO/IEC 18004).

use kessai_shared::digest::sha256;
use kessai_shared::hex;
use kessai_shared::ids::OrderId;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of quiet around a code: as many as the standard asks for where there is room, and the fewest that
/// readers still take.
pub const QUIET: usize = 4;
pub const LEAST_QUIET: usize = 2;
/// How many bytes of the digest stand in the code. With all of it the code would be larger than a usual window;
/// to find another file with the same half is out of reach all the same.
const DIGEST_BYTES: usize = 16;

/// A QR code: a square of modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

/// What the code of a receipt with this text says: `KESSAI:`, the order, and the first half of the SHA-256 of
/// the file. It is in capitals, since these take the least room in a code.
pub fn text(order: OrderId, file: &str) -> String {
    let digest = sha256(&[file.as_bytes()]);
    let (order, digest) = (hex::of(order.as_bytes()), hex::of(&digest[..DIGEST_BYTES]));
    format!("KESSAI:{}:{}", order.as_str(), digest.as_str()).to_ascii_uppercase()
}

impl Code {
    /// The code that says `text`, or `None` when it is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        // A screen is neither torn nor dirty, so little has to be made up for.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let side = code.width();
        let dark = code.to_colors().into_iter().map(|module| module == Color::Dark).collect();
        Some(Self { side, dark })
    }

    /// How many modules are on each side.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Whether a module is dark. Beyond the code everything is light.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        let inside = column < self.side && row < self.side;
        inside && self.dark.get(row * self.side + column).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_receipt_fits_a_usual_window() {
        let text = text(OrderId::from_bytes([0xab; 16]), "a receipt\n");
        assert!(text.starts_with("KESSAI:ABABABABABABABABABABABABABABABAB:"), "{text}");
        assert_eq!(text.len(), 7 + 32 + 1 + 32);
        let code = Code::of(&text).expect("a code");
        // Two modules to a row: 19 rows with all the quiet there should be.
        assert_eq!(code.side(), 29);
        assert!(code.is_dark(0, 0) && !code.is_dark(29, 0) && !code.is_dark(0, 29));
    }
}
