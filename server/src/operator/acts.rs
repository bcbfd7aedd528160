//! What operators do to orders and stock. The writer makes each act a record that names its operator.

use std::time::Duration;

use kessai_shared::ids::{OrderId, ReturnId};
use kessai_shared::operator::seller::{Reason as WireReason, Refusal, Reply};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{self, Line, Tracking};
use kessai_shared::writer::{WriterGone, hand_in};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Service, views};
use crate::clerk::{CannotOperate, Command, Operation};
use crate::sales::acts::{self, Cannot, Unshelved};
use crate::sales::{LinePieces, Reason};

/// How long an operator is kept waiting for the settlement before being told how things stand.
const OUTCOME_WAIT: Duration = Duration::from_secs(3);

/// What an operator may ask to be done.
pub enum Act {
    Ship { order: OrderId, lines: Vec<LinePieces>, tracking: Option<Tracking> },
    Deliver { order: OrderId },
    Cancel { order: OrderId },
    Return { id: ReturnId, order: OrderId, lines: Vec<Line>, restock: bool },
    Receive { sku: kessai_shared::ids::Sku, pieces: u32, note: String },
    Adjust { sku: kessai_shared::ids::Sku, pieces: i64, reason: WireReason },
}

impl Service {
    pub(super) async fn act(&self, by: Pin, act: Act) -> Result<Reply, Refusal> {
        match act {
            Act::Ship { order, lines, tracking } => {
                let done = self.done(|tell| Operation::Ship { order, lines, tracking, by, tell }).await?;
                done.map_err(refused)?;
                self.order(order)
            }
            Act::Deliver { order } => {
                let done = self.done(|tell| Operation::Deliver { order, by, tell }).await?;
                done.map_err(refused)?;
                self.order(order)
            }
            Act::Cancel { order } => {
                let told = self.done(|tell| Operation::Cancel { order, by, tell });
                // One that is not acknowledged by then shows that it is being cancelled.
                if let Ok(done) = timeout(OUTCOME_WAIT, told).await {
                    done?.map_err(of_shop)?;
                }
                self.order(order)
            }
            Act::Return { id, order, lines, restock } => {
                acts::check_lines(&lines).map_err(of_shop)?;
                let told = self.done(|tell| Operation::Return { id, order, lines, restock, by, tell });
                let given = match timeout(OUTCOME_WAIT, told).await {
                    Ok(given) => given?.map_err(of_shop)?,
                    Err(_) => self.shop.shown.given(id).ok_or(Refusal::TryLater)?,
                };
                Ok(Reply::Returned(self.shop.return_view(id, &given)))
            }
            Act::Receive { sku, pieces, note } => {
                let done = self.done(|tell| Operation::Receive { sku, pieces, note, by, tell }).await?;
                done.map(|product| Reply::Product(views::stock_row(&product))).map_err(refused)
            }
            Act::Adjust { sku, pieces, reason } => {
                let reason = match reason {
                    WireReason::Counted => Reason::Counted,
                    WireReason::Damaged => Reason::Damaged,
                    WireReason::Lost => Reason::Lost,
                    WireReason::Found => Reason::Found,
                };
                let done = self.done(|tell| Operation::Adjust { sku, pieces, reason, by, tell }).await?;
                done.map(|product| Reply::Product(views::stock_row(&product))).map_err(refused)
            }
        }
    }

    pub(super) async fn done<T>(
        &self,
        operation: impl FnOnce(oneshot::Sender<T>) -> Operation,
    ) -> Result<T, Refusal> {
        let (tell, told) = oneshot::channel();
        let command = Command::Operate(operation(tell));
        hand_in(&self.writer, command).await.map_err(|WriterGone| Refusal::TryLater)?;
        told.await.map_err(|_| Refusal::TryLater)
    }
}

pub(super) fn refused(why: CannotOperate) -> Refusal {
    match why {
        CannotOperate::Order(Cannot::UnknownOrder) => Refusal::UnknownOrder,
        CannotOperate::Stock(Unshelved::UnknownSku) => Refusal::UnknownProduct,
        CannotOperate::NotInCharge | CannotOperate::Behind | CannotOperate::Reason => {
            Refusal::NotAllowed(why.to_string())
        }
        CannotOperate::Order(why) => Refusal::NotAllowed(why.to_string()),
        CannotOperate::Stock(why) => Refusal::NotAllowed(why.to_string()),
    }
}

/// What a shopper would be told, for an operator who asked on his behalf.
fn of_shop(refusal: storefront::Refusal) -> Refusal {
    match refusal {
        storefront::Refusal::UnknownOrder => Refusal::UnknownOrder,
        storefront::Refusal::TryLater | storefront::Refusal::SettlementAway => Refusal::TryLater,
        storefront::Refusal::NotInCharge => refused(CannotOperate::NotInCharge),
        storefront::Refusal::AlreadyShipped => {
            Refusal::NotAllowed("all of the order has left; it can only come back".to_owned())
        }
        storefront::Refusal::UnknownSku { .. }
        | storefront::Refusal::NoLines
        | storefront::Refusal::TooManyLines
        | storefront::Refusal::BadQuantity { .. }
        | storefront::Refusal::AmountTooLarge
        | storefront::Refusal::BadQuote
        | storefront::Refusal::QuoteExpired
        | storefront::Refusal::Duplicate
        | storefront::Refusal::NoPicture
        | storefront::Refusal::BadCard => Refusal::NotAllowed(refusal.to_string()),
    }
}
