//! A receipt: what it proves, step by step; its own lines; its code; and where it is saved.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::{dates, field, look::Look, sheet::Sheet, tabs, text};
use crate::app::model::{Detail, Model, Paper, PaperSheet, Proved, Saving};
use crate::receipt_code::{Code, LEAST_QUIET, QUIET};
use crate::receipt_file::{Check, Found, Proof, Receipt};

/// How much of a key's pin is shown: enough to compare, and too little to type.
const PIN_CHARS: usize = 12;

pub fn draw(model: &Model, detail: &Detail, paper: &Paper, look: Look, sheet: &mut Sheet<'_>) {
    let names = ["receipt-proof", "receipt-lines", "receipt-code"].map(|id| look.say(id));
    let chosen = PaperSheet::ALL.iter().position(|side| *side == paper.sheet).unwrap_or(0);
    tabs::draw(&names, chosen, look, sheet);
    if let Some(saving) = &paper.saving {
        return save(saving, look, sheet);
    }
    if let Some(why) = &paper.problem {
        let why = look.message(why);
        return sheet.wrap(&look.tell("receipt-cannot", &[("why", why.into())]), look.careful());
    }
    let Some(found) = &paper.found else {
        sheet.order_id(&detail.order().to_string(), look.plain());
        return sheet.say(&look.say("receipt-asking"), look.dim());
    };
    match paper.sheet {
        PaperSheet::Proof => proof(found, paper.top, look, sheet),
        PaperSheet::Lines => lines(found, paper.top, look, sheet),
        PaperSheet::Code => code(model, found, look, sheet),
    }
}

/// The steps of a proof as lines of text, for a window and for whoever reads a file.
pub fn told(receipt: &Receipt, checks: &[Check], look: Look) -> Vec<(String, Style)> {
    let mut rows = vec![verdict(receipt, checks, look)];
    let (branch, last, stem) = tree(look);
    for (at, (part, proofs)) in PARTS.iter().enumerate() {
        let is_last = at + 1 == PARTS.len();
        let here: Vec<&Check> = checks.iter().filter(|check| proofs.contains(&check.what)).collect();
        let (sign, style) = found_words(worst(&here), look);
        let twig = if is_last { last } else { branch };
        rows.push((format!("{twig} {sign} {}", look.say(part)), style));
        for (at, check) in here.iter().enumerate() {
            let (sign, style) = found_words(check.found, look);
            let twig = if at + 1 == here.len() { last } else { branch };
            let before = if is_last { "  ".to_owned() } else { format!("{stem} ") };
            let why = match check.found {
                Found::Holds => String::new(),
                Found::Fails => format!(": {}", look.say("check-fails")),
                Found::Unknown => format!(": {}", look.say("check-unknown")),
            };
            rows.push((format!("{before}{twig} {sign} {}{why}", words(receipt, check.what, look)), style));
        }
    }
    rows.push((look.say("receipt-meaning"), look.plain()));
    rows
}

pub const PARTS: [(&str, &[Proof]); 3] = [
    ("receipt-part-quote", &[Proof::QuoteSigned, Proof::SellerKnown, Proof::Sum]),
    ("receipt-part-key", &[Proof::KeySigned, Proof::RootKnown]),
    ("receipt-part-decision", &[Proof::Purchase, Proof::Place, Proof::HeadSigned]),
];

fn tree(look: Look) -> (&'static str, &'static str, &'static str) {
    if is_ascii(look) { ("|-", "`-", "| ") } else { ("├─", "└─", "│ ") }
}

pub fn verdict(receipt: &Receipt, checks: &[Check], look: Look) -> (String, Style) {
    let all: Vec<&Check> = checks.iter().collect();
    let quote = &receipt.quote.quote;
    let amount = [("amount", (quote.total, quote.currency).into())];
    let (sign, style) = found_words(worst(&all), look);
    let words = match worst(&all) {
        Found::Fails => look.say("receipt-not-proved"),
        Found::Unknown => look.say("receipt-of-strangers"),
        Found::Holds => match receipt.decision.statement.verdict {
            kessai_shared::receipt::Verdict::Approved => look.tell("receipt-proved-approved", &amount),
            kessai_shared::receipt::Verdict::Declined => look.tell("receipt-proved-declined", &amount),
        },
    };
    (format!("{sign} {words}"), style)
}

fn worst(checks: &[&Check]) -> Found {
    let has = |found| checks.iter().any(|check| check.found == found);
    match (has(Found::Fails), has(Found::Unknown)) {
        (true, _) => Found::Fails,
        (false, true) => Found::Unknown,
        (false, false) => Found::Holds,
    }
}

fn found_words(found: Found, look: Look) -> (&'static str, Style) {
    match found {
        Found::Holds => (look.signs.good, look.good()),
        Found::Fails => (look.signs.bad, look.bad()),
        Found::Unknown => ("?", look.careful()),
    }
}

pub fn words(receipt: &Receipt, what: Proof, look: Look) -> String {
    let quote = &receipt.quote.quote;
    let short = |pin: kessai_shared::pin::Pin| pin.to_string().chars().take(PIN_CHARS).collect::<String>();
    match what {
        Proof::QuoteSigned => look.tell("check-quote-signed", &[("pin", short(receipt.seller()).into())]),
        Proof::SellerKnown => look.say("check-seller-known"),
        Proof::Sum => look.tell("check-sum", &[("total", (quote.total, quote.currency).into())]),
        Proof::KeySigned => look.tell("check-key-signed", &[("pin", short(receipt.issuer_root()).into())]),
        Proof::RootKnown => look.say("check-root-known"),
        Proof::Purchase => look.say("check-purchase"),
        Proof::Place => {
            let position = receipt.decision.statement.position;
            look.tell("check-place", &[("position", position.into())])
        }
        Proof::HeadSigned => {
            let at = dates::instant(look, receipt.decision.proof.head.at);
            look.tell("check-head-signed", &[("at", at.into())])
        }
    }
}

fn proof(found: &Proved, top: usize, look: Look, sheet: &mut Sheet<'_>) {
    let columns = sheet.text_columns();
    let mut rows: Vec<(String, Style)> = Vec::new();
    for (line, style) in told(&found.receipt, &found.checks, look) {
        // What belongs to a twig stays right of it.
        let indent = line.len() - line.trim_start_matches(['├', '└', '│', '─', '|', '`', '-', ' ']).len();
        let indent = text::width(&line[..indent]);
        let parts =
            text::wrap(&line.chars().skip(indent).collect::<String>(), columns.saturating_sub(indent));
        let head: String = line.chars().take(indent).collect();
        for (at, part) in parts.into_iter().enumerate() {
            let head = if at == 0 { head.clone() } else { hanging(&head) };
            rows.push((format!("{head}{part}"), style));
        }
    }
    put(&rows, top, sheet);
}

// Behind the first line of a twig only its stem goes on.
fn hanging(head: &str) -> String {
    let goes_on = |c: char| match c {
        '│' | '├' => '│',
        '|' => '|',
        _another => ' ',
    };
    head.chars().map(goes_on).collect()
}

fn lines(found: &Proved, top: usize, look: Look, sheet: &mut Sheet<'_>) {
    let columns = sheet.text_columns();
    let text = found.receipt.lines();
    let wrapped = text.lines().flat_map(|line| text::wrap(line, columns));
    let rows: Vec<(String, Style)> = wrapped.map(|line| (line, look.plain())).collect();
    put(&rows, top, sheet);
}

fn put(rows: &[(String, Style)], top: usize, sheet: &mut Sheet<'_>) {
    let top = top.min(rows.len().saturating_sub(sheet.rows_left()));
    for (words, style) in rows[top..].iter().take(sheet.rows_left()) {
        sheet.put(&Line::from(vec![Span::raw(" "), Span::styled(words.clone(), *style)]));
    }
}

fn code(model: &Model, found: &Proved, look: Look, sheet: &mut Sheet<'_>) {
    let Some(code) = &found.code else { return sheet.wrap(&look.say("code-none"), look.plain()) };
    let area = sheet.rest();
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let ascii = is_ascii(look);
    let fits = |quiet: usize| {
        let (wide, high) = room(code, quiet, ascii);
        wide <= columns && high <= rows
    };
    let Some(quiet) = (LEAST_QUIET..=QUIET).rev().find(|quiet| fits(*quiet)) else {
        let (wide, high) = room(code, LEAST_QUIET, ascii);
        // The rows around this screen are needed, too.
        let high = high + usize::from(model.size.rows).saturating_sub(rows);
        let wide = [("columns", wide.into()), ("rows", high.into())];
        sheet.wrap(&look.tell("code-too-narrow", &wide), look.careful());
        return sheet.wrap(&says(found, look), look.plain());
    };
    let (wide, high) = room(code, quiet, ascii);
    // A code is dark on light, so it has colours of its own where there are any. Without, a terminal is taken to
    // be dark, as most are; readers take a code the other way round, too.
    let dark = Style::new().fg(Color::Black).bg(Color::White);
    let style = if has_colour(look) { dark } else { Style::new().add_modifier(Modifier::REVERSED) };
    let before = " ".repeat((columns - wide) / 2);
    for row in 0..high {
        let line = if ascii { ascii_row(code, quiet, row) } else { half_row(code, quiet, row) };
        sheet.put(&Line::from(vec![Span::raw(before.clone()), Span::styled(line, style)]));
    }
    sheet.wrap(&says(found, look), look.dim());
}

pub fn says(found: &Proved, look: Look) -> String {
    look.tell("code-says", &[("text", found.code_text.as_str().into())])
}

/// Columns and rows that a code takes.
fn room(code: &Code, quiet: usize, ascii: bool) -> (usize, usize) {
    let side = code.side() + 2 * quiet;
    if ascii { (2 * side, side) } else { (side, side.div_ceil(2)) }
}

fn is_ascii(look: Look) -> bool {
    look.signs.rule.is_ascii()
}

fn has_colour(look: Look) -> bool {
    look.good().fg.is_some()
}

// Two modules above each other in one cell.
fn half_row(code: &Code, quiet: usize, row: usize) -> String {
    let half = |column: usize| match (
        is_dark(code, quiet, column, 2 * row),
        is_dark(code, quiet, column, 2 * row + 1),
    ) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    (0..code.side() + 2 * quiet).map(half).collect()
}

fn ascii_row(code: &Code, quiet: usize, row: usize) -> String {
    let two = |column| if is_dark(code, quiet, column, row) { "##" } else { "  " };
    (0..code.side() + 2 * quiet).map(two).collect()
}

fn is_dark(code: &Code, quiet: usize, column: usize, row: usize) -> bool {
    let inside = column.checked_sub(quiet).zip(row.checked_sub(quiet));
    inside.is_some_and(|(column, row)| code.is_dark(column, row))
}

fn save(saving: &Saving, look: Look, sheet: &mut Sheet<'_>) {
    sheet.gap();
    sheet.say(&look.say("save-where"), look.plain());
    let (shown, at) = field::shown(&saving.path, sheet.text_columns());
    sheet.cursor(1 + at);
    sheet.say(&shown, look.strong());
    sheet.gap();
    match (&saving.problem, saving.asked) {
        (_, Some(_)) => sheet.say(&look.say("save-saving"), look.dim()),
        (Some(why), None) => sheet.wrap(&format!("! {}", look.message(why)), look.careful()),
        (None, None) => sheet.say(&look.say("save-hint"), look.dim()),
    }
}
