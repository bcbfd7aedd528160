//! A backtest for people.

use kessai_shared::columns::Columns;

use super::plot::{bars, field, million};
use super::{Outcome, Report, Rule};

/// The whole report as text.
pub fn print(report: &Report, accounts: usize) -> String {
    let mut text = format!(
        "{accounts} accounts, each asked for £{}.{:02} on {}; {:.0} % of the exposure is lost at a default\n",
        report.amount_pence / 100,
        report.amount_pence % 100,
        report.as_of,
        100.0 * report.loss_given_default
    );
    for (outcome, letter) in report.policies.iter().zip(["A", "B"]) {
        let version = outcome.version.map_or(String::new(), |version| format!(", version {version}"));
        text.push_str(&format!(
            "\n{letter}: {}{version}, digest {}\n\n",
            outcome.name,
            &outcome.digest[..16]
        ));
        text.push_str(&rules(outcome));
        text.push_str("\nwho defaulted, by what was decided\n");
        text.push_str(&bars(outcome));
    }
    text.push('\n');
    text.push_str(&figures(&report.policies));
    text.push_str(
        "\napprovals (right) and expected loss (up): policies A and B, and the last of them with\n\
         max_months_late at 1, 2 and 3 and late_utilisation_percent from 40 to 100\n\n",
    );
    text.push_str(&field(&report.policies, &report.sweep));
    text
}

fn rules(outcome: &Outcome) -> String {
    let mut table = Columns::new(&[
        "decided",
        "code",
        ">accounts",
        ">share",
        ">defaulted",
        ">rate",
        ">owed",
        ">open to buy",
        ">exposure",
        ">expected loss",
    ]);
    let totals = [("declined", outcome.declined), ("approved", outcome.approved), ("all", outcome.all)];
    let totals = totals.into_iter().map(|(reason, group)| Rule { reason, code: String::new(), group });
    // The approved are a total of one reason only.
    let reasons = outcome.rules.iter().filter(|rule| rule.reason != "approved").cloned();
    for Rule { reason, code, group } in reasons.chain(totals) {
        let share =
            if outcome.all.accounts == 0 { 0.0 } else { group.accounts as f64 / outcome.all.accounts as f64 };
        table.row([
            reason.to_owned(),
            code,
            group.accounts.to_string(),
            percent(share),
            group.defaulted.to_string(),
            percent(group.default_rate),
            million(group.balance_pence as f64),
            million(group.open_pence as f64),
            million(group.exposure_pence as f64),
            million(group.expected_loss_pence as f64),
        ]);
    }
    table.to_string()
}

/// The figures that policies are compared by, side by side.
fn figures(outcomes: &[Outcome]) -> String {
    type Figure = (&'static str, fn(&Outcome) -> f64, bool);
    let shares_and_sums: [Figure; 11] = [
        ("approved", |o| o.approval_rate, true),
        ("defaulted among the approved", |o| o.approved.default_rate, true),
        ("declined who did default (precision)", |o| o.precision, true),
        ("defaulters who were declined (recall)", |o| o.recall, true),
        ("good accounts that were declined", |o| o.good_declined, true),
        ("exposure to the approved", |o| o.approved.exposure_pence as f64, false),
        ("  of it still to be bought", |o| o.open_pence as f64, false),
        ("expected loss on the approved", |o| o.approved.expected_loss_pence as f64, false),
        ("  of it on what is still to be bought", |o| o.new_loss_pence as f64, false),
        ("expected loss, % of the exposure", loss_of_exposure, true),
        ("expected loss of the whole book", |o| o.book_loss_pence as f64, false),
    ];
    let mut table = match outcomes.len() {
        1 => Columns::new(&["figure", ">A"]),
        _ => Columns::new(&["figure", ">A", ">B", ">difference", ">B of A"]),
    };
    for (name, figure, is_share) in shares_and_sums {
        let show = |value: f64| if is_share { percent(value) } else { million(value) };
        let values: Vec<f64> = outcomes.iter().map(figure).collect();
        let mut row = vec![name.to_owned()];
        row.extend(values.iter().map(|value| show(*value)));
        if let [a, b] = values[..] {
            let difference = (b - a).abs();
            let points = format!("{:.1} points", 100.0 * difference);
            let shown = if is_share { points } else { million(difference) };
            let none = !shown.contains(|digit: char| ('1'..='9').contains(&digit));
            let sign = if none {
                ""
            } else if b > a {
                "+"
            } else {
                "-"
            };
            row.push(format!("{sign}{shown}"));
            row.push(if a == 0.0 { "-".to_owned() } else { percent(b / a) });
        }
        table.row(row);
    }
    table.to_string()
}

fn loss_of_exposure(outcome: &Outcome) -> f64 {
    match outcome.approved.exposure_pence {
        0 => 0.0,
        exposure => outcome.approved.expected_loss_pence as f64 / exposure as f64,
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
