//! Carrying effects out: each is one call to the shop, and its result is one event.

use std::sync::Arc;

use super::kept;
use super::session::Tell;
use crate::app::effect::PAGE_ROWS;
use crate::app::{Effect, Event};
use crate::receipt_file::Receipt;
use crate::receipts;
use crate::shop::{Shop, ShopError};
use crate::words::Message;

/// Does what `effect` says and returns what came of it.
pub async fn perform(shop: Shop, effect: Effect, tell: Tell) -> Option<Event> {
    let event = carried_out(shop.clone(), effect, tell.clone()).await;
    if let Some(shown) = shop.shown() {
        // Who is told of nothing shows no warning, and what is signed is checked all the same.
        drop(tell.try_send(Event::ShownBy(shown)));
    }
    event
}

async fn carried_out(shop: Shop, effect: Effect, tell: Tell) -> Option<Event> {
    Some(match effect {
        Effect::Greet { seq } => Event::Welcomed(seq, shop.welcome().await.map(Box::new)),
        Effect::LoadPage { seq, search, from } => {
            Event::PageLoaded(seq, shop.browse(search, from, PAGE_ROWS).await)
        }
        Effect::LoadProduct { seq, sku } => Event::ProductLoaded(seq, shop.product(sku).await.map(Box::new)),
        Effect::LoadPicture { seq, picture } => {
            Event::PictureLoaded(seq, shop.picture(picture).await.map(Arc::new))
        }
        Effect::OpenCheckout { seq } => {
            Event::CheckoutOpened(seq, blocking(move || shop.open_checkout()).await)
        }
        Effect::Quote { seq, order, lines } => {
            Event::Quoted(seq, shop.quote(order, &lines).await.map(Box::new))
        }
        Effect::Pay { seq, quote, card, deliver_to, kept } => {
            let shop = shop.delivering_to(deliver_to.map(|address| *address));
            if let Err(why) = kept::before_paying(&shop, &quote, kept).await {
                return Some(Event::Paid(seq, Err(why)));
            }
            // Who is told of nothing shows fewer legs, and pays all the same.
            let tell_leg = move |leg| drop(tell.try_send(Event::Leg(seq, leg)));
            Event::Paid(seq, shop.pay_telling(&quote, &card, &tell_leg).await)
        }
        Effect::CheckStock { seq, skus } => Event::StockChecked(seq, shop.stock(&skus).await),
        Effect::Restore { seq } => Event::Restored(seq, Box::new(kept::restore(shop).await)),
        Effect::KeepCart { revision, cart } => return kept::keep_cart(shop, revision, *cart).await,
        Effect::KeepAddresses { seq, book } => {
            Event::AddressesKept(seq, kept::keep_addresses(shop, *book).await)
        }
        Effect::NoteEnd { order, bought } => return kept::note_end(shop, order, bought).await,
        Effect::LoadOrders { seq, before } => Event::OrdersLoaded(seq, shop.orders(before).await),
        Effect::LoadOrder { seq, order } => Event::OrderLoaded(seq, shop.order(order).await.map(Box::new)),
        Effect::MintReturn { seq, order, lines } => {
            Event::ReturnMinted(seq, blocking(move || shop.open_return(order, lines)).await)
        }
        Effect::LoadReturns => Event::ReturnsKept(blocking(move || shop.kept_returns()).await),
        Effect::LoadReceipt { seq, order } => {
            Event::ReceiptLoaded(seq, shop.proved(order).await.map(Box::new))
        }
        Effect::SaveReceipt { seq, receipt, path } => {
            Event::ReceiptSaved(seq, save(shop, receipt, path).await)
        }
        Effect::Cancel { seq, order } => Event::Cancelled(seq, shop.cancel(order).await.map(Box::new)),
        Effect::GiveBack { seq, id, order, lines } => {
            let answer = shop.give_back(id, order, &lines).await;
            Event::Returned(seq, shop.close_return(id, answer))
        }
        Effect::Quit => return None,
    })
}

/// What the model is told when what carried `effect` out broke, so that it does not wait for ever. Whatever
/// was asked may have happened: nothing here says that it has not.
pub fn unanswered(effect: &Effect) -> Option<Event> {
    match *effect {
        Effect::Greet { seq } => Some(Event::Welcomed(seq, Err(ShopError::Broke))),
        Effect::LoadPage { seq, .. } => Some(Event::PageLoaded(seq, Err(ShopError::Broke))),
        Effect::LoadProduct { seq, .. } => Some(Event::ProductLoaded(seq, Err(ShopError::Broke))),
        Effect::LoadPicture { seq, .. } => Some(Event::PictureLoaded(seq, Err(ShopError::Broke))),
        Effect::OpenCheckout { seq } => Some(Event::CheckoutOpened(seq, Err(ShopError::Broke))),
        Effect::Quote { seq, .. } => Some(Event::Quoted(seq, Err(ShopError::Broke))),
        Effect::Pay { seq, .. } => Some(Event::Paid(seq, Err(ShopError::Broke))),
        Effect::LoadOrders { seq, .. } => Some(Event::OrdersLoaded(seq, Err(ShopError::Broke))),
        Effect::LoadOrder { seq, .. } => Some(Event::OrderLoaded(seq, Err(ShopError::Broke))),
        Effect::Cancel { seq, .. } => Some(Event::Cancelled(seq, Err(ShopError::Broke))),
        Effect::GiveBack { seq, .. } => Some(Event::Returned(seq, Err(ShopError::Broke))),
        Effect::MintReturn { seq, .. } => Some(Event::ReturnMinted(seq, Err(ShopError::Broke))),
        Effect::LoadReturns => Some(Event::ReturnsKept(Err(ShopError::Broke))),
        Effect::LoadReceipt { seq, .. } => Some(Event::ReceiptLoaded(seq, Err(ShopError::Broke))),
        Effect::SaveReceipt { seq, .. } => Some(Event::ReceiptSaved(seq, Err(ShopError::Broke.message()))),
        Effect::CheckStock { seq, .. } => Some(Event::StockChecked(seq, Err(ShopError::Broke))),
        Effect::Restore { seq } => Some(Event::Restored(seq, Box::default())),
        Effect::KeepAddresses { seq, .. } => Some(Event::AddressesKept(seq, Err(ShopError::Broke))),
        Effect::KeepCart { .. } | Effect::NoteEnd { .. } | Effect::Quit => None,
    }
}

// What waits for the disk must not hold up the keys.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShopError> + Send + 'static,
) -> Result<T, ShopError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(ShopError::Broke))
}

async fn save(shop: Shop, receipt: Box<Receipt>, path: String) -> Result<String, Message> {
    let saved = tokio::task::spawn_blocking(move || receipts::save_at(&shop, &receipt, &path)).await;
    saved.unwrap_or_else(|_| Err(ShopError::Broke.message()))
}
