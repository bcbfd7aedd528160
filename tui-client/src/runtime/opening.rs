//! The shop is opened while the first frame is on the screen already: its key may have to be made, and
//! everything asked of it waits until it is there.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use kessai_shared::console::Failure;
use tokio::sync::watch;

use super::effects;
use super::session::Perform;
use crate::headless;
use crate::shop::{Shop, ShopError};

/// What carries effects out at a shop that is still to be opened, and the opening of it, which ends only
/// when it fails.
pub fn at_shop(
    open: impl FnOnce() -> Result<Shop, ShopError> + Send + 'static,
) -> (Perform, impl Future<Output = Failure>) {
    let (opened, open_shop) = watch::channel(None::<Shop>);
    let opening = async move {
        match tokio::task::spawn_blocking(open).await {
            Ok(Ok(shop)) => {
                // Whoever waits for it holds the other end.
                let _ = opened.send(Some(shop));
                std::future::pending().await
            }
            Ok(Err(error)) => headless::failure(error),
            Err(_panicked) => Failure::failed("this terminal's own files could not be opened"),
        }
    };
    let perform: Perform = Arc::new(move |effect, tell| {
        let mut shop = open_shop.clone();
        async move {
            // An opening that failed ends the session, and then nobody waits for an answer.
            let shop = shop.wait_for(Option::is_some).await.ok()?.clone()?;
            effects::perform(shop, effect, tell).await
        }
        .boxed()
    });
    (perform, opening)
}
