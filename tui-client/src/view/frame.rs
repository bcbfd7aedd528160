//! What is around every screen: its title and the cart above, a notice and the status below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::sheet::Sheet;
use super::{text, theme::Theme, words};
use crate::app::keymap::{self, Action, Binding};
use crate::app::model::{Link, Model, Overlay, Screen};

/// From this height on there is a rule below the title.
const RULE_ROWS: u16 = 16;
/// From this width on the status has room for more than the bare words.
const ROOMY_COLUMNS: usize = 60;
/// Rows below the body: the notice and the status.
const FOOT_ROWS: u16 = 2;

/// Draws the frame and returns the room that is left for the screen itself.
pub fn draw(model: &Model, theme: Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let head_rows = if area.height >= RULE_ROWS { 2 } else { 1 };
    let mut head = Sheet::new(buf, Rect { height: head_rows, ..area });
    head.put(&title(model, theme, usize::from(area.width)));
    head.rule(theme.dim());
    let foot_at = area.bottom() - FOOT_ROWS;
    let mut foot = Sheet::new(buf, Rect { y: foot_at, height: FOOT_ROWS, ..area });
    notice(model, theme, &mut foot);
    foot.put(&status(model, theme, usize::from(area.width)));
    Rect { y: area.y + head_rows, height: foot_at - area.y - head_rows, ..area }
}

fn title(model: &Model, theme: Theme, columns: usize) -> Line<'static> {
    let cart = match (model.cart.pieces(), model.cart.total()) {
        (0, _) => "Cart empty".to_owned(),
        (pieces, Some(total)) => {
            format!("Cart {} · {}", words::grouped(pieces), total.show(model.currency()))
        }
        (pieces, None) => format!("Cart {}", words::grouped(pieces)),
    };
    let room = columns.saturating_sub(text::width(&cart) + 3);
    let name = text::left(screen_name(model), room);
    Line::from(vec![Span::raw(" "), Span::styled(name, theme.strong()), Span::raw(format!(" {cart} "))])
}

fn screen_name(model: &Model) -> &str {
    match (&model.overlay, &model.screen) {
        (Some(Overlay::Help { .. }), _) => "Keys",
        (Some(Overlay::Leave), _) => "Quit?",
        (None, Screen::Browse) => model.shop.as_ref().map_or("Shop", |shop| shop.name.as_str()),
        (None, Screen::Product(_)) => "Product",
        (None, Screen::Cart) => "Cart",
        (None, Screen::Checkout(_)) => "Checkout",
        (None, Screen::Outcome) => "Your purchase",
        (None, Screen::Orders) => "Your orders",
        (None, Screen::Order(_)) => "Order",
    }
}

fn notice(model: &Model, theme: Theme, foot: &mut Sheet<'_>) {
    match &model.notice {
        Some(notice) if notice.grave => foot.say(&format!("! {}", notice.text), theme.careful()),
        Some(notice) => foot.say(&notice.text, theme.strong()),
        None => foot.rule(theme.dim()),
    }
}

fn status(model: &Model, theme: Theme, columns: usize) -> Line<'static> {
    let shop = model.shop.as_ref().map_or("", |shop| shop.name.as_str());
    // A narrow status has to tell its keys first; the shop's name is above its shelves, too.
    let shop = if columns < ROOMY_COLUMNS { String::new() } else { text::cut(shop, columns / 4) };
    let link = link_words(model, columns);
    let style = match model.link {
        Link::Up => theme.plain(),
        Link::Connecting => theme.dim(),
        Link::Down { .. } => theme.careful(),
    };
    let mut spans = vec![Span::raw(" ")];
    if !shop.is_empty() {
        spans.extend([Span::styled(shop, theme.strong()), Span::raw(" ")]);
    }
    spans.push(Span::styled(link, style));
    spans.push(Span::raw("  "));
    let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    spans.extend(keys(model, theme, columns.saturating_sub(used + 1)));
    Line::from(spans)
}

fn link_words(model: &Model, columns: usize) -> String {
    let link = match model.link {
        Link::Connecting => "○ connecting".to_owned(),
        Link::Up
            if model.shop.as_ref().is_some_and(|shop| !shop.settlement_up) && columns >= ROOMY_COLUMNS =>
        {
            "● connected, payments down".to_owned()
        }
        Link::Up => "● connected".to_owned(),
        Link::Down { retry_at } => match words::left_until(retry_at, model.now) {
            Some(left) if columns >= ROOMY_COLUMNS => format!("○ not connected, again in {left}"),
            Some(_) | None => "○ not connected".to_owned(),
        },
    };
    match model.unknown_purchases() as u64 {
        0 => link,
        unknown if columns >= ROOMY_COLUMNS => {
            format!("{link} · {}", words::count(unknown, "payment unknown", "payments unknown"))
        }
        _some => format!("{link} · ?"),
    }
}

// As many keys as fit. The help always does, because it tells the others.
fn keys(model: &Model, theme: Theme, columns: usize) -> Vec<Span<'static>> {
    let all: Vec<&Binding> = keymap::bindings(model.context()).filter(|b| !b.word.is_empty()).collect();
    let help = all.iter().position(|binding| binding.action == Action::Help);
    let size = |binding: &Binding| text::width(binding.label) + text::width(binding.word) + 3;
    let mut left = columns.saturating_sub(help.map_or(0, |at| size(all[at])));
    let mut spans = Vec::new();
    let mut full = false;
    for (at, binding) in all.into_iter().enumerate() {
        full |= Some(at) != help && size(binding) > left;
        if Some(at) != help {
            if full {
                continue;
            }
            left -= size(binding);
        }
        spans.push(Span::styled(binding.label, theme.strong()));
        spans.push(Span::raw(format!(" {}  ", binding.word)));
    }
    spans
}
