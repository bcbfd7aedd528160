//! The backtest against counts of its own: on a small table by hand, on real histories with a loop that
//! knows the rules from the page they are written on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_settlement::backtest::{self, Outcome, Past, Report, SWEPT, Terms, Trial};
use kessai_settlement::ledger::Policy;
use kessai_shared::money::Minor;
use kessai_shared::time::Day;

const HEAD: &str = "limit_pence,balance_pence,months_late,late_history,expiry,defaulted_next_month,status\n";

fn terms(amount: i64) -> Terms {
    let as_of = "2026-11-15".parse::<Day>().expect("a day").begins();
    Terms { amount: Minor(amount), as_of, loss_given_default: 0.75 }
}

fn table(text: &str) -> Result<Vec<Past>, Vec<String>> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("written");
    let name = file.path().display().to_string();
    match backtest::read(file.path()) {
        Ok(table) => Ok(table.rows),
        Err(error) => Err(error.problems.iter().map(|line| line.replace(&name, "F")).collect()),
    }
}

fn tried(past: &[Past], policy: Policy, amount: i64) -> Outcome {
    backtest::run(past, &Trial { name: "it".into(), version: None, policy }, terms(amount))
}

/// Account, defaulted and exposure-at-default of each reason.
fn rules(outcome: &Outcome) -> Vec<(&str, u64, u64, i64, i64)> {
    let rule = |rule: &backtest::Rule| {
        let group = rule.group;
        (rule.reason, group.accounts, group.defaulted, group.exposure_pence, group.expected_loss_pence)
    };
    let mut rules: Vec<_> =
        outcome.rules.iter().map(|r| r.reason).zip(outcome.rules.iter().map(rule)).collect();
    rules.sort_unstable_by_key(|(reason, _)| *reason);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

const SMALL: &str = "1000,100,0,0;0,2027-01,0,\n\
    1000,-50,0,,2027-01,1,normal\n\
    1000,100,1,0;0,2027-01,1,\n\
    1000,800,1,0;0,2027-01,0,\n\
    1000,0,2,,2027-01,1,\n\
    1000,0,0,2;2;2,2027-01,0,\n\
    1000,0,0,,2026-10,0,\n\
    1000,0,0,,2026-11,0,\n\
    1000,1200,0,,2027-01,1,\n\
    1000,0,0,,2027-01,0,stolen\n";

#[test]
fn a_small_table_comes_to_what_it_does_by_hand() {
    let past = table(&format!("{HEAD}{SMALL}")).expect("a sound table");
    let outcome = tried(&past, Policy::default(), 150);
    let expected = [
        ("approved", 5, 2, 5_000, 1_500),
        ("delinquent", 1, 1, 1_000, 750),
        ("expired", 1, 0, 1_000, 0),
        ("over_limit", 1, 1, 1_200, 900),
        ("repayment_history", 1, 0, 1_000, 0),
        ("stolen", 1, 0, 1_000, 0),
    ];
    assert_eq!(rules(&outcome), expected);
    let all = outcome.all;
    assert_eq!((all.accounts, all.defaulted, all.balance_pence), (10, 4, 2_150));
    // 1,000 of it could still be bought by the one who was owed 50, who lost nobody anything before.
    assert_eq!((outcome.open_pence, outcome.new_loss_pence), (900 + 1_050 + 900 + 200 + 1_000, 1_463));
    assert_eq!(outcome.book_loss_pence, 975 + 1_463);
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
    assert!(close(outcome.approval_rate, 0.5) && close(outcome.precision, 0.4) && close(outcome.recall, 0.5));
    assert!(close(outcome.good_declined, 0.5) && close(outcome.approved.default_rate, 0.4));
    let half = Policy { late_utilisation_percent: Some(50), ..Policy::default() };
    let expected = [
        ("approved", 4, 2, 3_500, 1_125),
        ("delinquent", 1, 1, 500, 375),
        ("expired", 1, 0, 1_000, 0),
        ("over_limit", 2, 1, 2_000, 900),
        ("repayment_history", 1, 0, 500, 0),
        ("stolen", 1, 0, 1_000, 0),
    ];
    assert_eq!(rules(&tried(&past, half, 150)), expected);
}

#[test]
fn a_policy_that_asks_for_holder_keys_approves_nobody_of_a_table() {
    let past = table(&format!("{HEAD}{SMALL}")).expect("a sound table");
    let outcome = tried(&past, Policy { require_holder_key: true, ..Policy::default() }, 1);
    assert_eq!((outcome.approved.accounts, outcome.approval_rate), (0, 0.0));
}

#[test]
fn nothing_of_a_table_with_bad_rows_counts_and_each_is_told() {
    let bad = format!(
        "{HEAD}-1,0,0,,2027-01,0,\n10,x,0,,2027-01,0,\n10,0,300,1;y,2027-13,2,lent\n10,0,0,,2027-01,,\n10\n"
    );
    let expected = [
        "F:2:1: limit_pence: expected a whole number of pence, 0 or more",
        "F:3:2: balance_pence: expected a whole number of pence",
        "F:4:5: expiry: expected a month as YYYY-MM",
        "F:4:3: months_late: expected a number of months from 0 to 255",
        "F:4:4: late_history: expected at most 24 numbers of months with ';' between them",
        "F:4:7: status: expected normal, lost, stolen or restricted",
        "F:4:6: defaulted_next_month: expected 0 or 1",
        "F:5:6: defaulted_next_month: expected 0 or 1",
        "F:6: 1 fields where the header has 7",
    ];
    assert_eq!(table(&bad).expect_err("bad rows"), expected);
    let missing = table("limit_pence,balance_pence,months_late,late_history,expiry\n").expect_err("a column");
    assert_eq!(missing, ["F:1: there is no column 'defaulted_next_month'"]);
    assert!(table(HEAD).is_ok_and(|past| tried(&past, Policy::default(), 1).all.accounts == 0));
}

#[test]
fn every_step_of_the_sweep_is_a_policy_of_its_own() {
    let past = table(&format!("{HEAD}{SMALL}")).expect("a sound table");
    let trial = |policy| Trial { name: String::new(), version: None, policy };
    let mut steps = 0;
    let report = Report::of(&past, &[trial(Policy::default())], terms(150), || steps += 1);
    assert_eq!((steps, report.sweep.len()), (1 + SWEPT, SWEPT));
    for point in report.sweep {
        let policy = Policy {
            max_months_late: point.max_months_late,
            late_utilisation_percent: Some(point.late_utilisation_percent),
            ..Policy::default()
        };
        let outcome = tried(&past, policy, 150);
        assert_eq!(point.expected_loss_pence, outcome.approved.expected_loss_pence, "{point:?}");
    }
}

/// The rules once more, as `spec/decision.md` has them, over the text of the table.
fn by_hand(text: &str, amount: i64, late_percent: i64) -> BTreeMap<&'static str, [i64; 4]> {
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let mut sums: BTreeMap<&'static str, [i64; 4]> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |name: &str| cells[head.iter().position(|column| *column == name).expect("a column")];
        let number = |name: &str| cell(name).parse::<i64>().expect("a number");
        let history: Vec<i64> =
            cell("late_history").split(';').filter_map(|month| month.parse().ok()).take(5).collect();
        let (limit, balance, late) = (number("limit_pence"), number("balance_pence"), number("months_late"));
        let is_late = late > 0 || history.iter().any(|month| *month > 0);
        let usable = if is_late { limit * late_percent / 100 } else { limit };
        let reason = if cell("expiry") < "2026-11" {
            "expired"
        } else if late >= 2 {
            "delinquent"
        } else if history.iter().filter(|month| **month >= 2).count() >= 3 {
            "repayment_history"
        } else if balance + amount > usable {
            "over_limit"
        } else {
            "approved"
        };
        let exposure = balance.max(usable);
        let defaulted = number("defaulted_next_month");
        let sum = sums.entry(reason).or_default();
        for (sum, more) in sum.iter_mut().zip([1, defaulted, exposure, defaulted * exposure]) {
            *sum += more;
        }
    }
    sums
}

#[test]
fn on_real_histories_it_comes_to_what_a_simple_loop_does() {
    let Some(file) = real_data() else { return };
    let text = fs::read_to_string(&file).expect("a table");
    let past = backtest::read(&file).expect("a sound table");
    assert!(past.ignored.is_empty(), "{:?}", past.ignored);
    for (amount, percent) in [(24_000, 100), (24_000, 50), (1, 100), (500_000, 80)] {
        let late_utilisation_percent =
            (percent < 100).then_some(u8::try_from(percent).expect("a percentage"));
        let outcome = tried(&past.rows, Policy { late_utilisation_percent, ..Policy::default() }, amount);
        let found: BTreeMap<&str, [i64; 4]> = outcome
            .rules
            .iter()
            .map(|rule| {
                let group = rule.group;
                let counts =
                    [group.accounts, group.defaulted].map(|count| i64::try_from(count).expect("few"));
                let money = [group.exposure_pence, group.exposure_defaulted_pence];
                (rule.reason, [counts[0], counts[1], money[0], money[1]])
            })
            .collect();
        assert_eq!(found, by_hand(&text, amount, percent), "{amount} pence, {percent} %");
    }
}

/// The table of real accounts, which is not part of the project and may be missing.
fn real_data() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/cardholders.csv");
    if file.is_file() {
        return Some(file);
    }
    eprintln!("SKIPPED: there is no table of real accounts at {}", file.display());
    None
}
