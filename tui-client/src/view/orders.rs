//! The list of orders, newest first.

use kessai_shared::storefront::OrderView;
use ratatui::text::Line;

use super::list::{Column, column, money_columns, row, window};
use super::{sheet::Sheet, theme::Theme, words};
use crate::app::model::Model;

/// From these widths on the order and the fulfilment have columns of their own.
const ORDER_COLUMNS_FROM: usize = 70;
const FULFILMENT_COLUMNS_FROM: usize = 80;
/// Below this width a row has room for the day, the payment and the total only.
const NARROW: usize = 60;
const STATE_COLUMNS: usize = 13;

pub fn draw(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    let orders = &model.orders;
    if let Some(why) = &orders.problem {
        sheet.wrap(&format!("The orders cannot be listed: {why}"), theme.careful());
        sheet.wrap("R asks the shop again.", theme.plain());
    }
    if orders.list.is_empty() {
        match (orders.asked, &orders.problem) {
            (Some(_), _) => sheet.say("Asking the shop…", theme.dim()),
            (None, None) => sheet.say("There are no orders yet.", theme.plain()),
            (None, Some(_)) => {}
        }
        return;
    }
    let width = sheet.columns();
    let head = columns(width, ["Order", "Payment", "Fulfilment", "Total"].map(str::to_owned));
    sheet.put(&Line::styled(row(width, false, "Placed", &head), theme.dim()));
    for at in window(orders.cursor, orders.list.len(), sheet.rows_left()) {
        let selected = at == orders.cursor;
        let style = if selected { theme.selected() } else { theme.plain() };
        sheet.bar(&order_row(width, selected, &orders.list[at].0), style);
    }
    if orders.asked.is_some() {
        sheet.say("  Asking for older orders…", theme.dim());
    }
}

fn order_row(width: usize, selected: bool, view: &OrderView) -> String {
    let quote = &view.quote.quote;
    let states = [
        words::order(view.order).to_owned(),
        words::payment(view.payment).to_owned(),
        words::fulfilment(view.fulfilment).to_owned(),
        quote.total.show(quote.currency),
    ];
    // The seconds of a placing help nobody choose an order; the day is what matters most.
    let placed = view.placed_at.to_string();
    let placed = placed.get(..if width < NARROW { 10 } else { 16 }).unwrap_or(&placed);
    row(width, selected, placed, &columns(width, states))
}

fn columns(width: usize, [order, payment, fulfilment, total]: [String; 4]) -> Vec<Column> {
    let mut columns = Vec::new();
    if width >= ORDER_COLUMNS_FROM {
        columns.push(column(STATE_COLUMNS, order));
    }
    columns.push(column(if width < NARROW { 11 } else { STATE_COLUMNS }, payment));
    if width >= FULFILMENT_COLUMNS_FROM {
        columns.push(column(STATE_COLUMNS, fulfilment));
    }
    columns.push(column(money_columns(width), total));
    columns
}
