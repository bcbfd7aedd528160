//! The cart: what, how many, and what it comes to.

use ratatui::text::Line;

use super::list::{Column, TOTAL_COLUMNS, column, money_columns, row, window};
use super::{sheet::Sheet, theme::Theme, words};
use crate::app::model::{Goods, Model};

/// From this width on the price of one piece has a column of its own.
const EACH_COLUMNS_FROM: usize = 60;
const QUANTITY_COLUMNS: usize = 9;

pub fn draw(model: &Model, theme: Theme, sheet: &mut Sheet<'_>) {
    let cart = &model.cart;
    if cart.goods.is_empty() {
        sheet.gap();
        sheet.say("The cart is empty.", theme.plain());
        sheet.wrap("Esc goes back to the shelves; a adds a product.", theme.dim());
        return;
    }
    let width = sheet.columns();
    let head = row(width, false, "Product", &columns(width, "Quantity", "Each", "Sum"));
    sheet.put(&Line::styled(head, theme.dim()));
    // Below the list: a rule, the total, and room to breathe where there is some.
    let rows = sheet.rows_left().saturating_sub(if sheet.is_roomy() { 3 } else { 2 });
    for at in window(cart.cursor, cart.goods.len(), rows) {
        let selected = at == cart.cursor;
        let style = if selected { theme.selected() } else { theme.plain() };
        sheet.bar(&goods_row(width, selected, &cart.goods[at], model), style);
    }
    sheet.rule(theme.dim());
    let total = cart.total().map_or("too much".to_owned(), |total| total.show(model.currency()));
    sheet.put(&Line::styled(
        row(
            width,
            false,
            if width < EACH_COLUMNS_FROM { "Total" } else { "Total at listed prices" },
            &[column(TOTAL_COLUMNS, total)],
        ),
        theme.strong(),
    ));
    if sheet.is_roomy() {
        sheet.say("  The shop's own quote comes with checkout. Enter spends nothing.", theme.dim());
    }
}

fn goods_row(width: usize, selected: bool, goods: &Goods, model: &Model) -> String {
    let currency = model.currency();
    let name = match goods.is_short() {
        true => format!("! only {} left: {}", goods.item.available, goods.item.name),
        false => goods.item.name.clone(),
    };
    let quantity = words::grouped(u64::from(goods.quantity.get()));
    let sum = goods.sum().map_or("too much".to_owned(), |sum| sum.show(currency));
    row(width, selected, &name, &columns(width, &quantity, &goods.item.unit_price.show(currency), &sum))
}

fn columns(width: usize, quantity: &str, each: &str, sum: &str) -> Vec<Column> {
    let mut columns = vec![column(QUANTITY_COLUMNS, quantity), column(money_columns(width), sum)];
    if width >= EACH_COLUMNS_FROM {
        columns.insert(1, column(money_columns(width), each));
    }
    columns
}
