//! Looking at one's orders, and the proof of what was decided about one.

use kessai_shared::ids::OrderId;
use kessai_shared::receipt::SignedIssuerKeys;
use kessai_shared::storefront::{MAX_PAGE, OrderView, Reply, Request};

use super::{Shop, another_order, unexpected};
use crate::ending::Ending;
use crate::receipt_file::Receipt;
use crate::shop_error::ShopError;

impl Shop {
    /// How an order stands, its decision verified and its reason read.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn order(&self, order: OrderId) -> Result<(OrderView, Ending), ShopError> {
        self.know_keys().await?;
        match self.ask(&Request::Order { order }).await? {
            Reply::Order(view) if view.quote.quote.order != order => Err(another_order()),
            Reply::Order(view) => {
                let ending = self.check_anew(&view, None).await?;
                Ok((*view, ending))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// The receipt of an order that was decided: what proves the decision to anybody, for ever.
    ///
    /// # Errors
    /// [`ShopError`] as for every question; [`ShopError::Local`] when there is no decision to prove.
    pub async fn receipt(&self, order: OrderId) -> Result<Receipt, ShopError> {
        let (view, _) = self.order(order).await?;
        let none = || ShopError::Local(format!("order {order} has no decision of the settlement to prove"));
        let decision = view.decision.ok_or_else(none)?;
        let mut why = ShopError::Untrusted("the shop passes on no keys of an issuer we trust".to_owned());
        for keys in self.inner.trust.certificates() {
            let keys = SignedIssuerKeys::clone(&keys);
            let receipt = Receipt { quote: view.quote.clone(), decision: decision.clone(), keys };
            match receipt.verify() {
                Ok(_) => return Ok(receipt),
                Err(bad) => why = ShopError::Untrusted(format!("the receipt {bad}")),
            }
        }
        Err(why)
    }

    /// Orders, newest first, older than `before`.
    ///
    /// # Errors
    /// [`ShopError`] as for every question.
    pub async fn orders(&self, before: Option<OrderId>) -> Result<Vec<(OrderView, Ending)>, ShopError> {
        self.know_keys().await?;
        match self.ask(&Request::Orders { before, limit: MAX_PAGE }).await? {
            Reply::Orders(views) => {
                let mut orders = Vec::with_capacity(views.len());
                let mut last = before;
                for view in views {
                    let order = view.quote.quote.order;
                    // A list that does not go on would keep us asking for ever.
                    if last.is_some_and(|last| order >= last) {
                        return Err(another_order());
                    }
                    last = Some(order);
                    // Lists of another length than the signed quote's could be of any length.
                    let long = [&view.shipped, &view.cancelled, &view.returned].map(|list| list.len());
                    let lines = view.quote.quote.lines.len();
                    if view.names.len() != lines || long.iter().any(|long| *long != lines) {
                        return Err(ShopError::Untrusted(format!(
                            "order {order} has other lines than its quote"
                        )));
                    }
                    let ending = self.check_anew(&view, None).await?;
                    orders.push((view, ending));
                }
                Ok(orders)
            }
            other => Err(unexpected(&other)),
        }
    }
}
