//! What operators have the writer do. Each act is a journal record that names the operator's key.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::operator::rights::Right;
use kessai_shared::operator::trail::MAX_REASON_BYTES;
use kessai_shared::pin::Pin;
use kessai_shared::store::Fault;
use kessai_shared::storefront::{Cancelled, Line, Refusal, Tracking};
use kessai_shared::trail::Operated;

use super::{Clerk, Desk, GiveBackRequest, Tell, TellOrder, answer};
use crate::sales::acts::{self, Cannot, Unshelved};
use crate::sales::{Change, GiveBack, LinePieces, Order, Product, Reason};

/// An operator's act, and whom it tells.
pub enum Operation {
    /// Ships these lines, each by its place from 0, or all that is left; tells that it was begun.
    Ship {
        order: OrderId,
        lines: Vec<LinePieces>,
        tracking: Option<Tracking>,
        by: Pin,
        tell: Tell<Result<Arc<Order>, CannotOperate>>,
    },
    Deliver {
        order: OrderId,
        by: Pin,
        tell: Tell<Result<Arc<Order>, CannotOperate>>,
    },
    /// Tells when it is done.
    Cancel {
        order: OrderId,
        by: Pin,
        tell: TellOrder,
    },
    /// Takes goods of one order back for its buyer; tells when it is settled.
    Return {
        id: ReturnId,
        order: OrderId,
        lines: Vec<Line>,
        restock: bool,
        by: Pin,
        tell: Tell<Result<GiveBack, Refusal>>,
    },
    Receive {
        sku: Sku,
        pieces: u32,
        note: String,
        by: Pin,
        tell: Tell<Result<Product, CannotOperate>>,
    },
    Adjust {
        sku: Sku,
        pieces: i64,
        reason: Reason,
        by: Pin,
        tell: Tell<Result<Product, CannotOperate>>,
    },
    /// Records what moves neither money nor goods; tells the position, or nothing when it was so before.
    Note {
        what: Operated,
        reason: String,
        by: Pin,
        tell: Tell<Result<Option<u64>, CannotOperate>>,
    },
    /// Records how the list of operators differs from what the books have; tells whether there was more.
    TakeOver {
        operators: Arc<BTreeMap<Pin, Right>>,
        by: Pin,
        tell: Tell<Result<bool, CannotOperate>>,
    },
}

/// Why an operator's act changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotOperate {
    Order(Cannot),
    Stock(Unshelved),
    /// A reason is one line, and not a long one.
    Reason,
    /// Another node is in charge of the shop, or none yet.
    NotInCharge,
    /// These books still take over what the settlement has more.
    Behind,
}

impl fmt::Display for CannotOperate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotOperate::Order(why) => why.fmt(f),
            CannotOperate::Stock(why) => why.fmt(f),
            CannotOperate::Reason => {
                write!(f, "a reason is one line of at most {MAX_REASON_BYTES} bytes")
            }
            CannotOperate::Behind => f.write_str(
                "these books are an older copy and catch up from the settlement's; run the same command again",
            ),
            CannotOperate::NotInCharge => f.write_str(
                "this node is not in charge of the shop, so nothing is changed here; ask the node that is",
            ),
        }
    }
}

impl Clerk {
    pub(super) fn operate(&mut self, operation: Operation, desk: &mut Desk<'_>) -> Result<(), Fault> {
        match operation {
            Operation::Ship { order, lines, tracking, by, tell } => {
                let act = acts::ship(desk.books(), order, &lines, tracking, Some(by)).map(Some);
                self.of_order(order, act, tell, desk)
            }
            Operation::Deliver { order, by, tell } => {
                let act = acts::deliver(desk.books(), order, Some(by));
                self.of_order(order, act, tell, desk)
            }
            Operation::Cancel { order, by, tell } => {
                self.cancel((order, Cancelled::ByShop, Some(by)), tell, desk)
            }
            Operation::Return { id, order, lines, restock, by, tell } => {
                let buyer = desk.books().order(order).map(|order| (order.owner, order.quote.customer));
                let Some((owner, customer)) = buyer else {
                    answer(desk, tell, Err(Refusal::UnknownOrder));
                    return Ok(());
                };
                let (from, by) = (Some(order), Some(by));
                let request = GiveBackRequest { id, owner, customer, from, lines, by, restock };
                self.give_back(&request, tell, desk)
            }
            Operation::Receive { sku, pieces, note, by, tell } => {
                let act = acts::receive(desk.books(), &sku, pieces, &note, by);
                self.of_stock(sku, act, tell, desk)
            }
            Operation::Adjust { sku, pieces, reason, by, tell } => {
                let act = acts::adjust(desk.books(), &sku, pieces, reason, by);
                self.of_stock(sku, act, tell, desk)
            }
            Operation::Note { what, reason, by, tell } => {
                let done = match acts::operate(desk.books(), what, &reason, by) {
                    Ok(Some(change)) => Ok(Some(desk.change(&change)?.position)),
                    Ok(None) => Ok(None),
                    Err(acts::NotAReason) => Err(CannotOperate::Reason),
                };
                answer(desk, tell, done);
                Ok(())
            }
            Operation::TakeOver { operators, by, tell } => {
                let changes = acts::take_over(desk.books(), &operators, by);
                for change in &changes {
                    desk.change(change)?;
                }
                answer(desk, tell, Ok(!changes.is_empty()));
                Ok(())
            }
        }
    }

    fn of_order(
        &mut self,
        id: OrderId,
        act: Result<Option<Change>, Cannot>,
        tell: Tell<Result<Arc<Order>, CannotOperate>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        match act {
            Err(why) => {
                answer(desk, tell, Err(CannotOperate::Order(why)));
                return Ok(());
            }
            Ok(Some(change)) => {
                desk.change(&change)?;
            }
            Ok(None) => {}
        }
        self.follow_up(id, desk);
        desk.after(move |books| {
            let order = books.shared_order(id).ok_or(CannotOperate::Order(Cannot::UnknownOrder));
            let _ = tell.send(order);
        });
        Ok(())
    }

    fn of_stock(
        &mut self,
        sku: Sku,
        act: Result<Change, Unshelved>,
        tell: Tell<Result<Product, CannotOperate>>,
        desk: &mut Desk<'_>,
    ) -> Result<(), Fault> {
        let done = match act {
            Err(why) => Err(CannotOperate::Stock(why)),
            Ok(change) => {
                desk.change(&change)?;
                let product = desk.books().product(&sku);
                product.cloned().ok_or(CannotOperate::Stock(Unshelved::UnknownSku))
            }
        };
        let shown = self.shown.clone();
        desk.after(move |books| shown.put_stock(books, &sku));
        answer(desk, tell, done);
        Ok(())
    }
}
