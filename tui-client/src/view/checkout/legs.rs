//! How far a payment has come, one leg a line, each with the time since the key was pressed.

use kessai_shared::time::Timestamp;
use ratatui::text::{Line, Span};

use crate::app::model::Legs;
use crate::shop::Leg;
use crate::view::list::{column, row};
use crate::view::{look::Look, sheet::Sheet};

const AFTER_COLUMNS: usize = 9;
const CLOCK_COLUMNS: usize = 8;
/// From this width on a leg tells the time of the clock too, that of whoever said it.
const CLOCK_COLUMNS_FROM: usize = 60;

/// The legs that are known, and, while it goes on, what is waited for.
pub fn draw(legs: &Legs, goes_on: bool, look: Look, sheet: &mut Sheet<'_>) {
    for (leg, at) in legs.seen() {
        let (id, clock) = match leg {
            Leg::Sent | Leg::SentAgain | Leg::Elsewhere => ("leg-sent", *at),
            Leg::Held { placed_at } => ("leg-held", *placed_at),
            Leg::Decided { at } => ("leg-decided", *at),
            Leg::Verified => ("leg-verified", *at),
        };
        let mut columns = vec![column(AFTER_COLUMNS, after(legs, *at, look))];
        let width = sheet.columns();
        if width >= CLOCK_COLUMNS_FROM {
            columns.push(column(CLOCK_COLUMNS, self::clock(clock)));
        }
        // The row leaves three columns for a sign of its own.
        let line = row(width.saturating_sub(2), false, &look.say(id), &columns);
        let rest = line.get(1..).unwrap_or_default().trim_end().to_owned();
        sheet.put(&Line::from(vec![
            Span::raw(" "),
            Span::styled(look.signs.good, look.good()),
            Span::raw(rest.get(1..).unwrap_or_default().to_owned()),
        ]));
    }
    if legs.again > 0 {
        sheet.wrap(&look.tell("leg-again", &[("count", legs.again.into())]), look.careful());
    }
    if legs.elsewhere {
        sheet.wrap(&look.say("leg-elsewhere"), look.careful());
    }
    if goes_on {
        let waiting = format!("{} {}", look.signs.dot, look.say(awaited(legs)));
        sheet.wrap(&waiting, look.dim());
    }
}

/// The time of day (UTC).
pub fn clock(at: Timestamp) -> String {
    at.to_string().split(' ').nth(1).unwrap_or_default().chars().take(CLOCK_COLUMNS).collect()
}

pub fn after(legs: &Legs, at: Timestamp, look: Look) -> String {
    let tenths = at.0.saturating_sub(legs.since.0) / 100_000;
    let seconds = format!("{}.{}", tenths / 10, tenths % 10);
    look.tell("leg-after", &[("seconds", seconds.into())])
}

pub fn awaited(legs: &Legs) -> &'static str {
    match legs.seen().last() {
        None => "leg-awaits-sealing",
        Some((Leg::Sent | Leg::SentAgain | Leg::Elsewhere, _)) => "leg-awaits-shop",
        Some((Leg::Held { .. }, _)) => "leg-awaits-decision",
        Some((Leg::Decided { .. } | Leg::Verified, _)) => "leg-awaits-end",
    }
}
