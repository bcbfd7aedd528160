//! Policy files: every mistake is told at once with file and key, and what is printed is a file again.

use std::path::{Path, PathBuf};

use kessai_settlement::ledger::{Policy, Window};
use kessai_settlement::policy_file;
use kessai_shared::money::Minor;

fn written(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("policy.toml");
    std::fs::write(&file, text).expect("a file");
    file
}

/// What is wrong with a file, without its name.
fn told(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = written(folder.path(), text);
    let name = file.display().to_string();
    match policy_file::read(&file) {
        Ok(_) => Vec::new(),
        Err(error) => error.0.iter().map(|line| line.replace(&name, "F")).collect(),
    }
}

#[test]
fn each_mistake_is_told_with_its_file_and_key() {
    let window = "expected a table such as { seconds = 86400, max = 5 }";
    let cases = [
        ("version = 0", "F: version: expected a whole number, 1 or more"),
        ("version = -1", "F: version: expected a whole number, 1 or more"),
        ("version = 'three'", "F: version: expected a whole number, 1 or more"),
        ("max_months_late = 0", "F: max_months_late is at least 1"),
        ("max_months_late = 256", "F: max_months_late: expected a number of months"),
        ("max_late_months = 0", "F: max_late_months is at least 1"),
        ("history_months = 25", "F: history_months is from 1 to 24"),
        ("tries = { seconds = 0, max = 5 }", "F: tries.seconds is at least 1"),
        ("tries = { seconds = 5, max = 33 }", "F: tries.max is from 1 to 32"),
        ("tries = { seconds = 5 }", &format!("F: tries: {window}")),
        ("tries = { seconds = 5, max = 3, min = 1 }", &format!("F: tries: {window}")),
        ("seller_tries = { seconds = 5, max = 1001 }", "F: seller_tries.max is from 1 to 1000"),
        ("require_holder_key = 'yes'", "F: require_holder_key: expected true or false"),
        ("frequency = { seconds = 5, max = 65 }", "F: frequency.max is at most 64"),
        ("amount = { seconds = 0, max = 5 }", "F: amount.seconds and amount.max are at least 1"),
        (
            "amount = { seconds = 315360001, max = 5 }",
            "F: amount.seconds is at most 315360000, which is ten years",
        ),
        ("hold_seconds = 0", "F: hold_seconds is at least 1"),
        ("hold_seconds = 1.5", "F: hold_seconds: expected a number of seconds"),
        ("hold_grace_seconds = 604801", "F: hold_grace_seconds is at most 604800"),
        ("max_purchase_pence = 0", "F: max_purchase_pence is from 1 to 1000000000000"),
        ("max_purchase_pence = 1000000000001", "F: max_purchase_pence is from 1 to 1000000000000"),
        ("max_utilisation_percent = 0", "F: max_utilisation_percent is from 1 to 100"),
        ("late_utilisation_percent = 101", "F: late_utilisation_percent is from 1 to 100"),
        (
            "late_utilisation_percent = 300",
            "F: late_utilisation_percent: expected a percentage from 1 to 100",
        ),
        ("max_utilization_percent = 90", "F: max_utilization_percent: there is no such key"),
        ("history_months = 5\nhistory_months = 5", "F:2: duplicate key"),
        ("version = = 2", "F:1: "),
    ];
    for (text, expected) in cases {
        let told = told(text);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{text}: {told:?}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_together() {
    let text = "version = 0\nmax_months_late = 'x'\nhold_seconds = 0\ncolour = 'red'\n";
    let expected = [
        "F: version: expected a whole number, 1 or more",
        "F: max_months_late: expected a number of months",
        "F: hold_seconds is at least 1",
        "F: colour: there is no such key",
    ];
    assert_eq!(told(text), expected);
}

#[test]
fn a_file_that_is_not_there_states_nothing_and_an_empty_one_the_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("policy.toml");
    assert_eq!(policy_file::read(&missing).map(|read| read.is_none()), Ok(true));
    assert!(policy_file::need(&missing).is_err_and(|error| error.to_string().contains("no such file")));
    let stated = policy_file::read(&written(folder.path(), "")).expect("sound").expect("a file");
    assert_eq!((stated.version, stated.policy), (None, Policy::default()));
}

#[test]
fn what_is_printed_is_a_file_with_the_same_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let window = |max| Window { seconds: 61, max };
    let odd = Policy {
        max_months_late: 3,
        max_late_months: 4,
        history_months: 6,
        tries: window(7),
        seller_tries: window(8),
        require_holder_key: true,
        frequency: Some(window(9)),
        amount: Some(window(10)),
        hold_seconds: 11,
        hold_grace_seconds: 12,
        max_purchase: Minor(13),
        max_utilisation_percent: Some(14),
        late_utilisation_percent: Some(15),
    };
    for policy in [odd.clone(), Policy::default()] {
        let again = policy_file::need(&written(folder.path(), &policy_file::text(&policy))).expect("sound");
        assert_eq!(again.policy, policy);
        assert_eq!(policy.digest(), again.policy.digest());
    }
    assert_ne!(odd.digest(), Policy::default().digest());
    assert_eq!(policy_file::changes(&Policy::default(), &odd).len(), 13, "every key can be told");
    assert_eq!(policy_file::changes(&odd, &odd), Vec::<String>::new());
}

#[test]
fn the_policies_of_the_project_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let read = |name: &str| policy_file::need(&folder.join(name)).expect("a sound policy").policy;
    assert_eq!(read("default.toml"), Policy::default(), "the file says what holds without one");
    assert_ne!(read("proposed.toml"), Policy::default());
}
