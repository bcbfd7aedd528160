//! How the changes of orders and returns move pieces and money in the books.

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Decision;
use kessai_shared::settlement::Refusal;
use kessai_shared::storefront::{Cancelled, PaymentState};
use kessai_shared::time::Timestamp;

use super::books::Books;
use super::give_back::{GiveBack, Split};
use super::history::Deed;
use super::inconsistent::Inconsistent;
use super::lists::Filed;
use super::order::{LinePieces, Order};
use super::stock::Stock;
use super::stored::Stored;
use super::work::{Work, approves};

type Move = fn(&mut Stock, u64) -> Result<(), Inconsistent>;
type Done = Result<(), Inconsistent>;

impl Books {
    pub(super) fn placed(&mut self, order: Order) -> Done {
        let id = order.quote.order;
        self.recovered_placed(id, true);
        self.insert(order)?;
        self.move_all(id, Stock::reserve)
    }

    pub(super) fn turned_away(&mut self, order: Order) -> Done {
        self.recovered_placed(order.quote.order, false);
        self.insert(order)
    }

    pub(super) fn insert(&mut self, order: Order) -> Done {
        let id = order.quote.order;
        if self.orders.insert(id, Stored::new(order)).is_some() {
            return Err(Inconsistent("an order is placed twice"));
        }
        self.refile(id);
        Ok(())
    }

    pub(super) fn decided(&mut self, id: OrderId, decision: &Decision, position: u64, at: Timestamp) -> Done {
        self.step(id, |order| order.decide(decision, position, at))?;
        self.move_all(id, if approves(decision) { Stock::allocate } else { Stock::release })
    }

    /// A reservation lasts as long as the decision is waited for: what is in doubt is never sold.
    pub(super) fn doubted(&mut self, id: OrderId, at: Timestamp) -> Done {
        self.step(id, |order| order.doubt(at))?;
        self.move_all(id, Stock::release)
    }

    pub(super) fn cancel_asked(
        &mut self,
        id: OrderId,
        why: &Cancelled,
        by: Option<Pin>,
        at: Timestamp,
    ) -> Done {
        self.step(id, |order| order.ask_cancel(why, at, by))?;
        let undecided = self.order(id).is_some_and(|order| order.payment == PaymentState::Unknown);
        if undecided { self.move_all(id, Stock::release) } else { Ok(()) }
    }

    pub(super) fn cancelled(&mut self, id: OrderId, at: Timestamp) -> Done {
        let pieces = self.step(id, |order| order.cancelled(at))?;
        self.move_pieces(id, &pieces, Stock::keep)
    }

    pub(super) fn given_back(&mut self, id: ReturnId, given: &GiveBack, at: Timestamp) -> Done {
        if self.returns.contains_key(&id) {
            return Err(Inconsistent("a return is taken twice"));
        }
        for part in &given.parts {
            let order = self.orders.get_mut(&part.order).and_then(Stored::change);
            let order = order.ok_or(Inconsistent("an unknown order"))?;
            let line = usize::from(part.line);
            if !order.is_confirmed() || part.quantity > order.returnable(line) {
                return Err(Inconsistent("more comes back than was bought"));
            }
            order.lines[line].given += part.quantity;
            if !order.refunding.contains(&id) {
                order.refunding.push(id);
                order.note(Deed::ReturnAsked, at, given.by);
            }
        }
        self.returns.insert(id, given.clone());
        given.parts.iter().for_each(|part| self.refile(part.order));
        Ok(())
    }

    pub(super) fn released(&mut self, id: ReturnId, order: OrderId, amount: Minor, at: Timestamp) -> Done {
        let (split, restock) = self.split(id, order)?;
        self.is_worth(order, &split.release, amount)?;
        let given = self.returns.get_mut(&id).ok_or(Inconsistent("an unknown return"))?;
        given.note_released(order, &split.release, amount);
        let ends = given.is_done(order);
        self.step(order, |order| order.released(id, (&split.release, amount), ends, at))?;
        self.move_pieces(order, &split.release, if restock { Stock::keep } else { Stock::discard })
    }

    pub(super) fn refunded(
        &mut self,
        id: ReturnId,
        order: OrderId,
        (amount, batch): (Minor, u32),
        at: Timestamp,
    ) -> Done {
        let (split, _) = self.split(id, order)?;
        if !split.release.is_empty() {
            return Err(Inconsistent("a refund overtakes the release before it"));
        }
        self.is_worth(order, &split.refund, amount)?;
        self.come_back(id, order, &split.refund, (amount, batch), at)
    }

    /// Ends what an order waits for that the settlement will never do. Nothing is asked for ever.
    pub(super) fn refused(&mut self, id: OrderId, refusal: Refusal, at: Timestamp) -> Done {
        let work = Work::next(self, id).ok_or(Inconsistent("a refusal of what nobody asked for"))?;
        self.step(id, |order| {
            order.refused(refusal, at);
            Ok(())
        })?;
        match work {
            Work::Inquire { .. } => self.doubted(id, at),
            Work::Reverse { .. } => {
                let confirmed = self.order(id).is_some_and(Order::is_confirmed);
                let rest = self.step(id, |order| {
                    let rest = if confirmed { order.drop_rest() } else { Vec::new() };
                    order.charged_though_cancelled();
                    Ok(rest)
                })?;
                self.move_pieces(id, &rest, Stock::keep)
            }
            Work::Capture { .. } => self.step(id, |order| {
                order.capture_refused();
                Ok(())
            }),
            Work::Release { given: None, .. } => self.cancelled(id, at),
            Work::Release { given: Some(given), amount, .. } => {
                self.note_refused(given, id, refusal);
                self.released(given, id, amount, at)
            }
            Work::Repay { .. } => Err(Inconsistent("a refusal of what no order of ours asked for")),
            Work::Refund { given, .. } => {
                self.note_refused(given, id, refusal);
                let (split, _) = self.split(given, id)?;
                self.come_back(given, id, &split.refund, (Minor::ZERO, 0), at)
            }
        }
    }

    /// Books pieces of a product that come in, or go without being sold when there are fewer than none.
    pub(super) fn shelve(&mut self, sku: &Sku, pieces: i64, more: Move) -> Done {
        let product = self.products.get_mut(sku).ok_or(Inconsistent("an unknown product"))?;
        let act = if pieces < 0 { Stock::write_off } else { more };
        act(&mut product.stock, pieces.unsigned_abs())
    }

    fn come_back(
        &mut self,
        id: ReturnId,
        order: OrderId,
        pieces: &[LinePieces],
        (amount, batch): (Minor, u32),
        at: Timestamp,
    ) -> Done {
        let given = self.returns.get_mut(&id).ok_or(Inconsistent("an unknown return"))?;
        given.note_back(order, pieces, amount, batch);
        let restock = given.restock;
        self.step(order, |order| order.refunded(id, (pieces, amount), at))?;
        self.move_pieces(order, pieces, if restock { Stock::take_back } else { Stock::take_back_damaged })
    }

    fn note_refused(&mut self, given: ReturnId, order: OrderId, refusal: Refusal) {
        if let Some(given) = self.returns.get_mut(&given) {
            given.note_refused(order, refusal);
        }
    }

    /// What is to be done now for one order of a return, and whether its goods go on the shelf.
    fn split(&self, id: ReturnId, order_id: OrderId) -> Result<(Split, bool), Inconsistent> {
        let given = self.returns.get(&id).ok_or(Inconsistent("an unknown return"))?;
        let order = self.order(order_id).ok_or(Inconsistent("an unknown order"))?;
        if order.refunding.first() != Some(&id) || order.shipping.is_some() {
            return Err(Inconsistent("an answer to a return whose turn it is not"));
        }
        Ok((given.split(order_id, order), given.restock))
    }

    fn is_worth(&self, id: OrderId, pieces: &[LinePieces], amount: Minor) -> Done {
        let worth = self.order(id).map(|order| order.worth_of(pieces));
        if worth == Some(amount) && !pieces.is_empty() {
            Ok(())
        } else {
            Err(Inconsistent("another amount than the goods are worth"))
        }
    }

    pub(super) fn step<T>(
        &mut self,
        id: OrderId,
        act: impl FnOnce(&mut Order) -> Result<T, Inconsistent>,
    ) -> Result<T, Inconsistent> {
        let order = self.orders.get_mut(&id).and_then(Stored::change);
        let done = act(order.ok_or(Inconsistent("an unknown order"))?)?;
        self.refile(id);
        Ok(done)
    }

    /// Moves every piece of an order that was not approved yet, or is now.
    fn move_all(&mut self, id: OrderId, act: Move) -> Done {
        let order = self.order(id).ok_or(Inconsistent("an unknown order"))?;
        let lines = order.quote.lines.iter().map(|line| (line.sku, line.quantity));
        self.move_each(lines.collect(), act)
    }

    pub(super) fn move_pieces(&mut self, id: OrderId, pieces: &[LinePieces], act: Move) -> Done {
        let order = self.order(id).ok_or(Inconsistent("an unknown order"))?;
        let sku = |line: u16| order.quote.lines.get(usize::from(line)).map(|line| line.sku);
        let moves = pieces.iter().map(|(line, pieces)| Some((sku(*line)?, *pieces)));
        let moves: Option<Vec<_>> = moves.collect();
        self.move_each(moves.ok_or(Inconsistent("an unknown line"))?, act)
    }

    fn move_each(&mut self, moves: Vec<(Sku, u32)>, act: Move) -> Done {
        for (sku, pieces) in moves {
            let product = self.products.get_mut(&sku).ok_or(Inconsistent("an unknown product"))?;
            act(&mut product.stock, u64::from(pieces))?;
        }
        Ok(())
    }

    /// Keeps the lists that orders are found by in step with one order.
    fn refile(&mut self, id: OrderId) {
        if let Some(filed) = self.order(id).map(Filed::of) {
            self.lists.file(id, &filed);
        }
    }
}
