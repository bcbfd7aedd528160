//! What is around every screen: which it is, how true what it shows is, what went off, and the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::figure;
use crate::app::event::Target;
use crate::dashboard::event::Daemon;
use crate::dashboard::feed::Feed;
use crate::dashboard::fresh::Freshness;
use crate::dashboard::keymap::{self, Action};
use crate::dashboard::model::{Model, Overlay, STEPS, Screen};
use crate::view::sheet::Sheet;
use crate::view::{Drawn, Look, Spot, tabs, text};
use crate::words::Message;

/// From this width on the screens are told with their keys.
const KEYED_COLUMNS: u16 = 100;
/// From this height on why a daemon cannot be reached has a row of its own.
const TALK_ROWS: u16 = 16;
/// Rows below the body: the notice and the status.
const FOOT_ROWS: u16 = 2;

/// Draws the frame and returns the room that is left for the screen itself.
pub fn draw(model: &Model, look: Look, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) -> Rect {
    let row = |y: u16| Rect { y, height: 1, ..area };
    buf.set_style(row(area.y), look.bar());
    buf.set_style(row(area.bottom() - 1), look.bar());
    let room = room(model, look, area);
    let mut head = Sheet::new(buf, Rect { height: room.y - area.y, ..area }, look, drawn);
    title(model, look, area.width, &mut head);
    for (line, style) in truths(model, look, area) {
        head.say(&line, style);
    }
    let mut foot = Sheet::new(buf, Rect { y: room.bottom(), height: FOOT_ROWS, ..area }, look, drawn);
    notice(model, look, &mut foot);
    status(model, look, &mut foot);
    room
}

/// The room that a window has for the screen itself.
pub fn room(model: &Model, look: Look, area: Rect) -> Rect {
    let rows = u16::try_from(truths(model, look, area).len()).unwrap_or(0).saturating_add(1);
    let rows = rows.min(area.height.saturating_sub(FOOT_ROWS + 1));
    Rect { y: area.y + rows, height: area.height.saturating_sub(rows + FOOT_ROWS), ..area }
}

fn title(model: &Model, look: Look, columns: u16, head: &mut Sheet<'_>) {
    let over = match (&model.confirm, model.overlay) {
        (Some(_), _) => Some("title-dash-confirm"),
        (None, Some(Overlay::Help { .. })) => Some("title-keys"),
        (None, Some(Overlay::Palette)) => Some("title-palette"),
        (None, None) => None,
    };
    if let Some(id) = over {
        return head.say(&look.say(id), look.accent());
    }
    if model.pages.is_empty() {
        let name = |(at, screen): (usize, &Screen)| match columns >= KEYED_COLUMNS {
            true => format!("{} {}", at + 1, look.say(screen.word())),
            false => look.say(screen.word()),
        };
        let names: Vec<String> = Screen::ALL.iter().enumerate().map(name).collect();
        let chosen = Screen::ALL.iter().position(|screen| *screen == model.screen).unwrap_or(0);
        return tabs::draw(&names, chosen, look, head);
    }
    let way: Vec<String> = model.pages.iter().map(|page| look.message(&page.title())).collect();
    let way = way.join(&format!(" {} ", look.signs.after));
    let age = model.pages.last().and_then(|page| page.told_at()).map(|told_at| {
        let seconds = model.now.0.saturating_sub(told_at.0) / 1_000_000;
        look.tell("dash-as-of", &[("age", look.rough(seconds).into())])
    });
    let age = age.unwrap_or_default();
    let room = head.columns().saturating_sub(text::width(&age) + 3);
    let spans = vec![
        Span::raw(" "),
        Span::styled(text::left(&text::tail(&way, room), room), look.accent()),
        Span::raw(format!(" {age} ")),
    ];
    head.put(&Line::from(spans));
}

/// How true what is shown is, and what nobody may overlook: as many rows as that takes.
fn truths(model: &Model, look: Look, area: Rect) -> Vec<(String, Style)> {
    let mut lines: Vec<(String, Style)> = Vec::new();
    let all_live = model.watched().all(|daemon| model.truth(daemon).is_some_and(Freshness::is_live));
    let words: Vec<String> = model.watched().map(|daemon| truth(model, look, daemon)).collect();
    let one_row = words.join("   ");
    if all_live && text::width(&one_row) + 2 <= usize::from(area.width) {
        let style = if model.is_frozen() { look.plain() } else { look.good() };
        lines.push((one_row, style));
    } else {
        for (daemon, words) in model.watched().zip(words) {
            let live = model.truth(daemon).is_some_and(Freshness::is_live);
            let style = match (live, model.is_frozen()) {
                (true, false) => look.good(),
                (true, true) => look.plain(),
                (false, _) => look.careful(),
            };
            lines.push((words, style));
            if area.height >= TALK_ROWS {
                lines.extend(
                    why(model, daemon).map(|why| (format!("  {}", look.message(why)), look.careful())),
                );
            }
        }
    }
    lines.extend(frozen(model, look).map(|line| (line, look.careful())));
    if model.screen != Screen::Alarms || !model.pages.is_empty() {
        lines.extend(alarm(model, look));
    }
    lines
}

/// One daemon, in words: how true what it told is, and its own time.
fn truth(model: &Model, look: Look, daemon: Daemon) -> String {
    let name = look.say(daemon.word());
    let Some(fresh) = model.truth(daemon) else { return name };
    let (sign, id, seconds) = match fresh {
        Freshness::Live => (look.signs.up, "dash-live", 0),
        Freshness::Never => (look.signs.down, "dash-connecting", 0),
        Freshness::Silent { seconds } => ("!", "dash-no-word", seconds),
        Freshness::Still { seconds } => ("!", "dash-clock-still", seconds),
        Freshness::Lost { seconds } => ("!", "dash-lost", seconds),
        Freshness::Frozen => (look.signs.down, "dash-frozen", 0),
    };
    let sign = if fresh == Freshness::Never && is_down(model, daemon) { "!" } else { sign };
    let id = if sign == "!" && fresh == Freshness::Never { "dash-not-reached" } else { id };
    let words = look.tell(id, &[("seconds", seconds.max(1).into())]);
    let clock = match daemon {
        Daemon::Seller => model.seller.as_ref().and_then(|feed| feed.hour.until(i64::MAX)),
        Daemon::Settlement => model.settlement.as_ref().and_then(|feed| feed.hour.until(i64::MAX)),
    };
    let clock = clock.map(|second| format!(" {}", figure::clock(second.at))).unwrap_or_default();
    let stuck = match daemon {
        Daemon::Seller => model.seller.as_ref().is_some_and(|feed| feed.is_stuck),
        Daemon::Settlement => model.settlement.as_ref().is_some_and(|feed| feed.is_stuck),
    };
    let stuck = if stuck { format!(" {} {}", look.signs.dot, look.say("dash-stuck")) } else { String::new() };
    format!("{sign} {name} {words}{clock}{stuck}")
}

fn is_down(model: &Model, daemon: Daemon) -> bool {
    why(model, daemon).is_some()
}

/// Why there is no connection to a daemon.
fn why(model: &Model, daemon: Daemon) -> Option<&Message> {
    match daemon {
        Daemon::Seller => model.seller.as_ref().and_then(Feed::why_down),
        Daemon::Settlement => model.settlement.as_ref().and_then(Feed::why_down),
    }
}

/// That the screen is stopped, at which time of the daemon's, and whether something has happened since.
fn frozen(model: &Model, look: Look) -> Option<String> {
    let moment = model.moment?;
    let daemon = model.watched().next()?;
    let at = model.sight(daemon).and_then(|sight| sight.second().map(|second| figure::clock(second.at)));
    let at = at.unwrap_or_else(|| look.say("dash-unknown"));
    let key = model.keys().key(keymap::Context::Watching, Action::Freeze);
    let key = key.map(|key| key.label(look.ascii)).unwrap_or_default();
    let back = look.span(u64::try_from(moment.back).unwrap_or(0));
    let id = if moment.back > 0 { "dash-frozen-back" } else { "dash-frozen-at" };
    let line = look.tell(id, &[("at", at.into()), ("back", back.into()), ("key", key.into())]);
    let changed = model.seller.as_ref().is_some_and(|feed| feed.alarms_changed())
        || model.settlement.as_ref().is_some_and(|feed| feed.alarms_changed());
    let news = if changed {
        format!(" {} {}", look.signs.dot, look.say("dash-alarms-changed"))
    } else {
        String::new()
    };
    Some(format!("! {line}{news}"))
}

/// The newest alarm, and how many there are.
fn alarm(model: &Model, look: Look) -> Option<(String, Style)> {
    let alarms = model.alarms();
    let (daemon, newest) = alarms.iter().max_by_key(|(_, alarm)| (alarm.urgent, alarm.since))?;
    let count = look.tell("dash-alarm-count", &[("count", alarms.len().into())]);
    let name = look.say(daemon.word());
    let line = format!("! {count} {} {name} {} {}", look.signs.dot, newest.rule, newest.line);
    Some((line, if newest.urgent { look.bad() } else { look.careful() }))
}

fn notice(model: &Model, look: Look, foot: &mut Sheet<'_>) {
    match &model.notice {
        Some(notice) if notice.grave => {
            foot.say(&format!("! {}", look.message(&notice.message)), look.careful());
        }
        Some(notice) => foot.say(&look.message(&notice.message), look.strong()),
        None => foot.rule(look.line()),
    }
}

fn status(model: &Model, look: Look, foot: &mut Sheet<'_>) {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    if model.readonly {
        let words = look.say("dash-readonly-word");
        used += text::width(&words) + 2;
        spans.extend([Span::styled(words, look.strong()), Span::raw("  ")]);
    }
    let step = STEPS[model.step.min(STEPS.len() - 1)];
    if step > 1 {
        let words = look.tell("dash-column-is", &[("seconds", (step as u64).into())]);
        used += text::width(&words) + 2;
        spans.extend([Span::styled(words, look.dim()), Span::raw("  ")]);
    }
    let row = foot.rest();
    let context = model.context();
    let of_binding = |binding: &keymap::Binding| {
        let label = binding.keys.first().map(|key| key.label(look.ascii)).unwrap_or_default();
        (label, look.say(binding.word))
    };
    let wide = |(label, word): &(String, String)| text::width(label) + text::width(word) + 1;
    let named = model.offered(context);
    let named: Vec<_> = named.filter(|(_, it)| !it.word.is_empty()).collect();
    // The help tells every other key, and what answers a question has to be seen: those always fit.
    let must = |binding: &keymap::Binding| matches!(binding.action, Action::Help | Action::Confirm);
    let kept: usize = named.iter().filter(|(_, it)| must(it)).map(|(_, it)| wide(&of_binding(it)) + 2).sum();
    let mut left = foot.columns().saturating_sub(used + kept);
    for (place, binding) in named {
        let told = of_binding(binding);
        let wide = wide(&told);
        if !must(binding) {
            if wide + 2 > left {
                continue;
            }
            left -= wide + 2;
        }
        let x = row.x.saturating_add(u16::try_from(used).unwrap_or(u16::MAX));
        let area = Rect { x, width: u16::try_from(wide).unwrap_or(0), height: 1, ..row };
        foot.drawn().spots.push(Spot { area, target: Target::Place(place) });
        used += wide + 2;
        let (label, word) = told;
        spans.extend([Span::styled(label, look.accent()), Span::raw(format!(" {word}  "))]);
    }
    foot.put(&Line::from(spans));
}
