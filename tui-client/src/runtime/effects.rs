//! Carrying effects out: each is one call to the shop, and its result is one event.

use crate::app::effect::PAGE_ROWS;
use crate::app::{Effect, Event};
use crate::shop::{Shop, ShopError};

/// Does what `effect` says and returns what came of it.
pub async fn perform(shop: Shop, effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Greet { seq } => Event::Welcomed(seq, shop.welcome().await.map(Box::new)),
        Effect::LoadPage { seq, query, category, from } => {
            Event::PageLoaded(seq, shop.browse(&query, category.as_deref(), from, PAGE_ROWS).await)
        }
        Effect::OpenCheckout { seq } => Event::CheckoutOpened(seq, open_checkout(shop).await),
        Effect::Quote { seq, order, lines } => {
            Event::Quoted(seq, shop.quote(order, &lines).await.map(Box::new))
        }
        Effect::Pay { seq, quote, card } => Event::Paid(seq, shop.pay(&quote, &card).await),
        Effect::LoadOrders { seq, before } => Event::OrdersLoaded(seq, shop.orders(before).await),
        Effect::LoadOrder { seq, order } => Event::OrderLoaded(seq, shop.order(order).await.map(Box::new)),
        Effect::MintReturn { seq } => Event::ReturnMinted(seq, shop.mint_return()),
        Effect::Cancel { seq, order } => Event::Cancelled(seq, shop.cancel(order).await.map(Box::new)),
        Effect::GiveBack { seq, id, order, lines } => {
            Event::Returned(seq, shop.give_back(id, order, &lines).await)
        }
        Effect::Quit => return None,
    })
}

// Keeping the id waits for the disk, which must not hold up the keys.
async fn open_checkout(shop: Shop) -> Result<kessai_shared::ids::OrderId, ShopError> {
    let opened = tokio::task::spawn_blocking(move || shop.open_checkout()).await;
    opened.unwrap_or_else(|_| Err(ShopError::Local("the order id could not be kept".into())))
}
