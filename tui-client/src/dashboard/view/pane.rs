//! A pane: what is told of one daemon under one heading, a line for each figure.

use kessai_shared::measure::{Count, Gauge, Spread};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{chart, figure};
use crate::dashboard::feed::Sight;
use crate::dashboard::fresh::Freshness;
use crate::view::{Look, text};

/// Columns of a figure's name at most, and of its value.
const MOST_LABEL: usize = 22;
const VALUE: usize = 11;
/// Fewest columns in which bars tell anything.
const FEWEST_BARS: usize = 6;

/// How a figure is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Careful,
    Bad,
}

pub struct Pane<'a> {
    pub look: Look,
    pub sight: Sight<'a>,
    pub fresh: Freshness,
    pub width: usize,
    lines: Vec<Line<'static>>,
}

impl<'a> Pane<'a> {
    /// A pane under a heading.
    pub fn new(look: Look, sight: Sight<'a>, fresh: Freshness, width: usize, heading: &str) -> Self {
        let line = look.signs.rule;
        // In words, too, that what is below is not so now: the frame says why.
        let is_old = !fresh.is_live() && fresh != Freshness::Frozen;
        let heading = if is_old { format!("! {heading}") } else { heading.to_owned() };
        let heading = text::cut(&heading, width.saturating_sub(4));
        let rule = width.saturating_sub(text::width(&heading) + 3);
        let spans = vec![
            Span::styled(format!("{line} "), look.line()),
            Span::styled(heading, if is_old { look.careful() } else { look.accent() }),
            Span::styled(format!(" {}", line.repeat(rule)), look.line()),
        ];
        Self { look, sight, fresh, width, lines: vec![Line::from(spans)] }
    }

    pub fn done(self) -> Vec<Line<'static>> {
        self.lines
    }

    // What is old is neither good nor news, whatever it says.
    fn style(&self, tone: Tone) -> Style {
        match (tone, self.fresh.is_live(), self.fresh) {
            (Tone::Good, true, _) => self.look.good(),
            (Tone::Plain, true, _) => self.look.strong(),
            (Tone::Plain | Tone::Good, _, Freshness::Frozen) => self.look.strong(),
            (Tone::Plain | Tone::Good, _, _) => self.look.dim(),
            (Tone::Careful, _, _) => self.look.careful(),
            (Tone::Bad, _, _) => self.look.bad(),
        }
    }

    fn label(&self) -> usize {
        (self.width * 2 / 5).min(MOST_LABEL)
    }

    /// A name, a value, and a row of bars where there is room.
    pub fn figure(
        &mut self,
        id: &str,
        value: Option<String>,
        tone: Tone,
        bars: impl FnOnce(usize) -> Option<String>,
    ) {
        let look = self.look;
        let label = self.label();
        let unknown = value.is_none();
        let value = value.unwrap_or_else(|| look.say("dash-unknown"));
        // A sign says what the colour says.
        let sign = if unknown || matches!(tone, Tone::Plain | Tone::Good) { " " } else { "!" };
        let value_columns = VALUE.max(text::width(&value)).min(self.width.saturating_sub(label + 2));
        let room = self.width.saturating_sub(label + value_columns + 3);
        let style = if unknown { look.dim() } else { self.style(tone) };
        let mut spans = vec![
            Span::styled(sign, style),
            Span::styled(text::left(&look.say(id), label), look.plain()),
            Span::raw(" "),
            Span::styled(text::right(&value, value_columns), style),
        ];
        if let Some(bars) = (room >= FEWEST_BARS).then(|| bars(room)).flatten() {
            let style = if self.fresh.is_live() { look.accent() } else { look.dim() };
            spans.extend([Span::raw(" "), Span::styled(bars, style)]);
        }
        self.lines.push(Line::from(spans));
    }

    /// What happens by the second.
    pub fn rate(&mut self, id: &str, what: &[Count]) {
        self.rate_in(id, what, Tone::Plain);
    }

    pub fn rate_in(&mut self, id: &str, what: &[Count], tone: Tone) {
        let (sight, ascii) = (self.sight, self.look.ascii);
        let value = sight.rate(what).map(figure::rate);
        self.figure(id, value, tone, |room| Some(chart::bars(&chart::counts(sight, what, room), ascii)));
    }

    /// How often something happened in the hour, or as much of it as is known; bad when it ever did.
    pub fn total(&mut self, id: &str, what: &[Count], tone_of_any: Tone) {
        let (sight, ascii) = (self.sight, self.look.ascii);
        let total = sight.total(what);
        let tone = if total > 0 { tone_of_any } else { Tone::Plain };
        let value = sight.second().map(|_| figure::count(total));
        self.figure(id, value, tone, |room| Some(chart::bars(&chart::counts(sight, what, room), ascii)));
    }

    /// What is so now.
    pub fn gauge(&mut self, id: &str, what: Gauge, say: fn(i64) -> String, tone: impl Fn(i64) -> Tone) {
        let (sight, ascii) = (self.sight, self.look.ascii);
        let value = sight.gauge(what);
        let tone = value.map_or(Tone::Plain, tone);
        self.figure(id, value.map(say), tone, |room| {
            Some(chart::bars(&chart::gauges(sight, what, room), ascii))
        });
    }

    /// What is so now, in words.
    pub fn say(&mut self, id: &str, value: Option<String>, tone: Tone) {
        self.figure(id, value, tone, |_| None);
    }

    /// The half, the ninety-ninth of a hundred, and the largest of what was measured within a minute.
    pub fn spread(&mut self, id: &str, what: Spread, say: fn(u64) -> String) {
        let (sight, ascii) = (self.sight, self.look.ascii);
        let all = sight.spread(what);
        let value = all
            .quantile(500)
            .zip(all.quantile(990))
            .map(|(half, high)| format!("{} {} {}", say(half), self.look.signs.dot, say(high)));
        self.figure(id, value, Tone::Plain, |room| {
            Some(chart::bars(&chart::quantiles(sight, what, 990, room), ascii))
        });
    }

    /// How what was measured is spread, over time.
    pub fn heat(&mut self, id: &str, what: Spread, rows: usize, say: fn(u64) -> String) {
        let look = self.look;
        let all = self.sight.spread(what);
        let told = all.quantile(500).zip(all.quantile(990)).map(|(half, high)| {
            look.tell(
                "dash-quantiles",
                &[("half", say(half).into()), ("high", say(high).into()), ("most", say(all.most()).into())],
            )
        });
        let told = told.unwrap_or_else(|| look.say("dash-nothing-measured"));
        let name = look.say(id);
        let room = self.width.saturating_sub(text::width(&name) + 4);
        let value = if all.is_empty() { look.dim() } else { self.style(Tone::Plain) };
        self.lines.push(Line::from(vec![
            Span::raw(" "),
            Span::styled(name, look.plain()),
            Span::raw("  "),
            Span::styled(text::cut(&told, room), value),
        ]));
        const SCALE: usize = 8;
        let width = self.width.saturating_sub(SCALE + 3);
        let style = if self.fresh.is_live() { look.accent() } else { look.dim() };
        for (least, cells) in chart::heat(self.sight, what, width, rows, look.ascii).rows {
            self.lines.push(Line::from(vec![
                Span::styled(format!(" {} ", text::right(&say(least), SCALE)), look.dim()),
                Span::styled(cells, style),
            ]));
        }
    }

    /// A share of a whole.
    pub fn share(&mut self, id: &str, part: u64, whole: u64, tone: Tone) {
        let ascii = self.look.ascii;
        self.figure(id, Some(figure::count(part)), tone, |room| Some(chart::share(part, whole, room, ascii)));
    }

    /// A line of its own.
    pub fn line(&mut self, words: &str, tone: Tone) {
        let style = self.style(tone);
        let words = text::cut(words, self.width.saturating_sub(2));
        self.lines.push(Line::from(vec![Span::raw(" "), Span::styled(words, style)]));
    }
}
