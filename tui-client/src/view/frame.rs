//! What is around every screen: its title and the cart above, a notice and the status below, and in between
//! what nobody may overlook: that the shop cannot be reached, and how old is what is shown.

use kessai_shared::time::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::drawn::{Drawn, Spot, Target};
use super::look::Look;
use super::sheet::Sheet;
use super::text;
use crate::app::keymap::Action;
use crate::app::model::{Link, Model, Overlay, Screen, Standby};

/// From this height on there is a rule below the title.
const RULE_ROWS: u16 = 16;
/// From this height on there is room for all that is to be said without a connection.
const TALK_ROWS: u16 = 20;
/// From this width on the status has room for more than the bare words.
const ROOMY_COLUMNS: usize = 60;
/// Rows below the body: the notice and the status.
const FOOT_ROWS: u16 = 2;
/// What is older than this is told to be, even with a connection.
const FRESH_SECONDS: u64 = 60;

/// Draws the frame and returns the room that is left for the screen itself.
pub fn draw(model: &Model, look: Look, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) -> Rect {
    let row = |y: u16| Rect { y, height: 1, ..area };
    buf.set_style(row(area.y), look.bar());
    buf.set_style(row(area.bottom() - 1), look.bar());
    let room = room(model, look, area);
    let mut head = Sheet::new(buf, Rect { height: room.y - area.y, ..area }, look, drawn);
    head.put(&title(model, look, usize::from(area.width)));
    troubles(model, look, area).iter().for_each(|line| head.say(line, look.careful()));
    head.rule(look.line());
    let mut foot = Sheet::new(buf, Rect { y: room.bottom(), height: FOOT_ROWS, ..area }, look, drawn);
    notice(model, look, &mut foot);
    status(model, look, &mut foot);
    room
}

/// The room that a window has for the screen itself.
pub fn room(model: &Model, look: Look, area: Rect) -> Rect {
    let troubles = u16::try_from(troubles(model, look, area).len()).unwrap_or(0);
    let head_rows = 1 + troubles + u16::from(area.height >= RULE_ROWS);
    Rect { y: area.y + head_rows, height: area.height.saturating_sub(head_rows + FOOT_ROWS), ..area }
}

fn title(model: &Model, look: Look, columns: usize) -> Line<'static> {
    let cart = match (model.cart.pieces(), model.cart.total()) {
        (0, _) => look.say("head-cart-empty"),
        (pieces, Some(total)) => {
            let total = (total, model.currency());
            look.tell("head-cart", &[("pieces", pieces.into()), ("total", total.into())])
        }
        (pieces, None) => look.tell("head-cart-too-much", &[("pieces", pieces.into())]),
    };
    let room = columns.saturating_sub(text::width(&cart) + 3);
    let name = text::left(&screen_name(model, look), room);
    Line::from(vec![Span::raw(" "), Span::styled(name, look.accent()), Span::raw(format!(" {cart} "))])
}

fn screen_name(model: &Model, look: Look) -> String {
    look.say(match (&model.overlay, &model.screen) {
        (Some(Overlay::Help { .. }), _) => "title-keys",
        (Some(Overlay::Palette), _) => "title-palette",
        (Some(Overlay::Leave), _) => "title-quit",
        (None, Screen::Browse) => match &model.shop {
            Some(shop) => return shop.name.clone(),
            None => "title-shop",
        },
        (None, Screen::Product(_)) => "title-product",
        (None, Screen::Cart) => "title-cart",
        (None, Screen::Checkout(_)) => "title-checkout",
        (None, Screen::Outcome) => "title-outcome",
        (None, Screen::Orders) => "title-orders",
        (None, Screen::Order(detail)) if detail.paper.is_some() => "title-receipt",
        (None, Screen::Order(_)) => "title-order",
    })
}

/// What of the connection nobody may overlook: since when there is none, how old what is shown is therefore,
/// why, what happens next, and what works all the same. As many lines as the window has room for.
fn troubles(model: &Model, look: Look, area: Rect) -> Vec<String> {
    let Some(outage) = model.outage.as_ref().filter(|_| model.link != Link::Up) else {
        if let Some(standby) = model.standby {
            return vec![format!("! {}", standby_words(standby, model, look))];
        }
        let refused = model.shop.as_ref().is_some_and(|shop| !shop.settlement_up);
        let told = refused && area.height >= RULE_ROWS;
        return told.then(|| format!("! {}", look.say("payments-down"))).into_iter().collect();
    };
    let lasting = look.rough(seconds_between(outage.since, model.now));
    let mut first = format!("! {}", look.tell("offline", &[("lasting", lasting.into())]));
    if let Some((id, since)) = model.shown_since() {
        let age = look.rough(seconds_between(since, model.now));
        let age = look.tell(id, &[("age", age.into())]);
        let both = format!("{first} {} {age}", look.signs.dot);
        // A narrow window tells the age alone: that there is no connection stands in its status, too.
        let fits = text::width(&both) + 2 <= usize::from(area.width);
        first = if fits { both } else { format!("! {age}") };
    }
    let mut lines = vec![first];
    if area.height >= RULE_ROWS {
        lines.push(format!("  {}", look.message(&outage.why)));
    }
    if area.height >= TALK_ROWS {
        lines.push(format!("  {}", look.say("offline-still-works")));
    }
    lines
}

/// That a standby tells what is shown, and how old that is at the least.
pub fn standby_words(standby: Standby, model: &Model, look: Look) -> String {
    match standby.as_of {
        Some(as_of) => {
            let behind = look.rough(seconds_between(as_of, model.now));
            look.tell("shown-by-standby", &[("behind", behind.into())])
        }
        None => look.say("shown-by-standby-unknown"),
    }
}

fn seconds_between(since: Timestamp, now: Timestamp) -> u64 {
    now.0.saturating_sub(since.0) / 1_000_000
}

fn notice(model: &Model, look: Look, foot: &mut Sheet<'_>) {
    match &model.notice {
        Some(notice) if notice.grave => {
            foot.say(&format!("! {}", look.message(&notice.message)), look.careful());
        }
        Some(notice) => foot.say(&look.message(&notice.message), look.strong()),
        None => match age(model, look) {
            Some(age) => {
                let rule = foot.columns().saturating_sub(text::width(&age) + 4);
                let line = look.signs.rule;
                foot.put(&Line::from(vec![
                    Span::styled(line.repeat(rule), look.line()),
                    Span::styled(format!(" {age} "), look.dim()),
                    Span::styled(line.repeat(2), look.line()),
                ]));
            }
            None => foot.rule(look.line()),
        },
    }
}

/// How old what is shown is, when that is worth a word; without a connection it is told above.
fn age(model: &Model, look: Look) -> Option<String> {
    let (id, since) = model.shown_since().filter(|_| model.link == Link::Up && model.overlay.is_none())?;
    let seconds = Some(seconds_between(since, model.now)).filter(|seconds| *seconds >= FRESH_SECONDS)?;
    Some(look.tell(id, &[("age", look.rough(seconds).into())]))
}

fn status(model: &Model, look: Look, foot: &mut Sheet<'_>) {
    let columns = foot.columns();
    let shop = model.shop.as_ref().map_or("", |shop| shop.name.as_str());
    // A narrow status has to tell its keys first; the shop's name is above its shelves, too.
    let shop = if columns < ROOMY_COLUMNS { String::new() } else { text::cut(shop, columns / 4) };
    let link = link_words(model, look, columns);
    let style = match model.link {
        Link::Up if model.shop.as_ref().is_none_or(|shop| shop.settlement_up) => look.good(),
        Link::Up | Link::Down { .. } => look.careful(),
        Link::Connecting => look.dim(),
    };
    let mut spans = vec![Span::raw(" ")];
    if !shop.is_empty() {
        spans.extend([Span::styled(shop, look.strong()), Span::raw(" ")]);
    }
    spans.push(Span::styled(link, style));
    spans.push(Span::raw("  "));
    let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    let keys = keys(model, look, columns.saturating_sub(used + 1));
    let mut at = used;
    let row = foot.rest();
    for (action, label, word) in keys {
        let wide = text::width(&label) + text::width(&word) + 1;
        let area = Rect { x: row.x + column(at), width: column(wide), height: 1, ..row };
        foot.drawn().spots.push(Spot { area, target: Target::Does(action) });
        at += wide + 2;
        spans.push(Span::styled(label, look.accent()));
        spans.push(Span::raw(format!(" {word}  ")));
    }
    foot.put(&Line::from(spans));
}

fn column(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn link_words(model: &Model, look: Look, columns: usize) -> String {
    let roomy = columns >= ROOMY_COLUMNS;
    let (sign, words) = match model.link {
        Link::Connecting => (look.signs.down, look.say("link-connecting")),
        Link::Up if model.shop.as_ref().is_some_and(|shop| !shop.settlement_up) => {
            let id = if roomy { "link-up-payments-down" } else { "link-no-payments" };
            (look.signs.up, look.say(id))
        }
        Link::Up => (look.signs.up, look.say("link-up")),
        Link::Down { retry_at } => match look.left_until(retry_at, model.now) {
            Some(left) if roomy && !look.still => {
                (look.signs.down, look.tell("link-down-again", &[("left", left.into())]))
            }
            Some(_) | None => (look.signs.down, look.say("link-down")),
        },
    };
    let dot = look.signs.dot;
    match model.unknown_purchases() {
        0 => format!("{sign} {words}"),
        unknown if roomy => {
            let unknown = look.tell("unknown-payments", &[("count", unknown.into())]);
            format!("{sign} {words} {dot} {unknown}")
        }
        _some => format!("{sign} {words} {dot} ?"),
    }
}

// As many keys as fit. The help always does, because it tells the others.
fn keys(model: &Model, look: Look, columns: usize) -> Vec<(Action, String, String)> {
    let bindings = model.settings.keys.bindings(model.context()).filter(|b| !b.word.is_empty());
    let all: Vec<(Action, String, String)> =
        bindings.map(|b| (b.action, look.key(model, b.action), look.say(b.word))).collect();
    let help = all.iter().position(|(action, ..)| *action == Action::Help);
    let size = |(_, label, word): &(Action, String, String)| text::width(label) + text::width(word) + 3;
    let mut left = columns.saturating_sub(help.map_or(0, |at| size(&all[at])));
    let mut keys = Vec::new();
    let mut full = false;
    for (at, one) in all.into_iter().enumerate() {
        full |= Some(at) != help && size(&one) > left;
        if Some(at) != help {
            if full {
                continue;
            }
            left -= size(&one);
        }
        keys.push(one);
    }
    keys
}
