//! The alarms of both daemons: which rule, since when, and what was found.

use super::figure;
use crate::dashboard::model::Model;
use crate::view::Look;
use crate::view::list::window;
use crate::view::sheet::Sheet;
use crate::view::text;

/// Columns for the name of a rule.
const RULE: usize = 18;

pub fn draw(model: &Model, look: Look, sheet: &mut Sheet<'_>) {
    let alarms = model.alarms();
    let all_live = model.watched().all(|daemon| model.freshness(daemon).is_some_and(|fresh| fresh.is_live()));
    if alarms.is_empty() {
        // Nobody can say that all is well who does not hear of it.
        let (id, style) = match all_live {
            true => ("dash-no-alarms", look.good()),
            false => ("dash-no-alarms-known", look.dim()),
        };
        return sheet.wrap(&look.say(id), style);
    }
    let cursor = model.cursor.min(alarms.len() - 1);
    for at in window(cursor, alarms.len(), sheet.rows_left()) {
        let (daemon, alarm) = alarms[at];
        let sign = if at == cursor { look.signs.chosen } else { " " };
        let mark = if alarm.urgent { "!!" } else { "! " };
        let (name, rule) = (look.say(daemon.word()), text::left(&alarm.rule, RULE));
        let row = format!(" {sign} {mark} {} {name} {rule} {}", figure::clock(alarm.since), alarm.line);
        let style = match (at == cursor, alarm.urgent) {
            (true, _) => look.selected(),
            (false, true) => look.bad(),
            (false, false) => look.careful(),
        };
        sheet.row(at, &row, style);
    }
}
