//! Pictures of characters: bars, and approvals against losses.

use std::fmt::Write;

use super::{Outcome, Point};

/// Cells of the longest bar.
const BAR: usize = 40;
/// Columns and rows of the field of the plot.
const COLUMNS: usize = 60;
const ROWS: usize = 14;
/// What policies that were named are drawn as, in their order.
const NAMED: [char; 2] = ['A', 'B'];

/// How many of the accounts that got each answer defaulted, one bar each. The mark is where all
/// accounts together stand.
pub fn bars(outcome: &Outcome) -> String {
    let mut text = String::new();
    let mark = cell(outcome.all.default_rate, BAR);
    let widest = outcome.rules.iter().map(|rule| rule.reason.len()).max().unwrap_or(0);
    for rule in &outcome.rules {
        let rate = rule.group.default_rate;
        let filled = cell(rate, BAR);
        let bar: String = (0..BAR)
            .map(|at| match at {
                at if at == mark => '|',
                at if at < filled => '#',
                _ => ' ',
            })
            .collect();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {:widest$}  {bar}  {:5.1} %", rule.reason, 100.0 * rate);
    }
    let _ = writeln!(
        text,
        "  {:widest$}  {}|  {:5.1} % of all accounts",
        "",
        " ".repeat(mark),
        100.0 * outcome.all.default_rate
    );
    text
}

/// Approvals to the right, expected loss upwards: each sweep point a digit, the threshold of lateness it
/// has, and each named policy a letter.
pub fn field(outcomes: &[Outcome], points: &[Point]) -> String {
    let named = outcomes.iter().map(|o| (o.approval_rate, o.approved.expected_loss_pence));
    let all: Vec<(f64, i64)> =
        points.iter().map(|p| (p.approval_rate, p.expected_loss_pence)).chain(named.clone()).collect();
    let (left, right) = span(all.iter().map(|(rate, _)| *rate));
    let (low, high) = span(all.iter().map(|(_, loss)| *loss as f64));
    let place = |rate: f64, loss: i64| {
        let x = ((rate - left) / (right - left) * (COLUMNS - 1) as f64).round() as usize;
        let y = ((loss as f64 - low) / (high - low) * (ROWS - 1) as f64).round() as usize;
        (x.min(COLUMNS - 1), ROWS - 1 - y.min(ROWS - 1))
    };
    let mut cells = vec![[' '; COLUMNS]; ROWS];
    for point in points {
        let (x, y) = place(point.approval_rate, point.expected_loss_pence);
        cells[y][x] = char::from_digit(u32::from(point.max_months_late), 10).unwrap_or('.');
    }
    for ((rate, loss), letter) in named.zip(NAMED) {
        let (x, y) = place(rate, loss);
        cells[y][x] = letter;
    }
    let mut text = String::new();
    for (row, cells) in cells.iter().enumerate() {
        let label = match row {
            0 => million(high),
            row if row == ROWS - 1 => million(low),
            _ => String::new(),
        };
        let line: String = cells.iter().collect();
        let _ = writeln!(text, "{label:>10} |{}", line.trim_end());
    }
    let _ = writeln!(text, "{:>10} +{}", "", "-".repeat(COLUMNS));
    let ends = format!("{:.1} %", 100.0 * left);
    let rest = COLUMNS - ends.len();
    let _ = writeln!(text, "{:>10}  {ends}{:>rest$}", "", format!("{:.1} % approved", 100.0 * right));
    text
}

/// The least and the greatest, never the same, so that something can be divided by their difference.
fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    match (low.is_finite(), high > low) {
        (false, _) => (0.0, 1.0),
        (true, true) => (low, high),
        (true, false) => (low, low + 1.0),
    }
}

fn cell(rate: f64, cells: usize) -> usize {
    (rate.clamp(0.0, 1.0) * cells as f64).round() as usize
}

/// Pence as millions of pounds.
pub fn million(pence: f64) -> String {
    format!("£{:.2} m", pence / 100_000_000.0)
}
