//! The one door through which anything changes on the dashboard.

use kessai_shared::time::Timestamp;

use super::acts::{About, Drill, Menu};
use super::confirm::Confirm;
use super::event::{Daemon, Effect, Event};
use super::find::Find;
use super::keymap::{Action, Context};
use super::model::{MOST_BACK, Model, Moment, Overlay, STEPS, Screen};
use super::orders::Orders;
use super::page::{Desk, Page, Step, moved};
use super::{palette, view};
use crate::app::event::Target;
use crate::app::model::Size;
use crate::app::{Edit, Key, Outside};
use crate::words::Message;

/// Rows that are not a screen's own.
const ROWS_AROUND: u16 = 5;
/// How many columns one press of an arrow goes back or forth, and one of PgUp or PgDn.
const STRIDE: i64 = 1;
const LONG_STRIDE: i64 = 60;
/// Most pages over each other.
const MAX_PAGES: usize = 32;

/// What has to be done before anything has happened.
pub fn start(model: &mut Model) -> Vec<Effect> {
    model.watched().map(Effect::Watch).collect()
}

/// Lets `event` happen to `model` and returns what the world has to do about it.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = happened(model, event);
    effects.extend(recall(model));
    effects
}

fn happened(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Outside(outside) => return came(model, outside),
        Event::Reached(Daemon::Seller) => model.seller.iter_mut().for_each(|feed| feed.reached()),
        Event::Reached(Daemon::Settlement) => model.settlement.iter_mut().for_each(|feed| feed.reached()),
        Event::SellerBeat(beat) => {
            let now = model.now;
            if let Some(feed) = &mut model.seller {
                feed.heard(*beat, now);
            }
        }
        Event::SettlementBeat(beat) => {
            let now = model.now;
            if let Some(feed) = &mut model.settlement {
                feed.heard(*beat, now);
            }
        }
        Event::Lost(daemon, why) => lost(model, daemon, why),
        Event::Past(daemon, answer) => recalled(model, daemon, answer),
        Event::Answered(seq, answer) => {
            if let Err(why) = &answer {
                model.warn(why.clone());
            }
            // A page further down may have been left while its answer was on the way.
            return with_pages(model, |page, desk| page.answered(seq, &answer, desk));
        }
    }
    Vec::new()
}

fn came(model: &mut Model, outside: Outside) -> Vec<Effect> {
    match outside {
        Outside::Key(key) => return pressed(model, key),
        Outside::Paste(text) if model.context().takes_text() => return typed(model, &text),
        Outside::Paste(_) => {}
        Outside::Resize { columns, rows } => model.size = Size { columns, rows },
        Outside::Point(Target::Place(place)) => {
            let binding = model.keys().all().get(place).filter(|it| it.contexts.contains(&model.context()));
            // No click changes anything at a daemon, as none pays in the shop.
            let action = binding.map(|it| it.action).filter(|action| *action != Action::Confirm);
            return action.map_or_else(Vec::new, |action| act(model, action));
        }
        Outside::Point(Target::Row(row)) => return clicked(model, row),
        Outside::Point(Target::Does(_)) => {}
        Outside::Wheel(steps) => {
            let action = if steps < 0 { Action::Up } else { Action::Down };
            let times = usize::from(steps.unsigned_abs()).saturating_mul(3);
            return (0..times).flat_map(|_| act(model, action)).collect();
        }
        Outside::Background(background) => model.settings.background = Some(background),
        Outside::Tick(now) => return ticked(model, now),
        Outside::Broke => model.warn(Message::new("broke")),
    }
    Vec::new()
}

fn ticked(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = model.now.max(now);
    let now = model.now;
    let mut effects = Vec::new();
    if model.seller.as_ref().is_some_and(|feed| feed.is_due(now)) {
        model.seller.iter_mut().for_each(|feed| feed.link = super::feed::Link::Connecting);
        effects.push(Effect::Watch(Daemon::Seller));
    }
    if model.settlement.as_ref().is_some_and(|feed| feed.is_due(now)) {
        model.settlement.iter_mut().for_each(|feed| feed.link = super::feed::Link::Connecting);
        effects.push(Effect::Watch(Daemon::Settlement));
    }
    effects
}

fn lost(model: &mut Model, daemon: Daemon, why: Message) {
    let now = model.now;
    match daemon {
        Daemon::Seller => model.seller.iter_mut().for_each(|feed| feed.lost(why.clone(), now)),
        Daemon::Settlement => model.settlement.iter_mut().for_each(|feed| feed.lost(why.clone(), now)),
    }
}

fn recalled(
    model: &mut Model,
    daemon: Daemon,
    answer: Result<Vec<kessai_shared::operator::live::Second>, Message>,
) {
    // A daemon that cannot tell of its past is not asked again before it is connected to anew.
    let past = answer.unwrap_or_default();
    match daemon {
        Daemon::Seller => model.seller.iter_mut().for_each(|feed| feed.recalled(past.clone())),
        Daemon::Settlement => model.settlement.iter_mut().for_each(|feed| feed.recalled(past.clone())),
    }
}

/// Asks for what is to be shown of the past and is not known yet.
fn recall(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let columns = i64::from(model.size.columns);
    let wanted = |sight: super::feed::Sight<'_>| sight.end.saturating_sub(columns.saturating_mul(sight.step));
    for daemon in Daemon::ALL {
        let Some(from) = model.sight(daemon).map(wanted) else { continue };
        let before = match daemon {
            Daemon::Seller => model.seller.as_mut().and_then(|feed| feed.wants_past(from)),
            Daemon::Settlement => model.settlement.as_mut().and_then(|feed| feed.wants_past(from)),
        };
        let Some(before_tick) = before else { continue };
        match daemon {
            Daemon::Seller => model.seller.iter_mut().for_each(|feed| feed.asked_past = true),
            Daemon::Settlement => model.settlement.iter_mut().for_each(|feed| feed.asked_past = true),
        }
        effects.push(Effect::LoadPast { daemon, before_tick });
    }
    effects
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let context = model.context();
    if let Some(action) = model.keys().action(context, key) {
        return act(model, action);
    }
    // Whatever does not say yes says no: a key that is meant for something else must not leave the question
    // open, for the next one to answer.
    if context == Context::Confirm {
        return answer(model, false);
    }
    if !context.takes_text() {
        return Vec::new();
    }
    if let Key::Char(c) = key {
        return typed(model, c.encode_utf8(&mut [0; 4]));
    }
    let Some(edit) = Edit::of(key) else { return Vec::new() };
    if context == Context::Palette {
        model.palette.edited(edit);
        return Vec::new();
    }
    with_top(model, |page, desk| page.edited(edit, desk))
}

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.context() == Context::Palette {
        model.palette.typed(text);
        return Vec::new();
    }
    with_top(model, |page, desk| page.typed(text, desk))
}

/// Does what a key means where the operator is.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match (model.context(), action) {
        // There are no keys for acts then, and whatever comes here without one does nothing either.
        (_, Action::Acts) if model.readonly => {
            model.warn(Message::new("dash-readonly"));
            Vec::new()
        }
        (_, Action::Quit) => vec![Effect::Quit],
        (Context::Confirm, action) => answer(model, action == Action::Confirm),
        (Context::Help, action) => help(model, action),
        (Context::Palette, action) => palette::act(model, action),
        (_, Action::Help) => open(model, Overlay::Help { top: 0 }),
        (_, Action::Palette) => {
            model.palette = palette::Palette::default();
            open(model, Overlay::Palette)
        }
        (Context::Watching | Context::Alarms, action) => watch(model, action),
        (Context::List | Context::Detail | Context::Field, action) => {
            let mut step = Step::Stay;
            let effects = with_top(model, |page, desk| match action {
                Action::Refresh => page.ask(desk),
                action => step = page.act(action, desk),
            });
            effects.into_iter().chain(go(model, step)).collect()
        }
    }
}

fn watch(model: &mut Model, action: Action) -> Vec<Effect> {
    let here = Screen::ALL.iter().position(|screen| *screen == model.screen).unwrap_or(0);
    let count = Screen::ALL.len();
    match action {
        Action::Screen(place) => show(model, usize::from(place)),
        Action::NextScreen => show(model, (here + 1) % count),
        Action::ScreenBefore => show(model, (here + count - 1) % count),
        Action::Freeze if model.is_frozen() => thaw(model),
        Action::Freeze => freeze(model, 0),
        Action::Earlier => freeze(model, STRIDE * STEPS[model.step]),
        Action::Later => freeze(model, -STRIDE * STEPS[model.step]),
        Action::MuchEarlier => freeze(model, LONG_STRIDE * STEPS[model.step]),
        Action::MuchLater => freeze(model, -LONG_STRIDE * STEPS[model.step]),
        Action::Now => thaw(model),
        Action::Moment => jump(model),
        Action::Wider => model.step = (model.step + 1).min(STEPS.len() - 1),
        Action::Closer => model.step = model.step.saturating_sub(1),
        Action::Orders if model.seller.is_some() => {
            return go(model, Step::Open(Box::new(Orders::default())));
        }
        Action::Orders => model.warn(Message::new("dash-no-seller")),
        Action::Find => return go(model, Step::Open(Box::new(Find::default()))),
        Action::Drill => return go(model, Step::Open(Box::new(Drill::default()))),
        Action::Acts => return go(model, Step::Open(Box::new(Menu::of(About::Daemons)))),
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            let alarms = model.screen == Screen::Alarms;
            let (at, len) = match alarms {
                true => (model.cursor, model.alarms().len()),
                false => (model.top, view::overflow(model) + 1),
            };
            let to = moved(action, at, len, page_rows(model)).unwrap_or(at);
            if alarms { model.cursor = to } else { model.top = to }
        }
        Action::Next
        | Action::Back
        | Action::Refresh
        | Action::Help
        | Action::Palette
        | Action::Quit
        | Action::Confirm => {}
    }
    Vec::new()
}

fn show(model: &mut Model, place: usize) {
    if let Some(screen) = Screen::ALL.get(place) {
        model.screen = *screen;
        (model.top, model.cursor) = (0, 0);
    }
}

/// Stops what moves, so many seconds further back than what is shown now.
fn freeze(model: &mut Model, further: i64) {
    let now = model.now;
    if model.moment.is_none() && further < 0 {
        return;
    }
    model.seller.iter_mut().for_each(|feed| feed.hold(now));
    model.settlement.iter_mut().for_each(|feed| feed.hold(now));
    let moment = model.moment.get_or_insert(Moment { since: now, back: 0 });
    moment.back = moment.back.saturating_add(further).clamp(0, MOST_BACK);
}

fn thaw(model: &mut Model) {
    model.moment = None;
    model.seller.iter_mut().for_each(|feed| feed.release());
    model.settlement.iter_mut().for_each(|feed| feed.release());
}

/// Goes to the second in which the chosen alarm went off, or the newest one where none can be chosen.
fn jump(model: &mut Model) {
    let alarms = model.alarms();
    let newest = alarms.iter().enumerate().max_by_key(|(_, (_, alarm))| alarm.since).map(|(at, _)| at);
    let chosen = if model.screen == Screen::Alarms { Some(model.cursor) } else { newest };
    let chosen = chosen.and_then(|at| alarms.get(at)).map(|(daemon, alarm)| (*daemon, alarm.tick));
    let Some((daemon, tick)) = chosen else { return model.say(Message::new("dash-no-alarm")) };
    let place = |model: &Model| match daemon {
        Daemon::Seller => model.seller.as_ref().map(|feed| (feed.end(model.now), feed.hour.place_of(tick))),
        Daemon::Settlement => {
            model.settlement.as_ref().map(|feed| (feed.end(model.now), feed.hour.place_of(tick)))
        }
    };
    freeze(model, 0);
    let Some((end, place)) = place(model) else { return };
    let back = end.saturating_sub(place);
    if let Some(moment) = &mut model.moment {
        moment.back = back.clamp(0, MOST_BACK);
    }
    model.screen = if model.screen == Screen::Alarms { Screen::Overview } else { model.screen };
    if back > MOST_BACK {
        model.warn(Message::new("dash-alarm-too-old"));
    }
}

fn help(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Overlay::Help { top }) = model.overlay else { return Vec::new() };
    let rows = model.offered(model.context_below()).count();
    // The view stops the list at its last row; here it only must not run away.
    model.overlay = moved(action, top, rows, page_rows(model)).map(|top| Overlay::Help { top });
    Vec::new()
}

fn open(model: &mut Model, overlay: Overlay) -> Vec<Effect> {
    model.overlay = Some(overlay);
    Vec::new()
}

/// Goes where a page leads to.
pub fn go(model: &mut Model, step: Step) -> Vec<Effect> {
    match step {
        Step::Stay => {}
        Step::Close => drop(model.pages.pop()),
        Step::Warn(why) => model.warn(why),
        Step::Open(_) if model.pages.len() >= MAX_PAGES => model.warn(Message::new("dash-too-deep")),
        Step::Open(page) => {
            model.pages.push(page);
            return with_top(model, |page, desk| page.ask(desk));
        }
        // What may not be done is not even asked.
        Step::Confirm(_) if model.readonly => model.warn(Message::new("dash-readonly")),
        Step::Confirm(confirm) => model.confirm = Some(confirm),
    }
    Vec::new()
}

/// What becomes of the question before a change. Whatever is not a clear yes is no.
fn answer(model: &mut Model, yes: bool) -> Vec<Effect> {
    let Some(confirm) = model.confirm.take() else { return Vec::new() };
    let Confirm { act, seq, .. } = *confirm;
    if yes && !model.readonly {
        if let Some(page) = model.pages.last_mut() {
            page.confirmed(seq);
        }
        return vec![Effect::Ask { seq, question: Box::new(act) }];
    }
    model.say(Message::new("dash-nothing-done"));
    Vec::new()
}

fn clicked(model: &mut Model, row: usize) -> Vec<Effect> {
    match model.context() {
        Context::Alarms if row == model.cursor => act(model, Action::Moment),
        Context::Alarms => {
            model.cursor = row.min(model.alarms().len().saturating_sub(1));
            Vec::new()
        }
        Context::List | Context::Detail | Context::Field => {
            let mut step = Step::Stay;
            let effects = with_top(model, |page, desk| step = page.clicked(row, desk));
            effects.into_iter().chain(go(model, step)).collect()
        }
        Context::Palette => palette::clicked(model, row),
        Context::Watching | Context::Confirm | Context::Help => Vec::new(),
    }
}

fn with_top(model: &mut Model, with: impl FnOnce(&mut dyn Page, &mut Desk<'_>)) -> Vec<Effect> {
    let (now, page_rows, mut effects) = (model.now, page_rows(model), Vec::new());
    let (seller, settlement) = (model.seller.is_some(), model.settlement.is_some());
    let counter = &mut model.counter;
    let mut desk = Desk { now, page_rows, seller, settlement, effects: &mut effects, counter };
    if let Some(page) = model.pages.last_mut() {
        with(page.as_mut(), &mut desk);
    }
    effects
}

fn with_pages(model: &mut Model, mut with: impl FnMut(&mut dyn Page, &mut Desk<'_>)) -> Vec<Effect> {
    let (now, page_rows, mut effects) = (model.now, page_rows(model), Vec::new());
    let (seller, settlement) = (model.seller.is_some(), model.settlement.is_some());
    let counter = &mut model.counter;
    let mut desk = Desk { now, page_rows, seller, settlement, effects: &mut effects, counter };
    model.pages.iter_mut().for_each(|page| with(page.as_mut(), &mut desk));
    effects
}

/// How far one press of PgUp or PgDn goes.
fn page_rows(model: &Model) -> usize {
    usize::from(model.size.rows.saturating_sub(ROWS_AROUND).max(1))
}
