//! What the terminal keeps on this machine from one time to the next. The disk never holds up the keys.

use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedQuote;

use crate::app::Event;
use crate::app::model::{AddressBook, Kept, KeptCart};
use crate::shop::{Shop, ShopError};
use crate::words::Message;

/// Reads everything that was kept for this shop.
pub async fn restore(shop: Shop) -> Kept {
    tokio::task::spawn_blocking(move || read(&shop)).await.unwrap_or_default()
}

/// Keeps the cart; tells when it cannot be.
pub async fn keep_cart(shop: Shop, revision: u64, cart: KeptCart) -> Option<Event> {
    let kept = tokio::task::spawn_blocking(move || shop.home().keep_cart(shop.seller(), revision, cart));
    let why = kept.await.ok()?.err()?;
    Some(Event::NotKept(Message::new("cart-not-kept").with("why", why.to_string())))
}

/// # Errors
/// [`ShopError::Local`] when the file cannot be written.
pub async fn keep_addresses(shop: Shop, book: AddressBook) -> Result<(), ShopError> {
    let kept = tokio::task::spawn_blocking(move || shop.home().keep_addresses(&book));
    kept.await.map_err(|_| ShopError::Broke)?.map_err(|why| ShopError::Local(why.to_string()))
}

/// Writes down that this order is about to be sent, and before it the cart without what is being paid for:
/// a terminal that is killed a moment later looks the order up, and does not offer its goods again.
///
/// # Errors
/// [`ShopError::NotKept`] when either cannot be written: then nothing may be sent.
pub async fn before_paying(
    shop: &Shop,
    quote: &SignedQuote,
    kept: Option<(u64, Box<KeptCart>)>,
) -> Result<(), ShopError> {
    let (shop, order, deadline) = (shop.clone(), quote.quote.order, quote.quote.deadline);
    let noted = tokio::task::spawn_blocking(move || {
        if let Some((revision, cart)) = kept {
            shop.home().keep_cart(shop.seller(), revision, *cart)?;
        }
        shop.home().note_sent(shop.seller(), order, shop.now(), deadline)
    });
    let noted = noted.await.unwrap_or_else(|_| Err(std::io::Error::other("it broke")));
    noted.map_err(|why| ShopError::NotKept(why.to_string()))
}

/// Writes down that this order has an end. Without it the order is looked up once more the next time.
pub async fn note_end(shop: Shop, order: OrderId, bought: bool) -> Option<Event> {
    let noted = tokio::task::spawn_blocking(move || shop.home().note_end(shop.seller(), order, bought));
    if let Ok(Err(why)) = noted.await {
        tracing::warn!("it could not be written down that an order has ended: {why}");
    }
    None
}

fn read(shop: &Shop) -> Kept {
    let (home, seller) = (shop.home(), shop.seller());
    let mut kept = Kept::default();
    match home.cart(seller) {
        Ok(cart) => kept.cart = cart,
        Err(why) => kept.problem = Some(Message::new("cart-damaged").with("why", why)),
    }
    let aside = |order: &OrderId| kept.cart.aside.iter().any(|(other, _)| other == order);
    match home.sent(seller, aside) {
        Ok(sent) => {
            kept.open = sent.open;
            kept.ended = sent.ended.into_iter().collect();
        }
        Err(why) => kept.problem = Some(Message::new("sent-damaged").with("why", why)),
    }
    match home.addresses() {
        Ok(book) => (kept.addresses, kept.addresses_fine) = (book, true),
        Err(why) => {
            kept.problem = Some(Message::new("addresses-unreadable").with("why", why.to_string()));
        }
    }
    kept
}
