//! Goods that come in, and books of goods that are put right.

use std::fmt;

use kessai_shared::ids::Sku;
use kessai_shared::pin::Pin;

use crate::sales::books::Books;
use crate::sales::change::Change;
use crate::sales::stock::{MAX_ON_HAND, Reason};

/// Longest note on goods that came in, in bytes.
pub const MAX_NOTE_BYTES: usize = 120;

/// Why the stock of a product stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unshelved {
    UnknownSku,
    NoPieces,
    TooMany,
    /// Only so many pieces are nobody's: what is sold or set aside cannot be written off.
    Oversold {
        available: u64,
    },
    /// This reason is for more pieces, or for fewer.
    Reason(Reason),
    BadNote,
}

impl fmt::Display for Unshelved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unshelved::UnknownSku => f.write_str("the shop has no such product; import it first"),
            Unshelved::NoPieces => f.write_str("the number of pieces is 0: nothing would change"),
            Unshelved::TooMany => write!(f, "more than {MAX_ON_HAND} pieces of one product"),
            Unshelved::Oversold { available } => write!(
                f,
                "only {available} pieces are nobody's; the others are sold or set aside: cancel orders first"
            ),
            Unshelved::Reason(reason) => match reason {
                Reason::Found => f.write_str("found is a reason for more pieces, not for fewer"),
                Reason::Damaged | Reason::Lost | Reason::Counted => {
                    write!(f, "{} is a reason for fewer pieces, not for more", reason.word())
                }
            },
            Unshelved::BadNote => {
                write!(f, "a note has at most {MAX_NOTE_BYTES} bytes and no control characters")
            }
        }
    }
}

/// Takes goods in.
///
/// # Errors
/// [`Unshelved`] for an unknown product, no pieces, more than there is room for, or a bad note.
pub fn receive(books: &Books, sku: &Sku, pieces: u32, note: &str, by: Pin) -> Result<Change, Unshelved> {
    let product = books.product(sku).ok_or(Unshelved::UnknownSku)?;
    if pieces == 0 {
        return Err(Unshelved::NoPieces);
    }
    if note.len() > MAX_NOTE_BYTES || note.chars().any(char::is_control) {
        return Err(Unshelved::BadNote);
    }
    has_room(product.stock.on_hand(), u64::from(pieces))?;
    Ok(Change::Received { sku: *sku, pieces, note: note.to_owned(), by })
}

/// Puts the books of a product right, by so many pieces more, or fewer when they are negative.
///
/// # Errors
/// [`Unshelved`] when the reason does not go with it, or there are not so many pieces that are nobody's.
pub fn adjust(books: &Books, sku: &Sku, pieces: i64, reason: Reason, by: Pin) -> Result<Change, Unshelved> {
    let product = books.product(sku).ok_or(Unshelved::UnknownSku)?;
    if pieces == 0 {
        return Err(Unshelved::NoPieces);
    }
    if !reason.allows(pieces > 0) {
        return Err(Unshelved::Reason(reason));
    }
    let stock = product.stock;
    if pieces > 0 {
        has_room(stock.on_hand(), pieces.unsigned_abs())?;
    } else if pieces.unsigned_abs() > stock.available {
        return Err(Unshelved::Oversold { available: stock.available });
    }
    Ok(Change::Adjusted { sku: *sku, pieces, reason, by })
}

fn has_room(there: u64, more: u64) -> Result<(), Unshelved> {
    let fits = there.checked_add(more).is_some_and(|all| all <= MAX_ON_HAND);
    if fits { Ok(()) } else { Err(Unshelved::TooMany) }
}
