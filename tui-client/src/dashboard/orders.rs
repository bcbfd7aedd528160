//! Drilling down to one order of the seller's: the list, and what happened to one of it.

mod detail;

use kessai_shared::ids::OrderId;
use kessai_shared::operator::MAX_ROWS;
use kessai_shared::operator::seller::{OrderRow, Reply, Request};
use kessai_shared::storefront::{FulfilmentState, OrderState};
use kessai_shared::time::Timestamp;

use super::event::{Question, Told};
use super::keymap::{Action, Context};
use super::page::{Desk, Page, Step, moved};
use crate::app::Seq;
use crate::view::Look;
use crate::view::list::{column, row, window};
use crate::view::sheet::Sheet;
use crate::view::states;
use crate::words::Message;
pub use detail::Detail;

/// Most orders that are kept of the list.
const MAX_KEPT: usize = 10_000;
/// From this width on a row tells when its order was placed, and how far its parcels are.
const WIDE: usize = 76;

/// The newest orders, as many as were scrolled to.
#[derive(Default)]
pub struct Orders {
    pub rows: Vec<OrderRow>,
    pub cursor: usize,
    asked: Option<Seq>,
    told_at: Option<Timestamp>,
    /// From where on there are more.
    next: Option<OrderId>,
}

impl Orders {
    fn ask_from(&mut self, before: Option<OrderId>, desk: &mut Desk<'_>) {
        let request = Request::Orders { state: None, before, limit: MAX_ROWS };
        self.asked = Some(desk.ask(Question::Seller(request)));
    }

    fn open(&self) -> Step {
        match self.rows.get(self.cursor) {
            Some(row) => Step::Open(Box::new(Detail::of(row.order))),
            None => Step::Stay,
        }
    }
}

impl Page for Orders {
    fn title(&self) -> Message {
        Message::new("title-dash-orders")
    }

    fn context(&self) -> Context {
        Context::List
    }

    fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    fn ask(&mut self, desk: &mut Desk<'_>) {
        self.ask_from(None, desk);
    }

    fn act(&mut self, action: Action, desk: &mut Desk<'_>) -> Step {
        match action {
            Action::Back => return Step::Close,
            Action::Next => return self.open(),
            action => {
                self.cursor =
                    moved(action, self.cursor, self.rows.len(), desk.page_rows).unwrap_or(self.cursor);
            }
        }
        let at_end = self.cursor + 1 >= self.rows.len() && self.rows.len() < MAX_KEPT;
        if let Some(next) = self.next.filter(|_| at_end && self.asked.is_none()) {
            self.ask_from(Some(next), desk);
        }
        Step::Stay
    }

    fn answered(&mut self, seq: Seq, answer: &Result<Box<Told>, Message>, desk: &mut Desk<'_>) {
        if self.asked != Some(seq) {
            return;
        }
        self.asked = None;
        if let Ok(Told::Seller(Reply::Orders(page))) = answer.as_deref() {
            let goes_on = self.next.is_some()
                && self
                    .rows
                    .last()
                    .is_some_and(|last| page.rows.first().is_none_or(|row| row.order < last.order));
            if !goes_on {
                self.rows.clear();
            }
            self.rows.extend(page.rows.iter().cloned());
            self.next = page.next;
            self.told_at = Some(desk.now);
            self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        }
    }

    fn clicked(&mut self, row: usize, _desk: &mut Desk<'_>) -> Step {
        if row == self.cursor {
            return self.open();
        }
        self.cursor = row.min(self.rows.len().saturating_sub(1));
        Step::Stay
    }

    fn draw(&self, look: Look, _now: Timestamp, sheet: &mut Sheet<'_>) {
        if self.rows.is_empty() {
            let id = if self.told_at.is_some() { "dash-orders-none" } else { "dash-asking" };
            return sheet.say(&look.say(id), look.dim());
        }
        let width = sheet.columns();
        for at in window(self.cursor, self.rows.len(), sheet.rows_left()) {
            let (order, chosen) = (&self.rows[at], at == self.cursor);
            let mut columns = vec![column(14, look.say(states::payment(order.payment)))];
            if width >= WIDE {
                columns.insert(0, column(19, order.placed_at.to_string()));
                columns.insert(1, column(12, look.say(order_word(order.state))));
                columns.push(column(12, look.say(fulfilment_word(order.fulfilment))));
            }
            columns.push(column(12, order.total.show(order.currency)));
            let style = if chosen { look.selected() } else { look.plain() };
            sheet.row(at, &row(width, chosen, &order.order.to_string(), &columns), style);
        }
    }
}

/// The id of what an order's own state is called.
pub const fn order_word(state: OrderState) -> &'static str {
    match state {
        OrderState::Pending => "order-pending",
        OrderState::Confirmed => "order-confirmed",
        OrderState::Completed => "order-completed",
        OrderState::Cancelled => "order-cancelled",
        OrderState::Expired => "order-expired",
    }
}

/// The id of how far an order's parcels are.
pub const fn fulfilment_word(state: FulfilmentState) -> &'static str {
    match state {
        FulfilmentState::NotFulfilled => "fulfilment-not-fulfilled",
        FulfilmentState::Shipped => "fulfilment-shipped",
        FulfilmentState::Delivered => "fulfilment-delivered",
        FulfilmentState::Returned => "fulfilment-returned",
    }
}
