//! What the model asks the world to do. Each question carries the number its answer will carry.

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::receipt::SignedQuote;
use kessai_shared::storefront::Line;

use super::event::Seq;
use crate::cards::PayingCard;

/// How many products one page asks for. Smaller than the protocol allows, so that a page arrives
/// while the shopper is still looking at the one before.
pub const PAGE_ROWS: u16 = 100;

pub enum Effect {
    /// Ask who the shop is; also how a lost connection is tried again.
    Greet {
        seq: Seq,
    },
    LoadPage {
        seq: Seq,
        query: String,
        category: Option<String>,
        from: u32,
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
    },
    LoadOrders {
        seq: Seq,
        before: Option<OrderId>,
    },
    LoadOrder {
        seq: Seq,
        order: OrderId,
    },
    MintReturn {
        seq: Seq,
    },
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
    Quit,
}
