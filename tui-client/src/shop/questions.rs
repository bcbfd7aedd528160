//! Asking the shop: how a question goes out, and what a lack of an answer means.

use std::time::Duration;

use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{OrderView, Refusal, Reply, Request, Welcome};
use tokio::time::{Instant, sleep};

use super::{CALL_DEADLINE, FIRST_PAUSE, Handed, KEYS_WAIT, Shop, unexpected};
use crate::ending::Ending;
use crate::shop_error::ShopError;

impl Shop {
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn welcome(&self) -> Result<Welcome, ShopError> {
        match self.ask(&Request::Hello).await? {
            Reply::Welcome(welcome) => {
                self.inner.trust.hear(welcome.issuer_keys.clone());
                Ok(welcome)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Without the issuer's keys no decision can be checked. A seller that opens for the first time
    /// may not have heard them yet.
    pub(super) async fn know_keys(&self) -> Result<(), ShopError> {
        let until = Instant::now() + KEYS_WAIT;
        while !self.inner.trust.has_heard() {
            self.welcome().await?;
            if self.inner.trust.has_heard() {
                break;
            }
            if Instant::now() >= until {
                return Err(ShopError::Refused(Refusal::TryLater));
            }
            sleep(FIRST_PAUSE).await;
        }
        Ok(())
    }

    /// How an order ended, once more with fresh keys when the ones we know do not fit: the issuer may
    /// have changed them since.
    pub(super) async fn check_anew(
        &self,
        view: &OrderView,
        issuer: Option<Pin>,
    ) -> Result<Ending, ShopError> {
        let trust = &self.inner.trust;
        let ending = match trust.check(view, issuer) {
            Err(_) => {
                self.welcome().await?;
                trust.check(view, issuer).map_err(ShopError::Untrusted)?
            }
            Ok(ending) => ending,
        };
        if ending == (Ending::Declined { reason: Some(Reason::SealMismatch) }) {
            // Perhaps the key is gone that we sealed with; the next purchase asks for the current one.
            trust.doubt_keys();
        }
        Ok(ending)
    }

    pub(super) async fn ask(&self, request: &Request) -> Result<Reply, ShopError> {
        self.ask_within(request, CALL_DEADLINE).await
    }

    pub(super) async fn ask_within(&self, request: &Request, deadline: Duration) -> Result<Reply, ShopError> {
        self.ask_telling(request, deadline, |_| {}).await
    }

    /// As any question; `handed` is called when it is handed to a connection.
    pub(super) async fn ask_telling(
        &self,
        request: &Request,
        deadline: Duration,
        handed: impl Fn(Handed) + Send + Sync,
    ) -> Result<Reply, ShopError> {
        self.nodes.ask(request, deadline, handed).await
    }
}
