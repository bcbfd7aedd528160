//! Days and times in the words of a language, in UTC: where the shopper's clock stands is not known here.

use kessai_shared::time::Timestamp;

use super::look::Look;

/// The day in full.
pub fn day(look: Look, at: Timestamp) -> String {
    let [year, month, day, _, _] = parts(at);
    look.tell("date-day", &[("year", year.into()), ("month", name(look, &month).into()), ("day", day.into())])
}

/// The day without its year, where there is little room.
pub fn short_day(look: Look, at: Timestamp) -> String {
    let [_, month, day, _, _] = parts(at);
    look.tell("date-short", &[("month", name(look, &month).into()), ("day", day.into())])
}

/// The day and the minute.
pub fn instant(look: Look, at: Timestamp) -> String {
    let [_, _, _, hour, minute] = parts(at);
    look.tell("date-instant", &[("date", day(look, at).into()), ("time", format!("{hour}:{minute}").into())])
}

/// The minute, and the day without its year.
pub fn short_instant(look: Look, at: Timestamp) -> String {
    let [_, _, _, hour, minute] = parts(at);
    let date = short_day(look, at);
    look.tell("date-instant-short", &[("date", date.into()), ("time", format!("{hour}:{minute}").into())])
}

fn name(look: Look, month: &str) -> String {
    const MONTHS: [&str; 12] = [
        "month-01", "month-02", "month-03", "month-04", "month-05", "month-06", "month-07", "month-08",
        "month-09", "month-10", "month-11", "month-12",
    ];
    let at = month.parse::<usize>().ok().and_then(|month| month.checked_sub(1));
    at.and_then(|at| MONTHS.get(at)).map_or_else(String::new, |id| look.say(id))
}

// Year, month, day, hour and minute: their leading zeros stay, so that what is below each other lines up.
fn parts(at: Timestamp) -> [String; 5] {
    let text = at.to_string();
    let mut parts = text.split(['-', ' ', ':']).map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}
