//! What is taken back of an order: cancelling what was not sent, giving back what was.

use std::sync::atomic::{AtomicU64, Ordering};

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::storefront::{Line, OrderState, OrderView, Reply, Request, ReturnState, ReturnView};
use tokio::time::{Instant, sleep};

use super::{FIRST_PAUSE, LONGEST_PAUSE, OUTCOME_DEADLINE, Shop, another_order, unexpected};
use crate::ending::Ending;
use crate::shop_error::ShopError;

impl Shop {
    /// Cancels what of an order was not sent yet, and waits until that is acknowledged or turns out to be
    /// too late.
    ///
    /// # Errors
    /// [`ShopError`]; [`Refusal::AlreadyShipped`] in it when nothing is left to cancel.
    pub async fn cancel(&self, order: OrderId) -> Result<(OrderView, Ending), ShopError> {
        self.know_keys().await?;
        let settled = |reply: &Reply| match reply {
            Reply::Order(view) if view.quote.quote.order != order => Err(another_order()),
            Reply::Order(view) => Ok(!is_being_cancelled(view)),
            other => Err(unexpected(other)),
        };
        match self.ask_until(&Request::Cancel { order }, settled).await? {
            Reply::Order(view) => {
                let ending = self.check_anew(&view, None).await?;
                Ok((*view, ending))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Gives lines back, of one order or of whatever was bought last, and waits for the refund.
    ///
    /// # Errors
    /// [`ShopError`] when nothing at all can be said.
    pub async fn give_back_from(
        &self,
        id: ReturnId,
        from: Option<OrderId>,
        lines: &[Line],
    ) -> Result<ReturnView, ShopError> {
        let request = Request::Return { id, customer: self.customer, from, lines: lines.to_vec() };
        let settled = |reply: &Reply| match reply {
            Reply::Returned(view) if view.id != id => Err(another_order()),
            Reply::Returned(view) => Ok(view.state != ReturnState::Pending),
            other => Err(unexpected(other)),
        };
        match self.ask_until(&request, settled).await? {
            Reply::Returned(view) => Ok(view),
            other => Err(unexpected(&other)),
        }
    }

    /// Gives back the lines of an order and waits for the refund.
    ///
    /// # Errors
    /// As [`Shop::give_back_from`].
    pub async fn give_back(
        &self,
        id: ReturnId,
        order: OrderId,
        lines: &[Line],
    ) -> Result<ReturnView, ShopError> {
        self.give_back_from(id, Some(order), lines).await
    }

    /// A fresh return id, made from our key and the time: no two of this terminal are the same.
    pub fn mint_return(&self) -> ReturnId {
        if let Some(id) = self.inner.home.seeded_return() {
            return id;
        }
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = (self.inner.clock)();
        let mut context = now.0.to_le_bytes().to_vec();
        context.extend_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        context.extend_from_slice(&std::process::id().to_le_bytes());
        let derived = self.identity().derive(b"kessai return id v1", &context);
        let mut random = [0; 10];
        random.copy_from_slice(&derived[..10]);
        ReturnId::mint(now, random)
    }

    /// Asks for something that is safe to ask for again, until it is settled or patience ends.
    async fn ask_until(
        &self,
        request: &Request,
        settled: impl Fn(&Reply) -> Result<bool, ShopError>,
    ) -> Result<Reply, ShopError> {
        let until = Instant::now() + self.patience;
        let (mut pause, mut sent) = (FIRST_PAUSE, false);
        loop {
            let late = Instant::now() + pause >= until;
            let left = until.saturating_duration_since(Instant::now()).max(FIRST_PAUSE);
            let answer = self.ask_within(request, OUTCOME_DEADLINE.min(left)).await;
            sent |= answer.as_ref().err().is_none_or(ShopError::may_have_happened);
            match answer {
                Ok(reply) if settled(&reply)? || late => return Ok(reply),
                Err(ShopError::Refused(refusal)) if !refusal.is_transient() => {
                    return Err(ShopError::Refused(refusal));
                }
                // Once it may have been sent, it may have been carried out.
                Err(error) if late => return Err(if sent { ShopError::NoAnswer } else { error }),
                Ok(_) | Err(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Whether a cancellation of it may still wait for its acknowledgement.
fn is_being_cancelled(view: &OrderView) -> bool {
    view.cancelling || view.order == OrderState::Pending
}
