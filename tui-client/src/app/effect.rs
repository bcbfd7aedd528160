//! What the model asks the world to do. Each question carries the number its answer will carry.

use kessai_shared::address::Address;
use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::picture::PictureName;
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::{Line, Search};

use super::event::Seq;
use super::model::{AddressBook, KeptCart};
use crate::cards::PayingCard;
use crate::receipt_file::Receipt;

/// How many products one page asks for. Smaller than the protocol allows, so that a page arrives
/// while the shopper is still looking at the one before.
pub const PAGE_ROWS: u16 = 100;

pub enum Effect {
    /// Ask who the shop is; also how a lost connection is tried again.
    Greet {
        seq: Seq,
    },
    /// Ask for [`PAGE_ROWS`] rows of what the search finds, from the row `from`.
    LoadPage {
        seq: Seq,
        search: Search,
        from: u32,
    },
    LoadProduct {
        seq: Seq,
        sku: Sku,
    },
    /// Ask for a picture and unpack it.
    LoadPicture {
        seq: Seq,
        picture: PictureName,
    },
    /// Mint an order id and keep it on this machine. Nothing is sent.
    OpenCheckout {
        seq: Seq,
    },
    Quote {
        seq: Seq,
        order: OrderId,
        lines: Vec<Line>,
    },
    /// The only effect that spends money.
    Pay {
        seq: Seq,
        quote: Box<SignedQuote>,
        card: Box<PayingCard>,
        deliver_to: Option<Box<Address>>,
        /// The cart without what is being paid for, which is kept before anything is sent.
        kept: Option<(u64, Box<KeptCart>)>,
    },
    /// Ask how many the shop has of these.
    CheckStock {
        seq: Seq,
        skus: Vec<Sku>,
    },
    /// Read what this terminal kept the last time.
    Restore {
        seq: Seq,
    },
    /// Keep the cart on this machine; an older one than was kept is not.
    KeepCart {
        revision: u64,
        cart: Box<KeptCart>,
    },
    KeepAddresses {
        seq: Seq,
        book: Box<AddressBook>,
    },
    /// Write down that this order has an end, and whether it was bought.
    NoteEnd {
        order: OrderId,
        bought: bool,
    },
    LoadOrders {
        seq: Seq,
        before: Option<OrderId>,
    },
    LoadOrder {
        seq: Seq,
        order: OrderId,
    },
    /// Mint a return's id, and keep it on this machine with what it is for. Nothing is sent.
    MintReturn {
        seq: Seq,
        order: OrderId,
        lines: Vec<Line>,
    },
    /// Look for returns that an earlier session sent and never had answered.
    LoadReturns,
    GiveBack {
        seq: Seq,
        id: ReturnId,
        order: OrderId,
        lines: Vec<Line>,
    },
    /// Ask the shop not to send what it has not sent yet.
    Cancel {
        seq: Seq,
        order: OrderId,
    },
    /// The proof of what was decided about an order.
    LoadReceipt {
        seq: Seq,
        order: OrderId,
    },
    /// Write a receipt where there is no other file.
    SaveReceipt {
        seq: Seq,
        receipt: Box<Receipt>,
        path: String,
    },
    Quit,
}
