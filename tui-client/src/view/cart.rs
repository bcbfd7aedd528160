//! The cart: what, how many, and what it comes to.

use kessai_shared::money::grouped;
use ratatui::text::Line;

use super::list::{Column, TOTAL_COLUMNS, column, money_columns, row, window};
use super::{look::Look, sheet::Sheet};
use crate::app::keymap::Action;
use crate::app::model::{Goods, Model};

/// From this width on the price of one piece has a column of its own.
const EACH_COLUMNS_FROM: usize = 60;
const QUANTITY_COLUMNS: usize = 9;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let cart = &model.cart;
    if cart.goods.is_empty() {
        sheet.gap();
        sheet.say(&look.say("cart-empty"), look.plain());
        sheet.wrap(&look.naming("cart-empty-next", model, &[("back", Action::Back)]), look.dim());
        return;
    }
    let width = sheet.columns();
    if cart.short() > 0 {
        let fit = look.key(model, Action::Fit);
        let short = look.tell("cart-short", &[("count", cart.short().into()), ("key", fit.into())]);
        sheet.say(&format!("! {short}"), look.careful());
    }
    let (quantity, each, sum) = (look.say("head-quantity"), look.say("head-each"), look.say("head-sum"));
    let head = row(width, false, &look.say("head-product"), &columns(width, &quantity, &each, &sum));
    sheet.put(&Line::styled(head, look.dim()));
    // Below the list: a rule, the total, and room to breathe where there is some.
    let rows = sheet.rows_left().saturating_sub(if sheet.is_roomy() { 3 } else { 2 });
    for at in window(cart.cursor, cart.goods.len(), rows) {
        let selected = at == cart.cursor;
        let style = if selected { look.selected() } else { look.plain() };
        sheet.row(at, &goods_row((width, selected), &cart.goods[at], model, look), style);
    }
    sheet.rule(look.dim());
    let total = cart.total().map_or_else(|| look.say("cart-too-much"), |total| total.show(model.currency()));
    sheet.put(&Line::styled(
        row(
            width,
            false,
            &look.say(if width < EACH_COLUMNS_FROM { "head-total" } else { "cart-total-listed" }),
            &[column(TOTAL_COLUMNS, total)],
        ),
        look.strong(),
    ));
    if sheet.is_roomy() {
        sheet.say(
            &format!("  {}", look.naming("cart-quote-comes", model, &[("key", Action::Next)])),
            look.dim(),
        );
    }
}

fn goods_row((width, selected): (usize, bool), goods: &Goods, model: &Model, look: Look) -> String {
    let currency = model.currency();
    let name = match goods.is_short() {
        true => {
            let (left, name) = (goods.item.available, goods.item.name.as_str());
            look.tell("cart-only-left", &[("count", left.into()), ("name", name.into())])
        }
        false => goods.item.name.clone(),
    };
    let quantity = grouped(u64::from(goods.quantity.get()));
    let sum = goods.sum().map_or_else(|| look.say("cart-too-much"), |sum| sum.show(currency));
    row(width, selected, &name, &columns(width, &quantity, &goods.item.unit_price.show(currency), &sum))
}

fn columns(width: usize, quantity: &str, each: &str, sum: &str) -> Vec<Column> {
    let mut columns = vec![column(QUANTITY_COLUMNS, quantity), column(money_columns(width), sum)];
    if width >= EACH_COLUMNS_FROM {
        columns.insert(1, column(money_columns(width), each));
    }
    columns
}
